//! `DELETE /v1/organizations/{org}`, and what the clean-up ends afterwards.

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::{PersonId, UserId};

use crate::{
    decision_search::search_all,
    decisions::{OPEN, RESOURCES, evaluation, permits},
    fault_layer::Fault,
    helpers::{each, id, nth_user, operator_path},
    invariants::{check, inspect, scan},
    partners::link,
    scenario::Scenario,
    test_app::{ADA, BOB, CY, EVE, OPERATOR, TestApp, ample, member_id},
};

/// An organization with data of every kind. BOB is a member, CY is invited, EVE asks to join.
async fn organization_with_data(app: &TestApp) -> String {
    let acme = app.create_partner(ADA, "Acme").await;
    seed_data(app, &acme).await;
    acme
}

async fn seed_data(app: &TestApp, acme: &str) {
    let first = app.create_role(ADA, acme, "First", json!({})).await;
    let second = app.create_role(ADA, acme, "Second", json!({})).await;
    app.add_member(ADA, acme, BOB, &first).await;
    app.create_invitation(ADA, acme, CY.email, &second).await;
    app.approve_domain(ADA, acme, "example.com").await.expect(200);
    app.create_join_request(EVE, acme).await;
    let alert = json!({ "email": "alerts@example.com" });
    app.post(ADA, &format!("{acme}/critical-alert-users"), alert).await.expect(201);
    app.patch(ADA, acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let customer = app.create_organization(nth_user(1), "Customer").await;
    link(app, acme, &customer, true).await.expect(200);
}

/// SA7
#[tokio::test]
async fn super_admin_deletes_the_organization_by_its_name() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.delete_organization(BOB, &acme, "Acme").await.refuses(403, "super-admin-required");
    app.delete_organization(EVE, &acme, "Acme").await.refuses(404, "no-such-organization");
    for name in ["acme", "Acme 2"] {
        let refused = app.delete_organization(ADA, &acme, name).await;
        let refused = refused.refuses(422, "organization-name-differs");
        assert_eq!(refused.pointer(), "/name");
    }
    app.delete_organization(ADA, &acme, " Acme ").await.expect(204);
    check(&app).await;
    app.delete_organization(ADA, &acme, "Acme").await.refuses(404, "no-such-organization");
    assert_eq!(app.clean_up().await.organizations_ended, 1);
    check(&app).await;
    // The former Super Admin can create another one of the same name.
    app.create_organization(ADA, "Acme").await;
    check(&app).await;
}

/// SA7
#[tokio::test]
async fn organization_with_sub_organizations_is_not_deleted() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let below = app.create_sub_organization(ADA, &acme, "Below").await;
    let refused = app.delete_organization(ADA, &acme, "Acme").await;
    let refused = refused.refuses(409, "has-sub-organizations");
    assert_eq!(refused.body["sub_organizations"], 1);
    let body = json!({ "name": "Acme", "reason": "They asked for it." });
    let by_operator = app.send(Some(OPERATOR), "DELETE", &operator_path(&acme), Some(body)).await;
    by_operator.refuses(409, "has-sub-organizations");
    app.delete_organization(ADA, &below, "Below").await.expect(204);
    check(&app).await;
    let listed = app.get(ADA, &format!("{acme}/sub-organizations?depth=all")).await.expect(200);
    assert_eq!(listed.items(), [Value::Null; 0]);
    let last = app.history(&acme).await.pop().unwrap();
    assert_eq!(last["action"], "sub_organization.deleted");
    assert_eq!(
        (&last["target"]["id"], &last["target"]["name"]),
        (&json!(id(&below)), &json!("Below"))
    );
    // At once, although the clean-up did not run.
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    assert_eq!(app.clean_up().await.organizations_ended, 2);
    check(&app).await;
}

