//! `/v1/organizations/{org}/security`, and its effect on every other route (ORG3).

use insta::assert_snapshot;
use local::ROUTES;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, id},
    invariants::check,
    matrix,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, NOON, OPERATOR, TestApp},
};

fn settings(mfa: bool, minutes: Option<u32>, networks: &[&str], days: u32) -> Value {
    json!({
        "require_mfa": mfa,
        "max_session_minutes": minutes,
        "allowed_networks": networks,
        "event_retention_days": days,
    })
}

/// The caller, signed in with two factors at noon.
fn with_mfa(caller: Identity) -> Identity {
    Identity { amr: "[pwd otp]", auth_time: Some(NOON / 1_000), ..caller }
}

impl TestApp {
    async fn set_security(&self, caller: Identity, org: &str, settings: Value) -> Answer {
        self.put(caller, &format!("{org}/security"), settings).await
    }
}

#[tokio::test]
async fn security_settings_are_replaced_as_a_whole() {
    let (app, acme) = TestApp::with_acme().await;
    assert_snapshot!(app.get(ADA, &format!("{acme}/security")).await, @r#"
    200 OK
    {
      "allowed_networks": [],
      "event_retention_days": 365,
      "max_session_minutes": null,
      "require_mfa": false
    }
    "#);
    let networks = ["2001:db8::/32", "192.0.2.0/24", "192.0.2.0/24"];
    let all = settings(true, Some(90), &networks, 30);
    let set = app.set_security(with_mfa(ADA), &acme, all.clone()).await;
    assert_snapshot!(set, @r#"
    200 OK
    {
      "allowed_networks": [
        "192.0.2.0/24",
        "2001:db8::/32"
      ],
      "event_retention_days": 30,
      "max_session_minutes": 90,
      "require_mfa": true
    }
    "#);
    assert_eq!(app.get(with_mfa(ADA), &format!("{acme}/security")).await.body, set.body);
    app.set_security(with_mfa(ADA), &acme, all).await.expect(200);
    let history = app.history(&acme).await;
    assert_eq!(history.len(), 2, "unchanged settings must record no event");
    assert_eq!(history[1]["action"], "security.updated");
    assert_eq!(history[1]["old"], settings(false, None, &[], 365));
    assert_eq!(history[1]["new"], set.body);
    app.set_security(with_mfa(ADA), &acme, settings(false, None, &[], 365)).await.expect(200);
    app.get(ADA, &acme).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn invalid_security_setting_is_refused_with_a_pointer() {
    let (app, acme) = TestApp::with_acme().await;
    let many: Vec<String> = (0..21).map(|n| format!("10.{n}.0.0/16")).collect();
    for (pointer, field, value) in [
        ("/max_session_minutes", "max_session_minutes", json!(4)),
        ("/max_session_minutes", "max_session_minutes", json!(43_201)),
        ("/max_session_minutes", "max_session_minutes", json!("60")),
        ("/event_retention_days", "event_retention_days", json!(0)),
        ("/event_retention_days", "event_retention_days", json!(366)),
        ("/event_retention_days", "event_retention_days", json!(null)),
        ("/require_mfa", "require_mfa", json!("yes")),
        ("/allowed_networks/1", "allowed_networks", json!(["10.0.0.0/8", "192.0.2.1"])),
        ("/allowed_networks/0", "allowed_networks", json!(["192.0.2.1/24"])),
        ("/allowed_networks", "allowed_networks", json!(many)),
        ("/allowed_networks", "allowed_networks", json!(vec!["10.0.0.0/8"; 21])),
    ] {
        let mut all = settings(false, None, &[], 365);
        all[field] = value;
        let answer = app.set_security(ADA, &acme, all).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{answer}");
    }
    for field in ["require_mfa", "max_session_minutes", "allowed_networks", "event_retention_days"]
    {
        let mut all = settings(false, None, &[], 365);
        all.as_object_mut().unwrap().remove(field);
        let answer = app.set_security(ADA, &acme, all).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), format!("/{field}"));
    }
}

/// ORG3, U5: for every member. Outsiders still get 404.
#[tokio::test]
async fn every_route_about_the_organization_enforces_the_settings() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let event = app.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    let offer = app.create_invitation(ADA, &acme, CY.email, "user").await;
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);
    // Routes about the caller's own invitation or request need no standing.
    let own = ["/mine", "/accept", "/invitations/{inv}/decline"];
    let is_own = |path: &str| own.iter().any(|end| path.ends_with(end));
    let mut judged = 0;
    for (method, path, _) in ROUTES {
        let outside = path.contains("/operator/") || !path.contains("{org}") || is_own(path);
        let asking = path.ends_with("/join-requests") && *method == "POST";
        if outside || asking || path.ends_with("/join") {
            continue;
        }
        let route = format!("{method} {path}");
        let path = path.replace("{org}", id(&acme)).replace("{evt}", &event);
        let path = path.replace("{inv}", id(&offer)).replace("{role}", "user");
        let path = path.replace("{member}", "@bob").replace("{alert}", "@cy@example.com");
        let path = path.replace("{domain}", "example.com");
        let path = path.replace("{req}", "req_01KAK000000000000000000000");
        let body = matrix::body(&route).or((*method == "POST").then(|| json!({})));
        for member in [ADA, BOB] {
            let answer = app.send(Some(member), method, &path, body.clone()).await;
            assert_eq!(answer.problem(), "mfa-required", "{route}: {answer}");
        }
        let stranger = app.send(Some(EVE), method, &path, body).await;
        stranger.refuses(404, "no-such-organization");
        judged += 1;
    }
    assert!(judged > 25, "{judged}");
}

