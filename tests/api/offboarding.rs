//! A person is offboarded everywhere, and a person whose account is lost gets on with another one (OP2).

use serde_json::json;
use shared::domain::{PersonId, UserId};

use crate::{
    helpers::{DEE, each, id, operator_path},
    invariants::{check, scan},
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, OPERATOR, TestApp, member_id},
};

async fn offboard(app: &TestApp, sub: &str) -> Answer {
    let person = PersonId::of(&UserId::new(sub));
    let path = format!("/v1/operator/people/{person}/offboard");
    app.send_with(Some(OPERATOR), "POST", &path, None, &[("idempotency-key", "o-1")]).await
}

/// Bob is a member of Acme, the Super Admin of Globex, invited to Hooli, and asks to join Initech.
async fn bob_everywhere() -> (TestApp, [String; 4]) {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let alerts = format!("{acme}/critical-alert-users");
    app.post(ADA, &alerts, json!({ "email": BOB.email })).await.expect(201);
    let globex = app.create_organization(BOB, "Globex").await;
    let hooli = app.create_organization(CY, "Hooli").await;
    app.create_invitation(CY, &hooli, BOB.email, "user").await;
    let initech = app.create_organization(EVE, "Initech").await;
    app.approve_domain(EVE, &initech, "example.com").await.expect(200);
    app.create_join_request(BOB, &initech).await;
    // Initech alerts him, too, though he is no member.
    let alerts = format!("{initech}/critical-alert-users");
    app.post(EVE, &alerts, json!({ "email": BOB.email })).await.expect(201);
    (app, [acme, globex, hooli, initech])
}

#[tokio::test]
async fn offboarding_ends_all_access_and_lists_where_the_person_is_super_admin() {
    let (app, [acme, globex, hooli, initech]) = bob_everywhere().await;
    let done = offboard(&app, BOB.sub).await.expect(200);
    let expected = json!({
        "ended": {
            "memberships": 1, "invitations": 1, "join_requests": 1, "critical_alert_users": 2,
        },
        "super_admin_of": [{ "id": id(&globex), "name": "Globex" }],
    });
    assert_eq!(done.body, expected);
    app.get(BOB, &acme).await.refuses(404, "no-such-organization");
    assert_eq!(app.get(BOB, "/v1/me/invitations").await.items().len(), 0);
    assert_eq!(app.get(EVE, &format!("{initech}/join-requests")).await.items().len(), 0);
    app.get(BOB, &globex).await.expect(200);
    for (org, actions) in [
        (&acme, ["member.removed", "critical_alert_user.removed"].as_slice()),
        (&hooli, &["invitation.revoked"]),
        (&initech, &["join_request.cancelled", "critical_alert_user.removed"]),
    ] {
        let history = app.history(org).await;
        let ends = &history[history.len() - actions.len()..];
        assert_eq!(each(ends, "action"), actions);
        assert!(ends.iter().all(|event| event["actor"]["operator"] == true), "{ends:#?}");
    }
    assert_eq!(app.get(EVE, &format!("{initech}/critical-alert-users")).await.items().len(), 0);
    // Who they were stays readable.
    let history = app.history(&acme).await;
    let removed = history.iter().find(|event| event["action"] == "member.removed").unwrap();
    assert_eq!(removed["target"]["name"], BOB.email);
    check(&app).await;
}

/// The Super Admin stays, and another person's membership holds the same address.
#[tokio::test]
async fn offboarding_leaves_the_alerts_of_memberships_that_stay() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB_2, "user").await;
    let globex = app.create_organization(BOB, "Globex").await;
    for (by, org) in [(ADA, &acme), (BOB, &globex)] {
        let alerts = format!("{org}/critical-alert-users");
        app.post(by, &alerts, json!({ "email": BOB.email })).await.expect(201);
    }
    let done = offboard(&app, BOB.sub).await.expect(200);
    assert_eq!(done.body["ended"]["critical_alert_users"], 0);
    for (by, org) in [(ADA, &acme), (BOB, &globex)] {
        assert_eq!(app.get(by, &format!("{org}/critical-alert-users")).await.items().len(), 1);
    }
    check(&app).await;
}

#[tokio::test]
async fn repeated_offboarding_ends_nothing_more() {
    let (app, [acme, ..]) = bob_everywhere().await;
    let first = offboard(&app, BOB.sub).await.expect(200);
    let events = app.history(&acme).await.len();
    assert_eq!(offboard(&app, BOB.sub).await.expect(200).body, first.body);
    let path = format!("/v1/operator/people/{}/offboard", PersonId::of(&UserId::new(BOB.sub)));
    let again = app.send(Some(OPERATOR), "POST", &path, None).await.expect(200);
    assert_eq!(again.body["ended"]["memberships"], 0);
    assert_eq!(app.history(&acme).await.len(), events);
    offboard(&app, "nobody").await.refuses(404, "no-such-person");
    app.add_member(ADA, &acme, BOB, "user").await;
    check(&app).await;
}

/// A person in more organizations than one transaction has room for.
#[tokio::test]
async fn person_in_many_organizations_is_offboarded_in_one_request() {
    let app = TestApp::new().await;
    for nth in 0..15 {
        let org = app.create_organization(ADA, &format!("Number {nth}")).await;
        app.add_member(ADA, &org, BOB, "user").await;
    }
    let done = offboard(&app, BOB.sub).await.expect(200);
    assert_eq!(done.body["ended"]["memberships"], 15);
    assert_eq!(app.get(BOB, "/v1/me").await.body["user_type"], "personal");
    check(&app).await;
}

