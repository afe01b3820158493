"""Derives a template for `sam local` from `template.yaml`, with the same functions and routes.

    derive.py template.yaml > local.json

`sam local` has no JWT authorizer, so the template uses `infra/authorizer` as a Lambda authorizer. The environment
names the issuer, the audiences, the claims and the DynamoDB engine (see `start`). The derived template is never
deployed.
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse


# The parameters that name claims and scopes, by the environment variables that set them.
CLAIMS = {
    "SCOPE_CLAIM": "ScopeClaim",
    "OPERATOR_SCOPE": "OperatorScope",
    "DECISIONS_SCOPE": "DecisionsScope",
    "EMAIL_CLAIM": "EmailClaim",
    "EMAIL_VERIFIED_CLAIM": "EmailVerifiedClaim",
    "EMAILS_VERIFIED": "EmailsVerified",
    "NAME_CLAIM": "NameClaim",
    "AMR_CLAIM": "AmrClaim",
    "AUTH_TIME_CLAIM": "AuthTimeClaim",
}


def derive(template, root, environment):
    resources, parameters = template["Resources"], template["Parameters"]
    parameters["Architecture"]["Default"] = environment["ARCHITECTURE"]
    for variable, parameter in CLAIMS.items():
        if environment.get(variable):
            parameters[parameter]["Default"] = environment[variable]
    # API Gateway reads scopes in these claims only.
    gateway_reads_scopes = parameters["ScopeClaim"]["Default"] in ("scope", "scp")
    # API Gateway checks these scopes. Here, the authorizer does.
    scopes = {}
    for resource in resources.values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        properties["CodeUri"] = str(root / properties["CodeUri"])
        # Publish has no events. The local server passes on the stream of its engine.
        for event in properties.get("Events", {}).values():
            required = event["Properties"].pop("Auth", {}).get("AuthorizationScopes")
            if required and gateway_reads_scopes:
                scopes["{Method} {Path}".format(**event["Properties"])] = [parameters["OperatorScope"]["Default"]]
    # There is no bucket, so the function refuses to export a file that is larger than a response.
    del resources["Members"]["Properties"]["Environment"]["Variables"]["EXPORT_BUCKET"]
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    variables |= {
        "TABLE_NAME": environment["TABLE"],
        "AWS_ENDPOINT_URL_DYNAMODB": environment["ENGINE"],
        "LOG_SALT": "local",  # A template that is not deployed has no stack id.
    }

    resources["Api"]["Properties"]["Auth"]["Authorizers"]["Token"] = {
        "FunctionArn": {"Fn::GetAtt": ["Authorizer", "Arn"]},
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "Identity": {"Headers": ["Authorization"]},
    }
    resources["Authorizer"] = {
        "Type": "AWS::Serverless::Function",
        "Metadata": {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": "authorizer"}},
        "Properties": {
            "CodeUri": str(root / "infra/authorizer"),
            "Environment": {
                "Variables": {
                    "ISSUER": environment["ISSUER"],
                    "AUDIENCE": environment["AUDIENCE"],
                    "JWKS_URL": environment["JWKS_URL"],
                    "SCOPES": json.dumps(scopes),
                }
            },
        },
    }
    return template


if __name__ == "__main__":
    source = Path(sys.argv[1]).resolve()
    json.dump(derive(yaml_parse(source.read_text("utf-8")), source.parent, os.environ), sys.stdout, indent=2)
