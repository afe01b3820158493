//! `POST /v1/operator/organizations/{org}/super-admin`.

use serde_json::{Value, json};

use crate::{
    helpers::{each, operator_path},
    invariants::check,
    test_app::{ADA, BOB, CY, EVE, Identity, OPERATOR, TestApp, ample, member_id},
};

fn one(user: Identity) -> (Vec<String>, Option<String>) {
    (vec![user.sub.to_owned()], Some(user.sub.to_owned()))
}

/// SA6
#[tokio::test]
async fn operator_appoints_a_member_of_any_role_and_the_former_super_admin_becomes_admin() {
    let (app, acme) = TestApp::with_acme().await;
    let desk = app.create_role(ADA, &acme, "Desk", json!({})).await;
    app.add_member(ADA, &acme, BOB, &desk).await;
    app.add_member(ADA, &acme, CY, "user").await;
    for (new, former) in [(BOB, ADA), (CY, BOB), (ADA, CY)] {
        let changed = app.appoint(&acme, new, "admin").await.expect(200);
        assert_eq!(changed.body["super_admin"]["email"], new.email);
        assert_eq!(app.get(OPERATOR, &operator_path(&acme)).await.body, changed.body);
        assert_eq!(app.super_admins(&acme).await, one(new));
        assert_eq!(app.role_of(&acme, former).await.as_deref(), Some("admin"));
        check(&app).await;
    }
    // The new Super Admin has the powers of the role, the former one has not.
    app.transfer(CY, &acme, BOB).await.refuses(403, "super-admin-required");
    app.transfer(ADA, &acme, BOB).await.expect(200);
    app.delete(BOB, &format!("{acme}/roles/{desk}")).await.expect(204);
    check(&app).await;
}

/// SA6. A removal ends what a membership holds.
#[tokio::test]
async fn former_super_admin_is_removed_like_any_member() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let alert = json!({ "email": ADA.email });
    app.post(ADA, &format!("{acme}/critical-alert-users"), alert).await.expect(201);
    app.appoint(&acme, BOB, "removed").await.expect(200);
    assert_eq!(app.super_admins(&acme).await, one(BOB));
    app.get(ADA, &acme).await.refuses(404, "no-such-organization");
    let alerted = app.get(BOB, &format!("{acme}/critical-alert-users")).await.expect(200);
    assert_eq!(alerted.items(), [Value::Null; 0]);
    check(&app).await;
    let history = app.history(&acme).await;
    let last = &history[history.len() - 3..];
    let actions = ["super_admin.appointed", "member.removed", "critical_alert_user.removed"];
    assert_eq!(each(last, "action"), actions);
    assert_eq!(last[1]["target"]["id"], member_id(&acme, ADA.sub));
    // The address is free.
    app.add_member(BOB, &acme, ADA, "user").await;
    check(&app).await;
}

/// SA6
#[tokio::test]
async fn appointment_is_recorded_as_an_operators_with_its_reason() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    app.appoint(&acme, BOB, "admin").await.expect(200);
    let event = app.history(&acme).await.pop().unwrap();
    assert_eq!(event["action"], "super_admin.appointed");
    assert_eq!(
        (&event["actor"]["operator"], &event["reason"]),
        (&json!(true), &json!("Ada has left."))
    );
    assert_eq!(event["old"]["super_admin"]["email"], ADA.email);
    assert_eq!(event["old"]["successor_role_name"], "User");
    assert_eq!(event["new"]["super_admin"]["email"], BOB.email);
    assert_eq!(event["new"]["former"], "admin");
}

