"""`template.yaml`, deployed to an AWS emulator that verifies tokens and enforces IAM, with the binaries given."""

import copy
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

AUDIENCE = "rolecall"
PORTAL = "https://portal.example.com"
MAIL_FROM = "no-reply@rolecall.example"
# What Lambda asks the stream for a function, which the emulator does without asking anybody.
STREAM = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """The emulator as a process of its own; `AUTH` makes it judge every call by the caller's policies."""

    def __init__(self, log):
        self.port = _free_port()
        self.url = f"http://localhost:{self.port}"
        environment = os.environ | {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": self.url,  # What the functions call instead of AWS.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "LAMBDA_EXECUTOR": "local",
            "MINISTACK_HOST": "localhost",
        }
        self._log = open(log, "wb")
        command = [str(Path(sys.executable).parent / "ministack")]
        # A process group of its own, so that its end is also that of the functions it started.
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
    """A deployment package that runs a binary where it lies."""
    script = zipfile.ZipInfo("bootstrap")
    script.external_attr = 0o755 << 16
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(script, f"#!/bin/sh\nexec {shlex.quote(str(binary))}\n")
    return package.getvalue()


class Answer:
    """What the API said."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.bytes = response.read()
        self.text = self.bytes.decode(errors="replace")

    @property
    def body(self):
        return json.loads(self.text) if self.text else None

    def __repr__(self):
        return f"{self.status} {self.text}"


class Stack:
    """A deployed template and the ways to speak to it."""

    def __init__(self, emulator, template, binaries, issuer):
        self._emulator = emulator
        template = copy.deepcopy(template)
        # Issuers have https addresses, except for this one.
        template["Parameters"]["Issuer"].pop("AllowedPattern")
        for statement in template["Resources"]["Notify"]["Properties"]["Policies"][1]["Statement"]:
            if statement["Action"] == "ses:SendEmail":
                # The emulator tells neither whose identity a mail is sent by nor `ses:FromAddress`.
                statement["Resource"] = "*"
                del statement["Condition"]
        storage = emulator.client("s3")
        storage.create_bucket(
            Bucket="code", CreateBucketConfiguration={"LocationConstraint": transform.REGION}
        )
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                code = resource["Properties"]["CodeUri"]
                binary = Path(binaries, Path(code).name).resolve(strict=True)
                storage.put_object(Bucket="code", Key=code, Body=_bootstrap(binary))
        template = transform.written_out(transform.transformed(template))
        for name, resource in list(template["Resources"].items()):
            if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
                del template["Resources"][name]  # The emulator cannot add metrics up.
        del template["Resources"]["ExportsPolicy"]  # It asks for TLS, which the emulator does not speak.

        emulator.client("sesv2").create_email_identity(EmailIdentity=MAIL_FROM)
        storage.put_object(Bucket="code", Key="template.json", Body=json.dumps(template))
        formation = emulator.client("cloudformation")
        formation.create_stack(
            StackName="rolecall",
            TemplateURL=f"{emulator.url}/code/template.json",
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": "Issuer", "ParameterValue": issuer.url},
                {"ParameterKey": "Audience", "ParameterValue": AUDIENCE},
                {"ParameterKey": "Architecture", "ParameterValue": "x86_64"},
                {"ParameterKey": "PortalUrl", "ParameterValue": PORTAL},
                {"ParameterKey": "MailFrom", "ParameterValue": MAIL_FROM},
                {"ParameterKey": "MailIdentity", "ParameterValue": MAIL_FROM},
                {"ParameterKey": "ExportInline", "ParameterValue": "0"},  # So that every file goes to the bucket.
            ],
        )
        while True:
            [stack] = formation.describe_stacks(StackName="rolecall")["Stacks"]
            if stack["StackStatus"] == "CREATE_COMPLETE":
                break
            if stack["StackStatus"] != "CREATE_IN_PROGRESS":
                raise RuntimeError(f"not deployed: {stack['StackStatus']}: {stack.get('StackStatusReason')}")
            time.sleep(0.1)
        pages = formation.get_paginator("list_stack_resources").paginate(StackName="rolecall")
        self.resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
        }
        self.table = self.resources["Table"]
        self.api = self.resources["Api"]
        self._gateway = emulator.client("apigatewayv2")
        self._items = emulator.client("dynamodb")
        self._listen()

    def _listen(self):
        """Puts a queue behind the bus."""
        self._queues, events = self._emulator.client("sqs"), self._emulator.client("events")
        self._heard, self._ear = [], self._queues.create_queue(QueueName="heard")["QueueUrl"]
        attributes = self._queues.get_queue_attributes(QueueUrl=self._ear, AttributeNames=["QueueArn"])["Attributes"]
        bus = self.resources["Bus"]
        events.put_rule(Name="all", EventBusName=bus, EventPattern=json.dumps({"source": ["rolecall"]}))
        events.put_targets(Rule="all", EventBusName=bus, Targets=[{"Id": "ear", "Arn": attributes["QueueArn"]}])

    def call(self, method, path, token=None, body=None, **more):
        """One request through the API Gateway; more of it are headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._emulator.port, timeout=30)
        headers = {"Host": f"{self.api}.execute-api.localhost:{self._emulator.port}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        connection.request(method, path, body, headers)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def fetch(self, url):
        """What is found by a link, without a token."""
        link = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(link.hostname, link.port, timeout=30)
        connection.request("GET", f"{link.path}?{link.query}")
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def scheduled(self, time):
        """Does what the schedule does at that time: calls its target with its input."""
        scheduler = self._emulator.client("scheduler")
        [summary] = scheduler.list_schedules()["Schedules"]
        target = scheduler.get_schedule(Name=summary["Name"])["Target"]
        result = self._emulator.client("lambda").invoke(
            FunctionName=target["Arn"],
            Payload=target["Input"].replace("<aws.scheduler.scheduled-time>", time),
        )
        answer = json.loads(result["Payload"].read() or b"null")
        if "FunctionError" in result:
            raise AssertionError(f"the clean-up failed: {answer}")
        return answer

    def mails(self, to):
        """The subjects of the mails to an address, oldest first."""
        connection = http.client.HTTPConnection("127.0.0.1", self._emulator.port, timeout=30)
        connection.request("GET", "/_ministack/ses/messages")
        answer = Answer(connection.getresponse())
        connection.close()
        accounts = answer.body["messages"].values()
        return [mail["Subject"] for mails in accounts for mail in mails if to in mail["To"]]

    def heard(self, org):
        """What the bus has told of an organization."""
        while True:
            got = self._queues.receive_message(QueueUrl=self._ear, MaxNumberOfMessages=10).get("Messages", [])
            for message in got:
                self._heard.append(json.loads(message["Body"]))
                self._queues.delete_message(QueueUrl=self._ear, ReceiptHandle=message["ReceiptHandle"])
            if not got:
                break
        return [event["detail-type"] for event in self._heard if event["detail"]["organization_id"] == org]

    def marks(self, event):
        """What is marked as told of an event."""
        pk = {":pk": {"S": f"TOLD#{event.removeprefix('evt_')}"}}
        found = self._items.query(
            TableName=self.table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=pk
        )
        return [item["sk"]["S"].split("#")[0] for item in found["Items"]]

    def routes(self):
        return self._gateway.get_routes(ApiId=self.api)["Items"]

    def change_route(self, route, **changes):
        self._gateway.update_route(ApiId=self.api, RouteId=route["RouteId"], **changes)

    def permissions(self):
        """Every (role, policy, statement, action, resource) that a function of the stack is allowed to do to table, bucket, bus and mail."""
        identity = self._emulator.client("iam")
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
                            if service in ("dynamodb", "events", "s3", "ses") and call not in STREAM:
                                yield Permission(identity, role, policy, document, index, action, resource)


def _list(value):
    return value if isinstance(value, list) else [value]


class Permission:
    """One action on one resource; `with` takes it away for a while."""

    def __init__(self, identity, role, policy, document, index, action, resource):
        self._identity, self._role, self._policy = identity, role, policy
        self._document, self._index = document, index
        self.action, self.resource = action, resource

    @property
    def tells(self):
        """Is it notify's?"""
        return "Notify" in self._role

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
