//! The cost of each operation in a root organization and eight levels below one. The test prints
//! `docs/costs.md`, one row for each operation.

use std::fmt::Write as _;

use ::notify::handle;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{Person, RequestContext, RoleId, UserId, delete_with_reassignment},
    store::{Cost, Key, metered},
};

use crate::{
    fake_aws::{FakeAws, batch, newest, record},
    growth::{Size, organization_of},
    helpers::{id, operator_path},
    matrix::SERVICE,
    printed::assert_printed,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, identity},
};

/// Holds a custom role that manages users and roles.
pub const MIA: Identity = identity("mia", "mia@example.com");
/// Holds a custom role without permissions.
const NED: Identity = identity("ned", "ned@example.com");
/// Is invited.
pub const IVY: Identity = identity("ivy", "ivy@example.com");
/// What `TestApp::asked` says during a scheduled run and during the work of the stream.
pub const CLEANUP: &str = "the clean-up";
pub const NOTIFY: &str = "notify";

/// The most that an operation may cost.
#[derive(Clone, Copy)]
struct Bound {
    trips: u32,
    read: f64,
    write: f64,
    index: f64,
}

const fn writes(trips: u32, read: f64, write: f64, index: f64) -> Bound {
    Bound { trips, read, write, index }
}

const fn reads(trips: u32, read: f64) -> Bound {
    Bound { trips, read, write: 0.0, index: 0.0 }
}

/// The read units of a page: 26 items of each of two ranges, up to 1 KB each.
const PAGE: f64 = 7.0;

