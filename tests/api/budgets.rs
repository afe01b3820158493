//! Budgets of mail to strangers, of organizations and of join requests (INV14).

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::{domain::Budgets, http::Deployment};

use crate::{
    helpers::{DEE, nth_user},
    invariants::check,
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, TestApp, ample},
};

const MINUTE: i64 = 60 * 1_000;

/// Budgets as a deployment has them by default, but for one.
fn only(budgets: Budgets) -> Deployment {
    Deployment { budgets, ..ample() }
}

/// Asserts a refusal by a budget; returns the seconds until it is available again.
#[track_caller]
fn spent(answer: Answer, budget: &str, limit: u32) -> i64 {
    let answer = answer.refuses(429, "budget-spent");
    assert_eq!((&answer.body["budget"], &answer.body["limit"]), (&json!(budget), &json!(limit)));
    let header = answer.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(answer.body["retry_after"], header);
    header
}

fn default_of(pick: impl Fn(Budgets, &mut Budgets)) -> Deployment {
    let mut budgets = ample().budgets;
    pick(Budgets::default(), &mut budgets);
    only(budgets)
}

#[tokio::test]
async fn invitation_is_sent_once_a_minute_and_five_times_a_day() {
    let deployment = default_of(|own, all| {
        all.sending_interval_seconds = own.sending_interval_seconds;
        all.sendings_per_invitation = own.sendings_per_invitation;
    });
    let app = TestApp::with(deployment).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let resend = format!("{}/resend", app.create_invitation(ADA, &acme, BOB.email, "user").await);
    let rest = spent(app.post(ADA, &resend, json!({})).await, "sending_interval", 60);
    assert!((57..=60).contains(&rest), "{rest}");
    for sending in 2..=5 {
        app.wait(MINUTE);
        let sent = app.post(ADA, &resend, json!({})).await.expect(200);
        assert_eq!(sent.body["send_count"], sending);
    }
    app.wait(MINUTE);
    // Noon, some minutes later: twelve hours of the UTC day are left.
    let rest = spent(app.post(ADA, &resend, json!({})).await, "sendings_per_invitation", 5);
    assert!((42_000..=43_200).contains(&rest), "{rest}");
    app.wait(rest * 1_000);
    app.post(ADA, &resend, json!({})).await.expect(200);
    check(&app).await;
}

#[tokio::test]
async fn address_is_invited_five_times_a_day_by_all_organizations_together() {
    let app = TestApp::with(default_of(|own, all| {
        all.invitations_per_address = own.invitations_per_address;
    }))
    .await;
    let mut orgs = Vec::new();
    for n in 0..7 {
        orgs.push(app.create_organization(nth_user(n), &format!("Org {n}")).await);
    }
    for (n, org) in orgs.iter().enumerate().take(5) {
        // An invitation counts, even if it is revoked, or refused because the address is in use.
        let path = app.create_invitation(nth_user(n), org, BOB.email, "user").await;
        app.invite(nth_user(n), org, BOB.email, "user").await.refuses(409, "already-invited");
        app.delete(nth_user(n), &path).await.expect(204);
    }
    let invite = || app.invite(nth_user(5), &orgs[5], "BOB@Example.com", "user");
    let rest = spent(invite().await, "invitations_per_address", 5);
    app.invite(nth_user(5), &orgs[5], CY.email, "user").await.expect(201);
    // An operator's invitation of a first Admin is not counted.
    app.create_partner(BOB, "Partner").await;
    app.wait(rest * 1_000);
    invite().await.expect(201);
    check(&app).await;
}

#[tokio::test]
async fn organization_invites_200_people_on_its_first_day_and_2000_on_each_later_one() {
    let deployment = Deployment {
        budgets: Budgets { invitations_on_first_day: 5, invitations_per_day: 8, ..ample().budgets },
        ..ample()
    };
    let app = TestApp::with(deployment).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let batch = |from: usize, to: usize| {
        let item = |n| json!({ "email": nth_user(n).email, "role_id": "user" });
        json!({ "invitations": (from..to).map(item).collect::<Vec<_>>() })
    };
    let path = format!("{acme}/invitations/batch");
    app.invite(ADA, &acme, BOB.email, "user").await.expect(201);
    let sent = app.post(ADA, &path, batch(0, 6)).await.expect(200);
    assert_eq!(statuses(&sent), [201, 201, 201, 201, 429, 429]);
    let problem = &sent.body["outcomes"][4]["problem"];
    assert_eq!(problem["budget"], "invitations_per_organization");
    let rest = problem["retry_after"].as_i64().unwrap();
    let one = app.invite(ADA, &acme, CY.email, "user").await;
    spent(one, "invitations_per_organization", 5);
    // The first day begins with the organization, so it ends a day later.
    assert!((DAY / 1_000 - 60..=DAY / 1_000).contains(&rest), "{rest}");
    app.wait(rest * 1_000);
    let sent = app.post(ADA, &path, batch(10, 20)).await.expect(200);
    assert_eq!(statuses(&sent), [201, 201, 201, 201, 201, 201, 201, 201, 429, 429]);
    check(&app).await;
}

