//! Services: members that are no persons (MACH1).

use serde_json::{Value, json};

use crate::{
    cleanup::run_clean_up,
    decision_search::search_all,
    decisions::{SUBJECTS, permits},
    helpers::{DEE, each, id, nth_user, user_manager},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, identity, member_id},
};

/// The token of a service: no address.
const SYNC: Identity = identity("client|sync", "");
const INVITE: &str = "user_management.invite";

async fn add(app: &TestApp, by: Identity, org: &str, role: &str, more: Value) -> Answer {
    let mut body = json!({ "user_id": SYNC.sub, "name": "Nightly sync", "role_id": role });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.post(by, &format!("{org}/service-members"), body).await
}

/// Acme with BOB as Admin, CY as User and EVE as a pure user manager.
async fn acme() -> (TestApp, String) {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    app.add_member(ADA, &acme, CY, "user").await;
    app.add_member_with(ADA, &acme, EVE, user_manager()).await;
    (app, acme)
}

#[tokio::test]
async fn service_is_a_member_without_an_address() {
    let (app, acme) = acme().await;
    let role = app.create_role(ADA, &acme, "Provisioning", user_manager()).await;
    let keeper = json!({ "keeper_id": member_id(&acme, "bob") });
    let added = add(&app, ADA, &acme, &role, keeper).await.expect(201);
    assert_eq!(added.headers["location"], format!("{acme}/members/{}", added.id()));
    let shown = ["kind", "email", "name", "source", "status"].map(|field| &added.body[field]);
    let expected =
        [json!("service"), json!(null), json!("Nightly sync"), json!("added"), json!("active")];
    assert_eq!(shown, expected.each_ref());
    assert_eq!(added.body["keeper"]["email"], BOB.email);
    let path = format!("{acme}/members/{}", added.id());
    assert_eq!(app.get(ADA, &path).await.expect(200).body, added.body);

    // It acts by its role, and decisions see it.
    app.get(SYNC, &format!("{acme}/members")).await.expect(200);
    app.create_invitation(SYNC, &acme, "new@example.com", "user").await;
    assert!(permits(&app, SYNC, INVITE, &acme).await);
    let search = json!({
        "subject": { "type": "user" }, "action": { "name": INVITE },
        "resource": { "type": "organization", "id": id(&acme) },
    });
    assert!(search_all(&app, SUBJECTS, search, 2).await.contains(&SYNC.sub.to_owned()));
    let me = app.get(SYNC, "/v1/me").await.expect(200);
    assert_eq!(me.body["organizations"][0]["role_name"], "Provisioning");

    // It is listed among the members, found by its name, and counted apart.
    let list = app.get(ADA, &format!("{acme}/members?limit=3")).await.expect(200);
    assert_eq!(list.body["total"], 6);
    let all = app.list_all(ADA, &format!("{acme}/members?limit=2")).await;
    assert_eq!(all.len(), 6);
    assert_eq!(all.iter().filter(|user| user["kind"] == "service").count(), 1);
    let found = app.get(ADA, &format!("{acme}/members?q=nightly&match=contains")).await.expect(200);
    assert_eq!(each(found.items(), "name"), ["Nightly sync"]);
    let of_role = app.get(ADA, &format!("{acme}/members?role_id={role}")).await.expect(200);
    assert_eq!((of_role.items().len(), &of_role.body["total"]), (1, &json!(1)));
    let counted = app.get(ADA, &format!("{acme}/roles/{role}")).await.expect(200);
    assert_eq!(counted.body["users"], json!({ "active": 0, "pending": 0, "services": 1 }));
    let event = &app.history(&acme).await;
    let event = event.iter().find(|event| event["target"]["id"] == added.id()).unwrap();
    assert_eq!(event["action"], "member.added");
    let new = ["kind", "keeper_id", "source"].map(|field| &event["new"][field]);
    assert_eq!(new, [&json!("service"), &json!(member_id(&acme, "bob")), &json!("added")]);
    assert_eq!(event["target"]["name"], "Nightly sync");
    check(&app).await;
}

