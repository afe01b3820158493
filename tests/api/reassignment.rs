//! `DELETE /v1/organizations/{org}/roles/{role}?reassign_to=` (ROLE6).

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

use serde_json::{Value, json};

use crate::{
    fault_layer::{Fault, Layer},
    helpers::{DEE, each, nth_user, operator_path, role_manager, user_manager},
    invariants::{check, scan},
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, OPERATOR, TestApp, ample},
};

impl TestApp {
    async fn delete_and_reassign(
        &self,
        by: Identity,
        org: &str,
        role: &str,
        replacement: &str,
    ) -> Answer {
        self.delete(by, &format!("{org}/roles/{role}?reassign_to={replacement}")).await
    }

    /// Starts a reassignment whose index does not show the users of the role yet.
    async fn start_reassignment(
        &self,
        layer: &Layer,
        org: &str,
        role: &str,
        replacement: &str,
    ) -> Answer {
        let empty = Self::over(self.client.clone(), None, ample()).await.table;
        layer.plan(move |call| (call.name == "Query").then(|| Fault::Stale(empty.clone())));
        let answer = self.delete_and_reassign(ADA, org, role, replacement).await.expect(202);
        layer.clear_faults();
        answer
    }

    /// Invites users with a role.
    async fn invite_many(&self, by: Identity, org: &str, role: &str, users: Range<usize>) {
        let offers: Vec<Value> =
            users.map(|n| json!({ "email": nth_user(n).email, "role_id": role })).collect();
        let path = format!("{org}/invitations/batch");
        self.post(by, &path, json!({ "invitations": offers })).await.expect(200);
    }

    async fn users(&self, org: &str, role: &str) -> Value {
        self.get(ADA, &format!("{org}/roles/{role}")).await.expect(200).body["users"].clone()
    }
}

/// Acme with the roles Guests, which BOB holds, and Hosts.
struct Fixture {
    app: TestApp,
    layer: Layer,
    acme: String,
    guests: String,
    hosts: String,
}

impl Fixture {
    async fn new() -> Self {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_organization(ADA, "Acme").await;
        let guests = app.create_role(ADA, &acme, "Guests", json!({})).await;
        let hosts = app.create_role(ADA, &acme, "Hosts", json!({})).await;
        app.add_member(ADA, &acme, BOB, &guests).await;
        Self { app, layer, acme, guests, hosts }
    }
}

#[tokio::test]
async fn deletion_moves_few_users_in_one_transaction_with_one_event() {
    let (app, acme) = TestApp::with_acme().await;
    let guests = app.add_member_with(ADA, &acme, CY, json!({})).await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let invited = app.create_invitation(ADA, &acme, DEE.email, &guests).await;
    let before = app.history(&acme).await.len();

    let answer = app.delete_and_reassign(BOB, &acme, &guests, "user").await.expect(204);
    assert_eq!(answer.text, "");
    app.get(ADA, &format!("{acme}/roles/{guests}")).await.refuses(404, "no-such-role");
    assert_eq!(app.role_of(&acme, CY).await.as_deref(), Some("user"));
    let shown = app.get(ADA, &invited).await.expect(200).body;
    assert_eq!((&shown["role_id"], &shown["inviter_authorized"]), (&json!("user"), &json!(true)));
    let events = app.history(&acme).await;
    let events: Vec<_> = events[before..]
        .iter()
        .map(|event| json!([event["actor"]["email"], event["action"], event["new"]]))
        .collect();
    let deleted = json!({
        "reassign_to": "user", "reassign_to_name": "User", "members": 1, "invitations": 1, "services": 0,
    });
    assert_eq!(events, [json!([BOB.email, "role.deleted", deleted])]);
    app.post(DEE, &format!("{invited}/accept"), json!({})).await.expect(200);
    check(&app).await;
    // A role without users is deleted at once.
    let empty = app.create_role(ADA, &acme, "Empty", json!({})).await;
    let deleted = app.delete_and_reassign(ADA, &acme, &empty, "user").await.expect(204);
    assert_eq!(deleted.cost.round_trips, 2);
    app.delete_and_reassign(ADA, &acme, &empty, "user").await.refuses(404, "no-such-role");
    check(&app).await;
}

