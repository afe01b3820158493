//! `/v1/organizations/{org}/invitations/batch` (INV11).

use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fault_layer::Fault,
    helpers::{DEE, each, nth_user, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, Identity, TestApp},
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

    async fn pending(&self, org: &str) -> Vec<Value> {
        self.list_all(ADA, &format!("{org}/invitations?limit=100")).await
    }
}

impl Answer {
    fn statuses(&self) -> Vec<u64> {
        let outcomes = self.body["outcomes"].as_array().unwrap_or_else(|| panic!("{self}"));
        outcomes.iter().map(|outcome| outcome["status"].as_u64().unwrap()).collect()
    }
}

/// INV11
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
    let answer = app.batch(ADA, &acme, &list).await;
    assert_snapshot!(answer, @r#"
    200 OK
    {
      "outcomes": [
        {
          "email": " New@Example.COM",
          "invitation": {
            "created_at": "2026-11-21T12:00:04Z",
            "email": "new@example.com",
            "expired": false,
            "expires_at": "2026-11-22T12:00:04Z",
            "id": "inv_…",
            "invited_by": "ada",
            "organization_id": "org_…",
            "role_id": "user",
            "send_count": 1,
            "sent_at": "2026-11-21T12:00:04Z",
            "status": "pending"
          },
          "status": 201
        },
        {
          "email": "cy@example.com",
          "problem": {
            "detail": "This address already has a pending invitation. Send that invitation again, or revoke it first.",
            "invitation_id": "inv_…",
            "status": 409,
            "title": "Already invited",
            "type": "/problems/already-invited"
          },
          "status": 409
        },
        {
          "email": "BOB@example.com",
          "problem": {
            "detail": "This address belongs to a member of this organization. Change the member's role instead.",
            "status": 409,
            "title": "Already a member",
            "type": "/problems/already-member"
          },
          "status": 409
        },
        {
          "email": "not an address",
          "problem": {
            "detail": "/invitations/3/email: the address contains the character U+0020: remove it",
            "errors": [
              {
                "detail": "the address contains the character U+0020: remove it",
                "pointer": "/invitations/3/email"
              }
            ],
            "status": 422,
            "title": "Invalid request",
            "type": "/problems/invalid-request"
          },
          "status": 422
        },
        {
          "email": "new@example.com",
          "problem": {
            "detail": "This address already has a pending invitation. Send that invitation again, or revoke it first.",
            "invitation_id": "inv_…",
            "status": 409,
            "title": "Already invited",
            "type": "/problems/already-invited"
          },
          "status": 409
        }
      ]
    }
    "#);
    check(&app).await;
}

/// INV11, ROLE7
#[tokio::test]
async fn one_role_that_cannot_be_granted_refuses_the_whole_batch() {
    let (app, acme) = TestApp::with_acme().await;
    let manager = app.create_role(ADA, &acme, "Managers", user_manager()).await;
    app.add_member(ADA, &acme, BOB, &manager).await;
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
    app.add_member(ADA, &acme, CY, "user").await;
    app.batch(CY, &acme, &offers(0, 3)).await.refuses(403, "missing-permission");
    assert_eq!(app.pending(&acme).await.len(), 0);
    let brought = 2;
    assert_eq!(app.history(&acme).await.len(), before + brought);
    let done = app.batch(BOB, &acme, &offers(0, 49)).await.expect(200);
    assert_eq!(done.statuses(), [201; 49]);
}

/// INV11
#[tokio::test]
async fn batch_has_1_to_100_valid_elements() {
    let (app, acme) = TestApp::with_acme().await;
    for (list, pointer) in [
        (vec![], "/invitations"),
        (offers(0, 101), "/invitations"),
        (vec![json!({ "email": "x@example.com" })], "/invitations/0/role_id"),
        (vec![json!({ "email": "x@example.com", "role_id": "boss" })], "/invitations/0/role_id"),
        (
            vec![json!({ "email": "x@example.com", "role_id": "user", "expires_in_days": 31 })],
            "/invitations/0/expires_in_days",
        ),
        (
            vec![json!({ "email": "x@example.com", "role_id": "user", "note": "" })],
            "/invitations/0/note",
        ),
    ] {
        let refused = app.batch(ADA, &acme, &list).await.refuses(422, "invalid-request");
        assert_eq!(refused.pointer(), pointer, "{refused}");
    }
    let done = app.batch(ADA, &acme, &offers(0, 100)).await.expect(200);
    assert_eq!(done.statuses(), [201; 100]);
    // One read, and five writes.
    assert_eq!(done.cost.round_trips, 6);
    let outcomes = done.body["outcomes"].as_array().unwrap();
    let addresses: Vec<_> = (0..100).map(|n| nth_user(n).email).collect();
    assert_eq!(each(outcomes, "email"), addresses);
    let pending = app.pending(&acme).await;
    assert_eq!(pending.len(), 100);
    let ids: Vec<_> =
        outcomes.iter().map(|outcomes| outcomes["invitation"]["id"].as_str().unwrap()).collect();
    assert_eq!(each(&pending, "id"), ids);
    check(&app).await;
}

