//! Partner organizations and their links to customers (PAR1, PAR2, PAR3).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    decision_search::search_all,
    decisions::{CASE, CUSTOMERS, RESOURCES, SUBJECTS, evaluation, permits},
    helpers::{each, id, operator_path},
    invariants,
    test_app::{ADA, Answer, BOB, CY, EVE, Identity, OPERATOR, TestApp},
};

/// A role object that needs any customer, and one that needs a customer who prefers the partner.
const LICENSES: &str = "license_management_customer_organizations";
const SUPPORT: &str = "support_service_customer_organizations";

/// A partner whose Super Admin is ADA, and EVE's company without a link.
async fn partner_and_company() -> (TestApp, String, String) {
    let (app, partner) = TestApp::with_partner("Partner").await;
    let company = app.create_organization(EVE, "Company").await;
    (app, partner, company)
}

fn customers(partner: &str) -> String {
    format!("{}/customers", operator_path(partner))
}

pub async fn link(app: &TestApp, partner: &str, customer: &str, preferred: bool) -> Answer {
    let path = format!("{}/{}", customers(partner), id(customer));
    app.send(Some(OPERATOR), "PUT", &path, Some(json!({ "preferred": preferred }))).await
}

async fn unlink(app: &TestApp, partner: &str, customer: &str) -> Answer {
    app.delete(OPERATOR, &format!("{}/{}", customers(partner), id(customer))).await
}

/// The caller's effective levels on the two role objects.
async fn effective_levels(app: &TestApp, partner: &str, caller: Identity) -> [Value; 2] {
    let mine = app.get(caller, &format!("{partner}/permissions")).await.expect(200);
    [LICENSES, SUPPORT].map(|object| mine.body["permissions"][object].clone())
}

/// PAR2, ROLE5
#[tokio::test]
async fn customer_role_objects_depend_on_links() {
    let (app, partner, company) = partner_and_company().await;
    let other = app.create_organization(BOB, "Other").await;
    let field = json!({ "name": "Field", "permissions": { LICENSES: "view_only" } });
    let roles = format!("{partner}/roles");
    app.post(ADA, &roles, field.clone()).await.refuses(422, "role-object-not-available");
    let levels = async |caller| effective_levels(&app, &partner, caller).await;
    let [none, view, full] = [Value::Null, json!("view_only"), json!("full_access")];
    assert_eq!(levels(ADA).await, [none.clone(), none.clone()]);
    link(&app, &partner, &company, false).await.expect(200);
    assert_eq!(levels(ADA).await, [full.clone(), none.clone()]);
    let field = app.post(ADA, &roles, field).await.expect(201).id();
    app.add_member(ADA, &partner, CY, &field).await;
    assert_eq!(levels(CY).await, [view.clone(), none.clone()]);
    link(&app, &partner, &company, true).await.expect(200);
    assert_eq!(levels(ADA).await, [full.clone(), full.clone()]);
    // One customer's preference is enough. The objects stay until the last customer is unlinked.
    link(&app, &partner, &other, false).await.expect(200);
    assert_eq!(levels(ADA).await, [full.clone(), full.clone()]);
    unlink(&app, &partner, &company).await.expect(204);
    assert_eq!(levels(ADA).await, [full, none.clone()]);
    unlink(&app, &partner, &other).await.expect(204);
    for caller in [ADA, CY] {
        assert_eq!(levels(caller).await, [none.clone(), none.clone()]);
    }
    // The stored level counts again with the next customer.
    link(&app, &partner, &company, false).await.expect(200);
    assert_eq!(levels(CY).await, [view, none]);
    invariants::check(&app).await;
}

/// PAR1
#[tokio::test]
async fn link_needs_a_partner_and_a_standard_organization() {
    let (app, partner, company) = partner_and_company().await;
    let other = app.create_partner(BOB, "Rival").await;
    let standard = app.create_organization(CY, "Standard").await;
    link(&app, &standard, &company, true).await.refuses(409, "partner-required");
    link(&app, &partner, &other, true).await.refuses(409, "customer-must-be-standard");
    link(&app, &partner, &partner, true).await.refuses(409, "customer-must-be-standard");
    let missing = "/v1/organizations/org_01JD7Z0000000000000000000A";
    link(&app, &partner, missing, true).await.refuses(404, "no-such-organization");
    link(&app, missing, &company, true).await.refuses(404, "no-such-organization");
    unlink(&app, &partner, &company).await.refuses(404, "customer-not-linked");
    invariants::check(&app).await;
}

