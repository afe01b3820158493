//! `/v1/me/invitations`: find, accept and decline invitations.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    helpers::each,
    invariants::check,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, ample, identity, member_id},
};

/// INV9: the invitation is sent again by another member after its invitee has read it.
#[tokio::test]
async fn acceptance_judges_the_inviter_of_the_invitation_that_it_accepts() {
    for bob in ["is removed", "stays"] {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_organization(ADA, "Acme").await;
        app.add_member(ADA, &acme, BOB, "admin").await;
        let path = app.create_invitation(BOB, &acme, CY.email, "user").await;
        if bob == "is removed" {
            app.remove(ADA, &acme, BOB).await.expect(204);
        }
        let (accept, resend) = (format!("{path}/accept"), format!("{path}/resend"));
        let (accept, resend) =
            (app.post(CY, &accept, json!({})), app.post(ADA, &resend, json!({})));
        let order = [vec![0], vec![1; 9], vec![0; 9]].concat();
        let (accepted, resent, calls) = layer.interleave(&order, accept, resend).await;
        resent.expect(200);
        assert_eq!(accepted.status, 200, "Bob {bob}: {accepted} {calls:?}");
        let last = app.history(&acme).await.pop().unwrap();
        assert_eq!(last["action"], "invitation.accepted");
        assert_eq!(last["new"]["inviter_id"], member_id(&acme, ADA.sub), "Bob {bob}");
        check(&app).await;
    }
}

/// INV6
#[tokio::test]
async fn person_lists_their_invitations_from_all_organizations() {
    let (app, acme) = TestApp::with_acme().await;
    let globex = app.create_organization(CY, "Globex").await;
    let night = app.create_role(CY, &globex, "Night shift", json!({})).await;
    let mut expected = Vec::new();
    for (inviter, org, name, role, role_name) in
        [(ADA, &acme, "Acme", "admin", "Admin"), (CY, &globex, "Globex", &night, "Night shift")]
    {
        let mut invitation = app.invite(inviter, org, "BOB@example.com", role).await.body;
        // Only the organization sees the delivery of the mail.
        invitation.as_object_mut().unwrap().remove("delivery");
        invitation["organization_name"] = json!(name);
        invitation["organization_suspended"] = json!(false);
        invitation["role_name"] = json!(role_name);
        expected.push(invitation);
    }
    app.create_invitation(CY, &globex, EVE.email, "user").await;
    assert_eq!(app.get(BOB, "/v1/me/invitations").await.expect(200).items(), expected);
}

