//! Helpers that many tests share.

use std::{collections::HashSet, fs};

use axum::{body::Body, http::Request};
use lambda_http::{RequestExt, request::RequestContext};
use serde_json::{Value, json};

use crate::{
    invariants::scan,
    printed::assert_printed,
    test_app::{ADA, Answer, Identity, OPERATOR, TestApp, ample, context, identity, mask},
};

pub const DEE: Identity = identity("dee", "dee@example.com");

/// The `n`th of many users.
pub fn nth_user(n: usize) -> Identity {
    let sub: &'static str = format!("person-{n:03}").leak();
    let email: &'static str = format!("person-{n:03}@example.com").leak();
    identity(sub, email)
}

/// The permissions of a pure user manager.
pub fn user_manager() -> Value {
    json!({ "user_management": "full_access" })
}

/// The permissions of a pure role manager.
pub fn role_manager() -> Value {
    json!({ "role_management": "full_access" })
}

impl TestApp {
    /// An app with the organization Acme, of which ADA is the Super Admin.
    pub async fn with_acme() -> (Self, String) {
        let app = Self::new().await;
        let acme = app.create_organization(ADA, "Acme").await;
        (app, acme)
    }

    /// An app with an organization of ADA's that may have sub-organizations.
    pub async fn with_tree(name: &str) -> (Self, String) {
        let app = Self::new().await;
        let root = app.create_tree(ADA, name).await;
        (app, root)
    }

    /// An app with a partner organization of ADA's.
    pub async fn with_partner(name: &str) -> (Self, String) {
        let app = Self::new().await;
        let partner = app.create_partner(ADA, name).await;
        (app, partner)
    }

    /// An operator changes settings of `org`.
    pub async fn update_settings(&self, org: &str, switches: Value) {
        self.patch(OPERATOR, &operator_path(org), switches).await.expect(200);
    }

    /// A partner organization that an operator created, with `first` as its Super Admin.
    pub async fn create_partner(&self, first: Identity, name: &str) -> String {
        let body = json!({ "name": name, "kind": "partner", "first_admin_email": first.email });
        let org = self.create_as_operator(body).await;
        self.accept(first, &org).await.expect(200);
        org
    }

    /// The name of a table with the present items, whose indexes an index of this table can lag behind.
    pub async fn copy_of_table(&self) -> String {
        let copy = Self::over(self.client.clone(), None, ample()).await.table;
        for item in scan(self).await {
            let put = self.client.put_item().table_name(&copy).set_item(Some(item));
            put.send().await.unwrap();
        }
        copy
    }

    /// An organization of `caller` that may have sub-organizations.
    pub async fn create_tree(&self, caller: Identity, name: &str) -> String {
        let org = self.create_organization(caller, name).await;
        self.update_settings(&org, json!({ "manage_sub_organizations": true })).await;
        org
    }

    /// A sub-organization that `caller` creates under `org`.
    pub async fn create_sub_organization(&self, caller: Identity, org: &str, name: &str) -> String {
        let body = json!({ "name": name });
        let made = self.post(caller, &format!("{org}/sub-organizations"), body).await.expect(201);
        format!("/v1/organizations/{}", made.id())
    }

    /// A sub-organization that an operator creates under `org`, with `first` invited as its Admin.
    pub async fn create_sub_organization_for(&self, first: Identity, org: &str) -> String {
        self.update_settings(org, json!({ "manage_sub_organizations": true })).await;
        let body = json!({ "name": "Below", "parent": id(org), "first_admin_email": first.email });
        self.create_as_operator(body).await
    }

    /// A sub-organization without users that an operator creates under `org`.
    pub async fn create_empty_sub_organization(&self, org: &str, name: &str) -> String {
        self.create_as_operator(json!({ "name": name, "parent": id(org) })).await
    }

    async fn create_as_operator(&self, body: Value) -> String {
        let made = self.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
        format!("/v1/organizations/{}", made.id())
    }

    /// `by` invites an address.
    pub async fn invite(&self, by: Identity, org: &str, email: &str, role: &str) -> Answer {
        let offer = json!({ "email": email, "role_id": role });
        self.post(by, &format!("{org}/invitations"), offer).await
    }

    /// `by` invites an address; returns the path of the invitation.
    pub async fn create_invitation(&self, by: Identity, org: &str, to: &str, role: &str) -> String {
        let id = self.invite(by, org, to, role).await.expect(201).id();
        format!("{org}/invitations/{id}")
    }