/// SUB6
#[tokio::test]
async fn persons_and_services_are_listed_apart() {
    let (app, acme) = acme().await;
    let reader = app.create_role(ADA, &acme, "Reader", json!({})).await;
    for (name, role) in [("Alpha", "user"), ("Beta", &*reader), ("Gamma", &reader)] {
        app.add_service(BOB, &acme, name, role).await;
    }
    app.create_invitation(ADA, &acme, "new@example.com", "user").await;
    let kinds = |found: &Value| {
        let kind = found["kind"].as_str().unwrap();
        if found["status"] == "pending" {
            assert_eq!(kind, "person", "all who are invited are persons");
            return "invited".to_owned();
        }
        kind.to_owned()
    };
    for (query, total, expected) in [
        ("kind=service", Some(3), "service service service"),
        ("kind=service&kind=service&limit=3", Some(3), "service service service"),
        ("kind=person", Some(5), "person person person person invited"),
        ("kind=person&status=active", Some(4), "person person person person"),
        ("kind=person&status=pending", Some(1), "invited"),
        ("kind=service&status=pending", Some(0), ""),
        (&format!("kind=service&role_id={reader}"), Some(2), "service service"),
        (&format!("kind=person&role_id={reader}"), Some(0), ""),
        ("kind=service&sort=-joined_at", Some(3), "service service service"),
        ("kind=service&q=beta&match=contains", None, "service"),
        ("kind=service&q=reader", None, "service service"),
        ("kind=service&q=bob", None, ""),
        ("kind=service&q=:", None, ""),
        ("kind=person&q=bob", None, "person"),
    ] {
        let page = app.get(ADA, &format!("{acme}/members?{query}")).await.expect(200);
        let found: Vec<_> = page.items().iter().map(kinds).collect();
        let mut found = found.join(" ");
        if query == "kind=person" {
            // The invitation stands between the persons.
            let mut sorted: Vec<_> = found.split(' ').collect();
            sorted.sort_by_key(|kind| *kind == "invited");
            found = sorted.join(" ");
        }
        assert_eq!((found.as_str(), &page.body["total"]), (expected, &json!(total)), "{query}");
    }
    let unknown = app.get(ADA, &format!("{acme}/members?kind=robot")).await;
    assert_eq!(unknown.refuses(422, "invalid-request").pointer(), "/kind/0");
}

/// SUB6
#[tokio::test]
async fn services_of_a_subtree_are_listed_without_reading_persons() {
    let (app, root) = TestApp::with_tree("Root").await;
    let branch = app.create_sub_organization(ADA, &root, "Branch").await;
    for nth in 0..40 {
        app.create_invitation(ADA, &root, nth_user(nth).email, "user").await;
        app.add_member(ADA, &branch, nth_user(nth), "user").await;
    }
    for (org, name) in [(&root, "Alpha"), (&branch, "Beta"), (&branch, "Gamma")] {
        app.add_service(ADA, org, name, "user").await;
    }
    let path = format!("{root}/members?scope=subtree&kind=service");
    let page = app.get(ADA, &path).await.expect(200);
    assert_eq!((page.items().len(), &page.body["next_cursor"]), (3, &Value::Null));
    let services = page.cost.read_units;
    let all = app.get(ADA, &format!("{root}/members?scope=subtree&limit=100")).await.expect(200);
    assert!(services < 5.0 && all.cost.read_units > 9.0, "{services} {:?}", all.cost);
    let below = app.get(ADA, &format!("{branch}/members?scope=subtree&kind=service")).await;
    assert_eq!(below.expect(200).items().len(), 2);
    let path = format!("{root}/members?scope=subtree&kind=service&limit=2");
    assert_eq!(app.list_all(ADA, &path).await.len(), 3);
}

/// ROLE7
#[tokio::test]
async fn service_is_added_by_user_managers_with_a_role_that_they_may_grant() {
    let (app, acme) = acme().await;
    add(&app, CY, &acme, "user", json!({})).await.refuses(403, "missing-permission");
    add(&app, OPERATOR, &acme, "user", json!({})).await.refuses(403, "operator-read-only");
    for role in ["super_admin", "admin", "mdf_admin"] {
        let refused = add(&app, ADA, &acme, role, json!({})).await;
        assert_eq!(refused.refuses(422, "service-role-not-allowed").pointer(), "/role_id");
    }
    let unknown = "role_01KAK000000000000000000000";
    add(&app, ADA, &acme, unknown, json!({})).await.refuses(404, "no-such-role");
    let strong = json!({ "role_management": "full_access" });
    let strong = app.create_role(ADA, &acme, "Strong", strong).await;
    add(&app, EVE, &acme, &strong, json!({})).await.refuses(403, "exceeds-own-permissions");
    let past = json!({ "access_expires_at": "2026-01-01T00:00:00Z" });
    add(&app, EVE, &acme, "user", past).await.refuses(422, "access-end-out-of-range");
    let unknown = json!({ "keeper_id": member_id(&acme, "nobody") });
    let refused = add(&app, EVE, &acme, "user", unknown).await;
    assert_eq!(refused.refuses(422, "keeper-not-member").pointer(), "/keeper_id");

    let added = add(&app, EVE, &acme, "user", json!({})).await.expect(201);
    assert_eq!(added.body["keeper"]["email"], EVE.email, "the caller keeps it");
    add(&app, EVE, &acme, "user", json!({})).await.refuses(409, "already-member");
    let by_service = json!({ "user_id": "other", "name": "Other", "role_id": "user" });
    let path = format!("{acme}/service-members");
    app.post(SYNC, &path, by_service).await.refuses(403, "missing-permission");
    // A service keeps no other one.
    let body = json!({
        "user_id": "other", "name": "Other", "role_id": "user", "keeper_id": added.id(),
    });
    app.post(ADA, &path, body).await.refuses(422, "keeper-not-member");
    check(&app).await;
}

