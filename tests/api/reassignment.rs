//! `DELETE /v1/organizations/{org}/roles/{role}?reassign_to=` (ROLE6)

use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    fault_layer::{Fault, Layer},
    helpers::{DEE, each, role_manager, someone, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, OPERATOR, TestApp},
};

impl TestApp {
    async fn retire(&self, by: Identity, org: &str, role: &str, target: &str) -> Answer {
        self.delete(by, &format!("{org}/roles/{role}?reassign_to={target}")).await
    }

    /// So many invitations to a role.
    async fn offer_many(&self, by: Identity, org: &str, role: &str, many: usize) {
        let offers: Vec<Value> =
            (0..many).map(|n| json!({ "email": someone(n).email, "role_id": role })).collect();
        let path = format!("{org}/invitations/batch");
        self.post(by, &path, json!({ "invitations": offers })).await.expect(200);
    }

    async fn users(&self, org: &str, role: &str) -> Value {
        self.get(ADA, &format!("{org}/roles/{role}")).await.expect(200).body["users"].clone()
    }
}

#[tokio::test]
async fn the_users_of_a_role_get_another_one_and_it_is_deleted() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    world.bring(ADA, &acme, BOB, "admin").await;
    world.bring(ADA, &acme, CY, &guests).await;
    let invited = world.invited(ADA, &acme, DEE.email, &guests).await;
    let before = world.history(&acme).await.len();

    let answer = world.retire(BOB, &acme, &guests, "user").await.expect(204);
    assert_eq!(answer.text, "");
    world.get(ADA, &format!("{acme}/roles/{guests}")).await.refuses(404, "no-such-role");
    assert_eq!(world.role_of(&acme, CY).await.as_deref(), Some("user"));
    let shown = world.get(ADA, &invited).await.expect(200);
    assert_eq!((&shown.body["role_id"], &shown.body["backed"]), (&json!("user"), &json!(true)));
    let events = world.history(&acme).await;
    let events = &events[before..];
    let told: Vec<_> = events.iter().map(|e| (e["action"].as_str().unwrap(), &e["new"])).collect();
    assert_eq!(
        told,
        [
            ("role.updated", &json!({ "reassign_to": "user" })),
            ("role.deleted", &json!({ "reassign_to": "user", "members": 1, "invitations": 1 })),
        ]
    );
    assert!(events.iter().all(|event| event["actor"]["user_id"] == "bob"));
    world.post(DEE, &format!("{invited}/accept"), json!({})).await.expect(200);
    check(&world).await;
}

#[tokio::test]
async fn however_many_its_users_are() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    let hosts = world.role(ADA, &acme, "Hosts", json!({})).await;
    world.bring(ADA, &acme, BOB, &guests).await;
    world.offer_many(ADA, &acme, &guests, 75).await;
    world.retire(ADA, &acme, &guests, &hosts).await.expect(204);
    assert_eq!(world.users(&acme, &hosts).await, json!({ "active": 1, "pending": 75 }));
    let moved = world.walk(ADA, &format!("{acme}/members?role_id={hosts}")).await;
    assert_eq!(moved.len(), 76);
    let history = world.history(&acme).await;
    let last = history.last().unwrap();
    assert_eq!(last["action"], "role.deleted");
    assert_eq!((&last["new"]["members"], &last["new"]["invitations"]), (&json!(1), &json!(75)));
    check(&world).await;
}

/// Nobody uses it: nothing is to be moved, and it is deleted at once.
#[tokio::test]
async fn a_role_without_users_is_deleted_at_once() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    let answer = world.retire(ADA, &acme, &guests, "user").await.expect(204);
    assert_eq!(answer.cost.round_trips, 2);
    world.retire(ADA, &acme, &guests, "user").await.refuses(404, "no-such-role");
    check(&world).await;
}