    /// `caller` accepts their invitation to `org`.
    pub async fn accept(&self, caller: Identity, org: &str) -> Answer {
        let mine = self.get(caller, "/v1/me/invitations?limit=100").await.expect(200);
        let to_org = |item: &&Value| item["organization_id"] == id(org);
        let found = mine.items().iter().find(to_org).expect("an invitation to this organization");
        let accept = format!("{org}/invitations/{}/accept", found["id"].as_str().unwrap());
        self.post(caller, &accept, json!({})).await
    }

    /// `by` adds a service and keeps it. Returns its member id.
    pub async fn add_service(&self, by: Identity, org: &str, name: &str, role: &str) -> String {
        let body = json!({ "user_id": format!("client|{name}"), "name": name, "role_id": role });
        self.post(by, &format!("{org}/service-members"), body).await.expect(201).id()
    }

    /// `by` gives `user` another role.
    pub async fn change_role(&self, by: Identity, org: &str, user: Identity, role: &str) -> Answer {
        let path = format!("{org}/members/@{}", user.sub);
        self.patch(by, &path, json!({ "role_id": role })).await
    }

    /// `by` removes `target`.
    pub async fn remove(&self, by: Identity, org: &str, target: Identity) -> Answer {
        self.delete(by, &format!("{org}/members/@{}", target.sub)).await
    }

    /// `by` transfers the Super Admin role.
    pub async fn transfer(&self, by: Identity, org: &str, new_super_admin: Identity) -> Answer {
        let body = json!({ "member_id": format!("@{}", new_super_admin.sub) });
        self.post(by, &format!("{org}/transfer"), body).await
    }

    /// An operator makes `new_super_admin` the Super Admin. `former` is `admin` or `removed`.
    pub async fn appoint(&self, org: &str, new_super_admin: Identity, former: &str) -> Answer {
        let member = format!("@{}", new_super_admin.sub);
        let body = json!({ "member_id": member, "former": former, "reason": "Ada has left." });
        self.post(OPERATOR, &format!("{}/super-admin", operator_path(org)), body).await
    }

    /// An operator suspends `org`.
    pub async fn suspend(&self, org: &str) -> Answer {
        let body = json!({ "reason": "Invoices are unpaid." });
        self.put(OPERATOR, &format!("{}/suspension", operator_path(org)), body).await
    }

    /// An operator ends the suspension of `org`.
    pub async fn resume(&self, org: &str) -> Answer {
        let body = Some(json!({ "reason": "Invoices are paid." }));
        let path = format!("{}/suspension", operator_path(org));
        self.send(Some(OPERATOR), "DELETE", &path, body).await
    }

    /// `by` deletes `org`, whose name they type.
    pub async fn delete_organization(&self, by: Identity, org: &str, name: &str) -> Answer {
        self.send(Some(by), "DELETE", org, Some(json!({ "name": name }))).await
    }

    /// Runs the clean-up until nothing is due. Asserts that nothing fails.
    pub async fn clean_up(&self) -> cleanup::CleanupSummary {
        let now = jiff::Timestamp::from_millisecond(self.now()).unwrap();
        let summary = cleanup::run(&self.store, now, || now, "clean-up", || false).await.unwrap();
        assert!(summary.failed == 0 && !summary.more, "{summary:?}");
        summary
    }

    /// The whole history of `org`, oldest first.
    pub async fn history(&self, org: &str) -> Vec<Value> {
        let mut events = self.list_all(OPERATOR, &format!("{org}/events?limit=100")).await;
        events.reverse();
        events
    }

    /// The actions in the history of `org`, oldest first.
    pub async fn actions(&self, org: &str) -> Vec<String> {
        let events = self.history(org).await;
        events.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    }

    /// The role of `caller` in `org`, by the users list.
    pub async fn role_of(&self, org: &str, caller: Identity) -> Option<String> {
        let found = self.get(OPERATOR, &format!("{org}/members/@{}", caller.sub)).await;
        found.body["role_id"].as_str().map(ToOwned::to_owned)
    }

    /// The Super Admins of `org`: by the users list, and by the organization.
    pub async fn super_admins(&self, org: &str) -> (Vec<String>, Option<String>) {
        let users =
            self.list_all(OPERATOR, &format!("{org}/members?status=active&limit=100")).await;
        let holders = users.iter().filter(|user| user["role_id"] == "super_admin");
        let holders = holders.map(|user| user["user_id"].as_str().unwrap().to_owned()).collect();
        let response = self.get(OPERATOR, org).await.expect(200);
        let named = &response.body["super_admin"]["id"];
        let named = users.iter().find(|user| user["id"] == *named);
        (holders, named.and_then(|user| user["user_id"].as_str()).map(ToOwned::to_owned))
    }

