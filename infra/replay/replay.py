"""Publishes events of the history again, or tries again what was given up.

    replay.py --stack rolecall-prod events --organization org_… [--from TIME] [--to TIME]
    replay.py --stack rolecall-prod events --all --from TIME [--to TIME]
    replay.py --stack rolecall-prod publications
    replay.py --stack rolecall-prod mails

`events` publishes the events of an organization, or of all, from the history. They carry `"replayed": true`, so that they
cause no mail. `publications` publishes the events that the queue of failed publications names, with their mail, and empties
it. `mails` moves the given-up mails and reports back to their queues. Needs boto3 and the credentials of an
administrator. Times are RFC 3339, such as 2026-11-21T12:00:00Z.
"""

import argparse
import datetime
import json
from decimal import Decimal

import boto3
from boto3.dynamodb.conditions import Attr, Key

# The time by which an event can be older or newer than the record of the stream that has it.
LATE = datetime.timedelta(minutes=2)


def milliseconds(text):
    """A time as the table stores it."""
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def formatted(at):
    """A stored time in the form of the API: without a fraction of zero."""
    time = datetime.datetime.fromtimestamp(at // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{at % 1000:03}".rstrip("0")
    return f"{time}.{fraction}Z" if fraction else f"{time}Z"


def plain(value):
    """A value of an item as JSON has it."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value


def entry(bus, item, mark):
    """The entry of `PutEvents` for an item of the history, as the function `publish` builds it."""
    at = int(item["at"])
    detail = {name: plain(value) for name, value in item.items() if name not in ("pk", "schema", "sk", "ttl")}
    detail = {"client_request_id": None} | detail | {"at": formatted(at), "version": "1"} | mark
    return {
        "EventBusName": bus,
        "Source": "rolecall",
        "DetailType": item["action"],
        "Detail": json.dumps(detail, ensure_ascii=False),
        "Time": at / 1000,
    }


class Stack:
    """The outputs of a stack, and clients of the services."""

    def __init__(self, name):
        [stack] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        self._outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
        self._table = boto3.resource("dynamodb").Table(self._outputs["TableName"])
        self._events, self._queues = boto3.client("events"), boto3.client("sqs")

    def publish(self, items, mark):
        """Publishes items of the history in order. Returns their number."""
        items = sorted(items, key=lambda it: it["sk"])
        damaged = [item for item in items if "action" not in item or "at" not in item]
        for item in damaged:
            print(f"damaged, not published: {item['pk']} {item['sk']}")
        entries = [entry(self._outputs["EventBusName"], item, mark) for item in items if item not in damaged]
        for start in range(0, len(entries), 10):
            rest = entries[start : start + 10]
            for _ in range(5):
                results = self._events.put_events(Entries=rest)["Entries"]
                rest = [it for it, result in zip(rest, results) if "ErrorCode" in result]
                if not rest:
                    break
            else:
                raise SystemExit(f"the bus rejects {rest[0]['Detail']}; {start} events were published before")
        return len(entries)

    def history(self, organization, begin, end):
        """The events of an organization, or of all, whose time is in the interval."""
        within = Attr("at").between(begin, end)
        if organization:
            pk = Key("pk").eq(f"EVENTS#{organization.removeprefix('org_')}")
            pages = self._pages(self._table.query, KeyConditionExpression=pk, FilterExpression=within)
        else:
            history = Attr("pk").begins_with("EVENTS#") & within
            pages = self._pages(self._table.scan, FilterExpression=history)
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
    given_up = [item for item in history if any(begin <= item["at"] <= end for begin, end in intervals)]
    count = stack.publish(given_up, {})
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
        print(f"{stack.publish(items, {'replayed': True})} events published")
    elif arguments.command == "publications":
        print(f"{replay_publications(stack)} events published")
    else:
        print(f"{stack.move_failed_mails()} messages moved")


if __name__ == "__main__":
    main()
