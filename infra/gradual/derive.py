"""Derives a template that deploys new code gradually, from `template.yaml`.

    derive.py template.yaml > target/gradual.json
    sam build --template-file target/gradual.json
    sam deploy --config-env prod --parameter-overrides … Release=r41 Traffic=Canary10Percent5Minutes

The API then calls an alias of each function. CodeDeploy moves the alias to the new version as `Traffic` says, and back
if an alarm fires. The alias is a resource that the SAM transform cannot switch off by a parameter, and it does not follow
a changed parameter by itself. So the parameter `Release` has no default: each deployment names a new release, and only a
new release reaches the alias. Decision record 0035 says why `template.yaml` has no alias. `sam validate` knows no values of
parameters, so it cannot check this template; `infra/rehearsal/lint.py` does.
"""

import copy
import json
import sys
from pathlib import Path

ALIAS = "live"
# The alarms that end a deployment. An alarm on the metrics of the API is impossible: it refers to the API, which refers
# to the alias, which waits for the deployment.
ALARMS = ["FunctionErrors", "FailedRequests"]
RESOURCES = {
    "FailedRequestLines": {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": "FunctionLog"},
            "FilterPattern": "{ $.status >= 500 }",
            "MetricTransformations": [
                {
                    "MetricNamespace": {"Ref": "AWS::StackName"},
                    "MetricName": "FailedRequests",
                    "MetricValue": "1",
                    "DefaultValue": 0,
                }
            ],
        },
    },
    "FailedRequests": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": "A function answered requests with a 5xx status. A gradual deployment rolls back.",
            "Namespace": {"Ref": "AWS::StackName"},
            "MetricName": "FailedRequests",
            "Statistic": "Sum",
            "Period": 60,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
        },
    },
}
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
}


def functions_of_the_api(template):
    """The functions that answer requests. The others run on a schedule or a stream, where traffic cannot be divided."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            events = resource["Properties"].get("Events", {}).values()
            if any(event["Type"] == "HttpApi" for event in events):
                yield resource


def derive(template, root=None):
    """The gradual template. With a root, paths of code are absolute, so that the template can be anywhere."""
    template = copy.deepcopy(template)
    template["Parameters"] |= copy.deepcopy(PARAMETERS)
    template["Resources"] |= copy.deepcopy(RESOURCES)
    for resource in functions_of_the_api(template):
        resource["Properties"] |= {
            "AutoPublishAlias": ALIAS,
            # The release instead of the code, because an alias must also follow a changed variable.
            "AutoPublishCodeSha256": {"Ref": "Release"},
            "DeploymentPreference": {
                "Type": {"Ref": "Traffic"},
                "Alarms": [{"Ref": alarm} for alarm in ALARMS],
            },
        }
    if root:
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = str(root / resource["Properties"]["CodeUri"])
    return template


if __name__ == "__main__":
    from samtranslator.yaml_helper import yaml_parse

    source = Path(sys.argv[1]).resolve()
    json.dump(derive(yaml_parse(source.read_text("utf-8")), source.parent), sys.stdout, indent=2)
