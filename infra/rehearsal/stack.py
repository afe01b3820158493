"""Deploys `template.yaml` to an AWS emulator that verifies tokens and enforces IAM."""

import copy
import hashlib
import http.client
import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zipfile
from pathlib import Path

import boto3
import transform
from client import AUDIENCE, Response, fetch
from ids import member_id

PORTAL = "https://portal.example.com/app"
# The origin of the portal, and two more.
ALLOWED_ORIGINS = ["https://portal.example.com", "https://admin.example.com", "http://localhost:3000"]
MAIL_FROM = "no-reply@rolecall.example"
DOMAIN, BASE_PATH = "api.rolecall.example", "team/rolecall"
SECRET = "correct horse battery staple"
VIEWER = "198.51.100.7:46532"
# Stands in for `aws.ses`.
MAIL_REPORTS = "rehearsal.ses"
# How often a mail is tried before it is given up.
MAIL_TRIES = 8
# Lambda calls these with the role of the function. The emulator calls them without a permission.
POLLING_ACTIONS = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """The emulator in its own process. With `AUTH`, it enforces the IAM policies of the caller."""

    def __init__(self, log):
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        environment = os.environ | {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": self.url,  # The functions call this instead of AWS.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LAMBDA_EXECUTOR": "local",
            "MINISTACK_HOST": "localhost",
        }
        self._log = open(log, "wb")
        command = [str(Path(sys.executable).parent / "ministack")]
        # Its own process group, so that `stop` also ends the functions that it started.
        self._process = subprocess.Popen(
            command, env=environment, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        for _ in range(150):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"the emulator did not start; see {log}")

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=transform.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def stop(self):
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        except ProcessLookupError:
            pass
        self._log.close()


def _bootstrap(binary):
    """A deployment package whose bootstrap runs a binary of this machine."""
    script = zipfile.ZipInfo("bootstrap")
    script.external_attr = 0o755 << 16
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(script, f"#!/bin/sh\nexec {shlex.quote(str(binary))}\n")
    return package.getvalue()


