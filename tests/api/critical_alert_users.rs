//! `/v1/organizations/{org}/critical-alert-users` (ORG4).

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    helpers::each,
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, Identity, TestApp, ample},
};

impl TestApp {
    async fn add_alert_user(&self, caller: Identity, org: &str, email: &str) -> Answer {
        self.post(caller, &format!("{org}/critical-alert-users"), json!({ "email": email })).await
    }

    async fn remove_alert_user(&self, caller: Identity, org: &str, email: &str) -> Answer {
        self.delete(caller, &format!("{org}/critical-alert-users/@{email}")).await
    }
}

#[tokio::test]
async fn addresses_are_added_listed_and_removed() {
    let (app, acme) = TestApp::with_acme().await;
    let added = app.add_alert_user(ADA, &acme, "Ops@Example.com").await;
    assert_snapshot!(added, @r#"
    201 Created
    {
      "added_at": "2026-11-21T12:00:01Z",
      "added_by": {
        "email": "ada@example.com",
        "id": "mem_…",
        "name": null
      },
      "email": "ops@example.com",
      "id": "alert_…"
    }
    "#);
    let again = app.add_alert_user(ADA, &acme, "ops@example.com").await.expect(201);
    assert_eq!(again.body, added.body);
    app.add_alert_user(ADA, &acme, "a+b@bücher.example").await.expect(201);
    let listed = app.get(ADA, &format!("{acme}/critical-alert-users")).await.expect(200);
    let emails = ["a+b@xn--bcher-kva.example", "ops@example.com"];
    let mut found = each(listed.items(), "email");
    found.sort_unstable();
    assert_eq!(found, emails);
    app.remove_alert_user(ADA, &acme, "OPS@example.com").await.expect(204);
    app.remove_alert_user(ADA, &acme, "ops@example.com")
        .await
        .refuses(404, "no-such-critical-alert-user");
    let actions = app.actions(&acme).await;
    let (added, removed) = ("critical_alert_user.added", "critical_alert_user.removed");
    assert_eq!(actions, ["organization.created", added, added, removed]);
    check(&app).await;
}

#[tokio::test]
async fn at_most_100_alert_addresses() {
    let (app, acme) = TestApp::with_acme().await;
    for n in 0..100 {
        app.add_alert_user(ADA, &acme, &format!("ops{n:02}@example.com")).await.expect(201);
    }
    let more = app.add_alert_user(ADA, &acme, "more@example.com").await;
    assert_eq!(more.refuses(409, "critical-alert-user-limit").body["limit"], 100);
    app.add_alert_user(ADA, &acme, "ops07@example.com").await.expect(201);
    app.remove_alert_user(ADA, &acme, "ops07@example.com").await.expect(204);
    app.add_alert_user(ADA, &acme, "more@example.com").await.expect(201);
    let listed = app.list_all(ADA, &format!("{acme}/critical-alert-users?limit=30")).await;
    assert_eq!(listed.len(), 100);
    assert!(each(&listed, "id").is_sorted());
    check(&app).await;
}

/// ERA1: removed or left. Addresses of others keep their alerts.
#[tokio::test]
async fn alerts_of_a_member_end_with_the_membership() {
    let (app, acme) = TestApp::with_acme().await;
    let path = format!("{acme}/critical-alert-users");
    app.add_alert_user(ADA, &acme, "ops@example.com").await.expect(201);
    app.add_member(ADA, &acme, BOB, "user").await;
    app.add_member(ADA, &acme, CY, "user").await;
    for member in [BOB, CY] {
        app.add_alert_user(ADA, &acme, member.email).await.expect(201);
    }
    app.remove(ADA, &acme, BOB).await.expect(204);
    app.post(CY, &format!("{acme}/leave"), json!({})).await.expect(204);
    let left = app.get(ADA, &path).await;
    assert_eq!(each(left.items(), "email"), ["ops@example.com"]);
    let actions = app.actions(&acme).await;
    let ends = ["member.removed", "critical_alert_user.removed", "member.left"];
    assert_eq!(actions[actions.len() - 4..][..3], ends);
    app.add_alert_user(ADA, &acme, BOB.email).await.expect(201);
    check(&app).await;
}

/// An alert that is added while its member is removed ends with the membership, or was added after it.
#[tokio::test]
async fn alert_added_during_a_removal_does_not_stay_unnoticed() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "user").await;
    // The removal reads, the alert is added, then the removal is written.
    let order = [0, 1, 1, 0, 0, 0];
    let (removal, added) = (app.remove(ADA, &acme, BOB), app.add_alert_user(ADA, &acme, BOB.email));
    let (removed, added, _) = layer.interleave(&order, removal, added).await;
    added.expect(201);
    removed.expect(204);
    let left = app.get(ADA, &format!("{acme}/critical-alert-users")).await;
    assert_eq!(left.items().len(), 0);
    check(&app).await;
}
