//! `/v1/organizations/{org}/invitations`: invite, list, resend and revoke.

use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    helpers::{DEE, each, id, nth_user},
    test_app::{ADA, BOB, CY, DAY, TestApp},
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
      "created_at": "2026-11-21T12:00:01Z",
      "email": "bob@example.com",
      "expired": false,
      "expires_at": "2026-11-28T12:00:01Z",
      "id": "inv_…",
      "invited_by": "ada",
      "organization_id": "org_…",
      "role_id": "user",
      "send_count": 1,
      "sent_at": "2026-11-21T12:00:01Z",
      "status": "pending"
    }
    "#);
    // INV4: reading the invitation adds `inviter_authorized`, and no secret.
    let mut read = app.get(ADA, &format!("{acme}/invitations/{}", answer.id())).await.body;
    assert_eq!(read.as_object_mut().unwrap().remove("inviter_authorized"), Some(json!(true)));
    assert_eq!(read, answer.body);
}

/// U5: the refusal names the role object and the level.
#[tokio::test]
async fn missing_permission_names_role_object_and_level() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    assert_snapshot!(app.invite(BOB, &acme, CY.email, "user").await, @r#"
    403 Forbidden
    {
      "detail": "Your role does not give full access to User Management, which this needs. Ask an administrator of this organization.",
      "instance": "r1",
      "level_needed": "full_access",
      "role_object": "user_management",
      "status": 403,
      "title": "Permission missing",
      "type": "/problems/missing-permission"
    }
    "#);
}

/// INV2
#[tokio::test]
async fn address_with_a_pending_invitation_is_refused_with_its_id() {
    let (app, acme) = TestApp::with_acme().await;
    let first = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let second = app.invite(ADA, &acme, BOB.email, "admin").await;
    assert_eq!(second.body["invitation_id"], id(&first));
    assert_snapshot!(second, @r#"
    409 Conflict
    {
      "detail": "This address already has a pending invitation. Send that invitation again, or revoke it first.",
      "instance": "r1",
      "invitation_id": "inv_…",
      "status": 409,
      "title": "Already invited",
      "type": "/problems/already-invited"
    }
    "#);
    let again = app.post(ADA, &format!("{first}/resend"), json!({})).await.expect(200);
    assert_eq!(again.body["role_id"], "user");
}

/// INV2
#[tokio::test]
async fn address_of_a_member_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    app.invite(ADA, &acme, "BOB@example.com", "user").await.refuses(409, "already-member");
    app.invite(ADA, &acme, ADA.email, "user").await.refuses(409, "already-member");
}

/// INV2
#[tokio::test]
async fn new_invitation_replaces_an_expired_one() {
    let (app, acme) = TestApp::with_acme().await;
    let old = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.wait(8 * DAY);
    let new = app.create_invitation(ADA, &acme, BOB.email, "admin").await;
    assert_ne!(old, new);
    app.get(ADA, &old).await.refuses(404, "no-such-invitation");
    let list = app.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(each(list.items(), "id"), [id(&new)]);
    let happened = app.actions(&acme).await;
    let last = &happened[happened.len() - 2..];
    let mut last = last.to_vec();
    last.sort();
    assert_eq!(last, ["invitation.created", "invitation.expired"]);
    app.post(BOB, &format!("{new}/accept"), json!({})).await.expect(200);
}

/// INV3
#[tokio::test]
async fn spellings_of_an_address_are_normalized_to_one() {
    let (app, acme) = TestApp::with_acme().await;
    let families = [
        vec!["bob@example.com", " BOB@example.COM", "bob@EXAMPLE.com\n", "bob@example。com"],
        vec!["bob@bücher.example", "bob@xn--bcher-kva.example", "Bob@BÜCHER.example"],
        vec!["zo\u{eb}@example.com", "zoe\u{308}@example.com", "ZO\u{cb}@example.com"],
    ];
    for family in families {
        app.invite(ADA, &acme, family[0], "user").await.expect(201);
        for spelling in family {
            let again = app.invite(ADA, &acme, spelling, "user").await;
            assert_eq!(again.status, 409, "{spelling:?}: {again}");
            assert_eq!(again.problem(), "already-invited", "{spelling:?}");
        }
    }
    // Dots, plus-tags and similar letters stay as they are.
    for other in ["b.ob@example.com", "bob+1@example.com", "zoe@example.com"] {
        let answer = app.invite(ADA, &acme, other, "user").await.expect(201);
        assert_eq!(answer.body["email"], other);
    }
}

/// INV3
#[tokio::test]
async fn malformed_address_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(63).repeat(3));
    let far = format!("{}@example.com", "a".repeat(65));
    for email in [
        "",
        "bob",
        "@example.com",
        "bob@",
        "bob@example",
        "a@b@example.com",
        "bob@exam ple.com",
        "bob\u{200b}@example.com",
        "bob\u{202e}@example.com",
        "bob\n@example.com",
        "bob@.example.com",
        "bob\u{ff20}example.com",
        "bob@exa\u{ff0e}mple@com",
        "<bob@example.com>",
        &long,
        &far,
    ] {
        let answer = app.invite(ADA, &acme, email, "user").await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/email", "{email:?}");
    }
    for email in [json!(null), json!(1), json!(["bob@example.com"]), json!({})] {
        let offer = json!({ "email": email, "role_id": "user" });
        let answer = app.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/email");
    }
    assert_eq!(app.actions(&acme).await, ["organization.created"]);
}

