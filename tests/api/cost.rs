//! What it costs: round trips and capacity of every route and of its main refusals.

use std::fmt::Write as _;

use ::notify::handle;
use jiff::Timestamp;
use local::ROUTES;
use serde_json::{Value, json};
use shared::store::{Cost, metered};

use crate::{
    fake_aws::{Outside, batch, newest, record},
    growth::{Size, city},
    helpers::{id, operators},
    matrix::{self, SERVICE},
    printed::assert_printed,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, who},
};

/// Holds a custom role that manages users and roles.
pub const MIA: Identity = who("mia", "mia@example.com");
/// Holds a custom role that gives nothing.
pub const NED: Identity = who("ned", "ned@example.com");
/// Is invited everywhere.
pub const IVY: Identity = who("ivy", "ivy@example.com");

pub const CLEANUP: &str = "the clean-up";
pub const NOTIFY: &str = "notify";

/// What was asked, and what it cost.
#[derive(Clone, Debug)]
pub struct Line {
    pub route: &'static str,
    pub case: String,
    pub outcome: String,
    /// How many items were on the page.
    pub items: usize,
    pub cost: Cost,
}

/// Somebody whom nobody knows yet.
pub fn somebody(name: &str) -> Identity {
    let name: &'static str = name.to_owned().leak();
    who(name, format!("{name}@example.com").leak())
}

/// Asks for everything that there is, in one organization, and writes down what it costs.
///
/// What it asks for and changes it has made itself, so that it works alike in an organization with
/// ten members and with ten thousand.
pub struct Survey<'a> {
    pub world: &'a TestApp,
    /// The path of an organization in which Ada is Super Admin.
    pub org: String,
    /// How long pages are.
    pub limit: usize,
    pub lines: Vec<Line>,
    plain: String,
    manager: String,
    nth: usize,
}

impl<'a> Survey<'a> {
    /// An organization with its cast: Ada is Super Admin, Bob Admin, Cy User, Mia a manager.
    pub async fn of(world: &'a TestApp, org: String, limit: usize) -> Self {
        let powers = json!({ "user_management": "full_access", "role_management": "full_access" });
        let manager = world.role(ADA, &org, "Manager", powers).await;
        let plain = world.role(ADA, &org, "Plain", json!({})).await;
        for (person, role) in [(BOB, "admin"), (CY, "user"), (MIA, &manager), (NED, &plain)] {
            world.bring(ADA, &org, person, role).await;
        }
        let offer = json!({ "email": IVY.email, "role_id": "user" });
        world.post(ADA, &format!("{org}/invitations"), offer).await.expect(201);
        Self { world, org, limit, lines: Vec::new(), plain, manager, nth: 0 }
    }

    /// Asks all of it.
    pub async fn everything(&mut self) {
        self.refusals_of_outsiders().await;
        self.about_oneself().await;
        self.organization().await;
        self.joining().await;
        self.alerts().await;
        self.members().await;
        self.transfer().await;
        self.invitations().await;
        self.acceptance().await;
        self.roles().await;
        self.sub_organizations().await;
        self.events().await;
        self.decisions().await;
        self.security().await;
        self.operators().await;
        self.customers().await;
        self.cleanup().await;
        self.notify().await;
    }

