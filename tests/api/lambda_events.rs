//! Events as API Gateway sends them to the deployed functions. All claims are texts.

use axum::{Router, body::Body};
use lambda_http::request::from_str;
use serde_json::{Value, json};
use shared::{
    http::{App, Deployment, TokenClaims, TrustedProxy, complete, serve_below},
    lambda::ScheduledRun,
};
use tower::ServiceExt;

use crate::{
    helpers::{DEE, id},
    test_app::{ADA, Answer, BOB, DAY, Identity, OPERATOR, TestApp, ample, member_id},
};

/// The event of a request, in payload format 2.0.
fn event(app: &TestApp, caller: Identity, method: &str, path: &str, body: Option<&Value>) -> Value {
    let claims = json!({
        "aud": "rolecall",
        "auth_time": "1795262300",
        "email": caller.email,
        "email_verified": caller.verified,
        "exp": "1795265900",
        "iat": "1795262300",
        "iss": "https://id.example.com/",
        "scope": caller.scope,
        "sub": caller.sub
    });
    event_with(app, &claims, method, path, body)
}

/// The event of a request with a token that has these claims.
pub fn event_with(
    app: &TestApp,
    claims: &Value,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Value {
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
                    "claims": claims,
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
            "timeEpoch": app.now()
        },
        "body": body.map(Value::to_string),
        "isBase64Encoded": false
    })
}

/// The response of one function to an event.
async fn answer(app: &TestApp, function: Router<App>, event: &Value) -> Answer {
    answer_of(app_with(app, ample()), function, event).await
}

/// The app of this deployment over the same table.
fn app_with(app: &TestApp, deployment: Deployment) -> App {
    App { store: app.store.clone(), deployment, claims: TokenClaims::default() }
}

/// The response of one function of a deployment to an event.
pub async fn answer_of(app: App, function: Router<App>, event: &Value) -> Answer {
    answer_of_router(complete(function, app), event).await
}

/// The response of a complete router to an event.
async fn answer_of_router(router: Router, event: &Value) -> Answer {
    let request = from_str(&event.to_string()).unwrap().map(Body::new);
    let answer = Answer::read(router.oneshot(request).await.unwrap()).await;
    answer.has_standard_headers();
    assert_eq!(answer.headers["x-request-id"], "JKJaXmPLvHcESHA=");
    answer
}

#[tokio::test]
async fn base64_body_is_decoded() {
    let (app, acme) = TestApp::with_acme().await;
    let path = format!("{acme}/invitations");
    let mut sent = event(&app, ADA, "POST", &path, None);
    // {"email":"bob@example.com","role_id":"user"}
    sent["body"] = json!("eyJlbWFpbCI6ImJvYkBleGFtcGxlLmNvbSIsInJvbGVfaWQiOiJ1c2VyIn0=");
    sent["isBase64Encoded"] = json!(true);
    let made = answer(&app, invite::router(), &sent).await.expect(201);
    assert_eq!(made.body["email"], "bob@example.com");
}

/// The route of preflight requests has no authorizer. Browsers ignore CORS headers of an error.
#[tokio::test]
async fn preflight_request_succeeds_without_a_token() {
    let (app, acme) = TestApp::with_acme().await;
    for path in ["/v1/me", &format!("{acme}/members/@ada"), "/nowhere"] {
        let mut sent = event(&app, ADA, "OPTIONS", path, None);
        sent["requestContext"]["authorizer"].take();
        sent["headers"]["origin"] = json!("https://portal.example.com");
        sent["headers"]["access-control-request-method"] = json!("PATCH");
        let preflight = answer(&app, access::router(), &sent).await.expect(204);
        assert_eq!(preflight.body, Value::Null, "{path}");
    }
    // Without the name of a method it is no preflight request.
    let sent = event(&app, ADA, "OPTIONS", "/v1/me", None);
    answer(&app, access::router(), &sent).await.refuses(405, "method-not-allowed");
}