/// More users than one transaction reassigns. After each batch, the index still lists the users that were reassigned.
#[tokio::test]
async fn deletion_reassigns_any_number_of_users_although_the_index_lags() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.invite_many(ADA, &acme, &guests, 0..100).await;
    app.invite_many(ADA, &acme, &guests, 100..199).await;
    let earlier = app.copy_of_table().await;
    let lags = AtomicBool::new(false);
    layer.plan(move |call| {
        if call.name == "TransactWriteItems" {
            lags.store(true, Relaxed);
        }
        let stale = call.name == "Query" && lags.swap(false, Relaxed);
        stale.then(|| Fault::Stale(earlier.clone()))
    });
    app.delete_and_reassign(ADA, &acme, &guests, &hosts).await.expect(204);
    layer.clear_faults();
    assert_eq!(
        app.users(&acme, &hosts).await,
        json!({ "active": 1, "pending": 199, "services": 0 })
    );
    let reassigned = app.list_all(ADA, &format!("{acme}/members?role_id={hosts}")).await;
    assert_eq!(reassigned.len(), 200);
    let mut history = app.history(&acme).await;
    let last = history.pop().unwrap();
    let mark = history.pop().unwrap();
    assert_eq!(
        (&mark["action"], &mark["new"]),
        (&json!("role.updated"), &json!({ "reassign_to": hosts, "reassign_to_name": "Hosts" }))
    );
    assert_eq!(
        last["new"],
        json!({
            "reassign_to": hosts, "reassign_to_name": "Hosts", "members": 1, "invitations": 199, "services": 0,
        })
    );
    check(&app).await;
}

/// The number of users of a role is known: with more than one transaction can change, the deletion lists none of them
/// before it begins.
#[tokio::test]
async fn deletion_lists_no_users_before_it_begins_a_large_reassignment() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.invite_many(ADA, &acme, &guests, 0..99).await;
    let begins = Arc::new(AtomicBool::new(false));
    let queries = Arc::new(AtomicUsize::new(0));
    let (begun, counted) = (begins.clone(), queries.clone());
    layer.plan(move |call| {
        if call.name == "TransactWriteItems" {
            begun.store(true, Relaxed);
        } else if call.name == "Query" && !begun.load(Relaxed) {
            counted.fetch_add(1, Relaxed);
        }
        None
    });
    app.delete_and_reassign(ADA, &acme, &guests, &hosts).await.expect(204);
    layer.clear_faults();
    assert!(begins.load(Relaxed));
    assert_eq!(queries.load(Relaxed), 0);
    check(&app).await;
}

/// The index lists only users that were reassigned. The request does not wait for it without an end.
#[tokio::test]
async fn deletion_stops_if_the_index_does_not_list_the_remaining_users() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.invite_many(ADA, &acme, &guests, 0..99).await;
    let earlier = app.copy_of_table().await;
    app.invite_many(ADA, &acme, &guests, 99..110).await;
    let queries = Arc::new(AtomicUsize::new(0));
    let counted = queries.clone();
    layer.plan(move |call| {
        (call.name == "Query").then(|| {
            counted.fetch_add(1, Relaxed);
            Fault::Stale(earlier.clone())
        })
    });
    let answer = app.delete_and_reassign(ADA, &acme, &guests, &hosts).await.expect(202);
    layer.clear_faults();
    assert_eq!(answer.body["remaining"]["pending"], 11);
    let queries = queries.load(Relaxed);
    assert!(queries < 40, "{queries} queries");
    app.delete_and_reassign(ADA, &acme, &guests, &hosts).await.expect(204);
    check(&app).await;
}

/// SA7: the organization is deleted after the request has read it.
#[tokio::test]
async fn no_user_of_a_deleted_organization_is_moved() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.invite_many(ADA, &acme, &guests, 0..99).await;
    app.start_reassignment(&layer, &acme, &guests, &hosts).await;
    let delete_role = app.delete_and_reassign(ADA, &acme, &guests, &hosts);
    let delete = app.delete_organization(ADA, &acme, "Acme");
    // The role and its users are read. The organization is deleted. Then they are reassigned.
    let order = [vec![0; 3], vec![1; 9], vec![0; 9]].concat();
    let (role_deleted, deleted, calls) = layer.interleave(&order, delete_role, delete).await;
    deleted.expect(204);
    assert_eq!(role_deleted.status, 404, "{role_deleted} {calls:?}");
    let reassigned = scan(&app).await.into_iter().filter(|item| {
        let holds = item.get("role_id").and_then(|role| role.as_s().ok()) == Some(&hosts);
        holds && item.contains_key("email")
    });
    assert_eq!(reassigned.count(), 0);
    check(&app).await;
}