/// Every operation, in the order of the page.
const BOUNDS: &[(&str, Bound)] = &[
    ("refusal: no membership", reads(1, 3.0)),
    ("refusal: permission missing", reads(1, 3.0)),
    ("refusal: conflict with the present state", reads(1, 3.0)),
    ("own memberships", reads(2, 14.0)),
    ("own pending invitations", reads(2, 14.5)),
    ("joinable organizations", reads(2, 2.0)),
    ("own permissions", reads(1, 2.0)),
    ("create an organization", writes(1, 0.0, 8.0, 7.0)),
    ("show an organization", reads(1, 3.0)),
    ("change the profile", writes(2, 3.0, 8.0, 2.0)),
    ("approve a domain", writes(2, 3.0, 8.0, 1.0)),
    ("list approved domains", reads(2, 2.0 + PAGE)),
    ("remove a domain", writes(2, 3.0, 8.0, 1.0)),
    ("request to join", writes(2, 5.0, 12.0, 1.0)),
    ("list join requests", reads(2, 2.0 + PAGE)),
    ("cancel a join request", writes(2, 2.0, 6.0, 1.0)),
    ("approve a join request", writes(3, 6.0, 16.0, 6.0)),
    ("decline a join request", writes(2, 3.0, 8.0, 1.0)),
    ("add a critical alert user", writes(2, 3.0, 8.0, 0.0)),
    ("list critical alert users", reads(2, 2.0 + PAGE)),
    ("remove a critical alert user", writes(2, 3.0, 8.0, 0.0)),
    ("show the security settings", reads(1, 2.0)),
    ("change the security settings", writes(2, 2.0, 6.0, 2.0)),
    ("list users", reads(2, 2.0 + PAGE)),
    ("list users by status", reads(2, 2.0 + PAGE)),
    ("list users by role", reads(2, 2.0 + PAGE)),
    ("list users by time", reads(2, 2.0 + PAGE)),
    ("list users of a subtree", reads(2, 2.0 + PAGE)),
    ("list users of chosen organizations", reads(2, 3.0 + PAGE)),
    ("search users by the beginning of an address", reads(2, 2.5 + PAGE)),
    ("search a whole tree by the beginning of an address", reads(2, 2.5 + PAGE)),
    ("search users by the name of a role", reads(3, 3.0 + PAGE)),
    ("search users with match=contains", reads(2, 2.5 + 100.0)),
    ("export ten users", writes(5, 3.0 + PAGE, 4.0, 0.0)),
    ("show a member", reads(1, 3.0)),
    ("change a member's role", writes(2, 3.0, 8.0, 6.0)),
    ("change a member's role to a custom role", writes(2, 4.0, 10.0, 6.0)),
    ("change a member's role, by a custom role", writes(2, 4.0, 10.0, 6.0)),
    ("remove a member", writes(2, 3.0, 10.0, 6.0)),
    ("leave", writes(2, 3.0, 10.0, 6.0)),
    ("transfer the Super Admin role", writes(2, 3.0, 8.0, 14.0)),
    ("invite", writes(2, 3.0, 8.0, 6.0)),
    ("invite to a custom role", writes(2, 3.0, 10.0, 6.0)),
    ("invite with an idempotency key", writes(2, 3.0, 10.0, 6.0)),
    ("repeat with an idempotency key", reads(2, 4.0)),
    ("invite ten users", writes(2, 13.0, 44.0, 60.0)),
    ("list invitations", reads(3, 3.0 + PAGE)),
    ("show an invitation", reads(2, 4.0)),
    ("resend an invitation", writes(2, 3.0, 6.0, 7.0)),
    ("revoke an invitation", writes(2, 3.0, 8.0, 6.0)),
    ("show a received invitation", reads(2, 5.0)),
    ("accept", writes(2, 4.0, 12.0, 11.0)),
    ("accept a custom role", writes(3, 5.0, 14.0, 11.0)),
    ("decline", writes(2, 4.0, 8.0, 6.0)),
    ("list role objects", reads(1, 2.0)),
    ("create a role", writes(2, 2.0, 10.0, 4.0)),
    ("list roles", reads(2, 3.0 + PAGE)),
    ("list roles of a subtree", reads(3, 3.0 + PAGE)),
    ("search roles", reads(3, 3.0 + PAGE)),
    ("show a role", reads(1, 3.0)),
    ("rename a role", writes(2, 3.0, 8.0, 1.0)),
    ("change the levels of a role", writes(2, 3.0, 10.0, 3.0)),
    ("delete a role", writes(2, 3.0, 10.0, 3.0)),
    ("delete a role with two users", writes(8, 10.0, 24.0, 19.0)),
    ("create a sub-organization", writes(2, 2.0, 12.0, 10.0)),
    ("list sub-organizations", reads(3, 2.0 + 14.0)),
    ("list sub-organizations at any depth", reads(3, 2.0 + 14.0)),
    ("join a sub-organization", writes(3, 5.0, 12.0, 10.0)),
    ("list events", reads(2, 2.0 + PAGE)),
    ("show an event", reads(1, 3.0)),
    ("decision: a member", reads(1, 2.0)),
    ("decision: through an ancestor", reads(2, 4.5)),
    ("decision: through a partner", reads(2, 6.0)),
    ("four decisions in one organization", reads(1, 5.0)),
    ("search subjects", reads(3, 8.5)),
    ("search resources", reads(2, 3.5)),
    ("search resources below an organization", reads(6, 18.0)),
    ("search resources of a partner's customers", reads(6, 22.0)),
    ("search actions", reads(1, 3.0)),
    ("operator: create an organization with its first Admin", writes(1, 0.0, 10.0, 8.0)),
    ("operator: list organizations", reads(1, PAGE)),
    ("operator: show an organization", reads(1, 1.0)),
    ("operator: change settings", writes(2, 2.0, 6.0, 2.0)),
    ("operator: switch the MDF programme off", writes(2, 2.0, 8.0, 2.0)),
    ("operator: invite another first Admin", writes(3, 2.0, 10.0, 14.0)),
    ("operator: link a customer", writes(2, 3.0, 12.0, 5.0)),
    ("operator: list customers", reads(2, PAGE)),
    ("operator: unlink a customer", writes(2, 3.0, 12.0, 5.0)),
    ("clean-up: nothing is due", reads(1, 2.0)),
    ("clean-up: one invitation has expired", writes(3, 3.0, 6.0, 6.0)),
    ("clean-up: a role that is being deleted has a user", writes(7, 8.0, 14.0, 11.0)),
    ("notify: an event for the bus", writes(2, 1.0, 2.0, 0.0)),
    ("notify: an invitation", writes(4, 4.0, 4.0, 0.0)),
    ("notify: a request to join, to three people", writes(11, 14.5, 12.0, 0.0)),
];

/// What an operation did cost.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub operation: &'static str,
    pub cost: Cost,
}

/// A person with a `sub` of 36 and an address of 28 characters, as providers and companies have them.
pub fn person(name: &str) -> Identity {
    identity(format!("{name:-<36}").leak(), format!("{name:.<16}@example.com").leak())
}

