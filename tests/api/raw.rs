//! From the event that API Gateway sends, to the function that it sends it to: nothing else is
//! mounted, and claims are strings.

use ::cleanup::ScheduledRun;
use axum::{Router, body::Body};
use lambda_http::request::from_str;
use serde_json::{Value, json};
use shared::http::{App, Limits, complete};
use tower::ServiceExt;

use crate::{
    helpers::{DEE, id},
    test_app::{ADA, Answer, BOB, DAY, Identity, OPERATOR, TestApp, member_id},
};

/// What API Gateway sends for a request (payload format 2.0).
fn event(world: &TestApp, who: Identity, method: &str, path: &str, body: Option<&Value>) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "*/*",
            "authorization": "Bearer e30.e30.e30",
            "content-length": "0",
            "content-type": "application/json",
            "host": "api.rolecall.example",
            "x-amzn-trace-id": "Root=1-6920-5f84c7a9",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https"
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "authorizer": {
                "jwt": {
                    "claims": {
                        "aud": "rolecall",
                        "auth_time": "1795262300",
                        "email": who.email,
                        "email_verified": who.verified,
                        "exp": "1795265900",
                        "iat": "1795262300",
                        "iss": "https://id.example.com/",
                        "scope": who.scope,
                        "sub": who.sub
                    },
                    "scopes": null
                }
            },
            "domainName": "api.rolecall.example",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": format!("{method} {path}"),
            "stage": "$default",
            "time": "21/Nov/2026:12:00:00 +0000",
            "timeEpoch": world.now()
        },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false
    })
}

/// The answer of one function to an event.
async fn answer(world: &TestApp, function: Router<App>, event: &Value) -> Answer {
    let app = App { store: world.store.clone(), limits: Limits::default() };
    let request = from_str(&event.to_string()).unwrap().map(Body::new);
    Answer::read(complete(function, app).oneshot(request).await.unwrap()).await
}

async fn ask(
    world: &TestApp,
    function: Router<App>,
    who: Identity,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Answer {
    answer(world, function, &event(world, who, method, path, body.as_ref())).await
}

/// What every answer has, whichever function gave it.
#[track_caller]
fn is_ours(answer: &Answer) {
    assert_eq!(answer.headers["x-request-id"], "JKJaXmPLvHcESHA=");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn access_tells_who_i_am() {
    let world = TestApp::new().await;
    world.found(ADA, "Acme").await;
    let told = ask(&world, access::router(), ADA, "GET", "/v1/me?limit=5", None).await.expect(200);
    assert_eq!(told.body["email_verified"], true);
    assert_eq!(told.body["organizations"][0]["role_id"], "super_admin");
    is_ours(&told);
}

#[tokio::test]
async fn organization_founds_one() {
    let world = TestApp::new().await;
    let name = Some(json!({ "name": "Acme" }));
    let made = ask(&world, organization::router(), ADA, "POST", "/v1/organizations", name).await;
    let made = made.expect(201);
    is_ours(&made);
    let told = world.get(ADA, &format!("/v1/organizations/{}", made.id())).await.expect(200);
    assert_eq!(told.body, made.body);
}

#[tokio::test]
async fn invite_takes_a_body_that_the_gateway_encoded() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let mut sent = event(&world, ADA, "POST", &path, None);
    // {"email":"bob@example.com","role_id":"user"}
    sent["body"] = json!("eyJlbWFpbCI6ImJvYkBleGFtcGxlLmNvbSIsInJvbGVfaWQiOiJ1c2VyIn0=");
    sent["isBase64Encoded"] = json!(true);
    let made = answer(&world, invite::router(), &sent).await.expect(201);
    assert_eq!(made.body["email"], "bob@example.com");
    is_ours(&made);
}

#[tokio::test]
async fn accept_makes_a_member() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{}/accept", world.invited(ADA, &acme, BOB.email, "user").await);
    let unverified = Identity { verified: "false", ..BOB };
    let refused = ask(&world, accept::router(), unverified, "POST", &path, None).await;
    is_ours(&refused.refuses(404, "no-such-invitation"));
    let member = ask(&world, accept::router(), BOB, "POST", &path, None).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
    is_ours(&member);
}