#[tokio::test]
async fn refusal_says_how_to_sign_in() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let strict = settings(true, Some(60), &["192.0.2.0/24"], 365);
    app.set_security(with_mfa(ADA), &acme, strict).await.expect(200);
    assert_snapshot!(app.get(BOB, &acme).await, @r#"
    403 Forbidden
    {
      "detail": "This organization requires a multi-factor sign-in. Sign in again with a second factor.",
      "instance": "r1",
      "status": 403,
      "title": "Multi-factor sign-in required",
      "type": "/problems/mfa-required"
    }
    "#);
    let old = Identity { auth_time: Some(NOON / 1_000 - 3_600), ..with_mfa(BOB) };
    assert_snapshot!(app.get(old, &acme).await, @r#"
    403 Forbidden
    {
      "detail": "This organization requires a sign-in within the last 60 minutes. Sign in again.",
      "instance": "r1",
      "max_session_minutes": 60,
      "status": 403,
      "title": "Sign-in too old",
      "type": "/problems/session-too-old"
    }
    "#);
    let never = Identity { auth_time: None, ..with_mfa(BOB) };
    app.get(never, &acme).await.refuses(403, "session-too-old");
    let abroad = Identity { ip: "198.51.100.1", ..with_mfa(BOB) };
    assert_snapshot!(app.get(abroad, &acme).await, @r#"
    403 Forbidden
    {
      "detail": "This organization does not allow requests from your network. Use an allowed network, or ask an administrator to allow yours.",
      "instance": "r1",
      "status": 403,
      "title": "Network not allowed",
      "type": "/problems/network-not-allowed"
    }
    "#);
    let mapped = Identity { ip: "::ffff:192.0.2.77", ..with_mfa(BOB) };
    app.get(mapped, &acme).await.expect(200);
    let nowhere = Identity { ip: "unknown", ..with_mfa(BOB) };
    app.get(nowhere, &acme).await.refuses(403, "network-not-allowed");
}

#[tokio::test]
async fn session_ends_at_its_maximum_age() {
    let (app, acme) = TestApp::with_acme().await;
    app.set_security(with_mfa(ADA), &acme, settings(false, Some(5), &[], 365)).await.expect(200);
    app.wait(NOON + 300_000 - app.now());
    app.get(with_mfa(ADA), &acme).await.expect(200);
    app.get(with_mfa(ADA), &acme).await.refuses(403, "session-too-old");
    let again = Identity { auth_time: Some(app.now() / 1_000), ..ADA };
    app.get(again, &acme).await.expect(200);
}

#[tokio::test]
async fn settings_that_lock_out_their_author_are_refused() {
    let (app, acme) = TestApp::with_acme().await;
    assert_snapshot!(app.set_security(ADA, &acme, settings(true, None, &[], 365)).await, @r#"
    409 Conflict
    {
      "detail": "These settings would lock you out, so nothing was changed. This organization requires a multi-factor sign-in. Sign in again with a second factor.",
      "instance": "r1",
      "status": 409,
      "title": "Settings would lock you out",
      "type": "/problems/would-lock-out-caller"
    }
    "#);
    for out in [settings(false, Some(5), &[], 365), settings(false, None, &["10.0.0.0/8"], 365)] {
        app.set_security(ADA, &acme, out).await.refuses(409, "would-lock-out-caller");
    }
    app.get(ADA, &acme).await.expect(200);
    assert_eq!(app.actions(&acme).await, ["organization.created"]);
}

#[tokio::test]
async fn own_invitations_and_join_requests_ignore_the_settings() {
    let (app, acme) = TestApp::with_acme().await;
    app.send(Some(ADA), "PUT", &format!("{acme}/domains/example.com"), None).await.expect(200);
    let inside = format!("{acme}/join-requests");
    app.create_invitation(ADA, &acme, CY.email, "user").await;
    let declined = app.create_invitation(ADA, &acme, DEE.email, "user").await;
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);
    assert_eq!(app.get(ADA, "/v1/me").await.expect(200).body["user_type"], "organization");
    app.accept(CY, &acme).await.expect(200);
    app.get(CY, &acme).await.refuses(403, "mfa-required");
    app.post(DEE, &format!("{declined}/decline"), json!({})).await.expect(204);
    assert_eq!(app.get(BOB, "/v1/me/joinable-organizations").await.items().len(), 1);
    app.post(BOB, &inside, json!({})).await.expect(201);
    app.delete(BOB, &format!("{inside}/mine")).await.expect(204);
}

/// OP1
#[tokio::test]
async fn settings_apply_to_operators_only_as_members() {
    let (app, acme) = TestApp::with_acme().await;
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);
    app.get(OPERATOR, &acme).await.expect(200);
    app.get(OPERATOR, &format!("{acme}/events")).await.expect(200);
    app.add_member(with_mfa(ADA), &acme, OPERATOR, "user").await;
    app.get(OPERATOR, &acme).await.refuses(403, "mfa-required");
    app.get(with_mfa(OPERATOR), &acme).await.expect(200);
}

/// U2: they do not apply inside the sub-organization.
#[tokio::test]
async fn settings_of_the_parent_apply_when_joining_from_it() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let empty = app.create_empty_sub_organization(&acme, "Empty").await;
    let below = app.create_sub_organization(ADA, &acme, "Below").await;
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);
    let join = format!("{empty}/join");
    app.post(BOB, &join, json!({})).await.refuses(403, "mfa-required");
    app.post(with_mfa(BOB), &join, json!({})).await.expect(200);
    app.get(BOB, &empty).await.expect(200);
    app.get(ADA, &below).await.expect(200);
    check(&app).await;
}

