//! `/v1/organizations/{org}/security`, and its effect on every other route (ORG3).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    conventions::{INV, organization_routes},
    helpers::{DEE, id},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, NOON, OPERATOR, TestApp, identity},
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
    let (ada, path) = (with_mfa(ADA), format!("{acme}/security"));
    let defaults = settings(false, None, &[], 365);
    assert_eq!(app.get(ADA, &path).await.expect(200).body, defaults);
    let networks = ["2001:db8::/32", "192.0.2.0/24", "192.0.2.0/24"];
    let all = settings(true, Some(90), &networks, 30);
    let sorted = settings(true, Some(90), &["192.0.2.0/24", "2001:db8::/32"], 30);
    // The repeat changes nothing and records no event.
    for _ in 0..2 {
        assert_eq!(app.set_security(ada, &acme, all.clone()).await.expect(200).body, sorted);
    }
    assert_eq!(app.get(ada, &path).await.body, sorted);
    let history = app.history(&acme).await;
    let events: Vec<_> = history.iter().map(|it| (&it["action"], &it["old"], &it["new"])).collect();
    assert_eq!(events[1..], [(&json!("security.updated"), &defaults, &sorted)]);
    app.set_security(ada, &acme, defaults).await.expect(200);
    app.get(ADA, &acme).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn invalid_security_setting_is_refused_with_a_pointer() {
    let (app, acme) = TestApp::with_acme().await;
    let many: Vec<String> = (0..21).map(|n| format!("10.{n}.0.0/16")).collect();
    let defaults = || settings(false, None, &[], 365);
    let mut cases = Vec::new();
    for (pointer, value) in [
        ("/max_session_minutes", json!(4)),
        ("/max_session_minutes", json!(43_201)),
        ("/max_session_minutes", json!("60")),
        ("/event_retention_days", json!(0)),
        ("/event_retention_days", json!(366)),
        ("/event_retention_days", json!(null)),
        ("/require_mfa", json!("yes")),
        ("/allowed_networks/1", json!(["10.0.0.0/8", "192.0.2.1"])),
        ("/allowed_networks/0", json!(["192.0.2.1/24"])),
        ("/allowed_networks", json!(many)),
        ("/allowed_networks", json!(vec!["10.0.0.0/8"; 21])),
    ] {
        let mut all = defaults();
        all[pointer.split('/').nth(1).unwrap()] = value;
        cases.push((pointer.to_owned(), all));
    }
    for field in defaults().as_object().unwrap().keys() {
        let mut all = defaults();
        all.as_object_mut().unwrap().remove(field);
        cases.push((format!("/{field}"), all));
    }
    for (pointer, all) in cases {
        let answer = app.set_security(ADA, &acme, all).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), pointer, "{answer}");
    }
}

/// ORG3, U5: for every member. Outsiders still get 404.
#[tokio::test]
async fn every_route_about_the_organization_enforces_the_settings() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);
    let mut enforced = 0;
    for (method, path, body) in organization_routes() {
        // Routes about the caller's own invitation or request, and joining, need no membership.
        let request = format!("{method} {path}");
        let invitation = format!("/invitations/{INV}/decline");
        let own = ["/mine", "/accept", "/join", &invitation].iter().any(|end| path.ends_with(end));
        if own || (method == "POST" && path.ends_with("/join-requests")) {
            continue;
        }
        let path = path.replace('…', &acme);
        for member in [ADA, BOB] {
            let answer = app.send(Some(member), method, &path, body.clone()).await;
            assert_eq!(answer.problem(), "mfa-required", "{request}: {answer}");
        }
        let stranger = app.send(Some(EVE), method, &path, body).await;
        stranger.refuses(404, "no-such-organization");
        enforced += 1;
    }
    assert!(enforced > 25, "{enforced}");
}

#[tokio::test]
async fn refusal_says_how_to_sign_in() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let strict = settings(true, Some(60), &["192.0.2.0/24"], 365);
    app.set_security(with_mfa(ADA), &acme, strict).await.expect(200);
    let bob = with_mfa(BOB);
    let old = Identity { auth_time: Some(NOON / 1_000 - 3_600), ..bob };
    let abroad = Identity { ip: "198.51.100.1", ..bob };
    let mut summaries = Vec::new();
    let one_factor = Identity { amr: "[pwd]", ..BOB };
    for caller in [one_factor, old, abroad] {
        summaries.push(app.get(caller, &acme).await.summary());
    }
    assert_snapshot!(summaries.join("\n\n"), @"
    403 mfa-required: Multi-factor sign-in required
    This organization requires a multi-factor sign-in. Sign in again with a second factor.

    403 session-too-old: Sign-in too old
    This organization requires a sign-in within the last 60 minutes. Sign in again.
    max_session_minutes: 60

    403 network-not-allowed: Network not allowed
    This organization does not allow requests from your network. Use an allowed network, or ask an administrator to allow yours.
    ");
    let never = Identity { auth_time: None, ..bob };
    app.get(never, &acme).await.refuses(403, "session-too-old");
    let nowhere = Identity { ip: "unknown", ..bob };
    app.get(nowhere, &acme).await.refuses(403, "network-not-allowed");
    let mapped = Identity { ip: "::ffff:192.0.2.77", ..bob };
    app.get(mapped, &acme).await.expect(200);
}

