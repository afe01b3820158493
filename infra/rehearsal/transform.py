"""Applies the SAM transform to `template.yaml` without AWS.

As a program (`transform.py template.yaml`) it prints the result as JSON for linters, which find more in it than in the
source.
"""

import copy
import json
import sys

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

REGION = "eu-central-1"
HTTP_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


def read(path):
    """The template as a dictionary, with its short tags (`!Ref`) expanded."""
    with open(path, encoding="utf-8") as file:
        return yaml_parse(file.read())


def transformed(template, code_bucket="code", parameters=None):
    """The template after the SAM transform. The `CodeUri` of a function becomes its key in the code bucket.

    The transform itself reads some values of parameters.
    """
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            properties["CodeUri"] = f"s3://{code_bucket}/{properties['CodeUri']}"
    translator = Translator(
        managed_policy_map={}, sam_parser=Parser(), boto_session=boto3.Session(region_name=REGION)
    )
    return translator.translate(sam_template=template, parameter_values=parameters or {})


def without_openapi_body(template):
    """The template with resources for authorizers, integrations and routes in place of the OpenAPI body of the API."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    for api, resource in list(resources.items()):
        if resource["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        body = resource["Properties"].pop("Body")
        resource["Properties"] |= {"Name": api, "ProtocolType": "HTTP"}
        # The emulator takes the names of the document here, too.
        resource["Properties"]["CorsConfiguration"] = body["x-amazon-apigateway-cors"]
        for name, scheme in body["components"]["securitySchemes"].items():
            jwt = scheme["x-amazon-apigateway-authorizer"]
            resources[f"{api}Authorizer{name}"] = {
                "Type": "AWS::ApiGatewayV2::Authorizer",
                "Properties": {
                    "ApiId": {"Ref": api},
                    "Name": name,
                    "AuthorizerType": "JWT",
                    "IdentitySource": [jwt["identitySource"]],
                    "JwtConfiguration": {
                        "Issuer": jwt["jwtConfiguration"]["issuer"],
                        "Audience": jwt["jwtConfiguration"]["audience"],
                    },
                },
            }
        for path, methods in body["paths"].items():
            for method, operation in methods.items():
                if method == "x-amazon-apigateway-any-method":
                    key = path.lstrip("/") if path == "/$default" else f"ANY {path}"
                elif method in HTTP_METHODS:
                    key = f"{method.upper()} {path}"
                else:
                    raise ValueError(f"{path}: {method} is not an HTTP method")
                resources |= _route(api, key, operation)
    return template


def _route(api, key, operation):
    name = f"{api}Route{key.encode().hex()}"
    integration = operation["x-amazon-apigateway-integration"]
    route = {
        "ApiId": {"Ref": api},
        "RouteKey": key,
        "Target": {"Fn::Sub": f"integrations/${{{name}Integration}}"},
        "AuthorizationType": "NONE",
    }
    for requirement in operation.get("security", []):
        for scheme, scopes in requirement.items():
            if scheme == "NONE":
                continue
            route |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}Authorizer{scheme}"}}
            if scopes:
                route["AuthorizationScopes"] = scopes
    return {
        f"{name}Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": api},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": integration["uri"],
                "PayloadFormatVersion": integration["payloadFormatVersion"],
            },
        },
        name: {"Type": "AWS::ApiGatewayV2::Route", "Properties": route},
    }


if __name__ == "__main__":
    json.dump(transformed(read(sys.argv[1])), sys.stdout, indent=2)
