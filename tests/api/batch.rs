//! `/v1/organizations/{org}/invitations/batch` (INV11).

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use shared::http::Deployment;

use crate::{
    fault_layer::Fault,
    helpers::{DEE, each, nth_user, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, TestApp, ample},
};

/// Invitations for `many` users, from the `first` on.
fn offers(first: usize, many: usize) -> Vec<Value> {
    (first..first + many)
        .map(|n| json!({ "email": nth_user(n).email, "role_id": "user" }))
        .collect()
}

impl TestApp {
    async fn batch(&self, by: Identity, org: &str, offers: &[Value]) -> Answer {
        self.batch_with(by, org, offers, &[]).await
    }

    async fn batch_with(
        &self,
        by: Identity,
        org: &str,
        offers: &[Value],
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = Some(json!({ "invitations": offers }));
        self.send_with(Some(by), "POST", &format!("{org}/invitations/batch"), body, headers).await
    }

    /// Sends a file of invitations.
    pub async fn invite_file(&self, by: Identity, org: &str, file: impl Into<Body>) -> Answer {
        let request = Request::post(format!("{org}/invitations/batch"));
        let request = request.header("content-type", "text/csv; charset=utf-8");
        self.answer(Some(by), request.body(file.into()).unwrap()).await
    }

    async fn pending(&self, org: &str) -> Vec<Value> {
        self.list_all(ADA, &format!("{org}/invitations?limit=100")).await
    }

    /// The number of events with this action.
    async fn count_events(&self, org: &str, action: &str) -> usize {
        self.actions(org).await.iter().filter(|it| *it == action).count()
    }
}

impl Answer {
    pub fn statuses(&self) -> Vec<u64> {
        let outcomes = self.body["outcomes"].as_array().unwrap_or_else(|| panic!("{self}"));
        outcomes.iter().map(|outcome| outcome["status"].as_u64().unwrap()).collect()
    }

    /// The ids of the created invitations.
    fn invitation_ids(&self) -> Vec<&str> {
        let outcomes = self.body["outcomes"].as_array().unwrap().iter();
        outcomes.map(|outcome| outcome["invitation"]["id"].as_str().unwrap()).collect()
    }
}

/// INV11: an outcome is the answer to a single invitation.
#[tokio::test]
async fn each_address_has_its_own_outcome_in_order() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.create_invitation(ADA, &acme, CY.email, "user").await;
    let list = [
        json!({ "email": " New@Example.COM", "role_id": "user", "expires_in_days": 1 }),
        json!({ "email": "cy@example.com", "role_id": "user" }),
        json!({ "email": "BOB@example.com", "role_id": "user" }),
        json!({ "email": "not an address", "role_id": "user" }),
        json!({ "email": "new@example.com", "role_id": "admin" }),
    ];
    let answer = app.batch(ADA, &acme, &list).await.expect(200);
    assert_eq!(answer.statuses(), [201, 409, 409, 422, 409]);
    let outcomes = answer.body["outcomes"].as_array().unwrap();
    assert_eq!(each(outcomes, "email"), each(&list, "email"));
    let created = &outcomes[0]["invitation"];
    assert_eq!(
        [&created["email"], &created["expires_at"]],
        ["new@example.com", "2026-11-22T12:00:04Z"]
    );
    for (nth, slug) in [(1, "already-invited"), (2, "already-member"), (4, "already-invited")] {
        let single = app.post(ADA, &format!("{acme}/invitations"), list[nth].clone()).await;
        let mut problem = single.refuses(409, slug).body;
        problem.as_object_mut().unwrap().remove("instance");
        assert_eq!(outcomes[nth]["problem"], problem);
    }
    let invalid = &outcomes[3]["problem"];
    let fields = [&invalid["type"], &invalid["errors"][0]["pointer"]];
    assert_eq!(fields, ["/problems/invalid-request", "/invitations/3/email"]);
    check(&app).await;
}