/// Does every operation once in one organization, and notes its cost.
pub struct Survey<'a> {
    pub app: &'a TestApp,
    pub org: String,
    limit: usize,
    /// Whether the organization can have others below it (SUB3).
    can_nest: bool,
    pub lines: Vec<Measurement>,
    plain: String,
    manager: String,
    nth: usize,
}

impl<'a> Survey<'a> {
    /// Ada is Super Admin of the organization; Bob, Cy, Mia and Ned join it.
    pub async fn of(app: &'a TestApp, org: String, limit: usize) -> Self {
        let levels = json!({ "user_management": "full_access", "role_management": "full_access" });
        let manager = app.create_role(ADA, &org, "Manager", levels).await;
        let plain = app.create_role(ADA, &org, "Plain", json!({})).await;
        for (person, role) in [(BOB, "admin"), (CY, "user"), (MIA, &manager), (NED, &plain)] {
            app.add_member(ADA, &org, person, role).await;
        }
        app.invite(ADA, &org, IVY.email, "user").await.expect(201);
        let shown = app.get(ADA, &org).await.expect(200);
        let can_nest = shown.body["depth"] != shared::domain::MAX_DEPTH;
        Self { app, org, limit, can_nest, lines: Vec::new(), plain, manager, nth: 0 }
    }

    pub async fn measure_all(&mut self) {
        self.refusals().await;
        self.own().await;
        self.organization().await;
        self.join_requests().await;
        self.alerts_and_security().await;
        self.user_lists().await;
        self.members().await;
        self.invitations().await;
        self.acceptance().await;
        self.role_lists().await;
        self.roles().await;
        self.sub_organizations().await;
        self.events().await;
        self.decisions().await;
        self.operators().await;
        self.customers().await;
        self.cleanup().await;
        self.notify().await;
    }

    /// Sends a request and notes its cost. A path that does not begin with `/v1` or `/access` is
    /// below the organization.
    async fn ask(
        &mut self,
        operation: &'static str,
        who: Identity,
        request: &str,
        body: Option<Value>,
    ) -> Answer {
        self.ask_with(operation, who, request, body, &[]).await
    }

    async fn ask_with(
        &mut self,
        operation: &'static str,
        who: Identity,
        request: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (method, path) = request.split_once(' ').unwrap();
        let absolute = ["/v1", "/access"].iter().any(|start| path.starts_with(start));
        let path = if absolute { path.to_owned() } else { format!("{}{path}", self.org) };
        let answer = self.app.send_with(Some(who), method, &path, body, headers).await;
        let refused = operation.starts_with("refusal");
        let measured = self.lines.iter().any(|line| line.operation == operation);
        assert!(!measured, "{operation} is measured twice");
        assert_eq!(
            !answer.status.is_success() && answer.status != 303,
            refused,
            "{operation}: {answer}"
        );
        self.lines.push(Measurement { operation, cost: answer.cost });
        answer
    }

    fn fresh(&mut self) -> Identity {
        self.nth += 1;
        person(&format!("x{}-{:04}", self.org.len(), self.nth))
    }

    async fn newcomer(&mut self, role: &str) -> Identity {
        let newcomer = self.fresh();
        self.app.add_member(ADA, &self.org, newcomer, role).await;
        newcomer
    }

    async fn invited(&mut self, role: &str) -> (Identity, String) {
        let invitee = self.fresh();
        let answer = self.app.invite(ADA, &self.org, invitee.email, role).await.expect(201);
        (invitee, answer.id())
    }

    async fn refusals(&mut self) {
        self.ask("refusal: no membership", EVE, "GET /members/@cy", None).await.expect(404);
        let path = "GET /members/@cy";
        self.ask("refusal: permission missing", NED, path, None).await.expect(403);
        let offer = json!({ "email": CY.email, "role_id": "user" });
        let conflict = "refusal: conflict with the present state";
        self.ask(conflict, ADA, "POST /invitations", Some(offer)).await.expect(409);
    }

    async fn own(&mut self) {
        let page = format!("?limit={}", self.limit);
        self.ask("own memberships", ADA, &format!("GET /v1/me{page}"), None).await;
        let path = format!("GET /v1/me/invitations{page}");
        self.ask("own pending invitations", IVY, &path, None).await;
        self.ask("own permissions", MIA, "GET /permissions", None).await;
    }