#[tokio::test]
async fn each_function_answers_events_of_api_gateway() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let call = async |function, caller, method: &str, path: &str, body: Option<Value>| {
        answer(&app, function, &event(&app, caller, method, path, body.as_ref())).await
    };
    let (name, at) =
        (|| Some(json!({ "name": "Nachtwächter" })), |path: &str| format!("{acme}{path}"));
    let me = call(access::router(), ADA, "GET", "/v1/me?limit=5", None).await.expect(200);
    assert_eq!(me.body["email_verified"], true);
    assert_eq!(me.body["organizations"][0]["role_id"], "super_admin");
    let path = "/v1/organizations";
    let created = call(organization::router(), ADA, "POST", path, name()).await.expect(201);
    assert_eq!(created.body["name"], "Nachtwächter");

    let path = format!("{}/accept", app.create_invitation(ADA, &acme, DEE.email, "user").await);
    let unverified = Identity { verified: "false", ..DEE };
    let refused = call(accept::router(), unverified, "POST", &path, None).await;
    refused.refuses(404, "no-such-invitation");
    let member = call(accept::router(), DEE, "POST", &path, None).await.expect(200);
    assert_eq!(member.body["role_id"], "user");
    let path = at("/members?status=active&status=pending&role_id=user");
    let users = call(members::router(), ADA, "GET", &path, None).await.expect(200);
    assert_eq!(users.items().len(), 1);
    let role = call(roles::router(), ADA, "POST", &at("/roles"), name()).await.expect(201);
    assert_eq!(role.body["name"], "Nachtwächter");
    let branch = call(suborg::router(), ADA, "POST", &at("/sub-organizations"), name()).await;
    assert_eq!(branch.expect(201).body["parent_id"], id(&acme));
    let history = call(events::router(), ADA, "GET", &at("/events"), None).await.expect(200);
    assert_eq!(history.items()[0]["organization_id"], id(&acme));
    let to_bob = Some(json!({ "member_id": member_id(&acme, BOB.sub) }));
    let org = call(transfer::router(), ADA, "POST", &at("/transfer"), to_bob).await.expect(200);
    assert_eq!(org.body["super_admin"]["email"], BOB.email);

    let path = "/v1/operator/organizations";
    let refused = call(operator::router(), ADA, "GET", path, None).await;
    refused.refuses(403, "operator-scope-required");
    call(operator::router(), OPERATOR, "GET", path, None).await.expect(200);
}

/// A custom domain with a base path passes it on in `rawPath` and in the request context. `routeKey`
/// does not have it.
#[tokio::test]
async fn routes_match_below_a_base_path() {
    let (app, acme) = TestApp::with_acme().await;
    let call = async |function, method: &str, path: &str, body: Option<Value>| {
        let function = complete(function, app_with(&app, ample()));
        let router = serve_below("/team/rolecall".parse().unwrap(), function);
        answer_of_router(router, &event(&app, ADA, method, path, body.as_ref())).await
    };
    let body = || Some(json!({ "email": "bob@example.com", "role_id": "user" }));
    let path = format!("/team/rolecall{acme}/invitations");
    let made = call(invite::router(), "POST", &path, body()).await.expect(201);
    let location = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("{path}/{}", made.id()));
    assert_eq!(call(invite::router(), "GET", &location, None).await.expect(200).id(), made.id());
    let path = format!("{acme}/roles");
    let direct = call(roles::router(), "POST", &path, Some(json!({ "name": "Clerk" }))).await;
    let location = direct.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("{path}/{}", direct.id()));
    for path in ["/team/rolecall/v1/nothing", "/team/rolecall", "/rolecall/v1/me", "/team/v1/me"] {
        call(access::router(), "GET", path, None).await.refuses(404, "no-such-route");
    }
}