/// SA7, ORG5: the administrators above learn who deleted a sub-organization, also if that person is no member
/// there, and for as long as the event is kept. An erasure takes the name away (ERA1).
#[tokio::test]
async fn history_above_names_who_deleted_a_sub_organization() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let middle = app.create_sub_organization(ADA, &acme, "Middle").await;
    let new = json!({ "name": "Below", "parent": id(&middle), "first_admin_email": CY.email });
    let below = app.post(OPERATOR, "/v1/operator/organizations", new).await.expect(201).id();
    let below = format!("/v1/organizations/{below}");
    let invitation = app.get(CY, "/v1/me/invitations").await.items()[0]["id"].clone();
    let accept = format!("{below}/invitations/{}/accept", invitation.as_str().unwrap());
    app.post(CY, &accept, json!({})).await.expect(200);
    // CY deletes it while the organization above is suspended.
    app.suspend(&middle).await.expect(200);
    app.delete_organization(CY, &below, "Below").await.expect(204);
    app.resume(&middle).await.expect(204);
    let actors = async || {
        let query = "action=sub_organization.deleted";
        let own = app.list_all(ADA, &format!("{middle}/events?{query}")).await;
        let above = app.list_all(ADA, &format!("{acme}/events?{query}&scope=subtree")).await;
        assert_eq!(own, above);
        let one = format!("{middle}/events/{}", own[0]["id"].as_str().unwrap());
        assert_eq!(app.get(ADA, &one).await.expect(200).body, own[0]);
        own[0]["actor"].clone()
    };
    let cy = json!({ "id": member_id(&below, CY.sub), "name": null, "email": CY.email, "operator": false });
    assert_eq!(actors().await, cy);
    app.clean_up().await;
    assert_eq!(actors().await, cy);
    let person = PersonId::of(&UserId::new(CY.sub));
    app.delete(OPERATOR, &format!("/v1/operator/people/{person}")).await.expect(204);
    let erased = actors().await;
    assert_eq!((&erased["name"], &erased["email"]), (&json!("Erased person"), &Value::Null));
    check(&app).await;
}

/// SA7, OP1
#[tokio::test]
async fn operator_deletes_an_organization_with_a_reason() {
    let (app, acme) = TestApp::with_acme().await;
    app.suspend(&acme).await.expect(200);
    let path = operator_path(&acme);
    let delete = async |body: Value| app.send(Some(OPERATOR), "DELETE", &path, Some(body)).await;
    delete(json!({ "name": "Acme" })).await.refuses(422, "invalid-request");
    let other = json!({ "name": "Globex", "reason": "Gone." });
    delete(other).await.refuses(422, "organization-name-differs");
    delete(json!({ "name": "Acme", "reason": "Gone." })).await.expect(204);
    let event = app.history(&acme).await.pop().unwrap();
    assert_eq!(
        (&event["action"], &event["reason"]),
        (&json!("organization.deleted"), &json!("Gone."))
    );
    assert_eq!(event["actor"]["operator"], true);
    app.clean_up().await;
    check(&app).await;
}

/// SA7
#[tokio::test]
async fn nobody_reaches_a_deleted_organization() {
    let app = TestApp::new().await;
    let acme = organization_with_data(&app).await;
    let invitation = app.get(CY, "/v1/me/invitations").await.items()[0]["id"].clone();
    let invitation = format!("{acme}/invitations/{}", invitation.as_str().unwrap());
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    check(&app).await;
    for ended in [false, true] {
        for (caller, path) in [
            (ADA, acme.clone()),
            (BOB, format!("{acme}/permissions")),
            (ADA, format!("{acme}/events")),
            (OPERATOR, acme.clone()),
            (OPERATOR, format!("{acme}/members")),
            (OPERATOR, format!("{}/customers", operator_path(&acme))),
        ] {
            app.get(caller, &path).await.refuses(404, "no-such-organization");
        }
        let decline = format!("{invitation}/decline");
        for path in [format!("{invitation}/accept"), decline] {
            app.post(CY, &path, json!({})).await.refuses(404, "no-such-invitation");
        }
        let ask = format!("{acme}/join-requests");
        app.post(nth_user(2), &ask, json!({})).await.refuses(404, "no-such-organization");
        let mine = format!("{ask}/mine");
        app.delete(EVE, &mine).await.refuses(404, "no-such-join-request");
        for (caller, list) in [
            (CY, "/v1/me/invitations"),
            (EVE, "/v1/me/join-requests"),
            (EVE, "/v1/me/joinable-organizations"),
            (OPERATOR, "/v1/operator/organizations?limit=1"),
        ] {
            let shown = app.get(caller, list).await.expect(200);
            let names = each(shown.items(), "name");
            assert!(names.iter().all(|name| *name == "Customer"), "{list}: {shown}");
            assert!(!shown.text.contains(id(&acme)), "{list}: {shown}");
        }
        let me = app.get(BOB, "/v1/me").await.expect(200);
        assert_eq!(me.body["user_type"], "personal");
        let customer = app.get(nth_user(1), "/v1/me").await.body["organizations"][0]["id"].clone();
        let customer = format!("/v1/organizations/{}", customer.as_str().unwrap());
        let partners = app.get(nth_user(1), &format!("{customer}/partners")).await.expect(200);
        assert_eq!(partners.items(), [Value::Null; 0]);
        if !ended {
            assert_eq!(app.clean_up().await.organizations_ended, 1);
            check(&app).await;
        }
    }
}