    async fn organization(&mut self) {
        let founder = self.fresh();
        let name = Some(json!({ "name": "New" }));
        self.ask("create an organization", founder, "POST /v1/organizations", name).await;
        self.ask("show an organization", ADA, "GET ", None).await;
        let website = Some(json!({ "website": format!("https://{}.example", self.nth) }));
        self.ask("change the profile", ADA, "PATCH ", website).await;
    }

    async fn join_requests(&mut self) {
        let page = format!("?limit={}", self.limit);
        self.ask("approve a domain", ADA, "PUT /domains/example.com", None).await;
        self.ask("list approved domains", ADA, &format!("GET /domains{page}"), None).await;
        let path = format!("GET /v1/me/joinable-organizations{page}");
        let outsider = identity("abe", "abe@elsewhere.example");
        self.ask("joinable organizations", outsider, &path, None).await;
        let (one, two, three) = (self.fresh(), self.fresh(), self.fresh());
        self.ask("request to join", one, "POST /join-requests", None).await;
        self.ask("cancel a join request", one, "DELETE /join-requests/mine", None).await;
        let requests = format!("{}/join-requests", self.org);
        for (who, decision) in [(two, "approve"), (three, "decline")] {
            let request = self.app.post(who, &requests, json!({})).await.expect(201).id();
            let path = format!("POST /join-requests/{request}/{decision}");
            if decision == "approve" {
                self.ask("list join requests", ADA, &format!("GET /join-requests{page}"), None)
                    .await;
                let role = Some(json!({ "role_id": "user" }));
                self.ask("approve a join request", ADA, &path, role).await;
            } else {
                self.ask("decline a join request", ADA, &path, None).await;
            }
        }
        self.ask("remove a domain", ADA, "DELETE /domains/example.com", None).await;
    }

    async fn alerts_and_security(&mut self) {
        let alert = Some(json!({ "email": "alert@example.com" }));
        self.ask("add a critical alert user", ADA, "POST /critical-alert-users", alert).await;
        self.ask("list critical alert users", ADA, "GET /critical-alert-users", None).await;
        let path = "DELETE /critical-alert-users/@alert@example.com";
        self.ask("remove a critical alert user", ADA, path, None).await;
        self.ask("show the security settings", ADA, "GET /security", None).await;
        let settings = json!({
            "require_mfa": false,
            "max_session_minutes": null,
            "allowed_networks": [],
            "event_retention_days": 364,
        });
        self.ask("change the security settings", ADA, "PUT /security", Some(settings)).await;
    }

    async fn user_lists(&mut self) {
        let here = id(&self.org).to_owned();
        let mut chosen = format!("&organization_id={here}");
        if self.can_nest {
            let below = self.app.create_sub_organization(ADA, &self.org, "Chosen").await;
            chosen = format!("{chosen}&organization_id={}", id(&below));
        }
        for (operation, query) in [
            ("list users", ""),
            ("list users by status", "&status=active"),
            ("list users by role", "&role_id=user"),
            ("list users by time", "&sort=-joined_at"),
            ("list users of a subtree", "&scope=subtree"),
            ("list users of chosen organizations", &*chosen),
            ("search users by the beginning of an address", "&q=m0"),
            ("search users by the name of a role", "&q=manag"),
            ("search users with match=contains", "&q=example&match=contains"),
        ] {
            let path = format!("GET /members?limit={}{query}", self.limit);
            self.ask(operation, ADA, &path, None).await;
        }
        let operation = "search a whole tree by the beginning of an address";
        let path = format!("GET /members?limit={}&scope=subtree&q=m0", self.limit);
        self.ask(operation, ADA, &path, None).await;
        self.ask("export ten users", ADA, "GET /members/export?q=m0000", None).await;
    }

