"""The optional user pool: two deployments give a working whole.

Deploys `infra/cognito/template.yaml`, and the main template again with the outputs of the pool as its parameters. People
sign in on the pool's pages, a service by its secret, and all of them call the API with the tokens that they get.
"""

import base64
import copy
import hashlib
import json
import secrets
import urllib.parse

from story import expect, question

CALLBACK = "https://portal.example.com/signed-in"
PASSWORD = "Correct-Horse-7-Staple"
# The outputs that are parameters of the main template.
SHARED = ("Issuer", "Audience", "ScopeClaim", "OperatorScope", "DecisionsScope")


def sign_in_and_call(stack, template):
    parameters = {"DomainPrefix": "acme-portal", "CallbackUrls": CALLBACK, "LogoutUrls": "https://portal.example.com/"}
    outputs, identity = stack.deploy_identity(_adapted(template), **parameters)
    api = stack.deploy_again("rolecall-cognito", **{name: outputs[name] for name in SHARED})
    pool = Pool(api, identity, outputs)

    ada, ben = pool.person("ada"), pool.person("ben")
    org = expect(ada.post("/v1/organizations", {"name": "Acme"}), 201)["id"]
    expect(ada.get("/v1/me"), 200, email=ada.email, email_verified=True, name="Ada", operator=False)
    path = f"/v1/organizations/{org}"
    invitation = expect(ada.post(f"{path}/invitations", {"email": ben.email, "role_id": "admin"}), 201)["id"]
    expect(ben.post(f"{path}/invitations/{invitation}/accept"), 200)
    # The ID token names the same person.
    expect(ada.with_token(ada.id_token).get("/v1/me"), 200, user_id=ada.id, email=ada.email)

    eve = pool.person("eve", email_verified="false")
    expect(eve.get("/v1/me/invitations"), 403, type="/problems/email-not-verified")

    operators = "/v1/operator/organizations"
    expect(pool.person("staff", groups=["operators"]).get(operators), 200)
    expect(ada.get(operators), 403)
    pool.refuses_scope(outputs["OperatorScope"])

    service = pool.service()
    decision = question(ada, "license_management.edit_license_notes", org)
    expect(service.post("/access/v1/evaluation", decision), 200, decision=True)
    expect(ben.post("/access/v1/evaluation", decision), 403, type="/problems/decisions-scope-required")
    expect(service.get(operators), 403)


def _adapted(template):
    """The template without the parts that the emulator lacks. It has no metric math for the alarm."""
    template = copy.deepcopy(template)
    del template["Resources"]["SignInPages"], template["Resources"]["PreTokenErrors"]
    return template


class Caller:
    """The bearer of a token of the pool."""

    def __init__(self, api, token, **claims):
        self._api, self._token = api, token
        self.__dict__ |= claims

    def with_token(self, token):
        return Caller(self._api, token)

    def get(self, path):
        return self._api.call("GET", path, self._token)

    def post(self, path, body=None):
        return self._api.call("POST", path, self._token, body)


class Pool:
    """The user pool, its pages, and the accounts in it."""

    def __init__(self, api, identity, outputs):
        self._api, self._identity = api, identity
        self._pool, self._portal, self._service = (
            outputs[name] for name in ("UserPoolId", "PortalClientId", "ServiceClientId")
        )

    def person(self, name, email_verified="true", groups=()):
        """A new account that signs in with its password."""
        email = f"{name}@example.com"
        attributes = {"email": email, "email_verified": email_verified, "name": name.title()}
        user = self._identity.admin_create_user(
            UserPoolId=self._pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
        )["User"]
        account = {"UserPoolId": self._pool, "Username": user["Username"]}
        self._identity.admin_set_user_password(**account, Password=PASSWORD, Permanent=True)
        for group in groups:
            self._identity.admin_add_user_to_group(**account, GroupName=group)
        [sub] = [it["Value"] for it in user["Attributes"] if it["Name"] == "sub"]
        tokens = self._sign_in(email)
        return Caller(self._api, tokens["access_token"], id=sub, email=email, id_token=tokens["id_token"])

    def service(self):
        """The service's client, with a token for its secret."""
        found = self._identity.describe_user_pool_client(UserPoolId=self._pool, ClientId=self._service)
        secret = found["UserPoolClient"]["ClientSecret"]
        basic = base64.b64encode(f"{self._service}:{secret}".encode()).decode()
        form = {"grant_type": "client_credentials"}
        tokens = expect(self._api.post_form("/oauth2/token", form, Authorization=f"Basic {basic}"), 200)
        return Caller(self._api, tokens["access_token"])

    def refuses_scope(self, scope):
        """The portal's client gets no scope of Rolecall for a person who asks for it."""
        tokens = self._sign_in("ada@example.com", f"openid {scope}")
        if tokens and scope in _claims(tokens["access_token"])["scope"].split():
            raise AssertionError(f"the portal's client got {scope}")

    def _request(self, scope, verifier=""):
        digest = hashlib.sha256(verifier.encode()).digest()
        return {
            "client_id": self._portal,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "s",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }

    def _sign_in(self, email, scope="openid email profile"):
        """The tokens of the authorization code flow with PKCE. `None` if the pool refuses the scope."""
        verifier = secrets.token_urlsafe(48)
        request = self._request(scope, verifier)
        answer = self._api.post_form("/login", request | {"username": email, "password": PASSWORD})
        result = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["location"]).query)
        if result.get("error") == ["invalid_scope"]:
            return None
        exchange = {"grant_type": "authorization_code", "client_id": self._portal, "redirect_uri": CALLBACK}
        exchange |= {"code": result["code"][0], "code_verifier": verifier}
        return expect(self._api.post_form("/oauth2/token", exchange), 200)


def _claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