/// SA7, SUB4
#[tokio::test]
async fn lists_above_leave_out_a_deleted_organization() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let below = app.create_sub_organization(ADA, &acme, "Below").await;
    app.create_role(ADA, &below, "Rolling", json!({})).await;
    app.add_member(ADA, &below, BOB, "user").await;
    app.create_invitation(ADA, &below, CY.email, "user").await;
    app.delete_organization(ADA, &below, "Below").await.expect(204);
    for list in ["members", "roles", "events"] {
        let path = format!("{acme}/{list}?scope=subtree&limit=100");
        let shown = app.list_all(ADA, &path).await;
        let of_below = |row: &&Value| row["organization_id"] == id(&below);
        assert_eq!(shown.iter().filter(of_below).count(), 0, "{list}: {shown:#?}");
    }
    app.clean_up().await;
    check(&app).await;
}

/// SA7, ORG6
#[tokio::test]
async fn decisions_about_a_deleted_organization_are_denied() {
    let app = TestApp::new().await;
    let acme = organization_with_data(&app).await;
    assert!(permits(&app, ADA, OPEN, &acme).await);
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    assert!(!permits(&app, ADA, OPEN, &acme).await);
    assert_eq!(search_all(&app, RESOURCES, evaluation(ADA, OPEN, &acme), 9).await, [""; 0]);
}

/// SA7, ORG5: the history tells what ended, and operators read it.
#[tokio::test]
async fn history_of_a_deleted_organization_stays_for_operators() {
    let app = TestApp::new().await;
    let acme = organization_with_data(&app).await;
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    app.clean_up().await;
    let actions = app.actions(&acme).await;
    let from = actions.iter().position(|action| action == "organization.deleted").unwrap();
    let mut ended: Vec<_> = actions[from + 1..].iter().map(String::as_str).collect();
    ended.sort_unstable();
    let expected = [
        "approved_domain.removed",
        "critical_alert_user.removed",
        "customer_link.removed",
        "invitation.revoked",
        "join_request.cancelled",
        "member.removed",
        "member.removed",
        "role.deleted",
        "role.deleted",
    ];
    assert_eq!(ended, expected);
    let event = app.history(&acme).await.pop().unwrap();
    let path = format!("{acme}/events/{}", event["id"].as_str().unwrap());
    app.get(OPERATOR, &path).await.expect(200);
    app.get(ADA, &path).await.refuses(404, "no-such-organization");
    check(&app).await;
}

/// SA7, ERA1
#[tokio::test]
async fn person_is_erased_from_a_deleted_organization() {
    for ended in [false, true] {
        let app = TestApp::new().await;
        let acme = organization_with_data(&app).await;
        app.delete_organization(ADA, &acme, "Acme").await.expect(204);
        if ended {
            app.clean_up().await;
        }
        // Its Super Admin needs no successor.
        for user in [ADA, BOB] {
            let person = PersonId::of(&UserId::new(user.sub));
            app.delete(OPERATOR, &format!("/v1/operator/people/{person}")).await.expect(204);
        }
        app.clean_up().await;
        check(&app).await;
        let history = app.history(&acme).await;
        assert!(!json!(history).to_string().contains(BOB.email), "{history:#?}");
    }
}

/// SA7: more than one transaction holds.
#[tokio::test]
async fn large_organization_ends_completely() {
    let (app, acme) = TestApp::with_acme().await;
    for nth in 0..45 {
        app.add_member(ADA, &acme, nth_user(nth), "user").await;
        app.create_invitation(ADA, &acme, &format!("guest-{nth}@example.com"), "admin").await;
    }
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    assert_eq!(app.clean_up().await.organizations_ended, 1);
    check(&app).await;
}

