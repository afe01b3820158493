//! Partners: their customers, and what a link switches on and off.

use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{self, Refusal, RequestContext},
    store::{Error, LinkChange},
};

use crate::{
    helpers::{each, id, operators},
    invariants,
    test_app::{ADA, Answer, BOB, CY, EVE, OPERATOR, TestApp},
};

/// What depends on having any customer, and what on being preferred by one.
const LICENSES: &str = "license_management_customer_organizations";
const SUPPORT: &str = "support_service_customer_organizations";

/// A partner whose Super Admin is Ada, and Eve's company, which is nobody's customer yet.
async fn market() -> (TestApp, String, String) {
    let world = TestApp::new().await;
    let partner = world.partner(ADA, "Partner").await;
    let company = world.found(EVE, "Company").await;
    (world, partner, company)
}

fn customers(partner: &str) -> String {
    format!("{}/customers", operators(partner))
}

async fn link(world: &TestApp, partner: &str, customer: &str, preferred: bool) -> Answer {
    let path = format!("{}/{}", customers(partner), id(customer));
    world.send(Some(OPERATOR), "PUT", &path, Some(json!({ "preferred": preferred }))).await
}

async fn unlink(world: &TestApp, partner: &str, customer: &str) -> Answer {
    world.delete(OPERATOR, &format!("{}/{}", customers(partner), id(customer))).await
}

/// The levels that Ada effectively holds on what links switch.
async fn held(world: &TestApp, partner: &str) -> [Value; 2] {
    let mine = world.get(ADA, &format!("{partner}/permissions")).await.expect(200);
    [LICENSES, SUPPORT].map(|object| mine.body["permissions"][object].clone())
}

