//! The app under test: all routers over a DynamoDB engine of its own. Its clock advances one second
//! with each request.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use aws_sdk_dynamodb::Client;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    response::Response,
};
use http_body_util::BodyExt;
use lambda_http::{RequestExt, request::RequestContext};
use local::engine::Engine;
use serde_json::{Value, json};
use shared::{
    domain::{AlertId, Budgets, Email, MemberId, OrgId, UserId},
    http::{App, Deployment, TokenClaims, complete},
    store::{Cost, Store},
};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{
    contract::{self, ObservedRequest},
    fault_layer::Layer,
};

/// 2026-11-21T12:00:00Z
pub const NOON: i64 = 1_795_262_400_000;
pub const DAY: i64 = 24 * 60 * 60 * 1_000;

/// The identity of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub sub: &'static str,
    pub email: &'static str,
    /// The name by the identity provider; empty for none.
    pub name: &'static str,
    pub verified: &'static str,
    pub scope: &'static str,
    /// The authentication methods, as API Gateway formats them: `[pwd otp]`.
    pub amr: &'static str,
    /// The time of the sign-in, in seconds.
    pub auth_time: Option<i64>,
    /// The address that the request comes from.
    pub ip: &'static str,
}

/// An identity with a verified address.
pub const fn identity(sub: &'static str, email: &'static str) -> Identity {
    let ip = "192.0.2.1";
    let (name, verified) = ("", "true");
    Identity { sub, email, name, verified, scope: "", amr: "", auth_time: None, ip }
}

pub const ADA: Identity = identity("ada", "ada@example.com");
pub const BOB: Identity = identity("bob", "bob@example.com");
pub const CY: Identity = identity("cy", "cy@example.com");
pub const EVE: Identity = identity("eve", "eve@example.com");
pub const OPERATOR: Identity =
    Identity { scope: "openid operator", ..identity("op", "op@platform.example") };

/// A deployment whose budgets no test uses up (INV14).
pub fn ample() -> Deployment {
    let budgets = Budgets {
        sending_interval_seconds: 0,
        sendings_per_invitation: u32::MAX,
        invitations_per_address: u32::MAX,
        invitations_on_first_day: u32::MAX,
        invitations_per_day: u32::MAX,
        organizations_per_person: u32::MAX,
        join_requests_per_person: u32::MAX,
    };
    Deployment { budgets, ..Deployment::default() }
}

pub struct TestApp {
    pub client: Client,
    pub table: String,
    pub store: Store,
    pub router: Router,
    /// Method and path of the last request.
    pub last_request: Arc<Mutex<String>>,
    now: AtomicI64,
    _engine: Option<Engine>,
}

/// A response, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
    pub body: Value,
    pub cost: Cost,
}

impl TestApp {
    /// An app whose budgets no test uses up.
    pub async fn new() -> Self {
        Self::with(ample()).await
    }

    pub async fn with(deployment: Deployment) -> Self {
        let (engine, client) = start_engine().await;
        Self::over(client, engine, deployment).await
    }

    /// An app with a fault layer between it and its engine.
    pub async fn with_fault_layer(deployment: Deployment) -> (Self, Layer) {
        let (engine, client) = start_engine().await;
        let (layer, client) = Layer::under(&client);
        (Self::over(client, engine, deployment).await, layer)
    }

    /// An app over the engine of `client`, with a table of its own.
    pub async fn over(client: Client, engine: Option<Engine>, deployment: Deployment) -> Self {
        let table = format!("test-{:032x}", rand::random::<u128>());
        local::table::create_table(&client, &table).await.unwrap();
        let store = Store::new(client.clone(), &table);
        let router = complete(
            local::routers(),
            App { store: store.clone(), deployment, claims: TokenClaims::default() },
        );
        let (last_request, now) = (Arc::default(), AtomicI64::new(NOON));
        Self { client, table, store, router, last_request, now, _engine: engine }
    }

    /// Names the request that the next calls to the table belong to.
    pub fn set_last_request(&self, what: String) {
        *self.last_request.lock().unwrap() = what;
    }