#[tokio::test]
async fn role_name_keeper_and_end_of_a_service_can_be_changed() {
    let (app, acme) = acme().await;
    let role = app.create_role(ADA, &acme, "Reader", json!({})).await;
    let added = add(&app, ADA, &acme, "user", json!({})).await.expect(201);
    let path = format!("{acme}/members/{}", added.id());
    let change = json!({
        "role_id": role, "display_name": "Sync (EU)", "keeper_id": member_id(&acme, "bob"),
        "access_expires_at": "2027-03-01T00:00:00Z",
    });
    let changed = app.patch(ADA, &path, change).await.expect(200).body;
    assert_eq!(app.get(ADA, &path).await.expect(200).body, changed);
    let shown = [&changed["role_id"], &changed["display_name"], &changed["keeper"]["email"]];
    assert_eq!(shown, [&json!(role), &json!("Sync (EU)"), &json!(BOB.email)]);
    for refused in ["admin", "mdf_admin", "super_admin"] {
        let admin = app.patch(ADA, &path, json!({ "role_id": refused })).await;
        admin.refuses(422, "service-role-not-allowed");
    }
    let keeper = json!({ "keeper_id": member_id(&acme, "nobody") });
    app.patch(ADA, &path, keeper.clone()).await.refuses(422, "keeper-not-member");
    let person = app.patch(ADA, &format!("{acme}/members/@cy"), keeper).await;
    assert_eq!(person.refuses(422, "not-a-service").pointer(), "/keeper_id");
    app.transfer(ADA, &acme, SYNC).await.refuses(409, "target-not-admin");
    app.wait(100 * DAY);
    app.get(SYNC, &acme).await.refuses(403, "access-expired");
    app.patch(ADA, &path, json!({ "role_id": "user" })).await.refuses(404, "member-access-expired");
    assert_eq!(run_clean_up(&app).await.members_expired, 1);
    app.get(ADA, &path).await.refuses(404, "no-such-member");
    // Its `sub` can be added again.
    add(&app, ADA, &acme, "user", json!({})).await.expect(201);
    check(&app).await;
}

/// END1
#[tokio::test]
async fn service_whose_access_has_ended_can_be_added_before_the_clean_up() {
    let (app, acme) = acme().await;
    let end = json!({ "access_expires_at": "2026-11-22T12:00:00Z" });
    add(&app, ADA, &acme, "user", end).await.expect(201);
    app.wait(DAY);
    add(&app, CY, &acme, "user", json!({})).await.refuses(403, "missing-permission");
    add(&app, ADA, &acme, "user", json!({})).await.expect(201);
    app.get(SYNC, &acme).await.expect(200);
    let actions = app.actions(&acme).await;
    assert_eq!(actions[actions.len() - 2..], ["member.expired", "member.added"]);
    assert_eq!(run_clean_up(&app).await.members_expired, 0);
    check(&app).await;
}

/// ROLE6
#[tokio::test]
async fn role_of_a_service_is_in_use_and_is_not_reassigned_to_an_admin_role() {
    let (app, acme) = acme().await;
    let role = app.create_role(ADA, &acme, "Sync", json!({})).await;
    let added = add(&app, ADA, &acme, &role, json!({})).await.expect(201);
    let path = format!("{acme}/roles/{role}");
    let refused = app.delete(ADA, &path).await.refuses(409, "role-in-use");
    assert_eq!(refused.body["holders"], json!({ "active": 0, "pending": 0, "services": 1 }));
    let to_admin = app.delete(ADA, &format!("{path}?reassign_to=admin")).await;
    assert_eq!(to_admin.refuses(422, "service-role-not-allowed").pointer(), "/reassign_to");
    app.delete(ADA, &format!("{path}?reassign_to=user")).await.expect(204);
    let deleted = app.history(&acme).await.pop().unwrap();
    assert_eq!([&deleted["new"]["members"], &deleted["new"]["services"]], [0, 1]);
    let moved = app.get(ADA, &format!("{acme}/members/{}", added.id())).await.expect(200);
    assert_eq!(moved.body["role_id"], "user");
    let user = app.get(ADA, &format!("{acme}/roles/user")).await.expect(200);
    assert_eq!(user.body["users"], json!({ "active": 1, "pending": 0, "services": 1 }));
    check(&app).await;
}

