"""The steps of the rehearsal: together they call every route of the deployed stack and every function.

`rehearse.py` runs them on the emulator, `play.py` on any deployment. A stack says with `emulated` which it is: steps that
need the clock or the table of the emulator are left out elsewhere. `patience` is the time that an index may lag.
"""

import datetime
import itertools
import time
from urllib.parse import quote

from client import AUDIENCE
from ids import person_id

_runs = itertools.count(1)

# The routes that need no token: the URLs of the decision API, and preflight requests of browsers.
METADATA = "GET /.well-known/authzen-configuration"
OPEN = [METADATA, "OPTIONS /{proxy+}"]

LICENSES = "license_management_sub_organizations.view_active_licenses"
CUSTOMER_LICENSES = "license_management_customer_organizations.view_active_licenses"


def expect(response, status, /, **members):
    """Checks the status and these members of the body. Returns the body."""
    if response.status != status:
        raise AssertionError(f"expected {status}, not {response}")
    for name, value in members.items():
        if response.body.get(name) != value:
            raise AssertionError(f"expected {name} to be {value!r} in {response}")
    return response.body


class Person:
    """A user with a token. The label is unique to each run, so that runs share no data."""

    def __init__(self, stack, issuer, name, audience=AUDIENCE, **claims):
        self._stack = stack
        self.label = f"{name}-{next(_runs)}"
        self.id, self.email, self.token = issuer.person(self.label, audience, **claims)

    def get(self, path, **headers):
        return self._stack.call("GET", path, self.token, **headers)

    def post(self, path, body=None):
        return self._stack.call("POST", path, self.token, body)

    def patch(self, path, body, **headers):
        return self._stack.call("PATCH", path, self.token, body, **headers)

    def put(self, path, body=None, **headers):
        return self._stack.call("PUT", path, self.token, body, **headers)

    def delete(self, path, body=None, **headers):
        return self._stack.call("DELETE", path, self.token, body, **headers)


def question(person, action, organization):
    """The body of a decision: may the person do this in the organization? A search ignores the member that it searches for."""
    return {
        "subject": {"type": "user", "id": person.id},
        "action": {"name": action},
        "resource": {"type": "organization", "id": organization},
    }


def story(stack, issuer):
    """Runs all steps in order with new people."""
    run = Story(stack, issuer)
    run.create_organization()
    run.invite()
    run.accept_and_decline()
    run.request_to_join()
    run.end_access()
    run.change_security()
    run.manage_roles()
    run.create_sub_organization()
    run.search_subtree()
    run.export()
    run.create_organization_without_super_admin()
    run.decide()
    run.search_decisions()
    run.join_sub_organization()
    run.transfer_and_leave()
    run.expire_invitation()
    run.list_events()
    run.operate()
    run.link_partner_and_customer()
    run.match_etag()
    run.erase_person()
    run.expire_first_admin()
    run.delete_organization()
    run.migrate()
    expect(run.ben.get("/v1/nothing"), 404)


