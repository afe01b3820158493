//! What holds on every route

use axum::{body::Body, http::Request};
use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Cursor;

use crate::{
    helpers::{each, id, operators, someone, user_manager},
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, with_ids},
};

const NOWHERE: &str = "/v1/organizations/org_01JD7Z0000000000000000000A";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const INV: &str = "inv_01JD7Z0000000000000000000A";
const ROLE: &str = "role_01JD7Z0000000000000000000A";
const REQ: &str = "req_01JD7Z0000000000000000000A";
const EVT: &str = "evt_01JD7Z0000000000000000000A";

/// Every route, with a body that fits where it takes one. `…` stands for an organization.
fn routes() -> Vec<(&'static str, String, Option<Value>)> {
    let name = || Some(json!({ "name": "Name" }));
    let role = || Some(json!({ "role_id": "user" }));
    let offer = Some(json!({ "email": "new@example.com", "role_id": "user" }));
    let first = Some(json!({ "name": "Name", "first_admin_email": "new@example.com" }));
    let security = json!({
        "require_mfa": false,
        "max_session_minutes": null,
        "allowed_networks": [],
        "event_retention_days": 30,
    });
    let inv = |end: &str| format!("…/invitations/{INV}{end}");
    vec![
        ("GET", "/v1/me".into(), None),
        ("GET", "/v1/me/invitations".into(), None),
        ("POST", "/v1/organizations".into(), name()),
        ("GET", "/v1/operator/organizations".into(), None),
        ("POST", "/v1/operator/organizations".into(), first),
        ("GET", "…".into(), None),
        ("PATCH", "…".into(), name()),
        ("GET", "/v1/me/joinable-organizations".into(), None),
        ("GET", "…/domains".into(), None),
        ("PUT", "…/domains/example.com".into(), None),
        ("GET", "…/join-requests".into(), None),
        ("POST", "…/join-requests".into(), Some(json!({ "comment": "Hello" }))),
        ("DELETE", "…/join-requests/mine".into(), None),
        ("POST", format!("…/join-requests/{REQ}/approve"), role()),
        ("POST", format!("…/join-requests/{REQ}/decline"), Some(json!({}))),
        ("DELETE", "…/domains/example.com".into(), None),
        ("GET", "…/security".into(), None),
        ("PUT", "…/security".into(), Some(security)),
        ("GET", "…/critical-alert-users".into(), None),
        ("POST", "…/critical-alert-users".into(), Some(json!({ "email": "zoe@example.com" }))),
        ("DELETE", "…/critical-alert-users/@zoe@example.com".into(), None),
        ("GET", "…/permissions".into(), None),
        ("GET", "…/invitations".into(), None),
        ("POST", "…/invitations".into(), offer),
        ("GET", inv(""), None),
        ("DELETE", inv(""), None),
        ("POST", inv("/resend"), Some(json!({}))),
        ("GET", inv("/mine"), None),
        ("POST", inv("/accept"), Some(json!({}))),
        ("POST", inv("/decline"), Some(json!({}))),
        ("GET", "…/members".into(), None),
        ("GET", "…/members/export".into(), None),
        ("GET", "…/members/@ada".into(), None),
        ("PATCH", "…/members/@ada".into(), role()),
        ("DELETE", "…/members/@ada".into(), None),
        ("POST", "…/leave".into(), Some(json!({}))),
        ("GET", "…/role-objects".into(), None),
        ("GET", "…/roles".into(), None),
        ("POST", "…/roles".into(), name()),
        ("GET", format!("…/roles/{ROLE}"), None),
        ("PATCH", format!("…/roles/{ROLE}"), name()),
        ("DELETE", format!("…/roles/{ROLE}"), None),
        ("POST", "…/transfer".into(), Some(json!({ "member_id": "@bob" }))),
        ("GET", "…/sub-organizations".into(), None),
        ("POST", "…/sub-organizations".into(), name()),
        ("POST", "…/join".into(), Some(json!({}))),
        ("GET", "…/events".into(), None),
        ("GET", format!("…/events/{EVT}"), None),
    ]
}

/// Those about one organization, for somebody who is not in it.
fn inside() -> Vec<(&'static str, String, Option<Value>)> {
    routes().into_iter().filter(|(_, path, _)| path.starts_with('…')).collect()
}

/// Those that take a body.
fn with_body() -> Vec<(&'static str, String, Option<Value>)> {
    let takes = |body: &Option<Value>| body.as_ref().is_some_and(|body| *body != json!({}));
    routes().into_iter().filter(|(_, _, body)| takes(body)).collect()
}

