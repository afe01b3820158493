"""Deploys `template.yaml` to an AWS emulator and tests it through API Gateway.

    rehearse.py template.yaml target/debug

Then removes each permission of each function, and the authorizer of each route, one at a time. The tests must fail
without it. A permission that the tests do not need does not belong in the template. `--share 2/5` removes the second,
seventh, twelfth ... of them.
"""

import argparse
import datetime
import json
import sys
import time
import urllib.parse
from pathlib import Path

import cognito
import transform
from issuer import Issuer
from restore import adopt_restored_table
from stack import ALLOWED_ORIGINS, SECRET, VIEWER, Emulator, Stack
from story import OPEN, Person, expect, story


sys.path.append(str(Path(__file__).resolve().parent.parent / "gradual"))
from derive import derive


def eventually(look, expected, seconds=10):
    """Calls `look` until its result contains all expected values, for at most some seconds."""
    for _ in range(4 * seconds):
        found = look()
        if expected <= set(found):
            return found
        time.sleep(0.25)
    raise AssertionError(f"expected {expected}, not {found}")


def notifications(stack, issuer):
    """Events arrive at the bus, and mails at the people concerned."""
    ada, ben, eve = (Person(stack, issuer, name) for name in ("ada", "ben", "eve"))
    org = expect(ada.post("/v1/organizations", {"name": f"Acme of {ada.id}"}), 201)["id"]
    path = f"/v1/organizations/{org}"
    body = {"email": ben.email, "role_id": "admin"}
    invitation = expect(ada.post(f"{path}/invitations", body), 201)["id"]
    eventually(lambda: stack.mails(ben.email), {f"You are invited to Acme of {ada.id}"})
    eventually(lambda: stack.published(org), {"organization.created", "invitation.created"})
    invited = expect(ada.get(f"{path}/events"), 200)["items"][0]
    eventually(lambda: stack.marks(invited["id"]), {"MAIL"})

    # The invitation shows what becomes of its mail.
    shown = lambda: [expect(ada.get(f"{path}/invitations/{invitation}"), 200)["delivery"]]
    eventually(shown, {"sent"})
    stack.report_bounce(invitation, 1)
    eventually(shown, {"bounced"})

    member = expect(ben.post(f"{path}/invitations/{invitation}/accept"), 200)["id"]
    expect(ada.post(f"{path}/transfer", {"member_id": member}), 200)
    eventually(lambda: stack.mails(ada.email), {f"You handed over Acme of {ada.id}"})
    eventually(lambda: stack.mails(ben.email), {f"You are the Super Admin of Acme of {ada.id}"})

    # A request to join is mailed to its sender and to the administrators.
    expect(ben.put(f"{path}/domains/example.com"), 200)
    expect(eve.post(f"{path}/join-requests", {}), 201)
    eventually(lambda: stack.mails(eve.email), {f"Your request to join Acme of {ada.id}"})
    eventually(lambda: stack.mails(ada.email), {f"{eve.email} asks to join Acme of {ada.id}"})

    # The next one in the same hour waits for the digest.
    fay = Person(stack, issuer, "fay")
    expect(fay.post(f"{path}/join-requests", {}), 201)
    eventually(lambda: stack.mails(fay.email), {f"Your request to join Acme of {ada.id}"})
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    stack.run_schedule("Mail", later.strftime("%Y-%m-%dT%H:%M:%SZ"))
    eventually(lambda: stack.mails(ada.email), {f"{fay.email} asks to join Acme of {ada.id}"})

    # The person who adds a service is its keeper. After the keeper leaves, the administrators get a mail.
    service = {"user_id": f"client-of-{ada.id}", "name": "Nightly sync", "role_id": "user"}
    expect(ada.post(f"{path}/service-members", service), 201)
    expect(ada.post(f"{path}/leave"), 204)
    eventually(lambda: stack.mails(ben.email), {f"Services of Acme of {ada.id} have no keeper"})