    async fn members(&mut self) {
        let (plain, manager) = (self.plain.clone(), self.manager.clone());
        self.ask("show a member", ADA, "GET /members/@cy", None).await;
        for (operation, by, role) in [
            ("change a member's role", ADA, "admin"),
            ("change a member's role to a custom role", ADA, &*plain),
            ("change a member's role, by a custom role", MIA, &*manager),
        ] {
            let member = self.newcomer("user").await;
            let path = format!("PATCH /members/@{}", member.sub);
            self.ask(operation, by, &path, Some(json!({ "role_id": role }))).await;
        }
        let member = self.newcomer("user").await;
        self.ask("remove a member", ADA, &format!("DELETE /members/@{}", member.sub), None).await;
        let member = self.newcomer("user").await;
        self.ask("leave", member, "POST /leave", None).await;
        let to = Some(json!({ "member_id": format!("@{}", BOB.sub) }));
        self.ask("transfer the Super Admin role", ADA, "POST /transfer", to).await;
        self.app.transfer(BOB, &self.org, ADA).await.expect(200);
    }

    async fn invitations(&mut self) {
        let plain = self.plain.clone();
        let mut offer = |role: &str| {
            self.nth += 1;
            let email = person(&format!("y{}-{:04}", self.org.len(), self.nth)).email;
            Some(json!({ "email": email, "role_id": role }))
        };
        let (one, two, three) = (offer("user"), offer(&plain), offer("user"));
        let ten: Vec<_> = (0..10).filter_map(|_| offer("user")).collect();
        self.ask("invite", ADA, "POST /invitations", one).await;
        self.ask("invite to a custom role", ADA, "POST /invitations", two).await;
        let key = [("idempotency-key", "key-of-the-survey")];
        for operation in ["invite with an idempotency key", "repeat with an idempotency key"] {
            self.ask_with(operation, ADA, "POST /invitations", three.clone(), &key).await;
        }
        let ten = Some(json!({ "invitations": ten }));
        self.ask("invite ten users", ADA, "POST /invitations/batch", ten).await;
        let path = format!("GET /invitations?limit={}", self.limit);
        self.ask("list invitations", ADA, &path, None).await;
        let (_, id) = self.invited("user").await;
        self.ask("show an invitation", ADA, &format!("GET /invitations/{id}"), None).await;
        let path = format!("POST /invitations/{id}/resend");
        self.ask("resend an invitation", ADA, &path, None).await;
        self.ask("revoke an invitation", ADA, &format!("DELETE /invitations/{id}"), None).await;
    }

    async fn acceptance(&mut self) {
        let plain = self.plain.clone();
        for (operation, role) in [("accept", "user"), ("accept a custom role", &*plain)] {
            let (invitee, id) = self.invited(role).await;
            if role == "user" {
                let path = format!("GET /invitations/{id}/mine");
                self.ask("show a received invitation", invitee, &path, None).await;
            }
            let path = format!("POST /invitations/{id}/accept");
            self.ask(operation, invitee, &path, None).await;
        }
        let (invitee, id) = self.invited("user").await;
        self.ask("decline", invitee, &format!("POST /invitations/{id}/decline"), None).await;
    }

    async fn role_lists(&mut self) {
        self.ask("list role objects", ADA, "GET /role-objects", None).await;
        self.ask("list roles", ADA, "GET /roles?limit=5", None).await;
        let path = "GET /roles?limit=5&scope=subtree";
        self.ask("list roles of a subtree", ADA, path, None).await;
        self.ask("search roles", ADA, "GET /roles?limit=5&q=plain", None).await;
        self.ask("show a role", ADA, &format!("GET /roles/{}", self.plain), None).await;
    }

    async fn roles(&mut self) {
        let mut role = Some(json!({ "name": self.fresh().sub, "description": "Works at night" }));
        let id = self.ask("create a role", ADA, "POST /roles", role.take()).await.id();
        let path = format!("PATCH /roles/{id}");
        role = Some(json!({ "name": self.fresh().sub }));
        self.ask("rename a role", ADA, &path, role).await;
        let levels = Some(json!({ "permissions": { "user_management": "view_only" } }));
        self.ask("change the levels of a role", ADA, &path, levels).await;
        self.ask("delete a role", ADA, &format!("DELETE /roles/{id}"), None).await;
        let name = self.fresh().sub;
        let held = self.app.create_role(ADA, &self.org, name, json!({})).await;
        self.newcomer(&held).await;
        self.invited(&held).await;
        let path = format!("DELETE /roles/{held}?reassign_to=user");
        self.ask("delete a role with two users", ADA, &path, None).await;
    }

