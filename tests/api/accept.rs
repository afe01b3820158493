//! `/v1/me/invitations` and what invitees do with one

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::{DEE, each, id, operators, user_manager},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, who},
};

/// INV6
#[tokio::test]
async fn i_find_my_invitations_of_every_organization() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(CY, "Globex").await;
    let night = world.role(CY, &globex, "Night shift", json!({})).await;
    world.invited(ADA, &acme, "BOB@example.com", "admin").await;
    world.invited(CY, &globex, BOB.email, &night).await;
    world.invited(CY, &globex, EVE.email, "user").await;
    assert_snapshot!(world.get(BOB, "/v1/me/invitations").await, @r#"
    200 OK
    {
      "items": [
        {
          "created_at": "2026-11-21T12:00:03Z",
          "email": "bob@example.com",
          "expired": false,
          "expires_at": "2026-11-28T12:00:03Z",
          "id": "inv_…",
          "invited_by": "ada",
          "organization_id": "org_…",
          "organization_name": "Acme",
          "role_id": "admin",
          "role_name": "Admin",
          "send_count": 1,
          "sent_at": "2026-11-21T12:00:03Z",
          "status": "pending"
        },
        {
          "created_at": "2026-11-21T12:00:04Z",
          "email": "bob@example.com",
          "expired": false,
          "expires_at": "2026-11-28T12:00:04Z",
          "id": "inv_…",
          "invited_by": "cy",
          "organization_id": "org_…",
          "organization_name": "Globex",
          "role_id": "role_…",
          "role_name": "Night shift",
          "send_count": 1,
          "sent_at": "2026-11-21T12:00:04Z",
          "status": "pending"
        }
      ],
      "next_cursor": null
    }
    "#);
}

/// INV6
#[tokio::test]
async fn reading_an_invitation_changes_nothing() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let first = world.get(BOB, &format!("{path}/mine")).await.expect(200);
    let second = world.get(BOB, &format!("{path}/mine")).await.expect(200);
    assert_eq!(first.body, second.body);
    for end in ["accept", "decline"] {
        let get = world.get(BOB, &format!("{path}/{end}")).await;
        get.refuses(405, "method-not-allowed");
    }
    assert_eq!(world.actions(&acme).await, ["organization.created", "invitation.created"]);
}

/// INV7
#[tokio::test]
async fn accepting_makes_a_member() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let answer = world.post(BOB, &format!("{path}/accept"), json!({})).await;
    assert_snapshot!(answer, @r#"
    200 OK
    {
      "email": "bob@example.com",
      "id": "mem_…",
      "identity_provider_role": "user",
      "joined_at": "2026-11-21T12:00:02Z",
      "name": null,
      "organization_id": "org_…",
      "role_id": "user",
      "role_name": "User",
      "source": "invitation",
      "status": "active",
      "user_id": "bob"
    }
    "#);
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("user"));
    assert_eq!(world.get(BOB, "/v1/me/invitations").await.items(), [] as [Value; 0]);
    world.get(ADA, &path).await.refuses(404, "no-such-invitation");
}

/// INV7
#[tokio::test]
async fn accepting_again_answers_with_the_membership() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let first = world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    let again = world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(first.body, again.body);
    let actions = world.actions(&acme).await;
    assert_eq!(actions.iter().filter(|action| *action == "invitation.accepted").count(), 1);
}

/// INV7
#[tokio::test]
async fn accepting_many_times_at_once_makes_one_member() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let accept = format!("{path}/accept");
    let answers = join_all((0..16).map(|_| world.post(BOB, &accept, json!({})))).await;
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), &answer.body["user_id"]), (200, &json!("bob")));
    }
    let actions = world.actions(&acme).await;
    assert_eq!(actions.iter().filter(|action| *action == "invitation.accepted").count(), 1);
    let user = world.get(ADA, &format!("{acme}/roles/user")).await;
    assert_eq!(user.body["users"], json!({ "active": 1, "pending": 0 }));
}

