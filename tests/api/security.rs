//! `/v1/organizations/{org}/security`, and what follows from it on every other route (ORG3)

use insta::assert_snapshot;
use local::ROUTES;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, id},
    invariants::check,
    matrix,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, NOON, OPERATOR, TestApp},
};

fn wanted(mfa: bool, minutes: Option<u32>, networks: &[&str], days: u32) -> Value {
    json!({
        "require_mfa": mfa,
        "max_session_minutes": minutes,
        "allowed_networks": networks,
        "event_retention_days": days,
    })
}

/// Signed in with two factors, just now.
fn fresh(who: Identity) -> Identity {
    Identity { amr: "[pwd otp]", auth_time: Some(NOON / 1_000), ..who }
}

impl TestApp {
    async fn secure(&self, who: Identity, org: &str, wanted: Value) -> Answer {
        self.put(who, &format!("{org}/security"), wanted).await
    }
}

#[tokio::test]
async fn security_is_set_as_a_whole() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    assert_snapshot!(world.get(ADA, &format!("{acme}/security")).await, @r#"
    200 OK
    {
      "allowed_networks": [],
      "event_retention_days": 365,
      "max_session_minutes": null,
      "require_mfa": false
    }
    "#);
    let networks = ["2001:db8::/32", "192.0.2.0/24", "192.0.2.0/24"];
    let all = wanted(true, Some(90), &networks, 30);
    let set = world.secure(fresh(ADA), &acme, all.clone()).await;
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
    assert_eq!(world.get(fresh(ADA), &format!("{acme}/security")).await.body, set.body);
    world.secure(fresh(ADA), &acme, all).await.expect(200);
    let history = world.history(&acme).await;
    assert_eq!(history.len(), 2, "what changes nothing is no event");
    assert_eq!(history[1]["action"], "security.updated");
    assert_eq!(history[1]["old"], wanted(false, None, &[], 365));
    assert_eq!(history[1]["new"], set.body);
    world.secure(fresh(ADA), &acme, wanted(false, None, &[], 365)).await.expect(200);
    world.get(ADA, &acme).await.expect(200);
    check(&world).await;
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_and_pointed_at() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
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
        let mut all = wanted(false, None, &[], 365);
        all[field] = value;
        let answer = world.secure(ADA, &acme, all).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{answer}");
    }
    for field in ["require_mfa", "max_session_minutes", "allowed_networks", "event_retention_days"]
    {
        let mut all = wanted(false, None, &[], 365);
        all.as_object_mut().unwrap().remove(field);
        let answer = world.secure(ADA, &acme, all).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), format!("/{field}"));
    }
}

/// ORG3, U5: on every route about one organization, whoever is in it and whatever they may do.
#[tokio::test]
async fn no_route_lets_a_member_in_who_has_not_signed_in_as_demanded() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let event = world.history(&acme).await[0]["id"].as_str().unwrap().to_owned();
    let offer = world.invited(ADA, &acme, CY.email, "user").await;
    world.secure(fresh(ADA), &acme, wanted(true, None, &[], 365)).await.expect(200);
    // What is one's own, and needs no standing.
    let own = ["/mine", "/accept", "/invitations/{inv}/decline"];
    let asks = |path: &str| own.iter().any(|end| path.ends_with(end));
    let mut judged = 0;
    for (method, path, _) in ROUTES {
        let outside = path.contains("/operator/") || !path.contains("{org}") || asks(path);
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
            let answer = world.send(Some(member), method, &path, body.clone()).await;
            assert_eq!(answer.problem(), "mfa-required", "{route}: {answer}");
        }
        let stranger = world.send(Some(EVE), method, &path, body).await;
        stranger.refuses(404, "no-such-organization");
        judged += 1;
    }
    assert!(judged > 25, "{judged}");
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    let strict = wanted(true, Some(60), &["192.0.2.0/24"], 365);
    world.secure(fresh(ADA), &acme, strict).await.expect(200);
    assert_snapshot!(world.get(BOB, &acme).await, @r#"
    403 Forbidden
    {
      "detail": "This organization requires a multi-factor sign-in. Sign in again with a second factor.",
      "instance": "r1",
      "status": 403,
      "title": "Multi-factor sign-in required",
      "type": "/problems/mfa-required"
    }
    "#);
    let old = Identity { auth_time: Some(NOON / 1_000 - 3_600), ..fresh(BOB) };
    assert_snapshot!(world.get(old, &acme).await, @r#"
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
    let never = Identity { auth_time: None, ..fresh(BOB) };
    world.get(never, &acme).await.refuses(403, "session-too-old");
    let abroad = Identity { ip: "198.51.100.1", ..fresh(BOB) };
    assert_snapshot!(world.get(abroad, &acme).await, @r#"
    403 Forbidden
    {
      "detail": "This organization does not allow requests from your network. Use an allowed network, or ask an administrator to allow yours.",
      "instance": "r1",
      "status": 403,
      "title": "Network not allowed",
      "type": "/problems/network-not-allowed"
    }
    "#);
    let mapped = Identity { ip: "::ffff:192.0.2.77", ..fresh(BOB) };
    world.get(mapped, &acme).await.expect(200);
    let nowhere = Identity { ip: "unknown", ..fresh(BOB) };
    world.get(nowhere, &acme).await.refuses(403, "network-not-allowed");
}

/// A session ends by the clock, in the middle of whatever one does.
#[tokio::test]
async fn a_session_lasts_as_long_as_it_may_and_no_longer() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.secure(fresh(ADA), &acme, wanted(false, Some(5), &[], 365)).await.expect(200);
    world.wait(NOON + 300_000 - world.now());
    world.get(fresh(ADA), &acme).await.expect(200);
    world.get(fresh(ADA), &acme).await.refuses(403, "session-too-old");
    let again = Identity { auth_time: Some(world.now() / 1_000), ..ADA };
    world.get(again, &acme).await.expect(200);
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    assert_snapshot!(world.secure(ADA, &acme, wanted(true, None, &[], 365)).await, @r#"
    409 Conflict
    {
      "detail": "These settings would lock you out, so nothing was changed. This organization requires a multi-factor sign-in. Sign in again with a second factor.",
      "instance": "r1",
      "status": 409,
      "title": "Settings would lock you out",
      "type": "/problems/would-lock-out-caller"
    }
    "#);
    for out in [wanted(false, Some(5), &[], 365), wanted(false, None, &["10.0.0.0/8"], 365)] {
        world.secure(ADA, &acme, out).await.refuses(409, "would-lock-out-caller");
    }
    world.get(ADA, &acme).await.expect(200);
    assert_eq!(world.actions(&acme).await, ["organization.created"]);
}

/// What is about oneself, or about becoming a member, is asked without a standing.
#[tokio::test]
async fn what_is_ones_own_stays_open() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.send(Some(ADA), "PUT", &format!("{acme}/domains/example.com"), None).await.expect(200);
    let inside = format!("{acme}/join-requests");
    world.invited(ADA, &acme, CY.email, "user").await;
    let declined = world.invited(ADA, &acme, DEE.email, "user").await;
    world.secure(fresh(ADA), &acme, wanted(true, None, &[], 365)).await.expect(200);
    assert_eq!(world.get(ADA, "/v1/me").await.expect(200).body["user_type"], "organization");
    world.accept(CY, &acme).await.expect(200);
    world.get(CY, &acme).await.refuses(403, "mfa-required");
    world.post(DEE, &format!("{declined}/decline"), json!({})).await.expect(204);
    assert_eq!(world.get(BOB, "/v1/me/joinable-organizations").await.items().len(), 1);
    world.post(BOB, &inside, json!({})).await.expect(201);
    world.delete(BOB, &format!("{inside}/mine")).await.expect(204);
}

/// OP1
#[tokio::test]
async fn operators_look_in_unless_they_are_members() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.secure(fresh(ADA), &acme, wanted(true, None, &[], 365)).await.expect(200);
    world.get(OPERATOR, &acme).await.expect(200);
    world.get(OPERATOR, &format!("{acme}/events")).await.expect(200);
    world.bring(fresh(ADA), &acme, OPERATOR, "user").await;
    world.get(OPERATOR, &acme).await.refuses(403, "mfa-required");
    world.get(fresh(OPERATOR), &acme).await.expect(200);
}