    async fn sub_organizations(&mut self) {
        let page = format!("GET /sub-organizations?limit={}", self.limit);
        self.ask("list sub-organizations", ADA, &page, None).await;
        let page = format!("{page}&depth=all");
        self.ask("list sub-organizations at any depth", ADA, &page, None).await;
        if !self.can_nest {
            return;
        }
        let name = Some(json!({ "name": "Below" }));
        self.ask("create a sub-organization", ADA, "POST /sub-organizations", name).await;
        let wanted = json!({ "name": "Empty", "parent": id(&self.org) });
        let empty = self.app.post(OPERATOR, "/v1/operator/organizations", wanted).await.id();
        let path = format!("POST /v1/organizations/{empty}/join");
        self.ask("join a sub-organization", BOB, &path, None).await;
    }

    async fn events(&mut self) {
        let path = format!("GET /events?limit={}", self.limit);
        let events = self.ask("list events", ADA, &path, None).await;
        let id = events.items()[0]["id"].as_str().unwrap().to_owned();
        self.ask("show an event", ADA, &format!("GET /events/{id}"), None).await;
    }

    async fn decisions(&mut self) {
        let around = DecisionFixture::of(self).await;
        let here = id(&self.org).to_owned();
        let licenses = "license_management.view_active_licenses";
        let below = "license_management_sub_organizations.view_active_licenses";
        let customers = "license_management_customer_organizations.view_active_licenses";
        let query = |who: Identity, action: &str, org: &str| {
            json!({
                "subject": { "type": "user", "id": who.sub },
                "action": { "name": action },
                "resource": { "type": "organization", "id": org },
                "page": { "limit": 5 },
            })
        };
        let people = [CY, MIA, NED, EVE].map(|who| query(who, licenses, &here));
        for (operation, route, body) in [
            ("decision: a member", "evaluation", query(MIA, "user_management.invite", &here)),
            (
                "decision: through an ancestor",
                "evaluation",
                query(around.above, below, &around.branch),
            ),
            (
                "decision: through a partner",
                "evaluation",
                query(around.partner, customers, &around.customer),
            ),
            ("four decisions in one organization", "evaluations", json!({ "evaluations": people })),
            ("search subjects", "search/subject", query(EVE, "user_management.invite", &here)),
            ("search resources", "search/resource", query(CY, licenses, &here)),
            (
                "search resources below an organization",
                "search/resource",
                query(around.above, below, &here),
            ),
            (
                "search resources of a partner's customers",
                "search/resource",
                query(around.partner, customers, &here),
            ),
            ("search actions", "search/action", query(EVE, licenses, &here)),
        ] {
            self.ask(operation, SERVICE, &format!("POST /access/v1/{route}"), Some(body)).await;
        }
    }

    async fn operators(&mut self) {
        let all = "/v1/operator/organizations";
        let post = format!("POST {all}");
        let wanted =
            json!({ "name": "New", "kind": "partner", "first_admin_email": self.fresh().email });
        let operation = "operator: create an organization with its first Admin";
        let made = self.ask(operation, OPERATOR, &post, Some(wanted)).await.id();
        let path = format!("GET {all}?limit={}", self.limit);
        self.ask("operator: list organizations", OPERATOR, &path, None).await;
        let path = format!("GET {}", operator_path(&self.org));
        self.ask("operator: show an organization", OPERATOR, &path, None).await;
        let path = format!("PATCH {all}/{made}");
        let on = Some(json!({ "mdf_program": true }));
        self.ask("operator: change settings", OPERATOR, &path, on).await;
        let off = Some(json!({ "mdf_program": false }));
        self.ask("operator: switch the MDF programme off", OPERATOR, &path, off).await;
        let path = format!("POST {all}/{made}/first-admin");
        let other = Some(json!({ "email": self.fresh().email }));
        self.ask("operator: invite another first Admin", OPERATOR, &path, other).await;
    }

    async fn customers(&mut self) {
        let all = "/v1/operator/organizations";
        let wanted =
            json!({ "name": "New", "kind": "partner", "first_admin_email": self.fresh().email });
        let partner = self.app.post(OPERATOR, all, wanted).await.expect(201).id();
        let theirs = format!("{all}/{partner}/customers");
        let path = format!("{theirs}/{}", id(&self.org));
        let preferred = Some(json!({ "preferred": false }));
        self.ask("operator: link a customer", OPERATOR, &format!("PUT {path}"), preferred).await;
        self.ask("operator: list customers", OPERATOR, &format!("GET {theirs}"), None).await;
        self.ask("operator: unlink a customer", OPERATOR, &format!("DELETE {path}"), None).await;
    }

