//! Conventions of every route: problems, headers and bodies.

use axum::{body::Body, http::Request};
use insta::assert_snapshot;
use local::ROUTES;
use serde_json::{Value, json};

use crate::{
    helpers::{id, nth_user, operator_path},
    matrix,
    test_app::{ADA, Answer, BOB, DAY, EVE, Identity, OPERATOR, TestApp, with_ids},
};

const NOWHERE: &str = "/v1/organizations/org_01JD7Z0000000000000000000A";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub const INV: &str = "inv_01JD7Z0000000000000000000A";
pub const ROLE: &str = "role_01JD7Z0000000000000000000A";
const REQ: &str = "req_01JD7Z0000000000000000000A";
pub const EVT: &str = "evt_01JD7Z0000000000000000000A";

/// Every route of `/v1`, with a valid body where it takes one. `…` stands for the path of an
/// organization.
fn routes() -> Vec<(&'static str, String, Option<Value>)> {
    let ids = [
        ("/v1/organizations/{org}", "…"),
        ("{inv}", INV),
        ("{role}", ROLE),
        ("{req}", REQ),
        ("{evt}", EVT),
        ("{org}", id(NOWHERE)),
        ("{customer}", id(NOWHERE)),
        ("{member}", "@ada"),
        ("{alert}", "@zoe@example.com"),
        ("{domain}", "example.com"),
    ];
    let of_v1 = ROUTES.iter().filter(|(_, path, _)| path.starts_with("/v1/"));
    let route = |(method, template, _): &(&'static str, &'static str, &str)| {
        let path =
            ids.iter().fold((*template).to_owned(), |path, (name, id)| path.replace(name, id));
        (*method, path, matrix::body(&format!("{method} {template}")))
    };
    of_v1.map(route).collect()
}

/// The routes about one organization.
pub fn organization_routes() -> Vec<(&'static str, String, Option<Value>)> {
    routes().into_iter().filter(|(_, path, _)| path.starts_with('…')).collect()
}

/// The routes that need a body.
fn with_body() -> Vec<(&'static str, String, Option<Value>)> {
    routes().into_iter().filter(|(_, _, body)| body.is_some()).collect()
}

