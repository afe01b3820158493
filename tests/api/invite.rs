//! `/v1/organizations/{org}/invitations`: invite, list, change, resend and revoke.

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    helpers::{DEE, each, id, nth_user},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

/// INV1, INV3
#[tokio::test]
async fn admin_invites_an_address() {
    let (app, acme) = TestApp::with_acme().await;
    let offer = json!({ "email": " Bob@EXAMPLE.com ", "role_id": "user" });
    let answer = app.post(ADA, &format!("{acme}/invitations"), offer).await;
    assert_eq!(answer.headers["location"], format!("{acme}/invitations/{}", answer.id()));
    assert_snapshot!(answer, @r#"
    201 Created
    {
      "access_expires_at": null,
      "created_at": "2026-11-21T12:00:01Z",
      "delivery": "waiting",
      "email": "bob@example.com",
      "expired": false,
      "expires_at": "2026-11-28T12:00:01Z",
      "id": "inv_…",
      "invited_by": {
        "email": "ada@example.com",
        "id": "mem_…",
        "name": null
      },
      "inviter_authorized": true,
      "language": null,
      "organization_id": "org_…",
      "organization_name": "Acme",
      "role_id": "user",
      "role_name": "User",
      "send_count": 1,
      "sent_at": "2026-11-21T12:00:01Z",
      "sent_by": {
        "email": "ada@example.com",
        "id": "mem_…",
        "name": null
      },
      "status": "pending"
    }
    "#);
    // INV4: reading the invitation adds no secret.
    let read = app.get(ADA, &format!("{acme}/invitations/{}", answer.id())).await.body;
    assert_eq!(read, answer.body);
}

/// U5: the refusal names the role object and the level.
#[tokio::test]
async fn missing_permission_names_role_object_and_level() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    assert_snapshot!(app.invite(BOB, &acme, CY.email, "user").await.summary(), @r#"
    403 missing-permission: Permission missing
    Your role does not give full access to User Management, which this needs. Ask an administrator of this organization.
    level_needed: "full_access"
    role_object: "user_management"
    "#);
}

/// INV2
#[tokio::test]
async fn address_of_a_member_or_pending_invitation_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let first = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let second = app.invite(ADA, &acme, BOB.email, "admin").await;
    assert_eq!(second.body["invitation_id"], id(&first));
    assert_snapshot!(second.summary(), @r#"
    409 already-invited: Already invited
    This address already has a pending invitation. Send that invitation again, or revoke it first.
    invitation_id: "inv_…"
    "#);
    let again = app.post(ADA, &format!("{first}/resend"), json!({})).await.expect(200);
    assert_eq!(again.body["role_id"], "user");
    app.accept(BOB, &acme).await.expect(200);
    for email in ["BOB@example.com", ADA.email] {
        app.invite(ADA, &acme, email, "user").await.refuses(409, "already-member");
    }
}

/// INV2
#[tokio::test]
async fn new_invitation_replaces_an_expired_one() {
    let (app, acme) = TestApp::with_acme().await;
    let old = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.wait(8 * DAY);
    let new = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    app.get(ADA, &old).await.refuses(404, "no-such-invitation");
    let list = app.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(each(list.items(), "id"), [id(&new)]);
    let mut last = app.actions(&acme).await.split_off(2);
    last.sort();
    assert_eq!(last, ["invitation.created", "invitation.expired"]);
    app.post(BOB, &format!("{new}/accept"), json!({})).await.expect(200);
}

/// INV3
#[tokio::test]
async fn spellings_of_an_address_are_normalized_to_one() {
    let (app, acme) = TestApp::with_acme().await;
    for spellings in [
        ["bob@example.com", " BOB@example.COM", "Bob@Example.com\n"],
        ["bob@bücher.example", "bob@xn--bcher-kva.example", "Bob@BÜCHER.example"],
        ["bob@zo\u{eb}.example", "bob@zoe\u{308}.example", "bob@ZO\u{cb}.example"],
    ] {
        app.invite(ADA, &acme, spellings[0], "user").await.expect(201);
        for spelling in spellings {
            let again = app.invite(ADA, &acme, spelling, "user").await;
            assert_eq!(again.problem(), "already-invited", "{spelling:?}: {again}");
        }
    }
    // Dots, plus-tags and similar letters stay as they are.
    for other in ["b.ob@example.com", "bob+1@example.com", "zoe@example.com"] {
        let answer = app.invite(ADA, &acme, other, "user").await.expect(201);
        assert_eq!(answer.body["email"], other);
    }
}

/// INV5
#[tokio::test]
async fn invitation_expires_after_7_days_or_1_to_30_as_requested() {
    let (app, acme) = TestApp::with_acme().await;
    let path = format!("{acme}/invitations");
    for (n, (requested, days)) in
        [(json!(null), 7), (json!(1), 1), (json!(30), 30), (json!(7.0), 7)].into_iter().enumerate()
    {
        let mut offer = json!({ "email": nth_user(n).email, "role_id": "user" });
        if !requested.is_null() {
            offer["expires_in_days"] = requested;
        }
        let body = app.post(ADA, &path, offer).await.expect(201).body;
        let at = |name: &str| body[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(at("expires_at").duration_since(at("sent_at")).as_hours(), days * 24);
    }
    for days in [json!(0), json!(31), json!(-1), json!(1.5), json!("7"), json!(256), json!([7])] {
        let offer = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": days });
        let answer = app.post(ADA, &path, offer).await.refuses(422, "invalid-request");
        assert_eq!(answer.pointer(), "/expires_in_days", "{days}");
    }
}

/// INV5: every route shows it, before any clean-up.
#[tokio::test]
async fn expired_flag_follows_the_time_of_the_request() {
    let (app, acme) = TestApp::with_acme().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    for expired in [false, true] {
        for (caller, path) in [
            (ADA, path.clone()),
            (ADA, format!("{acme}/invitations")),
            (ADA, format!("{acme}/members?status=pending")),
            (BOB, format!("{path}/mine")),
        ] {
            let answer = app.get(caller, &path).await.expect(200);
            let shown = answer.items().first().unwrap_or(&answer.body);
            assert_eq!(shown["expired"], expired, "{path}");
        }
        app.wait(7 * DAY);
    }
}

/// INV7
#[tokio::test]
async fn resending_keeps_the_id_and_restarts_the_expiry() {
    let (app, acme) = TestApp::with_acme().await;
    let offer = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": 2 });
    let sent = app.post(ADA, &format!("{acme}/invitations"), offer).await.expect(201);
    let path = format!("{acme}/invitations/{}", sent.id());
    app.wait(DAY);
    let resent = app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    let mut expected = sent.body;
    expected["sent_at"] = json!("2026-11-22T12:00:02Z");
    expected["expires_at"] = json!("2026-11-24T12:00:02Z");
    expected["send_count"] = json!(2);
    assert_eq!(resent.body, expected);
    // An expired invitation can be resent, too.
    app.wait(3 * DAY);
    let late = app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!((&late.body["send_count"], &late.body["expired"]), (&json!(3), &json!(false)));
    app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV13
#[tokio::test]
async fn pending_invitation_is_changed_without_a_mail() {
    let (app, acme) = TestApp::with_acme().await;
    let role = app.create_role(ADA, &acme, "Readers", json!({})).await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let before = app.get(ADA, &path).await.expect(200);
    app.wait(DAY);
    let update = json!({ "role_id": role, "expires_in_days": 3 });
    let changed = app.patch(ADA, &path, update).await.expect(200);
    let mut expected = before.body;
    (expected["role_id"], expected["role_name"]) = (json!(role), json!("Readers"));
    expected["expires_at"] = json!("2026-11-24T12:00:02Z");
    assert_eq!(changed.body, expected, "the number of sendings and the last one stay");
    let found = app.get(ADA, &format!("{acme}/roles/{role}")).await.expect(200);
    assert_eq!(found.body["users"], json!({ "active": 0, "pending": 1, "services": 0 }));

    // Nothing to change: nothing is written.
    for same in [json!({}), json!({ "role_id": role, "expires_in_days": 3 })] {
        assert_eq!(app.patch(ADA, &path, same).await.expect(200).body, changed.body);
    }
    assert_eq!(app.actions(&acme).await.last().unwrap(), "invitation.updated");
    for invalid in [json!({ "expires_in_days": 31 }), json!({ "role_id": null })] {
        app.patch(ADA, &path, invalid).await.refuses(422, "invalid-request");
    }
    let member = app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], json!(role));
    app.patch(ADA, &path, json!({ "expires_in_days": 3 })).await.refuses(404, "no-such-invitation");
}

/// INV13, ROLE7, ROLE9: the actor who changes an invitation must be allowed to grant the present role and the
/// new one. The actor becomes its inviter.
#[tokio::test]
async fn changing_an_invitation_needs_what_granting_needs() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    let managers = json!({ "user_management": "full_access" });
    let managers = app.create_role(ADA, &acme, "Managers", managers).await;
    app.add_member(ADA, &acme, DEE, &managers).await;
    let to_user = json!({ "role_id": "user" });
    let admin = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    app.patch(DEE, &admin, to_user.clone()).await.refuses(403, "exceeds-own-permissions");
    let user = app.create_invitation(ADA, &acme, CY.email, "user").await;
    app.patch(DEE, &user, json!({ "role_id": "admin" }))
        .await
        .refuses(403, "exceeds-own-permissions");
    app.patch(ADA, &user, json!({ "role_id": "super_admin" }))
        .await
        .refuses(422, "super-admin-not-assignable");
    let unknown = json!({ "role_id": "role_01JABCDEFGHJKMNPQRSTVWXYZ0" });
    app.patch(ADA, &user, unknown).await.refuses(404, "no-such-role");
    // The change makes an expired invitation pending again. Its inviter is the actor who changed it last.
    app.wait(8 * DAY);
    app.patch(DEE, &user, json!({ "expires_in_days": 20 })).await.expect(200);
    app.delete(ADA, &format!("{acme}/members/@dee")).await.expect(204);
    app.post(CY, &format!("{user}/accept"), json!({})).await.refuses(409, "inviter-not-authorized");
    app.patch(ADA, &user, to_user.clone()).await.expect(200);
    assert_eq!(app.get(ADA, &user).await.expect(200).body["inviter_authorized"], false);
    app.patch(ADA, &user, json!({ "expires_in_days": 21 })).await.expect(200);
    app.post(CY, &format!("{user}/accept"), json!({})).await.expect(200);
}