    async fn ask(
        &mut self,
        who: Identity,
        (route, case): (&'static str, &str),
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.ask_with(who, (route, case), path, body, &[]).await
    }

    /// As whoever has seen what is there at the path.
    async fn ask_as_seen(
        &mut self,
        who: Identity,
        (route, case): (&'static str, &str),
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let at = if path.starts_with("/v1") { path.into() } else { format!("{}{path}", self.org) };
        let seen = self.world.get(who, &at).await.expect(200);
        let tag = [("if-match", seen.headers["etag"].to_str().unwrap())];
        self.ask_with(who, (route, case), path, body, &tag).await
    }

    async fn ask_with(
        &mut self,
        who: Identity,
        (route, case): (&'static str, &str),
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let (method, pattern) = route.split_once(' ').unwrap();
        assert!(
            ROUTES.iter().any(|(other, path, _)| (*other, *path) == (method, pattern)),
            "`local::ROUTES` has no {route}"
        );
        let path = if ["/v1", "/access", "/.well-known"].iter().any(|start| path.starts_with(start))
        {
            path.into()
        } else {
            format!("{}{path}", self.org)
        };
        let answer = self.world.send_with(Some(who), method, &path, body, headers).await;
        self.note(route, case, &answer);
        answer
    }

    fn note(&mut self, route: &'static str, case: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        let outcome = match answer.problem() {
            "" => status.to_string(),
            problem => format!("{status} {problem}"),
        };
        let (items, cost) = (answer.items().len(), answer.cost);
        self.lines.push(Line { route, case: case.to_owned(), outcome, items, cost });
    }

    fn fresh(&mut self) -> Identity {
        self.nth += 1;
        somebody(&format!("x{}-{:04}", self.org.len(), self.nth))
    }

    /// Somebody new, in a role.
    async fn newcomer(&mut self, role: &str) -> Identity {
        let newcomer = self.fresh();
        self.world.bring(ADA, &self.org, newcomer, role).await;
        newcomer
    }

    /// A new invitation, and whom it is for.
    async fn offer(&mut self, by: Identity, role: &str) -> (Identity, String) {
        let invitee = self.fresh();
        let offer = json!({ "email": invitee.email, "role_id": role });
        let path = format!("{}/invitations", self.org);
        (invitee, self.world.post(by, &path, offer).await.expect(201).id())
    }

    async fn refusals_of_outsiders(&mut self) {
        let event = self.world.get(ADA, &format!("{}/events?limit=1", self.org)).await;
        let event = event.items()[0]["id"].as_str().unwrap().to_owned();
        let (_, offer) = self.offer(ADA, "user").await;
        for (method, path, _) in ROUTES {
            let route: &'static str = format!("{method} {path}").leak();
            let own = ["/mine", "/accept", "/decline"].iter().any(|end| path.ends_with(end));
            let own = own && path.contains("/invitations/");
            if !path.contains("/organizations/{org}") {
                continue;
            }
            let path = path.replace("{org}", self.org.rsplit('/').next().unwrap());
            let path = path.replace("{inv}", &offer).replace("{evt}", &event);
            let path = path.replace("{customer}", self.org.rsplit('/').next().unwrap());
            let path = path.replace("{role}", &self.plain).replace("{member}", "@cy");
            let path =
                path.replace("{domain}", "example.com").replace("{alert}", "@alert@example.com");
            let path = path.replace("{req}", "req_01KAK000000000000000000000");
            let case = if own { "somebody else's" } else { "a stranger" };
            self.ask(EVE, (route, case), &path, matrix::body(route)).await;
            let free = ["/permissions", "/leave", "/join"].iter().any(|end| path.ends_with(end));
            let free = free || ["/join-requests", "/mine"].iter().any(|end| path.ends_with(end));
            if !own && !free && !path.contains("/operator/") {
                let case = "a member who may not";
                self.ask(NED, (route, case), &path, matrix::body(route)).await.expect(403);
            }
        }
    }

    async fn about_oneself(&mut self) {
        let page = format!("?limit={}", self.limit);
        let me = "GET /v1/me";
        self.ask(ADA, (me, "a page of organizations"), &format!("/v1/me{page}"), None).await;
        self.ask(EVE, (me, "a personal user"), "/v1/me", None).await.expect(200);
        let mine = "GET /v1/me/invitations";
        let path = format!("/v1/me/invitations{page}");
        self.ask(IVY, (mine, "a page"), &path, None).await.expect(200);
        self.ask(EVE, (mine, "none"), &path, None).await.expect(200);
        let permissions = "GET /v1/organizations/{org}/permissions";
        for (who, case) in [(ADA, "a built-in role"), (MIA, "a custom role")] {
            self.ask(who, (permissions, case), "/permissions", None).await.expect(200);
        }
    }

    async fn organization(&mut self) {
        let found = "POST /v1/organizations";
        let founder = self.fresh();
        let name = json!({ "name": "New" });
        self.ask(founder, (found, ""), "/v1/organizations", Some(name)).await.expect(201);
        let show = "GET /v1/organizations/{org}";
        self.ask(ADA, (show, ""), "", None).await.expect(200);
        let describe = "PATCH /v1/organizations/{org}";
        let said = Some(json!({ "website": "https://example.com" }));
        self.ask(ADA, (describe, "for the first time"), "", said.clone()).await.expect(200);
        self.ask(ADA, (describe, "changes nothing"), "", said).await.expect(200);
        let said = Some(json!({ "website": "https://example.org" }));
        self.ask(ADA, (describe, "changed"), "", said).await.expect(200);
        self.ask(ADA, (describe, "renamed"), "", Some(json!({ "name": "Other" }))).await;
        self.ask(ADA, (describe, "renamed back"), "", Some(json!({ "name": "Acme" }))).await;
        let said = Some(json!({ "website": "https://example.net" }));
        let stale = [("if-match", "\"x\"")];
        let case = "not as it was seen";
        self.ask_with(ADA, (describe, case), "", said.clone(), &stale).await.expect(412);
        self.ask_as_seen(ADA, (describe, "as it was seen"), "", said).await.expect(200);
    }

    async fn joining(&mut self) {
        let page = format!("?limit={}", self.limit);
        let add = "PUT /v1/organizations/{org}/domains/{domain}";
        let path = "/domains/example.com";
        self.ask(ADA, (add, ""), path, None).await.expect(200);
        self.ask(ADA, (add, "approved already"), path, None).await.expect(200);
        self.ask(ADA, (add, "not one's own"), "/domains/example.org", None).await.expect(403);
        let list = "GET /v1/organizations/{org}/domains";
        self.ask(ADA, (list, "a page"), &format!("/domains{page}"), None).await.expect(200);

        let joinable = "GET /v1/me/joinable-organizations";
        let path = format!("/v1/me/joinable-organizations{page}");
        let there = who("abe", "abe@elsewhere.example");
        self.ask(there, (joinable, "none"), &path, None).await.expect(200);
        self.ask(EVE, (joinable, "a page"), &path, None).await.expect(200);

        let ask = "POST /v1/organizations/{org}/join-requests";
        let mine = "DELETE /v1/organizations/{org}/join-requests/mine";
        let wish = || Some(json!({ "comment": "Hello" }));
        let asker = self.fresh();
        self.ask(asker, (ask, ""), "/join-requests", wish()).await.expect(201);
        self.ask(asker, (ask, "asked already"), "/join-requests", wish()).await.expect(409);
        self.ask(there, (ask, "from elsewhere"), "/join-requests", wish()).await.expect(404);
        self.ask(IVY, (ask, "invited already"), "/join-requests", wish()).await.expect(409);
        self.ask(CY, (ask, "a member already"), "/join-requests", wish()).await.expect(409);
        self.ask(asker, (mine, ""), "/join-requests/mine", None).await.expect(204);
        self.ask(asker, (mine, "taken back already"), "/join-requests/mine", None).await;

        let approve = "POST /v1/organizations/{org}/join-requests/{req}/approve";
        let decline = "POST /v1/organizations/{org}/join-requests/{req}/decline";
        let requests = "GET /v1/organizations/{org}/join-requests";
        for (by, role, case) in [
            (ADA, "user", "as User"),
            (ADA, &*self.plain.clone(), "in a custom role"),
            (MIA, "user", "by a custom role"),
            (MIA, "admin", "more than one holds"),
        ] {
            let asker = self.fresh();
            let id = self.ask(asker, (ask, ""), "/join-requests", wish()).await.id();
            let path = format!("/join-requests/{id}/approve");
            self.ask(by, (approve, case), &path, Some(json!({ "role_id": role }))).await;
        }
        let open = format!("/join-requests{page}");
        self.ask(ADA, (requests, "a page"), &open, None).await.expect(200);
        for (by, case) in [(ADA, ""), (MIA, "by a custom role")] {
            let asker = self.fresh();
            let id = self.ask(asker, (ask, ""), "/join-requests", wish()).await.id();
            let path = format!("/join-requests/{id}/decline");
            self.ask(by, (decline, case), &path, None).await.expect(204);
            self.ask(by, (decline, "declined already"), &path, None).await.expect(404);
            self.ask(asker, (ask, "declined before"), "/join-requests", wish()).await.expect(409);
        }
        // Whoever asked and is invited meanwhile ends their request by accepting.
        let asker = self.fresh();
        self.ask(asker, (ask, ""), "/join-requests", wish()).await.expect(201);
        let offer = json!({ "email": asker.email, "role_id": "user" });
        let path = format!("{}/invitations", self.org);
        let id = self.world.post(ADA, &path, offer).await.expect(201).id();
        let accept = "POST /v1/organizations/{org}/invitations/{inv}/accept";
        let path = format!("/invitations/{id}/accept");
        self.ask(asker, (accept, "having asked to join"), &path, None).await.expect(200);

        let remove = "DELETE /v1/organizations/{org}/domains/{domain}";
        let path = "/domains/example.com";
        self.ask(ADA, (remove, ""), path, None).await.expect(204);
        self.ask(ADA, (remove, "removed already"), path, None).await.expect(404);
    }

    async fn alerts(&mut self) {
        let add = "POST /v1/organizations/{org}/critical-alert-users";
        let alert = || Some(json!({ "email": "alert@example.com" }));
        let path = "/critical-alert-users";
        self.ask(ADA, (add, ""), path, alert()).await.expect(201);
        self.ask(ADA, (add, "added already"), path, alert()).await.expect(201);
        let path = "/critical-alert-users/@alert@example.com";
        let list = "GET /v1/organizations/{org}/critical-alert-users";
        let page = format!("/critical-alert-users?limit={}", self.limit);
        self.ask(ADA, (list, "a page"), &page, None).await.expect(200);
        let remove = "DELETE /v1/organizations/{org}/critical-alert-users/{alert}";
        self.ask(ADA, (remove, ""), path, None).await.expect(204);
        self.ask(ADA, (remove, "removed already"), path, None).await.expect(404);
    }

    /// Demands that everybody here meets, and that are taken back.
    async fn security(&mut self) {
        let show = "GET /v1/organizations/{org}/security";
        self.ask(ADA, (show, ""), "/security", None).await.expect(200);
        let set = "PUT /v1/organizations/{org}/security";
        let wanted = |mfa: bool, networks: &[&str]| {
            Some(json!({
                "require_mfa": mfa,
                "max_session_minutes": null,
                "allowed_networks": networks,
                "event_retention_days": 365,
            }))
        };
        let here = ["192.0.2.0/24"];
        self.ask(ADA, (set, ""), "/security", wanted(false, &here)).await.expect(200);
        self.ask(ADA, (set, "changes nothing"), "/security", wanted(false, &here)).await;
        self.ask(ADA, (set, "locks oneself out"), "/security", wanted(true, &[])).await;
        let abroad = Identity { ip: "203.0.113.1", ..BOB };
        self.ask(abroad, (show, "from a network that is not allowed"), "/security", None).await;
        self.ask(ADA, (set, ""), "/security", wanted(false, &[])).await.expect(200);
    }

    async fn members(&mut self) {
        let (limit, manager, plain) = (self.limit, self.manager.clone(), self.plain.clone());
        let list = "GET /v1/organizations/{org}/members";
        for (case, query) in [
            ("a page", String::new()),
            ("members only", "&status=active".into()),
            ("by address", "&q=m0".into()),
            ("by a built-in role", "&role_id=user".into()),
            ("by a custom role", format!("&role_id={manager}")),
            ("of the subtree", "&scope=subtree".into()),
            ("by time", "&sort=-joined_at".into()),
            ("by address and time", "&q=m0000&sort=-joined_at".into()),
            ("of the subtree, by time", "&scope=subtree&sort=joined_at".into()),
            (
                "of the subtree, in a role, by time",
                "&scope=subtree&role_id=user&sort=joined_at".into(),
            ),
            (
                "of the subtree, in a role, backwards",
                "&scope=subtree&role_id=user&sort=-email".into(),
            ),
            ("of the subtree, by address", "&scope=subtree&q=m0".into()),
            ("of the subtree, in a role, by address", "&scope=subtree&q=m0&role_id=user".into()),
            (
                "of the subtree, in a custom role, by address",
                format!("&scope=subtree&q=m0&role_id={plain}"),
            ),
            ("by what is anywhere in addresses", "&q=example&match=contains".into()),
            ("by role name", "&q=manag".into()),
            ("of the subtree, by role name", "&scope=subtree&q=manag".into()),
            (
                "of the subtree, in a custom role, by role name",
                format!("&scope=subtree&q=manag&role_id={manager}"),
            ),
        ] {
            let path = format!("/members?limit={limit}{query}");
            self.ask(ADA, (list, case), &path, None).await.expect(200);
        }
        let below = json!({ "name": "Chosen" });
        let below = self.world.post(ADA, &format!("{}/sub-organizations", self.org), below).await;
        let chosen = below.expect(201).id();
        let case = "of chosen organizations";
        let here = self.org.rsplit('/').next().unwrap();
        let path =
            format!("/members?limit={limit}&organization_id={here}&organization_id={chosen}");
        self.ask(ADA, (list, case), &path, None).await.expect(200);
        let branch = format!("/v1/organizations/{chosen}/members?scope=subtree&q=m0");
        self.ask(ADA, (list, "of a branch, by address"), &branch, None).await.expect(200);
        let path = format!("{branch}&role_id=user");
        self.ask(ADA, (list, "of a branch, in a role, by address"), &path, None).await.expect(200);
        let path = format!("/members?organization_id={}", "org_01KAK000000000000000000000");
        self.ask(ADA, (list, "of one that is not below"), &path, None).await.expect(422);
        let export = "GET /v1/organizations/{org}/members/export";
        for (by, case, query) in [
            (ADA, "ten rows", "q=m0000".to_owned()),
            (ADA, "no rows", "q=nobody".into()),
            (MIA, "by a custom role", "q=m0000".into()),
            (OPERATOR, "by an operator", "q=m0000".into()),
            (ADA, "of a custom role", format!("role_id={manager}")),
            (ADA, "of the subtree", format!("scope=subtree&role_id={manager}")),
        ] {
            let path = format!("/members/export?{query}");
            self.ask(by, (export, case), &path, None).await.expect(200);
        }

        let one = "GET /v1/organizations/{org}/members/{member}";
        self.ask(ADA, (one, "a User"), "/members/@cy", None).await.expect(200);
        self.ask(ADA, (one, "in a custom role"), "/members/@mia", None).await.expect(200);
        self.ask(ADA, (one, "nobody there"), "/members/@nobody", None).await.expect(404);

        let change = "PATCH /v1/organizations/{org}/members/{member}";
        for (by, from, to, case) in [
            (ADA, "user", "admin", "User to Admin"),
            (ADA, "user", "user", "changes nothing"),
            (ADA, "user", &plain, "User to custom"),
            (ADA, &manager, &plain, "custom to custom"),
            (MIA, &plain, "user", "by a custom role"),
            (MIA, "user", "admin", "more than one holds"),
            (BOB, "admin", "user", "an Admin, by an Admin"),
        ] {
            let member = self.newcomer(from).await;
            let path = format!("/members/@{}", member.sub);
            self.ask(by, (change, case), &path, Some(json!({ "role_id": to }))).await;
        }
        let member = self.newcomer(&plain).await;
        let (path, admin) =
            (format!("/members/@{}", member.sub), Some(json!({ "role_id": "admin" })));
        let case = "custom to Admin, as they were seen";
        self.ask_as_seen(ADA, (change, case), &path, admin).await.expect(200);
        let user = Some(json!({ "role_id": "user" }));
        self.ask(MIA, (change, "one's own"), "/members/@mia", user.clone()).await.expect(403);
        self.ask(BOB, (change, "the Super Admin's"), "/members/@ada", user).await.expect(409);

        let remove = "DELETE /v1/organizations/{org}/members/{member}";
        let leave = "POST /v1/organizations/{org}/leave";
        for (role, case) in [("user", "a User"), (&plain, "in a custom role")] {
            let member = self.newcomer(role).await;
            self.ask(ADA, (remove, case), &format!("/members/@{}", member.sub), None).await;
            let member = self.newcomer(role).await;
            self.ask(member, (leave, case), "/leave", None).await.expect(204);
        }
        let member = self.newcomer("user").await;
        let path = format!("/members/@{}", member.sub);
        self.ask(MIA, (remove, "by a custom role"), &path, None).await.expect(204);
        self.ask(BOB, (remove, "the Super Admin"), "/members/@ada", None).await.expect(409);
        self.ask(ADA, (leave, "the Super Admin"), "/leave", None).await.expect(409);
    }

    async fn transfer(&mut self) {
        let route = "POST /v1/organizations/{org}/transfer";
        let to = |who: Identity| Some(json!({ "member_id": format!("@{}", who.sub) }));
        self.ask(BOB, (route, "by an Admin"), "/transfer", to(BOB)).await.expect(403);
        self.ask(ADA, (route, "to a User"), "/transfer", to(CY)).await.expect(409);
        self.ask(ADA, (route, ""), "/transfer", to(BOB)).await.expect(200);
        self.world.post(BOB, &format!("{}/transfer", self.org), to(ADA).unwrap()).await.expect(200);
    }

    async fn invitations(&mut self) {
        let (manager, plain) = (self.manager.clone(), self.plain.clone());
        let invite = "POST /v1/organizations/{org}/invitations";
        for (by, role, case) in [
            (ADA, "user", "as User"),
            (ADA, &plain, "in a custom role"),
            (MIA, "user", "by a custom role"),
            (MIA, &plain, "by a custom role in another"),
            (MIA, "admin", "more than one holds"),
        ] {
            let offer = json!({ "email": self.fresh().email, "role_id": role });
            self.ask(by, (invite, case), "/invitations", Some(offer)).await;
        }
        let offer = |who: Identity| Some(json!({ "email": who.email, "role_id": "user" }));
        let path = format!("{}/invitations", self.org);
        self.ask(ADA, (invite, "pending already"), "/invitations", offer(IVY)).await.expect(409);
        self.ask(ADA, (invite, "a member already"), "/invitations", offer(CY)).await.expect(409);
        let short = self.fresh();
        let wanted = json!({ "email": short.email, "role_id": "user", "expires_in_days": 1 });
        self.world.post(ADA, &path, wanted).await.expect(201);
        self.world.wait(DAY);
        let case = "where one has expired";
        self.ask(ADA, (invite, case), "/invitations", offer(short)).await.expect(201);
        let newcomer = self.fresh();
        for case in ["with an idempotency key", "repeated with its key"] {
            let key = [("idempotency-key", newcomer.sub)];
            let world = self.world;
            let answer = world.send_with(Some(ADA), "POST", &path, offer(newcomer), &key).await;
            self.note(invite, case, &answer.expect(201));
        }

        let batch = "POST /v1/organizations/{org}/invitations/batch";
        for (by, role, many, case) in [
            (ADA, "user", 10, "ten as User"),
            (ADA, &plain, 10, "ten in a custom role"),
            (MIA, "user", 10, "ten by a custom role"),
            (MIA, "admin", 10, "more than one holds"),
            (ADA, "user", 100, "a hundred as User"),
        ] {
            let offer = |who: Identity| json!({ "email": who.email, "role_id": role });
            // All parts of the headcount in turn, so that its cost is one figure.
            let offers = (0..many).map(|_| offer(self.fresh()));
            let offers: Vec<_> = offers.collect();
            let body = Some(json!({ "invitations": offers }));
            self.ask(by, (batch, case), "/invitations/batch", body).await;
        }
        let again = json!({ "invitations": [offer(IVY), offer(CY)] });
        self.ask(ADA, (batch, "all refused"), "/invitations/batch", Some(again)).await.expect(200);

        let list = "GET /v1/organizations/{org}/invitations";
        let page = format!("/invitations?limit={}", self.limit);
        self.ask(ADA, (list, "a page"), &page, None).await.expect(200);
        let one = "GET /v1/organizations/{org}/invitations/{inv}";
        let resend = "POST /v1/organizations/{org}/invitations/{inv}/resend";
        let revoke = "DELETE /v1/organizations/{org}/invitations/{inv}";
        for (by, role, case) in [
            (ADA, "user", "as User"),
            (ADA, &plain, "in a custom role"),
            (MIA, "user", "by a custom role"),
        ] {
            let (_, id) = self.offer(ADA, role).await;
            let path = format!("/invitations/{id}");
            self.ask(by, (one, case), &path, None).await.expect(200);
            self.ask(by, (resend, case), &format!("{path}/resend"), None).await.expect(200);
            self.ask(by, (revoke, case), &path, None).await.expect(204);
            if case == "as User" {
                let (gone, again) = ("revoked before", format!("{path}/resend"));
                self.ask(by, (one, gone), &path, None).await.expect(404);
                self.ask(by, (resend, gone), &again, None).await.expect(404);
                self.ask(by, (revoke, gone), &path, None).await.expect(404);
            }
        }
        let (_, id) = self.offer(ADA, "user").await;
        let path = format!("/invitations/{id}");
        self.ask_as_seen(ADA, (revoke, "as it was seen"), &path, None).await.expect(204);
        let (_, id) = self.offer(ADA, &manager).await;
        let path = format!("/invitations/{id}/resend");
        self.ask(MIA, (resend, "as much as one holds"), &path, None).await.expect(200);
    }

    async fn acceptance(&mut self) {
        let (manager, plain) = (self.manager.clone(), self.plain.clone());
        let mine = "GET /v1/organizations/{org}/invitations/{inv}/mine";
        let accept = "POST /v1/organizations/{org}/invitations/{inv}/accept";
        let decline = "POST /v1/organizations/{org}/invitations/{inv}/decline";
        for (by, role, case) in [
            (ADA, "user", "as User"),
            (ADA, &plain, "in a custom role"),
            (MIA, "user", "as User, invited by a custom role"),
            (MIA, &plain, "in a custom role, invited by another"),
        ] {
            let (invitee, id) = self.offer(by, role).await;
            let path = format!("/invitations/{id}");
            self.ask(invitee, (mine, case), &format!("{path}/mine"), None).await.expect(200);
            self.ask(invitee, (accept, case), &format!("{path}/accept"), None).await.expect(200);
            let (invitee, id) = self.offer(by, role).await;
            let path = format!("/invitations/{id}/decline");
            self.ask(invitee, (decline, case), &path, None).await.expect(204);
            self.ask(invitee, (decline, "declined before"), &path, None).await.expect(404);
        }
        let (invitee, id) = self.offer(ADA, "user").await;
        let path = format!("/invitations/{id}/accept");
        self.world.send(Some(invitee), "POST", &format!("{}{path}", self.org), None).await;
        self.ask(invitee, (accept, "once more"), &path, None).await.expect(200);

        let inviter = self.newcomer("admin").await;
        let (invitee, id) = self.offer(inviter, "user").await;
        let (late, other) = self.offer(inviter, "user").await;
        let theirs = format!("{}/members/@{}", self.org, inviter.sub);
        let changed = json!({ "role_id": manager });
        self.world.patch(ADA, &theirs, changed).await.expect(200);
        let path = format!("/invitations/{id}/accept");
        let case = "its backer holds another role by now";
        self.ask(invitee, (accept, case), &path, None).await.expect(200);
        self.world.delete(ADA, &theirs).await.expect(204);
        let path = format!("/invitations/{other}/accept");
        self.ask(late, (accept, "its backer is gone"), &path, None).await.expect(409);

        let (invitee, id) = self.offer(ADA, "user").await;
        self.world.wait(7 * DAY);
        let path = format!("/invitations/{id}/accept");
        self.ask(invitee, (accept, "expired"), &path, None).await.expect(409);
        let revoked = format!("{}/invitations/{id}", self.org);
        self.world.delete(ADA, &revoked).await.expect(204);

        let first = self.fresh();
        let wanted = json!({ "name": "Founded", "first_admin_email": first.email });
        let founded = self.world.post(OPERATOR, "/v1/operator/organizations", wanted).await;
        let inbox = self.world.get(first, "/v1/me/invitations").await;
        let id = inbox.items()[0]["id"].as_str().unwrap();
        let path = format!("/v1/organizations/{}/invitations/{id}/accept", founded.id());
        self.ask(first, (accept, "the first Admin"), &path, None).await.expect(200);
    }

    async fn roles(&mut self) {
        let objects = "GET /v1/organizations/{org}/role-objects";
        self.ask(ADA, (objects, ""), "/role-objects", None).await.expect(200);
        let create = "POST /v1/organizations/{org}/roles";
        let name = self.fresh().sub;
        let wanted = Some(json!({ "name": name }));
        let made = self.ask(ADA, (create, ""), "/roles", wanted.clone()).await.expect(201).id();
        self.ask(ADA, (create, "the name is taken"), "/roles", wanted).await.expect(409);
        let wanted = Some(json!({ "name": self.fresh().sub }));
        let other = self.ask(MIA, (create, "by a custom role"), "/roles", wanted).await.id();

        let list = "GET /v1/organizations/{org}/roles";
        let page = self.ask(ADA, (list, "the first page"), "/roles?limit=2", None).await;
        let cursor = page.body["next_cursor"].as_str().unwrap();
        let path = format!("/roles?limit=2&cursor={cursor}");
        self.ask(ADA, (list, "the next page"), &path, None).await.expect(200);
        let path = "/roles?limit=2&q=plain";
        self.ask(ADA, (list, "by name or description"), path, None).await.expect(200);
        let path = "/roles?limit=2&scope=subtree";
        self.ask(ADA, (list, "of the subtree"), path, None).await.expect(200);
        let path = "/roles?limit=2&scope=subtree&q=plain";
        self.ask(ADA, (list, "of the subtree, by name or description"), path, None)
            .await
            .expect(200);
        let below = json!({ "name": "With roles" });
        let below = self.world.post(ADA, &format!("{}/sub-organizations", self.org), below).await;
        let branch = format!("/v1/organizations/{}/roles?scope=subtree&q=plain", below.id());
        self.ask(ADA, (list, "of a branch, by name or description"), &branch, None)
            .await
            .expect(200);
        let here = self.org.rsplit('/').next().unwrap();
        let path = format!(
            "/roles?limit=2&organization_id={here}&organization_id={}",
            "org_01KAK000000000000000000000"
        );
        self.ask(ADA, (list, "of one that is not below"), &path, None).await.expect(422);
        let one = "GET /v1/organizations/{org}/roles/{role}";
        self.ask(ADA, (one, "a built-in one"), "/roles/user", None).await.expect(200);
        self.ask(ADA, (one, "a custom one"), &format!("/roles/{made}"), None).await.expect(200);

        let edit = "PATCH /v1/organizations/{org}/roles/{role}";
        let path = format!("/roles/{made}");
        let name = self.fresh().sub;
        for (by, case, change) in [
            (ADA, "its description", json!({ "description": "New" })),
            (ADA, "nothing", json!({ "description": "New" })),
            (ADA, "its name", json!({ "name": name })),
            (ADA, "its name's case", json!({ "name": name.to_uppercase() })),
            (ADA, "its levels", json!({ "permissions": { "user_management": "view_only" } })),
            (MIA, "by a custom role", json!({ "description": "Newer" })),
            (
                MIA,
                "beyond oneself",
                json!({ "permissions": { "license_management": "full_access" } }),
            ),
            (ADA, "to a name taken", json!({ "name": "Manager" })),
        ] {
            self.ask(by, (edit, case), &path, Some(change)).await;
        }
        let said = Some(json!({ "description": "Newest" }));
        self.ask_as_seen(ADA, (edit, "as it was seen"), &path, said).await.expect(200);
        let admin = "/roles/admin";
        self.ask(ADA, (edit, "a built-in one"), admin, Some(json!({}))).await.expect(409);

        let delete = "DELETE /v1/organizations/{org}/roles/{role}";
        let held = format!("/roles/{}", self.plain);
        self.ask(ADA, (delete, "in use"), &held, None).await.expect(409);
        self.ask(ADA, (delete, ""), &path, None).await.expect(204);
        let path = format!("/roles/{other}");
        self.ask(MIA, (delete, "by a custom role"), &path, None).await.expect(204);
        self.ask(ADA, (delete, "deleted before"), &path, None).await.expect(404);

        let name = self.fresh().sub;
        let role = self.world.role(ADA, &self.org, name, json!({})).await;
        let (member, invitee) = (self.fresh(), self.fresh());
        self.world.bring(ADA, &self.org, member, &role).await;
        let offer = json!({ "email": invitee.email, "role_id": role });
        let invitations = format!("{}/invitations", self.org);
        self.world.post(ADA, &invitations, offer).await.expect(201);
        for (by, target, case) in [
            (ADA, &*role, "its users get the same"),
            (MIA, "admin", "its users get more than one holds"),
            (ADA, "user", "a member and an invitation get another"),
            (ADA, "user", "retired before"),
        ] {
            let path = format!("/roles/{role}?reassign_to={target}");
            self.ask(by, (delete, case), &path, None).await;
        }
    }

    async fn sub_organizations(&mut self) {
        let create = "POST /v1/organizations/{org}/sub-organizations";
        let path = "/sub-organizations";
        let wanted = Some(json!({ "name": "Below" }));
        let below = self.ask(ADA, (create, ""), path, wanted).await.expect(201).id();
        let list = "GET /v1/organizations/{org}/sub-organizations";
        let page = format!("{path}?limit={}", self.limit);
        self.ask(ADA, (list, "a page"), &page, None).await.expect(200);
        self.ask(ADA, (list, "at any depth"), &format!("{page}&depth=all"), None).await.expect(200);

        let join = "POST /v1/organizations/{org}/join";
        let parent = self.org.rsplit('/').next().unwrap();
        let wanted = json!({ "name": "Empty", "parent": parent });
        let room = self.world.post(OPERATOR, "/v1/operator/organizations", wanted).await.id();
        let path = format!("/v1/organizations/{room}/join");
        self.ask(BOB, (join, ""), &path, None).await.expect(200);
        self.ask(ADA, (join, "somebody is there"), &path, None).await.expect(409);
        let path = format!("/v1/organizations/{below}/join");
        self.ask(ADA, (join, "somebody is there"), &path, None).await.expect(409);
    }

    async fn events(&mut self) {
        let list = "GET /v1/organizations/{org}/events";
        let path = format!("/events?limit={}", self.limit);
        let events = self.ask(ADA, (list, "a page"), &path, None).await.expect(200);
        let now = Timestamp::from_millisecond(self.world.now()).unwrap();
        let until = format!("{path}&to={now}");
        self.ask(ADA, (list, "until a moment"), &until, None).await.expect(200);
        let id = events.items()[0]["id"].as_str().unwrap();
        let one = "GET /v1/organizations/{org}/events/{evt}";
        self.ask(ADA, (one, ""), &format!("/events/{id}"), None).await.expect(200);
        let path = "/events/evt_01KAK000000000000000000000";
        self.ask(ADA, (one, "not there"), path, None).await.expect(404);
    }

    /// Decisions, in the organization and around it: from above and from a partner.
    async fn decisions(&mut self) {
        let metadata = "GET /.well-known/authzen-configuration";
        self.ask(EVE, (metadata, ""), metadata.split_once(' ').unwrap().1, None).await.expect(200);
        let around = Around::of(self).await;
        let here = self.org.rsplit('/').next().unwrap().to_owned();
        let licenses = "license_management.view_active_licenses";
        let below = "license_management_sub_organizations.view_active_licenses";
        let customers = "license_management_customer_organizations.view_active_licenses";
        let asked = |who: Identity, action: &str, org: &str| {
            json!({
                "subject": { "type": "user", "id": who.sub },
                "action": { "name": action },
                "resource": { "type": "organization", "id": org },
                "page": { "limit": 5 },
            })
        };
        let one = ("POST /access/v1/evaluation", "/access/v1/evaluation");
        for (case, body) in [
            ("a member may, in a built-in role", asked(CY, licenses, &here)),
            ("a member may, in a custom role", asked(MIA, "user_management.invite", &here)),
            ("a member may not", asked(NED, licenses, &here)),
            ("a stranger", asked(EVE, licenses, &here)),
            ("a stranger, who might be above", asked(EVE, below, &here)),
            ("a stranger, who might be a partner's", asked(EVE, customers, &here)),
            (
                "what nothing grants",
                asked(CY, "license_management_sub_organizations.edit_license_notes", &here),
            ),
            ("from above", asked(around.above, below, &around.branch)),
            ("from above, who may not", asked(around.user_above, below, &around.branch)),
            ("from a partner", asked(around.partner, customers, &around.customer)),
        ] {
            self.ask(SERVICE, (one.0, case), one.1, Some(body)).await.expect(200);
        }
        let body = asked(CY, licenses, &here);
        self.ask(EVE, (one.0, "about another"), one.1, Some(body)).await.expect(403);

        let many = ("POST /access/v1/evaluations", "/access/v1/evaluations");
        let people = [CY, MIA, NED, EVE].map(|who| asked(who, licenses, &here));
        let body = Some(json!({ "evaluations": people }));
        self.ask(SERVICE, (many.0, "four people in one organization"), many.1, body).await;
        let ways = [
            asked(around.above, below, &around.branch),
            asked(around.partner, customers, &around.customer),
        ];
        let body = Some(json!({ "evaluations": ways }));
        self.ask(SERVICE, (many.0, "from above, and from a partner"), many.1, body).await;

        let subjects = ("POST /access/v1/search/subject", "/access/v1/search/subject");
        for (case, body) in [
            ("members, by role", asked(EVE, "user_management.invite", &here)),
            ("from above", asked(EVE, below, &around.branch)),
            ("from a partner", asked(EVE, customers, &around.customer)),
        ] {
            self.ask(SERVICE, (subjects.0, case), subjects.1, Some(body)).await.expect(200);
        }
        let resources = ("POST /access/v1/search/resource", "/access/v1/search/resource");
        for (case, body) in [
            ("a member's", asked(CY, licenses, &here)),
            ("below", asked(around.above, below, &here)),
            ("a partner's customers", asked(around.partner, customers, &here)),
        ] {
            self.ask(SERVICE, (resources.0, case), resources.1, Some(body)).await.expect(200);
        }
        let actions = ("POST /access/v1/search/action", "/access/v1/search/action");
        for (case, body) in [
            ("a stranger", asked(EVE, licenses, &here)),
            ("from above", asked(around.above, licenses, &around.branch)),
        ] {
            self.ask(SERVICE, (actions.0, case), actions.1, Some(body)).await.expect(200);
        }
    }

    async fn operators(&mut self) {
        let all = "/v1/operator/organizations";
        let create = "POST /v1/operator/organizations";
        let first = self.fresh().email;
        let wanted = json!({ "name": "New", "first_admin_email": first });
        let made = self.ask(OPERATOR, (create, "a root"), all, Some(wanted)).await.expect(201).id();
        let parent = self.org.rsplit('/').next().unwrap();
        let wanted = json!({ "name": "New", "parent": parent });
        let case = "a sub-organization, empty";
        self.ask(OPERATOR, (create, case), all, Some(wanted)).await.expect(201);
        let list = "GET /v1/operator/organizations";
        let page = format!("{all}?limit={}", self.limit);
        self.ask(OPERATOR, (list, "a page"), &page, None).await.expect(200);
        let one = "GET /v1/operator/organizations/{org}";
        let theirs = self.org.replace("/v1/", "/v1/operator/");
        self.ask(OPERATOR, (one, ""), &theirs, None).await.expect(200);
        let switch = "PATCH /v1/operator/organizations/{org}";
        let path = format!("{all}/{made}");
        let on = Some(json!({ "manage_sub_organizations": true }));
        self.ask(OPERATOR, (switch, ""), &path, on.clone()).await.expect(200);
        self.ask(OPERATOR, (switch, "changes nothing"), &path, on).await.expect(200);
        let partners =
            json!({ "name": "P", "kind": "partner", "first_admin_email": self.fresh().email });
        let root = self.world.post(OPERATOR, all, partners).await.expect(201).id();
        let on = json!({ "manage_sub_organizations": true });
        self.world.patch(OPERATOR, &format!("{all}/{root}"), on).await.expect(200);
        let below = json!({ "name": "B", "parent": root });
        let below = self.world.post(OPERATOR, all, below).await.expect(201).id();
        let (path, on) = (format!("{all}/{below}"), Some(json!({ "mdf_program": true })));
        let case = "a sub-organization, as it was seen";
        self.ask_as_seen(OPERATOR, (switch, case), &path, on).await.expect(200);
        let off = Some(json!({ "mdf_program": false }));
        self.ask(OPERATOR, (switch, "MDF programme off"), &path, off).await.expect(200);
        let again = "POST /v1/operator/organizations/{org}/first-admin";
        let path = format!("{all}/{made}/first-admin");
        // Another address may be counted in another part of the headcount, or in the same: its cost
        // is not one figure.
        let other = json!({ "email": self.fresh().email });
        self.world.post(OPERATOR, &path, other).await.expect(201);
        self.world.post(OPERATOR, &path, json!({ "email": first })).await.expect(201);
        let to = json!({ "email": first });
        self.ask(OPERATOR, (again, "the same address"), &path, Some(to)).await.expect(201);
        let path = format!("{theirs}/first-admin");
        let to = json!({ "email": self.fresh().email });
        self.ask(OPERATOR, (again, "somebody is there"), &path, Some(to)).await.expect(409);
    }

    async fn customers(&mut self) {
        let all = "/v1/operator/organizations";
        let email = self.fresh().email;
        let wanted = json!({ "name": "New", "kind": "partner", "first_admin_email": email });
        let partner = self.world.post(OPERATOR, all, wanted).await.expect(201).id();
        let theirs = format!("{all}/{partner}/customers");
        let path = format!("{theirs}/{}", self.org.rsplit('/').next().unwrap());
        let link = "PUT /v1/operator/organizations/{org}/customers/{customer}";
        for (case, preferred) in
            [("", false), ("changes nothing", false), ("preferred from now on", true)]
        {
            let wanted = Some(json!({ "preferred": preferred }));
            self.ask(OPERATOR, (link, case), &path, wanted).await.expect(200);
        }
        let itself = format!("{theirs}/{partner}");
        let wanted = Some(json!({ "preferred": true }));
        self.ask(OPERATOR, (link, "a partner itself"), &itself, wanted).await.expect(409);
        let list = "GET /v1/operator/organizations/{org}/customers";
        let page = format!("{theirs}?limit={}", self.limit);
        self.ask(OPERATOR, (list, "a page"), &page, None).await.expect(200);
        let unlink = "DELETE /v1/operator/organizations/{org}/customers/{customer}";
        self.ask(OPERATOR, (unlink, ""), &path, None).await.expect(204);
        self.ask(OPERATOR, (unlink, "not linked"), &path, None).await.expect(404);
    }

    /// The clean-up, with nothing due and with one expired invitation.
    async fn cleanup(&mut self) {
        let run = async || {
            self.world.asks(CLEANUP.to_owned());
            let now = Timestamp::from_millisecond(self.world.now()).unwrap();
            let work = cleanup::run(&self.world.store, now, "test", || false);
            let (summary, cost) = metered(work).await;
            (summary.unwrap().expired, cost)
        };
        run().await;
        let (nothing, idle) = run().await;
        assert_eq!(nothing, 0);
        let wanted =
            json!({ "email": "late@example.com", "role_id": "user", "expires_in_days": 1 });
        self.world.post(ADA, &format!("{}/invitations", self.org), wanted).await.expect(201);
        self.world.wait(DAY);
        let (one, busy) = run().await;
        assert_eq!(one, 1);
        self.world.wait(7 * DAY);
        let (first, _) = run().await;
        assert!(first > 0, "the first Admin's invitation of `operators` has expired");
        for (case, cost) in [("nothing is due", idle), ("one is due", busy)] {
            let (case, outcome) = (case.to_owned(), String::new());
            self.lines.push(Line { route: CLEANUP, case, outcome, items: 0, cost });
        }
    }

    /// What the table's stream brings, one event at a time.
    async fn notify(&mut self) {
        self.world.asks(NOTIFY.to_owned());
        let outbox = Outside::default().outbox(&self.world.store);
        let name = json!({ "name": "Acme" });
        for told in [json!({ "name": "Acme 2" }), name] {
            self.world.patch(ADA, &self.org, told).await.expect(200);
        }
        let renamed = newest(self.world, &self.org).await;
        let plain = self.plain.clone();
        self.offer(ADA, "user").await;
        let invited = newest(self.world, &self.org).await;
        self.offer(ADA, &plain).await;
        let in_a_custom_role = newest(self.world, &self.org).await;
        self.world.approve_domain(ADA, &self.org, "example.com").await.expect(200);
        let asker = self.fresh();
        let request = self.world.asked(asker, &self.org).await;
        let asked = newest(self.world, &self.org).await;
        self.world.decline(ADA, &request).await.expect(204);
        let declined = newest(self.world, &self.org).await;
        self.world.transfer(ADA, &self.org, BOB).await.expect(200);
        let transferred = newest(self.world, &self.org).await;
        self.world.transfer(BOB, &self.org, ADA).await.expect(200);
        for (case, told) in [
            ("an event for the bus alone", renamed),
            ("an invitation: one mail", invited.clone()),
            ("an invitation, again after a failure", invited),
            ("an invitation in a custom role", in_a_custom_role),
            ("a request to join: three mails", asked),
            ("a decided request: one mail", declined),
            ("a transfer: two mails", transferred),
        ] {
            self.world.asks(NOTIFY.to_owned());
            let work = Box::pin(handle(batch(&[record(0, told)]), &outbox, || false));
            let (unfinished, cost) = metered(work).await;
            assert!(unfinished.batch_item_failures.is_empty(), "{case}");
            let (case, outcome) = (case.to_owned(), String::new());
            self.lines.push(Line { route: NOTIFY, case, outcome, items: 0, cost });
        }
    }
}

/// A tree and a partner of its own, so that decisions cost alike wherever they are surveyed.
struct Around {
    above: Identity,
    user_above: Identity,
    partner: Identity,
    branch: String,
    customer: String,
}

impl Around {
    async fn of(survey: &mut Survey<'_>) -> Self {
        let (above, user_above, partner) = (survey.fresh(), survey.fresh(), survey.fresh());
        let (world, bare) = (survey.world, |path: String| id(&path).to_owned());
        let owner = survey.fresh();
        let root = world.tree(owner, "Root").await;
        world.bring(owner, &root, above, "admin").await;
        world.bring(owner, &root, user_above, "user").await;
        let branch = bare(world.empty_below(&root, "Branch").await);
        let customer = bare(world.found(survey.fresh(), "Customer").await);
        let there = world.partner(partner, "Partner").await;
        let link = format!("{}/customers/{customer}", operators(&there));
        let preferred = Some(json!({ "preferred": false }));
        world.send(Some(OPERATOR), "PUT", &link, preferred).await.expect(200);
        Self { above, user_above, partner, branch, customer }
    }
}

/// What a route may cost: round trips, read units beside those of a page, write units of the table
/// and of its indexes.
#[derive(Clone, Copy, Debug)]
struct Bound {
    trips: u32,
    read: f64,
    page: bool,
    write: f64,
    index: f64,
}

/// The bound of each kind of request, and why ours is above it where it is.
fn bound(route: &str) -> Option<(Bound, &'static str)> {
    let write = |read, write, index| Bound { trips: 2, read, page: false, write, index };
    let page = |read| Bound { trips: 2, read, page: true, write: 0.0, index: 0.0 };
    let (method, path) = route.split_once(' ')?;
    let path = path.strip_prefix("/v1/organizations/{org}").unwrap_or(path);
    Some(match (method, path) {
        ("POST", "/invitations") => (write(3.0, 6.0, 3.0), INVITE),
        ("POST", "/invitations/{inv}/accept") => (write(2.0, 6.0, 6.0), ACCEPT),
        ("POST", "/invitations/{inv}/decline") => (write(2.0, 6.0, 6.0), DECLINE),
        ("POST", "/invitations/{inv}/resend") => (write(3.0, 6.0, 3.0), RESEND),
        ("DELETE", "/invitations/{inv}") => (write(3.0, 6.0, 3.0), REVOKE),
        ("PATCH", "/members/{member}") => (write(3.0, 8.0, 3.0), CHANGE),
        ("DELETE", "/members/{member}") => (write(3.0, 8.0, 3.0), REMOVE),
        ("POST", "/leave") => (write(3.0, 8.0, 3.0), LEAVE),
        ("POST", "/transfer") => (write(3.0, 8.0, 6.0), TRANSFER),
        ("POST", "/sub-organizations") => (write(4.0, 10.0, 4.0), SUB),
        ("POST", "/join") => (write(4.0, 10.0, 4.0), JOIN),
        ("POST", "/roles") | ("PATCH" | "DELETE", "/roles/{role}") => (write(3.0, 8.0, 0.0), ROLE),
        ("GET", "/members") => (page(2.0), MEMBERS),
        ("GET", "/members/export") => (Bound { write: 4.0, ..page(3.0) }, EXPORT),
        ("GET", "/invitations") => (page(2.0), INVITATIONS),
        ("GET", "/roles") => (page(2.0), ROLES),
        (
            "GET",
            "/events"
            | "/domains"
            | "/join-requests"
            | "/critical-alert-users"
            | "/v1/me"
            | "/v1/me/invitations"
            | "/v1/me/joinable-organizations",
        ) => (page(2.0), ""),
        ("GET", "/sub-organizations") => (page(2.0), SUBS),
        ("POST", "/access/v1/evaluation") => {
            (Bound { trips: 2, read: 4.0, page: false, write: 0.0, index: 0.0 }, DECISION)
        }
        ("GET", "/permissions") => {
            (Bound { trips: 1, read: 4.0, page: false, write: 0.0, index: 0.0 }, TREE)
        }
        _ => return None,
    })
}

// Why a figure is above its bound. "Counted" is the exact number of users of each role (ROLE6, ROLE10) and of pending
// invitations (INV12), kept in the same transaction.
const INVITE: &str = "counted: 2 WCU; a custom role is counted on its own item: 2, and the inviter's is checked: 2; an \
                      idempotency key: 2, and 1 RCU when it is repeated; listed in eight indexes, by expiry (INV10) and in every \
                      order of the users list (SUB6) among them, and in one more a level below the root";
const ACCEPT: &str = "the organization, the place, and what the person asked before (ORG2) are read before the rule is \
                      asked: 3 RCU; that nothing asked stays beside the membership is checked: 2 WCU, and where \
                      something did, it is counted out: 2; counted: 2 WCU, in a custom role: 2; the inviter is checked: \
                      2, their custom role: 2 (INV9); a custom role's name is read for the answer, and a inviter whose \
                      role changed is looked at again: a round trip and 1 RCU, or three and 5; a member enters seven \
                      indexes, the invitation leaves eight, and one more each a level below the root";
const DECLINE: &str = "the organization, the place and the member are read before the rule is asked: 3 RCU; of a custom \
                       role counted on its own item: 2 WCU; it leaves eight indexes, and one more a level";
const RESEND: &str = "a custom role, offered or held, is checked: 2 WCU each; seven indexes show the new expiry, and one \
                      more a level, and in that by expiry it moves: 9";
const REVOKE: &str = "counted: 2 WCU, of a custom role: 2; the actor's custom role is checked: 2; it leaves eight indexes, and one \
                      more a level";
const CHANGE: &str = "a custom role is read for its name: 1 RCU, and counted on its own item, taken and given: 2 WCU \
                      each; the actor's is checked: 2; it moves in three indexes by role: 6, and four others show it: 4; \
                      in one more a level it moves: 2, or shows it: 1";
const REMOVE: &str = "counted: 2 WCU, in a custom role: 2; the actor's custom role is checked: 2; it leaves seven indexes, and \
                      one more a level";
const LEAVE: &str = "in a custom role counted on its own item: 2 WCU; it leaves seven indexes, and one more a level";
const TRANSFER: &str = "two members move in three indexes by role and are shown by four more: 20 WCU, and move in one more \
                        a level: 4; the organization is shown by two: 2";
const SUB: &str = "two histories tell of it: 2 WCU; it is listed right below its parent and in its tree, its Super Admin \
                   in seven indexes, and in one more a level: 10";
const JOIN: &str = "the path is known once the organization is read, only then can one look who is above: a round trip, \
                    and 2 RCU a level, for their place there and what is demanded of them (ORG3); whoever is not above \
                    is looked for inside: a round trip; indexes as for creating";
const ROLE: &str = "the lock on its name: 2 WCU, when renamed two: 4; the actor's custom role is checked: 2; the role \
                    table is on the organization's item, which two indexes show: 2; its name is listed in three, \
                    and in one more a level: 3, renamed 6; what is said of it, where anything is, is listed by an item \
                    of its own: 2, in one index and one more a level; with `reassign_to` it is marked, its users are listed, \
                    read again and moved, thirty at a time, each with an event";
const MEMBERS: &str = "the names of custom roles on the page: a round trip; whom a search finds by the name of their \
                       role is read when those are known that it finds by address: a round trip; beyond the organization \
                       the tree's switch is the root's; below an inner organization a beginning is looked for in each \
                       built-in role, and in the custom ones: 12 ranges, half a unit each at least";
const EXPORT: &str = "reading and recording are one after the other, and the names of organizations and custom roles are \
                      looked up between them: a round trip; in a search the roles that it finds, and their users: a \
                      round trip each; a thousand rows more: one or two; whoever asks is checked with the event: 2 WCU, \
                      their custom role: 2";
const INVITATIONS: &str = "whether somebody is still behind each (INV9): a round trip";
const ROLES: &str = "beyond the organization, and in a search, names are listed and what they name is read by key: a round trip";
const SUBS: &str =
    "the number of users of each: a round trip (and 2 RCU each: four parts, eventually consistent)";
const TREE: &str = "";
const DECISION: &str = "where it takes an organization above or a partner, indexes propose where to look: 0.5 RCU each, \
                        two for a partner; then the membership there is read, the organization, and the partner's link";

/// Is it a page, which costs what its items cost?
pub fn paged(route: &str) -> bool {
    let page = bound(route).is_some_and(|(bound, _)| bound.page);
    page || route == "GET /v1/operator/organizations"
}

/// Round trips, read units, write units of the table and of its indexes.
pub fn figures(cost: Cost) -> String {
    let Cost { round_trips, read_units, write_units, index_write_units } = cost;
    format!("{round_trips} · {read_units} · {write_units} + {index_write_units}")
}

fn print(sections: &[(&str, Vec<Line>)]) -> String {
    let mut page = "\
# What a request costs

Every route, its main successes and its main refusals, measured by a test:
`UPDATE_DOCS=1 cargo test -p tests --test api cost` prints this page again. Review the difference.

- **trips**: calls to DynamoDB that wait for one another. Calls side by side count once.
- **RCU**, **WCU**: capacity units as DynamoDB reports them (`ReturnConsumedCapacity = INDEXES`), writes of the table +
  of its indexes. Items are small (up to 1 KB); lists are pages of 25 out of more than 25.
- **bound**: what the design allows, where it says something: trips, RCU (`p` is that of the page's items), WCU.
- A transaction that is cancelled consumes capacity, but DynamoDB does not report how much: a refusal in the second
  round trip shows no WCU here. It costs about what its success would.
- Authorizing any caller, in whatever role, is one round trip and 2 RCU: the organization, and their place in it.
- An `Idempotency-Key` costs 2 WCU; only a repeat costs a read.

"
    .to_owned();
    for (title, lines) in sections {
        write!(page, "## {title}\n\n").unwrap();
        page += "| route | case | answer | trips | RCU | WCU | bound | above it |\n";
        page += "|---|---|---|--:|--:|--:|---|---|\n";
        let order = |line: &Line| {
            let place = |(method, path, _): &(_, _, _)| line.route == format!("{method} {path}");
            ROUTES.iter().position(place).unwrap_or(ROUTES.len())
        };
        let mut lines: Vec<_> = lines.iter().collect();
        lines.sort_by_key(|line| order(line));
        let same = |one: &&Line, other: &&Line| {
            (one.route, one.cost, &one.outcome) == (other.route, other.cost, &other.outcome)
        };
        for lines in lines.chunk_by(same) {
            let Line { outcome, cost, .. } = lines[0];
            let route = lines[0].route.replace("/v1/organizations/{org}", "…");
            let mut cases: Vec<_> = lines.iter().map(|line| line.case.as_str()).collect();
            cases.dedup();
            let cases = cases.join("; ");
            let Cost { round_trips, read_units, write_units, index_write_units } = *cost;
            let written = match (write_units, index_write_units) {
                (0.0, 0.0) => "0".to_owned(),
                (table, indexes) => format!("{table} + {indexes}"),
            };
            let (may, above) = match bound(lines[0].route) {
                Some((bound, _)) => (bound.told(), bound.excess(*cost)),
                None => Default::default(),
            };
            writeln!(
                page,
                "| `{route}` | {cases} | {outcome} | {round_trips} | {read_units} | {written} | {may} | {above} |"
            )
            .unwrap();
        }
        page += "\n";
    }
    page += "## Why above the bound

\"Counted\": the exact number of users of each role (ROLE6, ROLE10) and of pending invitations (INV12) is kept in the same
transaction. In a sub-organization, a rule that depends on the tree's switch (SUB1, ROLE5) reads the root too, whose id the
organization's own item tells: a round trip and 1 RCU.

| route | because |
|---|---|
";
    for (method, path, _) in ROUTES {
        let route = format!("{method} {path}");
        if let Some((_, why)) = bound(&route).filter(|(_, why)| !why.is_empty()) {
            let route = route.replace("/v1/organizations/{org}", "…");
            writeln!(page, "| `{route}` | {why} |").unwrap();
        }
    }
    page
}

impl Bound {
    fn told(self) -> String {
        let Self { trips, read, page, write, index } = self;
        let page = if page { " + p" } else { "" };
        format!("{trips} · {read}{page} · {write} + {index}")
    }

    /// By how much a cost is above it: nothing, if it is not.
    fn excess(self, cost: Cost) -> String {
        let Self { trips, read, page, write, index } = self;
        let by = |is: f64, may: f64, of: &str| (is > may).then(|| format!("{} {of}", is - may));
        let over = [
            by(cost.round_trips.into(), trips.into(), "trip"),
            by(cost.read_units, read, "RCU").filter(|_| !page),
            by(cost.write_units, write, "WCU"),
            by(cost.index_write_units, index, "in indexes"),
        ];
        over.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

#[tokio::test]
async fn every_route_costs_what_the_page_of_costs_says() {
    let size = Size { members: 30, pending: 30, organizations: 30 };
    let (world, org) = city(size).await;
    let mut survey = Survey::of(&world, org.clone(), 25).await;
    survey.everything().await;
    let in_a_root = survey.lines;
    // Below it, the tree's switch is read from the root (SUB1).
    let path = format!("{org}/sub-organizations");
    let below = world.post(ADA, &path, json!({ "name": "Acme" })).await.expect(201).id();
    let mut survey = Survey::of(&world, format!("/v1/organizations/{below}"), 25).await;
    survey.everything().await;
    let pairs = in_a_root.iter().zip(survey.lines);
    let differ = |(above, below): &(&Line, Line)| {
        assert_eq!((above.route, &above.case), (below.route, &below.case));
        let page = paged(above.route) && above.cost.round_trips == below.cost.round_trips;
        above.cost != below.cost && !page
    };
    let below: Vec<Line> = pairs.filter(differ).map(|(_, below)| below).collect();

    for route in ROUTES.iter().map(|(method, path, _)| format!("{method} {path}")) {
        let mut asked = in_a_root.iter().filter(|line| line.route == route);
        assert!(asked.next().is_some(), "ask for `{route}` in the survey of tests/api/cost.rs");
    }
    for (_, why) in ROUTES.iter().filter_map(|(method, path, _)| bound(&format!("{method} {path}")))
    {
        let above = |line: &Line| {
            let excess =
                |(bound, other): (Bound, &str)| other == why && !bound.excess(line.cost).is_empty();
            bound(line.route).is_some_and(excess)
        };
        let needed = why.is_empty() || in_a_root.iter().any(above);
        assert!(needed, "nothing is above its bound any more because {why}");
    }
    for line in &in_a_root {
        let Some((bound, why)) = bound(line.route) else { continue };
        assert!(
            bound.excess(line.cost).is_empty() || !why.is_empty(),
            "`{}` ({}) costs {}, and may cost {}: make it cheaper, or write down why it cannot be",
            line.route,
            line.case,
            figures(line.cost),
            bound.told(),
        );
    }
    let below_title = "In a sub-organization, where it differs";
    assert_printed("internals/costs.md", &print(&[("In a root", in_a_root), (below_title, below)]));
}
