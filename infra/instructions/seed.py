"""Organizations on a local server, and the events that API Gateway would send to the functions for them."""

import json
import subprocess
import time
import urllib.parse
import urllib.request


class LocalServer:
    """The local server with an empty table in memory; its functions fill the table, its engine serves the measured ones."""

    def __init__(self, program):
        options = ["--memory", "--listen", "127.0.0.1:0", "--engine", "127.0.0.1:0"]
        self._process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        lines = {}
        for line in self._process.stdout:
            name, _, value = line.strip().partition(" ")
            lines[name] = value.split()[0] if value else ""
            if name == "engine":
                break
        self.url, self.engine = lines["API"], lines["engine"]
        self._tokens = {}

    def close(self):
        self._process.terminate()
        self._process.wait()

    def call(self, method, path, email, body=None):
        """The decoded answer to a request of the person with this address."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._token(email)}"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def _token(self, email):
        if email not in self._tokens:
            data = json.dumps({"email": email}).encode()
            with urllib.request.urlopen(f"{self.url}/local/token", data, timeout=30) as answer:
                self._tokens[email] = json.loads(answer.read())["access_token"]
        return self._tokens[email]


class Organization:
    """An organization of Ada, its Super Admin, with this many custom roles and members."""

    ADMIN = "ada@example.com"

    def __init__(self, server, custom_roles, members=0):
        self._server = server
        self.id = server.call("POST", "/v1/organizations", self.ADMIN, {"name": f"With {custom_roles} roles"})["id"]
        self.path = f"/v1/organizations/{self.id}"
        levels = {"user_management": "full_access"}
        self.roles = [
            server.call("POST", f"{self.path}/roles", self.ADMIN, {"name": f"Role {n}", "permissions": levels})["id"]
            for n in range(custom_roles)
        ]
        self.members = [self._add(n) for n in range(members)]

    def invite(self, email, role="user"):
        """The id of a new invitation."""
        offer = {"email": email, "role_id": role}
        return self._server.call("POST", f"{self.path}/invitations", self.ADMIN, offer)["id"]

    def _add(self, n):
        email = f"member-{n}@example.com"
        invitation = self.invite(email, self.roles[n % len(self.roles)])
        self._server.call("POST", f"{self.path}/invitations/{invitation}/accept", email, {})
        return email


def user_id(email):
    """The `sub` that the local issuer gives to an address."""
    return f"local|{email}"


def event(method, path, email, body=None, scope=None):
    """The event (payload format 2.0) for a request of the person with this address."""
    path, _, query = path.partition("?")
    claims = {"sub": user_id(email), "email": email, "email_verified": "true"} | ({"scope": scope} if scope else {})
    http = {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "measure"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(urllib.parse.parse_qsl(query)),
        "headers": {"content-type": "application/json", "host": "api.example.com"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "measure",
            "authorizer": {"jwt": {"claims": claims, "scopes": [scope] if scope else None}},
            "domainName": "api.example.com",
            "http": http,
            "requestId": "measure",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(time.time() * 1000),
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
