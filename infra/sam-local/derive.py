"""What `sam local` is given instead of `template.yaml`: the same functions and routes, with a gateway's part of our own.

    derive.py template.yaml > local.json

`sam local` knows no JWT authorizer, so the package `infra/authorizer` stands in for it. Whose tokens it accepts and which
engine the functions call comes from the environment, see `start`. Nothing here is ever deployed.
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse


def derived(template, root, environment):
    resources = template["Resources"]
    template["Parameters"]["Architecture"]["Default"] = environment["ARCHITECTURE"]
    # The gateway asks for these scopes; here the authorizer does.
    scopes = {}
    for resource in resources.values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        properties["CodeUri"] = str(root / properties["CodeUri"])
        # The stream calls notify; here the local server does, which has the engine.
        for event in properties.get("Events", {}).values():
            asked = event["Properties"].pop("Auth", {}).get("AuthorizationScopes")
            if asked:
                scopes["{Method} {Path}".format(**event["Properties"])] = asked
    # There is no bucket here: a file that is too large for an answer is refused.
    del resources["Members"]["Properties"]["Environment"]["Variables"]["EXPORT_BUCKET"]
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    variables |= {"TABLE_NAME": environment["TABLE"], "AWS_ENDPOINT_URL_DYNAMODB": environment["ENGINE"]}

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
    json.dump(derived(yaml_parse(source.read_text("utf-8")), source.parent, os.environ), sys.stdout, indent=2)
