//! Access that ends (END1).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    cleanup::run_clean_up,
    decision_search::search_all,
    decisions::{ONE, SUBJECTS, evaluation, permits},
    helpers::{DEE, each, id, operator_path, user_manager},
    invariants::check,
    matrix::SERVICE,
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

const INVITE: &str = "user_management.invite";

/// The time `milliseconds` from now, as the API writes it.
pub fn time_in(app: &TestApp, milliseconds: i64) -> String {
    Timestamp::from_millisecond(app.now() + milliseconds).unwrap().to_string()
}

/// `by` invites `to` with access that ends at `end`.
pub async fn invite_until(app: &TestApp, org: &str, to: Identity, role: &str, end: &str) -> String {
    let offer = json!({ "email": to.email, "role_id": role, "access_expires_at": end });
    let open = app.post(ADA, &format!("{org}/invitations"), offer).await.expect(201);
    assert_eq!(open.body["access_expires_at"], end);
    format!("{org}/invitations/{}", open.id())
}

/// `to` is a member whose access ends at `end`.
pub async fn add_until(app: &TestApp, org: &str, to: Identity, role: &str, end: &str) {
    let invitation = invite_until(app, org, to, role, end).await;
    let member = app.post(to, &format!("{invitation}/accept"), json!({})).await.expect(200);
    assert_eq!(
        [&member.body["access_expires_at"], &member.body["access_expired"]],
        [&json!(end), &json!(false)]
    );
}

pub async fn set_end(app: &TestApp, by: Identity, org: &str, of: Identity, end: Value) -> Value {
    let path = format!("{org}/members/@{}", of.sub);
    app.patch(by, &path, json!({ "access_expires_at": end })).await.expect(200).body
}

/// What the person with ended access, their organization and other services see of it. Requests about them
/// have the outcome `gone`.
async fn sees_no_member(app: &TestApp, acme: &str, gone: &str) {
    for path in [acme.to_owned(), format!("{acme}/members"), format!("{acme}/permissions")] {
        let refused = app.get(BOB, &path).await.refuses(403, "access-expired");
        assert!(refused.body["expired_at"].is_string(), "{refused}");
    }
    let leave = app.post(BOB, &format!("{acme}/leave"), json!({})).await;
    leave.refuses(403, "access-expired");
    let security = app.get(BOB, &format!("{acme}/security")).await;
    security.refuses(403, "access-expired");
    let me = app.get(BOB, "/v1/me").await.expect(200);
    assert_eq!(me.body["organizations"], json!([]));
    assert_eq!(me.body["user_type"], "personal");

    let bob = format!("{acme}/members/@bob");
    app.get(ADA, &bob).await.refuses(404, gone);
    let later = json!({ "access_expires_at": time_in(app, DAY) });
    app.patch(ADA, &bob, later).await.refuses(404, gone);
    app.delete(ADA, &bob).await.refuses(404, gone);
    app.transfer(ADA, acme, BOB).await.refuses(404, gone);
    app.appoint(acme, BOB, "admin").await.refuses(404, gone);
    let account = json!({ "user_id": "bob-2", "reason": "Ticket 1" });
    let bob = crate::test_app::member_id(acme, "bob");
    let reconnect = format!("{}/members/{bob}/account", operator_path(acme));
    app.post(OPERATOR, &reconnect, account).await.refuses(404, gone);

    assert!(!permits(app, BOB, INVITE, acme).await);
    let mut explained = evaluation(BOB, INVITE, acme);
    explained["context"] = json!({ "explain": true });
    let explained = app.post(SERVICE, ONE, explained).await.expect(200);
    assert_eq!(explained.body["context"]["code"], "access_expired", "{explained}");
    let reason = explained.body["context"]["reason"].as_str().unwrap();
    assert!(reason.contains("has expired"), "{reason}");
    let search = json!({
        "subject": { "type": "user" },
        "action": { "name": INVITE },
        "resource": { "type": "organization", "id": id(acme) },
    });
    assert_eq!(search_all(app, SUBJECTS, search, 9).await, ["ada"]);
}