/// INV5
#[tokio::test]
async fn invitation_expires_after_7_days_or_1_to_30_as_requested() {
    let (app, acme) = TestApp::with_acme().await;
    let days = |answer: &Value| {
        let at = |name: &str| answer[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        at("expires_at").duration_since(at("sent_at")).as_hours() / 24
    };
    let answer = app.invite(ADA, &acme, "seven@example.com", "user").await;
    assert_eq!(days(&answer.body), 7);
    for body in [1, 30] {
        let offer = json!({
            "email": format!("{body}@example.com"), "role_id": "user", "expires_in_days": body,
        });
        let answer = app.post(ADA, &format!("{acme}/invitations"), offer).await.expect(201);
        assert_eq!(days(&answer.body), body);
    }
    for body in [json!(0), json!(31), json!(-1), json!(1.5), json!("7"), json!(256), json!([7])] {
        let offer = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": body });
        let answer = app.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/expires_in_days");
    }
}

/// INV5: every route shows it, before any clean-up.
#[tokio::test]
async fn expired_flag_follows_the_time_of_the_request() {
    let (app, acme) = TestApp::with_acme().await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let expired = async || {
        let one = app.get(ADA, &path).await.expect(200).body["expired"].clone();
        let listed = app.get(ADA, &format!("{acme}/invitations")).await;
        let user = app.get(ADA, &format!("{acme}/members?status=pending")).await;
        let mine = app.get(BOB, &format!("{path}/mine")).await;
        assert_eq!(listed.items()[0]["expired"], one);
        assert_eq!(user.items()[0]["expired"], one);
        assert_eq!(mine.body["expired"], one);
        one
    };
    assert_eq!(expired().await, false);
    app.wait(7 * DAY);
    assert_eq!(expired().await, true);
}

/// INV7
#[tokio::test]
async fn resending_keeps_the_id_and_restarts_the_expiry() {
    let (app, acme) = TestApp::with_acme().await;
    let offer = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": 2 });
    let sent = app.post(ADA, &format!("{acme}/invitations"), offer).await.expect(201);
    let path = format!("{acme}/invitations/{}", sent.id());
    app.wait(DAY);
    let resent = app.post(ADA, &format!("{path}/resend"), json!({})).await;
    assert_eq!(resent.id(), sent.id());
    assert_snapshot!(resent, @r#"
    200 OK
    {
      "created_at": "2026-11-21T12:00:01Z",
      "email": "bob@example.com",
      "expired": false,
      "expires_at": "2026-11-24T12:00:02Z",
      "id": "inv_…",
      "invited_by": "ada",
      "organization_id": "org_…",
      "role_id": "user",
      "send_count": 2,
      "sent_at": "2026-11-22T12:00:02Z",
      "status": "pending"
    }
    "#);
    // An expired invitation can be resent, too.
    app.wait(3 * DAY);
    let late = app.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!((&late.body["send_count"], &late.body["expired"]), (&json!(3), &json!(false)));
    app.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV12
#[tokio::test]
async fn pending_invitations_are_limited() {
    let app = TestApp::with(Limits { max_pending: 6, ..Limits::default() }).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let mut paths = Vec::new();
    for n in 0..6 {
        paths.push(app.create_invitation(ADA, &acme, nth_user(n).email, "user").await);
    }
    let full = app.invite(ADA, &acme, "more@example.com", "user").await;
    assert_snapshot!(full, @r#"
    429 Too Many Requests
    {
      "detail": "This organization has 6 pending invitations, which is the limit. Revoke some, or wait until some are accepted or expire.",
      "instance": "r1",
      "limit": 6,
      "status": 429,
      "title": "Pending invitation limit reached",
      "type": "/problems/pending-invitation-limit"
    }
    "#);
    // A revoked or accepted invitation makes room for another.
    app.delete(ADA, &paths[0]).await.expect(204);
    app.invite(ADA, &acme, "more@example.com", "user").await.expect(201);
    app.invite(ADA, &acme, "most@example.com", "user")
        .await
        .refuses(429, "pending-invitation-limit");
    app.post(nth_user(1), &format!("{}/accept", paths[1]), json!({})).await.expect(200);
    app.invite(ADA, &acme, "most@example.com", "user").await.expect(201);
    app.invite(ADA, &acme, "last@example.com", "user")
        .await
        .refuses(429, "pending-invitation-limit");
}

/// ROLE9, ROLE5, INV9: only the Super Admin grants MDF Admin, and only inside the programme. Anyone
/// who manages users may take it away.
#[tokio::test]
async fn only_super_admin_grants_mdf_admin_inside_the_program() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, DEE, "partner_user").await;
    let outside = app.invite(ADA, &acme, CY.email, "mdf_admin").await;
    outside.refuses(409, "mdf-program-required");
    app.change_role(ADA, &acme, DEE, "mdf_admin").await.refuses(409, "mdf-program-required");
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    app.invite(BOB, &acme, CY.email, "mdf_admin").await.refuses(403, "super-admin-required");
    app.change_role(BOB, &acme, DEE, "mdf_admin").await.refuses(403, "super-admin-required");
    app.change_role(ADA, &acme, DEE, "mdf_admin").await.expect(200);
    app.change_role(BOB, &acme, DEE, "partner_user").await.expect(200);
    let path = app.create_invitation(ADA, &acme, CY.email, "mdf_admin").await;
    let (accept, resend) = (format!("{path}/accept"), format!("{path}/resend"));
    app.post(BOB, &resend, json!({})).await.refuses(403, "super-admin-required");
    app.update_settings(&acme, json!({ "mdf_program": false })).await;
    app.post(CY, &accept, json!({})).await.refuses(409, "mdf-program-required");
    app.post(ADA, &resend, json!({})).await.refuses(409, "mdf-program-required");
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    let member = app.post(CY, &accept, json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "mdf_admin");
}