/// INV7: accepting makes a member once. A repeat answers with the membership.
#[tokio::test]
async fn accepting_makes_one_member_and_can_be_repeated() {
    let (app, acme) = TestApp::with_acme().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let answer = app.post(BOB, &format!("{path}/accept"), json!({})).await;
    assert_snapshot!(answer, @r#"
    200 OK
    {
      "access_expired": false,
      "access_expires_at": null,
      "display_name": null,
      "email": "bob@example.com",
      "id": "mem_…",
      "identity_provider_role": "user",
      "joined_at": "2026-11-21T12:00:02Z",
      "keeper": null,
      "kind": "person",
      "name": null,
      "organization_id": "org_…",
      "organization_name": "Acme",
      "role_id": "user",
      "role_name": "User",
      "source": "invitation",
      "status": "active",
      "user_id": "bob"
    }
    "#);
    let again = app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(answer.body, again.body);
    assert_eq!(app.role_of(&acme, BOB).await.as_deref(), Some("user"));
    assert_eq!(app.get(BOB, "/v1/me/invitations").await.items(), [] as [Value; 0]);
    app.get(ADA, &path).await.refuses(404, "no-such-invitation");
    let actions = app.actions(&acme).await;
    assert_eq!(actions, ["organization.created", "invitation.created", "invitation.accepted"]);
}

/// INV5, INV7: the time of the request decides, not the clean-up. Decidim CVE-2023-48220.
#[tokio::test]
async fn expired_invitation_is_rejected_until_it_is_resent() {
    for late_by in [-1, 0] {
        let (app, acme) = TestApp::with_acme().await;
        let sent = app.now();
        let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
        app.wait(sent + 7 * DAY + late_by - app.now());
        let accept = format!("{path}/accept");
        let answer = app.post(BOB, &accept, json!({})).await;
        if late_by < 0 {
            answer.expect(200);
            continue;
        }
        assert_snapshot!(answer.summary(), @r#"
        409 invitation-expired: Invitation expired
        This invitation has expired. Ask an administrator of the organization to send it again.
        expired_at: "2026-11-28T12:00:01Z"
        "#);
        app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
        app.post(BOB, &accept, json!({})).await.expect(200);
        // Opening the link of the mail again says that the person is a member.
        app.get(BOB, &format!("{path}/mine")).await.refuses(409, "caller-already-member");
    }
}

/// INV15: the problem says why the sign-in does not match. It is the same for an invitation that exists and
/// for one that does not.
async fn assert_refusal_shows_the_sign_in_of_its_reader(app: &TestApp, path: &str) {
    let nowhere = format!("{}/inv_01KAK000000000000000000000", path.rsplit_once('/').unwrap().0);
    let by = async |person| {
        let answer = app.get(person, &format!("{path}/mine")).await.summary();
        assert_eq!(app.get(person, &format!("{nowhere}/mine")).await.summary(), answer);
        answer
    };
    assert_snapshot!(by(EVE).await, @r#"
    404 no-such-invitation: No such invitation
    There is no such invitation for eve@example.com, with which you are signed in. Sign in with the address that the invitation was sent to, or ask for a new invitation.
    email_verified: true
    signed_in_as: "eve@example.com"
    "#);
    assert_snapshot!(by(Identity { verified: "false", ..BOB }).await, @r#"
    404 no-such-invitation: No such invitation
    You are signed in with bob@example.com, but your identity provider has not verified this address. Verify it there, sign in again, and open the invitation once more.
    email_verified: false
    signed_in_as: "bob@example.com"
    "#);
    assert_snapshot!(by(identity("eve", "no address")).await, @"
    404 no-such-invitation: No such invitation
    Your identity provider names no address that can receive mail. Correct it there, sign in again, and open the invitation once more.
    email_verified: false
    signed_in_as: null
    ");
}

/// INV4
#[tokio::test]
async fn only_the_verified_invited_address_can_use_an_invitation() {
    let (app, acme) = TestApp::with_acme().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let unverified = Identity { verified: "false", ..BOB };
    let routes = [("GET", "mine"), ("POST", "accept"), ("POST", "decline")];
    for person in [EVE, unverified, ADA, OPERATOR] {
        for (method, end) in routes {
            let answer = app.send(Some(person), method, &format!("{path}/{end}"), None).await;
            answer.refuses(404, "no-such-invitation");
        }
    }
    app.get(unverified, "/v1/me/invitations").await.refuses(403, "email-not-verified");
    assert_refusal_shows_the_sign_in_of_its_reader(&app, &path).await;
    // The Kelvin sign is no `k` (INV3).
    let of_kim = app.create_invitation(ADA, &acme, "kim@example.com", "admin").await;
    let lookalike = identity("eve", "\u{212a}im@example.com");
    let answer = app.post(lookalike, &format!("{of_kim}/accept"), json!({})).await;
    answer.refuses(404, "no-such-invitation");
    // Any account with the address may accept, in any spelling of the address (INV3).
    let bob = identity("another-sub", "BOB@example.com");
    let member = app.post(bob, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["user_id"], "another-sub");
}

/// INV8, SA1, INV9: an operator's invitation needs no inviter.
#[tokio::test]
async fn first_admin_becomes_super_admin() {
    let app = TestApp::new().await;
    let acme = app.create_organization_for(ADA, "Acme").await;
    assert_eq!(app.super_admins(&acme).await, (vec![], None));
    let mine = app.get(ADA, "/v1/me/invitations").await;
    assert_eq!(each(mine.items(), "role_id"), ["admin"]);
    let member = app.accept(ADA, &acme).await.expect(200);
    assert_eq!(member.body["role_id"], "super_admin");
    assert_eq!(app.super_admins(&acme).await, (vec!["ada".to_owned()], Some("ada".to_owned())));
    let actions = app.actions(&acme).await;
    assert_eq!(actions[1..], ["invitation.created", "invitation.accepted", "super_admin.assigned"]);
    // The second Admin stays an Admin.
    let next = app.add_member(ADA, &acme, BOB, "admin").await;
    assert_eq!(next.body["role_id"], "admin");
}

/// INV9: an invitation can be accepted while its inviter is a member and may still grant its role.
/// `inviter_authorized` shows that. Anyone who may grant the role revives the invitation by resending it.
#[tokio::test]
async fn invitation_needs_an_inviter_who_may_still_grant_its_role() {
    for (change, offered, authorized) in [
        ("leaves", "guard", false),
        ("is removed", "user", false),
        ("becomes user", "guard", false),
        ("role loses a level", "guard", false),
        ("becomes admin", "guard", true),
    ] {
        let (app, acme) = TestApp::with_acme().await;
        let powers =
            json!({ "user_management": "full_access", "security_management": "full_access" });
        let manager = app.add_member_with(ADA, &acme, BOB, powers).await;
        let guard = json!({ "security_management": "full_access" });
        let guard = app.create_role(ADA, &acme, "Guard", guard).await;
        let role = if offered == "guard" { &guard } else { offered };
        let path = app.create_invitation(BOB, &acme, CY.email, role).await;
        let is_authorized = async || {
            let list = app.get(ADA, &format!("{acme}/invitations")).await;
            let one = app.get(ADA, &path).await.body["inviter_authorized"].clone();
            assert_eq!(list.items()[0]["inviter_authorized"], one);
            let users = app.get(ADA, &format!("{acme}/members?status=pending")).await;
            assert_eq!(users.items()[0]["inviter_authorized"], one);
            // The invitee sees it, too.
            let mine = app.get(CY, "/v1/me/invitations").await;
            assert_eq!(mine.items()[0]["inviter_authorized"], one);
            let mine = app.get(CY, &format!("{path}/mine")).await;
            assert_eq!(mine.body["inviter_authorized"], one);
            one == true
        };
        assert!(is_authorized().await);
        let role = format!("{acme}/roles/{manager}");
        match change {
            "leaves" => app.post(BOB, &format!("{acme}/leave"), json!({})).await.expect(204),
            "is removed" => app.remove(ADA, &acme, BOB).await.expect(204),
            "role loses a level" => {
                let less = json!({ "permissions": { "security_management": "view_only" } });
                app.patch(ADA, &role, less).await.expect(200)
            }
            becomes => {
                let new = becomes.trim_start_matches("becomes ");
                app.change_role(ADA, &acme, BOB, new).await.expect(200);
                app.delete(ADA, &role).await.expect(204)
            }
        };
        assert_eq!(is_authorized().await, authorized, "inviter {change}");
        let accept = format!("{path}/accept");
        if !authorized {
            app.post(CY, &accept, json!({})).await.refuses(409, "inviter-not-authorized");
            let resent = app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
            assert_eq!(resent.body["send_count"], 2);
            assert!(is_authorized().await);
        }
        app.post(CY, &accept, json!({})).await.expect(200);
    }
}

/// INV7
#[tokio::test]
async fn member_cannot_accept_a_second_invitation_to_another_address() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = app.create_invitation(ADA, &acme, "robert@example.com", "admin").await;
    let robert = identity("bob", "robert@example.com");
    let answer = app.post(robert, &format!("{path}/accept"), json!({})).await;
    answer.refuses(409, "caller-already-member");
    assert_eq!(app.role_of(&acme, BOB).await.as_deref(), Some("user"));
}