    /// All items of a list; `path` has a query. A `total` is their number.
    pub async fn list_all(&self, caller: Identity, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursors = HashSet::new();
        let mut cursor = String::new();
        loop {
            assert!(cursors.insert(cursor.clone()), "{path} returns the same cursor again");
            let page = self.get(caller, &format!("{path}{cursor}")).await.expect(200);
            let items =
                if page.body["organizations"].is_array() { "organizations" } else { "items" };
            all.extend(page.body[items].as_array().unwrap().iter().cloned());
            if let Some(next) = page.body["next_cursor"].as_str() {
                cursor = format!("&cursor={next}");
            } else {
                let total = page.body["total"].as_u64();
                let is_number = |total| usize::try_from(total) == Ok(all.len());
                assert!(total.is_none_or(is_number), "{path}: {total:?} is not {}", all.len());
                return all;
            }
        }
    }

    /// Sends a request with these claims, as the JWT authorizer of API Gateway passes them on.
    pub async fn send_with_claims(&self, claims: &Value, method: &str, path: &str) -> Answer {
        let mut context = json!(context(None, self.now(), method));
        context["authorizer"] = json!({ "jwt": { "claims": claims } });
        let context = serde_json::from_value(context).unwrap();
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        self.respond(request.with_request_context(RequestContext::ApiGatewayV2(context))).await
    }
}

impl Answer {
    /// Asserts a refusal: the status, and the slug of the problem.
    #[track_caller]
    pub fn refuses(self, status: u16, slug: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.problem()), (status, slug), "{self}");
        self
    }

    /// The JSON pointer of the first error.
    pub fn pointer(&self) -> &str {
        self.body["errors"][0]["pointer"].as_str().unwrap_or_default()
    }

    /// Status and body without the request id.
    pub fn anonymous(&self) -> String {
        let instance = self.body["instance"].as_str().unwrap_or_default();
        format!("{} {}", self.status, self.text.replacen(instance, "…", 1))
    }
}

/// The id at the end of a path.
pub fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The operator's path of an organization.
pub fn operator_path(org: &str) -> String {
    org.replace("/v1/", "/v1/operator/")
}

/// The field `name` of each item.
pub fn each<'a>(items: &'a [Value], name: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default()).collect()
}

impl TestApp {
    /// Makes `caller` a member in a new custom role; returns the id of the role.
    pub async fn add_member_with(
        &self,
        by: Identity,
        org: &str,
        caller: Identity,
        permissions: Value,
    ) -> String {
        let role = self.create_role(by, org, &format!("Role of {}", caller.sub), permissions).await;
        self.add_member(by, org, caller, &role).await;
        role
    }

    /// An organization that an operator creates, with `first` invited as its Admin.
    pub async fn create_organization_for(&self, first: Identity, name: &str) -> String {
        let body = json!({ "name": name, "first_admin_email": first.email });
        let made = self.post(OPERATOR, "/v1/operator/organizations", body).await.expect(201);
        format!("/v1/organizations/{}", made.id())
    }
}

impl Answer {
    /// A problem in a few lines: status, slug and title; the detail; the pointers of its errors; and the
    /// members of its own.
    pub fn summary(&self) -> String {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        let mut lines =
            vec![format!("{} {}: {}", self.status.as_u16(), self.problem(), text("title"))];
        lines.push(text("detail").to_owned());
        let errors = self.body["errors"].as_array().into_iter().flatten();
        lines.extend(errors.map(|error| format!("at {}", error["pointer"].as_str().unwrap())));
        let common = ["type", "title", "status", "detail", "instance", "errors"];
        let members = self.body.as_object().unwrap().iter();
        let own = members.filter(|(name, _)| !common.contains(&name.as_str()));
        lines.extend(own.map(|(name, value)| format!("{name}: {value}")));
        mask(&lines.join("\n"))
    }
}

/// Asserts that a page of `docs/` has this table, and prints it there with `UPDATE_DOCS`. The text around it is written by
/// hand.
pub fn assert_table(page: &str, table: &str) {
    let text = fs::read_to_string(format!("../docs/{page}")).unwrap().replace("\r\n", "\n");
    let head = table.lines().next().unwrap();
    let (before, rest) = text.split_once(head).expect("the head of the table");
    let rows = rest.split_inclusive('\n').skip(1).take_while(|line| line.starts_with('|'));
    let after = &rest[1 + rows.map(str::len).sum::<usize>()..];
    assert_printed(page, &format!("{before}{table}{after}"));
}