/// SA7: every write that read the organization before its deletion is refused after it.
#[tokio::test]
async fn each_write_is_refused_after_a_deletion_that_it_did_not_read() {
    let scenario = Scenario::new().await;
    for (delete, writes) in [
        (
            "EVE deletes Company",
            &[
                "EVE suspends the link with Acme",
                "an operator unlinks Company",
                "an operator makes Acme preferred",
            ][..],
        ),
        ("EVE deletes Rival", &["an operator links Rival", "an operator makes Rival a partner"]),
        ("an operator deletes Empty", &["ADA joins Empty", "BOB joins Empty"]),
        (
            "an operator deletes Waiting",
            &["FAY accepts as first Admin", "FAY declines", "an operator revokes fay's"],
        ),
    ] {
        for name in writes {
            let (deletion, late) = (scenario.operation(delete), scenario.operation(name));
            let alone = scenario.run_alone(late, None).await;
            let reads = alone.calls.iter().position(|(name, _)| name == "TransactWriteItems");
            scenario.reset().await;
            let order = [vec![0; reads.unwrap()], vec![1; 8]].concat();
            let (late, done, calls) =
                scenario.layer.interleave(&order, scenario.run(late), scenario.run(deletion)).await;
            assert!(done.done() && [404, 409].contains(&late.status), "{name}: {late:?} {calls:?}");
            let (broken, _) = scenario.inspect().await;
            assert_eq!(broken, [""; 0], "{name}");
        }
    }
}

/// SA7: each of the two reads before the other one writes.
#[tokio::test]
async fn deletion_and_creation_below_at_once_leave_no_orphan() {
    for first in [0, 1] {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let acme = app.create_tree(ADA, "Acme").await;
        let path = format!("{acme}/sub-organizations");
        let create = app.post(ADA, &path, json!({ "name": "Below" }));
        let delete = app.delete_organization(ADA, &acme, "Acme");
        let reads = [[0, 0].as_slice(), &[1]].concat();
        let order = [reads, vec![first; 4]].concat();
        let (deleted, created, calls) = layer.interleave(&order, delete, create).await;
        if first == 0 {
            deleted.expect(204);
            created.refuses(404, "no-such-organization");
        } else {
            created.expect(201);
            let refused = deleted.refuses(409, "has-sub-organizations");
            assert_eq!(refused.body["sub_organizations"], 1, "{calls:?}");
        }
        check(&app).await;
    }
}

/// SA7: the clean-up resumes after a crash at any point.
#[tokio::test]
async fn clean_up_of_a_deleted_organization_resumes_after_each_failure() {
    let (app, layer) = TestApp::with_fault_layer(ample()).await;
    let now = |app: &TestApp| jiff::Timestamp::from_millisecond(app.now()).unwrap();
    for nth in 0.. {
        let mut hit = false;
        // A run that stops after each call; and some that lose an answer, and go on.
        let lost = (nth % 3 == 0).then_some(Fault::LostAfter);
        for fault in lost.into_iter().chain([Fault::StopAfter]) {
            let acme = app.create_partner(ADA, &format!("Acme {nth}")).await;
            seed_data(&app, &acme).await;
            app.delete_organization(ADA, &acme, &format!("Acme {nth}")).await.expect(204);
            layer.once(nth, fault.clone());
            let at = now(&app);
            let first = tokio::select! {
                run = cleanup::run(&app.store, at, || at, "clean-up", || false) => Some(run),
                () = layer.stopped() => None,
            };
            layer.clear_faults();
            let ended = matches!(&first, Some(Ok(summary)) if summary.organizations_ended == 1);
            hit |= !ended;
            let broken = inspect(&scan(&app).await);
            assert_eq!(broken, [""; 0], "{fault:?} at call {nth}");
            app.clean_up().await;
            check(&app).await;
            let history = app.actions(&acme).await;
            let removed = history.iter().filter(|action| *action == "member.removed").count();
            assert_eq!(removed, 2, "{fault:?} at call {nth}: {history:?}");
        }
        if !hit {
            assert!(nth > 20, "{nth} calls");
            return;
        }
    }
}