#[tokio::test]
async fn service_stays_when_its_keeper_goes() {
    let (app, acme) = acme().await;
    let keeper = json!({ "keeper_id": member_id(&acme, "cy") });
    let added = add(&app, ADA, &acme, "user", keeper).await.expect(201);
    app.remove(ADA, &acme, CY).await.expect(204);
    let path = format!("{acme}/members/{}", added.id());
    assert_eq!(app.get(ADA, &path).await.expect(200).body["keeper"], json!(null));
    let listed = app.get(ADA, &format!("{acme}/members?user_id={}", "client%7Csync")).await;
    assert_eq!(listed.expect(200).items()[0]["keeper"], json!(null));
    app.get(SYNC, &format!("{acme}/permissions")).await.expect(200);
    app.delete(ADA, &path).await.expect(204);
    app.get(SYNC, &acme).await.expect(404);
    let named = app.history(&acme).await.pop().unwrap();
    assert_eq!(
        (&named["action"], &named["target"]["name"]),
        (&json!("member.removed"), &json!("Nightly sync"))
    );
    check(&app).await;
}

/// Nobody becomes a member without their consent.
#[tokio::test]
async fn person_is_not_added_as_a_service() {
    let (app, acme) = acme().await;
    let globex = app.create_organization(ADA, "Globex").await;
    app.approve_domain(ADA, &globex, "example.com").await.expect(200);
    app.create_join_request(DEE, &globex).await;
    app.remove(ADA, &acme, EVE).await.expect(204);
    // A member elsewhere, a former member and a person who asked to join.
    for (org, person) in [(&globex, CY), (&globex, EVE), (&acme, EVE), (&acme, DEE), (&globex, DEE)]
    {
        let body = json!({ "user_id": person.sub, "name": "Job", "role_id": "user" });
        let refused = app.post(ADA, &format!("{org}/service-members"), body).await;
        assert_eq!(refused.refuses(409, "user-id-of-person").pointer(), "/user_id");
    }
    // A service can be one in several organizations, and be added again.
    for org in [&acme, &globex] {
        let added = add(&app, ADA, org, "user", json!({})).await.expect(201);
        app.delete(ADA, &format!("{org}/members/{}", added.id())).await.expect(204);
        add(&app, ADA, org, "user", json!({})).await.expect(201);
    }
    check(&app).await;
}

/// A person whose `sub` no organization knew can be added as a service. They are no member by it.
#[tokio::test]
async fn token_with_an_address_does_not_act_as_a_service() {
    let (app, acme) = acme().await;
    let manager = app.create_role(ADA, &acme, "Managers", user_manager()).await;
    let added = add(&app, ADA, &acme, &manager, json!({})).await.expect(201);
    let human = Identity { email: "human@q.example", ..SYNC };
    for path in [acme.clone(), format!("{acme}/members"), format!("{acme}/permissions")] {
        let refused = app.get(human, &path).await.refuses(404, "no-such-organization");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("ask an administrator to remove the service"), "{refused}");
    }
    app.post(human, &format!("{acme}/leave"), json!({})).await.expect(404);
    let me = app.get(human, "/v1/me").await.expect(200).body;
    assert_eq!((&me["organizations"], &me["user_type"]), (&json!([]), &json!("personal")));
    let invitation = app.create_invitation(ADA, &acme, human.email, "user").await;
    let accept = format!("{invitation}/accept");
    let refused = app.post(human, &accept, json!({})).await.refuses(409, "already-member");
    assert!(refused.body["detail"].as_str().unwrap().contains("has your user id"), "{refused}");
    // The service itself acts, and decisions know it by its id.
    app.get(SYNC, &format!("{acme}/permissions")).await.expect(200);
    assert!(permits(&app, SYNC, INVITE, &acme).await);
    let service = format!("{acme}/members/{}", added.id());
    app.delete(ADA, &service).await.expect(204);
    app.post(human, &accept, json!({})).await.expect(200);
    assert_eq!(app.get(human, "/v1/me").await.body["user_type"], "organization");
    check(&app).await;
}

/// MACH1, OP2, ERA1
#[tokio::test]
async fn operators_see_the_keeper_of_a_service_and_the_services_of_a_keeper() {
    let (app, acme) = TestApp::with_acme().await;
    let service = app.add_service(ADA, &acme, "Sync", "user").await;
    let path = "/v1/operator/people?user_id=client%7CSync";
    let found = app.get(OPERATOR, path).await.expect(200);
    let membership = &found.items()[0]["organizations"][0]["membership"];
    assert_eq!(membership["keeper"]["email"], ADA.email, "{membership}");
    let person = shared::domain::PersonId::of(&shared::domain::UserId::new(ADA.sub));
    let data = app.get(OPERATOR, &format!("/v1/operator/people/{person}/data")).await.expect(200);
    let kept = json!([{ "id": service, "name": "Sync", "email": null }]);
    assert_eq!(data.body["organizations"][0]["kept_services"], kept);
}