#[tokio::test]
async fn person_is_no_member_from_the_second_of_the_end_before_and_after_the_clean_up() {
    let (app, acme) = TestApp::with_acme().await;
    let end = time_in(&app, DAY);
    add_until(&app, &acme, BOB, "admin", &end).await;
    assert!(permits(&app, BOB, INVITE, &acme).await);
    app.get(BOB, &format!("{acme}/members")).await.expect(200);
    app.wait(DAY);
    sees_no_member(&app, &acme, "member-access-expired").await;
    let refused = app.get(ADA, &format!("{acme}/members/@bob")).await;
    assert_eq!(refused.body["expired_at"], end);
    // The list shows the membership until the clean-up has run, and that it has ended.
    let shown = app.get(ADA, &format!("{acme}/members?user_id=bob")).await.expect(200);
    assert_eq!(shown.items()[0]["access_expired"], true);

    let summary = run_clean_up(&app).await;
    assert_eq!((summary.members_expired, summary.failed), (1, 0));
    sees_no_member(&app, &acme, "no-such-member").await;
    let listed = app.get(ADA, &format!("{acme}/members")).await.expect(200);
    assert_eq!(
        (each(listed.items(), "email"), &listed.body["total"]),
        (vec![ADA.email], &json!(1))
    );
    let event = app.history(&acme).await.pop().unwrap();
    assert_eq!(
        json!([event["action"], event["actor"]["id"], event["old"], event["target"]["id"]]),
        json!([
            "member.expired",
            null,
            { "role_id": "admin", "role_name": "Admin", "access_expires_at": end },
            crate::test_app::member_id(&acme, "bob")
        ])
    );
    assert_eq!(run_clean_up(&app).await.members_expired, 0);
    check(&app).await;
}

/// INV13, ROLE7, SA4, ROLE12
#[tokio::test]
async fn end_is_set_extended_and_removed_by_those_who_may_grant_the_role() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, "user").await;
    app.add_member_with(ADA, &acme, EVE, user_manager()).await;
    let path = |of: &str| format!("{acme}/members/@{of}");
    let end = |days: i64| json!({ "access_expires_at": time_in(&app, days * DAY) });
    app.patch(EVE, &path("bob"), end(1)).await.refuses(403, "super-admin-required");
    app.patch(EVE, &path("eve"), end(1)).await.refuses(403, "cannot-change-own-role");
    app.patch(CY, &path("eve"), end(1)).await.refuses(403, "missing-permission");
    let of_super_admin = app.patch(BOB, &path("ada"), end(1)).await;
    assert_eq!(
        of_super_admin.refuses(422, "super-admin-access-end").pointer(),
        "/access_expires_at"
    );
    for days in [-1, 3654] {
        let refused = app.patch(EVE, &path("cy"), end(days)).await;
        assert_eq!(refused.refuses(422, "access-end-out-of-range").pointer(), "/access_expires_at");
    }
    app.patch(EVE, &path("cy"), json!({ "access_expires_at": "soon" })).await.expect(422);

    let (first, second) = (time_in(&app, DAY), time_in(&app, 2 * DAY));
    for (wanted, old) in [(json!(first), json!(null)), (json!(second), json!(first))] {
        assert_eq!(
            set_end(&app, EVE, &acme, CY, wanted.clone()).await["access_expires_at"],
            wanted
        );
        let event = app.history(&acme).await.pop().unwrap();
        assert_eq!(event["action"], "member.updated");
        assert_eq!(
            [&event["old"], &event["new"]],
            [&json!({ "access_expires_at": old }), &json!({ "access_expires_at": wanted })]
        );
    }
    let events = app.history(&acme).await.len();
    set_end(&app, EVE, &acme, CY, json!(second)).await;
    assert_eq!(app.history(&acme).await.len(), events, "nothing changed");
    set_end(&app, EVE, &acme, CY, json!(null)).await;
    app.wait(3 * DAY);
    assert_eq!(run_clean_up(&app).await.members_expired, 0);
    app.get(CY, &acme).await.expect(200);
    check(&app).await;
}