/// PAR1
#[tokio::test]
async fn an_operator_links_a_partner_to_a_customer() {
    let (world, partner, company) = market().await;
    assert_snapshot!(link(&world, &partner, &company, false).await, @r#"
    200 OK
    {
      "customer_id": "org_…",
      "linked_at": "2026-11-21T12:00:04Z",
      "partner_id": "org_…",
      "preferred": false
    }
    "#);
    let list = world.get(OPERATOR, &customers(&partner)).await.expect(200);
    assert_eq!(each(list.items(), "customer_id"), [id(&company)]);
    invariants::check(&world).await;
}

/// PAR2, ROLE5: the role objects of customers come and go with the links, and only they do.
#[tokio::test]
async fn links_switch_the_role_objects_of_customers_on_and_off() {
    let (world, partner, company) = market().await;
    let none = [Value::Null, Value::Null];
    assert_eq!(held(&world, &partner).await, none);
    link(&world, &partner, &company, false).await.expect(200);
    assert_eq!(held(&world, &partner).await, [json!("full_access"), Value::Null]);
    link(&world, &partner, &company, true).await.expect(200);
    assert_eq!(held(&world, &partner).await, [json!("full_access"), json!("full_access")]);

    // One customer's preference is enough, and the last customer is who matters.
    let other = world.found(BOB, "Other").await;
    link(&world, &partner, &other, false).await.expect(200);
    unlink(&world, &partner, &company).await.expect(204);
    assert_eq!(held(&world, &partner).await, [json!("full_access"), Value::Null]);
    unlink(&world, &partner, &other).await.expect(204);
    assert_eq!(held(&world, &partner).await, none);
    invariants::check(&world).await;
}

/// ROLE5: what a custom role says of customers can be set while there are any, and sleeps while there are none.
#[tokio::test]
async fn a_stored_level_survives_the_last_customer() {
    let (world, partner, company) = market().await;
    let wanted = json!({ "name": "Field", "permissions": { LICENSES: "view_only" } });
    let path = format!("{partner}/roles");
    world.post(ADA, &path, wanted.clone()).await.refuses(422, "role-object-not-available");
    link(&world, &partner, &company, false).await.expect(200);
    let role = world.post(ADA, &path, wanted).await.expect(201).id();
    world.bring(ADA, &partner, CY, &role).await;
    let mine = async || {
        let mine = world.get(CY, &format!("{partner}/permissions")).await.expect(200);
        mine.body["permissions"][LICENSES].clone()
    };
    assert_eq!(mine().await, "view_only");
    unlink(&world, &partner, &company).await.expect(204);
    assert_eq!(mine().await, Value::Null);
    link(&world, &partner, &company, false).await.expect(200);
    assert_eq!(mine().await, "view_only");
}

/// PAR1: partners work for customers, and for nobody else.
#[tokio::test]
async fn only_a_partner_is_linked_and_only_to_a_standard_organization() {
    let (world, partner, company) = market().await;
    let other = world.partner(BOB, "Rival").await;
    let standard = world.found(CY, "Standard").await;
    link(&world, &standard, &company, true).await.refuses(409, "partner-required");
    link(&world, &partner, &other, true).await.refuses(409, "customer-must-be-standard");
    link(&world, &partner, &partner, true).await.refuses(409, "customer-must-be-standard");
    let nobody = "/v1/organizations/org_01JD7Z0000000000000000000A";
    link(&world, &partner, nobody, true).await.refuses(404, "no-such-organization");
    link(&world, nobody, &company, true).await.refuses(404, "no-such-organization");
    unlink(&world, &partner, &company).await.refuses(404, "customer-not-linked");
    invariants::check(&world).await;
}

/// PAR1: a link would be left between two of a kind.
#[tokio::test]
async fn who_is_linked_keeps_its_kind() {
    let (world, partner, company) = market().await;
    link(&world, &partner, &company, true).await.expect(200);
    for (org, kind, counts) in [(&partner, "standard", [1, 0]), (&company, "partner", [0, 1])] {
        let refused = world.patch(OPERATOR, &operators(org), json!({ "kind": kind })).await;
        let refused = refused.refuses(409, "organization-linked");
        assert_eq!([&refused.body["customers"], &refused.body["partners"]], counts);
    }
    unlink(&world, &partner, &company).await.expect(204);
    world.switch(&partner, json!({ "kind": "standard" })).await;
    world.switch(&company, json!({ "kind": "partner" })).await;
    invariants::check(&world).await;
}

/// PAR1: a link that was decided when its customer was none of its own kind comes too late.
#[tokio::test]
async fn nobody_is_linked_who_became_a_partner_a_moment_ago() {
    let (world, partner, company) = market().await;
    let read = async |org: &str| {
        let org = id(org).parse().unwrap();
        world.store.organization(org).await.unwrap().unwrap()
    };
    let (before, customer) = (read(&partner).await, read(&company).await);
    let at = Timestamp::from_millisecond(world.now()).unwrap();
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

    world.switch(&company, json!({ "kind": "partner" })).await;
    let (partner, customer) = (&before, &customer);
    let change = LinkChange { partner, customer, before: None, after: Some(link), deleted: None };
    let late = world.store.link_customer(&act, change, &()).await.unwrap_err();
    assert!(matches!(late, Error::Refused(Refusal::ChangedConcurrently)), "{late:?}");
    invariants::check(&world).await;
}

/// ORG5: both sides can read who works for whom, and the same wish again is no change.
#[tokio::test]
async fn a_link_is_told_in_both_histories() {
    let (world, partner, company) = market().await;
    for preferred in [false, false, true] {
        link(&world, &partner, &company, preferred).await.expect(200);
    }
    unlink(&world, &partner, &company).await.expect(204);
    let told = ["customer_link.added", "customer_link.updated", "customer_link.removed"];
    for (org, other) in [(&partner, &company), (&company, &partner)] {
        let history = world.history(org).await;
        let linked = |event: &&Value| event["action"].as_str().unwrap().starts_with("customer");
        let linked: Vec<Value> = history.iter().filter(linked).cloned().collect();
        assert_eq!(each(&linked, "action"), told);
        for event in &linked {
            assert_eq!(event["target"]["type"], "customer_link");
            assert_eq!(event["target"]["id"], id(other));
            assert_eq!(event["actor"]["operator"], true);
        }
        let said = |preferred| json!({ "partner_id": id(&partner), "customer_id": id(&company), "preferred": preferred });
        assert_eq!([&linked[1]["old"], &linked[1]["new"]], [&said(false), &said(true)]);
    }
}

/// PAR1: a partner may have many customers, a page at a time.
#[tokio::test]
async fn customers_are_listed_a_page_at_a_time() {
    let (world, partner, _) = market().await;
    let mut linked = Vec::new();
    for n in 0..5 {
        let company = world.found(EVE, &format!("Company {n}")).await;
        link(&world, &partner, &company, n % 2 == 0).await.expect(200);
        linked.push(id(&company).to_owned());
    }
    linked.sort();
    let found = world.walk(OPERATOR, &format!("{}?limit=2", customers(&partner))).await;
    assert_eq!(each(&found, "customer_id"), linked);
    world.get(OPERATOR, &format!("{}?sort=name", customers(&partner))).await.expect(422);
}