def blocked_mail(stack, issuer):
    """While the account cannot send, mail waits and events do not. What was given up can be replayed."""
    ada, ben, cy = (Person(stack, issuer, name) for name in ("ada", "ben", "cy"))
    org = expect(ada.post("/v1/organizations", {"name": f"Late of {ada.id}"}), 201)["id"]
    path = f"/v1/organizations/{org}"
    subject = f"You are invited to Late of {ada.id}"
    given_up = stack.failed_mails()
    stack.pause_mail(True)
    expect(ada.post(f"{path}/invitations", {"email": ben.email, "role_id": "user"}), 201)
    eventually(lambda: stack.published(org), {"organization.created", "invitation.created"})
    eventually(lambda: [stack.failed_mails()], {given_up + 1}, seconds=60)
    # A mail that still waits is sent as soon as that is possible.
    expect(ada.post(f"{path}/invitations", {"email": cy.email, "role_id": "user"}), 201)
    eventually(lambda: stack.published(org), {"invitation.created"})
    stack.pause_mail(False)
    eventually(lambda: stack.mails(cy.email), {subject})
    if stack.mails(ben.email):
        raise AssertionError("a mail that was given up was sent")
    stack.replay("mails")
    eventually(lambda: stack.mails(ben.email), {subject})

    # A replay of the history repeats each event, for other consumers. It sends no mail again.
    newest = expect(ada.get(f"{path}/events"), 200)["items"][0]
    event = newest["id"]
    stack.replay("events", "--organization", org)
    eventually(lambda: [len(stack.details(event))] if stack.published(org) else [], {2})
    [first, second] = stack.details(event)
    # As text, because in Python `0 == False`.
    if json.dumps(second, sort_keys=True) != json.dumps(first | {"replayed": True}, sort_keys=True):
        raise AssertionError(f"the replayed event differs: {first} {second}")

    # An event that was given up is published as if it were new. Its mail was sent, so it is not sent again.
    stack.give_up_publication(newest["at"])
    stack.replay("publications")
    eventually(lambda: [len(stack.details(event))] if stack.published(org) else [], {3})
    if stack.details(event)[2] != first or stack.failed_publications():
        raise AssertionError("the event that was given up is not published as it was")
    time.sleep(2)
    if stack.mails(cy.email) != [subject]:
        raise AssertionError("the replay sent mail")


def protected_routes(stack):
    """The routes that need a token."""
    return [route for route in stack.routes() if route["RouteKey"] not in OPEN]


def authorizers(stack, issuer):
    """API Gateway refuses every route without a token, and with a token for another audience."""
    other_audience = issuer.token("another-service", sub="eve", email="eve@example.com", email_verified=True)
    for route in protected_routes(stack):
        key = "GET /v1/nothing" if route["RouteKey"] == "$default" else route["RouteKey"]
        method, path = key.split(" ")
        for token in (None, other_audience):
            response = stack.call(method, urllib.parse.quote(path), token)
            # This body is API Gateway's: the function was not called.
            if (response.status, response.text) != (401, json.dumps({"message": "Unauthorized"})):
                raise AssertionError(f"{key} is open: {response}")


def browsers(stack, issuer):
    """Pages of the portal and of the other allowed origins can call every route; pages of other origins cannot."""
    ada = Person(stack, issuer, "ada")
    asks = {"Access_Control_Request_Method": "PATCH", "Access_Control_Request_Headers": "authorization,if-match"}
    allowed = ["access-control-allow-methods", "access-control-allow-headers"]
    for origin in ALLOWED_ORIGINS:
        for route in stack.routes():
            key = "GET /v1/nothing" if route["RouteKey"] == "$default" else route["RouteKey"]
            path = urllib.parse.quote(key.rpartition(" ")[2])
            preflight = stack.call("OPTIONS", path, Origin=origin, **asks)
            expected = {"access-control-allow-origin": origin}
            if not 200 <= preflight.status < 300 or not expected.items() <= preflight.headers.items():
                raise AssertionError(f"{route['RouteKey']}: the preflight from {origin} fails: {preflight.headers}")
            if not {"PATCH", "if-match"} <= {value for it in allowed for value in preflight.headers[it].split(",")}:
                raise AssertionError(f"{route['RouteKey']}: the preflight allows too little: {preflight.headers}")
        response = ada.get("/v1/me", Origin=origin)
        if response.headers.get("access-control-allow-origin") != origin:
            raise AssertionError(f"a page of {origin} cannot read the response: {response.headers}")
        if "etag" not in response.headers.get("access-control-expose-headers", ""):
            raise AssertionError(f"a page of {origin} cannot read ETag: {response.headers}")
    for response in (
        stack.call("OPTIONS", "/v1/me", Origin="https://evil.example", **asks),
        ada.get("/v1/me", Origin="https://evil.example"),
    ):
        if "access-control-allow-origin" in response.headers:
            raise AssertionError(f"a page of any origin can call the API: {response.headers}")