/// INV11, ROLE7
#[tokio::test]
async fn one_role_that_cannot_be_granted_refuses_the_whole_batch() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member_with(ADA, &acme, BOB, user_manager()).await;
    let before = app.history(&acme).await.len();
    for (role, status, problem) in [
        ("admin", 403, "exceeds-own-permissions"),
        ("super_admin", 422, "super-admin-not-assignable"),
        ("mdf_admin", 404, "no-such-role"),
        ("role_01KAK000000000000000000000", 404, "no-such-role"),
    ] {
        for position in [0, 25, 49] {
            for email in ["x@example.com", "no address", nth_user(1).email] {
                let mut list = offers(0, 49);
                list.insert(position, json!({ "email": email, "role_id": role }));
                let refused = app.batch(BOB, &acme, &list).await.refuses(status, problem);
                assert_eq!(refused.pointer(), format!("/invitations/{position}/role_id"));
            }
        }
    }
    assert_eq!(app.pending(&acme).await.len(), 0);
    assert_eq!(app.history(&acme).await.len(), before);
    let done = app.batch(BOB, &acme, &offers(0, 49)).await.expect(200);
    assert_eq!(done.statuses(), [201; 49]);
}

/// INV11
#[tokio::test]
async fn batch_has_1_to_100_valid_elements() {
    let (app, acme) = TestApp::with_acme().await;
    let with = |field: &str, value: Value| {
        let mut offer = offers(0, 1);
        offer[0][field] = value;
        offer
    };
    for (list, pointer) in [
        (vec![], "/invitations"),
        (offers(0, 101), "/invitations"),
        (vec![json!({ "email": "x@example.com" })], "/invitations/0/role_id"),
        (with("role_id", json!("boss")), "/invitations/0/role_id"),
        (with("expires_in_days", json!(31)), "/invitations/0/expires_in_days"),
        (with("note", json!("")), "/invitations/0/note"),
    ] {
        let refused = app.batch(ADA, &acme, &list).await.refuses(422, "invalid-request");
        assert_eq!(refused.pointer(), pointer, "{refused}");
    }
    let done = app.batch(ADA, &acme, &offers(0, 100)).await.expect(200);
    assert_eq!(done.statuses(), [201; 100]);
    // One read, and six writes.
    assert_eq!(done.cost.round_trips, 7);
    let outcomes = done.body["outcomes"].as_array().unwrap();
    let addresses: Vec<_> = (0..100).map(|n| nth_user(n).email).collect();
    assert_eq!(each(outcomes, "email"), addresses);
    assert_eq!(each(&app.pending(&acme).await, "id"), done.invitation_ids());
    check(&app).await;
}

