//! Conventions of every route. `contract/common_outcomes.rs` and the tests of `shared::http` show the rest.

use std::collections::{BTreeMap, BTreeSet};

use local::ROUTES;
use serde_json::{Value, json};

use crate::{
    helpers::{id, nth_user, operator_path},
    matrix,
    test_app::{ADA, Answer, BOB, DAY, EVE, Identity, TestApp},
};

const NOWHERE: &str = "/v1/organizations/org_01JD7Z0000000000000000000A";
pub const INV: &str = "inv_01JD7Z0000000000000000000A";
pub const ROLE: &str = "role_01JD7Z0000000000000000000A";
const REQ: &str = "req_01JD7Z0000000000000000000A";
const PERSON: &str = "person_00000000000000000000000000";
pub const EVT: &str = "evt_01JD7Z0000000000000000000A";

/// Every route of `/v1`, with a query where it requires one and a valid body where it takes one. `…` stands for the path of an
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
        ("{partner}", id(NOWHERE)),
        ("{member}", "@ada"),
        ("{alert}", "@zoe@example.com"),
        ("{domain}", "example.com"),
        ("{person}", PERSON),
    ];
    let of_v1 = ROUTES.iter().filter(|(_, path, _)| path.starts_with("/v1/"));
    let route = |(method, template, _): &(&'static str, &'static str, &str)| {
        let path =
            ids.iter().fold((*template).to_owned(), |path, (name, id)| path.replace(name, id));
        let route = format!("{method} {template}");
        let path =
            matrix::query(&route).map_or_else(|| path.clone(), |query| format!("{path}?{query}"));
        (*method, path, matrix::body(&route))
    };
    of_v1.map(route).collect()
}

/// The routes about one organization.
pub fn organization_routes() -> Vec<(&'static str, String, Option<Value>)> {
    routes().into_iter().filter(|(_, path, _)| path.starts_with('…')).collect()
}

#[tokio::test]
async fn unknown_route_or_method_is_a_problem() {
    let (app, acme) = TestApp::with_acme().await;
    for path in [
        "/",
        "/v1/me/",
        "/v1//me",
        "/local/token",
        &format!("{acme}/secrets"),
        &format!("{acme}/members/@ada/role"),
    ] {
        app.get(ADA, path).await.refuses(404, "no-such-route");
    }
    for (method, path, allow) in [
        ("POST", acme.clone(), "GET,HEAD,PATCH,DELETE"),
        ("PUT", format!("{acme}/members/@ada"), "GET,HEAD,PATCH,DELETE"),
        ("PATCH", format!("{acme}/transfer"), "POST"),
        ("POST", "/v1/me".to_owned(), "GET,HEAD"),
    ] {
        let answer = app.send(Some(ADA), method, &path, None).await;
        let answer = answer.refuses(405, "method-not-allowed");
        assert_eq!(answer.headers["allow"], allow, "{method} {path}");
    }
}

/// RFC 9110, 15.5.6: `Allow` lists the methods of the path.
#[tokio::test]
async fn every_path_answers_other_methods_with_405_and_allow() {
    let app = TestApp::new().await;
    let mut methods = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (method, path, _) in ROUTES {
        let of_path = methods.entry(path).or_default();
        of_path.insert(method);
        if *method == "GET" {
            of_path.insert("HEAD");
        }
    }
    for (path, supported) in methods {
        let path = path.replace(['{', '}'], "");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            let answer = app.send(Some(EVE), method, &path, None).await;
            let is_refused = answer.status == 405;
            assert_eq!(is_refused, !supported.contains(method), "{method} {path}: {answer}");
            if is_refused {
                let allowed = answer.headers["allow"].to_str().unwrap().split(',').collect();
                assert_eq!(supported, allowed, "{method} {path}");
            }
        }
    }
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
    let headers =
        |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    let role = app.create_role(ADA, &acme, "Night shift", json!({})).await;
    let invitation = app.create_invitation(ADA, &acme, "zoe@example.com", "user").await;
    let event = app.history(&acme).await.pop().unwrap();
    let history = app.history(&acme).await;
    for (method, path, body) in organization_routes() {
        let existing = path.replace(INV, id(&invitation)).replace(ROLE, &role);
        let existing = existing.replace(EVT, event["id"].as_str().unwrap());
        for caller in [EVE, pending, expired, revoked, declined, removed, left] {
            let send = async |path: &str, org: &str| {
                app.send(Some(caller), method, &path.replace('…', org), body.clone()).await
            };
            let of_acme = send(&existing, &acme).await;
            assert_eq!(of_acme.status, 404, "{} {method} {path}: {of_acme}", caller.sub);
            let most = if path.ends_with("/join") { 2 } else { 1 };
            assert!(of_acme.cost.round_trips <= most, "{method} {path}: {:?}", of_acme.cost);
            for other in [send(&path, &acme).await, send(&path, NOWHERE).await] {
                assert_eq!(of_acme.anonymous(), other.anonymous(), "{method} {path}");
                assert_eq!(headers(&of_acme), headers(&other), "{method} {path}");
            }
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

#[tokio::test]
async fn malformed_id_is_answered_as_one_that_the_organization_does_not_have() {
    let (app, acme) = TestApp::with_acme().await;
    for (path, slug) in [
        ("roles/guest", "no-such-role"),
        ("members/mem_1", "no-such-member"),
        ("invitations/inv_1", "no-such-invitation"),
        ("events/evt_1", "no-such-event"),
    ] {
        app.get(ADA, &format!("{acme}/{path}")).await.refuses(404, slug);
    }
}