/// The access of a Super Admin never ends: a transfer removes the end.
#[tokio::test]
async fn transfer_removes_the_end_of_the_access() {
    let (app, acme) = TestApp::with_acme().await;
    add_until(&app, &acme, BOB, "admin", &time_in(&app, DAY)).await;
    app.transfer(ADA, &acme, BOB).await.expect(200);
    let bob = app.get(ADA, &format!("{acme}/members/@bob")).await.expect(200);
    assert_eq!(bob.body["access_expires_at"], json!(null));
    app.wait(2 * DAY);
    assert_eq!(run_clean_up(&app).await.members_expired, 0);
    app.get(BOB, &format!("{acme}/members")).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn invitation_to_access_that_has_ended_cannot_be_accepted_or_sent_again() {
    let (app, acme) = TestApp::with_acme().await;
    let end = time_in(&app, DAY);
    let invitation = invite_until(&app, &acme, BOB, "user", &end).await;
    let shown = app.get(ADA, &invitation).await.expect(200);
    assert_eq!(shown.body["expires_at"], end, "it expires with the access");
    app.wait(DAY);
    let accept = format!("{invitation}/accept");
    let refused = app.post(BOB, &accept, json!({})).await.refuses(409, "offered-access-expired");
    assert_eq!(refused.body["expired_at"], end);
    let resend = format!("{invitation}/resend");
    app.post(ADA, &resend, json!({})).await.refuses(409, "offered-access-expired");
    let past = json!({ "access_expires_at": end });
    assert_eq!(app.patch(ADA, &invitation, past.clone()).await.expect(200).body["expired"], true);
    let far = json!({ "access_expires_at": time_in(&app, 3_654 * DAY) });
    app.patch(ADA, &invitation, far).await.refuses(422, "access-end-out-of-range");

    let before = json!({ "access_expires_at": time_in(&app, -1) });
    let before = app.patch(ADA, &invitation, before).await;
    before.refuses(422, "access-end-out-of-range");
    let late = time_in(&app, 9 * DAY);
    let later = app.patch(ADA, &invitation, json!({ "access_expires_at": late })).await;
    let later = later.expect(200).body;
    assert_eq!([&later["access_expires_at"], &later["expired"]], [&json!(late), &json!(false)]);
    let event = app.history(&acme).await.pop().unwrap();
    assert_eq!(event["action"], "invitation.updated");
    assert_eq!(
        [&event["old"]["access_expires_at"], &event["new"]["access_expires_at"]],
        [&json!(end), &json!(late)]
    );
    let bob = app.post(BOB, &accept, json!({})).await.expect(200);
    assert_eq!(bob.body["access_expires_at"], late);
    check(&app).await;
}

#[tokio::test]
async fn end_of_access_is_part_of_every_way_to_invite() {
    let (app, acme) = TestApp::with_acme().await;
    let path = format!("{acme}/invitations");
    let end = time_in(&app, 40 * DAY);
    let past = json!({
        "email": BOB.email, "role_id": "user", "access_expires_at": time_in(&app, -1),
    });
    let refused = app.post(ADA, &path, past.clone()).await.refuses(422, "access-end-out-of-range");
    assert_eq!(refused.pointer(), "/access_expires_at");
    let good = json!({ "email": CY.email, "role_id": "user", "access_expires_at": end });
    let batch = json!({ "invitations": [past, good] });
    let outcomes = app.post(ADA, &format!("{path}/batch"), batch).await.expect(200).body;
    let [bad, good] = [0, 1].map(|nth| &outcomes["outcomes"][nth]);
    assert_eq!([&bad["status"], &good["status"]], [422, 201], "{outcomes}");
    let pointer = |problem: &Value| problem["errors"][0]["pointer"].clone();
    assert_eq!(pointer(&bad["problem"]), "/invitations/0/access_expires_at");
    assert_eq!(good["invitation"]["access_expires_at"], end);

    let file = format!(
        "Email,Role,Access ends at (UTC)\ndee@example.com,User,{end}\neve@example.com,User,2027-03-01\n\
         bob@example.com,User,soon\nfay@example.com,User,2020-01-01\n"
    );
    let request = axum::http::Request::post(format!("{path}/batch"))
        .header("content-type", "text/csv")
        .body(axum::body::Body::from(file))
        .unwrap();
    let outcomes = app.answer(Some(ADA), request).await.expect(200).body;
    let ends = [0, 1].map(|nth| &outcomes["outcomes"][nth]["invitation"]["access_expires_at"]);
    assert_eq!(ends, [&json!(end), &json!("2027-03-01T00:00:00Z")], "{outcomes}");
    for (nth, row) in [(2, 4), (3, 5)] {
        let problem = &outcomes["outcomes"][nth]["problem"];
        assert_eq!(pointer(problem), format!("/rows/{row}/access_expires_at"), "{problem}");
    }
    check(&app).await;
}

/// INV9
#[tokio::test]
async fn person_whose_access_has_ended_stands_behind_no_invitation() {
    let (app, acme) = TestApp::with_acme().await;
    add_until(&app, &acme, BOB, "admin", &time_in(&app, DAY)).await;
    let invitation = app.create_invitation(BOB, &acme, CY.email, "user").await;
    assert_eq!(app.get(ADA, &invitation).await.body["inviter_authorized"], true);
    app.wait(DAY);
    assert_eq!(app.get(ADA, &invitation).await.body["inviter_authorized"], false);
    let accept = format!("{invitation}/accept");
    app.post(CY, &accept, json!({})).await.refuses(409, "inviter-not-authorized");
    app.post(ADA, &format!("{invitation}/resend"), json!({})).await.expect(200);
    app.post(CY, &accept, json!({})).await.expect(200);
}

/// A person who accepted before the end gets no membership by a repeat after it.
#[tokio::test]
async fn repeated_acceptance_after_the_end_is_refused() {
    let (app, acme) = TestApp::with_acme().await;
    let invitation = invite_until(&app, &acme, BOB, "user", &time_in(&app, DAY)).await;
    let accept = format!("{invitation}/accept");
    app.post(BOB, &accept, json!({})).await.expect(200);
    app.post(BOB, &accept, json!({})).await.expect(200);
    app.wait(DAY);
    app.post(BOB, &accept, json!({})).await.refuses(403, "access-expired");
    let mine = accept.replace("/accept", "/mine");
    app.get(BOB, &mine).await.refuses(404, "no-such-invitation");
}

/// INV2, ORG2: the end of access takes effect before the clean-up runs.
#[tokio::test]
async fn person_whose_access_has_ended_can_be_invited_and_ask_before_the_clean_up() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let end = time_in(&app, DAY);
    for person in [BOB, CY, EVE, DEE] {
        add_until(&app, &acme, person, "user", &end).await;
    }
    let refused = app.invite(ADA, &acme, BOB.email, "user").await;
    refused.refuses(409, "already-member");
    app.wait(DAY);
    app.add_member(ADA, &acme, BOB, "user").await;
    let batch = json!({ "invitations": [{ "email": CY.email, "role_id": "user" }] });
    let outcomes = app.post(ADA, &format!("{acme}/invitations/batch"), batch).await.expect(200);
    assert_eq!(outcomes.body["outcomes"][0]["status"], 201, "{outcomes}");
    app.accept(CY, &acme).await.expect(200);
    let joinable = app.get(EVE, "/v1/me/joinable-organizations").await.expect(200);
    assert_eq!(joinable.items().len(), 1);
    app.post(EVE, &format!("{acme}/join-requests"), json!({})).await.expect(201);
    // With a new address, an invitation to it is accepted.
    let dee = Identity { email: "dee@new.example", ..DEE };
    let invitation = app.create_invitation(ADA, &acme, dee.email, "user").await;
    app.post(dee, &format!("{invitation}/accept"), json!({})).await.expect(200);

    let expired = app.actions(&acme).await;
    assert_eq!(expired.iter().filter(|action| *action == "member.expired").count(), 4);
    assert_eq!(run_clean_up(&app).await.members_expired, 0);
    check(&app).await;
}