/// ORG3, MACH1: a program has no second factor, and never signs in.
#[tokio::test]
async fn services_are_bound_by_networks_alone() {
    let (app, acme) = TestApp::with_acme().await;
    let role = json!({ "name": "Setup", "permissions": { "security_management": "full_access" } });
    let role = app.post(ADA, &format!("{acme}/roles"), role).await.expect(201);
    let sync = identity("client|sync", "");
    let added = json!({ "user_id": sync.sub, "name": "Sync", "role_id": role.id() });
    app.post(ADA, &format!("{acme}/service-members"), added).await.expect(201);
    let strict = |networks: &[&str]| settings(true, Some(60), networks, 365);
    app.set_security(with_mfa(ADA), &acme, strict(&[])).await.expect(200);
    app.get(sync, &format!("{acme}/security")).await.expect(200);
    let question = json!({
        "subject": { "type": "user", "id": sync.sub },
        "action": { "name": "security_management.view" },
        "resource": { "type": "organization", "id": id(&acme) },
    });
    let permitted = async |by: Identity| {
        let answer = app.post(by, "/access/v1/evaluation", question.clone()).await.expect(200);
        answer.body["decision"].as_bool().unwrap()
    };
    assert!(permitted(sync).await);
    app.set_security(sync, &acme, strict(&["198.51.100.0/24"]))
        .await
        .refuses(409, "would-lock-out-caller");
    app.set_security(sync, &acme, strict(&["192.0.2.0/24"])).await.expect(200);
    let abroad = Identity { ip: "198.51.100.1", ..sync };
    app.get(abroad, &format!("{acme}/security")).await.refuses(403, "network-not-allowed");
    assert!(!permitted(abroad).await);
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
    let one_factor = Identity { amr: "[pwd]", ..ADA };
    let refused = app.set_security(one_factor, &acme, settings(true, None, &[], 365)).await;
    assert_snapshot!(refused.summary(), @"
    409 would-lock-out-caller: Settings would lock you out
    These settings would lock you out, so nothing was changed. This organization requires a multi-factor sign-in. Sign in again with a second factor.
    at /require_mfa
    ");
    for (out, setting) in [
        (settings(false, Some(5), &[], 365), "/max_session_minutes"),
        (settings(false, None, &["10.0.0.0/8"], 365), "/allowed_networks"),
    ] {
        let refused = app.set_security(ADA, &acme, out).await;
        assert_eq!(refused.refuses(409, "would-lock-out-caller").pointer(), setting);
    }
    app.get(ADA, &acme).await.expect(200);
    assert_eq!(app.actions(&acme).await, ["organization.created"]);
}

#[tokio::test]
async fn own_invitations_and_join_requests_ignore_the_settings() {
    let (app, acme) = TestApp::with_approved_domain().await;
    app.create_invitation(ADA, &acme, CY.email, "user").await;
    let declined = app.create_invitation(ADA, &acme, DEE.email, "user").await;
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);
    assert_eq!(app.get(ADA, "/v1/me").await.expect(200).body["user_type"], "organization");
    app.accept(CY, &acme).await.expect(200);
    app.get(CY, &acme).await.refuses(403, "mfa-required");
    app.post(DEE, &format!("{declined}/decline"), json!({})).await.expect(204);
    assert_eq!(app.get(BOB, "/v1/me/joinable-organizations").await.items().len(), 1);
    app.create_join_request(BOB, &acme).await;
    app.delete(BOB, &format!("{acme}/join-requests/mine")).await.expect(204);
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
    cleanup::run(&app.store, now, || now, "clean-up", || false).await.unwrap();
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

/// ORG3: the Super Admin is not locked out by settings that another member made.
#[tokio::test]
async fn super_admin_reads_and_changes_the_settings_from_any_network_with_any_session() {
    let (app, acme) = TestApp::with_acme().await;
    let guard =
        app.create_role(ADA, &acme, "Guard", json!({ "security_management": "full_access" })).await;
    app.add_member(ADA, &acme, BOB, &guard).await;
    app.add_member(ADA, &acme, CY, "admin").await;
    let bob = Identity { ip: "203.0.113.7", ..with_mfa(BOB) };
    let own = settings(true, Some(5), &["203.0.113.7/32"], 365);
    app.set_security(bob, &acme, own.clone()).await.expect(200);
    app.wait(DAY);
    let ada = with_mfa(ADA);
    app.get(ada, &acme).await.refuses(403, "session-too-old");
    assert_eq!(app.get(ada, &format!("{acme}/security")).await.expect(200).body, own);
    let security = format!("{acme}/security");
    app.get(ADA, &security).await.refuses(403, "mfa-required");
    app.get(with_mfa(CY), &security).await.refuses(403, "session-too-old");
    app.get(bob, &security).await.refuses(403, "session-too-old");
    let open = settings(true, None, &[], 365);
    app.set_security(with_mfa(CY), &acme, open.clone()).await.refuses(403, "session-too-old");
    app.set_security(ada, &acme, own).await.refuses(409, "would-lock-out-caller");
    app.set_security(ada, &acme, open).await.expect(200);
    app.get(ada, &acme).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn operator_removes_the_sign_in_requirements_with_a_reason() {
    let (app, acme) = TestApp::with_acme().await;
    let path = format!("/v1/operator{}/security", acme.strip_prefix("/v1").unwrap());
    let reset = json!({ "reason": "Their network is gone." });
    app.send(Some(OPERATOR), "DELETE", &path, Some(reset.clone())).await.expect(204);
    assert_eq!(app.actions(&acme).await, ["organization.created"], "nothing to remove");
    let strict = settings(true, Some(90), &["192.0.2.0/24"], 30);
    app.set_security(with_mfa(ADA), &acme, strict).await.expect(200);

    app.send(Some(ADA), "DELETE", &path, Some(reset.clone()))
        .await
        .refuses(403, "operator-scope-required");
    for bad in [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(501) })] {
        app.send(Some(OPERATOR), "DELETE", &path, Some(bad)).await.refuses(422, "invalid-request");
    }
    app.send(Some(OPERATOR), "DELETE", &path, Some(reset)).await.expect(204);
    let expected = settings(false, None, &[], 30);
    assert_eq!(app.get(ADA, &format!("{acme}/security")).await.expect(200).body, expected);
    let history = app.history(&acme).await;
    let event = history.last().unwrap();
    assert_eq!(event["reason"], "Their network is gone.");
    assert_eq!(event["actor"]["operator"], true);
    check(&app).await;
}