/// INV11: of a file, a bad row alone fails.
#[tokio::test]
async fn file_is_invited_row_by_row() {
    let (app, acme) = TestApp::with_acme().await;
    let readers = app.create_role(ADA, &acme, "Readers of Reports", json!({})).await;
    let manager = json!({ "user_management": "full_access" });
    app.add_member_with(ADA, &acme, DEE, manager).await;
    let file = "Full name,E-mail address,Role,Expires in days\r\n\
                \"Cy, Senior\",CY@example.com,readers of  reports,3\r\n\
                Bob,bob@example.com,,\r\n\
                Nobody,no address,user,\r\n\
                Eve,eve@example.com,Wizard,\r\n\
                Fay,fay@example.com,User,31\r\n\
                Gil,gil@example.com,Admin,\r\n\
                ,,,\r\n\
                Bob again,Bob@Example.com,user\r\n\
                Dee,dee@example.com,user,\r\n";
    let done = app.invite_file(DEE, &acme, file).await.expect(200);
    assert_eq!(done.statuses(), [201, 201, 422, 422, 422, 403, 409, 409]);
    let outcomes = done.body["outcomes"].as_array().unwrap();
    let opened = |nth: usize| &outcomes[nth]["invitation"];
    assert_eq!([&opened(0)["role_id"], &opened(1)["role_id"]], [&json!(readers), &json!("user")]);
    assert_eq!(opened(0)["expires_at"], "2026-11-24T12:00:05Z");
    let pointer = |nth: usize| outcomes[nth]["problem"]["errors"][0]["pointer"].clone();
    assert_eq!(
        [2, 3, 4].map(pointer),
        ["/rows/4/email", "/rows/5/role", "/rows/6/expires_in_days"]
    );
    let wizard = outcomes[3]["problem"]["detail"].as_str().unwrap();
    assert!(wizard.starts_with("row 5, role: must be the name or the id of a role"), "{wizard}");
    assert_eq!(app.pending(&acme).await.len(), 2);
    check(&app).await;

    let rows = |number| "email\n".to_owned() + &"x@example.com\n".repeat(number);
    for (file, status, problem) in [
        (String::new(), 422, "/email"),
        ("name,role\nBob,user\n".to_owned(), 422, "/email"),
        ("email\n\n,\n".to_owned(), 422, ""),
        (rows(101), 422, ""),
    ] {
        let refused = app.invite_file(ADA, &acme, file).await.refuses(status, "invalid-request");
        assert_eq!(refused.pointer(), problem, "{refused}");
    }
    let latin_1 = b"email\nJ\xfcrgen@example.com\n".to_vec();
    app.invite_file(ADA, &acme, latin_1).await.refuses(400, "unreadable-request");
    app.invite_file(EVE, &acme, rows(1)).await.refuses(404, "no-such-organization");
}

/// INV2
#[tokio::test]
async fn batch_replaces_expired_invitations() {
    let (app, acme) = TestApp::with_acme().await;
    let mut list = offers(0, 45);
    for offer in &mut list {
        offer["expires_in_days"] = json!(1);
    }
    app.batch(ADA, &acme, &list).await.expect(200);
    app.wait(2 * DAY);
    assert_eq!(app.batch(ADA, &acme, &list).await.statuses(), [201; 45]);
    assert_eq!(app.count_events(&acme, "invitation.created").await, 90);
    assert_eq!(app.count_events(&acme, "invitation.expired").await, 45);
    check(&app).await;
}

/// INV2, INV9: an invitation whose inviter is gone cannot be accepted, so it does not stand in the way.
#[tokio::test]
async fn batch_replaces_invitations_without_an_inviter() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let offers = offers(0, 3);
    let first = app.batch(BOB, &acme, &offers[..2]).await.expect(200);
    assert_eq!(app.batch(ADA, &acme, &offers).await.expect(200).statuses(), [409, 409, 201]);
    app.remove(ADA, &acme, BOB).await.expect(204);
    let again = app.batch(ADA, &acme, &offers).await.expect(200);
    assert_eq!(again.statuses(), [201, 201, 409]);
    assert_eq!(app.count_events(&acme, "invitation.revoked").await, 2);
    let pending = app.pending(&acme).await;
    assert_eq!(pending.len(), 3);
    assert!(pending.iter().all(|it| it["inviter_authorized"] == true), "{pending:?}");
    let old = first.body["outcomes"][0]["invitation"]["id"].as_str().unwrap();
    let accept = format!("{acme}/invitations/{old}/accept");
    app.post(nth_user(0), &accept, json!({})).await.refuses(404, "no-such-invitation");
    check(&app).await;
}

/// INV2, INV9
#[tokio::test]
async fn single_invitation_replaces_one_without_an_inviter() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.create_invitation(BOB, &acme, CY.email, "user").await;
    let offer = json!({ "email": CY.email, "role_id": "user" });
    let path = format!("{acme}/invitations");
    app.post(ADA, &path, offer.clone()).await.refuses(409, "already-invited");
    app.remove(ADA, &acme, BOB).await.expect(204);
    let new = app.post(ADA, &path, offer).await.expect(201);
    let accept = format!("{path}/{}/accept", new.body["id"].as_str().unwrap());
    app.post(CY, &accept, json!({})).await.expect(200);
    check(&app).await;
}