    async fn cleanup(&mut self) {
        let run = async || {
            self.app.set_last_request(CLEANUP.to_owned());
            let now = Timestamp::from_millisecond(self.app.now()).unwrap();
            let work = cleanup::run(&self.app.store, now, "test", || false);
            let (summary, cost) = metered(work).await;
            (summary.unwrap().expired, cost)
        };
        run().await;
        let (none, idle) = run().await;
        let email = person("late").email;
        let late = json!({ "email": email, "role_id": "user", "expires_in_days": 1 });
        self.app.post(ADA, &format!("{}/invitations", self.org), late).await.expect(201);
        self.app.wait(DAY);
        let (one, busy) = run().await;
        assert_eq!((none, one), (0, 1));
        self.lines.push(Measurement { operation: "clean-up: nothing is due", cost: idle });
        self.lines
            .push(Measurement { operation: "clean-up: one invitation has expired", cost: busy });
        self.begin_role_deletion().await;
        let (_, cost) = run().await;
        let operation = "clean-up: a role that is being deleted has a user";
        self.lines.push(Measurement { operation, cost });
    }

    /// Marks a role with a user, like a request that has no time left.
    async fn begin_role_deletion(&mut self) {
        let name = self.fresh().sub;
        let role = self.app.create_role(ADA, &self.org, name, json!({})).await;
        self.newcomer(&role).await;
        let (org, role) = (id(&self.org).parse().unwrap(), role.parse().unwrap());
        let (store, key) = (&self.app.store, Key::role(org, role));
        let ada = Person::subject(UserId::new(ADA.sub));
        let (actor, found) = store.facts(&ada, org, [key.clone()]).await.unwrap();
        let before = found.role(&key).unwrap().unwrap().role;
        let at = Timestamp::from_millisecond(self.app.now()).unwrap();
        let context = RequestContext::without_actor(at, "test", 0);
        let marked =
            delete_with_reassignment(&actor, &before, RoleId::USER, None, context.at).unwrap();
        let writes = store.transaction(&context).begin_reassignment(&actor, &before, &marked);
        writes.unwrap().commit(&()).await.unwrap();
    }

    async fn notify(&mut self) {
        let outbox = FakeAws::default().outbox(&self.app.store);
        self.app.patch(ADA, &self.org, json!({ "contact": "Ada" })).await.expect(200);
        let changed = newest(self.app, &self.org).await;
        self.invited("user").await;
        let invited = newest(self.app, &self.org).await;
        self.app.approve_domain(ADA, &self.org, "example.com").await.expect(200);
        let requester = self.fresh();
        self.app.create_join_request(requester, &self.org).await;
        let requested = newest(self.app, &self.org).await;
        for (operation, event) in [
            ("notify: an event for the bus", changed),
            ("notify: an invitation", invited),
            ("notify: a request to join, to three people", requested),
        ] {
            self.app.set_last_request(NOTIFY.to_owned());
            let work = Box::pin(handle(batch(&[record(0, event)]), &outbox, || false));
            let (unfinished, cost) = metered(work).await;
            assert!(unfinished.batch_item_failures.is_empty(), "{operation}");
            self.lines.push(Measurement { operation, cost });
        }
    }
}

/// A tree and a partner of its own, so that decisions cost the same wherever they are measured.
struct DecisionFixture {
    above: Identity,
    partner: Identity,
    branch: String,
    customer: String,
}

impl DecisionFixture {
    async fn of(survey: &mut Survey<'_>) -> Self {
        let (owner, above, partner) = (survey.fresh(), survey.fresh(), survey.fresh());
        let (customer_owner, app) = (survey.fresh(), survey.app);
        let root = app.create_tree(owner, "Root").await;
        app.add_member(owner, &root, above, "admin").await;
        let branch = id(&app.create_empty_sub_organization(&root, "Branch").await).to_owned();
        let customer = id(&app.create_organization(customer_owner, "Customer").await).to_owned();
        let there = app.create_partner(partner, "Partner").await;
        let link = format!("{}/customers/{customer}", operator_path(&there));
        let preferred = Some(json!({ "preferred": false }));
        app.send(Some(OPERATOR), "PUT", &link, preferred).await.expect(200);
        Self { above, partner, branch, customer }
    }
}