async fn raw(
    world: &TestApp,
    who: Identity,
    method: &str,
    path: &str,
    content: &str,
    body: &str,
) -> Answer {
    let request = Request::builder().method(method).uri(with_ids(path));
    let request =
        if content.is_empty() { request } else { request.header("content-type", content) };
    world.answer(Some(who), request.body(Body::from(body.to_owned())).unwrap()).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn a_problem_is_a_problem_document() {
    let world = TestApp::new().await;
    let named = [("x-request-id", "r-7")];
    let answer = world.send_with(Some(ADA), "GET", NOWHERE, None, &named).await;
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
async fn an_unknown_route_is_a_problem_too() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
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
        let answer = world.get(ADA, path).await.refuses(404, "no-such-route");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn an_unknown_method_is_told_which_there_are() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for (method, path, allow) in [
        ("DELETE", acme.clone(), "GET,HEAD,PATCH"),
        ("PUT", format!("{acme}/members/@ada"), "GET,HEAD,PATCH,DELETE"),
        ("PATCH", format!("{acme}/transfer"), "POST"),
        ("POST", "/v1/me".to_owned(), "GET,HEAD"),
    ] {
        let answer = world.send(Some(ADA), method, &path, None).await;
        let answer = answer.refuses(405, "method-not-allowed");
        assert_eq!(answer.headers["allow"], allow);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn nobody_gets_anything_without_a_token() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let before = world.history(&acme).await;
    for (method, path, body) in routes() {
        let answer = world.send(None, method, &path.replace('…', &acme), body).await;
        let answer = answer.refuses(401, "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{method} {path}");
    }
    assert_eq!(world.history(&acme).await, before);
    assert_eq!(world.get(ADA, "/v1/me").await.body["organizations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_without_a_decent_sub_is_no_token() {
    let world = TestApp::new().await;
    let long = "s".repeat(256);
    for sub in [json!(""), json!("a b"), json!("a\nb"), json!("é"), json!(long)] {
        let claims = json!({ "sub": sub, "email": ADA.email, "email_verified": "true" });
        let answer = world.claiming(&claims, "GET", "/v1/me").await;
        answer.refuses(401, "unauthenticated");
    }
    let answer = world.claiming(&json!({ "email": ADA.email }), "GET", "/v1/me").await;
    answer.refuses(401, "unauthenticated");
}

/// U5: byte for byte, wherever a stranger knocks.
#[tokio::test]
async fn to_a_stranger_an_organization_and_none_are_the_same() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    for (method, path, body) in inside() {
        let at = |org: &str| path.replace('…', org);
        let theirs = world.send(Some(EVE), method, &at(&acme), body.clone()).await;
        let none = world.send(Some(EVE), method, &at(NOWHERE), body).await;
        assert_eq!(theirs.status, 404, "{method} {path}: {theirs}");
        assert_eq!(theirs.anonymous(), none.anonymous(), "{method} {path}");
        let names =
            |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&theirs), names(&none));
    }
}

/// U5: they get no further than the one read that tells who they are.
#[tokio::test]
async fn a_stranger_costs_one_round_trip_and_nobody_none() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    for path in ["", "/members", "/roles", "/invitations", "/events", "/sub-organizations"] {
        let path = format!("{acme}{path}");
        let (theirs, none) =
            (world.get(EVE, &path).await, world.send(None, "GET", &path, None).await);
        assert_eq!((theirs.cost.round_trips, none.cost.round_trips), (1, 0), "{path}");
    }
}

/// U5: and so is what is no id at all.
#[tokio::test]
async fn to_a_stranger_a_malformed_id_is_the_same_too() {
    let world = TestApp::new().await;
    let none = world.get(EVE, NOWHERE).await;
    for org in
        ["acme", "org_", "org_01jd7z0000000000000000000a", "org_..", "%2e%2e", "org_%00", "1"]
    {
        let answer = world.get(EVE, &format!("/v1/organizations/{org}")).await;
        assert_eq!(answer.anonymous(), none.anonymous(), "{org}");
    }
}

/// U5: the things in it, too.
#[tokio::test]
async fn to_a_stranger_what_is_in_an_organization_is_the_same_as_what_is_not() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let role = world.role(ADA, &acme, "Night shift", json!({})).await;
    let invitation = world.invited(ADA, &acme, BOB.email, "user").await;
    let event = world.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    for (there, not) in [
        (format!("{acme}/roles/{role}"), format!("{acme}/roles/{ROLE}")),
        (invitation.clone(), format!("{acme}/invitations/{INV}")),
        (format!("{invitation}/mine"), format!("{acme}/invitations/{INV}/mine")),
        (format!("{acme}/events/{event}"), format!("{acme}/events/{EVT}")),
        (format!("{acme}/members/@ada"), format!("{acme}/members/@zoe")),
    ] {
        let (there, not) = (world.get(EVE, &there).await, world.get(EVE, &not).await);
        assert_eq!(there.anonymous(), not.anonymous());
        assert_eq!(there.status, 404);
    }
}