/// U2: what a parent demands binds who acts by their place in it, and nobody below.
#[tokio::test]
async fn what_a_parent_demands_binds_whoever_joins_from_there() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let empty = world.empty_below(&acme, "Empty").await;
    let below = world.below(ADA, &acme, "Below").await;
    world.secure(fresh(ADA), &acme, wanted(true, None, &[], 365)).await.expect(200);
    let join = format!("{empty}/join");
    world.post(BOB, &join, json!({})).await.refuses(403, "mfa-required");
    world.post(fresh(BOB), &join, json!({})).await.expect(200);
    world.get(BOB, &empty).await.expect(200);
    world.get(ADA, &below).await.expect(200);
    check(&world).await;
}

/// ORG5: what is written is kept as long as was said then.
#[tokio::test]
async fn each_event_is_kept_as_long_as_was_said_when_it_was_written() {
    let world = TestApp::new().await;
    let acme = world.tree(ADA, "Acme").await;
    let before = world.history(&acme).await.len();
    world.secure(ADA, &acme, wanted(false, None, &[], 30)).await.expect(200);
    // Every way in which an event is written.
    world.bring(ADA, &acme, BOB, "admin").await;
    world.patch(ADA, &acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let role = world.role(ADA, &acme, "Role", json!({})).await;
    world.delete(ADA, &format!("{acme}/roles/{role}")).await.expect(204);
    world.below(BOB, &acme, "Below").await;
    world.empty_below(&acme, "Empty").await;
    world.switch(&acme, json!({ "manage_sub_organizations": false })).await;
    let late = json!({ "email": CY.email, "role_id": "user", "expires_in_days": 1 });
    world.post(ADA, &format!("{acme}/invitations"), late).await.expect(201);
    world.wait(DAY);
    let now = jiff::Timestamp::from_millisecond(world.now()).unwrap();
    cleanup::run(&world.store, now, "clean-up", || false).await.unwrap();
    world.transfer(ADA, &acme, BOB).await.expect(200);
    world.post(ADA, &format!("{acme}/leave"), json!({})).await.expect(204);
    let written = world.history(&acme).await;
    // The change of the setting was itself written under the old one.
    assert_eq!(written.len(), before + 13, "{written:#?}");
    world.wait(31 * DAY);
    let left = world.history(&acme).await;
    assert_eq!(left, written[..=before]);
    check(&world).await;
}

#[tokio::test]
async fn setting_it_takes_the_right_to() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    world.get(BOB, &format!("{acme}/security")).await.expect(200);
    let all = wanted(false, None, &[], 365);
    world.secure(BOB, &acme, all.clone()).await.refuses(403, "missing-permission");
    world.secure(EVE, &acme, all.clone()).await.refuses(404, "no-such-organization");
    world.secure(OPERATOR, &acme, all).await.refuses(403, "operator-read-only");
}
