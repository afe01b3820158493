"""Plays the story of the rehearsal on a deployment, with tokens of its issuer.

    play.py https://api.example.com --tokens infra/rehearsal/tokens/local

Without `--tokens`, it only checks that requests without a valid token are refused, and the AuthZEN metadata.

For each person, the command prints a new access token. It gets PERSON, a label such as `ada-1-1795262400`, and SCOPES, the
scopes that the token must have: none, `operator` or `decisions`. The token of a person without scopes has `sub`, and an
address that is verified and that no other account uses. All addresses have the same domain, which is not a public mail
domain.

The story creates a few organizations, invites people and leaves the organizations behind, so play it where that is allowed.

With `--tokens infra/rehearsal/tokens/cognito`, the pool needs two clients for the story. The clients `portal` and `service` of
infra/cognito cannot be used: the first allows no sign-in by password, and the second cannot get the operator scope.

    people    no secret; allows ALLOW_ADMIN_USER_PASSWORD_AUTH
    services  a secret; the flow client_credentials; the operator and the decisions scope

infra/cognito/README.md (Playing the story) creates them and sets the variables that the command reads. In another pool, the
clients may have other names, and so may the scopes: OPERATOR_SCOPE and DECISIONS_SCOPE name them. If the pool requires a second
factor, or its clients must have secrets, write a command of your own.

The story skips what only an emulator can show: what the clean-up does days later, and the mails.
"""

import argparse
import base64
import json
import os
import shlex
import subprocess
import sys
import time
import urllib.parse

from client import Response, connect, fetch
from story import expect, story

SKIPPED = (
    "the clean-up after days (expired invitations, interrupted role deletions)",
    "mails, and events on the bus",
    "the removal of permissions and authorizers",
)


class Deployment:
    """A deployed API."""

    emulated = False
    patience = 20

    def __init__(self, url):
        self.public_url = url.rstrip("/")
        self.base_path = urllib.parse.urlsplit(self.public_url).path

    def call(self, method, path, token=None, body=None, **headers_by_name):
        """Sends one request. Underscores in the names of headers become hyphens."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        headers |= {name.replace("_", "-"): value for name, value in headers_by_name.items()}
        connection = connect(self.public_url)
        connection.request(method, self.base_path + path, body, headers)
        response = Response(connection.getresponse())
        connection.close()
        return response

    def fetch(self, url):
        return fetch(url)


class Tokens:
    """People whose tokens a command prints."""

    def __init__(self, command):
        self._command = shlex.split(command)
        self._run = int(time.time())

    def person(self, label, _audience, scope=""):
        environment = os.environ | {"PERSON": f"{label}-{self._run}", "SCOPES": scope}
        token = subprocess.run(self._command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        claims = claims_of(token)
        return claims["sub"], claims.get("email", ""), token


def claims_of(token):
    """The claims of a token. The API verifies it, not this program."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def answers_without_a_token(deployment):
    """Requests without a valid token are refused, and the metadata names the URL."""
    for token in (None, "e30.e30.e30"):
        response = deployment.call("GET", "/v1/me", token)
        if response.status != 401:
            raise AssertionError(f"expected 401, not {response}")
    path = "/.well-known/authzen-configuration"
    expect(deployment.call("GET", path), 200, policy_decision_point=deployment.public_url)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="the URL of the API, with its base path")
    parser.add_argument("--tokens", help="a command that prints an access token")
    arguments = parser.parse_args()

    deployment = Deployment(arguments.url)
    try:
        answers_without_a_token(deployment)
        if arguments.tokens:
            story(deployment, Tokens(arguments.tokens))
    except AssertionError as failure:
        sys.exit(f"FAILED  {failure}")
    shown = "every route responded" if arguments.tokens else "requests without a token were answered"
    print(f"{deployment.public_url}: {shown} as expected")
    for skipped in SKIPPED if arguments.tokens else ("all routes with a token", *SKIPPED):
        print(f"not shown  {skipped}")


if __name__ == "__main__":
    main()