/// INV2
#[tokio::test]
async fn batch_replaces_expired_invitations() {
    let (app, acme) = TestApp::with_acme().await;
    let short: Vec<_> = (0..45)
        .map(|n| json!({ "email": nth_user(n).email, "role_id": "user", "expires_in_days": 1 }))
        .collect();
    app.batch(ADA, &acme, &short).await.expect(200);
    app.wait(2 * DAY);
    assert_eq!(app.batch(ADA, &acme, &short).await.statuses(), [201; 45]);
    let actions = app.actions(&acme).await;
    let count = |body: &str| actions.iter().filter(|action| *action == body).count();
    assert_eq!((count("invitation.created"), count("invitation.expired")), (90, 45));
    check(&app).await;
}

/// INV12
#[tokio::test]
async fn batch_stops_exactly_at_the_limit() {
    for (cap, before) in [(30, 0), (31, 7), (45, 44), (3, 3), (1, 0)] {
        let app = TestApp::with(Limits { max_pending: cap, ..Limits::default() }).await;
        let acme = app.create_organization(ADA, "Acme").await;
        if before > 0 {
            app.batch(ADA, &acme, &offers(100, before)).await.expect(200);
        }
        let room = usize::try_from(cap).unwrap() - before;
        let answer = app.batch(ADA, &acme, &offers(0, 45)).await.expect(200);
        let statuses = answer.statuses();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), room.min(45));
        assert!(statuses.iter().all(|status| [201, 429].contains(status)), "{statuses:?}");
        // The first addresses are invited, the last are refused.
        assert!(statuses.is_sorted(), "{statuses:?}");
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
    let list = offers(0, 50);
    let key = [("idempotency-key", "k-1")];
    for (call, fault) in [
        (1, Fault::StopBefore),
        (1, Fault::StopAfter),
        (2, Fault::StopBefore),
        (2, Fault::StopAfter),
        (3, Fault::StopBefore),
        (3, Fault::StopAfter),
    ] {
        let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
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
        assert_eq!(again.statuses(), [201; 50], "{call} {fault:?}");
        let third = app.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(third.text, again.text);
        let ids = |items: &[Value]| -> Vec<String> {
            items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        let outcomes = again.body["outcomes"].as_array().unwrap().iter();
        let outcomes: Vec<_> = outcomes.map(|outcome| outcome["invitation"].clone()).collect();
        assert_eq!(ids(&outcomes), ids(&app.pending(&acme).await));
        let created = app.actions(&acme).await;
        let created = created.iter().filter(|action| *action == "invitation.created").count();
        assert_eq!(created, 50);
        check(&app).await;
    }
}

#[tokio::test]
async fn lost_race_for_one_address_fails_only_that_address() {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let list = offers(0, 25);
    // The batch is read, Bob invites one address, then the batch is written.
    let order = [0, 1, 1, 0, 0, 0, 0];
    let taken = app.invite(BOB, &acme, nth_user(7).email, "user");
    let (listed, bobs, _) = layer.interleave(&order, app.batch(ADA, &acme, &list), taken).await;
    let bobs = bobs.expect(201);
    let mut body = [201; 25];
    body[7] = 409;
    assert_eq!(listed.statuses(), body);
    let problem = &listed.body["outcomes"][7]["problem"];
    assert_eq!(problem["invitation_id"], bobs.id());
    check(&app).await;
}

#[tokio::test]
async fn concurrent_batches_invite_each_address_once_within_the_limit() {
    let app = TestApp::with(Limits { max_pending: 40, ..Limits::default() }).await;
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
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let list = offers(0, 45);
    let order = [0, 0, 1, 1, 0, 0, 0, 0, 0, 0];
    let (listed, removed, _) =
        layer.interleave(&order, app.batch(BOB, &acme, &list), app.remove(ADA, &acme, BOB)).await;
    removed.expect(204);
    let body = [[201; 20].as_slice(), &[404; 25]].concat();
    assert_eq!(listed.expect(200).statuses(), body);
    // A removal before the first write refuses the whole batch.
    app.add_member(ADA, &acme, CY, "admin").await;
    let order = [0, 1, 1, 0, 0, 0];
    let (listed, removed, _) = layer
        .interleave(&order, app.batch(CY, &acme, &offers(50, 45)), app.remove(ADA, &acme, CY))
        .await;
    removed.expect(204);
    listed.refuses(404, "no-such-organization");
    check(&app).await;
}

/// ROLE9
#[tokio::test]
async fn batch_grants_mdf_admin_under_the_rules_of_a_single_invitation() {
    let (app, partner) = TestApp::with_partner("Partner").await;
    app.add_member(ADA, &partner, BOB, "admin").await;
    let offers = [json!({ "email": DEE.email, "role_id": "mdf_admin" })];
    app.batch(BOB, &partner, &offers).await.refuses(403, "super-admin-required");
    app.batch(ADA, &partner, &offers).await.refuses(409, "mdf-program-required");
}
