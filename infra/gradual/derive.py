"""Derives a template that deploys new code gradually, from `template.yaml`.

    derive.py template.yaml > target/gradual.json

docs/guides/deployer.md (Gradually) has the commands that build and deploy it.

The API then calls an alias of each function. CodeDeploy moves the alias to the new version as `Traffic` says, and back
if an alarm of this release fires. Its alarms count failures of the new versions only, so that a fix can be deployed while
the version before fails. The alias is a resource that the SAM transform cannot switch off by a parameter, and it does not follow
a changed parameter by itself. So the parameter `Release` has no default: each deployment names a new release, and only a
new release reaches the alias. Decision record 0035 says why `template.yaml` has no alias. `sam validate` knows no values of
parameters, so it cannot check this template; `infra/rehearsal/lint.py` does.
"""

import copy
import json
import sys
from pathlib import Path

ALIAS = "live"
FAILURES = "failures_of_release"
PARAMETERS = {
    "Release": {
        "Type": "String",
        "Description": "The name of this deployment, such as r41. Use each name once.",
        "AllowedPattern": "^[A-Za-z0-9]{1,10}$",  # SAM makes it a part of the logical id of the version.
    },
    "Traffic": {
        "Type": "String",
        "Default": "Canary10Percent5Minutes",
        "AllowedValues": ["AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent30Minutes", "Linear10PercentEvery1Minute"],
        "Description": "How CodeDeploy moves the requests to the new version.",
    },
    "ToleratedFailures": {
        "Type": "Number",
        "Default": 1,
        "MinValue": 0,
        "Description": "How many failures of the new version in a minute do not roll back. On a quiet API, 0.",
    },
}


def alarm(name, description, **metrics):
    """An alarm that fires if more requests of the release fail in a minute than are tolerated.

    CloudWatch keeps the state of an alarm that is updated. So each release has alarms of its own, which begin without one.
    """
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": f"${{AWS::StackName}}-{name}-${{Release}}"},
            "AlarmDescription": f"{description} A gradual deployment rolls back. See docs/runbook.md#a-rollback-by-codedeploy.",
            **metrics,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": {"Ref": "ToleratedFailures"},
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
        },
    }


def errors_of_the_new_version(function):
    """The crashes and time-outs of the version that the release publishes, as far as the alias called it."""
    dimensions = {
        "FunctionName": {"Ref": function},
        "Resource": {"Fn::Sub": f"${{{function}}}:{ALIAS}"},
        "ExecutedVersion": {"Fn::GetAtt": [function, "Version.Version"]},  # SAM knows the version by this name.
    }
    return {
        "Id": function.lower(),
        "ReturnData": False,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Stat": "Sum",
            "Period": 60,
        },
    }


def alarms(functions):
    """The alarms that end a deployment, by name.

    An alarm on the metrics of the API is impossible: it refers to the API, which refers to the alias, which waits for the
    deployment.
    """
    errors = [errors_of_the_new_version(name) for name in functions]
    return {
        "FunctionErrors": alarm(
            "FunctionErrors",
            "Functions of the API crashed or timed out in a new version.",
            Metrics=[{"Id": "all", "Label": "Errors", "Expression": "SUM(METRICS())"}, *errors],
        ),
        "FailedRequests": alarm(
            "FailedRequests",
            "Functions of a new release answered requests with a 5xx status.",
            Namespace={"Ref": "AWS::StackName"},
            MetricName=FAILURES,
            Dimensions=[{"Name": "release", "Value": {"Ref": "Release"}}],
            Statistic="Sum",
            Period=60,
        ),
    }


def failures_by_release():
    """Counts 5xx answers by the release that gave them. The metrics of a log line have no such dimension."""
    transformation = {
        "MetricNamespace": {"Ref": "AWS::StackName"},
        "MetricName": FAILURES,
        "MetricValue": "1",
        "Dimensions": [{"Key": "release", "Value": "$.release"}],
    }
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": "FunctionLog"},
            "FilterPattern": '{ $.status >= 500 && $.release = "*" }',
            "MetricTransformations": [transformation],
        },
    }


def role_of_codedeploy():
    """The role that moves the aliases. The one that SAM would create has no permissions boundary."""
    managed = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited"
    assume = {"Effect": "Allow", "Principal": {"Service": "codedeploy.amazonaws.com"}, "Action": "sts:AssumeRole"}
    boundary = {"Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [assume]},
            "ManagedPolicyArns": [{"Fn::Sub": managed}],
            "PermissionsBoundary": boundary,
        },
    }


def functions_of_the_api(template):
    """The functions that answer requests. The others run on a schedule or a stream, where traffic cannot be divided."""
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            events = resource["Properties"].get("Events", {}).values()
            if any(event["Type"] == "HttpApi" for event in events):
                yield name


def derive(template, root=None):
    """The gradual template. With a root, paths of code are absolute, so that the template can be anywhere."""
    template = copy.deepcopy(template)
    template["Parameters"] |= copy.deepcopy(PARAMETERS)
    functions = list(functions_of_the_api(template))
    rollback = alarms(functions)
    for name in functions:
        template["Resources"][name]["Properties"] |= {
            "AutoPublishAlias": ALIAS,
            # The release instead of the code, because an alias must also follow a changed variable.
            "AutoPublishCodeSha256": {"Ref": "Release"},
            "DeploymentPreference": {
                "Type": {"Ref": "Traffic"},
                "Role": {"Fn::GetAtt": ["TrafficRole", "Arn"]},
                "Alarms": [{"Ref": alarm} for alarm in rollback],
            },
        }
    template["Resources"] |= rollback
    template["Resources"] |= {"FailuresByRelease": failures_by_release(), "TrafficRole": role_of_codedeploy()}
    # CloudFormation fails to publish a version of a function that has not changed since its last version. The log names it.
    template["Globals"]["Function"]["Environment"]["Variables"]["RELEASE"] = {"Ref": "Release"}
    if root:
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = str(root / resource["Properties"]["CodeUri"])
    return template


if __name__ == "__main__":
    from samtranslator.yaml_helper import yaml_parse

    source = Path(sys.argv[1]).resolve()
    json.dump(derive(yaml_parse(source.read_text("utf-8")), source.parent), sys.stdout, indent=2)