/// The same person with another account.
const BOB_2: Identity = Identity { sub: "bob-2", ..BOB };

async fn reconnect(app: &TestApp, org: &str, lost: &str, account: &str) -> Answer {
    let path = format!("{}/members/{}/account", operator_path(org), member_id(org, lost));
    let reason = "The identity provider confirms it in ticket 7.";
    app.post(OPERATOR, &path, json!({ "user_id": account, "reason": reason })).await
}

#[tokio::test]
async fn new_account_takes_over_the_membership() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Desk", json!({})).await;
    app.add_member(ADA, &acme, BOB, &role).await;
    app.patch(ADA, &format!("{acme}/members/@bob"), json!({ "display_name": "Rob" }))
        .await
        .expect(200);
    let taken = reconnect(&app, &acme, "bob", "bob-2").await.expect(200);
    let shown = app.get(ADA, &format!("{acme}/members/{}", member_id(&acme, "bob-2"))).await;
    assert_eq!(taken.body, shown.expect(200).body);
    let fields = ["role_id", "role_name", "display_name", "email", "user_id"];
    let found = fields.map(|field| taken.body[field].clone());
    assert_eq!(json!(found), json!([role, "Desk", "Rob", BOB.email, "bob-2"]));
    app.get(BOB, &format!("{acme}/permissions")).await.refuses(404, "no-such-organization");
    app.get(BOB_2, &format!("{acme}/permissions")).await.expect(200);
    let history = app.history(&acme).await;
    let [before, after] = &history[history.len() - 2..] else { panic!("{history:#?}") };
    for event in [before, after] {
        assert_eq!(event["action"], "member.reconnected");
        assert_eq!(event["actor"]["operator"], true);
        assert_eq!(event["reason"], "The identity provider confirms it in ticket 7.");
        assert_eq!(event["new"]["member"]["id"], member_id(&acme, "bob-2"));
    }
    assert_eq!(before["target"]["id"], member_id(&acme, "bob"));
    // A service can name its keeper for longer than any event is kept.
    let items = scan(&app).await;
    let left = items.iter().find(|item| item.contains_key("continued_as")).unwrap();
    let kept: i64 = left["ttl"].as_n().unwrap().parse().unwrap();
    assert!(kept > app.now() / 1_000 + 50 * 365 * 86_400, "{kept}");
    check(&app).await;
}

#[tokio::test]
async fn super_admin_keeps_the_role_with_another_account() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    reconnect(&app, &acme, "ada", "ada-2").await.expect(200);
    let again = Identity { sub: "ada-2", ..ADA };
    let shown = app.get(again, &acme).await.expect(200);
    assert_eq!(shown.body["super_admin"]["id"], member_id(&acme, "ada-2"));
    app.transfer(again, &acme, BOB).await.expect(200);
    check(&app).await;
}

/// INV9: the inviter is the same person, also with a third account.
#[tokio::test]
async fn invitations_of_a_lost_account_stay_acceptable() {
    let (app, acme) = TestApp::with_acme().await;
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    let last = app.create_invitation(ADA, &acme, CY.email, "user").await;
    for (lost, account) in [("ada", "ada-2"), ("ada-2", "ada-3")] {
        reconnect(&app, &acme, lost, account).await.expect(200);
    }
    let again = Identity { sub: "ada-3", ..ADA };
    let list = app.get(again, &format!("{acme}/invitations")).await.expect(200);
    assert!(list.items().iter().all(|it| it["inviter_authorized"] == true), "{list}");
    assert_eq!(app.get(again, &invitation).await.expect(200).body["inviter_authorized"], true);
    app.post(BOB, &format!("{invitation}/accept"), json!({})).await.expect(200);
    let accepted = app.history(&acme).await.pop().unwrap();
    assert_eq!(accepted["new"]["inviter"]["id"], member_id(&acme, "ada-3"));
    // A new account has no more power than its member.
    app.appoint(&acme, BOB, "removed").await.expect(200);
    app.post(CY, &format!("{last}/accept"), json!({})).await.refuses(409, "inviter-not-authorized");
    check(&app).await;
}

/// A person who recreated an account asks to join first, as their portal suggests.
#[tokio::test]
async fn open_request_of_the_new_account_ends() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    app.add_member(ADA, &acme, BOB, "user").await;
    let elsewhere = Identity { email: "bob.two@example.com", ..BOB_2 };
    app.create_join_request(elsewhere, &acme).await;
    reconnect(&app, &acme, "bob", "bob-2").await.expect(200);
    assert_eq!(app.get(ADA, &format!("{acme}/join-requests")).await.items().len(), 0);
    check(&app).await;
}

#[tokio::test]
async fn account_of_a_member_takes_over_no_other_membership() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    app.add_member(ADA, &acme, DEE, "user").await;
    reconnect(&app, &acme, "bob", "dee").await.refuses(409, "already-member");
    reconnect(&app, &acme, "bob", "bob").await.refuses(409, "already-member");
    reconnect(&app, &acme, "nobody", "bob-2").await.refuses(404, "no-such-member");
    let path = format!("{}/members/{}/account", operator_path(&acme), member_id(&acme, "bob"));
    for body in [json!({ "user_id": "bob-2" }), json!({ "user_id": "", "reason": "x" })] {
        app.post(OPERATOR, &path, body).await.refuses(422, "invalid-request");
    }
    check(&app).await;
}