/// ORG5
#[tokio::test]
async fn retention_of_an_event_is_fixed_when_it_is_written() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let before = app.history(&acme).await.len();
    app.set_security(ADA, &acme, settings(false, None, &[], 30)).await.expect(200);
    // Every kind of write that records an event.
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.patch(ADA, &acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let role = app.create_role(ADA, &acme, "Role", json!({})).await;
    app.delete(ADA, &format!("{acme}/roles/{role}")).await.expect(204);
    app.create_sub_organization(BOB, &acme, "Below").await;
    app.create_empty_sub_organization(&acme, "Empty").await;
    app.update_settings(&acme, json!({ "manage_sub_organizations": false })).await;
    let late = json!({ "email": CY.email, "role_id": "user", "expires_in_days": 1 });
    app.post(ADA, &format!("{acme}/invitations"), late).await.expect(201);
    app.wait(DAY);
    let now = jiff::Timestamp::from_millisecond(app.now()).unwrap();
    cleanup::run(&app.store, now, "clean-up", || false).await.unwrap();
    app.transfer(ADA, &acme, BOB).await.expect(200);
    app.post(ADA, &format!("{acme}/leave"), json!({})).await.expect(204);
    let written = app.history(&acme).await;
    // The event of the changed setting still has the old retention.
    assert_eq!(written.len(), before + 13, "{written:#?}");
    app.wait(31 * DAY);
    let left = app.history(&acme).await;
    assert_eq!(left, written[..=before]);
    check(&app).await;
}