/// SA7, OP1: what operators cannot do with a deleted organization any more, and where they read about it.
#[tokio::test]
async fn refusal_tells_operators_when_the_organization_was_deleted() {
    let (app, acme) = TestApp::with_acme().await;
    let deleted_at = app.now();
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    let one = operator_path(&acme);
    let reason = json!({ "name": "Acme", "reason": "Gone." });
    for clean_up in [true, false] {
        for (method, path, body) in [
            ("GET", acme.clone(), None),
            ("GET", format!("{acme}/members"), None),
            ("GET", format!("{acme}/security"), None),
            ("DELETE", one.clone(), Some(reason.clone())),
            ("PATCH", one.clone(), Some(json!({ "mdf_program": true }))),
            ("POST", format!("{one}/first-admin"), Some(json!({ "email": BOB.email }))),
            ("DELETE", format!("{one}/suspension"), Some(json!({ "reason": "Paid." }))),
        ] {
            let refused = app.send(Some(OPERATOR), method, &path, body).await;
            let refused = refused.refuses(404, "no-such-organization");
            let at: Timestamp = refused.body["deleted_at"].as_str().unwrap().parse().unwrap();
            assert_eq!(at.as_millisecond(), deleted_at, "{method} {path}");
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(detail.contains("was deleted on 2026-11-21 at 12:00 UTC"), "{detail}");
            assert!(detail.contains("GET /v1/organizations/{org}/events"), "{detail}");
        }
        let refused = app.get(ADA, &acme).await.refuses(404, "no-such-organization");
        assert_eq!(refused.body.get("deleted_at"), None);
        if clean_up {
            app.clean_up().await;
        }
    }
}

/// SA7, OP2: operators find an organization by its name while it is being deleted, and afterwards.
#[tokio::test]
async fn operator_finds_a_deleted_organization_by_its_name() {
    let (app, acme) = TestApp::with_acme().await;
    let other = app.create_organization(BOB, "Acme Two").await;
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    let operated = format!("/v1/operator/organizations/{}", id(&acme));
    let found = async |limit| {
        let list = format!("/v1/operator/organizations?q=ACM&limit={limit}");
        let found = app.list_all(OPERATOR, &list).await;
        assert_eq!(each(&found, "id"), [id(&acme), id(&other)]);
        assert_eq!(found[1].get("deletion"), None);
        assert_eq!(app.get(OPERATOR, &operated).await.expect(200).body, found[0]);
        found[0]["deletion"].clone()
    };
    let (begun, known) = (found(25).await, json!("2026-11-21T12:00:02Z"));
    assert_eq!(begun, json!({ "since": known, "ended_at": null }));
    app.clean_up().await;
    let ended = found(1).await;
    assert_eq!(ended["since"], known);
    assert!(ended["ended_at"].is_string(), "{ended}");
    // Reading is all that an operator can do there.
    app.patch(OPERATOR, &operated, json!({ "kind": "partner" }))
        .await
        .refuses(404, "no-such-organization");
    let roots = app.list_all(OPERATOR, "/v1/operator/organizations").await;
    assert_eq!(each(&roots, "id"), [id(&other)]);
    check(&app).await;
}

/// SA7, OP2, ERA1
#[tokio::test]
async fn search_for_people_marks_what_they_have_in_a_deleted_organization() {
    let (app, acme) = TestApp::with_acme().await;
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.delete_organization(ADA, &acme, "Acme").await.expect(204);
    for query in ["user_id=ada", "email=bob@example.com"] {
        let found = app.get(OPERATOR, &format!("/v1/operator/people?{query}")).await.expect(200);
        let known = &found.items()[0]["organizations"][0];
        assert_eq!((&known["name"], &known["deleted"]), (&json!("Acme"), &json!(true)));
        let (member, invited) =
            (known["membership"].is_object(), known["addresses"][0]["invitation"].is_object());
        assert_eq!((member, invited), (query == "user_id=ada", query != "user_id=ada"), "{known}");
        // The person can still be erased.
        let path = format!("/v1/operator/people/{}", found.items()[0]["id"].as_str().unwrap());
        app.delete(OPERATOR, &path).await.expect(204);
    }
    check(&app).await;
}