class Stack:
    """A deployed template and its services."""

    emulated = True
    base_path = ""
    patience = 0  # The indexes of the emulator do not lag, and a removed permission must fail at once.

    def __init__(self, emulator, template, binaries, issuer, everything=False):
        """Deploys the template, with the parameters of a custom domain, a proxy and a key if `everything` is set."""
        self.emulator = emulator
        self._everything = everything
        storage = emulator.client("s3")
        storage.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": transform.REGION})
        for code in _code_uris(template):
            binary = Path(binaries, Path(code).name).resolve(strict=True)
            storage.put_object(Bucket="code", Key=code, Body=_bootstrap(binary))
        emulator.client("sesv2").create_email_identity(EmailIdentity=MAIL_FROM)
        self._source = template
        self.template = _adapted(template)
        storage.put_object(Bucket="code", Key="template.json", Body=json.dumps(self.template))
        self._parameters = _parameters(issuer) | (_all_parameters(emulator) if everything else {})
        self.resources, _ = deploy(emulator, "rolecall", "template.json", self._parameters)
        self.table = self.resources["Table"]
        self.api = self.resources["Api"]
        endpoint = f"https://{self.api}.execute-api.{transform.REGION}.amazonaws.com"
        self.public_url = f"https://{DOMAIN}/{BASE_PATH}" if everything else endpoint
        self._gateway = emulator.client("apigatewayv2")
        self._items = emulator.client("dynamodb")
        self._subscribe()

    def template_of(self, release):
        """The template as it would be deployed for another release."""
        return _adapted(self._source, release)

    def deploy_again(self, name, **parameters):
        """The same template deployed as another stack, with these parameters changed."""
        other = copy.copy(self)
        other.resources, _ = deploy(self.emulator, name, "template.json", self._parameters | parameters)
        other.table, other.api = other.resources["Table"], other.resources["Api"]
        return other

    def deploy_identity(self, template, **parameters):
        """Deploys the template of the user pool. Returns its outputs, and a client for Cognito."""
        self.emulator.client("s3").put_object(Bucket="code", Key="identity.json", Body=json.dumps(template))
        _, outputs = deploy(self.emulator, "rolecall-identity", "identity.json", parameters)
        return outputs, self.emulator.client("cognito-idp")

    def _subscribe(self):
        """Subscribes a queue to the bus."""
        self._queues, events = self.emulator.client("sqs"), self.emulator.client("events")
        self._published, self._queue = [], self._queues.create_queue(QueueName="published")["QueueUrl"]
        attributes = self._queues.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        bus = self.resources["Bus"]
        events.put_rule(Name="all", EventBusName=bus, EventPattern=json.dumps({"source": ["rolecall"]}))
        events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])

    def call(self, method, path, token=None, body=None, **headers_by_name):
        """Sends one request through API Gateway. Underscores in the names of headers become hyphens."""
        headers = {"Host": f"{self.api}.execute-api.localhost:{self.emulator.port}"}
        if self._everything:
            # As CloudFront sends it to the custom domain.
            headers = {"Host": DOMAIN, "X-Origin-Verify": SECRET, "CloudFront-Viewer-Address": VIEWER}
            path = f"/{BASE_PATH}{path}"
        return self._send(method, path, headers, token, body, headers_by_name)

    def call_directly(self, method, path, token, **headers_by_name):
        """Sends one request to the endpoint of the API itself."""
        headers = {"Host": f"{self.api}.execute-api.localhost:{self.emulator.port}"}
        return self._send(method, path, headers, token, None, headers_by_name)

    def _send(self, method, path, headers, token, body, headers_by_name):
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=30)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        headers |= {name.replace("_", "-"): value for name, value in headers_by_name.items()}
        connection.request(method, path, body, headers)
        response = Response(connection.getresponse())
        connection.close()
        return response

    def post_form(self, path, form, **headers):
        """Sends a form to a page of the user pool."""
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=30)
        headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, urllib.parse.urlencode(form), headers)
        response = Response(connection.getresponse())
        connection.close()
        return response

    def fetch(self, url):
        """The response to a GET of a link, without a token."""
        return fetch(url)

    def run_schedule(self, function, time):
        """Calls a function with the input of its schedule, as the scheduler does at `time`."""
        scheduler = self.emulator.client("scheduler")
        schedules = [scheduler.get_schedule(Name=it["Name"]) for it in scheduler.list_schedules()["Schedules"]]
        targets = [schedule["Target"] for schedule in schedules]
        [target] = [it for it in targets if it["Arn"].endswith(f":{self.resources[function]}")]
        result = self.emulator.client("lambda").invoke(
            FunctionName=target["Arn"],
            Payload=target["Input"].replace("<aws.scheduler.scheduled-time>", time),
        )
        answer = json.loads(result["Payload"].read() or b"null")
        if "FunctionError" in result:
            raise AssertionError(f"{function} failed: {answer}")
        return answer

    def migrate(self, org):
        """Makes an organization an item of an earlier schema, and migrates the table. Returns the number of items."""
        key = {"pk": {"S": f"ORG#{org.removeprefix('org_')}"}, "sk": {"S": "ORG"}}
        self._items.update_item(TableName=self.table, Key=key, UpdateExpression="REMOVE #schema",
                                ExpressionAttributeNames={"#schema": "schema"})
        result = self.emulator.client("lambda").invoke(FunctionName=self.resources["Migrate"], Payload="{}")
        answer = json.loads(result["Payload"].read() or b"null")
        if "FunctionError" in result or not answer["finished"]:
            raise AssertionError(f"the migration failed: {answer}")
        return answer["migrated"]

    def begin_role_deletion(self, org, role, user):
        """Marks a role like a request that has no time left to give its users the role `user`."""
        keys = {"pk": f"ORG#{org.removeprefix('org_')}", "sk": f"ROLE#{role.removeprefix('role_')}"}
        by = {"member_id": {"S": member_id(org, user)}, "role_id": {"S": "super_admin"}}
        self._items.update_item(
            TableName=self.table,
            Key={name: {"S": value} for name, value in keys.items()},
            UpdateExpression="SET reassignment = :reassignment, due = :due, expires_at = :now",
            ExpressionAttributeValues={
                ":reassignment": {"M": {"to": {"S": "user"}, "by": {"M": by}}},
                ":due": {"S": "DUE#0"},
                ":now": {"N": "0"},
            },
        )

    def mails(self, to):
        """The subjects of the mails to an address, oldest first."""
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=30)
        connection.request("GET", "/_ministack/ses/messages")
        response = Response(connection.getresponse())
        connection.close()
        accounts = response.body["messages"].values()
        return [mail["Subject"] for mails in accounts for mail in mails if to in mail["To"]]

    def published(self, org):
        """The types of the events of an organization that the bus has received."""
        while True:
            messages = self._queues.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
            for message in messages:
                self._published.append(json.loads(message["Body"]))
                self._queues.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                break
        return [event["detail-type"] for event in self._published if event["detail"]["organization_id"] == org]

    def metrics(self):
        """The names of the metrics in the log lines of the functions."""
        pages = self.emulator.client("logs").get_paginator("filter_log_events")
        pages = pages.paginate(logGroupName=self.resources["FunctionLog"], filterPattern="CloudWatchMetrics")
        lines = (json.loads(event["message"]) for page in pages for event in page["events"])
        directives = (it for line in lines for it in line["_aws"]["CloudWatchMetrics"])
        return {metric["Name"] for directive in directives for metric in directive["Metrics"]}

    def marks(self, event):
        """The kinds of the delivery marks of an event."""
        pk = {":pk": {"S": f"DELIVERY#{event.removeprefix('evt_')}"}}
        response = self._items.query(
            TableName=self.table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=pk
        )
        return [item["sk"]["S"].split("#")[0] for item in response["Items"] if "claimed_until" not in item]

    def report_bounce(self, invitation, sending):
        """Publishes what SES publishes about the mail of an invitation that bounced. The emulator publishes nothing."""
        tags = {
            "ses:configuration-set": [self.resources["MailConfiguration"]],
            "invitation": [invitation],
            "sending": [str(sending)],
        }
        detail = {
            "eventType": "Bounce",
            "bounce": {"bounceType": "Permanent", "bounceSubType": "General"},
            "mail": {"tags": tags},
        }
        entry = {"Source": MAIL_REPORTS, "DetailType": "Email Bounced", "Detail": json.dumps(detail)}
        self.emulator.client("events").put_events(Entries=[entry])

    def replay(self, *arguments):
        """Runs `infra/replay` against the stack."""
        environment = os.environ | {
            "AWS_ENDPOINT_URL": self.emulator.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": transform.REGION,
        }
        program = Path(__file__).parents[1] / "replay" / "replay.py"
        command = [sys.executable, str(program), "--stack", "rolecall", *arguments]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    def details(self, event):
        """The details of an event, in the order in which the bus received them."""
        return [it["detail"] for it in self._published if it["detail"]["id"] == event]

    def give_up_publication(self, at):
        """Queues what Lambda queues about a batch of the stream that it gives up. The emulator gives up none."""
        batch = {"approximateArrivalOfFirstRecord": at, "approximateArrivalOfLastRecord": at, "batchSize": 1}
        body = json.dumps({"DDBStreamBatchInfo": batch, "version": "1.0"})
        self._queues.send_message(QueueUrl=self.resources["FailedPublications"], MessageBody=body)

    def failed_publications(self):
        """The number of batches that were given up."""
        return self._waiting(self.resources["FailedPublications"])

    def failed_mails(self):
        """The number of mails that were given up."""
        return self._waiting(self.resources["FailedMails"])

    def _waiting(self, queue):
        names = ["ApproximateNumberOfMessages"]
        found = self._queues.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return int(found["Attributes"][names[0]])

    def pause_mail(self, paused):
        """Takes the permission to send mail away, or gives it back."""
        if paused:
            [self._paused] = [it for it in self.permissions() if it.action == "ses:SendEmail"]
            self._paused.__enter__()
        else:
            self._paused.__exit__()

    def routes(self):
        return self._gateway.get_routes(ApiId=self.api)["Items"]

    def change_route(self, route, **changes):
        self._gateway.update_route(ApiId=self.api, RouteId=route["RouteId"], **changes)

    def permissions(self):
        """Every permission of a function on the table, the bucket, the bus and SES."""
        identity = self.emulator.client("iam")
        for name, role in self.resources.items():
            if not name.endswith("Role"):
                continue
            for policy in identity.list_role_policies(RoleName=role)["PolicyNames"]:
                document = identity.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                for index, statement in enumerate(document["Statement"]):
                    actions, resources = _list(statement["Action"]), _list(statement["Resource"])
                    for action in actions:
                        for resource in resources:
                            service, _, call = action.partition(":")
                            if service in ("dynamodb", "events", "s3", "ses") and call not in POLLING_ACTIONS:
                                yield Permission(identity, role, policy, document, index, action, resource)


