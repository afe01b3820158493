//! `/v1/organizations/{org}/invitations/batch`

use insta::assert_snapshot;
use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fault_layer::{Fault, Layer},
    helpers::{DEE, each, someone, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, Identity, TestApp},
};

/// Offers to so many people, from the `first` on.
fn offers(first: usize, many: usize) -> Vec<Value> {
    (first..first + many).map(|n| json!({ "email": someone(n).email, "role_id": "user" })).collect()
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
        self.walk(ADA, &format!("{org}/invitations?limit=100")).await
    }
}

impl Answer {
    fn statuses(&self) -> Vec<u64> {
        let outcomes = self.body["outcomes"].as_array().unwrap_or_else(|| panic!("{self}"));
        outcomes.iter().map(|outcome| outcome["status"].as_u64().unwrap()).collect()
    }
}

/// An engine, and a layer between it and the world.
async fn layered(limits: Limits) -> (TestApp, Layer, TestApp) {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    let world = TestApp::over(client, None, limits).await;
    (world, layer, engine)
}

/// INV11
#[tokio::test]
async fn each_address_of_a_list_has_its_own_outcome_in_order() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.invited(ADA, &acme, CY.email, "user").await;
    let list = [
        json!({ "email": " New@Example.COM", "role_id": "user", "expires_in_days": 1 }),
        json!({ "email": "cy@example.com", "role_id": "user" }),
        json!({ "email": "BOB@example.com", "role_id": "user" }),
        json!({ "email": "not an address", "role_id": "user" }),
        json!({ "email": "new@example.com", "role_id": "admin" }),
    ];
    let answer = world.batch(ADA, &acme, &list).await;
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
    check(&world).await;
}

/// Row 20, ROLE7: one offer that may not be made refuses all of them, wherever it stands, and
/// whatever else is wrong with it.
#[tokio::test]
async fn one_offer_that_may_not_be_made_refuses_the_whole_list() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let manager = world.role(ADA, &acme, "Managers", user_manager()).await;
    world.bring(ADA, &acme, BOB, &manager).await;
    let before = world.history(&acme).await.len();
    for (role, status, problem) in [
        ("admin", 403, "exceeds-own-permissions"),
        ("super_admin", 422, "super-admin-not-assignable"),
        ("mdf_admin", 404, "no-such-role"),
        ("role_01KAK000000000000000000000", 404, "no-such-role"),
    ] {
        for place in [0, 25, 49] {
            for email in ["x@example.com", "no address", someone(1).email] {
                let mut list = offers(0, 49);
                list.insert(place, json!({ "email": email, "role_id": role }));
                let refused = world.batch(BOB, &acme, &list).await.refuses(status, problem);
                assert_eq!(refused.pointer(), format!("/invitations/{place}/role_id"));
            }
        }
    }
    world.bring(ADA, &acme, CY, "user").await;
    world.batch(CY, &acme, &offers(0, 3)).await.refuses(403, "missing-permission");
    assert_eq!(world.pending(&acme).await.len(), 0);
    let brought = 2;
    assert_eq!(world.history(&acme).await.len(), before + brought);
    let done = world.batch(BOB, &acme, &offers(0, 49)).await.expect(200);
    assert_eq!(done.statuses(), [201; 49]);
}

/// INV11
#[tokio::test]
async fn a_list_has_one_to_a_hundred_elements_and_no_others() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
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
        let refused = world.batch(ADA, &acme, &list).await.refuses(422, "invalid-request");
        assert_eq!(refused.pointer(), pointer, "{refused}");
    }
    let done = world.batch(ADA, &acme, &offers(0, 100)).await.expect(200);
    assert_eq!(done.statuses(), [201; 100]);
    // One read, and five writes.
    assert_eq!(done.cost.round_trips, 6);
    let told = done.body["outcomes"].as_array().unwrap();
    let addresses: Vec<_> = (0..100).map(|n| someone(n).email).collect();
    assert_eq!(each(told, "email"), addresses);
    let pending = world.pending(&acme).await;
    assert_eq!(pending.len(), 100);
    let ids: Vec<_> = told.iter().map(|told| told["invitation"]["id"].as_str().unwrap()).collect();
    assert_eq!(each(&pending, "id"), ids);
    check(&world).await;
}

