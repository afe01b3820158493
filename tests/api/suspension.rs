//! `/v1/operator/organizations/{org}/suspension`.

use serde_json::{Value, json};

use crate::{
    helpers::{id, operator_path},
    invariants::check,
    partners::link,
    scenario::{Operation, Scenario},
    test_app::{ADA, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp},
};

/// SA7
#[tokio::test]
async fn members_of_a_suspended_organization_are_refused_with_the_reason() {
    let (app, acme) = TestApp::with_acme().await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let globex = app.create_organization(BOB, "Globex").await;
    let before = app.get(OPERATOR, &operator_path(&acme)).await.expect(200).body;
    let suspended = app.suspend(&acme).await.expect(200).body;
    assert_eq!(suspended["suspension"]["reason"], "Invoices are unpaid.");
    for (caller, path) in [(ADA, "/members"), (ADA, ""), (ADA, "/security"), (BOB, "/permissions")]
    {
        let refused = app.get(caller, &format!("{acme}{path}")).await;
        let refused = refused.refuses(403, "organization-suspended");
        assert_eq!(refused.body["reason"], "Invoices are unpaid.");
    }
    app.post(BOB, &format!("{acme}/leave"), json!({})).await.refuses(403, "organization-suspended");
    // Their other organizations are not affected, and strangers learn nothing.
    app.get(BOB, &globex).await.expect(200);
    app.get(EVE, &acme).await.refuses(404, "no-such-organization");
    check(&app).await;
    app.resume(&acme).await.expect(204);
    app.get(ADA, &format!("{acme}/members")).await.expect(200);
    assert_eq!(app.get(OPERATOR, &operator_path(&acme)).await.body, before);
    check(&app).await;
}

/// SA7
#[tokio::test]
async fn own_organizations_say_which_are_suspended() {
    let (app, acme) = TestApp::with_acme().await;
    app.create_organization(ADA, "Globex").await;
    app.suspend(&acme).await.expect(200);
    let mine = app.get(ADA, "/v1/me").await.expect(200);
    let mine = mine.body["organizations"].as_array().unwrap().clone();
    let shown: Vec<_> = mine.iter().map(|org| (&org["name"], &org["suspended"])).collect();
    assert_eq!(shown, [(&json!("Acme"), &json!(true)), (&json!("Globex"), &json!(false))]);
}

/// SA7
#[tokio::test]
async fn nobody_enters_a_suspended_organization() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.create_join_request(CY, &acme).await;
    let below = app.create_empty_sub_organization(&acme, "Below").await;
    app.suspend(&acme).await.expect(200);
    for (caller, path) in [
        (BOB, format!("{invitation}/accept")),
        (EVE, format!("{acme}/join-requests")),
        // The membership that lets Ada join is in the suspended organization.
        (ADA, format!("{below}/join")),
    ] {
        let refused = app.post(caller, &path, json!({})).await;
        refused.refuses(403, "organization-suspended");
    }
    let joinable = app.get(EVE, "/v1/me/joinable-organizations").await.expect(200);
    assert_eq!(joinable.items(), [Value::Null; 0]);
    app.resume(&acme).await.expect(204);
    app.suspend(&below).await.expect(200);
    app.post(ADA, &format!("{below}/join"), json!({})).await.refuses(403, "organization-suspended");
    app.resume(&below).await.expect(204);
    for (caller, path) in [(BOB, format!("{invitation}/accept")), (ADA, format!("{below}/join"))] {
        app.post(caller, &path, json!({})).await.expect(200);
    }
    check(&app).await;
}