def _code_uris(template):
    resources = template["Resources"].values()
    return [it["Properties"]["CodeUri"] for it in resources if it["Type"] == "AWS::Serverless::Function"]


def _adapted(template, release="r1"):
    """The transformed template of a release without the parts that the emulator lacks."""
    template = copy.deepcopy(template)
    # The issuer of the rehearsal has no https URL.
    template["Parameters"]["Issuer"].pop("AllowedPattern")
    for statement in template["Resources"]["Mail"]["Properties"]["Policies"][1]["Statement"]:
        if statement["Action"] == "ses:SendEmail":
            # The emulator evaluates neither the identity of the sender nor `ses:FromAddress`.
            statement["Resource"] = "*"
            del statement["Condition"]
    template = transform.without_openapi_body(transform.transformed(template, parameters={"Release": release}))
    for name, resource in list(template["Resources"].items()):
        resource.pop("UpdatePolicy", None)
        if resource["Type"].startswith("AWS::CodeDeploy::") or name == "TrafficRole":
            del template["Resources"][name]  # The emulator has no CodeDeploy.
            continue
        has_math = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
        if has_math or resource["Type"] == "AWS::Logs::QueryDefinition":
            del template["Resources"][name]  # The emulator has neither metric math nor saved queries.
        if resource["Type"] == "AWS::SQS::QueuePolicy":
            _allow_without_tls(template["Resources"], name)
    del template["Resources"]["Dashboard"], template["Outputs"]["DashboardUrl"]  # It shows those alarms.
    del template["Resources"]["ExportsPolicy"]  # It requires TLS, which the emulator lacks.
    # The emulator has archives, but not as resources of a template.
    del template["Resources"]["Archive"], template["Outputs"]["ArchiveName"]
    # Only AWS publishes events of this source.
    template["Resources"]["MailReportRule"]["Properties"]["EventPattern"]["source"] = [MAIL_REPORTS]
    # A mail that cannot be sent is tried again soon, and given up soon.
    queue = template["Resources"]["Mails"]["Properties"]
    queue["VisibilityTimeout"], queue["RedrivePolicy"]["maxReceiveCount"] = 1, MAIL_TRIES
    return template