    /// The time, in milliseconds.
    pub fn now(&self) -> i64 {
        self.now.load(Relaxed)
    }

    pub fn wait(&self, milliseconds: i64) {
        self.now.fetch_add(milliseconds, Relaxed);
    }

    pub async fn get(&self, caller: Identity, path: &str) -> Answer {
        self.send(Some(caller), "GET", path, None).await
    }

    pub async fn post(&self, caller: Identity, path: &str, body: Value) -> Answer {
        self.send(Some(caller), "POST", path, Some(body)).await
    }

    pub async fn patch(&self, caller: Identity, path: &str, body: Value) -> Answer {
        self.send(Some(caller), "PATCH", path, Some(body)).await
    }

    pub async fn put(&self, caller: Identity, path: &str, body: Value) -> Answer {
        self.send(Some(caller), "PUT", path, Some(body)).await
    }

    pub async fn delete(&self, caller: Identity, path: &str) -> Answer {
        self.send(Some(caller), "DELETE", path, None).await
    }

    /// Sends a request; without a caller, it has no token.
    pub async fn send(
        &self,
        caller: Option<Identity>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.send_with(caller, method, path, body, &[]).await
    }

    /// Sends a request with headers.
    pub async fn send_with(
        &self,
        caller: Option<Identity>,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = body.map(|body| with_member_ids(path, body));
        let mut request = Request::builder().method(method).uri(with_ids(path));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.answer(caller, request.body(body).unwrap()).await
    }

    /// Sends any request with the context that API Gateway adds.
    pub async fn answer(&self, caller: Option<Identity>, request: Request<Body>) -> Answer {
        let at = self.now.fetch_add(1_000, Relaxed);
        let context = context(caller, at, request.method().as_str());
        self.respond(request.with_request_context(RequestContext::ApiGatewayV2(context))).await
    }

    /// Sends a request that has its context. Asserts that the contract allows the response.
    pub async fn respond(&self, request: Request<Body>) -> Answer {
        self.set_last_request(format!("{} {}", request.method(), request.uri().path()));
        let (observed, request) = ObservedRequest::read(request).await;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let answer = Answer::read(response).await;
        contract::check(&observed, &answer);
        answer.has_standard_headers();
        let written = answer.cost.write_units + answer.cost.index_write_units;
        let is_safe = observed.is_safe();
        assert!(!answer.status.is_client_error() || written == 0.0, "written despite {answer}");
        assert!(!is_safe || written == 0.0, "a safe method has written: {answer}");
        answer
    }

    /// An organization created by `caller`; returns its path.
    pub async fn create_organization(&self, caller: Identity, name: &str) -> String {
        let answer = self.post(caller, "/v1/organizations", json!({ "name": name })).await;
        format!("/v1/organizations/{}", answer.expect(201).id())
    }

    /// Makes `user` a member: `by` invites, and `user` accepts.
    pub async fn add_member(&self, by: Identity, org: &str, user: Identity, role: &str) -> Answer {
        let invitation = self.create_invitation(by, org, user.email, role).await;
        self.post(user, &format!("{invitation}/accept"), json!({})).await.expect(200)
    }

    /// A custom role created by `by`; returns its id.
    pub async fn create_role(&self, by: Identity, org: &str, name: &str, levels: Value) -> String {
        let role = json!({ "name": name, "permissions": levels });
        self.post(by, &format!("{org}/roles"), role).await.expect(201).id()
    }
}