/// ROLE6: a member continues what another one began, and is removed meanwhile.
#[tokio::test]
async fn former_member_is_not_the_actor_of_a_deletion_that_another_one_began() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.add_member(ADA, &acme, CY, "admin").await;
    app.start_reassignment(&layer, &acme, &guests, &hosts).await;
    let delete = app.delete_and_reassign(CY, &acme, &guests, &hosts);
    let remove = app.remove(ADA, &acme, CY);
    let order = [vec![0], vec![1; 9], vec![0; 9]].concat();
    let (deleted, removed, calls) = layer.interleave(&order, delete, remove).await;
    removed.expect(204);
    assert_eq!(deleted.status, 204, "{deleted} {calls:?}");
    let history = app.history(&acme).await;
    let event = history.iter().find(|event| event["action"] == "role.deleted").unwrap();
    assert_eq!(event["actor"]["id"], Value::Null);
    check(&app).await;
}

/// A role can get its first user after the request has seen that it has none.
#[tokio::test]
async fn first_user_who_arrives_meanwhile_gets_the_other_role() {
    let Fixture { app, layer, acme, .. } = Fixture::new().await;
    let empty = app.create_role(ADA, &acme, "Empty", json!({})).await;
    app.add_member(ADA, &acme, CY, "user").await;
    let grant = app.change_role(ADA, &acme, CY, &empty);
    let delete = app.delete_and_reassign(ADA, &acme, &empty, "admin");
    // The deletion reads, the grant is written, the deletion continues.
    let order = [vec![0, 1, 1], vec![0; 20]].concat();
    let (deleted, granted, calls) = layer.interleave(&order, delete, grant).await;
    assert_eq!((deleted.status.as_u16(), granted.status.as_u16()), (204, 200), "{calls:?}");
    assert_eq!(app.role_of(&acme, CY).await.as_deref(), Some("admin"));
    check(&app).await;
}

/// ROLE7, ROLE9, ROLE12, SA3
#[tokio::test]
async fn reassignment_needs_a_grantable_replacement() {
    let (app, acme) = TestApp::with_partner("Acme").await;
    let makers = app.add_member_with(ADA, &acme, BOB, role_manager()).await;
    let guests = app.add_member_with(ADA, &acme, CY, json!({})).await;
    let bosses = app.create_role(ADA, &acme, "Bosses", user_manager()).await;
    app.add_member(ADA, &acme, DEE, "admin").await;
    let before = app.history(&acme).await.len();
    for (by, role, replacement, status, problem) in [
        (ADA, "admin", "user", 409, "built-in-role"),
        (ADA, &*guests, &*guests, 422, "reassign-to-same-role"),
        (ADA, &guests, "super_admin", 422, "super-admin-not-assignable"),
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
        app.delete_and_reassign(by, &acme, role, replacement).await.refuses(status, problem);
    }
    let unknown = "role_01KAK000000000000000000000";
    let unknown = app.delete_and_reassign(ADA, &acme, &guests, unknown).await;
    assert_eq!(unknown.refuses(404, "no-such-role").pointer(), "/reassign_to");
    assert_eq!(app.history(&acme).await.len(), before);
    // A pure role manager may reassign a role that they could edit.
    app.delete_and_reassign(BOB, &acme, &guests, "user").await.expect(204);
    check(&app).await;
}