def _allow_without_tls(resources, name):
    """Removes the statement of a queue's policy that requires TLS, which the emulator lacks. What is left may be nothing."""
    document = resources[name]["Properties"]["PolicyDocument"]
    document["Statement"] = [statement for statement in document["Statement"] if statement["Effect"] == "Allow"]
    if not document["Statement"]:
        del resources[name]


def _all_parameters(emulator):
    """The parameters of a custom domain with a base path, of CloudFront in front, and of a key."""
    return {
        "DomainName": DOMAIN,
        "CertificateArn": f"arn:aws:acm:{transform.REGION}:000000000000:certificate/0a1b2c3d-0000-4000-8000-000000000000",
        "BasePath": BASE_PATH,
        "ViewerAddressHeader": "CloudFront-Viewer-Address",
        "ProxySecretHashes": hashlib.sha256(SECRET.encode()).hexdigest(),
        "KmsKeyArn": emulator.client("kms").create_key()["KeyMetadata"]["Arn"],
        "Release": "r1",
    }


def _parameters(issuer):
    """The parameters of the template for the tokens of an issuer."""
    return {
        "Issuer": issuer.url,
        "Audience": f"{AUDIENCE},another-audience",
        "Architecture": "x86_64",
        "PortalUrl": PORTAL,
        "AllowedOrigins": ",".join(ALLOWED_ORIGINS[1:]),
        "MailFrom": MAIL_FROM,
        "MailIdentity": MAIL_FROM,
        "ExportInline": "0",  # Every file goes to the bucket.
        "SendingInterval": "0",  # The story does not wait.
    }


def deploy(emulator, name, template, parameters):
    """Creates a stack from a template in the code bucket.

    Returns the physical ids of its resources by their logical ids, and its outputs.
    """
    formation = emulator.client("cloudformation")
    formation.create_stack(
        StackName=name,
        TemplateURL=f"{emulator.url}/code/{template}",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    while True:
        [stack] = formation.describe_stacks(StackName=name)["Stacks"]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            break
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            raise RuntimeError(f"deployment failed: {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        time.sleep(0.1)
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=name)
    summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
    resources = {summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in summaries}
    return resources, {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _list(value):
    return value if isinstance(value, list) else [value]


class Permission:
    """One action on one resource. A `with` block removes it temporarily."""

    def __init__(self, identity, role, policy, document, index, action, resource):
        self._identity, self._role, self._policy = identity, role, policy
        self._document, self._index = document, index
        self.action, self.resource = action, resource

    @property
    def is_of_delivery(self):
        """Whether the permission belongs to publish or mail."""
        return "PublishRole" in self._role or "MailRole" in self._role

    def __str__(self):
        return f"{self._role}: {self.action} on {self.resource.rsplit(':', 1)[-1]}"

    def __enter__(self):
        document = copy.deepcopy(self._document)
        statement = document["Statement"].pop(self._index)
        for action in _list(statement["Action"]):
            for resource in _list(statement["Resource"]):
                if (action, resource) != (self.action, self.resource):
                    document["Statement"].append(statement | {"Action": action, "Resource": resource})
        self._put(document)

    def __exit__(self, *_):
        self._put(self._document)

    def _put(self, document):
        self._identity.put_role_policy(
            RoleName=self._role, PolicyName=self._policy, PolicyDocument=json.dumps(document)
        )
