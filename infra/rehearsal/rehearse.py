"""The dress rehearsal: deploys `template.yaml` to an AWS emulator and plays a story through its API Gateway.

    rehearse.py template.yaml target/debug

Then takes away, one at a time, every permission of every function, and every route's authorizer, and asks that the
story notices: what nobody misses should not be in the template.
"""

import argparse
import datetime
import itertools
import json
import sys
import time
import urllib.parse
from pathlib import Path

import transform
from issuer import Issuer
from stack import AUDIENCE, Emulator, Stack

performances = itertools.count(1)

# The one route that needs no token: it tells where decisions are made.
OPEN = "GET /.well-known/authzen-configuration"


def expect(answer, status, /, **members):
    """The answer has that status, and these members in its body."""
    if answer.status != status:
        raise AssertionError(f"expected {status}, not {answer}")
    for name, value in members.items():
        if answer.body.get(name) != value:
            raise AssertionError(f"expected {name} to be {value!r} in {answer}")
    return answer.body


class Person:
    """Somebody with a token; new ones in every performance."""

    def __init__(self, stack, issuer, name, audience=AUDIENCE, **claims):
        performance = next(performances)
        self.id, self.email = f"{name}-{performance}", f"{name}-{performance}@example.com"
        self._stack = stack
        self._token = issuer.token(
            audience, sub=self.id, email=self.email, email_verified=True, name=name.title(), **claims
        )

    def get(self, path):
        return self._stack.call("GET", path, self._token)

    def post(self, path, body=None):
        return self._stack.call("POST", path, self._token, body)

    def patch(self, path, body, **headers):
        return self._stack.call("PATCH", path, self._token, body, **headers)

    def put(self, path, body=None, **headers):
        return self._stack.call("PUT", path, self._token, body, **headers)

    def delete(self, path, **headers):
        return self._stack.call("DELETE", path, self._token, **headers)


def question(person, action, organization):
    """May that person do this there? Searches leave aside what they do not want to know."""
    return {
        "subject": {"type": "user", "id": person.id},
        "action": {"name": action},
        "resource": {"type": "organization", "id": organization},
    }