/// An empty index page does not prove that the role is unused. The exact counts do.
#[tokio::test]
async fn role_cannot_be_granted_while_its_users_are_reassigned() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.add_member(ADA, &acme, CY, "user").await;
    let invited = app.create_invitation(ADA, &acme, DEE.email, &guests).await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let request = app.create_join_request(nth_user(1), &acme).await;

    let answer = app.start_reassignment(&layer, &acme, &guests, "user").await;
    let none = json!({ "active": 0, "pending": 0, "services": 0 });
    let some = json!({ "active": 1, "pending": 1, "services": 0 });
    assert_eq!(answer.body, json!({ "reassigned": none, "remaining": some }));
    check(&app).await;
    let role = format!("{acme}/roles/{guests}");
    let shown = app.get(ADA, &role).await.expect(200);
    assert_eq!(shown.body["reassign_to"], "user");
    assert_eq!(shown.body["reassign_to_name"], "User");
    let refused = app.change_role(ADA, &acme, CY, &guests).await;
    assert_eq!(refused.refuses(409, "role-being-deleted").body["reassign_to"], "user");
    let other = app.create_invitation(ADA, &acme, "z@example.com", "user").await;
    let refused = app.patch(ADA, &other, json!({ "role_id": guests })).await;
    refused.refuses(409, "role-being-deleted");
    let offer = json!({ "email": "x@example.com", "role_id": guests });
    let list = json!({ "invitations": [{ "email": "y@example.com", "role_id": "user" }, offer] });
    let service = json!({ "user_id": "sync", "name": "Sync", "role_id": guests });
    for (by, path, body) in [
        (ADA, format!("{acme}/service-members"), service),
        (ADA, format!("{request}/approve"), json!({ "role_id": guests })),
        (ADA, format!("{acme}/invitations"), offer),
        (ADA, format!("{acme}/invitations/batch"), list),
        (ADA, format!("{invited}/resend"), json!({})),
        (DEE, format!("{invited}/accept"), json!({})),
    ] {
        app.post(by, &path, body).await.refuses(409, "role-being-deleted");
    }
    // It cannot be the replacement of another role, be deleted, or be edited.
    let refused = app.delete_and_reassign(ADA, &acme, &hosts, &guests).await;
    assert_eq!(refused.refuses(409, "role-being-deleted").pointer(), "/reassign_to");
    for refused in [
        app.delete(ADA, &role).await,
        app.delete_and_reassign(ADA, &acme, &guests, &hosts).await,
        app.patch(ADA, &role, json!({ "description": "Going" })).await,
    ] {
        refused.refuses(409, "role-being-deleted");
    }
    // Its holders keep its permissions, and its invitees can decline.
    app.get(BOB, &format!("{acme}/permissions")).await.expect(200);
    app.post(DEE, &format!("{invited}/decline"), json!({})).await.expect(204);
    check(&app).await;

    // Another Admin continues the deletion.
    app.add_member(ADA, &acme, EVE, "admin").await;
    app.delete_and_reassign(EVE, &acme, &guests, "user").await.expect(204);
    assert_eq!(app.role_of(&acme, BOB).await.as_deref(), Some("user"));
    check(&app).await;
}

#[tokio::test]
async fn clean_up_finishes_a_started_reassignment() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.invite_many(ADA, &acme, &guests, 0..100).await;
    app.start_reassignment(&layer, &acme, &guests, &hosts).await;
    for roles in ["roles", "roles?q=guests"] {
        let listed = app.get(ADA, &format!("{acme}/{roles}")).await.expect(200);
        let listed = listed.items().iter().find(|role| role["id"] == json!(guests)).unwrap();
        assert_eq!(listed["reassign_to_name"], "Hosts");
    }
    // The refusals name it, too: the rule of an edit, the condition of an invitation, the rule of a batch.
    let offer = json!({ "email": "x@example.com", "role_id": guests });
    for refused in [
        app.patch(ADA, &format!("{acme}/roles/{guests}"), json!({ "name": "Going" })).await,
        app.post(ADA, &format!("{acme}/invitations"), offer.clone()).await,
        app.post(ADA, &format!("{acme}/invitations/batch"), json!({ "invitations": [offer] }))
            .await,
    ] {
        let refused = refused.refuses(409, "role-being-deleted").body;
        assert_eq!(
            [&refused["reassign_to"], &refused["reassign_to_name"]],
            [&json!(hosts), &json!("Hosts")]
        );
    }
    let now = jiff::Timestamp::from_millisecond(app.now()).unwrap();
    let summary = cleanup::run(&app.store, now, || now, "clean-up", || false).await.unwrap();
    assert_eq!((summary.roles_deleted, summary.failed, summary.more), (1, 0, false));
    assert_eq!(
        app.users(&acme, &hosts).await,
        json!({ "active": 1, "pending": 100, "services": 0 })
    );
    app.get(ADA, &format!("{acme}/roles/{guests}")).await.refuses(404, "no-such-role");
    let last = app.history(&acme).await.pop().unwrap();
    assert_eq!(last["actor"]["id"], Value::Null);
    assert_eq!(
        last["new"],
        json!({
            "reassign_to": hosts, "reassign_to_name": "Hosts", "members": 1, "invitations": 100, "services": 0,
        })
    );
    check(&app).await;
}