#[tokio::test]
async fn a_field_that_nobody_knows_is_refused_and_pointed_at() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    for (method, path, body) in with_body() {
        let mut body = body.unwrap();
        body["colour"] = json!("red");
        let who = if path.contains("operator") { OPERATOR } else { ADA };
        let answer = world.send(Some(who), method, &path.replace('…', &acme), Some(body)).await;
        let answer = answer.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), "/colour", "{method} {path}");
    }
    let answer = world.post(ADA, &format!("{acme}/leave"), json!({ "why": "" })).await;
    answer.refuses(422, "invalid-request");
    assert_snapshot!(
        world.patch(ADA, &acme, json!({ "name": "Acme", "colour": "red" })).await,
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
async fn a_key_that_comes_twice_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for body in [
        r#"{"name": "A", "name": "B"}"#,
        r#"{"name": "A", "n\u0061me": "B"}"#,
        r#"{"name": "A", "permissions": {"event_history": "none", "event_history": "view_only"}}"#,
    ] {
        let answer = raw(&world, ADA, "POST", &format!("{acme}/roles"), JSON, body).await;
        answer.refuses(400, "unreadable-request");
    }
    for query in
        ["limit=1&limit=2", "limit=1&limit=1", "q=a&q=b", "scope=subtree&scope=organization"]
    {
        let answer = world.get(ADA, &format!("{acme}/members?{query}")).await;
        answer.refuses(400, "unreadable-request");
    }
}

#[tokio::test]
async fn only_json_is_read() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for (method, path, body) in with_body() {
        let body = body.unwrap().to_string();
        for content in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"]
        {
            let who = if path.contains("operator") { OPERATOR } else { ADA };
            let path = path.replace('…', &acme);
            let answer = raw(&world, who, method, &path, content, &body).await;
            answer.refuses(415, "unsupported-media-type");
        }
    }
    for content in
        ["application/json; charset=utf-8", "APPLICATION/JSON", "application/merge-patch+json"]
    {
        raw(&world, ADA, "PATCH", &acme, content, r#"{"name":"Acme"}"#).await.expect(200);
    }
}

