//! The scheduled clean-up (INV10).

use ::cleanup::{CleanupSummary, run};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    helpers::{each, nth_user},
    test_app::{ADA, BOB, DAY, TestApp},
};

pub async fn run_clean_up(app: &TestApp) -> CleanupSummary {
    let now = Timestamp::from_millisecond(app.now()).unwrap();
    app.wait(1_000);
    run(&app.store, now, || now, "tick-1", || false).await.unwrap()
}

fn expired(expired: u32) -> CleanupSummary {
    CleanupSummary { expired, ..CleanupSummary::default() }
}

/// Acme with `n` expired invitations and a valid one for BOB.
async fn acme_with_expired_invitations(app: &TestApp, n: usize) -> String {
    let acme = app.create_organization(ADA, "Acme").await;
    for n in 0..n {
        app.create_invitation(ADA, &acme, nth_user(n).email, "user").await;
    }
    app.wait(6 * DAY);
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.wait(DAY);
    acme
}

/// A second run ends nothing more.
#[tokio::test]
async fn clean_up_ends_each_expired_invitation_with_one_event() {
    let app = TestApp::new().await;
    let acme = acme_with_expired_invitations(&app, 5).await;
    assert_eq!(run_clean_up(&app).await, expired(5));

    let left = app.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(each(left.items(), "email"), [BOB.email]);
    let user = app.get(ADA, &format!("{acme}/roles/user")).await;
    assert_eq!(user.body["users"], json!({ "active": 0, "pending": 1, "services": 0 }));
    let history = app.history(&acme).await;
    let ends: Vec<_> =
        history.iter().filter(|event| event["action"] == "invitation.expired").collect();
    assert_eq!(ends.len(), 5);
    let no_actor = json!({ "id": null, "name": null, "email": null, "operator": false });
    for end in ends {
        let facts = json!([end["actor"], end["request_id"], end["old"]["role_id"], end["new"]]);
        assert_eq!(facts, json!([no_actor, "tick-1", "user", null]));
    }
    assert_eq!(run_clean_up(&app).await, expired(0));
    assert_eq!(app.history(&acme).await, history);
}

#[tokio::test]
async fn clean_up_without_time_reports_more_and_the_next_run_continues() {
    let app = TestApp::new().await;
    acme_with_expired_invitations(&app, 4).await;
    let now = Timestamp::from_millisecond(app.now()).unwrap();
    let cut = run(&app.store, now, || now, "tick-1", || true).await.unwrap();
    assert_eq!(cut, CleanupSummary { more: true, ..expired(0) });
    assert_eq!(run_clean_up(&app).await, expired(4));
}

#[tokio::test]
async fn clean_up_reads_all_pages() {
    let app = TestApp::new().await;
    let acme = acme_with_expired_invitations(&app, 430).await;
    let summary = run_clean_up(&app).await;
    assert_eq!((summary.expired, summary.failed, summary.more), (430, 0, false));
    let left = app.list_all(ADA, &format!("{acme}/invitations?limit=100")).await;
    assert_eq!(left.len(), 1);
}

/// ORG5: a poller reads again what is at most a minute old.
#[tokio::test]
async fn clean_up_that_runs_late_gives_its_events_the_time_of_their_transactions() {
    let app = TestApp::new().await;
    let acme = acme_with_expired_invitations(&app, 1).await;
    let due = Timestamp::from_millisecond(app.now()).unwrap();
    app.wait(900_000);
    let late = Timestamp::from_millisecond(app.now()).unwrap();
    assert_eq!(run(&app.store, due, || late, "tick-1", || false).await.unwrap(), expired(1));
    let history = app.history(&acme).await;
    let end = history.iter().find(|event| event["action"] == "invitation.expired").unwrap();
    assert_eq!(end["at"], json!(late));
}