#[tokio::test]
async fn metadata_names_the_endpoint_of_the_api_whatever_the_host() {
    let app = TestApp::new().await;
    let domain = Some("execute-api.eu-central-1.amazonaws.com");
    let deployment = Deployment { public_url: None, endpoint_domain: domain, ..ample() };
    let call = async |change: fn(&mut Value)| {
        let mut sent = event(&app, ADA, "GET", "/.well-known/authzen-configuration", None);
        change(&mut sent);
        answer_of(app_with(&app, deployment), access::router(), &sent).await
    };
    let expected = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";
    for change in [
        |_: &mut Value| {},
        |event: &mut Value| event["headers"]["host"] = json!("evil.example"),
        |event: &mut Value| event["headers"]["x-forwarded-host"] = json!("evil.example"),
        |event: &mut Value| event["headers"]["forwarded"] = json!("host=evil.example"),
        |event: &mut Value| event["requestContext"]["domainName"] = json!("evil.example"),
    ] {
        let body = call(change).await.expect(200).body;
        assert_eq!(body["policy_decision_point"], expected);
        let evaluation = format!("{expected}/access/v1/evaluation");
        assert_eq!(body["access_evaluation_endpoint"], evaluation);
    }
    for change in [
        |event: &mut Value| event["requestContext"]["apiId"] = Value::Null,
        |event: &mut Value| event["requestContext"]["apiId"] = json!("evil.example/"),
    ] {
        call(change).await.refuses(404, "no-such-route");
    }
}

/// Behind a proxy, `sourceIp` is the address of the proxy. The allowed networks of an organization
/// (ORG3) apply to the viewer's address, which only the proxy knows.
#[tokio::test]
async fn allowed_networks_see_the_viewer_behind_the_proxy() {
    let (app, acme) = TestApp::with_acme().await;
    let settings = json!({
        "require_mfa": false, "max_session_minutes": null, "event_retention_days": 365,
        "allowed_networks": ["192.0.2.0/24", "2001:db8::/32"],
    });
    app.put(ADA, &format!("{acme}/security"), settings).await.expect(200);
    // SHA-256 of `correct horse battery staple`.
    let hash = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
    let proxy = TrustedProxy::new("CloudFront-Viewer-Address", hash).unwrap();
    let deployment = Deployment { trusted_proxy: Some(Box::leak(Box::new(proxy))), ..ample() };
    let call = async |secret: &str, viewer: &str, source: &str| {
        let mut sent = event(&app, ADA, "GET", &acme, None);
        sent["headers"]["x-origin-verify"] = json!(secret);
        sent["headers"]["cloudfront-viewer-address"] = json!(viewer);
        sent["requestContext"]["http"]["sourceIp"] = json!(source);
        answer_of(app_with(&app, deployment), organization::router(), &sent).await
    };
    let (secret, edge) = ("correct horse battery staple", "130.176.1.1");
    call(secret, "192.0.2.7:40000", edge).await.expect(200);
    call(secret, "2001:db8::7:40000", edge).await.expect(200);
    // The address of the proxy does not count, even if it is within the networks.
    for viewer in ["203.0.113.9:40000", "2001:db9::7:40000", "192.0.2.7:1,203.0.113.9:2", ""] {
        for source in [edge, "192.0.2.1"] {
            let refused = call(secret, viewer, source).await;
            refused.refuses(403, "network-not-allowed");
        }
    }
    for secret in ["", "guess", hash] {
        for source in [edge, "192.0.2.1"] {
            let refused = call(secret, "192.0.2.7:40000", source).await;
            refused.refuses(403, "not-through-proxy");
        }
    }
}

/// INV10
#[tokio::test]
async fn clean_up_uses_the_time_of_the_schedule() {
    let (app, acme) = TestApp::with_acme().await;
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.wait(8 * DAY);
    let late = r#"{"time": "2026-11-29T12:00:00Z"}"#;
    let early = r#"{"time": "2026-11-28T11:59:59Z"}"#;
    for (tick, expired) in [(early, 0), (late, 1), (late, 0)] {
        let ScheduledRun { time } = serde_json::from_str(tick).unwrap();
        let summary = ::cleanup::run(&app.store, time, || time, "tick", || false).await.unwrap();
        let expected = json!({
            "expired": expired, "members_expired": 0, "organizations_ended": 0, "roles_deleted": 0, "skipped": 0,
            "failed": 0, "more": false,
        });
        assert_eq!(serde_json::to_value(summary).unwrap(), expected);
    }
}