const HEAD: &str = "\
# What each operation costs

Measured by a test, which prints this page: `UPDATE_DOCS=1 cargo test -p tests --test api cost`. It fails if an operation
costs more than its bound, in a root organization or eight levels below one.

- **trips**: calls to DynamoDB that wait for one another. Concurrent calls count once.
- **RCU**, **WCU**: capacity units as DynamoDB reports them; WCU of the table + of its indexes. People have a `sub` of 36 and
  an address of 28 characters, lists are pages of 25.
- **at depth 8**: only where it differs. Rules that depend on the root's settings (SUB1) read the root: one trip and 1 RCU.
- A custom role of the caller, or a custom role that is granted, adds 2 WCU. An `Idempotency-Key` adds 2 WCU.
- Filters of a list read about 100 RCU a request at most; the page is short then.

| operation | trips | RCU | WCU | at depth 8 |
|---|--:|--:|--:|---|
";

fn print(root: &[Measurement], deep: &[Measurement]) -> String {
    let mut page = HEAD.to_owned();
    for (operation, _) in BOUNDS {
        let cost = |lines: &[Measurement]| {
            lines.iter().find(|line| line.operation == *operation).map(|line| line.cost)
        };
        let (Some(here), below) = (cost(root), cost(deep)) else { continue };
        let written = |cost: Cost| match (cost.write_units, cost.index_write_units) {
            (0.0, 0.0) => "0".to_owned(),
            (table, indexes) => format!("{table} + {indexes}"),
        };
        let differs = below.filter(|below| *below != here).map(figures).unwrap_or_default();
        let Cost { round_trips, read_units, .. } = here;
        let written = written(here);
        writeln!(page, "| {operation} | {round_trips} | {read_units} | {written} | {differs} |")
            .unwrap();
    }
    page
}

/// Round trips, read units, write units of the table and of its indexes.
pub fn figures(cost: Cost) -> String {
    let Cost { round_trips, read_units, write_units, index_write_units } = cost;
    format!("{round_trips} · {read_units} · {write_units} + {index_write_units}")
}

/// Where a cost exceeds the bound of its operation. Below a root, rules that depend on the root's
/// settings cost one round trip and one read unit more.
fn excess(line: &Measurement, depth: u8) -> Option<String> {
    let Measurement { operation, cost } = line;
    let (_, bound) = BOUNDS.iter().find(|(name, _)| name == operation)?;
    let root = u32::from(depth > 0);
    let exceeded = cost.round_trips > bound.trips + root
        || cost.read_units > bound.read + f64::from(root)
        || cost.write_units > bound.write
        || cost.index_write_units > bound.index;
    let Bound { trips, read, write, index } = *bound;
    exceeded.then(|| {
        let cost = figures(*cost);
        format!("{operation} at depth {depth}: {cost}, bound {trips} · {read} · {write} + {index}")
    })
}

#[tokio::test]
async fn each_operation_costs_at_most_its_bound_at_any_depth() {
    let (app, org) = organization_of(Size { members: 30, pending: 30, organizations: 30 }).await;
    let mut root = Survey::of(&app, org.clone(), 25).await;
    root.measure_all().await;
    let mut path = org;
    for _ in 0..8 {
        let name = json!({ "name": "Acme" });
        let below = app.post(ADA, &format!("{path}/sub-organizations"), name).await.expect(201);
        path = format!("/v1/organizations/{}", below.id());
    }
    let mut deep = Survey::of(&app, path, 25).await;
    deep.measure_all().await;

    let measured = |name: &str| root.lines.iter().any(|line| line.operation == name);
    let missing: Vec<_> =
        BOUNDS.iter().map(|(name, _)| *name).filter(|name| !measured(name)).collect();
    assert_eq!(missing, [""; 0], "measure these operations in `Survey`");
    let exceeded = root.lines.iter().filter_map(|line| excess(line, 0));
    let exceeded: Vec<_> =
        exceeded.chain(deep.lines.iter().filter_map(|line| excess(line, 8))).collect();
    assert!(
        exceeded.is_empty(),
        "make these cheaper, or justify a higher bound:\n{}",
        exceeded.join("\n")
    );
    assert_printed("costs.md", &print(&root.lines, &deep.lines));
}