/// PAR1
#[tokio::test]
async fn linked_organization_keeps_its_kind() {
    let (app, partner, company) = partner_and_company().await;
    link(&app, &partner, &company, true).await.expect(200);
    for (org, kind, counts) in [(&partner, "standard", [1, 0]), (&company, "partner", [0, 1])] {
        let refused = app.patch(OPERATOR, &operator_path(org), json!({ "kind": kind })).await;
        let refused = refused.refuses(409, "organization-linked");
        assert_eq!([&refused.body["customers"], &refused.body["partners"]], counts);
    }
    unlink(&app, &partner, &company).await.expect(204);
    app.update_settings(&partner, json!({ "kind": "standard" })).await;
    app.update_settings(&company, json!({ "kind": "partner" })).await;
    invariants::check(&app).await;
}

/// ORG5: an unchanged link records no event.
#[tokio::test]
async fn link_changes_are_events_in_both_organizations() {
    let (app, partner, company) = partner_and_company().await;
    for preferred in [false, false, true] {
        link(&app, &partner, &company, preferred).await.expect(200);
    }
    unlink(&app, &partner, &company).await.expect(204);
    let actions = ["customer_link.added", "customer_link.updated", "customer_link.removed"];
    for (org, other) in [(&partner, &company), (&company, &partner)] {
        let history = app.history(org).await;
        let linked = |event: &&Value| event["action"].as_str().unwrap().starts_with("customer");
        let linked: Vec<Value> = history.iter().filter(linked).cloned().collect();
        assert_eq!(each(&linked, "action"), actions);
        for event in &linked {
            let target = (&event["target"]["type"], &event["target"]["id"]);
            assert_eq!(target, (&json!("customer_link"), &json!(id(other))));
            assert_eq!(event["actor"]["operator"], true);
        }
        let recorded = [false, true].map(|preferred| {
            json!({
                "partner_id": id(&partner), "partner_name": "Partner",
                "customer_id": id(&company), "customer_name": "Company",
                "preferred": preferred, "suspended": false,
            })
        });
        assert_eq!([&linked[1]["old"], &linked[1]["new"]], recorded.each_ref());
    }
}

/// The customer suspends its link with the partner, or resumes it.
async fn suspend(app: &TestApp, by: Identity, customer: &str, partner: &str, on: bool) -> Answer {
    let path = format!("{customer}/partners/{}/suspension", id(partner));
    app.send(Some(by), if on { "PUT" } else { "DELETE" }, &path, None).await
}

/// Whether ADA may do both actions of a partner at the customer.
async fn decisions(app: &TestApp, customer: &str) -> [bool; 2] {
    [permits(app, ADA, CUSTOMERS, customer).await, permits(app, ADA, CASE, customer).await]
}

/// The customers of ADA's partners and the people who reach `customer`, by the searches.
async fn searched(app: &TestApp, customer: &str) -> [Vec<String>; 2] {
    let search = evaluation(ADA, CUSTOMERS, customer);
    let resources = search_all(app, RESOURCES, search.clone(), 9).await;
    [resources, search_all(app, SUBJECTS, search, 9).await]
}

