"""Lints the transformed template with several sets of parameters, and checks `samconfig.toml`.

    lint.py template.yaml samconfig.toml

Most mistakes show only after the SAM transform, and some only with a parameter that is empty by default.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import transform

sys.path.append(str(Path(__file__).resolve().parent.parent / "gradual"))
from derive import derive

REQUIRED = {
    "Issuer": "https://id.example.com/",
    "Audience": "rolecall",
    "PortalUrl": "https://portal.example.com",
    "MailFrom": "no-reply@example.com",
    "MailIdentity": "example.com",
}
EVERYTHING = {
    "PublicUrl": "https://www.example.com/rolecall",
    "DomainName": "api.example.com",
    "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000",
    "HostedZoneId": "Z0123456789ABC",
    "BasePath": "team/rolecall",
    "DefaultEndpoint": "off",
    "ViewerAddressHeader": "CloudFront-Viewer-Address",
    "ProxySecretHashes": f"{'0' * 64},{'1' * 64}",
    "KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000",
    "BreakGlassRole": "arn:aws:iam::123456789012:role/break-glass",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "DeletionProtection": "off",
    "MailTls": "optional",
    "AlarmTopic": "arn:aws:sns:eu-central-1:123456789012:alarms",
}
DOMAIN = {name: EVERYTHING[name] for name in ("DomainName", "CertificateArn")}
SETS = {"defaults": {}, "a domain alone": DOMAIN, "everything": EVERYTHING}
RELEASE = {"Release": "r41", "Traffic": "Linear10PercentEvery1Minute"}
# Values that no function would accept, or origins that no browser sends, so that CloudFormation must not accept them.
REFUSED = {
    "AllowedOrigins": [
        "https://Admin.example.com",
        "https://admin.example.com/",
        "https://admin.example.com:443",
        "http://localhost:3000,http://localhost:80",
        "https://admin.example.com,",
        "https://admin.example.com, http://localhost:3000",
        "https://admin.example.com:03000",
        "https://ada@admin.example.com",
        "https://*.example.com",
        "https://grün.example.com",
        "admin.example.com",
    ],
    "LogoUrl": ["http://cdn.example.com/logo.png", "https://cdn.example.com/grün.png", "https://cdn.example.com/'logo'.png"],
    "MailFrom": ["example.com", "no-reply@localhost", "no-reply@192.0.2.1", "no(reply)@example.com", "grün@example.com"],
    "PortalUrl": [
        "http://portal.example.com",
        "https://portal.example.com/grün",
        "https://portal.example.com?a=b",
        "https://Portal.example.com/app",
        "https://portal.example.com:443",
        "https://portal.example.com:443/app",
        "https://ada@portal.example.com",
    ],
    "ProductName": [" Rolecall", "www.example.com", "Roles https://example.com", "R" * 61],
    "SupportAddress": ["help@localhost", "a b@example.com"],
    "ViewerAddressHeader": ["x-origin-verify", "X-Origin-Verify", "a b"],
}
# Values that CloudFormation must accept.
ACCEPTED = {
    "AllowedOrigins": [
        "",
        "https://admin.example.com",
        "http://localhost:3000,https://admin.example.com:8443,http://[::1]:443,https://xn--grn-hoa.example.com:80",
        "http://intranet,http://127.0.0.1:9000",
    ],
    "PortalUrl": [
        "https://portal.example.com/",
        "https://portal.example.com:4430/App",
        "https://[2001:db8::443]/app",
        "https://d111111abcdef8.cloudfront.net/console/",
    ],
}
# A value that must be replaced before a deployment.
PLACEHOLDER = re.compile("<[^>]*>")


def set_parameters(template, values):
    """Makes the values the defaults of the parameters, so that the linter evaluates them."""
    for name, value in values.items():
        parameter = template["Parameters"][name]
        pattern = parameter.get("AllowedPattern")
        if pattern and not re.fullmatch(pattern, value):
            raise SystemExit(f"{name} does not allow {value!r}")
        parameter["Default"] = value
    return template


def lint(name, template, values, *options):
    document = set_parameters(transform.transformed(template, parameters=values), values)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(document, file)
        file.flush()
        linter = str(Path(sys.executable).parent / "cfn-lint")
        command = [linter, "--regions", transform.REGION, *options, "--", file.name]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"cfn-lint refuses the template with {name}")
    print(f"linted with {name}")


def check_configuration(template, configuration):
    """Every environment sets the required parameters. A placeholder that is left makes the deployment fail."""
    parameters = template["Parameters"]
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    for environment in ("dev", "prod"):
        deploy = configuration[environment]["deploy"]["parameters"]
        pairs = [pair.split("=", 1) for pair in deploy["parameter_overrides"]]
        values = {name: value.strip('"') for name, value in pairs}
        if missing := required - values.keys():
            raise SystemExit(f"samconfig.toml sets no {', '.join(sorted(missing))} in {environment}")
        for name, value in values.items():
            parameter = parameters[name]
            allowed = re.fullmatch(parameter.get("AllowedPattern", ".*"), value) is not None
            allowed &= value in map(str, parameter.get("AllowedValues", [value]))
            if allowed == bool(PLACEHOLDER.search(value)):
                raise SystemExit(f"samconfig.toml: {name}={value} in {environment}: allowed is {allowed}")
    print("samconfig.toml sets the required parameters, and no placeholder is a valid value")


def check_patterns(template):
    """Some values stop every function at its start, or every page at its first call. Nothing in the stack would say why."""
    for is_accepted, parameters in ((False, REFUSED), (True, ACCEPTED)):
        for name, values in parameters.items():
            for value in values:
                allowed = re.fullmatch(template["Parameters"][name]["AllowedPattern"], value) is not None
                if allowed != is_accepted:
                    raise SystemExit(f"{name}={value!r}: allowed is {allowed}")
    print("CloudFormation refuses values that no function accepts and origins that no browser sends")


def main():
    source, configuration = sys.argv[1:]
    template = transform.read(source)
    for name, values in SETS.items():
        lint(name, template, REQUIRED | values)
    # The transform replaces these parameters by their values.
    lint("a gradual deployment", derive(template), REQUIRED | EVERYTHING | RELEASE, "--ignore-checks", "W2001")
    check_patterns(template)
    with open(configuration, "rb") as file:
        check_configuration(template, tomllib.load(file))


if __name__ == "__main__":
    main()