#[tokio::test]
async fn a_body_has_at_most_64_kib() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let padded = |length: usize| {
        let text = r#"{"name": "Padded"}"#;
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    for (path, fits) in [(acme.clone(), 200), (format!("{acme}/roles"), 201)] {
        let method = if fits == 200 { "PATCH" } else { "POST" };
        let large = raw(&world, ADA, method, &path, JSON, &padded(65_537)).await;
        large.refuses(413, "body-too-large");
        raw(&world, ADA, method, &path, JSON, &padded(65_536)).await.expect(fits);
    }
    let leave = raw(&world, ADA, "POST", &format!("{acme}/leave"), JSON, &" ".repeat(65_537)).await;
    leave.refuses(413, "body-too-large");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for body in [
        "",
        "{",
        "{'name': 'A'}",
        r#"{"name": "A"} {}"#,
        "\u{feff}{\"name\": \"A\"}",
        "{\"name\": \"\\ud800\"}",
    ] {
        let answer = raw(&world, ADA, "PATCH", &acme, JSON, body).await;
        answer.refuses(400, "unreadable-request");
    }
    for body in ["[]", "null", "\"name\"", "7", r#"["Acme"]"#] {
        let answer = raw(&world, ADA, "PATCH", &acme, JSON, body).await;
        answer.refuses(422, "invalid-request");
    }
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = raw(&world, ADA, "PATCH", &acme, JSON, &deep).await;
    deep.refuses(400, "unreadable-request");
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let mut statuses = std::collections::BTreeSet::new();
    let everything = routes().into_iter().flat_map(|(method, path, body)| {
        let nobody = (None, method, path.clone(), body.clone());
        [nobody, (Some(EVE), method, path.clone(), body.clone()), (Some(ADA), method, path, body)]
    });
    let wrong = [
        (Some(ADA), "GET", "/nowhere".to_owned(), None),
        (Some(ADA), "PUT", "/v1/me".to_owned(), None),
        (Some(ADA), "PATCH", "…".to_owned(), Some(json!([]))),
    ];
    for (who, method, path, body) in everything.chain(wrong) {
        let named = [("x-request-id", "i")];
        let answer = world.send_with(who, method, &path.replace('…', &acme), body, &named).await;
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
async fn a_request_has_the_name_that_its_client_gave_it() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{acme}/roles");
    let named = [("x-request-id", "my/request=1")];
    let body = Some(json!({ "name": "Night" }));
    let made = world.send_with(Some(ADA), "POST", &path, body, &named).await.expect(201);
    assert_eq!(made.headers["x-request-id"], "my/request=1");
    let last = world.history(&acme).await.pop().unwrap();
    assert_eq!(last["request_id"], "my/request=1");
    // One that is none gives way to the gateway's.
    let long = "i".repeat(129);
    for odd in ["", "a b", &long] {
        let answer =
            world.send_with(Some(ADA), "GET", "/v1/me", None, &[("x-request-id", odd)]).await;
        assert_eq!(answer.headers["x-request-id"], "r1");
    }
}

/// Every list, with somebody who may read it.
fn lists(org: &str) -> Vec<(Identity, String)> {
    let mut lists = vec![(ADA, "/v1/me".to_owned()), (ADA, "/v1/me/invitations".to_owned())];
    lists.push((ADA, "/v1/me/joinable-organizations".to_owned()));
    for list in [
        "members",
        "invitations",
        "roles",
        "sub-organizations",
        "events",
        "domains",
        "join-requests",
        "critical-alert-users",
    ] {
        lists.push((ADA, format!("{org}/{list}")));
    }
    lists.push((OPERATOR, "/v1/operator/organizations".to_owned()));
    lists
}

#[tokio::test]
async fn a_page_has_from_1_to_100_items() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    for (who, path) in lists(&acme) {
        for limit in
            ["0", "101", "abc", "", "-1", "1.5", "1e2", "99999999999999999999", "%2B", "１"]
        {
            let answer = world.get(who, &format!("{path}?limit={limit}")).await;
            let answer = answer.refuses(422, "invalid-request");
            assert_eq!(answer.pointer(), "/limit", "{path} {limit}");
        }
        for limit in ["1", "100"] {
            world.get(who, &format!("{path}?limit={limit}")).await.expect(200);
        }
        let unknown = world.get(who, &format!("{path}?offset=5")).await;
        assert_eq!(unknown.refuses(422, "invalid-request").pointer(), "/offset", "{path}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    for (who, path) in lists(&acme) {
        for cursor in
            ["", "x", "!!!!", "AAAAAAAAAAA", "AAAAAAAAAAAA", "%00", "null", "ÿÿÿÿÿÿÿÿÿÿÿÿ"]
        {
            let answer = world.get(who, &format!("{path}?cursor={cursor}")).await;
            answer.refuses(400, "bad-cursor");
        }
    }
}

/// The cursor of a first page.
async fn cursor(world: &TestApp, path: &str) -> String {
    let page = world.get(ADA, path).await.expect(200);
    page.body["next_cursor"].as_str().expect("more than a page").to_owned()
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let globex = world.tree(ADA, "Globex").await;
    for org in [&acme, &globex] {
        for n in 0..3 {
            world.invited(ADA, org, someone(n).email, "user").await;
            world.role(ADA, org, &format!("Role {n}"), json!({})).await;
            world.below(ADA, org, &format!("Branch {n}")).await;
        }
    }
    let at = |list: &str| format!("{acme}/{list}limit=1");
    let [users_of, roles_of] =
        ["members", "roles"].map(|list| format!("{list}?organization_id={}&", id(&acme)));
    let own = ["members?", "invitations?", "roles?", "sub-organizations?", "events?"];
    for list in own {
        let cursor = cursor(&world, &at(list)).await;
        world.get(ADA, &format!("{}&cursor={cursor}", at(list))).await.expect(200);
        // Of another list, of other filters, of another organization, of other people.
        let others = own.iter().filter(|other| **other != list).map(|other| at(other));
        let filtered = match list {
            "members?" => vec![
                "members?status=pending&",
                "members?q=p&",
                "members?role_id=user&",
                "members?scope=subtree&",
                "members?q=p&match=contains&",
                "members?sort=-email&",
                "members?sort=joined_at&",
                &users_of,
            ],
            "roles?" => {
                vec!["roles?q=r&", "roles?q=r&match=contains&", "roles?scope=subtree&", &roles_of]
            }
            "sub-organizations?" => vec!["sub-organizations?depth=all&"],
            "events?" => vec!["events?actor=ada&", "events?from=2026-01-01T00:00:00Z&"],
            _ => vec![],
        };
        let filtered = filtered.into_iter().map(at);
        let elsewhere = [format!("{globex}/{list}limit=1"), "/v1/me?limit=1".to_owned()];
        for path in others.chain(filtered).chain(elsewhere) {
            let answer = world.get(ADA, &format!("{path}&cursor={cursor}")).await;
            answer.refuses(400, "bad-cursor");
        }
    }
    let mine = cursor(&world, "/v1/me?limit=1").await;
    let theirs = world.get(BOB, &format!("/v1/me?cursor={mine}")).await;
    theirs.refuses(400, "bad-cursor");
}

/// A position can be forged; it leads nowhere that its forger may not read.
#[tokio::test]
async fn a_forged_position_reaches_nothing_beyond_its_list() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let branch = world.below(ADA, &root, "Branch").await;
    let sibling = world.below(ADA, &root, "Sibling").await;
    let globex = world.found(EVE, "Globex").await;
    world.bring(ADA, &branch, BOB, "admin").await;
    for org in [&root, &branch, &sibling] {
        world.invited(ADA, org, CY.email, "user").await;
        world.role(ADA, org, "Night shift", json!({})).await;
    }
    let org = id(&branch);
    let bare = |org: &str| id(org).trim_start_matches("org_").to_owned();
    let (up, here, over) = (bare(&root), bare(&branch), bare(&sibling));
    let mut forged: Vec<String> = [
        "!",
        "0",
        "~",
        "\u{10FFFF}",
        "\u{1}",
        "ORG",
        "MEMBER#",
        "ROLE#",
        "ROLE#~",
        "EVENTS#",
        "#",
        "/",
        "00000000000000000000000000",
        "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    forged.extend([
        up.clone(),
        format!("{up}#"),
        format!("{up}/"),
        format!("{up}/{here}"),
        format!("{up}/{here}#"),
        format!("{up}/{here}#\u{10FFFF}"),
        format!("{up}/{over}"),
        format!("{up}/{over}#"),
        format!("{up}/~"),
        format!("ORG#{up}"),
        format!("ORG#{}", bare(&globex)),
        "x".repeat(1_400),
        "ü".repeat(700),
        "x".repeat(3_000),
        // Within a search, and among built-in roles.
        "role:".to_owned(),
        "role:\u{1}".to_owned(),
        "role:\u{1}\u{10FFFF}\u{1}".to_owned(),
        format!("role:{up}\u{1}\u{10FFFF}\u{1}{up}"),
        format!("role:n\u{1}{}\u{1}{}", "z".repeat(1_300), over),
        format!("role:{up}/{over}#\u{1}{up}/{over}#~\u{1}"),
        "address:~".to_owned(),
        "address:a".to_owned(),
        format!("address:{up}/{over}#"),
        format!("address:cy@example.com#{up}/{over}"),
        "\u{2}".to_owned(),
        "ü\u{2}1".to_owned(),
        format!("{up}\u{2}0"),
        format!("{up}/{here}\u{2}1"),
        format!("{up}/{over}\u{2}1"),
    ]);
    let nothing = "[] [] [] Organization Email Prefix ".to_owned();
    let subtree = "[] [] [] Subtree Email Prefix ".to_owned();
    let [found, anywhere, back, roles, named] = [
        "[] [] [] Subtree Email Prefix us",
        "[] [] [] Subtree Email Contains c",
        "[] [] [] Subtree JoinedAtDescending Prefix ",
        "[] Subtree Prefix ",
        "[] Subtree Contains night",
    ];
    let every = "None None None {} None";
    let lists: [(&str, Vec<&str>); 14] = [
        ("members?scope=subtree&q=us&", vec!["members", org, found]),
        ("members?scope=subtree&q=c&match=contains&", vec!["members", org, anywhere]),
        ("members?scope=subtree&sort=-joined_at&", vec!["members", org, back]),
        ("roles?scope=subtree&", vec!["roles", org, roles]),
        ("roles?scope=subtree&q=night&match=contains&", vec!["roles", org, named]),
        ("members?", vec!["members", org, &nothing]),
        ("members?scope=subtree&", vec!["members", org, &subtree]),
        ("invitations?", vec!["invitations", org]),
        ("roles?", vec!["roles", org, "[] Organization Prefix "]),
        ("events?", vec!["events", org, every]),
        ("domains?", vec!["domains", org]),
        ("join-requests?", vec!["join requests", org]),
        ("critical-alert-users?", vec!["critical alert users", org]),
        ("sub-organizations?", vec!["sub-organizations", org, "Children"]),
    ];
    for (list, binding) in lists {
        let whole = world.get(BOB, &format!("{branch}/{list}limit=100")).await.expect(200);
        for position in &forged {
            let cursor = Cursor::encode(&binding, position);
            let path = format!("{branch}/{list}limit=100&cursor={cursor}");
            let page = world.get(BOB, &path).await;
            assert!(
                page.status == 200 || page.problem() == "bad-cursor",
                "{list} {position:?}: {page}"
            );
            for item in page.items() {
                assert!(whole.items().contains(item), "{list} {position:?} shows {item}");
            }
        }
    }
    for position in &forged {
        let cursor = Cursor::encode(&["me", "bob"], position);
        let page = world.get(BOB, &format!("/v1/me?cursor={cursor}")).await;
        assert!(page.status == 200 || page.problem() == "bad-cursor", "{position:?}: {page}");
        let orgs = page.body["organizations"].as_array().cloned().unwrap_or_default();
        assert!(orgs.iter().all(|of| of["id"] == org), "{position:?}");
    }
}