#[tokio::test]
async fn sign_in_in_the_future_is_none() {
    let (app, acme) = TestApp::with_acme().await;
    app.set_security(with_mfa(ADA), &acme, settings(false, Some(60), &[], 365)).await.expect(200);
    let ahead = |seconds| {
        // The clock advances a second with each request.
        Identity { auth_time: Some(app.now() / 1_000 + seconds), ..ADA }
    };
    app.get(ahead(60), &acme).await.expect(200);
    app.get(ahead(61), &acme).await.refuses(403, "session-too-old");
    app.get(ahead(1_000_000), &acme).await.refuses(403, "session-too-old");
}

/// ORG3: decisions about oneself, and answers that were given before.
#[tokio::test]
async fn settings_bind_own_decisions_and_repeats() {
    let (app, acme) = TestApp::with_acme().await;
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let accept = format!("{invitation}/accept");
    let keyed = [("idempotency-key", "first")];
    let none = Some(json!({}));
    app.send_with(Some(BOB), "POST", &accept, none.clone(), &keyed).await.expect(200);
    app.set_security(with_mfa(ADA), &acme, settings(true, None, &[], 365)).await.expect(200);

    app.post(BOB, &accept, json!({})).await.refuses(403, "mfa-required");
    app.send_with(Some(BOB), "POST", &accept, none, &keyed).await.refuses(403, "mfa-required");
    app.post(with_mfa(BOB), &accept, json!({})).await.expect(200);

    let action = "license_management.view_active_licenses";
    let question = |sub: &str| {
        json!({
            "subject": { "type": "user", "id": sub },
            "action": { "name": action },
            "resource": { "type": "organization", "id": id(&acme) },
            "context": { "explain": true },
        })
    };
    let evaluate = "/access/v1/evaluation";
    let denied = app.post(BOB, evaluate, question("bob")).await.expect(200).body;
    assert_eq!(denied["decision"], false);
    assert_eq!(denied["context"]["code"], "sign_in");
    assert_eq!(denied["context"]["who_could_grant"]["who"], "subject");
    let reason = denied["context"]["reason"].as_str().unwrap();
    assert!(reason.contains("multi-factor"), "{reason}");
    let granted = app.post(with_mfa(BOB), evaluate, question("bob")).await.expect(200).body;
    assert_eq!(granted["decision"], true);
    // A service that asks about Bob does not know how he signed in.
    let service = Identity { scope: "decisions", ..identity("service", "") };
    let granted = app.post(service, evaluate, question("bob")).await.expect(200).body;
    assert_eq!(granted["decision"], true);

    let search = |path: &'static str, searched: &str| {
        let mut all = question("bob");
        all[searched] = json!({ "type": "organization" });
        (path, all)
    };
    for (path, mut body) in [
        search("/access/v1/search/resource", "resource"),
        search("/access/v1/search/action", "nothing"),
    ] {
        body.as_object_mut().unwrap().remove("nothing");
        if path.ends_with("action") {
            body.as_object_mut().unwrap().remove("action");
        }
        let none = app.post(BOB, path, body.clone()).await.expect(200).body;
        assert_eq!(none["results"], json!([]), "{path}");
        let found = app.post(with_mfa(BOB), path, body).await.expect(200).body;
        assert_ne!(found["results"], json!([]), "{path}");
    }
}