/// INV7
#[tokio::test]
async fn declining_ends_it_and_leaves_the_address_free() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let declined = world.post(BOB, &format!("{path}/decline"), json!({})).await.expect(204);
    assert_eq!(declined.text, "");
    for end in ["accept", "decline"] {
        let answer = world.post(BOB, &format!("{path}/{end}"), json!({})).await;
        answer.refuses(404, "no-such-invitation");
    }
    let again = world.invited(ADA, &acme, BOB.email, "user").await;
    world.post(BOB, &format!("{again}/accept"), json!({})).await.expect(200);
}

/// INV5: to the millisecond, and long before anything cleans up.
#[tokio::test]
async fn an_invitation_is_good_until_the_moment_it_expires() {
    for (late_by, status) in [(-1, 200), (0, 409)] {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        let sent = world.now();
        let path = world.invited(ADA, &acme, BOB.email, "user").await;
        world.wait(sent + 7 * DAY + late_by - world.now());
        let answer = world.post(BOB, &format!("{path}/accept"), json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{answer}");
    }
}

/// INV5, INV7
#[tokio::test]
async fn an_expired_invitation_says_so_until_it_is_sent_again() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    world.wait(7 * DAY);
    let answer = world.post(BOB, &format!("{path}/accept"), json!({})).await;
    assert_snapshot!(answer, @r#"
    409 Conflict
    {
      "detail": "This invitation has expired. Ask an administrator of the organization to send it again.",
      "expired_at": "2026-11-28T12:00:01Z",
      "instance": "r1",
      "status": 409,
      "title": "Invitation expired",
      "type": "/problems/invitation-expired"
    }
    "#);
    world.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV4
#[tokio::test]
async fn it_takes_the_invited_address_and_a_verified_one() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let unverified = Identity { verified: "false", ..BOB };
    let routes = [("GET", "mine"), ("POST", "accept"), ("POST", "decline")];
    for person in [EVE, unverified, ADA, OPERATOR] {
        for (method, end) in routes {
            let answer = world.send(Some(person), method, &format!("{path}/{end}"), None).await;
            answer.refuses(404, "no-such-invitation");
        }
    }
    world.get(unverified, "/v1/me/invitations").await.refuses(403, "email-not-verified");
    // Who somebody is does not matter, only the address: INV3's forms are one.
    let bob = who("another-sub", "BOB@example.com");
    let member = world.post(bob, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["user_id"], "another-sub");
}

/// INV8, SA1
#[tokio::test]
async fn the_first_admin_becomes_super_admin() {
    let world = TestApp::new().await;
    let wanted = json!({ "name": "Acme", "first_admin_email": ADA.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let acme = format!("/v1/organizations/{}", made.id());
    assert_eq!(world.super_admins(&acme).await, (vec![], None));

    let mine = world.get(ADA, "/v1/me/invitations").await;
    assert_eq!(each(mine.items(), "role_id"), ["admin"]);
    let member = world.accept(ADA, &acme).await.expect(200);
    assert_eq!(member.body["role_id"], "super_admin");
    assert_eq!(world.super_admins(&acme).await, (vec!["ada".to_owned()], Some("ada".to_owned())));
    let actions = world.actions(&acme).await;
    assert_eq!(
        actions,
        [
            "organization.created",
            "invitation.created",
            "invitation.accepted",
            "super_admin.assigned"
        ]
    );
    // The next Admin is an Admin.
    let next = world.bring(ADA, &acme, BOB, "admin").await;
    assert_eq!(next.body["role_id"], "admin");
}

/// INV9
#[tokio::test]
async fn an_invitation_counts_only_while_somebody_who_may_grant_it_stands_behind_it() {
    enum Then {
        Leaves,
        Becomes(&'static str),
        RoleLoses,
    }
    for (then, status, slug) in [
        (Then::Leaves, 409, "inviter-not-authorized"),
        (Then::Becomes("user"), 409, "inviter-not-authorized"),
        (Then::RoleLoses, 409, "inviter-not-authorized"),
        (Then::Becomes("admin"), 200, ""),
    ] {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        let powers =
            json!({ "user_management": "full_access", "security_management": "full_access" });
        let manager = world.role(ADA, &acme, "Manager", powers).await;
        let guard = json!({ "security_management": "full_access" });
        let guard = world.role(ADA, &acme, "Guard", guard).await;
        world.bring(ADA, &acme, BOB, &manager).await;
        let path = world.invited(BOB, &acme, CY.email, &guard).await;
        match then {
            Then::Leaves => {
                world.post(BOB, &format!("{acme}/leave"), json!({})).await.expect(204);
            }
            Then::Becomes(role) => {
                world.assign(ADA, &acme, BOB, role).await.expect(200);
            }
            Then::RoleLoses => {
                let less = json!({ "permissions": { "security_management": "view_only" } });
                world.patch(ADA, &format!("{acme}/roles/{manager}"), less).await.expect(200);
            }
        }
        let answer = world.post(CY, &format!("{path}/accept"), json!({})).await;
        assert_eq!((answer.status.as_u16(), answer.problem()), (status, slug), "{answer}");
        if status == 409 {
            let resent = world.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
            assert_eq!(resent.body["send_count"], 2);
            world.post(CY, &format!("{path}/accept"), json!({})).await.expect(200);
        }
    }
}

/// INV9
#[tokio::test]
async fn what_backs_an_ordinary_user_is_being_a_member_who_may_grant() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.bring(ADA, &acme, BOB, &manager).await;
    let path = world.invited(BOB, &acme, CY.email, "user").await;
    world.remove(ADA, &acme, BOB).await.expect(204);
    world
        .post(CY, &format!("{path}/accept"), json!({}))
        .await
        .refuses(409, "inviter-not-authorized");
}

/// INV9, ROLE5
#[tokio::test]
async fn an_mdf_admins_invitation_is_refused_once_the_programme_is_left() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    world.switch(&acme, json!({ "mdf_program": true })).await;
    let path = world.invited(ADA, &acme, BOB.email, "mdf_admin").await;
    world.switch(&acme, json!({ "mdf_program": false })).await;
    let answer = world.post(BOB, &format!("{path}/accept"), json!({})).await;
    answer.refuses(409, "mdf-program-required");
    let answer = world.post(ADA, &format!("{path}/resend"), json!({})).await;
    answer.refuses(409, "mdf-program-required");
    world.switch(&acme, json!({ "mdf_program": true })).await;
    world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV9
#[tokio::test]
async fn an_operators_invitation_needs_no_backer() {
    let world = TestApp::new().await;
    let root = world.tree(ADA, "Root").await;
    let wanted = json!({ "name": "Branch", "parent": id(&root), "first_admin_email": BOB.email });
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    let branch = format!("/v1/organizations/{}", made.id());
    assert!(world.get(OPERATOR, &operators(&branch)).await.status.is_success());
    let member = world.accept(BOB, &branch).await.expect(200);
    assert_eq!(member.body["role_id"], "super_admin");
}

/// INV7: one person, two addresses.
#[tokio::test]
async fn a_member_cannot_come_in_a_second_time_by_another_address() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    let path = world.invited(ADA, &acme, "robert@example.com", "admin").await;
    let robert = who("bob", "robert@example.com");
    let answer = world.post(robert, &format!("{path}/accept"), json!({})).await;
    answer.refuses(409, "already-member");
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("user"));
}

/// INV7, ROLE6: whatever comes first, nobody ends with a role that is not there.
#[tokio::test]
async fn accepting_and_revoking_at_once_come_to_one_of_the_two() {
    for _ in 0..8 {
        let world = TestApp::new().await;
        let acme = world.found(ADA, "Acme").await;
        let path = world.invited(ADA, &acme, DEE.email, "user").await;
        let accept = format!("{path}/accept");
        let (accepted, revoked) =
            tokio::join!(world.post(DEE, &accept, json!({})), world.delete(ADA, &path));
        let member = world.role_of(&acme, DEE).await.is_some();
        assert_eq!(accepted.status == 200, member, "{accepted} {revoked}");
        assert_eq!(revoked.status == 204, !member, "{accepted} {revoked}");
    }
}