#[tokio::test]
async fn a_walk_meets_everybody_once() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    for n in 0..60 {
        let person = someone(n);
        if n % 2 == 0 {
            world.bring(ADA, &acme, person, "user").await;
        } else {
            world.invited(ADA, &acme, person.email, "user").await;
        }
    }
    for (query, count) in [
        ("", 61),
        ("status=active&", 31),
        ("status=pending&", 30),
        ("role_id=user&", 60),
        ("role_id=user&role_id=super_admin&", 61),
        ("scope=subtree&", 61),
        ("q=person-00&", 10),
    ] {
        let users = world.walk(ADA, &format!("{acme}/members?{query}limit=7")).await;
        let emails = each(&users, "email");
        let mut unique = emails.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!((emails.len(), unique.len()), (count, count), "{query}");
        let sorted = emails.is_sorted();
        assert!(sorted, "{query}: {emails:?}");
    }
    let pending = world.walk(ADA, &format!("{acme}/invitations?limit=7")).await;
    assert_eq!(pending.len(), 30);
    let events = world.walk(ADA, &format!("{acme}/events?limit=7")).await;
    let mut ids = each(&events, "id");
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    ids.dedup();
    assert_eq!(ids.len(), 92);
}

#[tokio::test]
async fn a_walk_through_everything_else_meets_everything_once() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    for n in 0..12 {
        world.below(ADA, &root, &format!("Branch {n:02}")).await;
        world.role(ADA, &root, &format!("Role {n:02}"), json!({})).await;
        let other = world.found(BOB, &format!("Other {n:02}")).await;
        world.invited(BOB, &other, ADA.email, "user").await;
    }
    for (who, path, count) in [
        (ADA, "/v1/me?".to_owned(), 13),
        (ADA, "/v1/me/invitations?".to_owned(), 12),
        (ADA, format!("{root}/roles?"), 15),
        (ADA, format!("{root}/sub-organizations?"), 12),
        (ADA, format!("{root}/sub-organizations?depth=all&"), 12),
        (OPERATOR, "/v1/operator/organizations?".to_owned(), 13),
    ] {
        let items = world.walk(who, &format!("{path}limit=5")).await;
        let mut ids = each(&items, "id");
        assert_eq!(ids.len(), count, "{path}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{path}");
    }
}