/// PAR3
#[tokio::test]
async fn partner_and_customer_list_their_links_with_names() {
    let (app, partner, company) = partner_and_company().await;
    let other = app.create_organization(BOB, "Other").await;
    let empty = app.get(ADA, &format!("{partner}/customers")).await.expect(200);
    assert_eq!(empty.body, json!({ "items": [], "next_cursor": null }));
    link(&app, &partner, &company, true).await.expect(200);
    link(&app, &partner, &other, false).await.expect(200);
    let second = app.create_partner(CY, "Second").await;
    link(&app, &second, &company, false).await.expect(200);
    let customers = app.list_all(ADA, &format!("{partner}/customers?limit=1")).await;
    let partners = app.list_all(EVE, &format!("{company}/partners?limit=1")).await;
    let line = |item: &Value| {
        let allows = item["allows"].as_array().unwrap().len();
        let name = item["name"].as_str().unwrap();
        format!("{name} {} {} {allows}", item["preferred"], item["suspended"])
    };
    let lines = |items: &[Value]| items.iter().map(line).collect::<Vec<_>>();
    assert_eq!(lines(&customers), ["Company true false 2", "Other false false 1"]);
    assert_eq!(lines(&partners), ["Partner true false 2", "Second false false 1"]);
    assert_eq!(each(&customers, "id"), [id(&company), id(&other)]);
    assert_eq!(each(&partners, "id"), [id(&partner), id(&second)]);
    // A member with either role object for customers sees them; another member does not.
    for (caller, permissions, status) in [
        (BOB, json!({ LICENSES: "view_only" }), 200),
        (EVE, json!({ SUPPORT: "full_access" }), 200),
        (CY, json!({ "license_management": "full_access" }), 403),
    ] {
        app.add_member_with(ADA, &partner, caller, permissions).await;
        app.get(caller, &format!("{partner}/customers")).await.expect(status);
    }
    // Neither organization has the other list.
    app.get(EVE, &format!("{company}/customers")).await.refuses(403, "missing-permission");
    assert_eq!(app.list_all(ADA, &format!("{partner}/partners?limit=1")).await.len(), 0);
    app.get(EVE, &format!("{partner}/partners")).await.refuses(403, "missing-permission");
}

/// PAR3, ROLE5: decisions, searches and permissions obey at the next request.
#[tokio::test]
async fn suspended_link_allows_nothing_until_it_is_resumed() {
    let (app, partner, company) = partner_and_company().await;
    link(&app, &partner, &company, true).await.expect(200);
    let full = json!("full_access");
    let found = [vec![id(&partner).to_owned(), id(&company).to_owned()], vec!["ada".to_owned()]];
    for _ in 0..2 {
        assert_eq!(decisions(&app, &company).await, [true, true]);
        assert_eq!(searched(&app, &company).await, found);
        assert_eq!(effective_levels(&app, &partner, ADA).await, [full.clone(), full.clone()]);
        // A repeat changes nothing.
        for _ in 0..2 {
            let suspended = suspend(&app, EVE, &company, &partner, true).await.expect(200).body;
            assert_eq!(suspended["suspended"], true);
            assert_eq!((&suspended["name"], &suspended["allows"]), (&json!("Partner"), &json!([])));
            let listed = app.list_all(EVE, &format!("{company}/partners?limit=9")).await;
            assert_eq!(listed, [suspended]);
        }
        invariants::check(&app).await;
        assert_eq!(decisions(&app, &company).await, [false, false]);
        assert_eq!(searched(&app, &company).await, [vec![], Vec::<String>::new()]);
        assert_eq!(effective_levels(&app, &partner, ADA).await, [Value::Null, Value::Null]);
        // The partner sees why.
        let listed = app.list_all(ADA, &format!("{partner}/customers?limit=9")).await;
        assert_eq!(
            (&listed[0]["id"], &listed[0]["suspended"]),
            (&json!(id(&company)), &json!(true))
        );
        for _ in 0..2 {
            suspend(&app, EVE, &company, &partner, false).await.expect(204);
        }
        invariants::check(&app).await;
    }
    // One suspended link does not affect another.
    let other = app.create_organization(BOB, "Other").await;
    link(&app, &partner, &other, true).await.expect(200);
    suspend(&app, EVE, &company, &partner, true).await.expect(200);
    assert_eq!(decisions(&app, &company).await, [false, false]);
    assert_eq!(decisions(&app, &other).await, [true, true]);
    assert_eq!(effective_levels(&app, &partner, ADA).await, [full.clone(), full]);
    // An operator changes the preference, but only the customer resumes the link.
    link(&app, &partner, &company, false).await.expect(200);
    assert_eq!(decisions(&app, &company).await, [false, false]);
    suspend(&app, EVE, &company, &partner, false).await.expect(204);
    assert_eq!(decisions(&app, &company).await, [true, false]);
    // A new link is not suspended.
    suspend(&app, EVE, &company, &partner, true).await.expect(200);
    unlink(&app, &partner, &company).await.expect(204);
    invariants::check(&app).await;
    link(&app, &partner, &company, false).await.expect(200);
    assert_eq!(decisions(&app, &company).await, [true, false]);
    invariants::check(&app).await;
}

