//! `/v1/organizations/{org}/invitations`

use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    helpers::{DEE, each, id, someone, user_manager},
    test_app::{ADA, BOB, CY, DAY, EVE, OPERATOR, TestApp},
};

/// INV1, INV3
#[tokio::test]
async fn an_admin_invites_an_address() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let offer = json!({ "email": " Bob@EXAMPLE.com ", "role_id": "user" });
    let answer = world.post(ADA, &format!("{acme}/invitations"), offer).await;
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
}

/// U5
#[tokio::test]
async fn a_stranger_cannot_tell_that_the_organization_exists() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let offer = json!({ "email": "bob@example.com", "role_id": "user" });
    let answer = world.post(EVE, &format!("{acme}/invitations"), offer).await;
    assert_snapshot!(answer, @r#"
    404 Not Found
    {
      "detail": "There is no such organization, or you are not a member of it. Check the id, or ask an administrator of the organization for an invitation.",
      "instance": "r1",
      "status": 404,
      "title": "No such organization",
      "type": "/problems/no-such-organization"
    }
    "#);
}

/// INV1, U4, U5: a member who may not is told what it would take.
#[tokio::test]
async fn who_may_not_manage_users_is_told_what_it_takes() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    assert_snapshot!(world.invite(BOB, &acme, CY.email, "user").await, @r#"
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

    let path = world.invited(ADA, &acme, CY.email, "user").await;
    world.post(BOB, &format!("{path}/resend"), json!({})).await.refuses(403, "missing-permission");
    world.delete(BOB, &path).await.refuses(403, "missing-permission");
    world.get(BOB, &path).await.expect(200);
    let list = world.get(BOB, &format!("{acme}/invitations")).await.expect(200);
    assert_eq!(each(list.items(), "email"), [CY.email]);
}

/// INV1, U4
#[tokio::test]
async fn inviting_takes_full_access_to_user_management_and_nothing_else() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    world.switch(&acme, json!({ "mdf_program": true })).await;
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    let looker = world.role(ADA, &acme, "Looker", json!({ "user_management": "view_only" })).await;
    let roles = [
        ("admin", true),
        (manager.as_str(), true),
        (looker.as_str(), false),
        ("user", false),
        ("mdf_admin", false),
        ("partner_user", false),
    ];
    for (n, (role, may)) in roles.into_iter().enumerate() {
        let actor = someone(n);
        world.bring(ADA, &acme, actor, role).await;
        let invited = world.invite(actor, &acme, &format!("guest{n}@example.com"), "user").await;
        if may {
            invited.expect(201)
        } else {
            invited.refuses(403, "missing-permission")
        };
    }
}

/// INV2
#[tokio::test]
async fn an_address_that_is_pending_is_refused_with_the_way_to_resend_it() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let first = world.invited(ADA, &acme, BOB.email, "user").await;
    let second = world.invite(ADA, &acme, BOB.email, "admin").await;
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
    let again = world.post(ADA, &format!("{first}/resend"), json!({})).await.expect(200);
    assert_eq!(again.body["role_id"], "user");
}

/// INV2
#[tokio::test]
async fn a_members_address_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "user").await;
    world.invite(ADA, &acme, "BOB@example.com", "user").await.refuses(409, "already-member");
    world.invite(ADA, &acme, ADA.email, "user").await.refuses(409, "already-member");
}

/// INV2
#[tokio::test]
async fn an_expired_invitation_never_stands_in_the_way() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let old = world.invited(ADA, &acme, BOB.email, "user").await;
    world.wait(8 * DAY);
    let new = world.invited(ADA, &acme, BOB.email, "admin").await;
    assert_ne!(old, new);
    world.get(ADA, &old).await.refuses(404, "no-such-invitation");
    let list = world.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(each(list.items(), "id"), [id(&new)]);
    let happened = world.actions(&acme).await;
    let last = &happened[happened.len() - 2..];
    let mut last = last.to_vec();
    last.sort();
    assert_eq!(last, ["invitation.created", "invitation.expired"]);
    world.post(BOB, &format!("{new}/accept"), json!({})).await.expect(200);
}