/// INV2
#[tokio::test]
async fn expired_invitations_are_replaced_by_the_list_too() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let short: Vec<_> = (0..45)
        .map(|n| json!({ "email": someone(n).email, "role_id": "user", "expires_in_days": 1 }))
        .collect();
    world.batch(ADA, &acme, &short).await.expect(200);
    world.wait(2 * DAY);
    assert_eq!(world.batch(ADA, &acme, &short).await.statuses(), [201; 45]);
    let actions = world.actions(&acme).await;
    let count = |wanted: &str| actions.iter().filter(|action| *action == wanted).count();
    assert_eq!((count("invitation.created"), count("invitation.expired")), (90, 45));
    check(&world).await;
}

/// INV12: the cap is exact, whichever parts of the headcount the addresses belong to.
#[tokio::test]
async fn a_list_fills_an_organization_to_its_cap_and_not_beyond() {
    for (cap, before) in [(30, 0), (31, 7), (45, 44), (3, 3), (1, 0)] {
        let world = TestApp::with(Limits { max_pending: cap, ..Limits::default() }).await;
        let acme = world.found(ADA, "Acme").await;
        if before > 0 {
            world.batch(ADA, &acme, &offers(100, before)).await.expect(200);
        }
        let room = usize::try_from(cap).unwrap() - before;
        let answer = world.batch(ADA, &acme, &offers(0, 45)).await.expect(200);
        let statuses = answer.statuses();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), room.min(45));
        assert!(statuses.iter().all(|status| [201, 429].contains(status)), "{statuses:?}");
        // Who comes first is in.
        assert!(statuses.is_sorted(), "{statuses:?}");
        check(&world).await;
    }
}

#[tokio::test]
async fn a_key_gives_the_same_answer_again_and_invites_nobody_twice() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let key = [("idempotency-key", "k-1")];
    for list in [offers(0, 3), offers(10, 45), vec![json!({ "email": "no", "role_id": "user" })]] {
        let key = [("idempotency-key", list[0]["email"].as_str().unwrap())];
        let first = world.batch_with(ADA, &acme, &list, &key).await.expect(200);
        let pending = world.pending(&acme).await;
        world.wait(DAY / 2);
        let again = world.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(again.text, first.text);
        assert_eq!(world.pending(&acme).await, pending);
        world
            .batch_with(ADA, &acme, &offers(60, 1), &key)
            .await
            .refuses(422, "idempotency-key-reused");
    }
    world.batch_with(ADA, &acme, &offers(70, 45), &key).await.expect(200);
    check(&world).await;
}

/// What was begun is ended by the repeat, and each outcome is that of the first time.
#[tokio::test]
async fn a_run_that_died_between_two_chunks_is_taken_up_where_it_stopped() {
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
        let (world, layer, _engine) = layered(Limits::default()).await;
        let acme = world.found(ADA, "Acme").await;
        layer.once(call, fault.clone());
        tokio::select! {
            answer = world.batch_with(ADA, &acme, &list, &key) => panic!("{answer}"),
            () = layer.stopped() => {}
        }
        layer.calm();
        check(&world).await;
        let begun = (call, &fault) != (1, &Fault::StopBefore);
        if begun {
            let other = world.batch_with(ADA, &acme, &offers(60, 1), &key).await;
            other.refuses(422, "idempotency-key-reused");
        }
        let again = world.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(again.statuses(), [201; 50], "{call} {fault:?}");
        let third = world.batch_with(ADA, &acme, &list, &key).await.expect(200);
        assert_eq!(third.text, again.text);
        let ids = |items: &[Value]| -> Vec<String> {
            items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        let told = again.body["outcomes"].as_array().unwrap().iter();
        let told: Vec<_> = told.map(|outcome| outcome["invitation"].clone()).collect();
        assert_eq!(ids(&told), ids(&world.pending(&acme).await));
        let created = world.actions(&acme).await;
        let created = created.iter().filter(|action| *action == "invitation.created").count();
        assert_eq!(created, 50);
        check(&world).await;
    }
}

