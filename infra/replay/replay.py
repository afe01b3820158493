"""Publishes events of the history again, or tries again what was given up.

    replay.py --stack rolecall-prod events --organization org_… [--from TIME] [--to TIME]
    replay.py --stack rolecall-prod events --all --from TIME [--to TIME]
    replay.py --stack rolecall-prod publications
    replay.py --stack rolecall-prod mails

`events` publishes the events of an organization, or of all, from the history. They carry `"replayed": true`, so that they
cause no mail. The function `publish` builds and sends them, as it does for the stream. `publications` publishes the events that the queue of failed publications names, with their mail, and empties
it. `mails` moves the given-up mails and reports back to their queues. Needs boto3 and the credentials of an
administrator. Times are RFC 3339, such as 2026-11-21T12:00:00Z.
"""

import argparse
import datetime
import json

import boto3

# The time by which an event can be older or newer than the record of the stream that has it.
LATE = datetime.timedelta(minutes=2)
# The most items and characters in one invocation. Lambda accepts 6 MB.
MAX_ITEMS, MAX_CHARACTERS = 100, 1_000_000


def milliseconds(text):
    """A time as the table stores it. Without a zone, it would be that of this computer."""
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no zone: write the time in UTC with a Z at its end")
    return int(time.timestamp() * 1000)


def chunks(items):
    """Splits items into the parts of one invocation each."""
    part, characters = [], 0
    for item in items:
        size = len(json.dumps(item))
        if part and (len(part) == MAX_ITEMS or characters + size > MAX_CHARACTERS):
            yield part
            part, characters = [], 0
        part, characters = [*part, item], characters + size
    if part:
        yield part


class Stack:
    """The outputs of a stack, and clients of the services."""

    def __init__(self, name):
        [stack] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        self._outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
        self._table, self._functions, self._queues = (boto3.client(name) for name in ("dynamodb", "lambda", "sqs"))

    def publish(self, items, replayed):
        """Publishes items of the history in order. Returns the number of events."""
        count = 0
        for part in chunks(sorted(items, key=lambda it: it["sk"]["S"])):
            answer = self._invoke({"replay": {"items": part, "replayed": replayed}})
            for sort_key in answer["damaged"]:
                print(f"damaged, not published: {sort_key}")
            count += answer["published"]
            if answer["rejected"]:
                raise SystemExit(f"the bus rejects events; {count} were published before")
        return count

    def _invoke(self, request):
        """Invokes `publish`, which leaves out events whose retention has passed."""
        answer = self._functions.invoke(FunctionName=self._outputs["PublishName"], Payload=json.dumps(request))
        content = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise SystemExit(f"publish failed: {content}")
        return content

    def history(self, organization, begin, end):
        """The items of an organization's history, or of all histories, whose time is in the interval."""
        pk = f"EVENTS#{organization.removeprefix('org_')}" if organization else "EVENTS#"
        request = {
            "TableName": self._outputs["TableName"],
            "FilterExpression": "#at BETWEEN :begin AND :end",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":begin": {"N": str(begin)}, ":end": {"N": str(end)}},
        }
        if organization:
            pages = self._pages(self._table.query, KeyConditionExpression="pk = :pk", **request)
        else:
            request["FilterExpression"] += " AND begins_with(pk, :pk)"
            pages = self._pages(self._table.scan, **request)
        return [item for page in pages for item in page["Items"]]

    def failed_publications(self):
        """The messages about batches of the stream that were given up, with the handles that delete them."""
        while True:
            received = self._queues.receive_message(
                QueueUrl=self._outputs["FailedPublicationsUrl"], MaxNumberOfMessages=10, VisibilityTimeout=600, WaitTimeSeconds=5
            )
            if not received.get("Messages"):
                return
            for message in received["Messages"]:
                yield json.loads(message["Body"])["DDBStreamBatchInfo"], message["ReceiptHandle"]

    def finish_publication(self, handle):
        self._queues.delete_message(QueueUrl=self._outputs["FailedPublicationsUrl"], ReceiptHandle=handle)

    def move_failed_mails(self):
        """Puts each message of the dead-letter queue back on its queue. Returns their number."""
        failed, moved = self._outputs["FailedMailsUrl"], 0
        while messages := self._queues.receive_message(QueueUrl=failed, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages"):
            for message in messages:
                is_report = json.loads(message["Body"]).get("source") == "aws.ses"
                target = self._outputs["MailReportsUrl" if is_report else "MailsUrl"]
                self._queues.send_message(QueueUrl=target, MessageBody=message["Body"])
                self._queues.delete_message(QueueUrl=failed, ReceiptHandle=message["ReceiptHandle"])
                moved += 1
        return moved

    def _pages(self, read, **request):
        while True:
            page = read(ConsistentRead=True, **request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def interval(batch):
    """The times of the events of a batch, in milliseconds. The message names the arrivals of its records, not events."""
    arrivals = [batch[f"approximateArrivalOf{nth}Record"] for nth in ("First", "Last")]
    begin, end = (datetime.datetime.fromisoformat(it.replace("Z", "+00:00")) for it in arrivals)
    return [int(it.timestamp() * 1000) for it in (begin - LATE, end + LATE)]


def replay_publications(stack):
    """Publishes the events that the stream's function gave up. Reads the table once, for all messages together."""
    failed = list(stack.failed_publications())
    if not failed:
        return 0
    intervals = [interval(batch) for batch, _ in failed]
    begins, ends = zip(*intervals)
    history = stack.history(None, min(begins), max(ends))
    given_up = [item for item in history if any(begin <= int(item["at"]["N"]) <= end for begin, end in intervals)]
    count = stack.publish(given_up, replayed=False)
    for _, handle in failed:
        stack.finish_publication(handle)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", required=True, help="the name of the CloudFormation stack")
    commands = parser.add_subparsers(dest="command", required=True)
    events = commands.add_parser("events", help="publish events of the history again")
    whose = events.add_mutually_exclusive_group(required=True)
    whose.add_argument("--organization", help="the id of an organization")
    whose.add_argument("--all", action="store_true", help="all organizations: reads the whole table")
    events.add_argument("--from", dest="begin", type=milliseconds, default=0, help="the first time")
    events.add_argument("--to", dest="end", type=milliseconds, default=2**53, help="the last time")
    commands.add_parser("publications", help="publish the events that were given up")
    commands.add_parser("mails", help="try the mails again that were given up")
    arguments = parser.parse_args()
    stack = Stack(arguments.stack)
    if arguments.command == "events":
        items = stack.history(arguments.organization, arguments.begin, arguments.end)
        print(f"{stack.publish(items, replayed=True)} events published")
    elif arguments.command == "publications":
        print(f"{replay_publications(stack)} events published")
    else:
        print(f"{stack.move_failed_mails()} messages moved")


if __name__ == "__main__":
    main()
