//! Partner organizations and their links to customers (PAR1, PAR2).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
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
                "partner_id": id(&partner), "customer_id": id(&company), "preferred": preferred,
            })
        });
        assert_eq!([&linked[1]["old"], &linked[1]["new"]], recorded.each_ref());
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
      "linked_at": "2026-11-21T12:00:04Z",
      "partner_id": "org_…",
      "preferred": false
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