/// SA7: the reason is for members.
#[tokio::test]
async fn outsiders_learn_that_an_organization_is_suspended_without_the_reason() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    let path = format!("{invitation}/mine");
    let suspended =
        async || app.get(BOB, &path).await.expect(200).body["organization_suspended"].clone();
    assert_eq!(suspended().await, false);
    app.suspend(&acme).await.expect(200);
    assert_eq!(suspended().await, true);
    let received = app.get(BOB, "/v1/me/invitations").await.expect(200);
    assert_eq!(received.items()[0]["organization_suspended"], true);
    let (accept, ask) = (format!("{invitation}/accept"), format!("{acme}/join-requests"));
    for (caller, path) in [(BOB, accept), (EVE, ask)] {
        let refused = app.post(caller, &path, json!({})).await;
        let refused = refused.refuses(403, "organization-suspended");
        assert_eq!(refused.body["reason"], Value::Null);
        assert!(!refused.text.contains("unpaid"), "{refused:?}");
    }
}

/// SA7, INV7, ORG2
#[tokio::test]
async fn outsiders_decline_and_cancel_in_a_suspended_organization() {
    let (app, acme) = TestApp::with_acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let invitation = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.create_join_request(CY, &acme).await;
    app.suspend(&acme).await.expect(200);
    app.post(BOB, &format!("{invitation}/decline"), json!({})).await.expect(204);
    app.delete(CY, &format!("{acme}/join-requests/mine")).await.expect(204);
    check(&app).await;
}

/// SA7, OP1. A suspension holds for the organization alone.
#[tokio::test]
async fn operators_and_organizations_below_go_on() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let below = app.create_sub_organization(ADA, &acme, "Below").await;
    app.suspend(&acme).await.expect(200);
    app.get(OPERATOR, &format!("{acme}/members")).await.expect(200);
    app.update_settings(&acme, json!({ "kind": "partner" })).await;
    app.appoint(&acme, BOB, "removed").await.expect(200);
    app.create_empty_sub_organization(&acme, "Another").await;
    app.patch(ADA, &below, json!({ "name": "Still below" })).await.expect(200);
    app.get(BOB, &acme).await.refuses(403, "organization-suspended");
    check(&app).await;
}

/// SA7, INV10
#[tokio::test]
async fn clean_up_works_in_a_suspended_organization() {
    let (app, acme) = TestApp::with_acme().await;
    app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.suspend(&acme).await.expect(200);
    app.wait(8 * DAY);
    let now = jiff::Timestamp::from_millisecond(app.now()).unwrap();
    let summary = cleanup::run(&app.store, now, || now, "clean-up", || false).await.unwrap();
    assert_eq!((summary.expired, summary.failed), (1, 0));
    check(&app).await;
}

/// SA7
#[tokio::test]
async fn suspending_again_changes_the_reason_and_is_recorded() {
    let (app, acme) = TestApp::with_acme().await;
    let first = app.suspend(&acme).await.expect(200).body;
    assert_eq!(app.suspend(&acme).await.expect(200).body, first);
    let path = format!("{}/suspension", operator_path(&acme));
    let again = app.put(OPERATOR, &path, json!({ "reason": "Fraud." })).await.expect(200).body;
    let suspension = json!({ "reason": "Fraud.", "since": first["suspension"]["since"] });
    assert_eq!(again["suspension"], suspension);
    for _ in 0..2 {
        app.resume(&acme).await.expect(204);
    }
    let history = app.history(&acme).await;
    let last: Vec<_> = history.iter().skip(1).map(|it| (&it["action"], &it["reason"])).collect();
    let expected = [
        ("organization.suspended", "Invoices are unpaid."),
        ("organization.suspended", "Fraud."),
        ("organization.resumed", "Invoices are paid."),
    ];
    let expected = expected.map(|(action, reason)| (json!(action), json!(reason)));
    assert_eq!(last, expected.each_ref().map(|(action, reason)| (action, reason)));
    assert!(history[1..].iter().all(|event| event["actor"]["operator"] == true));
    for body in [json!({}), json!({ "reason": " " })] {
        app.put(OPERATOR, &path, body).await.refuses(422, "invalid-request");
    }
    check(&app).await;
}

const OPEN: &str = "license_management.open_page";
const BELOW: &str = "license_management_sub_organizations.view_active_licenses";
const CUSTOMER: &str = "license_management_customer_organizations.view_active_licenses";