def proxy(stack, issuer):
    """Behind a proxy, a request to the API itself is refused, whatever address it claims."""
    ada = Person(stack, issuer, "ada")
    expect(ada.get("/v1/me"), 200)
    for forged in ({}, {"CloudFront_Viewer_Address": VIEWER}, {"X_Origin_Verify": "guess", "CloudFront_Viewer_Address": VIEWER}):
        expect(stack.call_directly("GET", "/v1/me", ada.token, **forged), 403, type="/problems/not-through-proxy")
    secret = {"X_Origin_Verify": SECRET, "CloudFront_Viewer_Address": VIEWER}
    expect(stack.call_directly("GET", "/v1/me", ada.token, **secret), 200)


def fails(test, stack, issuer):
    """Whether a test fails."""
    try:
        test(stack, issuer)
    except (AssertionError, KeyError, TypeError, ValueError):
        return True
    return False


def unneeded_permissions(stack, issuer, log, share):
    """The permissions of the share without which the tests succeed."""
    permissions = list(stack.permissions())[share]
    unneeded = []
    for permission in permissions:
        with permission:
            if not fails(notifications if permission.is_of_delivery else story, stack, issuer):
                unneeded.append(permission)
    log(f"{len(permissions)} permissions removed in turn, {len(permissions) - len(unneeded)} are needed")
    return unneeded


def unneeded_authorizers(stack, issuer, log, share):
    """The authorizers of the share, and the scope, without which the tests succeed."""
    unneeded = []
    protected = protected_routes(stack)
    routes = protected[share]
    for route in routes:
        stack.change_route(route, AuthorizationType="NONE")
        if not fails(authorizers, stack, issuer):
            unneeded.append(f"the authorizer of {route['RouteKey']}")
        stack.change_route(route, AuthorizationType="JWT", AuthorizerId=route["AuthorizerId"])
    log(f"{len(routes)} authorizers removed in turn")

    scoped = [route for route in protected if route.get("AuthorizationScopes")]
    [route] = [route for route in scoped if route["RouteKey"] == "GET /v1/operator/organizations"]
    stack.change_route(route, AuthorizationScopes=[])
    if not fails(story, stack, issuer):
        unneeded.append(f"the scope of {route['RouteKey']}")
    stack.change_route(route, AuthorizationScopes=route["AuthorizationScopes"])
    log("one scope removed")
    return unneeded


def adopted_table_has_the_data(stack, issuer):
    """The stack serves what was written before a restoration, from the restored table alone, and publishes changes to it."""
    ada = Person(stack, issuer, "ada")
    org = expect(ada.post("/v1/organizations", {"name": f"Acme of {ada.id}"}), 201)["id"]
    old, _ = adopt_restored_table(stack, stack.emulator, stack.template)
    stack.emulator.client("dynamodb").update_table(TableName=old, DeletionProtectionEnabled=False)
    stack.emulator.client("dynamodb").delete_table(TableName=old)
    path = f"/v1/organizations/{org}"
    expect(ada.get(path), 200, id=org)
    expect(ada.patch(path, {"website": "https://acme.example"}), 200)
    eventually(lambda: stack.published(org), {"organization.updated"})


