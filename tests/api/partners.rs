//! Partner organizations and their links to customers (PAR1, PAR2).

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{self, Refusal, RequestContext},
    store::{Error, LinkChange},
};

use crate::{
    helpers::{each, id, operator_path},
    invariants,
    test_app::{ADA, Answer, BOB, CY, EVE, OPERATOR, TestApp},
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

/// ADA's effective levels on the two role objects.
async fn effective_levels(app: &TestApp, partner: &str) -> [Value; 2] {
    let mine = app.get(ADA, &format!("{partner}/permissions")).await.expect(200);
    [LICENSES, SUPPORT].map(|object| mine.body["permissions"][object].clone())
}

/// PAR1
#[tokio::test]
async fn operator_links_a_partner_to_a_customer() {
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
    let list = app.get(OPERATOR, &customers(&partner)).await.expect(200);
    assert_eq!(each(list.items(), "customer_id"), [id(&company)]);
    invariants::check(&app).await;
}

/// PAR2, ROLE5
#[tokio::test]
async fn customer_role_objects_depend_on_links() {
    let (app, partner, company) = partner_and_company().await;
    let none = [Value::Null, Value::Null];
    assert_eq!(effective_levels(&app, &partner).await, none);
    link(&app, &partner, &company, false).await.expect(200);
    assert_eq!(effective_levels(&app, &partner).await, [json!("full_access"), Value::Null]);
    link(&app, &partner, &company, true).await.expect(200);
    assert_eq!(
        effective_levels(&app, &partner).await,
        [json!("full_access"), json!("full_access")]
    );

    // One customer's preference is enough. The objects stay until the last customer is unlinked.
    let other = app.create_organization(BOB, "Other").await;
    link(&app, &partner, &other, false).await.expect(200);
    unlink(&app, &partner, &company).await.expect(204);
    assert_eq!(effective_levels(&app, &partner).await, [json!("full_access"), Value::Null]);
    unlink(&app, &partner, &other).await.expect(204);
    assert_eq!(effective_levels(&app, &partner).await, none);
    invariants::check(&app).await;
}

/// ROLE5
#[tokio::test]
async fn stored_level_counts_again_with_the_next_customer() {
    let (app, partner, company) = partner_and_company().await;
    let body = json!({ "name": "Field", "permissions": { LICENSES: "view_only" } });
    let path = format!("{partner}/roles");
    app.post(ADA, &path, body.clone()).await.refuses(422, "role-object-not-available");
    link(&app, &partner, &company, false).await.expect(200);
    let role = app.post(ADA, &path, body).await.expect(201).id();
    app.add_member(ADA, &partner, CY, &role).await;
    let mine = async || {
        let mine = app.get(CY, &format!("{partner}/permissions")).await.expect(200);
        mine.body["permissions"][LICENSES].clone()
    };
    assert_eq!(mine().await, "view_only");
    unlink(&app, &partner, &company).await.expect(204);
    assert_eq!(mine().await, Value::Null);
    link(&app, &partner, &company, false).await.expect(200);
    assert_eq!(mine().await, "view_only");
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

/// PAR1
#[tokio::test]
async fn link_fails_when_the_customer_became_a_partner_concurrently() {
    let (app, partner, company) = partner_and_company().await;
    let read = async |org: &str| {
        let org = id(org).parse().unwrap();
        app.store.organization(org).await.unwrap().unwrap()
    };
    let (before, customer) = (read(&partner).await, read(&company).await);
    let at = Timestamp::from_millisecond(app.now()).unwrap();
    let request_id = "late".to_owned();
    let act = RequestContext {
        by: None,
        as_operator: true,
        at,
        request_id,
        seed: 7,
        idempotency_key: None,
    };
    let link = domain::link_customer(&before, &customer, None, None, true, at).unwrap();

    app.update_settings(&company, json!({ "kind": "partner" })).await;
    let (partner, customer) = (&before, &customer);
    let change = LinkChange { partner, customer, before: None, after: Some(link), deleted: None };
    let writes = app.store.transaction(&act).link_customer(change).unwrap();
    let late = writes.commit(&()).await.unwrap_err();
    assert!(matches!(late, Error::Refused(Refusal::ChangedConcurrently)), "{late:?}");
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
            assert_eq!(event["target"]["type"], "customer_link");
            assert_eq!(event["target"]["id"], id(other));
            assert_eq!(event["actor"]["operator"], true);
        }
        let recorded = |preferred| json!({ "partner_id": id(&partner), "customer_id": id(&company), "preferred": preferred });
        assert_eq!([&linked[1]["old"], &linked[1]["new"]], [&recorded(false), &recorded(true)]);
    }
}

/// PAR1
#[tokio::test]
async fn customers_are_listed_in_pages() {
    let (app, partner, _) = partner_and_company().await;
    let mut linked = Vec::new();
    for n in 0..5 {
        let company = app.create_organization(EVE, &format!("Company {n}")).await;
        link(&app, &partner, &company, n % 2 == 0).await.expect(200);
        linked.push(id(&company).to_owned());
    }
    linked.sort();
    let found = app.list_all(OPERATOR, &format!("{}?limit=2", customers(&partner))).await;
    assert_eq!(each(&found, "customer_id"), linked);
    app.get(OPERATOR, &format!("{}?sort=name", customers(&partner))).await.expect(422);
}