/// ROLE7, ROLE9, ROLE12, SA3
#[tokio::test]
async fn what_may_not_be_given_is_not_given_this_way_either() {
    let world = TestApp::new().await;
    let acme = world.partner(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    let bosses = world.role(ADA, &acme, "Bosses", user_manager()).await;
    let makers = world.role(ADA, &acme, "Makers", role_manager()).await;
    world.bring(ADA, &acme, BOB, &makers).await;
    world.bring(ADA, &acme, CY, &guests).await;
    world.bring(ADA, &acme, DEE, "admin").await;
    let before = world.history(&acme).await.len();
    for (by, role, target, status, problem) in [
        (ADA, "admin", "user", 409, "built-in-role"),
        (ADA, &*guests, &*guests, 422, "reassign-to-same-role"),
        (ADA, &guests, "super_admin", 422, "super-admin-not-assignable"),
        (ADA, &guests, "role_01KAK000000000000000000000", 404, "no-such-role"),
        (ADA, &guests, "mdf_admin", 409, "mdf-program-required"),
        (DEE, &guests, "mdf_admin", 403, "super-admin-required"),
        (BOB, &guests, "admin", 403, "exceeds-own-permissions"),
        (BOB, &guests, &bosses, 403, "exceeds-own-permissions"),
        (BOB, &bosses, "user", 403, "exceeds-own-permissions"),
        (BOB, &makers, "user", 403, "cannot-change-own-role"),
        (CY, &guests, "user", 403, "missing-permission"),
        (EVE, &guests, "user", 404, "no-such-organization"),
        (ADA, &guests, "nobody", 422, "invalid-request"),
        (ADA, &guests, "user&force=true", 422, "invalid-request"),
        (ADA, &guests, "user&reassign_to=admin", 400, "unreadable-request"),
    ] {
        world.retire(by, &acme, role, target).await.refuses(status, problem);
    }
    let unknown = world.retire(ADA, &acme, &guests, "role_01KAK000000000000000000000").await;
    assert_eq!(unknown.pointer(), "/reassign_to");
    assert_eq!(world.history(&acme).await.len(), before);
    // A pure role manager decides what the holders of such a role may do in any case.
    world.retire(BOB, &acme, &guests, "user").await.expect(204);
    check(&world).await;
}

/// A role that is marked, and whose users an index does not show yet.
async fn half_way(
    world: &TestApp,
    layer: &Layer,
    acme: &str,
    guests: &str,
    target: &str,
) -> Answer {
    let empty = TestApp::over(world.client.clone(), None, Limits::default()).await.table;
    layer.plan(move |call| (call.name == "Query").then(|| Fault::Stale(empty.clone())));
    let answer = world.retire(ADA, acme, guests, target).await;
    layer.calm();
    answer
}

/// An empty page of an index is no proof that nobody is left: the exact counts are.
#[tokio::test]
async fn while_its_users_are_moved_a_role_is_given_to_nobody() {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let acme = world.found(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    let hosts = world.role(ADA, &acme, "Hosts", json!({})).await;
    world.bring(ADA, &acme, BOB, &guests).await;
    world.bring(ADA, &acme, CY, "user").await;
    let invited = world.invited(ADA, &acme, DEE.email, &guests).await;

    let answer = half_way(&world, &layer, &acme, &guests, "user").await;
    let none = json!({ "active": 0, "pending": 0 });
    let some = json!({ "active": 1, "pending": 1 });
    assert_eq!(answer.expect(202).body, json!({ "moved": none, "remaining": some }));
    check(&world).await;
    let role = format!("{acme}/roles/{guests}");
    let shown = world.get(ADA, &role).await.expect(200);
    assert_eq!(shown.body["reassign_to"], "user");
    let refused = world.assign(ADA, &acme, CY, &guests).await;
    assert_eq!(refused.refuses(409, "role-being-deleted").body["reassign_to"], "user");
    let offer = json!({ "email": "x@example.com", "role_id": guests });
    let list = json!({ "invitations": [{ "email": "y@example.com", "role_id": "user" }, offer] });
    world.send(Some(ADA), "PUT", &format!("{acme}/domains/example.com"), None).await.expect(200);
    let requests = format!("{acme}/join-requests");
    let asked = world.post(someone(1), &requests, json!({})).await.expect(201).id();
    let approval = json!({ "role_id": guests });
    for (by, path, body) in [
        (ADA, format!("{requests}/{asked}/approve"), approval),
        (ADA, format!("{acme}/invitations"), offer),
        (ADA, format!("{acme}/invitations/batch"), list),
        (ADA, format!("{invited}/resend"), json!({})),
        (DEE, format!("{invited}/accept"), json!({})),
    ] {
        world.post(by, &path, body).await.refuses(409, "role-being-deleted");
    }
    // Nor is it another role's refuge, nor deleted under those who hold it.
    let refused =
        world.retire(ADA, &acme, &hosts, &guests).await.refuses(409, "role-being-deleted");
    assert_eq!(refused.pointer(), "/reassign_to");
    for refused in [
        world.delete(ADA, &role).await,
        world.retire(ADA, &acme, &guests, &hosts).await,
        world.patch(ADA, &role, json!({ "description": "Going" })).await,
    ] {
        refused.refuses(409, "role-being-deleted");
    }
    // What it gives, it still gives; and who has it may leave it behind.
    world.get(BOB, &format!("{acme}/permissions")).await.expect(200);
    world.post(DEE, &format!("{invited}/decline"), json!({})).await.expect(204);
    check(&world).await;

    // Another Admin goes on, to the same role.
    world.bring(ADA, &acme, EVE, "admin").await;
    world.retire(EVE, &acme, &guests, "user").await.expect(204);
    assert_eq!(world.role_of(&acme, BOB).await.as_deref(), Some("user"));
    check(&world).await;
}

/// The scheduled clean-up finishes a deletion that a request began.
#[tokio::test]
async fn the_clean_up_moves_the_users_that_a_request_left() {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let acme = world.found(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    let hosts = world.role(ADA, &acme, "Hosts", json!({})).await;
    world.bring(ADA, &acme, BOB, &guests).await;
    world.offer_many(ADA, &acme, &guests, 100).await;
    half_way(&world, &layer, &acme, &guests, &hosts).await.expect(202);
    let now = jiff::Timestamp::from_millisecond(world.now()).unwrap();
    let summary = cleanup::run(&world.store, now, "clean-up", || false).await.unwrap();
    assert_eq!((summary.roles_deleted, summary.failed, summary.more), (1, 0, false));
    assert_eq!(world.users(&acme, &hosts).await, json!({ "active": 1, "pending": 100 }));
    world.get(ADA, &format!("{acme}/roles/{guests}")).await.refuses(404, "no-such-role");
    let last = world.history(&acme).await.pop().unwrap();
    assert_eq!(last["actor"]["user_id"], Value::Null);
    assert_eq!((&last["new"]["members"], &last["new"]["invitations"]), (&json!(1), &json!(100)));
    check(&world).await;
}

/// A role that receives the users of another one stays until it has them.
#[tokio::test]
async fn a_role_that_receives_users_cannot_be_deleted() {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let acme = world.found(ADA, "Acme").await;
    let guests = world.role(ADA, &acme, "Guests", json!({})).await;
    let hosts = world.role(ADA, &acme, "Hosts", json!({})).await;
    world.bring(ADA, &acme, BOB, &guests).await;
    half_way(&world, &layer, &acme, &guests, &hosts).await.expect(202);
    let target = format!("{acme}/roles/{hosts}");
    world.delete(ADA, &target).await.refuses(409, "role-is-reassignment-target");
    world.bring(ADA, &acme, CY, &hosts).await;
    let refused = world.retire(ADA, &acme, &hosts, "user").await;
    refused.refuses(409, "role-is-reassignment-target");
    world.retire(ADA, &acme, &guests, &hosts).await.expect(204);
    world.retire(ADA, &acme, &hosts, "user").await.expect(204);
    check(&world).await;
}

/// ROLE5, PAR1: what the new role needs stays while users are moved to it.
#[tokio::test]
async fn the_settings_that_the_new_role_needs_stay_on_until_the_users_have_it() {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    let world = TestApp::over(client, None, Limits::default()).await;
    let acme = world.partner(ADA, "Acme").await;
    let settings = acme.replace("/v1/", "/v1/operator/");
    let standard = || json!({ "kind": "standard" });
    let without_mdf = || json!({ "mdf_program": false });
    world.patch(OPERATOR, &settings, json!({ "mdf_program": true })).await.expect(200);
    for (target, switches) in
        [("mdf_admin", vec![standard(), without_mdf()]), ("partner_user", vec![standard()])]
    {
        let guests = world.role(ADA, &acme, "Guests", json!({})).await;
        world.bring(ADA, &acme, BOB, &guests).await;
        half_way(&world, &layer, &acme, &guests, target).await.expect(202);
        for switch in switches {
            let refused = world.patch(OPERATOR, &settings, switch).await;
            refused.refuses(409, "role-is-reassignment-target");
        }
        world.retire(ADA, &acme, &guests, target).await.expect(204);
        world.remove(ADA, &acme, BOB).await.expect(204);
    }
    world.patch(OPERATOR, &settings, standard()).await.expect(200);
    check(&world).await;
}

/// The users may leave while they are being moved: the deletion still ends, and frees its target.
#[tokio::test]
async fn a_role_whose_users_left_meanwhile_is_deleted_and_frees_its_target() {
    let engine = TestApp::new().await;
    let (layer, client) = Layer::under(&engine.client);
    for again in ["", "?reassign_to="] {
        let world = TestApp::over(client.clone(), None, Limits::default()).await;
        let acme = world.found(ADA, "Acme").await;
        let guests = world.role(ADA, &acme, "Guests", json!({})).await;
        let hosts = world.role(ADA, &acme, "Hosts", json!({})).await;
        world.bring(ADA, &acme, BOB, &guests).await;
        half_way(&world, &layer, &acme, &guests, &hosts).await.expect(202);
        world.remove(ADA, &acme, BOB).await.expect(204);
        check(&world).await;
        let target = if again.is_empty() { "" } else { &hosts };
        let role = format!("{acme}/roles/{guests}{again}{target}");
        world.delete(ADA, &role).await.expect(204);
        let last = world.history(&acme).await.pop().unwrap();
        assert_eq!(last["new"], json!({ "reassign_to": hosts, "members": 0, "invitations": 0 }));
        world.delete(ADA, &format!("{acme}/roles/{hosts}")).await.expect(204);
        check(&world).await;
    }
}

/// A process that stops anywhere leaves everything valid, and whoever repeats ends it.
#[tokio::test]
async fn a_retirement_that_stopped_anywhere_is_ended_by_its_repeat() {
    for call in 0..16 {
        for fault in [Fault::StopBefore, Fault::StopAfter] {
            let engine = TestApp::new().await;
            let (layer, client) = Layer::under(&engine.client);
            let world = TestApp::over(client, None, Limits::default()).await;
            let acme = world.found(ADA, "Acme").await;
            let guests = world.role(ADA, &acme, "Guests", json!({})).await;
            let hosts = world.role(ADA, &acme, "Hosts", json!({})).await;
            world.bring(ADA, &acme, BOB, &guests).await;
            world.offer_many(ADA, &acme, &guests, 40).await;
            layer.once(call, fault.clone());
            let ended = tokio::select! {
                answer = world.retire(ADA, &acme, &guests, &hosts) => Some(answer),
                () = layer.stopped() => None,
            };
            layer.calm();
            check(&world).await;
            if let Some(answer) = ended {
                assert_eq!(answer.status, 204, "{call} {fault:?}: {answer}");
            } else {
                let again = world.retire(ADA, &acme, &guests, &hosts).await;
                assert!([204, 404].contains(&again.status.as_u16()), "{call}: {again}");
            }
            assert_eq!(world.users(&acme, &hosts).await, json!({ "active": 1, "pending": 40 }));
            let roles = world.walk(ADA, &format!("{acme}/roles?limit=100")).await;
            assert!(!each(&roles, "id").contains(&guests.as_str()));
            check(&world).await;
        }
    }
}