/// POSTs with a key.
async fn keyed(world: &TestApp, who: Identity, path: &str, key: &str, body: Value) -> Answer {
    let headers = [("idempotency-key", key)];
    world.send_with(Some(who), "POST", path, Some(body), &headers).await
}

#[tokio::test]
async fn the_same_key_and_body_give_the_first_answer_again_and_do_nothing() {
    let world = TestApp::new().await;
    let founded = json!({ "name": "Acme" });
    let first = keyed(&world, ADA, "/v1/organizations", "k", founded.clone()).await.expect(201);
    let again = keyed(&world, ADA, "/v1/organizations", "k", founded).await;
    let same = |one: &Answer, other: &Answer| {
        assert_eq!((one.status, &one.text), (other.status, &other.text));
        assert_eq!(one.headers.get("location"), other.headers.get("location"));
        assert_eq!(one.headers.get("content-type"), other.headers.get("content-type"));
    };
    same(&first, &again);
    let acme = format!("/v1/organizations/{}", first.id());
    world.switch(&acme, json!({ "manage_sub_organizations": true })).await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let branch = world.empty_below(&acme, "Branch").await;
    let pending = world.invited(ADA, &acme, "old@example.com", "user").await;
    let mine = world.invited(ADA, &acme, CY.email, "user").await;
    let theirs = world.invited(ADA, &acme, EVE.email, "user").await;
    let first_admin = json!({ "name": "B", "first_admin_email": "b@example.com" });
    for (who, path, body) in [
        (
            ADA,
            format!("{acme}/invitations"),
            json!({ "email": "new@example.com", "role_id": "user" }),
        ),
        (ADA, format!("{pending}/resend"), json!({})),
        (CY, format!("{mine}/accept"), json!({})),
        (EVE, format!("{theirs}/decline"), json!({})),
        (ADA, format!("{acme}/roles"), json!({ "name": "Night shift" })),
        (ADA, format!("{acme}/sub-organizations"), json!({ "name": "Branch 2" })),
        (BOB, format!("{branch}/join"), json!({})),
        (OPERATOR, "/v1/operator/organizations".to_owned(), first_admin),
        (ADA, format!("{acme}/transfer"), json!({ "member_id": "@bob" })),
        (ADA, format!("{acme}/leave"), json!({})),
    ] {
        let first = keyed(&world, who, &path, "k", body.clone()).await;
        assert!(first.status.is_success(), "{path}: {first}");
        let before = (world.actions(&acme).await, world.actions(&branch).await);
        for _ in 0..2 {
            let again = keyed(&world, who, &path, "k", body.clone()).await;
            same(&first, &again);
        }
        assert_eq!((world.actions(&acme).await, world.actions(&branch).await), before, "{path}");
    }
}