/// PAR3, U5
#[tokio::test]
async fn only_the_customer_suspends_its_link() {
    let (app, partner, company) = partner_and_company().await;
    suspend(&app, EVE, &company, &partner, true).await.refuses(404, "partner-not-linked");
    suspend(&app, EVE, &company, &partner, false).await.refuses(404, "partner-not-linked");
    link(&app, &partner, &company, true).await.expect(200);
    let other = app.create_organization(BOB, "Other").await;
    app.add_member(EVE, &company, CY, "user").await;
    suspend(&app, CY, &company, &partner, true).await.refuses(403, "missing-permission");
    suspend(&app, ADA, &company, &partner, true).await.refuses(404, "no-such-organization");
    suspend(&app, OPERATOR, &company, &partner, true).await.refuses(403, "operator-read-only");
    suspend(&app, ADA, &partner, &company, true).await.refuses(404, "partner-not-linked");
    suspend(&app, BOB, &other, &partner, true).await.refuses(404, "partner-not-linked");
    let path = format!("{company}/partners/{}/suspension", id(&partner));
    for method in ["PUT", "DELETE"] {
        let stale = [("if-match", "\"1\"")];
        let stale = app.send_with(Some(EVE), method, &path, None, &stale).await;
        stale.refuses(412, "precondition-failed");
    }
    assert_eq!(decisions(&app, &company).await, [true, true]);
}

/// ORG5, PAR3: the partner's history does not name a member of the customer.
#[tokio::test]
async fn suspension_is_an_event_in_both_organizations() {
    let (app, partner, company) = partner_and_company().await;
    link(&app, &partner, &company, true).await.expect(200);
    for on in [true, true, false, false] {
        suspend(&app, EVE, &company, &partner, on).await;
    }
    for (org, other, actor) in
        [(&company, &partner, json!(EVE.email)), (&partner, &company, Value::Null)]
    {
        let history = app.history(org).await;
        let last = history.get(history.len() - 2..).unwrap();
        assert_eq!(each(last, "action"), ["customer_link.suspended", "customer_link.resumed"]);
        for event in last {
            assert_eq!(event["target"]["id"], id(other));
            let named = [&event["actor"]["email"], &event["actor"]["operator"]];
            assert_eq!(named, [&actor, &json!(false)]);
            assert_eq!(event["actor"]["id"].is_null(), actor.is_null());
        }
        assert_eq!([&last[0]["old"]["suspended"], &last[0]["new"]["suspended"]], [false, true]);
    }
}

/// PAR1
#[tokio::test]
async fn links_are_listed_in_pages() {
    let (app, partner, company) = partner_and_company().await;
    assert_snapshot!(link(&app, &partner, &company, false).await, @r#"
    200 OK
    {
      "customer_id": "org_…",
      "customer_name": "Company",
      "linked_at": "2026-11-21T12:00:04Z",
      "partner_id": "org_…",
      "partner_name": "Partner",
      "preferred": false,
      "suspended": false
    }
    "#);
    let mut linked = vec![id(&company).to_owned()];
    for n in 0..4 {
        let company = app.create_organization(EVE, &format!("Company {n}")).await;
        link(&app, &partner, &company, n % 2 == 0).await.expect(200);
        linked.push(id(&company).to_owned());
    }
    linked.sort();
    let found = app.list_all(OPERATOR, &format!("{}?limit=2", customers(&partner))).await;
    assert_eq!(each(&found, "customer_id"), linked);
}