#[tokio::test]
async fn invitation_names_its_role_in_every_answer() {
    let (app, acme) = TestApp::with_acme().await;
    let desk = app.create_role(ADA, &acme, "Desk", json!({})).await;
    let created = app.invite(ADA, &acme, BOB.email, &desk).await.expect(201);
    let path = format!("{acme}/invitations/{}", created.id());
    let batch = json!({ "invitations": [{ "email": CY.email, "role_id": desk }] });
    let batch = app.post(ADA, &format!("{acme}/invitations/batch"), batch).await.expect(200);
    let list = app.get(ADA, &format!("{acme}/invitations")).await.expect(200);
    let resent = app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    let extended = app.patch(ADA, &path, json!({ "expires_in_days": 9 })).await.expect(200);
    let shown = app.get(ADA, &path).await.expect(200);
    let mine = app.get(BOB, "/v1/me/invitations").await.expect(200);
    for invitation in [
        &created.body,
        &batch.body["outcomes"][0]["invitation"],
        &list.items()[0],
        &list.items()[1],
        &resent.body,
        &extended.body,
        &shown.body,
        &mine.items()[0],
    ] {
        assert_eq!(invitation["role_name"], "Desk", "{invitation}");
    }
    let built_in = app.patch(ADA, &path, json!({ "role_id": "admin" })).await.expect(200);
    assert_eq!(built_in.body["role_name"], "Admin");
    let found = app.get(OPERATOR, &format!("/v1/operator/people?email={}", CY.email)).await;
    let known = &found.items()[0]["organizations"][0]["addresses"][0];
    assert_eq!(known["invitation"]["role_name"], "Desk");
}