/// Starts an engine. `DYNAMODB_TEST_ENDPOINT` names another one to use.
pub async fn start_engine() -> (Option<Engine>, Client) {
    if let Ok(url) = std::env::var("DYNAMODB_TEST_ENDPOINT") {
        return (None, local::engine::client(&url));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let engine = Engine::start(listener, None).unwrap();
    let client = engine.client();
    (Some(engine), client)
}

/// `…/members/@bob` stands for the member whose `sub` is `bob`, `…/critical-alert-users/@x@y.example`
/// for that address: both ids are hashes.
pub fn with_ids(path: &str) -> String {
    let replaced = |list: &str, id: fn(&str, &str) -> String| {
        let (org, rest) = path.split_once(&format!("{list}@"))?;
        let (name, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        Some(format!("{org}{list}{}{rest}", id(org, name)))
    };
    replaced("/members/", member_id)
        .or_else(|| replaced("/critical-alert-users/", alert_id))
        .unwrap_or_else(|| path.to_owned())
}

/// The same for `"member_id": "@bob"` and `"keeper_id": "@bob"` in a body.
fn with_member_ids(path: &str, mut body: Value) -> Value {
    for field in ["member_id", "keeper_id"] {
        if let Some(sub) = body[field].as_str().and_then(|id| id.strip_prefix('@')) {
            body[field] = json!(member_id(path, sub));
        }
    }
    body
}

/// The id of a person as a member of the organization in a path.
pub fn member_id(path: &str, sub: &str) -> String {
    organization(path)
        .map_or_else(|| sub.into(), |org| MemberId::of(org, &UserId::new(sub)).to_string())
}

/// The id of an address among the critical alert users of the organization in a path.
pub fn alert_id(path: &str, email: &str) -> String {
    let id = |(org, email)| AlertId::of(org, &email).to_string();
    organization(path).zip(Email::parse(email).ok()).map_or_else(|| email.to_owned(), id)
}

fn organization(path: &str) -> Option<OrgId> {
    path.split('/').find(|part| part.starts_with("org_"))?.parse().ok()
}

/// The request context of API Gateway.
pub fn context(
    caller: Option<Identity>,
    at: i64,
    method: &str,
) -> lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext {
    let ip = caller.map_or("192.0.2.1", |caller| caller.ip);
    let mut context = json!({
        "http": { "method": method, "sourceIp": ip },
        "requestId": "r1",
        "timeEpoch": at,
    });
    if let Some(Identity { sub, email, name, verified, scope, amr, auth_time, .. }) = caller {
        let mut claims = json!({
            "sub": sub, "email": email, "email_verified": verified, "scope": scope, "amr": amr,
        });
        if !name.is_empty() {
            claims["name"] = json!(name);
        }
        if let Some(at) = auth_time {
            claims["auth_time"] = json!(at.to_string());
        }
        context["authorizer"] = json!({ "jwt": { "claims": claims } });
    }
    serde_json::from_value(context).unwrap()
}

impl Answer {
    /// Reads a response to its end.
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        // The text of a file is empty.
        let text = String::from_utf8(bytes.to_vec()).unwrap_or_default();
        Self {
            bytes: bytes.to_vec(),
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            cost: parts.extensions.get::<Cost>().copied().unwrap_or_default(),
        }
    }

    /// Asserts the headers that every response has.
    #[track_caller]
    pub fn has_standard_headers(&self) {
        assert_eq!(self.headers["cache-control"], "no-store", "{self}");
        assert_eq!(self.headers["x-content-type-options"], "nosniff", "{self}");
        let request_id = self.headers["x-request-id"].to_str().unwrap();
        if !self.problem().is_empty() {
            assert_eq!(self.body["instance"], request_id, "{self}");
            assert_eq!(self.headers["content-type"], "application/problem+json", "{self}");
        }
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self}");
        self
    }

    /// The `id` in the body.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id: {self}")).to_owned()
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/")
    }

    /// The items of a list.
    pub fn items(&self) -> &[Value] {
        self.body["items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Status and body, with masked ids: `org_…`, `inv_…`.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.text.is_empty() {
            let pretty = serde_json::to_string_pretty(&self.body).unwrap();
            write!(f, "\n{}", mask(&pretty))?;
        }
        Ok(())
    }
}

/// `text` with each id reduced to its kind.
pub fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    for kind in ["org_", "inv_", "role_", "evt_", "req_", "mem_", "alert_"] {
        let mut rest = 0;
        while let Some(found) = masked[rest..].find(kind) {
            let (start, end) = (rest + found + kind.len(), rest + found + kind.len() + 26);
            let id = masked.get(start..end).unwrap_or_default();
            if id.len() == 26 && id.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
                masked.replace_range(start..end, "…");
            }
            rest = start;
        }
    }
    masked
}