fn statuses(batch: &Answer) -> Vec<i64> {
    let outcomes = batch.body["outcomes"].as_array().unwrap();
    outcomes.iter().map(|outcome| outcome["status"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn batch_refuses_only_the_address_whose_budget_is_spent() {
    let app = TestApp::with(only(Budgets { invitations_per_address: 1, ..ample().budgets })).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let globex = app.create_organization(EVE, "Globex").await;
    app.invite(EVE, &globex, BOB.email, "user").await.expect(201);
    let item = |to: Identity| json!({ "email": to.email, "role_id": "user" });
    let batch = json!({ "invitations": [item(CY), item(BOB), item(DEE)] });
    let sent = app.post(ADA, &format!("{acme}/invitations/batch"), batch).await.expect(200);
    assert_eq!(statuses(&sent), [201, 429, 201]);
    check(&app).await;
}

#[tokio::test]
async fn person_creates_five_organizations_a_day() {
    let app = TestApp::with(default_of(|own, all| {
        all.organizations_per_person = own.organizations_per_person;
    }))
    .await;
    for n in 0..5 {
        app.create_organization(ADA, &format!("Org {n}")).await;
    }
    let found = || app.post(ADA, "/v1/organizations", json!({ "name": "Sixth" }));
    let rest = spent(found().await, "organizations_per_person", 5);
    app.create_organization(BOB, "Another").await;
    app.wait(rest * 1_000);
    found().await.expect(201);
    check(&app).await;
}

#[tokio::test]
async fn person_asks_to_join_an_organization_three_times_a_day() {
    let app = TestApp::with(default_of(|own, all| {
        all.join_requests_per_person = own.join_requests_per_person;
    }))
    .await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let requests = format!("{acme}/join-requests");
    let ask = |by| app.post(by, &requests, json!({}));
    for _ in 0..3 {
        ask(BOB).await.expect(201);
        app.delete(BOB, &format!("{requests}/mine")).await.expect(204);
    }
    let rest = spent(ask(BOB).await, "join_requests_per_person", 3);
    ask(CY).await.expect(201);
    app.wait(rest * 1_000);
    ask(BOB).await.expect(201);
    check(&app).await;
}

#[tokio::test]
async fn address_that_declined_is_not_invited_for_thirty_days_unless_its_person_asks_to_join() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let globex = app.create_organization(EVE, "Globex").await;
    let decline = async |by: Identity| {
        let path = app.create_invitation(ADA, &acme, by.email, "user").await;
        app.post(by, &format!("{path}/decline"), json!({})).await.expect(204);
    };
    let invite = |to: Identity| app.invite(ADA, &acme, to.email, "user");
    decline(BOB).await;
    let refused = invite(BOB).await.refuses(429, "invitation-declined");
    let rest = refused.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap();
    assert!((30 * 86_400 - 60..=30 * 86_400).contains(&rest), "{rest}");
    let item = json!({ "email": BOB.email, "role_id": "user" });
    let batch = json!({ "invitations": [item] });
    let sent = app.post(ADA, &format!("{acme}/invitations/batch"), batch).await.expect(200);
    assert_eq!(statuses(&sent), [429]);
    // Another organization did not bother Bob.
    app.invite(EVE, &globex, BOB.email, "user").await.expect(201);

    decline(CY).await;
    let requests = format!("{acme}/join-requests");
    app.post(CY, &requests, json!({})).await.expect(201);
    app.delete(CY, &format!("{requests}/mine")).await.expect(204);
    invite(CY).await.expect(201);

    app.wait(30 * DAY);
    invite(BOB).await.expect(201);
    check(&app).await;
}

/// A request to join that was made before the invitation was declined can still be approved.
#[tokio::test]
async fn declined_invitation_does_not_stop_an_approval() {
    let (app, acme) = TestApp::with_approved_domain().await;
    let request = app.create_join_request(BOB, &acme).await;
    let path = app.create_invitation(ADA, &acme, BOB.email, "user").await;
    app.post(BOB, &format!("{path}/decline"), json!({})).await.expect(204);
    app.post(ADA, &format!("{request}/approve"), json!({})).await.expect(200);
    check(&app).await;
}

/// The budgets are conditions of the writes, so no two requests can both use the last one.
#[tokio::test]
async fn budgets_are_exact_under_concurrency() {
    let budgets = Budgets {
        invitations_per_address: 3,
        organizations_per_person: 4,
        invitations_on_first_day: 30,
        ..ample().budgets
    };
    let app = TestApp::with(only(budgets)).await;
    let mut orgs = Vec::new();
    for n in 0..8 {
        orgs.push(app.create_organization(nth_user(n), &format!("Org {n}")).await);
    }
    let invites = orgs.iter().enumerate().map(|(n, org)| {
        let app = &app;
        async move { app.invite(nth_user(n), org, BOB.email, "user").await }
    });
    assert_eq!(counted(join_all(invites).await), outcomes(3, 5));

    let created =
        (0..8).map(|n| {
            let app = &app;
            async move {
                app.post(ADA, "/v1/organizations", json!({ "name": format!("New {n}") })).await
            }
        });
    assert_eq!(counted(join_all(created).await), outcomes(4, 4));

    let acme = app.create_organization(EVE, "Acme").await;
    let batches = (0..4).map(|nth| {
        let item =
            |n: usize| json!({ "email": nth_user(100 + 20 * nth + n).email, "role_id": "user" });
        let body = json!({ "invitations": (0..20).map(item).collect::<Vec<_>>() });
        let (app, path) = (&app, format!("{acme}/invitations/batch"));
        async move { app.post(EVE, &path, body).await.expect(200) }
    });
    let sent: Vec<_> = join_all(batches).await.iter().flat_map(statuses).collect();
    assert_eq!(sent.iter().filter(|&&status| status == 201).count(), 30, "{sent:?}");
    check(&app).await;
}

fn outcomes(done: usize, refused: usize) -> BTreeMap<u16, usize> {
    BTreeMap::from([(201, done), (429, refused)])
}

fn counted(answers: Vec<Answer>) -> BTreeMap<u16, usize> {
    let mut all = BTreeMap::new();
    for answer in answers {
        *all.entry(answer.status.as_u16()).or_default() += 1;
    }
    all
}

/// A refused request leaves the budget as it was; so does a repeat with the same key.
#[tokio::test]
async fn only_what_happened_is_counted() {
    let app = TestApp::with(only(Budgets { organizations_per_person: 1, ..ample().budgets })).await;
    let (path, key) = ("/v1/organizations", [("idempotency-key", "once")]);
    let bad: Value = json!({ "name": "" });
    app.post(ADA, path, bad).await.refuses(422, "invalid-request");
    let body = Some(json!({ "name": "Acme" }));
    let first = app.send_with(Some(ADA), "POST", path, body.clone(), &key).await.expect(201);
    let again = app.send_with(Some(ADA), "POST", path, body, &key).await.expect(201);
    assert_eq!(first.body, again.body);
    spent(app.post(ADA, path, json!({ "name": "B" })).await, "organizations_per_person", 1);
}

/// A mail about critical alerts reaches an address like an invitation does, and counts like one.
#[tokio::test]
async fn address_and_organization_budgets_count_critical_alert_users() {
    let budgets =
        Budgets { invitations_per_address: 1, invitations_on_first_day: 2, ..ample().budgets };
    let app = TestApp::with(only(budgets)).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let path = format!("{acme}/critical-alert-users");
    let add = async |email: &str| app.post(ADA, &path, json!({ "email": email })).await;
    add(BOB.email).await.expect(201);
    add(BOB.email).await.expect(201);
    let body = json!({ "email": BOB.email, "role_id": "user" });
    let invited = app.post(ADA, &format!("{acme}/invitations"), body).await;
    spent(invited, "invitations_per_address", 1);
    add(CY.email).await.expect(201);
    let refused = add(EVE.email).await;
    let detail = refused.body["detail"].as_str().unwrap().to_owned();
    assert!(detail.ends_with("Invite or add the others tomorrow."), "{detail}");
    spent(refused, "invitations_per_organization", 2);
}