def scopes_in_another_claim(stack, issuer):
    """Where the gateway cannot read the scopes, it still verifies the token, and the function checks the scope."""
    other = stack.deploy_again("rolecall-permissions", ScopeClaim="permissions")
    path = "/v1/operator/organizations"
    operator_routes = [route for route in other.routes() if path in route["RouteKey"]]
    for route in operator_routes:
        if route["AuthorizationType"] != "JWT" or route.get("AuthorizationScopes"):
            raise AssertionError(f"the route has another authorization: {route}")
    expect(other.call("GET", path), 401)
    expect(Person(other, issuer, "staff", permissions=["operator"]).get(path), 200)
    for claims in ({}, {"scope": "operator"}, {"permissions": ["operators"]}):
        refused = Person(other, issuer, "eve", **claims).get(path)
        expect(refused, 403, type="/problems/operator-scope-required")


def rehearse(stack, issuer, pool, log, share):
    """Runs the tests, then the share of the removals, if any. Returns the parts of the template that the tests do not need."""
    log(f"deployed: {len(stack.resources)} resources, {len(stack.routes())} routes")
    authorizers(stack, issuer)
    log("every route refuses requests without a valid token")
    browsers(stack, issuer)
    log("pages of the allowed origins can call every route")
    story(stack, issuer)
    log("every route responds as expected")
    notifications(stack, issuer)
    log("mails and events arrived")
    blocked_mail(stack, issuer)
    log("mail waited while events did not, and was replayed")
    if pool:
        scopes_in_another_claim(stack, issuer)
        log("with scopes in another claim, the functions check them")
        cognito.sign_in_and_call(stack, transform.read(pool))
        log("people and services of the user pool are served")
    eventually(stack.metrics, {"requests", "refusals", "database_ms", "invitation.accepted", "due_items", "mails_sent"})
    log("the log lines carry the metrics")
    adopted_table_has_the_data(stack, issuer)
    log("the stack has adopted a restored table")
    if not share:
        return []
    unneeded = unneeded_permissions(stack, issuer, log, share) + unneeded_authorizers(stack, issuer, log, share)
    story(stack, issuer)
    log("with everything restored, every route responds as expected")
    return unneeded


def share_of_removals(text):
    """The slice of `2/5`: every fifth, from the second on."""
    number, _, count = text.partition("/")
    number, count = int(number), int(count)
    if not 1 <= number <= count:
        raise argparse.ArgumentTypeError(f"{text} is not between 1/{count} and {count}/{count}")
    return slice(number - 1, None, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("template", type=Path)
    parser.add_argument("binaries", type=Path, help="the directory with a binary for each function")
    parser.add_argument("--log", type=Path, default=Path("target/rehearsal.log"), help="the log of the emulator")
    parser.add_argument(
        "--everything", action="store_true", help="deploy aliases, a custom domain, a proxy and a key; no removals"
    )
    parser.add_argument("--no-removals", action="store_true", help="run the tests only")
    parser.add_argument("--share", type=share_of_removals, default="1/1", help="a share of the removals, such as 2/5")
    arguments = parser.parse_args()

    start = time.monotonic()
    log = lambda text: print(f"{time.monotonic() - start:6.1f}s  {text}", flush=True)
    issuer = Issuer()
    emulator = Emulator(arguments.log)
    try:
        template = transform.read(arguments.template)
        if arguments.everything:
            template = derive(template)
        stack = Stack(emulator, template, arguments.binaries, issuer, arguments.everything)
        pool = None if arguments.everything else arguments.template.parent / "infra/cognito/template.yaml"
        share = None if arguments.no_removals or arguments.everything else arguments.share
        unneeded = rehearse(stack, issuer, pool, log, share)
        if arguments.everything:
            proxy(stack, issuer)
            log("only the proxy can reach the API")
    finally:
        emulator.stop()
    for part in unneeded:
        print(f"NOT NEEDED  {part}")
    sys.exit(1 if unneeded else 0)


if __name__ == "__main__":
    main()