/// The first answer, not today's.
#[tokio::test]
async fn a_repeat_is_answered_as_the_first_time_was_whatever_happened_since() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let accept = format!("{}/accept", world.invited(ADA, &acme, BOB.email, "user").await);
    let first = keyed(&world, BOB, &accept, "k", json!({})).await.expect(200);
    world.assign(ADA, &acme, BOB, "admin").await.expect(200);
    let again = keyed(&world, BOB, &accept, "k", json!({})).await.expect(200);
    assert_eq!(first.text, again.text);
    // Without the key it is today's.
    let today = world.post(BOB, &accept, json!({})).await.expect(200);
    assert_eq!(today.body["role_id"], "admin");
    // Also when the caller may do nothing any more.
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": CY.email, "role_id": "user" });
    let first = keyed(&world, BOB, &path, "k", offer.clone()).await.expect(201);
    world.remove(ADA, &acme, BOB).await.expect(204);
    let again = keyed(&world, BOB, &path, "k", offer.clone()).await.expect(201);
    assert_eq!(first.text, again.text);
    keyed(&world, BOB, &path, "l", offer).await.refuses(404, "no-such-organization");
}

#[tokio::test]
async fn a_key_with_another_body_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let roles = format!("{acme}/roles");
    keyed(&world, ADA, &roles, "k", json!({ "name": "Night" })).await.expect(201);
    for body in [json!({ "name": "Day" }), json!({ "name": "night" }), json!({ "nmae": "Night" })] {
        let other = keyed(&world, ADA, &roles, "k", body).await;
        other.refuses(422, "idempotency-key-reused");
    }
    let listed = world.get(ADA, &roles).await;
    assert_eq!(listed.items().len(), 4);

    let accept = format!("{}/accept", world.invited(ADA, &acme, BOB.email, "user").await);
    keyed(&world, BOB, &accept, "k", json!({})).await.expect(200);
    let headers = [("idempotency-key", "k")];
    let bare = world.send_with(Some(BOB), "POST", &accept, None, &headers).await;
    bare.refuses(422, "idempotency-key-reused");
}

#[tokio::test]
async fn a_key_belongs_to_its_caller_and_its_route() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let globex = world.found(ADA, "Globex").await;
    let night = json!({ "name": "Night" });
    let first = keyed(&world, ADA, &format!("{acme}/roles"), "k", night.clone()).await.expect(201);
    // Another caller meets the rule, not the answer.
    let other = keyed(&world, BOB, &format!("{acme}/roles"), "k", night.clone()).await;
    other.refuses(409, "role-name-taken");
    let day = keyed(&world, BOB, &format!("{acme}/roles"), "k", json!({ "name": "Day" })).await;
    day.expect(201);
    // Another route is another request.
    let there =
        keyed(&world, ADA, &format!("{globex}/roles"), "k", night.clone()).await.expect(201);
    assert_ne!(there.id(), first.id());
    keyed(&world, ADA, "/v1/organizations", "k", night).await.expect(201);
}

