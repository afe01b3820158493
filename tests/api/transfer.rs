//! `POST /v1/organizations/{org}/transfer`

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::json;

use crate::{
    helpers::user_manager,
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp},
};

fn one(sub: &str) -> (Vec<String>, Option<String>) {
    (vec![sub.to_owned()], Some(sub.to_owned()))
}

/// SA2
#[tokio::test]
async fn the_super_admin_hands_the_role_to_an_admin_and_becomes_one() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    assert_snapshot!(world.transfer(ADA, &acme, BOB).await, @r#"
    200 OK
    {
      "created_at": "2026-11-21T12:00:00Z",
      "depth": 0,
      "id": "org_…",
      "kind": "standard",
      "name": "Acme",
      "parent_id": null,
      "path": [
        "org_…"
      ],
      "settings": {
        "manage_sub_organizations": false,
        "mdf_program": false
      },
      "super_admin_user_id": "bob"
    }
    "#);
    assert_eq!(world.super_admins(&acme).await, one("bob"));
    assert_eq!(world.role_of(&acme, ADA).await.as_deref(), Some("admin"));
    // SA5: now she may leave.
    world.transfer(ADA, &acme, ADA).await.refuses(403, "super-admin-required");
    world.post(ADA, &format!("{acme}/leave"), json!({})).await.expect(204);
}

/// SA2
#[tokio::test]
async fn only_the_super_admin_transfers() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.bring(ADA, &acme, CY, &manager).await;
    world.transfer(BOB, &acme, BOB).await.refuses(403, "super-admin-required");
    world.transfer(CY, &acme, BOB).await.refuses(403, "super-admin-required");
    world.transfer(OPERATOR, &acme, BOB).await.refuses(403, "operator-read-only");
    world.transfer(EVE, &acme, BOB).await.refuses(404, "no-such-organization");
    assert_eq!(world.super_admins(&acme).await, one("ada"));
}

/// SA2
#[tokio::test]
async fn only_a_member_who_holds_the_built_in_admin_can_take_over() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let all = json!({ "user_management": "full_access", "role_management": "full_access" });
    let like_admin = world.role(ADA, &acme, "Like an Admin", all).await;
    world.bring(ADA, &acme, BOB, &like_admin).await;
    world.bring(ADA, &acme, CY, "user").await;
    world.invited(ADA, &acme, EVE.email, "admin").await;
    world.transfer(ADA, &acme, BOB).await.refuses(409, "target-not-admin");
    world.transfer(ADA, &acme, CY).await.refuses(409, "target-not-admin");
    world.transfer(ADA, &acme, ADA).await.refuses(409, "target-not-admin");
    world.transfer(ADA, &acme, EVE).await.refuses(404, "no-such-member");
    assert_eq!(world.super_admins(&acme).await, one("ada"));
}

/// SA2
#[tokio::test]
async fn of_two_transfers_at_once_one_wins() {
    for _ in 0..8 {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        world.bring(ADA, &acme, BOB, "admin").await;
        world.bring(ADA, &acme, CY, "admin").await;
        let (to_bob, to_cy) =
            tokio::join!(world.transfer(ADA, &acme, BOB), world.transfer(ADA, &acme, CY));
        let mut statuses = [to_bob.status.as_u16(), to_cy.status.as_u16()];
        statuses.sort_unstable();
        // One that came late enough to see the other is no Super Admin's any more.
        assert!(statuses == [200, 409] || statuses == [200, 403], "{to_bob} {to_cy}");
        let winner = if to_bob.status == 200 { "bob" } else { "cy" };
        assert_eq!(world.super_admins(&acme).await, one(winner));
    }
}

/// SA1: whatever happens to the heir meanwhile.
#[tokio::test]
async fn there_is_exactly_one_super_admin_whatever_happens_at_once() {
    for _ in 0..8 {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        world.bring(ADA, &acme, BOB, "admin").await;
        world.bring(ADA, &acme, CY, "admin").await;
        let leave = format!("{acme}/leave");
        tokio::join!(
            world.transfer(ADA, &acme, BOB),
            world.remove(CY, &acme, BOB),
            world.assign(ADA, &acme, BOB, "user"),
            world.post(BOB, &leave, json!({})),
        );
        let (holders, told) = world.super_admins(&acme).await;
        assert_eq!((holders.len(), holders.first()), (1, told.as_ref()));
    }
}

/// SA1: sent many times, done once.
#[tokio::test]
async fn a_transfer_that_is_sent_again_does_nothing_more() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let path = format!("{acme}/transfer");
    let body = json!({ "member_id": "@bob" });
    let key = [("idempotency-key", "k1")];
    let sends = (0..6).map(|_| world.send_with(Some(ADA), "POST", &path, Some(body.clone()), &key));
    for answer in join_all(sends).await {
        assert_eq!(answer.expect(200).body["super_admin_user_id"], "bob");
    }
    let actions = world.actions(&acme).await;
    let transfers = actions.iter().filter(|action| *action == "super_admin.transferred").count();
    assert_eq!(transfers, 1);
}

#[tokio::test]
async fn an_id_that_is_no_member_id_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    for id in [String::new(), "bob".into(), "mem_1".into(), "s".repeat(2_000)] {
        let answer = world.post(ADA, &format!("{acme}/transfer"), json!({ "member_id": id })).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/member_id");
    }
    let nobody = world.get(ADA, &format!("{acme}/members/{}", "s".repeat(2_000))).await;
    nobody.expect(404);
}
