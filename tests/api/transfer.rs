//! `POST /v1/organizations/{org}/transfer`.

use serde_json::json;

use crate::{
    helpers::operator_path,
    invariants::check,
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp},
};

fn one(sub: &str) -> (Vec<String>, Option<String>) {
    (vec![sub.to_owned()], Some(sub.to_owned()))
}

/// SA2, SA5
#[tokio::test]
async fn super_admin_transfers_the_role_and_becomes_admin() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let changed = app.transfer(ADA, &acme, BOB).await.expect(200);
    assert_eq!(changed.body["super_admin"]["email"], BOB.email);
    assert_eq!(app.get(OPERATOR, &operator_path(&acme)).await.body, changed.body);
    assert_eq!(app.super_admins(&acme).await, one("bob"));
    assert_eq!(app.role_of(&acme, ADA).await.as_deref(), Some("admin"));
    // SA5: a former Super Admin may leave.
    app.transfer(ADA, &acme, ADA).await.refuses(403, "super-admin-required");
    check(&app).await;
    app.post(ADA, &format!("{acme}/leave"), json!({})).await.expect(204);
    check(&app).await;
}

/// SA2
#[tokio::test]
async fn only_a_member_with_the_built_in_admin_role_can_receive_it() {
    let (app, acme) = TestApp::with_acme().await;
    let all = json!({ "user_management": "full_access", "role_management": "full_access" });
    let like_admin = app.create_role(ADA, &acme, "Like an Admin", all).await;
    app.add_member(ADA, &acme, BOB, &like_admin).await;
    app.add_member(ADA, &acme, CY, "user").await;
    app.create_invitation(ADA, &acme, EVE.email, "admin").await;
    app.transfer(ADA, &acme, BOB).await.refuses(409, "target-not-admin");
    app.transfer(ADA, &acme, CY).await.refuses(409, "target-not-admin");
    app.transfer(ADA, &acme, ADA).await.refuses(409, "target-not-admin");
    app.transfer(ADA, &acme, EVE).await.refuses(404, "no-such-member");
    assert_eq!(app.super_admins(&acme).await, one("ada"));
}