def story(stack, issuer):
    """Founding, inviting, accepting, listing, transferring, cleaning up; every function has its part."""
    ada, ben, cy, dan = (Person(stack, issuer, name) for name in ("ada", "ben", "cy", "dan"))
    staff = Person(stack, issuer, "staff", scope="operator")

    # Ada founds an organization.
    created = ada.post("/v1/organizations", {"name": f"Acme of {ada.id}"})
    org = expect(created, 201, super_admin_user_id=ada.id)["id"]
    here = f"/v1/organizations/{org}"
    assert created.headers["location"] == here, created.headers
    expect(ada.get(here), 200, id=org)
    expect(ada.patch(here, {"name": f"Acme & Co. of {ada.id}"}), 200)
    assert expect(ada.get("/v1/me"), 200)["user_type"] == "organization"
    expect(ada.get(f"{here}/permissions"), 200)
    expect(ben.get(here), 404)

    # She invites three people, and thinks better of one.
    invite = lambda person, **more: expect(
        ada.post(f"{here}/invitations", {"email": person.email, "role_id": "admin"} | more), 201, status="pending"
    )["id"]
    for_ben, for_cy, for_dan = invite(ben), invite(cy), invite(dan)
    expect(ada.post(f"{here}/invitations/{for_cy}/resend"), 200, send_count=2)
    expect(ada.get(f"{here}/invitations/{for_cy}"), 200, email=cy.email)
    pending = {invitation["id"] for invitation in expect(ada.get(f"{here}/invitations"), 200)["items"]}
    assert pending == {for_ben, for_cy, for_dan}, pending
    expect(ada.delete(f"{here}/invitations/{for_dan}"), 204)

    # A list has an outcome for each.
    several = [{"email": dan.email, "role_id": "user"}, {"email": cy.email, "role_id": "user"}]
    outcomes = expect(ada.post(f"{here}/invitations/batch", {"invitations": several}), 200)["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [201, 409], outcomes
    expect(ada.delete(f"{here}/invitations/{outcomes[0]['invitation']['id']}"), 204)

    # Ben accepts, Cy does not.
    mine = expect(ben.get("/v1/me/invitations"), 200)["items"]
    assert [invitation["id"] for invitation in mine] == [for_ben], mine
    expect(ben.get(f"{here}/invitations/{for_ben}/mine"), 200)
    expect(cy.post(f"{here}/invitations/{for_ben}/accept"), 404)
    expect(ben.post(f"{here}/invitations/{for_ben}/accept"), 200, user_id=ben.id, role_id="admin")
    expect(cy.post(f"{here}/invitations/{for_cy}/decline"), 204)
    listed = {member["email"] for member in expect(ada.get(f"{here}/members"), 200)["items"]}
    assert listed == {ada.email, ben.email}, listed

    # Her domain's people may ask to join: Eve is let in, Fay is not, and Gil thinks better of it.
    expect(ada.put(f"{here}/domains/example.com"), 200, domain="example.com")
    [approved] = expect(ada.get(f"{here}/domains"), 200)["items"]
    assert approved["added_by"] == ada.id, approved
    eve, fay, gil = (Person(stack, issuer, name) for name in ("eve", "fay", "gil"))
    joinable = [one["id"] for one in expect(eve.get("/v1/me/joinable-organizations?limit=100"), 200)["items"]]
    assert org in joinable, joinable
    ask = lambda person: expect(person.post(f"{here}/join-requests", {"comment": "Hello"}), 201)["id"]
    from_eve, from_fay, _ = ask(eve), ask(fay), ask(gil)
    expect(gil.delete(f"{here}/join-requests/mine"), 204)
    asked = [request["id"] for request in expect(ada.get(f"{here}/join-requests"), 200)["items"]]
    assert asked == [from_eve, from_fay], asked
    expect(ada.post(f"{here}/join-requests/{from_eve}/approve", {"role_id": "user"}), 200, source="join_request")
    expect(ada.post(f"{here}/join-requests/{from_fay}/decline"), 204)
    expect(ada.delete(f"{here}/members/{eve.id}"), 204)
    expect(ada.delete(f"{here}/domains/example.com"), 204)

    # Somebody is told when it burns; and who looks in comes from somewhere.
    expect(ada.put(f"{here}/critical-alert-users/{ben.email}"), 200, email=ben.email)
    expect(ada.get(f"{here}/critical-alert-users"), 200)
    expect(ada.delete(f"{here}/critical-alert-users/{ben.email}"), 204)
    open_to_all = {"require_mfa": False, "max_session_minutes": None, "allowed_networks": [], "event_retention_days": 90}
    expect(ada.put(f"{here}/security", open_to_all), 200)
    expect(ada.get(f"{here}/security"), 200, event_retention_days=90)
    expect(ada.put(f"{here}/security", open_to_all | {"require_mfa": True}), 409)
    expect(ada.put(f"{here}/security", open_to_all | {"allowed_networks": ["203.0.113.0/24"]}), 409)

    # A role is made, held, and no longer needed.
    objects = expect(ada.get(f"{here}/role-objects"), 200)
    assert objects, objects
    role = expect(ada.post(f"{here}/roles", {"name": "Registrar", "permissions": {}}), 201)["id"]
    expect(ada.patch(f"{here}/roles/{role}", {"name": "Recorder"}), 200, name="Recorder")
    expect(ada.get(f"{here}/roles"), 200)
    expect(ada.get(f"{here}/roles/{role}"), 200, users={"active": 0, "pending": 0})
    expect(ada.patch(f"{here}/members/{ben.id}", {"role_id": role}), 200, role_id=role)
    expect(ada.get(f"{here}/members/{ben.id}"), 200, role_name="Recorder")
    expect(ada.delete(f"{here}/roles/{role}"), 409)
    by_role = expect(ada.get(f"{here}/members?role_id={role}"), 200)["items"]
    assert [member["user_id"] for member in by_role] == [ben.id], by_role
    by_name = expect(ada.get(f"{here}/members?role_id={role}&q=rec"), 200)["items"]
    assert [member["user_id"] for member in by_name] == [ben.id], by_name
    expect(ada.delete(f"{here}/roles/{role}?reassign_to=admin"), 204)
    expect(ada.get(f"{here}/members/{ben.id}"), 200, role_id="admin")
    role = expect(ada.post(f"{here}/roles", {"name": "Recorder"}), 201)["id"]
    expect(ada.delete(f"{here}/roles/{role}"), 204)

    # Below it, another organization.
    expect(staff.patch(f"/v1/operator/organizations/{org}", {"manage_sub_organizations": True}), 200)
    below = expect(ada.post(f"{here}/sub-organizations", {"name": "Works"}), 201, parent_id=org)["id"]
    known = expect(ada.get(f"{here}/sub-organizations"), 200)["items"]
    assert [organization["id"] for organization in known] == [below], known
    everywhere = f"{here}/members?scope=subtree"
    expect(ada.get(everywhere), 200)
    as_admin = "role_id=admin"
    for query in (
        "sort=-joined_at", f"{as_admin}&sort=joined_at", f"q={ben.email}", f"{as_admin}&q={ben.email}", "q=adm&match=contains"
    ):
        found = expect(ada.get(f"{everywhere}&{query}"), 200)["items"]
        assert ben.email in [member["email"] for member in found], (query, found)
    known = expect(ada.get(f"{here}/roles?scope=subtree&q=super"), 200)["items"]
    assert [role["organization_id"] for role in known] == [org, below], known
    branch = f"/v1/organizations/{below}"
    found = expect(ada.get(f"{branch}/members?scope=subtree&q=ada"), 200)["items"]
    assert [member["user_id"] for member in found] == [ada.id], found
    known = expect(ada.get(f"{branch}/roles?scope=subtree&q=super"), 200)["items"]
    assert [role["organization_id"] for role in known] == [below], known
    link = expect(ada.get(f"{here}/members/export?scope=subtree"), 303)["url"]
    file = stack.fetch(link)
    if file.status != 200 or not file.bytes.startswith(b"PK"):
        raise AssertionError(f"no file: {file.status}")
    expect(ada.get(f"{here}/sub-organizations?depth=all"), 200)
    empty = {"name": "Yard", "parent": org}
    yard = expect(staff.post("/v1/operator/organizations", empty), 201, super_admin_user_id=None)["id"]

    # Other services ask who may do what.
    service = Person(stack, issuer, "service", scope="decisions")
    licenses = "license_management_sub_organizations.view_active_licenses"
    decide = "/access/v1/evaluation"
    expect(ada.post(decide, question(ada, "license_management.edit_license_notes", org)), 200, decision=True)
    expect(ben.post(decide, question(ada, "license_management.open_page", org)), 403)
    expect(service.post(decide, question(ben, licenses, yard)), 200, decision=True)
    expect(service.post(decide, question(ben, "license_management.open_page", yard)), 200, decision=False)
    batch = question(cy, licenses, yard) | {"evaluations": [{}, {"subject": {"type": "user", "id": ben.id}}]}
    batch = expect(service.post(f"{decide}s", batch), 200)["evaluations"]
    assert [one["decision"] for one in batch] == [False, True], batch
    find = lambda what, person, action, place: [
        one.get("id", one.get("name"))
        for one in expect(service.post(f"/access/v1/search/{what}", question(person, action, place)), 200)["results"]
    ]
    assert set(find("subject", cy, "user_management.invite", org)) == {ada.id, ben.id}
    assert set(find("resource", ben, licenses, org)) == {org, below, yard}
    assert licenses in find("action", ben, licenses, yard)
    expect(stack.call(*OPEN.split(" "), None), 404)  # Not in a deployment that does not know where it is.
    expect(ben.post(f"/v1/organizations/{yard}/join"), 200, role_id="super_admin")
    expect(ada.post(f"/v1/organizations/{yard}/join"), 409)

    # Cy comes after all, and goes again.
    again = expect(ada.post(f"{here}/invitations", {"email": cy.email, "role_id": "user"}), 201)["id"]
    expect(cy.post(f"{here}/invitations/{again}/accept"), 200)
    expect(ada.delete(f"{here}/members/{cy.id}"), 204)

    # Ada hands over and leaves.
    expect(ada.post(f"{here}/transfer", {"user_id": ben.id}), 200, super_admin_user_id=ben.id)
    expect(ada.post(f"{here}/transfer", {"user_id": ben.id}), 403)
    expect(ada.post(f"{here}/leave"), 204)
    expect(ada.get(here), 404)

    # What expires is cleaned up, once.
    short = expect(
        ben.post(f"{here}/invitations", {"email": dan.email, "role_id": "user", "expires_in_days": 1}), 201
    )["id"]
    now = datetime.datetime.now(datetime.timezone.utc)
    at = lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    stack.scheduled(at(now))
    expect(ben.get(f"{here}/invitations/{short}"), 200)
    stack.scheduled(at(now + datetime.timedelta(days=2)))
    expect(ben.get(f"{here}/invitations/{short}"), 404)
    stack.scheduled(at(now + datetime.timedelta(days=2)))

    # All of it is on record.
    events = expect(ben.get(f"{here}/events?limit=100"), 200)["items"]
    actions = [event["action"] for event in events]
    added = expect(ben.get(f"{here}/events?action=member.added"), 200)["items"]
    assert [event["target"]["id"] for event in added] == [eve.id], added
    for action in ("invitation.accepted", "super_admin.transferred", "member.left"):
        assert action in actions, (action, actions)
    assert actions.count("invitation.expired") == 1, actions
    expect(ben.get(f"{here}/events/{events[0]['id']}"), 200, action=events[0]["action"])

    # An operator creates an organization for its first Admin.
    expect(ada.get("/v1/operator/organizations"), 403, message="Forbidden")
    made = expect(
        staff.post(
            "/v1/operator/organizations",
            {"name": f"Globex of {dan.id}", "kind": "standard", "first_admin_email": dan.email},
        ),
        201,
    )["id"]
    expect(staff.get("/v1/operator/organizations"), 200)
    expect(staff.get(f"/v1/operator/organizations/{made}"), 200, id=made)
    expect(staff.post(f"/v1/operator/organizations/{made}/first-admin", {"email": cy.email}), 201)
    expect(staff.post(f"/v1/operator/organizations/{made}/first-admin", {"email": dan.email}), 201)
    [first] = expect(dan.get("/v1/me/invitations"), 200)["items"]
    expect(dan.post(f"/v1/organizations/{made}/invitations/{first['id']}/accept"), 200, user_id=dan.id)
    expect(dan.get(f"/v1/organizations/{made}"), 200, super_admin_user_id=dan.id)

    # A partner works for a customer, and then no longer.
    partner = {"name": f"Partner of {dan.id}", "kind": "partner", "first_admin_email": dan.email}
    partner = expect(staff.post("/v1/operator/organizations", partner), 201)["id"]
    customers = f"/v1/operator/organizations/{partner}/customers"
    expect(staff.put(f"{customers}/{made}", {"preferred": True}), 200, preferred=True)
    linked = expect(staff.get(customers), 200)["items"]
    assert [link["customer_id"] for link in linked] == [made], linked
    [theirs] = expect(dan.get("/v1/me/invitations"), 200)["items"]
    expect(dan.post(f"/v1/organizations/{partner}/invitations/{theirs['id']}/accept"), 200)
    customers_licenses = "license_management_customer_organizations.view_active_licenses"
    assert set(find("resource", dan, customers_licenses, made)) == {partner, made}
    expect(staff.delete(f"{customers}/{made}"), 204)
    # What is changed is what was seen.
    partners = {"name": f"Initech of {dan.id}", "kind": "partner", "first_admin_email": dan.email}
    partner = expect(staff.post("/v1/operator/organizations", partners), 201)["id"]
    expect(staff.patch(f"/v1/operator/organizations/{partner}", {"manage_sub_organizations": True}), 200)
    branch = {"name": "Branch", "parent": partner}
    branch = expect(staff.post("/v1/operator/organizations", branch), 201)["id"]
    seen = staff.get(f"/v1/operator/organizations/{branch}").headers["etag"]
    on = lambda tag: staff.patch(f"/v1/operator/organizations/{branch}", {"mdf_program": True}, if_match=tag)
    expect(on('"else"'), 412)
    expect(on(seen), 200)
    expect(on(seen), 412)

    # Whom nobody waits for any longer is not waited for.
    late = Person(stack, issuer, "late")
    missed = {"name": "Docks", "parent": org, "first_admin_email": late.email}
    expect(staff.post("/v1/operator/organizations", missed), 201)
    assert len(expect(late.get("/v1/me/invitations"), 200)["items"]) == 1
    stack.scheduled(at(now + datetime.timedelta(days=8)))
    assert expect(late.get("/v1/me/invitations"), 200)["items"] == []

    # Nothing else is there.
    expect(ben.get("/v1/nothing"), 404)


def soon(look, wanted):
    """What is wanted comes by itself, within some seconds."""
    for _ in range(40):
        found = look()
        if wanted <= set(found):
            return found
        time.sleep(0.25)
    raise AssertionError(f"expected {wanted}, not {found}")


def post(stack, issuer):
    """What happens is told: to people by mail, and to the bus."""
    ada, ben, eve = (Person(stack, issuer, name) for name in ("ada", "ben", "eve"))
    org = expect(ada.post("/v1/organizations", {"name": f"Acme of {ada.id}"}), 201)["id"]
    here = f"/v1/organizations/{org}"
    offer = {"email": ben.email, "role_id": "admin"}
    invitation = expect(ada.post(f"{here}/invitations", offer), 201)["id"]
    soon(lambda: stack.mails(ben.email), {f"You are invited to Acme of {ada.id}"})
    soon(lambda: stack.heard(org), {"organization.created", "invitation.created"})
    invited = expect(ada.get(f"{here}/events"), 200)["items"][0]
    soon(lambda: stack.marks(invited["id"]), {"MAIL"})

    expect(ben.post(f"{here}/invitations/{invitation}/accept"), 200)
    expect(ada.post(f"{here}/transfer", {"user_id": ben.id}), 200)
    soon(lambda: stack.mails(ada.email), {f"You handed over Acme of {ada.id}"})
    soon(lambda: stack.mails(ben.email), {f"You are the Super Admin of Acme of {ada.id}"})

    # A request to join reaches those who decide.
    expect(ben.put(f"{here}/domains/example.com"), 200)
    expect(eve.post(f"{here}/join-requests", {}), 201)
    soon(lambda: stack.mails(eve.email), {f"Your request to join Acme of {ada.id}"})
    soon(lambda: stack.mails(ada.email), {f"{eve.email} asks to join Acme of {ada.id}"})
def locked(stack):
    """The routes that need a token."""
    return [route for route in stack.routes() if route["RouteKey"] != OPEN]


def gate(stack, issuer):
    """No route answers without a token, or with one that was meant for somebody else."""
    stranger = issuer.token("another-service", sub="eve", email="eve@example.com", email_verified=True)
    for route in locked(stack):
        key = "GET /v1/nothing" if route["RouteKey"] == "$default" else route["RouteKey"]
        method, path = key.split(" ")
        for token in (None, stranger):
            answer = stack.call(method, urllib.parse.quote(path), token)
            # The gateway's own words: the function was not even asked.
            if (answer.status, answer.text) != (401, json.dumps({"message": "Unauthorized"})):
                raise AssertionError(f"{key} is open: {answer}")


def fails(scene, stack, issuer):
    """Whether, and how, the scene notices that something is wrong."""
    try:
        scene(stack, issuer)
    except (AssertionError, KeyError, TypeError, ValueError) as noticed:
        return str(noticed) or repr(noticed)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("template", type=Path)
    parser.add_argument("binaries", type=Path, help="the directory with a binary for each function")
    parser.add_argument("--log", type=Path, default=Path("target/rehearsal.log"), help="where the emulator writes")
    parser.add_argument("--no-controls", action="store_true", help="only the story")
    arguments = parser.parse_args()

    begun = time.monotonic()
    told = lambda text: print(f"{time.monotonic() - begun:6.1f}s  {text}", flush=True)
    issuer = Issuer()
    emulator = Emulator(arguments.log)
    try:
        stack = Stack(emulator, transform.read(arguments.template), arguments.binaries, issuer)
        told(f"deployed: {len(stack.resources)} resources, {len(stack.routes())} routes")
        gate(stack, issuer)
        told("no route answers without a token, or with another's")
        story(stack, issuer)
        told("the story ends well")
        post(stack, issuer)
        told("mails and events have arrived")
        missed = [] if arguments.no_controls else controls(stack, issuer, told)
    finally:
        emulator.stop()
    for one in missed:
        print(f"NOT MISSED  {one}")
    sys.exit(1 if missed else 0)


def controls(stack, issuer, told):
    """What could be taken away without anybody noticing."""
    missed = []
    permissions = list(stack.permissions())
    for permission in permissions:
        with permission:
            if not fails(post if permission.tells else story, stack, issuer):
                missed.append(permission)
    told(f"{len(permissions) - len(missed)} of {len(permissions)} permissions are missed when taken away")

    routes = locked(stack)
    for route in routes:
        stack.change_route(route, AuthorizationType="NONE")
        if not fails(gate, stack, issuer):
            missed.append(f"the authorizer of {route['RouteKey']}")
        stack.change_route(route, AuthorizationType="JWT", AuthorizerId=route["AuthorizerId"])
    told(f"{len(routes)} authorizers were taken away")

    scoped = [route for route in routes if route.get("AuthorizationScopes")]
    [listing] = [route for route in scoped if route["RouteKey"] == "GET /v1/operator/organizations"]
    stack.change_route(listing, AuthorizationScopes=[])
    if not fails(story, stack, issuer):
        missed.append(f"the scope of {listing['RouteKey']}")
    stack.change_route(listing, AuthorizationScopes=listing["AuthorizationScopes"])
    told("a scope was taken away")

    story(stack, issuer)
    told("all was given back, and the story ends well again")
    return missed


if __name__ == "__main__":
    main()