/// INV3
#[tokio::test]
async fn all_spellings_of_an_address_are_one() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let families = [
        vec!["bob@example.com", " BOB@example.COM", "bob@EXAMPLE.com\n", "bob@example。com"],
        vec!["bob@bücher.example", "bob@xn--bcher-kva.example", "Bob@BÜCHER.example"],
        vec!["zo\u{eb}@example.com", "zoe\u{308}@example.com", "ZO\u{cb}@example.com"],
    ];
    for family in families {
        world.invite(ADA, &acme, family[0], "user").await.expect(201);
        for spelling in family {
            let again = world.invite(ADA, &acme, spelling, "user").await;
            assert_eq!(again.status, 409, "{spelling:?}: {again}");
            assert_eq!(again.problem(), "already-invited", "{spelling:?}");
        }
    }
    // Nothing else is rewritten.
    for other in ["b.ob@example.com", "bob+1@example.com", "zoe@example.com"] {
        let answer = world.invite(ADA, &acme, other, "user").await.expect(201);
        assert_eq!(answer.body["email"], other);
    }
}

/// INV3
#[tokio::test]
async fn what_is_no_address_is_refused() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
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
        let answer = world.invite(ADA, &acme, email, "user").await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/email", "{email:?}");
    }
    for email in [json!(null), json!(1), json!(["bob@example.com"]), json!({})] {
        let offer = json!({ "email": email, "role_id": "user" });
        let answer = world.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/email");
    }
    assert_eq!(world.actions(&acme).await, ["organization.created"]);
}

/// INV4
#[tokio::test]
async fn an_invitation_holds_nothing_that_could_leak() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let told = world.get(ADA, &path).await;
    let names: Vec<&String> = told.body.as_object().unwrap().keys().collect();
    let contract = [
        "backed",
        "created_at",
        "email",
        "expired",
        "expires_at",
        "id",
        "invited_by",
        "organization_id",
        "role_id",
        "send_count",
        "sent_at",
        "status",
    ];
    assert_eq!(names, contract);
    // Whoever has the link has nothing yet.
    for (method, end) in [("GET", "mine"), ("POST", "accept"), ("POST", "decline")] {
        let answer = world.send(Some(EVE), method, &format!("{path}/{end}"), None).await;
        answer.refuses(404, "no-such-invitation");
    }
    world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV5
#[tokio::test]
async fn an_invitation_is_open_for_seven_days_unless_the_request_says_otherwise() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let days = |answer: &Value| {
        let at = |name: &str| answer[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        at("expires_at").duration_since(at("sent_at")).as_hours() / 24
    };
    let answer = world.invite(ADA, &acme, "seven@example.com", "user").await;
    assert_eq!(days(&answer.body), 7);
    for wanted in [1, 30] {
        let offer = json!({
            "email": format!("{wanted}@example.com"), "role_id": "user", "expires_in_days": wanted,
        });
        let answer = world.post(ADA, &format!("{acme}/invitations"), offer).await.expect(201);
        assert_eq!(days(&answer.body), wanted);
    }
    for wanted in [json!(0), json!(31), json!(-1), json!(1.5), json!("7"), json!(256), json!([7])] {
        let offer = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": wanted });
        let answer = world.post(ADA, &format!("{acme}/invitations"), offer).await;
        assert_eq!(answer.refuses(422, "invalid-request").pointer(), "/expires_in_days");
    }
}

/// INV5: nothing has cleaned up, and still everybody sees it.
#[tokio::test]
async fn whether_it_has_expired_is_judged_by_the_clock() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    let expired = async || {
        let one = world.get(ADA, &path).await.expect(200).body["expired"].clone();
        let listed = world.get(ADA, &format!("{acme}/invitations")).await;
        let user = world.get(ADA, &format!("{acme}/members?status=pending")).await;
        let mine = world.get(BOB, &format!("{path}/mine")).await;
        assert_eq!(listed.items()[0]["expired"], one);
        assert_eq!(user.items()[0]["expired"], one);
        assert_eq!(mine.body["expired"], one);
        one
    };
    assert_eq!(expired().await, false);
    world.wait(7 * DAY);
    assert_eq!(expired().await, true);
}