async fn raw(
    app: &TestApp,
    caller: Identity,
    method: &str,
    path: &str,
    content: &str,
    body: &str,
) -> Answer {
    let request = Request::builder().method(method).uri(with_ids(path));
    let request =
        if content.is_empty() { request } else { request.header("content-type", content) };
    app.answer(Some(caller), request.body(Body::from(body.to_owned())).unwrap()).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn error_is_a_problem_document() {
    let app = TestApp::new().await;
    let named = [("x-request-id", "r-7")];
    let answer = app.send_with(Some(ADA), "GET", NOWHERE, None, &named).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_snapshot!(answer, @r#"
    404 Not Found
    {
      "detail": "There is no such organization, or you are not a member of it. Check the id, or ask an administrator of the organization for an invitation.",
      "instance": "r-7",
      "status": 404,
      "title": "No such organization",
      "type": "/problems/no-such-organization"
    }
    "#);
}

#[tokio::test]
async fn unknown_route_is_a_problem() {
    let (app, acme) = TestApp::with_acme().await;
    for path in [
        "/",
        "/v1",
        "/v1/organisations",
        "/v1/me/",
        "/v1//me",
        "/local/token",
        &format!("{acme}/secrets"),
        &format!("{acme}/members/@ada/role"),
        &format!("{acme}/"),
    ] {
        let answer = app.get(ADA, path).await.refuses(404, "no-such-route");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn unknown_method_lists_the_allowed_ones() {
    let (app, acme) = TestApp::with_acme().await;
    for (method, path, allow) in [
        ("DELETE", acme.clone(), "GET,HEAD,PATCH"),
        ("PUT", format!("{acme}/members/@ada"), "GET,HEAD,PATCH,DELETE"),
        ("PATCH", format!("{acme}/transfer"), "POST"),
        ("POST", "/v1/me".to_owned(), "GET,HEAD"),
    ] {
        let answer = app.send(Some(ADA), method, &path, None).await;
        let answer = answer.refuses(405, "method-not-allowed");
        assert_eq!(answer.headers["allow"], allow);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn request_without_token_is_unauthenticated() {
    let (app, acme) = TestApp::with_acme().await;
    let before = app.history(&acme).await;
    for (method, path, body) in routes() {
        let answer = app.send(None, method, &path.replace('…', &acme), body).await;
        let answer = answer.refuses(401, "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{method} {path}");
    }
    assert_eq!(app.history(&acme).await, before);
    assert_eq!(app.get(ADA, "/v1/me").await.body["organizations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn token_with_a_malformed_sub_is_unauthenticated() {
    let app = TestApp::new().await;
    let long = "s".repeat(256);
    for sub in [json!(""), json!("a b"), json!("a\nb"), json!("é"), json!(long)] {
        let claims = json!({ "sub": sub, "email": ADA.email, "email_verified": "true" });
        let answer = app.send_with_claims(&claims, "GET", "/v1/me").await;
        answer.refuses(401, "unauthenticated");
    }
    let answer = app.send_with_claims(&json!({ "email": ADA.email }), "GET", "/v1/me").await;
    answer.refuses(401, "unauthenticated");
}

/// U5: to a caller who is not a member, an organization and a missing one look the same, byte for
/// byte. This includes invitees and former members (GitLab CVE-2025-9486, Vaultwarden
/// CVE-2026-95814).
#[tokio::test]
async fn outsiders_cannot_tell_an_organization_from_a_missing_one() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let [pending, expired, revoked, declined, removed, left] = [0, 1, 2, 3, 4, 5].map(nth_user);
    let invite =
        async |caller: Identity| app.create_invitation(ADA, &acme, caller.email, "admin").await;
    invite(expired).await;
    app.wait(8 * DAY);
    invite(pending).await;
    let path = invite(revoked).await;
    app.delete(ADA, &path).await.expect(204);
    let path = invite(declined).await;
    app.post(declined, &format!("{path}/decline"), json!({})).await.expect(204);
    for caller in [removed, left] {
        app.add_member(ADA, &acme, caller, "admin").await;
    }
    app.remove(ADA, &acme, removed).await.expect(204);
    app.post(left, &format!("{acme}/leave"), json!({})).await.expect(204);
    let history = app.history(&acme).await;
    let headers =
        |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    for (method, path, body) in organization_routes() {
        let at = |org: &str| path.replace('…', org);
        for caller in [EVE, pending, expired, revoked, declined, removed, left] {
            let of_acme = app.send(Some(caller), method, &at(&acme), body.clone()).await;
            let none = app.send(Some(caller), method, &at(NOWHERE), body.clone()).await;
            assert_eq!(of_acme.status, 404, "{} {method} {path}: {of_acme}", caller.sub);
            assert_eq!(of_acme.anonymous(), none.anonymous(), "{method} {path}");
            assert_eq!(headers(&of_acme), headers(&none));
        }
    }
    for caller in [pending, expired, revoked, declined, removed, left] {
        let me = app.get(caller, "/v1/me").await.expect(200);
        let (kind, orgs) = (&me.body["user_type"], &me.body["organizations"]);
        assert_eq!((kind, orgs), (&json!("personal"), &json!([])));
    }
    assert_eq!(app.history(&acme).await, history);
    // A malformed id looks the same, too.
    let none = app.get(EVE, NOWHERE).await;
    for org in
        ["acme", "org_", "org_01jd7z0000000000000000000a", "org_..", "%2e%2e", "org_%00", "1"]
    {
        let answer = app.get(EVE, &format!("/v1/organizations/{org}")).await;
        assert_eq!(answer.anonymous(), none.anonymous(), "{org}");
    }
    // Operator routes reveal nothing to other callers either.
    let existing = app.get(EVE, &operator_path(&acme)).await;
    assert_eq!(existing.anonymous(), app.get(EVE, &operator_path(NOWHERE)).await.anonymous());
    existing.refuses(403, "operator-scope-required");
}

/// U5
#[tokio::test]
async fn outsider_costs_one_round_trip_and_a_missing_token_none() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    for path in ["", "/members", "/roles", "/invitations", "/events", "/sub-organizations"] {
        let path = format!("{acme}{path}");
        let (of_acme, none) = (app.get(EVE, &path).await, app.send(None, "GET", &path, None).await);
        assert_eq!((of_acme.cost.round_trips, none.cost.round_trips), (1, 0), "{path}");
    }
}

/// U5
#[tokio::test]
async fn outsiders_cannot_tell_items_from_missing_ones() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let role = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let event = app.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    for (existing, not) in [
        (format!("{acme}/roles/{role}"), format!("{acme}/roles/{ROLE}")),
        (invitation.clone(), format!("{acme}/invitations/{INV}")),
        (format!("{invitation}/mine"), format!("{acme}/invitations/{INV}/mine")),
        (format!("{acme}/events/{event}"), format!("{acme}/events/{EVT}")),
        (format!("{acme}/members/@ada"), format!("{acme}/members/@zoe")),
    ] {
        let (existing, not) = (app.get(EVE, &existing).await, app.get(EVE, &not).await);
        assert_eq!(existing.anonymous(), not.anonymous());
        assert_eq!(existing.status, 404);
    }
}

#[tokio::test]
async fn unknown_field_is_refused_with_a_pointer() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    for (method, path, body) in with_body() {
        let mut body = body.unwrap();
        body["colour"] = json!("red");
        let caller = if path.contains("operator") { OPERATOR } else { ADA };
        let answer = app.send(Some(caller), method, &path.replace('…', &acme), Some(body)).await;
        let answer = answer.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), "/colour", "{method} {path}");
    }
    let answer = app.post(ADA, &format!("{acme}/leave"), json!({ "why": "" })).await;
    answer.refuses(422, "invalid-request");
    assert_snapshot!(
        app.patch(ADA, &acme, json!({ "name": "Acme", "colour": "red" })).await,
        @r#"
    422 Unprocessable Entity
    {
      "detail": "/colour: is unknown: use one of `name`, `website`, `address`, `contact`",
      "errors": [
        {
          "detail": "is unknown: use one of `name`, `website`, `address`, `contact`",
          "pointer": "/colour"
        }
      ],
      "instance": "r1",
      "status": 422,
      "title": "Invalid request",
      "type": "/problems/invalid-request"
    }
    "#
    );
}

#[tokio::test]
async fn duplicate_key_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    for body in [
        r#"{"name": "A", "name": "B"}"#,
        r#"{"name": "A", "n\u0061me": "B"}"#,
        r#"{"name": "A", "permissions": {"event_history": "none", "event_history": "view_only"}}"#,
    ] {
        let answer = raw(&app, ADA, "POST", &format!("{acme}/roles"), JSON, body).await;
        answer.refuses(400, "unreadable-request");
    }
    for query in
        ["limit=1&limit=2", "limit=1&limit=1", "q=a&q=b", "scope=subtree&scope=organization"]
    {
        let answer = app.get(ADA, &format!("{acme}/members?{query}")).await;
        answer.refuses(400, "unreadable-request");
    }
}

#[tokio::test]
async fn body_must_be_json() {
    let (app, acme) = TestApp::with_acme().await;
    for (method, path, body) in with_body() {
        let body = body.unwrap().to_string();
        for content in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
        {
            let caller = if path.contains("operator") { OPERATOR } else { ADA };
            let path = path.replace('…', &acme);
            let answer = raw(&app, caller, method, &path, content, &body).await;
            answer.refuses(415, "unsupported-media-type");
        }
    }
    for content in
        ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"]
    {
        raw(&app, ADA, "PATCH", &acme, content, r#"{"name":"Acme"}"#).await.expect(200);
    }
}

#[tokio::test]
async fn body_is_at_most_64_kib() {
    let (app, acme) = TestApp::with_acme().await;
    let padded = |length: usize| {
        let text = r#"{"name": "Padded"}"#;
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    for (path, fits) in [(acme.clone(), 200), (format!("{acme}/roles"), 201)] {
        let method = if fits == 200 { "PATCH" } else { "POST" };
        let large = raw(&app, ADA, method, &path, JSON, &padded(65_537)).await;
        large.refuses(413, "body-too-large");
        raw(&app, ADA, method, &path, JSON, &padded(65_536)).await.expect(fits);
    }
    let leave = raw(&app, ADA, "POST", &format!("{acme}/leave"), JSON, &" ".repeat(65_537)).await;
    leave.refuses(413, "body-too-large");
}

#[tokio::test]
async fn unreadable_body_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    for body in [
        "",
        "{",
        "{'name': 'A'}",
        r#"{"name": "A"} {}"#,
        "\u{feff}{\"name\": \"A\"}",
        "{\"name\": \"\\ud800\"}",
    ] {
        let answer = raw(&app, ADA, "PATCH", &acme, JSON, body).await;
        answer.refuses(400, "unreadable-request");
    }
    for body in ["[]", "null", "\"name\"", "7", r#"["Acme"]"#] {
        let answer = raw(&app, ADA, "PATCH", &acme, JSON, body).await;
        answer.refuses(422, "invalid-request");
    }
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = raw(&app, ADA, "PATCH", &acme, JSON, &deep).await;
    deep.refuses(400, "unreadable-request");
}

#[tokio::test]
async fn every_response_has_the_standard_headers() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let mut statuses = std::collections::BTreeSet::new();
    let everything = routes().into_iter().flat_map(|(method, path, body)| {
        let anonymous = (None, method, path.clone(), body.clone());
        [
            anonymous,
            (Some(EVE), method, path.clone(), body.clone()),
            (Some(ADA), method, path, body),
        ]
    });
    let wrong = [
        (Some(ADA), "GET", "/nowhere".to_owned(), None),
        (Some(ADA), "PUT", "/v1/me".to_owned(), None),
        (Some(ADA), "PATCH", "…".to_owned(), Some(json!([]))),
    ];
    for (caller, method, path, body) in everything.chain(wrong) {
        let named = [("x-request-id", "i")];
        let answer = app.send_with(caller, method, &path.replace('…', &acme), body, &named).await;
        statuses.insert(answer.status.as_u16());
        assert!(answer.status.as_u16() < 500, "{method} {path}: {answer}");
        for (name, value) in [
            ("x-request-id", "i"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.headers[name], value, "{method} {path}");
        }
        let kind = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap());
        let expected = match answer.status.as_u16() {
            204 => None,
            200..300 if path.ends_with("/export") => Some(XLSX),
            200..300 => Some(JSON),
            _ => Some("application/problem+json"),
        };
        assert_eq!(kind, expected, "{method} {path}");
        if expected == Some("application/problem+json") {
            assert_eq!(answer.body["instance"], "i");
            assert_eq!(answer.body["status"], answer.status.as_u16());
        }
    }
    assert_eq!(
        statuses.into_iter().collect::<Vec<_>>(),
        [200, 201, 204, 401, 403, 404, 405, 409, 422]
    );
}

#[tokio::test]
async fn request_id_of_the_client_is_kept() {
    let (app, acme) = TestApp::with_acme().await;
    let path = format!("{acme}/roles");
    let named = [("x-request-id", "my/request=1")];
    let body = Some(json!({ "name": "Night" }));
    let made = app.send_with(Some(ADA), "POST", &path, body, &named).await.expect(201);
    assert_eq!(made.headers["x-request-id"], "my/request=1");
    let last = app.history(&acme).await.pop().unwrap();
    assert_eq!(last["request_id"], "my/request=1");
    // A malformed id is replaced by the gateway's.
    let long = "i".repeat(129);
    for malformed in ["", "a b", &long] {
        let answer =
            app.send_with(Some(ADA), "GET", "/v1/me", None, &[("x-request-id", malformed)]).await;
        assert_eq!(answer.headers["x-request-id"], "r1");
    }
}