/// SA7, ORG6: as the resource, as the ancestor, and as the partner.
#[tokio::test]
async fn decisions_through_a_suspended_organization_are_denied_with_the_reason() {
    let app = TestApp::new().await;
    let partner = app.create_partner(ADA, "Partner").await;
    app.update_settings(&partner, json!({ "manage_sub_organizations": true })).await;
    let below = app.create_empty_sub_organization(&partner, "Below").await;
    let customer = app.create_organization(CY, "Customer").await;
    link(&app, &partner, &customer, true).await.expect(200);
    let questions = [(OPEN, &partner), (BELOW, &below), (CUSTOMER, &customer)];
    for (nth, suspended) in [&partner, &partner, &partner, &below, &customer].iter().enumerate() {
        let (action, resource) = questions[[0, 1, 2, 1, 2][nth]];
        let decide = async || decision(&app, ADA, action, resource).await;
        assert_eq!(decide().await["decision"], true, "{action}");
        app.suspend(suspended).await.expect(200);
        let denied = decide().await;
        assert_eq!(denied["decision"], false, "{action}");
        assert_eq!(denied["context"]["code"], "suspended", "{denied}");
        assert_eq!(denied["context"]["who_could_grant"]["who"], "operators");
        app.resume(suspended).await.expect(204);
    }
    check(&app).await;
}

async fn decision(app: &TestApp, subject: Identity, action: &str, org: &str) -> Value {
    let body = json!({
        "subject": { "type": "user", "id": subject.sub },
        "action": { "name": action },
        "resource": { "type": "organization", "id": id(org) },
        "context": { "explain": true },
    });
    let service = Identity { scope: "decisions", ..EVE };
    app.post(service, "/access/v1/evaluation", body).await.expect(200).body
}

/// The organizations whose suspension stops an operation of a member.
fn suspended_for(operation: &Operation) -> Vec<String> {
    let path = operation.path.as_deref().unwrap_or_default();
    // From outside, a person can still decline an invitation and cancel a request.
    let from_outside =
        [" declines", " cancels her request"].iter().any(|end| operation.name.ends_with(end));
    let is_members = operation.caller != OPERATOR && !path.is_empty() && !from_outside;
    let org = path.split('/').take(4).collect::<Vec<_>>().join("/");
    if is_members { vec![org] } else { vec![] }
}

/// SA7: a member's write that read before the suspension does not commit after it.
#[tokio::test]
async fn each_write_of_a_member_is_refused_after_a_suspension_that_it_did_not_read() {
    let scenario = Scenario::new().await;
    let acme = scenario.operation("ADA renames Acme").path.clone().unwrap();
    let mut tried = 0;
    for operation in &scenario.operations {
        let mut orgs = suspended_for(operation);
        if operation.name.ends_with("joins Empty") {
            orgs.push(acme.clone());
        }
        for org in orgs {
            let alone = scenario.run_alone(operation, None).await;
            let reads = alone.calls.iter().position(|(name, _)| name == "TransactWriteItems");
            scenario.reset().await;
            // The operation reads, the suspension runs completely, the operation writes.
            let order = [vec![0; reads.unwrap()], vec![1; 8]].concat();
            let suspension = scenario.app.suspend(&org);
            let (late, done, calls) =
                scenario.layer.interleave(&order, scenario.run(operation), suspension).await;
            done.expect(200);
            let name = operation.name;
            if name.contains("in a batch") {
                assert!(late.text.contains("organization-suspended"), "{name}: {late:?}");
            } else {
                assert!(late.status == 403, "{name} in {org}: {late:?} {calls:?}");
                assert!(late.text.contains("organization-suspended"), "{name}: {late:?}");
            }
            let (broken, state) = scenario.inspect().await;
            assert_eq!(broken, [""; 0], "{name}");
            assert_eq!(state.events, scenario.initial().events + 1, "{name} has written");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}