class Story:
    """The people and ids that the steps share."""

    def until(self, check):
        """The result of `check`, which is repeated while it fails and an index may lag."""
        end = time.monotonic() + self.stack.patience
        while True:
            try:
                return check()
            except (AssertionError, ValueError):
                if time.monotonic() >= end:
                    raise
                time.sleep(0.5)

    def lists(self, person, path, expected, member="id"):
        """Waits until a list has these values of a member, in this order or, for a set, in any."""

        def check():
            items = expect(person.get(path), 200)["items"]
            found = type(expected)(item[member] for item in items)
            assert found == expected, (path, expected, items)

        self.until(check)

    def __init__(self, stack, issuer):
        self.stack, self.issuer = stack, issuer
        self.ada, self.ben, self.cy, self.dan = (self.person(name) for name in ("ada", "ben", "cy", "dan"))
        self.staff = self.person("staff", scope="operator")
        self.service = self.person("service", scope="decisions")
        self.now = datetime.datetime.now(datetime.timezone.utc)

    def person(self, name, **claims):
        return Person(self.stack, self.issuer, name, **claims)

    def run_schedule(self, days):
        """Runs the clean-up with a time that is `days` from now."""
        time = self.now + datetime.timedelta(days=days)
        self.stack.run_schedule("Cleanup", time.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def create_organization(self):
        created = self.ada.post("/v1/organizations", {"name": f"Acme of {self.ada.label}"})
        organization = expect(created, 201)
        assert organization["super_admin"]["email"] == self.ada.email, organization
        self.org = organization["id"]
        self.path = f"/v1/organizations/{self.org}"
        assert created.headers["location"] == self.stack.base_path + self.path, created.headers
        expect(self.ada.get(self.path), 200, id=self.org)
        expect(self.ada.patch(self.path, {"name": f"Acme & Co. of {self.ada.label}"}), 200)
        self.until(lambda: expect(self.ada.get("/v1/me"), 200, user_type="organization"))
        expect(self.ada.get(f"{self.path}/permissions"), 200)
        expect(self.ben.get(self.path), 404)

    def _invite(self, person):
        body = {"email": person.email, "role_id": "admin"}
        return expect(self.ada.post(f"{self.path}/invitations", body), 201, status="pending")["id"]

    def invite(self):
        ada, cy, dan, invitations = self.ada, self.cy, self.dan, f"{self.path}/invitations"
        self.for_ben, self.for_cy, for_dan = self._invite(self.ben), self._invite(cy), self._invite(dan)
        resent = ada.post(f"{invitations}/{self.for_cy}/resend")
        if self.stack.emulated or resent.status != 429:  # Elsewhere, `SendingInterval` may ask for patience.
            expect(resent, 200, send_count=2)
        expect(ada.patch(f"{invitations}/{self.for_cy}", {"expires_in_days": 2}), 200, email=cy.email)
        expect(ada.get(f"{invitations}/{self.for_cy}"), 200, email=cy.email)
        self.lists(ada, invitations, {self.for_ben, self.for_cy, for_dan})
        expect(ada.delete(f"{invitations}/{for_dan}"), 204)

        # A batch has an outcome for each invitation.
        batch = [{"email": dan.email, "role_id": "user"}, {"email": cy.email, "role_id": "user"}]
        outcomes = expect(ada.post(f"{invitations}/batch", {"invitations": batch}), 200)["outcomes"]
        assert [outcome["status"] for outcome in outcomes] == [201, 409], outcomes
        expect(ada.delete(f"{invitations}/{outcomes[0]['invitation']['id']}"), 204)

    def accept_and_decline(self):
        ada, ben, cy, invitations = self.ada, self.ben, self.cy, f"{self.path}/invitations"
        self.lists(ben, "/v1/me/invitations", [self.for_ben])
        expect(ben.get(f"{invitations}/{self.for_ben}/mine"), 200)
        expect(cy.post(f"{invitations}/{self.for_ben}/accept"), 404)
        expect(ben.post(f"{invitations}/{self.for_ben}/accept"), 200, user_id=ben.id, role_id="admin")
        expect(cy.post(f"{invitations}/{self.for_cy}/decline"), 204)
        self.lists(ada, f"{self.path}/members", {ada.email, ben.email}, "email")

    def request_to_join(self):
        """Eve's request is approved, Fay's declined, and Gil cancels his."""
        ada, requests = self.ada, f"{self.path}/join-requests"
        domain = ada.email.split("@")[1]
        expect(ada.put(f"{self.path}/domains/{domain}"), 200, domain=domain)
        [approved] = expect(ada.get(f"{self.path}/domains"), 200)["items"]
        assert approved["added_by"]["email"] == ada.email, approved
        self.eve, fay, gil = (self.person(name) for name in ("eve", "fay", "gil"))

        def is_joinable():
            joinable = expect(self.eve.get("/v1/me/joinable-organizations?limit=100"), 200)["items"]
            assert self.org in [organization["id"] for organization in joinable], joinable

        self.until(is_joinable)
        request = lambda person: expect(person.post(requests, {"comment": "Hello"}), 201)["id"]
        from_eve, from_fay, _ = request(self.eve), request(fay), request(gil)
        expect(gil.get(f"{requests}/mine"), 200, status="pending")
        expect(gil.delete(f"{requests}/mine"), 204)
        self.lists(ada, requests, [from_eve, from_fay])
        expect(ada.post(f"{requests}/{from_eve}/approve", {"role_id": "user"}), 200, source="join_request")
        expect(ada.post(f"{requests}/{from_fay}/decline"), 204)
        self.lists(fay, "/v1/me/join-requests", ["declined"], "status")
        # Hal's request stays open.
        self.hal = self.person("hal")
        request(self.hal)
        # Cy declined an invitation, so only a request makes another one possible.
        cy, invitation = self.cy, {"email": self.cy.email, "role_id": "user"}
        expect(ada.post(f"{self.path}/invitations", invitation), 429)
        request(cy)
        expect(cy.delete(f"{requests}/mine"), 204)
        # An invitation ends Fay's declined request.
        for_fay = expect(ada.post(f"{self.path}/invitations", {"email": fay.email, "role_id": "user"}), 201)["id"]
        expect(fay.post(f"{self.path}/invitations/{for_fay}/accept"), 200)
        expect(ada.delete(f"{self.path}/members/{self._member(fay)}"), 204)
        self.eve_member = self._member(self.eve)
        expect(ada.delete(f"{self.path}/members/{self.eve_member}"), 204)
        # A person of any organization cannot be a service.
        body = {"user_id": fay.id, "name": "Nightly sync", "role_id": "user"}
        expect(ada.post(f"{self.path}/service-members", body), 409)
        body = {**body, "user_id": "client|sync"}
        added = expect(ada.post(f"{self.path}/service-members", body), 201, kind="service", email=None)["id"]
        expect(ada.delete(f"{self.path}/members/{added}"), 204)
        expect(ada.delete(f"{self.path}/domains/{domain}"), 204)

    def end_access(self):
        """Ivo is a member for an hour, and the clean-up of tomorrow ends his membership."""
        ada, ivo, invitations = self.ada, self.person("ivo"), f"{self.path}/invitations"
        end = (self.now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        invited = expect(ada.post(invitations, {"email": ivo.email, "role_id": "user"}), 201)["id"]
        expect(ivo.post(f"{invitations}/{invited}/accept"), 200, access_expires_at=None)
        member = f"{self.path}/members/{self._member(ivo)}"
        expect(ada.patch(member, {"access_expires_at": end}), 200, access_expires_at=end, access_expired=False)
        if not self.stack.emulated:
            return

        def has_ended():
            self.run_schedule(days=1)
            expect(ada.get(member), 404)

        self.until(has_ended)
        # His requests are of today, before the end that the former membership remembers.
        expect(ivo.get(self.path), 404)

    def change_security(self):
        ada, ben = self.ada, self.ben
        alerts = f"{self.path}/critical-alert-users"
        added = expect(ada.post(alerts, {"email": ben.email}), 201, email=ben.email)
        expect(ada.get(alerts), 200)
        expect(ada.delete(f"{alerts}/{added['id']}"), 204)
        unrestricted = {
            "require_mfa": False, "max_session_minutes": None, "allowed_networks": [], "event_retention_days": 90
        }
        security = f"{self.path}/security"
        expect(ada.put(security, unrestricted), 200)
        expect(ada.get(security), 200, event_retention_days=90)
        # Ada does not meet these restrictions herself.
        expect(ada.put(security, unrestricted | {"require_mfa": True}), 409)
        expect(ada.put(security, unrestricted | {"allowed_networks": ["203.0.113.0/24"]}), 409)
        reset = f"/v1/operator/organizations/{self.org}/security"
        expect(self.staff.delete(reset, {"reason": "They are locked out."}), 204)

    def manage_roles(self):
        ada, ben, roles, members = self.ada, self.ben, f"{self.path}/roles", f"{self.path}/members"
        assert expect(ada.get(f"{self.path}/role-objects"), 200)
        role = expect(ada.post(roles, {"name": "Registrar", "permissions": {}}), 201)["id"]
        expect(ada.patch(f"{roles}/{role}", {"name": "Recorder"}), 200, name="Recorder")
        expect(ada.get(roles), 200)
        expect(ada.get(f"{roles}/{role}"), 200, users={"active": 0, "pending": 0, "services": 0})
        member = f"{members}/{self._member(ben)}"
        expect(ada.patch(member, {"role_id": role}), 200, role_id=role)
        expect(ada.get(member), 200, role_name="Recorder")
        expect(ada.delete(f"{roles}/{role}"), 409)
        for query in (f"role_id={role}", f"role_id={role}&q=rec"):
            self.lists(ada, f"{members}?{query}", [ben.id], "user_id")
        expect(ada.delete(f"{roles}/{role}?reassign_to=admin"), 204)
        expect(ada.get(member), 200, role_id="admin")
        unused = expect(ada.post(roles, {"name": "Recorder"}), 201)["id"]
        expect(ada.delete(f"{roles}/{unused}"), 204)

        if not self.stack.emulated:
            return
        # The clean-up finishes a deletion that a request began.
        begun = expect(ada.post(roles, {"name": "Porter"}), 201)["id"]
        invitations, body = f"{self.path}/invitations", {"email": f"porter-of-{ada.email}", "role_id": begun}
        moved = expect(ada.post(invitations, body), 201)["id"]
        self.stack.begin_role_deletion(self.org, begun, ada.id)
        self.run_schedule(days=0)
        expect(ada.get(f"{roles}/{begun}"), 404)
        expect(ada.get(f"{invitations}/{moved}"), 200, role_id="user")
        expect(ada.delete(f"{invitations}/{moved}"), 204)

    def create_sub_organization(self):
        operator_path = f"/v1/operator/organizations/{self.org}"
        expect(self.staff.patch(operator_path, {"manage_sub_organizations": True}), 200)
        path = f"{self.path}/sub-organizations"
        self.works = expect(self.ada.post(path, {"name": "Works"}), 201, parent_id=self.org)["id"]
        self.lists(self.ada, path, [self.works])

    def search_subtree(self):
        ada, ben, works = self.ada, self.ben, f"/v1/organizations/{self.works}"
        everywhere = f"{self.path}/members?scope=subtree"
        expect(ada.get(everywhere), 200)
        for query in (
            "sort=-joined_at",
            "role_id=admin&sort=joined_at",
            f"q={quote(ben.email)}",
            f"role_id=admin&q={quote(ben.email)}",
            "q=adm&match=contains",
        ):

            def has_ben():
                found = expect(ada.get(f"{everywhere}&{query}"), 200)["items"]
                assert ben.email in [member["email"] for member in found], (query, found)

            self.until(has_ben)
        both = [self.org, self.works]
        self.lists(ada, f"{self.path}/roles?scope=subtree&q=super", both, "organization_id")
        self.lists(ada, f"{self.path}/events?scope=subtree&action=organization.created", both[::-1], "organization_id")
        prefix = quote(ada.email[:3])
        self.lists(ada, f"{works}/members?scope=subtree&q={prefix}", [ada.id], "user_id")
        self.lists(ada, f"{works}/roles?scope=subtree&q=super", [self.works], "organization_id")

    def export(self):
        exported = self.ada.post(f"{self.path}/member-exports", {"scope": "subtree"})
        # A small file is the response itself, unless `ExportInline` is 0.
        is_file = exported.headers["content-type"] != "application/json"
        assert not (is_file and self.stack.emulated), exported.headers
        file = exported if is_file else self.stack.fetch(expect(exported, 200)["url"])
        if file.status != 200 or not file.bytes.startswith(b"PK"):
            raise AssertionError(f"no file: {file.status}")

    def create_organization_without_super_admin(self):
        expect(self.ada.get(f"{self.path}/sub-organizations?depth=all"), 200)
        body = {"name": "Yard", "parent": self.org}
        created = self.staff.post("/v1/operator/organizations", body)
        self.yard = expect(created, 201, super_admin=None)["id"]

    def decide(self):
        ada, ben, service, path = self.ada, self.ben, self.service, "/access/v1/evaluation"
        expect(ada.post(path, question(ada, "license_management.edit_license_notes", self.org)), 200, decision=True)
        # A user may ask only about themselves.
        expect(ben.post(path, question(ada, "license_management.open_page", self.org)), 403)
        expect(service.post(path, question(ben, LICENSES, self.yard)), 200, decision=True)
        expect(service.post(path, question(ben, "license_management.open_page", self.yard)), 200, decision=False)
        batch = question(self.cy, LICENSES, self.yard)
        batch["evaluations"] = [{}, {"subject": {"type": "user", "id": ben.id}}]
        evaluations = expect(service.post(f"{path}s", batch), 200)["evaluations"]
        assert [evaluation["decision"] for evaluation in evaluations] == [False, True], evaluations
        metadata = expect(self.stack.call(*METADATA.split(" "), None), 200, policy_decision_point=self.stack.public_url)
        assert metadata["access_evaluation_endpoint"] == f"{self.stack.public_url}{path}", metadata

    def _member(self, person):
        """The id of the person's membership, as Ada sees it."""

        def find():
            [member] = expect(self.ada.get(f"{self.path}/members?user_id={quote(person.id)}"), 200)["items"]
            return member["id"]

        return self.until(find)

    def _search(self, kind, person, action, organization):
        body = question(person, action, organization)
        results = expect(self.service.post(f"/access/v1/search/{kind}", body), 200)["results"]
        return {result.get("id", result.get("name")) for result in results}

    def _finds(self, kind, person, action, organization, expected):
        """Waits until a search has exactly these results."""

        def check():
            found = self._search(kind, person, action, organization)
            assert found == expected, (kind, expected, found)

        self.until(check)

    def search_decisions(self):
        self._finds("subject", self.cy, "user_management.invite", self.org, {self.ada.id, self.ben.id})
        self._finds("resource", self.ben, LICENSES, self.org, {self.org, self.works, self.yard})
        assert LICENSES in self._search("action", self.ben, LICENSES, self.yard)

    def join_sub_organization(self):
        expect(self.ben.post(f"/v1/organizations/{self.yard}/join"), 200, role_id="super_admin")
        expect(self.ada.post(f"/v1/organizations/{self.yard}/join"), 409)

    def transfer_and_leave(self):
        ada, ben, cy, invitations = self.ada, self.ben, self.cy, f"{self.path}/invitations"
        again = expect(ada.post(invitations, {"email": cy.email, "role_id": "user"}), 201)["id"]
        expect(cy.post(f"{invitations}/{again}/accept"), 200)
        expect(ada.delete(f"{self.path}/members/{self._member(cy)}"), 204)
        to_ben = {"member_id": self._member(ben)}
        transferred = expect(ada.post(f"{self.path}/transfer", to_ben), 200)
        assert transferred["super_admin"]["email"] == ben.email, transferred
        expect(ada.post(f"{self.path}/transfer", to_ben), 403)
        expect(ada.post(f"{self.path}/leave"), 204)
        expect(ada.get(self.path), 404)

    def expire_invitation(self):
        if not self.stack.emulated:
            return
        invitations = f"{self.path}/invitations"
        body = {"email": self.dan.email, "role_id": "user", "expires_in_days": 1}
        short = expect(self.ben.post(invitations, body), 201)["id"]
        self.run_schedule(days=0)
        expect(self.ben.get(f"{invitations}/{short}"), 200)
        self.run_schedule(days=2)
        expect(self.ben.get(f"{invitations}/{short}"), 404)
        self.run_schedule(days=2)

    def list_events(self):
        ben, path = self.ben, f"{self.path}/events"

        def all_events():
            events = expect(ben.get(f"{path}?limit=100"), 200)["items"]
            actions = [event["action"] for event in events]
            for action in ("invitation.accepted", "super_admin.transferred", "member.left"):
                assert action in actions, (action, actions)
            assert actions.count("invitation.expired") == int(self.stack.emulated), actions
            return events

        events = self.until(all_events)
        added = expect(ben.get(f"{path}?action=member.added"), 200)["items"]
        assert self.eve_member in [event["target"]["id"] for event in added], added
        expect(ben.get(f"{path}/{events[0]['id']}"), 200, action=events[0]["action"])

    def operate(self):
        """An operator creates an organization and replaces its first Admin until one accepts."""
        staff, dan, path = self.staff, self.dan, "/v1/operator/organizations"
        # API Gateway refuses this itself. The local server leaves it to the function.
        expect(self.ada.get(path), 403, **({"message": "Forbidden"} if self.stack.emulated else {}))
        body = {"name": f"Globex of {dan.label}", "kind": "standard", "first_admin_email": dan.email}
        self.globex = expect(staff.post(path, body), 201)["id"]
        expect(staff.get(path), 200)
        expect(staff.get(f"{path}/{self.globex}"), 200, id=self.globex)
        wrong = expect(staff.post(f"{path}/{self.globex}/first-admin", {"email": self.cy.email}), 201, super_admin=None)
        expect(staff.delete(f"{path}/{self.globex}/invitations/{wrong['id']}"), 204)
        expect(staff.post(f"{path}/{self.globex}/first-admin", {"email": self.cy.email}), 201)
        expect(staff.post(f"{path}/{self.globex}/first-admin", {"email": dan.email}), 201)
        first = self._only_invitation_of(dan)
        accept = f"/v1/organizations/{self.globex}/invitations/{first}/accept"
        expect(dan.post(accept), 200, user_id=dan.id)
        globex = expect(dan.get(f"/v1/organizations/{self.globex}"), 200)
        assert globex["super_admin"]["email"] == dan.email, globex

    def _only_invitation_of(self, person):
        def find():
            [invitation] = expect(person.get("/v1/me/invitations"), 200)["items"]
            return invitation["id"]

        return self.until(find)

    def _create_partner(self, name):
        body = {"name": f"{name} of {self.dan.label}", "kind": "partner", "first_admin_email": self.dan.email}
        return expect(self.staff.post("/v1/operator/organizations", body), 201)["id"]

    def link_partner_and_customer(self):
        staff, dan, partner = self.staff, self.dan, self._create_partner("Partner")
        customers = f"/v1/operator/organizations/{partner}/customers"
        expect(staff.put(f"{customers}/{self.globex}", {"preferred": True}), 200, preferred=True)
        self.lists(staff, customers, [self.globex], "customer_id")
        invitation = self._only_invitation_of(dan)
        expect(dan.post(f"/v1/organizations/{partner}/invitations/{invitation}/accept"), 200)
        self._finds("resource", dan, CUSTOMER_LICENSES, self.globex, {partner, self.globex})
        self.lists(dan, f"/v1/organizations/{partner}/customers", [self.globex])
        partners = f"/v1/organizations/{self.globex}/partners"
        expect(dan.put(f"{partners}/{partner}/suspension"), 200, suspended=True)

        def is_suspended():
            [listed] = expect(dan.get(partners), 200)["items"]
            assert listed["suspended"] and listed["id"] == partner, listed

        self.until(is_suspended)
        self._finds("resource", dan, CUSTOMER_LICENSES, self.globex, set())
        expect(dan.delete(f"{partners}/{partner}/suspension"), 204)
        expect(staff.delete(f"{customers}/{self.globex}"), 204)

    def match_etag(self):
        staff, partner, path = self.staff, self._create_partner("Initech"), "/v1/operator/organizations"
        expect(staff.patch(f"{path}/{partner}", {"manage_sub_organizations": True}), 200)
        branch = expect(staff.post(path, {"name": "Branch", "parent": partner}), 201)["id"]
        etag = staff.get(f"{path}/{branch}").headers["etag"]
        change = lambda tag: staff.patch(f"{path}/{branch}", {"mdf_program": True}, if_match=tag)
        expect(change('"else"'), 412)
        expect(change(etag), 200)
        expect(change(etag), 412)
        # Checks the counters, too.
        expect(staff.patch(f"{path}/{branch}", {"mdf_program": False}), 200)

    def delete_organization(self):
        """A customer is deleted. The clean-up ends its invitation, and its link with the partner."""
        staff, path, partner = self.staff, "/v1/operator/organizations", self._create_partner("Hooli")
        name = f"Pied Piper of {self.dan.label}"
        body = {"name": name, "kind": "standard", "first_admin_email": self.cy.email}
        customer = expect(staff.post(path, body), 201)["id"]
        expect(staff.put(f"{path}/{partner}/customers/{customer}", {"preferred": False}), 200)
        expect(staff.delete(f"{path}/{customer}", {"name": name, "reason": "A rehearsal."}), 204)
        assert expect(staff.get(f"{path}/{customer}"), 200)["deletion"]
        expect(staff.get(f"/v1/organizations/{customer}"), 404)
        if not self.stack.emulated:
            return
        self.run_schedule(days=1)
        for org, action in ((customer, "invitation.revoked"), (partner, "customer_link.removed")):
            events = expect(staff.get(f"/v1/organizations/{org}/events?action={action}"), 200)["items"]
            assert len(events) == 1, (action, events)

    def erase_person(self):
        """Eve's data is exported, then she is erased, and Hal with his open request. The history shows no names."""
        staff, path = self.staff, f"/v1/operator/people/{person_id(self.eve.id)}"

        def is_known():
            data = expect(staff.get(f"{path}/data"), 200, user_id=self.eve.id)
            assert data["emails"] == [self.eve.email], data
            # She is a former member.
            found = expect(staff.get(f"/v1/operator/people?email={quote(self.eve.email)}"), 200)["items"]
            assert [person["user_id"] for person in found] == [self.eve.id], found

        self.until(is_known)
        # The export of a member looks for the services that they keep.
        member = expect(staff.get(f"/v1/operator/people/{person_id(self.ben.id)}/data"), 200)
        assert any("kept_services" in org and org["membership"] for org in member["organizations"]), member
        expect(staff.delete(path), 204)
        expect(staff.get(f"{path}/data"), 404)
        hal = f"/v1/operator/people/{person_id(self.hal.id)}"
        self.until(lambda: expect(staff.delete(hal), 204))
        events = expect(staff.get(f"{self.path}/events?action=person.erased"), 200)["items"]
        assert [event["target"]["name"] for event in events] == ["Erased person"] * 2, events

    def migrate(self):
        """The items of an earlier schema are rewritten."""
        if self.stack.emulated:
            migrated = self.stack.migrate(self.org)
            assert migrated, "nothing was migrated"
            expect(self.staff.get(f"/v1/operator/organizations/{self.org}"), 200)

    def expire_first_admin(self):
        """The invitation of a first Admin expires."""
        if not self.stack.emulated:
            return
        late = self.person("late")
        body = {"name": "Docks", "parent": self.org, "first_admin_email": late.email}
        expect(self.staff.post("/v1/operator/organizations", body), 201)
        assert len(expect(late.get("/v1/me/invitations"), 200)["items"]) == 1
        self.run_schedule(days=8)
        assert expect(late.get("/v1/me/invitations"), 200)["items"] == []