/// SA1, SA6
#[tokio::test]
async fn only_another_active_member_can_be_appointed() {
    let (app, acme) = TestApp::with_acme().await;
    app.create_invitation(ADA, &acme, EVE.email, "admin").await;
    app.appoint(&acme, ADA, "admin").await.refuses(409, "already-super-admin");
    app.appoint(&acme, EVE, "admin").await.refuses(404, "no-such-member");
    app.appoint(&acme, CY, "removed").await.refuses(404, "no-such-member");
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = format!("{}/super-admin", operator_path(&acme));
    for (field, value, status) in [
        ("former", json!("user"), 422),
        ("former", Value::Null, 422),
        ("reason", json!("  "), 422),
        ("member_id", json!("bob"), 422),
    ] {
        let mut body = json!({ "member_id": "@bob", "former": "admin", "reason": "Gone." });
        body[field] = value;
        let answer = app.post(OPERATOR, &path, body).await.refuses(status, "invalid-request");
        assert_eq!(answer.pointer(), format!("/{field}"));
    }
    assert_eq!(app.super_admins(&acme).await, one(ADA));
    // An organization that waits for its first Admin has no member to appoint.
    let globex = app.create_organization_for(CY, "Globex").await;
    app.appoint(&globex, CY, "admin").await.refuses(404, "no-such-member");
    check(&app).await;
}

/// SA6, OP1. Services do not count as other persons.
#[tokio::test]
async fn operator_invites_and_appoints_an_admin_where_the_super_admin_is_the_only_person() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_service(ADA, &acme, "Robot", "user").await;
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let path = format!("{}/first-admin", operator_path(&acme));
    let invite = async |email: &str| app.post(OPERATOR, &path, json!({ "email": email })).await;
    invite(ADA.email).await.refuses(409, "already-member");
    // The invitation takes the place of an open one, also of its own kind.
    for _ in 0..2 {
        assert_eq!(invite(BOB.email).await.expect(201).body["role_id"], "admin");
        check(&app).await;
    }
    assert_eq!(app.accept(BOB, &acme).await.expect(200).body["role_id"], "admin");
    assert_eq!(app.super_admins(&acme).await, one(ADA));
    let refused = invite(CY.email).await.refuses(409, "super-admin-exists");
    assert!(refused.body["detail"].as_str().unwrap().contains("appoint one of its members"));
    app.appoint(&acme, BOB, "removed").await.expect(200);
    assert_eq!(app.super_admins(&acme).await, one(BOB));
    check(&app).await;
}

/// SA6, OP1
#[tokio::test]
async fn operator_cannot_invite_an_admin_where_a_person_joined_concurrently() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.create_invitation(ADA, &acme, CY.email, "user").await;
    let path = format!("{}/first-admin", operator_path(&acme));
    // The person joins after the invitation has read the number of members.
    let order = [vec![0; 2], vec![1; 9], vec![0; 4]].concat();
    let invite = app.post(OPERATOR, &path, json!({ "email": BOB.email }));
    let (late, joined, calls) = layer.interleave(&order, invite, app.accept(CY, &acme)).await;
    layer.clear_faults();
    let outcome = (joined.status.as_u16(), late.problem());
    assert_eq!(outcome, (200, "super-admin-exists"), "{calls:?}");
    check(&app).await;
}

/// SA6, OP1
#[tokio::test]
async fn operator_does_not_replace_an_invitation_that_was_sent_concurrently() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let path = format!("{}/first-admin", operator_path(&acme));
    let order = [vec![0; 2], vec![1; 9], vec![0; 4]].concat();
    let invite = app.post(OPERATOR, &path, json!({ "email": BOB.email }));
    let other = app.invite(ADA, &acme, BOB.email, "user");
    let (late, sent, calls) = layer.interleave(&order, invite, other).await;
    layer.clear_faults();
    let outcome = (sent.status.as_u16(), late.problem());
    assert_eq!(outcome, (201, "already-invited"), "{calls:?}");
    check(&app).await;
}

/// SA6
#[tokio::test]
async fn repeated_appointment_has_one_effect() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = format!("{}/super-admin", operator_path(&acme));
    let body = json!({ "member_id": "@bob", "former": "removed", "reason": "Gone." });
    let key = [("idempotency-key", "k-1")];
    let send = || app.send_with(Some(OPERATOR), "POST", &path, Some(body.clone()), &key);
    let first = send().await.expect(200);
    assert_eq!(send().await.expect(200).text, first.text);
    assert_eq!(app.super_admins(&acme).await, one(BOB));
    check(&app).await;
}