/// INV7
#[tokio::test]
async fn resending_keeps_the_id_restarts_the_clock_and_counts() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let offer = json!({ "email": BOB.email, "role_id": "user", "expires_in_days": 2 });
    let sent = world.post(ADA, &format!("{acme}/invitations"), offer).await.expect(201);
    let path = format!("{acme}/invitations/{}", sent.id());
    world.wait(DAY);
    let resent = world.post(ADA, &format!("{path}/resend"), json!({})).await;
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
    // Also once it has expired.
    world.wait(3 * DAY);
    let late = world.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!((&late.body["send_count"], &late.body["expired"]), (&json!(3), &json!(false)));
    world.post(BOB, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV7
#[tokio::test]
async fn revoking_ends_an_invitation_for_good() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    world.delete(ADA, &path).await.expect(204);
    world.delete(ADA, &path).await.refuses(404, "no-such-invitation");
    world.get(ADA, &path).await.refuses(404, "no-such-invitation");
    for end in ["resend", "accept", "decline"] {
        let by = if end == "resend" { ADA } else { BOB };
        let answer = world.post(by, &format!("{path}/{end}"), json!({})).await;
        answer.refuses(404, "no-such-invitation");
    }
    world.get(BOB, &format!("{path}/mine")).await.refuses(404, "no-such-invitation");
    assert_eq!(world.get(BOB, "/v1/me/invitations").await.items().len(), 0);
}

/// INV9
#[tokio::test]
async fn the_list_shows_whose_backer_is_gone_and_anyone_who_may_revives_it() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let path = world.invited(BOB, &acme, CY.email, "admin").await;
    let backed = async || {
        let list = world.get(ADA, &format!("{acme}/invitations")).await;
        let one = world.get(ADA, &path).await;
        assert_eq!(list.items()[0]["backed"], one.body["backed"]);
        one.body["backed"].clone()
    };
    assert_eq!(backed().await, true);
    world.remove(ADA, &acme, BOB).await.expect(204);
    assert_eq!(backed().await, false);
    world
        .post(CY, &format!("{path}/accept"), json!({}))
        .await
        .refuses(409, "inviter-not-authorized");
    world.post(ADA, &format!("{path}/resend"), json!({})).await.expect(200);
    assert_eq!(backed().await, true);
    world.post(CY, &format!("{path}/accept"), json!({})).await.expect(200);
}

/// INV7, ROLE7: resending is granting.
#[tokio::test]
async fn nobody_resends_what_they_could_not_have_sent() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let manager = world.role(ADA, &acme, "User manager", user_manager()).await;
    world.bring(ADA, &acme, BOB, &manager).await;
    let path = world.invited(ADA, &acme, CY.email, "admin").await;
    let answer = world.post(BOB, &format!("{path}/resend"), json!({})).await;
    answer.refuses(403, "exceeds-own-permissions");
    world.delete(BOB, &path).await.expect(204);
}

/// INV12
#[tokio::test]
async fn an_organization_has_only_so_many_pending() {
    let world = TestApp::with(Limits { max_pending: 6, ..Limits::default() }).await;
    let acme = world.found(ADA, "Acme").await;
    let mut paths = Vec::new();
    for n in 0..6 {
        paths.push(world.invited(ADA, &acme, someone(n).email, "user").await);
    }
    let full = world.invite(ADA, &acme, "more@example.com", "user").await;
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
    // An ended one makes room, however it ended.
    world.delete(ADA, &paths[0]).await.expect(204);
    world.invite(ADA, &acme, "more@example.com", "user").await.expect(201);
    world
        .invite(ADA, &acme, "most@example.com", "user")
        .await
        .refuses(429, "pending-invitation-limit");
    world.post(someone(1), &format!("{}/accept", paths[1]), json!({})).await.expect(200);
    world.invite(ADA, &acme, "most@example.com", "user").await.expect(201);
    world
        .invite(ADA, &acme, "last@example.com", "user")
        .await
        .refuses(429, "pending-invitation-limit");
}