/// INV12
#[tokio::test]
async fn batch_stops_exactly_at_the_limit() {
    for (cap, before) in [(30, 0), (31, 7), (45, 44), (3, 3), (1, 0)] {
        let app = TestApp::with(Deployment { max_pending: cap, ..ample() }).await;
        let acme = app.create_organization(ADA, "Acme").await;
        if before > 0 {
            app.batch(ADA, &acme, &offers(100, before)).await.expect(200);
        }
        let room = usize::try_from(cap).unwrap() - before;
        let answer = app.batch(ADA, &acme, &offers(0, 45)).await.expect(200);
        // The first addresses are invited, the last are refused.
        let expected = [vec![201; room.min(45)], vec![429; 45_usize.saturating_sub(room)]].concat();
        assert_eq!(answer.statuses(), expected, "limit {cap}, {before} pending");
        check(&app).await;
    }
}

#[tokio::test]
async fn repeated_batch_key_returns_the_first_response() {
    let (app, acme) = TestApp::with_acme().await;
    let key = [("idempotency-key", "k-1")];
    for list in [offers(0, 3), offers(10, 45), vec![json!({ "email": "no", "role_id": "user" })]] {
        let key = [("idempotency-key", list[0]["email"].as_str().unwrap())];
        let first = app.batch_with(ADA, &acme, &list, &key).await.expect(200);
        let pending = app.pending(&acme).await;
        app.wait(DAY / 2);
        let again = app.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(again.text, first.text);
        assert_eq!(app.pending(&acme).await, pending);
        app.batch_with(ADA, &acme, &offers(60, 1), &key)
            .await
            .refuses(422, "idempotency-key-reused");
    }
    app.batch_with(ADA, &acme, &offers(70, 45), &key).await.expect(200);
    check(&app).await;
}

/// Each outcome of the first run stays.
#[tokio::test]
async fn repeat_continues_a_batch_that_stopped_between_chunks() {
    let list = offers(0, 45);
    let key = [("idempotency-key", "k-1")];
    for (call, fault) in
        (1..4).flat_map(|call| [(call, Fault::StopBefore), (call, Fault::StopAfter)])
    {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_organization(ADA, "Acme").await;
        layer.once(call, fault.clone());
        tokio::select! {
            answer = app.batch_with(ADA, &acme, &list, &key) => panic!("{answer}"),
            () = layer.stopped() => {}
        }
        layer.clear_faults();
        check(&app).await;
        let started = (call, &fault) != (1, &Fault::StopBefore);
        if started {
            let other = app.batch_with(ADA, &acme, &offers(60, 1), &key).await;
            other.refuses(422, "idempotency-key-reused");
        }
        let again = app.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(again.statuses(), [201; 45], "{call} {fault:?}");
        let third = app.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(third.text, again.text);
        assert_eq!(each(&app.pending(&acme).await, "id"), again.invitation_ids());
        assert_eq!(app.count_events(&acme, "invitation.created").await, 45);
        check(&app).await;
    }
}

#[tokio::test]
async fn lost_race_for_one_address_fails_only_that_address() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let list = offers(0, 25);
    // The batch is read, Bob invites one address, then the batch is written.
    let order = [0, 1, 1, 0, 0, 0, 0];
    let taken = app.invite(BOB, &acme, nth_user(7).email, "user");
    let (batch, bobs, _) = layer.interleave(&order, app.batch(ADA, &acme, &list), taken).await;
    let mut expected = [201; 25];
    expected[7] = 409;
    assert_eq!(batch.statuses(), expected);
    let problem = &batch.body["outcomes"][7]["problem"];
    assert_eq!(problem["invitation_id"], bobs.expect(201).id());
    check(&app).await;
}