/// Who loses a race for an address is told so; the others of the chunk are invited all the same.
#[tokio::test]
async fn a_race_for_one_address_costs_the_list_that_address_alone() {
    let (world, layer, _engine) = layered(Limits::default()).await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let list = offers(0, 25);
    // The list is read; Bob invites one of them, wholly; then the list is written.
    let order = [0, 1, 1, 0, 0, 0, 0];
    let taken = world.invite(BOB, &acme, someone(7).email, "user");
    let (listed, bobs, _) = layer.interleave(&order, world.batch(ADA, &acme, &list), taken).await;
    let bobs = bobs.expect(201);
    let mut wanted = [201; 25];
    wanted[7] = 409;
    assert_eq!(listed.statuses(), wanted);
    let problem = &listed.body["outcomes"][7]["problem"];
    assert_eq!(problem["invitation_id"], bobs.id());
    check(&world).await;
}

/// Two lists at once, and the same list twice with one key.
#[tokio::test]
async fn lists_at_once_invite_each_address_once_and_never_past_the_cap() {
    let world = TestApp::with(Limits { max_pending: 40, ..Limits::default() }).await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let (one, other) = (offers(0, 45), offers(25, 45));
    let (one, other) =
        futures_util::join!(world.batch(ADA, &acme, &one), world.batch(BOB, &acme, &other));
    let opened = [one.expect(200).statuses(), other.expect(200).statuses()].concat();
    let opened = opened.iter().filter(|status| **status == 201).count();
    assert_eq!(world.pending(&acme).await.len(), opened);
    assert!(opened <= 40);
    check(&world).await;

    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let (list, key) = (offers(0, 45), [("idempotency-key", "k-1")]);
    let (one, other) = futures_util::join!(
        world.batch_with(ADA, &acme, &list, &key),
        world.batch_with(ADA, &acme, &list, &key)
    );
    for answer in [&one, &other] {
        let waits = answer.problem() == "idempotency-key-in-use";
        assert!(answer.status == 200 || waits, "{answer}");
    }
    let after = world.batch_with(ADA, &acme, &list, &key).await.expect(200);
    assert_eq!(after.statuses(), [201; 45]);
    assert_eq!(world.pending(&acme).await.len(), 45);
    check(&world).await;
}

/// Whoever is dismissed while their list is under way has the rest of it refused, and not the part
/// that was sent.
#[tokio::test]
async fn a_list_whose_author_is_dismissed_half_way_tells_what_was_sent() {
    let (world, layer, _engine) = layered(Limits::default()).await;
    let acme = world.found(ADA, "Acme").await;
    world.bring(ADA, &acme, BOB, "admin").await;
    let list = offers(0, 45);
    let order = [0, 0, 1, 1, 0, 0, 0, 0, 0, 0];
    let (listed, removed, _) = layer
        .interleave(&order, world.batch(BOB, &acme, &list), world.remove(ADA, &acme, BOB))
        .await;
    removed.expect(204);
    let wanted = [[201; 20].as_slice(), &[404; 25]].concat();
    assert_eq!(listed.expect(200).statuses(), wanted);
    // Before anything is sent, all of it is refused.
    world.bring(ADA, &acme, CY, "admin").await;
    let order = [0, 1, 1, 0, 0, 0];
    let (listed, removed, _) = layer
        .interleave(&order, world.batch(CY, &acme, &offers(50, 45)), world.remove(ADA, &acme, CY))
        .await;
    removed.expect(204);
    listed.refuses(404, "no-such-organization");
    check(&world).await;
}

/// ROLE9
#[tokio::test]
async fn batch_grants_mdf_admin_under_the_rules_of_a_single_invitation() {
    let world = TestApp::new().await;
    let partner = world.partner(ADA, "Partner").await;
    world.bring(ADA, &partner, BOB, "admin").await;
    let offers = [json!({ "email": DEE.email, "role_id": "mdf_admin" })];
    world.batch(BOB, &partner, &offers).await.refuses(403, "super-admin-required");
    world.batch(ADA, &partner, &offers).await.refuses(409, "mdf-program-required");
}