/// INV12: also when they come at once.
#[tokio::test]
async fn no_crowd_gets_past_the_cap() {
    let world = TestApp::with(Limits { max_pending: 5, ..Limits::default() }).await;
    let acme = world.found(ADA, "Acme").await;
    let (world, acme) = (&world, &acme);
    let crowd = (0..12).map(|n| world.invite(ADA, acme, someone(n).email, "user"));
    let answers = futures_util::future::join_all(crowd).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let full =
        answers.iter().filter(|answer| answer.problem() == "pending-invitation-limit").count();
    assert_eq!((made, full), (5, 7));
    let list = world.get(ADA, &format!("{acme}/invitations")).await;
    assert_eq!(list.items().len(), 5);
}

/// SA3, ROLE7: what is not a role here cannot be offered.
#[tokio::test]
async fn only_roles_of_this_organization_can_be_offered() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(ADA, "Globex").await;
    let foreign = world.role(ADA, &globex, "Night shift", json!({})).await;
    let gone = world.role(ADA, &acme, "Day shift", json!({})).await;
    world.delete(ADA, &format!("{acme}/roles/{gone}")).await.expect(204);
    for (role, status, slug) in [
        ("super_admin", 422, "super-admin-not-assignable"),
        ("mdf_admin", 404, "no-such-role"),
        ("partner_user", 404, "no-such-role"),
        (foreign.as_str(), 404, "no-such-role"),
        (gone.as_str(), 404, "no-such-role"),
        ("owner", 422, "invalid-request"),
        ("", 422, "invalid-request"),
    ] {
        world.invite(ADA, &acme, BOB.email, role).await.refuses(status, slug);
    }
}

/// ROLE9, ROLE5
#[tokio::test]
async fn mdf_admin_is_offered_by_the_super_admin_alone_and_inside_the_programme() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let outside = world.invite(ADA, &acme, CY.email, "mdf_admin").await;
    outside.refuses(409, "mdf-program-required");
    world.switch(&acme, json!({ "mdf_program": true })).await;
    world.invite(BOB, &acme, CY.email, "mdf_admin").await.refuses(403, "super-admin-required");
    let path = world.invited(ADA, &acme, CY.email, "mdf_admin").await;
    let resend = world.post(BOB, &format!("{path}/resend"), json!({})).await;
    resend.refuses(403, "super-admin-required");
    let member = world.post(CY, &format!("{path}/accept"), json!({})).await.expect(200);
    assert_eq!(member.body["role_id"], "mdf_admin");
}

/// U5
#[tokio::test]
async fn another_organizations_invitation_is_no_invitation_here() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let globex = world.found(ADA, "Globex").await;
    let path = world.invited(ADA, &globex, BOB.email, "user").await;
    let here = format!("{acme}/invitations/{}", id(&path));
    world.get(ADA, &here).await.refuses(404, "no-such-invitation");
    let resend = world.post(ADA, &format!("{here}/resend"), json!({})).await;
    resend.refuses(404, "no-such-invitation");
    world.delete(ADA, &here).await.refuses(404, "no-such-invitation");
    world.get(ADA, &path).await.expect(200);
}

/// OP1
#[tokio::test]
async fn an_operator_reads_invitations_and_sends_none() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let path = world.invited(ADA, &acme, BOB.email, "user").await;
    world.get(OPERATOR, &path).await.expect(200);
    let answers = [
        world.invite(OPERATOR, &acme, DEE.email, "user").await,
        world.post(OPERATOR, &format!("{path}/resend"), json!({})).await,
        world.delete(OPERATOR, &path).await,
    ];
    for answer in answers {
        answer.refuses(403, "operator-read-only");
    }
}
