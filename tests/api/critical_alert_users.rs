//! `/v1/organizations/{org}/critical-alert-users` (ORG4)

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    helpers::each,
    invariants::check,
    test_app::{ADA, Answer, BOB, Identity, OPERATOR, TestApp},
};

impl TestApp {
    async fn alert(&self, who: Identity, org: &str, email: &str) -> Answer {
        self.post(who, &format!("{org}/critical-alert-users"), json!({ "email": email })).await
    }

    async fn spare(&self, who: Identity, org: &str, email: &str) -> Answer {
        self.delete(who, &format!("{org}/critical-alert-users/@{email}")).await
    }
}

#[tokio::test]
async fn addresses_are_added_listed_and_removed() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let added = world.alert(ADA, &acme, "Ops@Example.com").await;
    assert_snapshot!(added, @r#"
    201 Created
    {
      "added_at": "2026-11-21T12:00:01Z",
      "added_by": "ada",
      "email": "ops@example.com",
      "id": "alert_…"
    }
    "#);
    let again = world.alert(ADA, &acme, "ops@example.com").await.expect(201);
    assert_eq!(again.body, added.body);
    world.alert(ADA, &acme, "a+b@bücher.example").await.expect(201);
    let listed = world.get(ADA, &format!("{acme}/critical-alert-users")).await.expect(200);
    let emails = ["a+b@xn--bcher-kva.example", "ops@example.com"];
    let mut found = each(listed.items(), "email");
    found.sort_unstable();
    assert_eq!(found, emails);
    world.spare(ADA, &acme, "OPS@example.com").await.expect(204);
    world.spare(ADA, &acme, "ops@example.com").await.refuses(404, "no-such-critical-alert-user");
    let actions = world.actions(&acme).await;
    let (added, removed) = ("critical_alert_user.added", "critical_alert_user.removed");
    assert_eq!(actions, ["organization.created", added, added, removed]);
    check(&world).await;
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for email in ["ops", "ops@@example.com", "ops\0@example.com", "\u{FF20}a@b.c"] {
        let answer = world.alert(ADA, &acme, email).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), "/email", "{email}");
    }
    world.spare(ADA, &acme, "none@example.com").await.refuses(404, "no-such-critical-alert-user");
}

#[tokio::test]
async fn at_most_100_addresses_are_alerted() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for n in 0..100 {
        world.alert(ADA, &acme, &format!("ops{n:02}@example.com")).await.expect(201);
    }
    let more = world.alert(ADA, &acme, "more@example.com").await;
    assert_eq!(more.refuses(409, "critical-alert-user-limit").body["limit"], 100);
    world.alert(ADA, &acme, "ops07@example.com").await.expect(201);
    world.spare(ADA, &acme, "ops07@example.com").await.expect(204);
    world.alert(ADA, &acme, "more@example.com").await.expect(201);
    let walked = world.walk(ADA, &format!("{acme}/critical-alert-users?limit=30")).await;
    assert_eq!(walked.len(), 100);
    assert!(each(&walked, "id").is_sorted());
    check(&world).await;
}

#[tokio::test]
async fn members_see_them_and_some_change_them() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    world.get(BOB, &format!("{acme}/critical-alert-users")).await.expect(200);
    world.alert(BOB, &acme, "ops@example.com").await.refuses(403, "missing-permission");
    world.spare(BOB, &acme, "ops@example.com").await.refuses(403, "missing-permission");
    world.alert(OPERATOR, &acme, "ops@example.com").await.refuses(403, "operator-read-only");
}