/// The last attempt after lost races counts like every other.
#[tokio::test]
async fn batch_that_wins_at_the_last_attempt_invites() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.invite(ADA, &acme, nth_user(0).email, "user").await.expect(201);
    // Five times, the invitation appears only when the chunk is written.
    let mut reads = 0;
    layer.plan(move |call| {
        reads += usize::from(call.name == "BatchGetItem");
        (call.name == "BatchGetItem" && reads <= 5).then_some(Fault::Torn("EMAIL#"))
    });
    let batch = app.batch(ADA, &acme, &offers(0, 2)).await;
    layer.clear_faults();
    assert_eq!(batch.statuses(), [409, 201], "{batch}");
    check(&app).await;
}

/// The first chunk stays, and the second is refused item by item.
#[tokio::test]
async fn caller_removed_after_a_lost_race_of_the_second_chunk_gets_all_outcomes() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.invite(ADA, &acme, nth_user(22).email, "user").await.expect(201);
    // The first read misses the invitation, the second one the caller's membership.
    let mut reads = 0;
    layer.plan(move |call| {
        reads += usize::from(call.name == "BatchGetItem");
        let torn = if reads == 1 { "EMAIL#" } else { "MEMBER#" };
        (call.name == "BatchGetItem").then_some(Fault::Torn(torn))
    });
    let batch = app.batch(ADA, &acme, &offers(0, 25)).await;
    layer.clear_faults();
    assert_eq!(batch.statuses(), [[201; 18].as_slice(), &[404; 7]].concat(), "{batch}");
    check(&app).await;
}

#[tokio::test]
async fn concurrent_batches_invite_each_address_once_within_the_limit() {
    let app = TestApp::with(Deployment { max_pending: 40, ..ample() }).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let (one, other) = (offers(0, 45), offers(25, 45));
    let (one, other) =
        futures_util::join!(app.batch(ADA, &acme, &one), app.batch(BOB, &acme, &other));
    let opened = [one.expect(200).statuses(), other.expect(200).statuses()].concat();
    let opened = opened.iter().filter(|status| **status == 201).count();
    assert_eq!(app.pending(&acme).await.len(), opened);
    assert!(opened <= 40);
    check(&app).await;

    let (app, acme) = TestApp::with_acme().await;
    let (list, key) = (offers(0, 45), [("idempotency-key", "k-1")]);
    let (one, other) = futures_util::join!(
        app.batch_with(ADA, &acme, &list, &key),
        app.batch_with(ADA, &acme, &list, &key)
    );
    for answer in [&one, &other] {
        let waits = answer.problem() == "idempotency-key-in-use";
        assert!(answer.status == 200 || waits, "{answer}");
    }
    let after = app.batch_with(ADA, &acme, &list, &key).await.expect(200);
    assert_eq!(after.statuses(), [201; 45]);
    assert_eq!(app.pending(&acme).await.len(), 45);
    check(&app).await;
}

#[tokio::test]
async fn removal_of_the_caller_refuses_the_rest_of_a_batch() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    // A removal after the first write, and one before it.
    let mut answers = Vec::new();
    for (caller, order) in [(BOB, [0, 0, 1, 1, 0, 0, 0, 0]), (CY, [0, 1, 1, 0, 0, 0, 0, 0])] {
        app.add_member(ADA, &acme, caller, "admin").await;
        let list = offers(50 * answers.len(), 45);
        let (batch, removal) = (app.batch(caller, &acme, &list), app.remove(ADA, &acme, caller));
        let (batch, removed, _) = layer.interleave(&order, batch, removal).await;
        removed.expect(204);
        answers.push(batch);
    }
    let [first, second] = answers.try_into().unwrap();
    let expected = [[201; 18].as_slice(), &[404; 27]].concat();
    assert_eq!(first.expect(200).statuses(), expected);
    second.refuses(404, "no-such-organization");
    check(&app).await;
}