#[tokio::test]
async fn a_key_is_1_to_64_visible_characters_sent_once() {
    let world = TestApp::new().await;
    let long = "k".repeat(65);
    let body = json!({ "name": "Acme" });
    for key in ["", " ", "a b", "a\tb", "ü", &long] {
        let answer = keyed(&world, ADA, "/v1/organizations", key, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (400, "bad-idempotency-key"),
            "{key:?}"
        );
    }
    let twice = [("idempotency-key", "a"), ("idempotency-key", "a")];
    let answer =
        world.send_with(Some(ADA), "POST", "/v1/organizations", Some(body.clone()), &twice).await;
    answer.refuses(400, "bad-idempotency-key");
    for key in ["k", "!#$%&'*+-.^_`|~(){}", &"k".repeat(64)] {
        keyed(&world, ADA, "/v1/organizations", key, body.clone()).await.expect(201);
    }
    // Elsewhere than on a POST it means nothing.
    let key = [("idempotency-key", "")];
    world.send_with(Some(ADA), "GET", "/v1/me", None, &key).await.expect(200);
}

#[tokio::test]
async fn a_key_is_forgotten_after_24_hours() {
    let world = TestApp::new().await;
    let body = json!({ "name": "Acme" });
    let at = world.now();
    let first = keyed(&world, ADA, "/v1/organizations", "k", body.clone()).await.expect(201);
    world.wait(at + DAY - 1 - world.now());
    let again = keyed(&world, ADA, "/v1/organizations", "k", body.clone()).await.expect(201);
    assert_eq!(first.text, again.text);
    world.wait(at + DAY - world.now());
    let new = keyed(&world, ADA, "/v1/organizations", "k", body.clone()).await.expect(201);
    assert_ne!(first.id(), new.id());
    // The new one is remembered in its turn, and takes another body's place.
    let again = keyed(&world, ADA, "/v1/organizations", "k", body).await.expect(201);
    assert_eq!(new.id(), again.id());
    world.wait(DAY);
    let other = keyed(&world, ADA, "/v1/organizations", "k", json!({ "name": "Globex" })).await;
    other.expect(201);
}

/// A refusal is not remembered: nothing was done, so the next try is a first.
#[tokio::test]
async fn a_refused_request_may_be_tried_again_under_its_key() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": CY.email, "role_id": "user" });
    keyed(&world, BOB, &path, "k", offer.clone()).await.refuses(403, "missing-permission");
    let role = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.assign(ADA, &acme, BOB, &role).await.expect(200);
    let first = keyed(&world, BOB, &path, "k", offer.clone()).await.expect(201);
    let again = keyed(&world, BOB, &path, "k", offer.clone()).await.expect(201);
    assert_eq!(first.text, again.text);
    // Another body under a refused key is fine, too.
    keyed(&world, BOB, &path, "l", offer).await.refuses(409, "already-invited");
    let other = json!({ "email": EVE.email, "role_id": "user" });
    keyed(&world, BOB, &path, "l", other).await.expect(201);
}

#[tokio::test]
async fn many_at_once_under_one_key_have_one_effect_and_one_answer() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let pending = world.invited(ADA, &acme, "old@example.com", "user").await;
    for (path, body) in [
        ("/v1/organizations".to_owned(), json!({ "name": "Globex" })),
        (format!("{acme}/invitations"), json!({ "email": BOB.email, "role_id": "user" })),
        (format!("{pending}/resend"), json!({})),
        (format!("{acme}/roles"), json!({ "name": "Night" })),
        (format!("{acme}/sub-organizations"), json!({ "name": "Branch" })),
    ] {
        let (world, path) = (&world, &path);
        let before = world.actions(&acme).await.len();
        let sends = (0..10).map(|_| keyed(world, ADA, path, "k", body.clone()));
        let answers = join_all(sends).await;
        for answer in &answers {
            assert_eq!(
                (answer.status, &answer.text),
                (answers[0].status, &answers[0].text),
                "{path}"
            );
            assert!(answer.status.is_success(), "{answer}");
        }
        let effects = world.actions(&acme).await.len() - before;
        assert_eq!(effects, usize::from(path != "/v1/organizations"), "{path}");
    }
    let me = world.get(ADA, "/v1/me").await;
    assert_eq!(me.body["organizations"].as_array().unwrap().len(), 3);
}

/// What a route lets a stranger see must not depend on what it lets an operator do.
#[tokio::test]
async fn operator_routes_tell_others_nothing_either() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let there = world.get(EVE, &operators(&acme)).await;
    let not = world.get(EVE, &operators(NOWHERE)).await;
    assert_eq!(there.anonymous(), not.anonymous());
    there.refuses(403, "operator-scope-required");
}