/// An HTTP API hands the path over decoded: it carries ids of ours alone.
#[tokio::test]
async fn members_shows_changes_and_removes_a_person_whatever_their_sub_is() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for sub in ["a/b4+Lfg=", "x#EXT#@y", "CORP\\jdoe", "auth0|1", "https://idp.example/users/7"] {
        let odd = Identity { sub, ..DEE };
        let id = world.bring(ADA, &acme, odd, "user").await.id();
        let path = format!("{acme}/members/{id}");
        let found = ask(&world, members::router(), ADA, "GET", &path, None).await.expect(200);
        assert_eq!(found.body["user_id"], sub);
        is_ours(&found);
        let role = Some(json!({ "role_id": "admin" }));
        let changed = ask(&world, members::router(), ADA, "PATCH", &path, role).await.expect(200);
        assert_eq!(changed.body["role_id"], "admin");
        ask(&world, members::router(), ADA, "DELETE", &path, None).await.expect(204);
    }
    world.bring(ADA, &acme, DEE, "user").await;
    let query = format!("{acme}/members?status=active&status=pending&role_id=user");
    let list = ask(&world, members::router(), ADA, "GET", &query, None).await.expect(200);
    assert_eq!(list.items().len(), 1);
}

#[tokio::test]
async fn roles_makes_one() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let wanted = Some(json!({ "name": "Nachtwächter" }));
    let path = format!("{acme}/roles");
    let made = ask(&world, roles::router(), ADA, "POST", &path, wanted).await.expect(201);
    assert_eq!(made.body["name"], "Nachtwächter");
    is_ours(&made);
}

#[tokio::test]
async fn transfer_hands_on() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let (path, to) =
        (format!("{acme}/transfer"), Some(json!({ "member_id": member_id(&acme, BOB.sub) })));
    let handed = ask(&world, transfer::router(), ADA, "POST", &path, to).await.expect(200);
    assert_eq!(handed.body["super_admin_user_id"], "bob");
    is_ours(&handed);
}

#[tokio::test]
async fn suborg_creates_one() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let (path, name) = (format!("{root}/sub-organizations"), Some(json!({ "name": "Branch" })));
    let made = ask(&world, suborg::router(), ADA, "POST", &path, name).await.expect(201);
    assert_eq!(made.body["parent_id"], id(&root));
    is_ours(&made);
}

#[tokio::test]
async fn events_lists_the_history() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{acme}/events");
    let list = ask(&world, events::router(), ADA, "GET", &path, None).await.expect(200);
    assert_eq!(list.items()[0]["action"], "organization.created");
    is_ours(&list);
}

/// OP1
#[tokio::test]
async fn operator_knows_the_scope() {
    let world = TestApp::new().await;
    let path = "/v1/operator/organizations";
    let refused = ask(&world, operator::router(), ADA, "GET", path, None).await;
    is_ours(&refused.refuses(403, "operator-scope-required"));
    is_ours(&ask(&world, operator::router(), OPERATOR, "GET", path, None).await.expect(200));
}

/// INV10
#[tokio::test]
async fn cleanup_takes_the_schedulers_tick() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.invited(ADA, &acme, BOB.email, "user").await;
    world.wait(8 * DAY);
    let late = r#"{"time": "2026-11-29T12:00:00Z"}"#;
    let early = r#"{"time": "2026-11-28T11:59:59Z"}"#;
    for (tick, expired) in [(early, 0), (late, 1), (late, 0)] {
        let ScheduledRun { time } = serde_json::from_str(tick).unwrap();
        let summary = ::cleanup::run(&world.store, time, "tick", || false).await.unwrap();
        let told = json!({
            "expired": expired, "roles_deleted": 0, "skipped": 0, "failed": 0, "more": false,
        });
        assert_eq!(serde_json::to_value(summary).unwrap(), told);
    }
}

#[tokio::test]
async fn a_request_that_nobody_vouched_for_is_refused_whatever_its_headers_say() {
    let world = TestApp::new().await;
    let mut sent = event(&world, ADA, "GET", "/v1/me", None);
    sent["requestContext"].as_object_mut().unwrap().remove("authorizer");
    let refused = answer(&world, access::router(), &sent).await;
    is_ours(&refused.refuses(401, "unauthenticated"));
    // Claims of a Lambda authorizer are no JWT's.
    let claims = json!({ "sub": "ada", "email": ADA.email, "email_verified": "true" });
    sent["requestContext"]["authorizer"] = json!({ "lambda": claims });
    answer(&world, access::router(), &sent).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn a_function_serves_its_own_routes_alone() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let elsewhere = ask(&world, access::router(), ADA, "GET", &acme, None).await;
    is_ours(&elsewhere.refuses(404, "no-such-route"));
}