/// ROLE9, ROLE5, INV9: only the Super Admin grants MDF Admin, and only inside the programme. Anyone
/// who manages users may take it away.
#[tokio::test]
async fn only_super_admin_grants_mdf_admin_inside_the_program() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, DEE, "partner_user").await;
    let request = app.create_join_request(EVE, &acme).await;
    let pending = app.create_invitation(ADA, &acme, nth_user(1).email, "partner_user").await;
    let grant_by_each_route = async |by: Identity| {
        let offer = json!({ "email": nth_user(0).email, "role_id": "mdf_admin" });
        let batch = json!({ "invitations": [offer] });
        [
            app.post(by, &format!("{acme}/invitations/batch"), batch).await,
            app.invite(by, &acme, CY.email, "mdf_admin").await,
            app.change_role(by, &acme, DEE, "mdf_admin").await,
            app.approve(by, &request, json!({ "role_id": "mdf_admin" })).await,
            app.patch(by, &pending, json!({ "role_id": "mdf_admin" })).await,
        ]
    };
    for answer in grant_by_each_route(ADA).await {
        answer.refuses(409, "mdf-program-required");
    }
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    for answer in grant_by_each_route(BOB).await {
        answer.refuses(403, "super-admin-required");
    }
    let granted = grant_by_each_route(ADA).await;
    assert!(granted.iter().all(|answer| answer.status.is_success()), "{granted:?}");
    app.change_role(BOB, &acme, DEE, "partner_user").await.expect(200);
    let path = format!("{acme}/invitations/{}", granted[1].id());
    let (accept, resend) = (format!("{path}/accept"), format!("{path}/resend"));
    app.post(BOB, &resend, json!({})).await.refuses(403, "super-admin-required");
    app.update_settings(&acme, json!({ "mdf_program": false })).await;
    app.post(CY, &accept, json!({})).await.refuses(409, "mdf-program-required");
    app.post(ADA, &resend, json!({})).await.refuses(409, "mdf-program-required");
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    let member = app.post(CY, &accept, json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "mdf_admin");
}

/// INV9, INV13: an invitation depends on who sent or changed it last.
#[tokio::test]
async fn invitation_shows_its_creator_and_its_present_inviter() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let path = app.create_invitation(ADA, &acme, CY.email, "user").await;
    let changed = app.patch(BOB, &path, json!({ "expires_in_days": 9 })).await.expect(200);
    let listed = app.get(ADA, &format!("{acme}/invitations")).await.expect(200);
    let users = app.get(ADA, &format!("{acme}/members?status=pending")).await.expect(200);
    let received = app.get(CY, &format!("{path}/mine")).await.expect(200);
    let shown = [&changed.body, &listed.items()[0], &users.items()[0], &received.body];
    for invitation in shown {
        assert_eq!(invitation["invited_by"]["email"], ADA.email, "{invitation}");
        assert_eq!(invitation["sent_by"]["email"], BOB.email, "{invitation}");
    }
}
