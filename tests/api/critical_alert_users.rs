//! `/v1/organizations/{org}/critical-alert-users` (ORG4).

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    helpers::each,
    invariants::check,
    test_app::{ADA, Answer, Identity, TestApp},
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
      "added_by": "ada",
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
