//! The scheduled clean-up (INV10)

use ::cleanup::{Summary, run};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    helpers::{each, id, someone},
    test_app::{ADA, BOB, CY, DAY, OPERATOR, TestApp},
};

async fn tick(world: &TestApp) -> Summary {
    let now = Timestamp::from_millisecond(world.now()).unwrap();
    world.wait(1_000);
    run(&world.store, now, "tick-1", || false).await.unwrap()
}

fn expired(expired: u32) -> Summary {
    Summary { expired, ..Summary::default() }
}

/// `n` expired invitations, and one that is not.
async fn overdue(world: &TestApp, n: usize) -> String {
    let acme = world.found(ADA, "Acme").await;
    for n in 0..n {
        world.invited(ADA, &acme, someone(n).email, "user").await;
    }
    world.wait(6 * DAY);
    world.invited(ADA, &acme, BOB.email, "user").await;
    world.wait(DAY);
    acme
}

/// INV10
#[tokio::test]
async fn it_ends_what_has_expired_and_nothing_else_one_event_each() {
    let world = TestApp::new().await;
    let acme = overdue(&world, 5).await;
    assert_eq!(tick(&world).await, expired(5));

    let left = world.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(each(left.items(), "email"), [BOB.email]);
    let user = world.get(ADA, &format!("{acme}/roles/user")).await;
    assert_eq!(user.body["users"], json!({ "active": 0, "pending": 1 }));
    let history = world.history(&acme).await;
    let ends: Vec<&Value> =
        history.iter().filter(|event| event["action"] == "invitation.expired").collect();
    assert_eq!(ends.len(), 5);
    for end in ends {
        let nobody = json!({ "user_id": null, "email": null, "operator": false });
        assert_eq!((&end["actor"], &end["request_id"]), (&nobody, &json!("tick-1")));
        assert_eq!((&end["old"]["role_id"], &end["new"]), (&json!("user"), &Value::Null));
    }
}

/// INV10
#[tokio::test]
async fn it_runs_any_number_of_times() {
    let world = TestApp::new().await;
    let acme = overdue(&world, 3).await;
    assert_eq!(tick(&world).await, expired(3));
    let once = world.actions(&acme).await;
    assert_eq!(tick(&world).await, expired(0));
    assert_eq!(world.actions(&acme).await, once);
}

/// INV10
#[tokio::test]
async fn two_at_once_end_each_invitation_once() {
    let world = TestApp::new().await;
    let acme = overdue(&world, 20).await;
    let (one, other) = tokio::join!(tick(&world), tick(&world));
    assert_eq!(one.expired + other.expired, 20);
    assert_eq!((one.failed, other.failed), (0, 0));
    let ends = world.actions(&acme).await;
    assert_eq!(ends.iter().filter(|action| *action == "invitation.expired").count(), 20);
}

/// INV10
#[tokio::test]
async fn what_was_resent_or_accepted_stays() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let resent = world.invited(ADA, &acme, BOB.email, "user").await;
    let accepted = world.invited(ADA, &acme, CY.email, "user").await;
    world.post(CY, &format!("{accepted}/accept"), json!({})).await.expect(200);
    world.wait(8 * DAY);
    world.post(ADA, &format!("{resent}/resend"), json!({})).await.expect(200);
    assert_eq!(tick(&world).await, expired(0));
    world.get(BOB, &format!("{resent}/mine")).await.expect(200);
    assert_eq!(world.role_of(&acme, CY).await.as_deref(), Some("user"));
}

/// INV10: resent in the very moment.
#[tokio::test]
async fn a_resend_at_the_same_time_wins_or_comes_too_late() {
    for _ in 0..8 {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        let path = world.invited(ADA, &acme, BOB.email, "user").await;
        world.wait(8 * DAY);
        let resend = format!("{path}/resend");
        let (resent, summary) = tokio::join!(world.post(ADA, &resend, json!({})), tick(&world));
        let there = world.get(ADA, &path).await.status == 200;
        assert_eq!(resent.status == 200, there, "{resent}");
        assert_eq!(summary.expired == 0, there, "{summary:?}");
    }
}

/// INV10: whatever is left is due the next time.
#[tokio::test]
async fn without_time_it_says_that_there_is_more_and_the_next_run_goes_on() {
    let world = TestApp::new().await;
    overdue(&world, 4).await;
    let now = Timestamp::from_millisecond(world.now()).unwrap();
    let cut = run(&world.store, now, "tick-1", || true).await.unwrap();
    assert_eq!(cut, Summary { more: true, ..expired(0) });
    assert_eq!(tick(&world).await, expired(4));
}

/// INV10: it dies between two of its writes.
#[tokio::test]
async fn it_may_die_halfway() {
    let world = TestApp::new().await;
    let acme = overdue(&world, 30).await;
    let now = Timestamp::from_millisecond(world.now()).unwrap();
    let cut = run(&world.store, now, "tick-1", || false);
    let cut = tokio::time::timeout(std::time::Duration::from_millis(20), cut).await;
    let rest = tick(&world).await;
    let ends = world.actions(&acme).await;
    let ends = ends.iter().filter(|action| *action == "invitation.expired").count();
    assert_eq!(ends, 30, "{cut:?} {rest:?}");
    let left = world.get(ADA, &format!("{acme}/members?status=pending")).await;
    assert_eq!(each(left.items(), "email"), [BOB.email]);
}

/// INV10, over the bound of one reading.
#[tokio::test]
async fn it_goes_on_until_nothing_is_due() {
    let world = TestApp::new().await;
    let acme = overdue(&world, 430).await;
    let summary = tick(&world).await;
    assert_eq!((summary.expired, summary.failed, summary.more), (430, 0, false));
    let left = world.walk(ADA, &format!("{acme}/invitations?limit=100")).await;
    assert_eq!(left.len(), 1);
}

/// INV8, SUB5
#[tokio::test]
async fn an_organization_stops_waiting_for_an_admin_whose_invitation_ended() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let wanted = json!({ "name": "Branch", "parent": id(&root), "first_admin_email": BOB.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let branch = format!("/v1/organizations/{}", made.id());
    world.wait(8 * DAY);
    assert_eq!(tick(&world).await, expired(1));
    world.post(ADA, &format!("{branch}/join"), json!({})).await.expect(200);
    let actions = world.actions(&branch).await;
    let all = [
        "organization.created",
        "invitation.created",
        "invitation.expired",
        "super_admin.assigned",
    ];
    assert_eq!(actions, all);
}