#[tokio::test]
async fn replacement_role_cannot_be_deleted() {
    let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
    app.start_reassignment(&layer, &acme, &guests, &hosts).await;
    let replacement = format!("{acme}/roles/{hosts}");
    app.delete(ADA, &replacement).await.refuses(409, "role-is-replacement");
    app.add_member(ADA, &acme, CY, &hosts).await;
    let refused = app.delete_and_reassign(ADA, &acme, &hosts, "user").await;
    refused.refuses(409, "role-is-replacement");
    app.delete_and_reassign(ADA, &acme, &guests, &hosts).await.expect(204);
    app.delete_and_reassign(ADA, &acme, &hosts, "user").await.expect(204);
    check(&app).await;
}

/// ROLE5, PAR1
#[tokio::test]
async fn settings_that_the_replacement_role_needs_stay_on() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let acme = app.create_partner(ADA, "Acme").await;
    app.update_settings(&acme, json!({ "mdf_program": true })).await;
    let standard = json!({ "kind": "standard" });
    let without_mdf = json!({ "mdf_program": false });
    for (replacement, switches) in
        [("mdf_admin", vec![&standard, &without_mdf]), ("partner_user", vec![&standard])]
    {
        let guests = app.add_member_with(ADA, &acme, BOB, json!({})).await;
        app.start_reassignment(&layer, &acme, &guests, replacement).await;
        for switch in switches {
            let refused = app.patch(OPERATOR, &operator_path(&acme), switch.clone()).await;
            refused.refuses(409, "role-is-replacement");
        }
        app.delete_and_reassign(ADA, &acme, &guests, replacement).await.expect(204);
        app.remove(ADA, &acme, BOB).await.expect(204);
    }
    app.update_settings(&acme, standard).await;
    check(&app).await;
}

#[tokio::test]
async fn deletion_ends_and_frees_its_replacement_after_the_users_left() {
    for repeats_replacement in [false, true] {
        let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
        app.start_reassignment(&layer, &acme, &guests, &hosts).await;
        app.remove(ADA, &acme, BOB).await.expect(204);
        check(&app).await;
        let role = format!("{acme}/roles/{guests}");
        let replacement =
            if repeats_replacement { format!("?reassign_to={hosts}") } else { String::new() };
        app.delete(ADA, &format!("{role}{replacement}")).await.expect(204);
        let last = app.history(&acme).await.pop().unwrap();
        assert_eq!(
            last["new"],
            json!({
                "reassign_to": hosts, "reassign_to_name": "Hosts", "members": 0, "invitations": 0, "services": 0,
            })
        );
        app.delete(ADA, &format!("{acme}/roles/{hosts}")).await.expect(204);
        check(&app).await;
    }
}

#[tokio::test]
async fn repeat_finishes_a_deletion_that_stopped_anywhere() {
    for call in 0..16 {
        for fault in [Fault::StopBefore, Fault::StopAfter] {
            let Fixture { app, layer, acme, guests, hosts } = Fixture::new().await;
            app.invite_many(ADA, &acme, &guests, 0..40).await;
            layer.once(call, fault.clone());
            let ended = tokio::select! {
                answer = app.delete_and_reassign(ADA, &acme, &guests, &hosts) => Some(answer),
                () = layer.stopped() => None,
            };
            layer.clear_faults();
            check(&app).await;
            if let Some(answer) = ended {
                assert_eq!(answer.status, 204, "{call} {fault:?}: {answer}");
            } else {
                let again = app.delete_and_reassign(ADA, &acme, &guests, &hosts).await;
                assert!([204, 404].contains(&again.status.as_u16()), "{call}: {again}");
            }
            assert_eq!(
                app.users(&acme, &hosts).await,
                json!({ "active": 1, "pending": 40, "services": 0 })
            );
            let roles = app.list_all(ADA, &format!("{acme}/roles?limit=100")).await;
            assert!(!each(&roles, "id").contains(&guests.as_str()));
            check(&app).await;
        }
    }
}
