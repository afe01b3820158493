//! What many stories begin with, and the few questions that many of them ask.

use axum::{
    body::Body,
    http::{Request, header::CONTENT_TYPE},
};
use lambda_http::{RequestExt, request::RequestContext};
use serde_json::{Value, json};

use crate::test_app::{Answer, Identity, OPERATOR, TestApp, context, who};

pub const DEE: Identity = who("dee", "dee@example.com");

/// The `n`th of many people.
pub fn someone(n: usize) -> Identity {
    let sub: &'static str = format!("person-{n:03}").leak();
    let email: &'static str = format!("person-{n:03}@example.com").leak();
    who(sub, email)
}

/// Two custom roles that many stories need: a pure user manager, and a pure role manager.
pub fn user_manager() -> Value {
    json!({ "user_management": "full_access" })
}

pub fn role_manager() -> Value {
    json!({ "role_management": "full_access" })
}

impl TestApp {
    /// An operator switches something in `org`.
    pub async fn switch(&self, org: &str, switches: Value) {
        self.patch(OPERATOR, &operators(org), switches).await.expect(200);
    }

    /// A partner organization that an operator created, with `first` as its Super Admin.
    pub async fn partner(&self, first: Identity, name: &str) -> String {
        let wanted = json!({ "name": name, "kind": "partner", "first_admin_email": first.email });
        let made = self.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
        let org = format!("/v1/organizations/{}", made.id());
        self.accept(first, &org).await.expect(200);
        org
    }

    /// An organization of `who` that may have sub-organizations.
    pub async fn tree(&self, who: Identity, name: &str) -> String {
        let org = self.found(who, name).await;
        self.switch(&org, json!({ "manage_sub_organizations": true })).await;
        org
    }

    /// A sub-organization that `who` creates under `org`.
    pub async fn below(&self, who: Identity, org: &str, name: &str) -> String {
        let wanted = json!({ "name": name });
        let made = self.post(who, &format!("{org}/sub-organizations"), wanted).await.expect(201);
        format!("/v1/organizations/{}", made.id())
    }

    /// A sub-organization that an operator creates under `org`, with nobody in it.
    pub async fn empty_below(&self, org: &str, name: &str) -> String {
        let wanted = json!({ "name": name, "parent": id(org) });
        let made = self.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
        format!("/v1/organizations/{}", made.id())
    }

    /// `by` invites an address.
    pub async fn invite(&self, by: Identity, org: &str, email: &str, role: &str) -> Answer {
        let offer = json!({ "email": email, "role_id": role });
        self.post(by, &format!("{org}/invitations"), offer).await
    }

    /// `by` invites an address; answers the path of the invitation.
    pub async fn invited(&self, by: Identity, org: &str, email: &str, role: &str) -> String {
        let id = self.invite(by, org, email, role).await.expect(201).id();
        format!("{org}/invitations/{id}")
    }

    /// `who` accepts the invitation to `org` that they find among their own.
    pub async fn accept(&self, who: Identity, org: &str) -> Answer {
        let mine = self.get(who, "/v1/me/invitations?limit=100").await.expect(200);
        let to_org = |item: &&Value| item["organization_id"] == id(org);
        let found = mine.items().iter().find(to_org).expect("an invitation of theirs");
        let accept = format!("{org}/invitations/{}/accept", found["id"].as_str().unwrap());
        self.post(who, &accept, json!({})).await
    }

    /// `by` gives `target` another role.
    pub async fn assign(&self, by: Identity, org: &str, target: Identity, role: &str) -> Answer {
        let path = format!("{org}/members/@{}", target.sub);
        self.patch(by, &path, json!({ "role_id": role })).await
    }

    /// `by` removes `target`.
    pub async fn remove(&self, by: Identity, org: &str, target: Identity) -> Answer {
        self.delete(by, &format!("{org}/members/@{}", target.sub)).await
    }

    /// `by` hands the Super Admin role on.
    pub async fn transfer(&self, by: Identity, org: &str, new_super_admin: Identity) -> Answer {
        self.post(
            by,
            &format!("{org}/transfer"),
            json!({ "member_id": format!("@{}", new_super_admin.sub) }),
        )
        .await
    }

    /// The whole history of `org`, oldest first.
    pub async fn history(&self, org: &str) -> Vec<Value> {
        let mut events = self.walk(OPERATOR, &format!("{org}/events?limit=100")).await;
        events.reverse();
        events
    }

    /// What happened in `org`, oldest first.
    pub async fn actions(&self, org: &str) -> Vec<String> {
        let events = self.history(org).await;
        events.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    }

    /// The role that `who` holds in `org`, as a reader of the users list sees it.
    pub async fn role_of(&self, org: &str, who: Identity) -> Option<String> {
        let found = self.get(OPERATOR, &format!("{org}/members/@{}", who.sub)).await;
        found.body["role_id"].as_str().map(ToOwned::to_owned)
    }

    /// Everybody who holds Super Admin in `org`, by the users list; and who the organization says.
    pub async fn super_admins(&self, org: &str) -> (Vec<String>, Option<String>) {
        let users = self.walk(OPERATOR, &format!("{org}/members?status=active&limit=100")).await;
        let holders = users.iter().filter(|user| user["role_id"] == "super_admin");
        let holders = holders.map(|user| user["user_id"].as_str().unwrap().to_owned()).collect();
        let told = self.get(OPERATOR, org).await.expect(200);
        (holders, told.body["super_admin_user_id"].as_str().map(ToOwned::to_owned))
    }

    /// All items of a list; `path` has a query.
    pub async fn walk(&self, who: Identity, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(who, &format!("{path}{cursor}")).await.expect(200);
            let items =
                if page.body["organizations"].is_array() { "organizations" } else { "items" };
            all.extend(page.body[items].as_array().unwrap().iter().cloned());
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// Asks with these very claims, as the gateway's JWT authorizer would hand them on.
    pub async fn claiming(&self, claims: &Value, method: &str, path: &str) -> Answer {
        let mut context = json!(context(None, self.now(), method));
        context["authorizer"] = json!({ "jwt": { "claims": claims } });
        let context = serde_json::from_value(context).unwrap();
        let request = request(method, path);
        let request = request.with_request_context(RequestContext::ApiGatewayV2(context));
        self.respond(request).await
    }
}

fn request(method: &str, path: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    request.header(CONTENT_TYPE, "application/json").body(Body::empty()).unwrap()
}

impl Answer {
    /// Insists on a refusal: its status, and the slug of its problem.
    #[track_caller]
    pub fn refuses(self, status: u16, slug: &str) -> Self {
        assert_eq!((self.status.as_u16(), self.problem()), (status, slug), "{self}");
        self
    }

    /// Where the request is wrong, by its problem.
    pub fn pointer(&self) -> &str {
        self.body["errors"][0]["pointer"].as_str().unwrap_or_default()
    }

    /// The body's bytes, but for the request's id.
    pub fn anonymous(&self) -> String {
        let instance = self.body["instance"].as_str().unwrap_or_default();
        format!("{} {}", self.status, self.text.replacen(instance, "…", 1))
    }
}

/// The id at the end of a path.
pub fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Where operators find an organization.
pub fn operators(org: &str) -> String {
    org.replace("/v1/", "/v1/operator/")
}

/// One member of each item.
pub fn each<'a>(items: &'a [Value], name: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[name].as_str().unwrap_or_default()).collect()
}
