//! Many concurrent requests. Each test counts the outcomes, and `check` then inspects all stored data. `interleavings.rs`
//! runs pairs of requests in every order.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::{join, join_all};
use insta::assert_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{Event, EventAction},
    http::Deployment,
};
use tokio::sync::Barrier;

use crate::{
    helpers::{nth_user, operator_path},
    invariants::{Table, check, scan},
    test_app::{ADA, Answer, BOB, CY, DAY, Identity, OPERATOR, TestApp, ample},
};

#[derive(Clone)]
struct Request {
    caller: Identity,
    method: &'static str,
    path: String,
    body: Value,
    key: Option<&'static str>,
}

fn request(by: Identity, method: &'static str, path: impl Into<String>, body: Value) -> Request {
    Request { caller: by, method, path: path.into(), body, key: None }
}

fn post(caller: Identity, path: impl Into<String>, body: Value) -> Request {
    request(caller, "POST", path, body)
}

fn delete(caller: Identity, path: impl Into<String>) -> Request {
    request(caller, "DELETE", path, Value::Null)
}

fn accept(caller: Identity, invitation: &str) -> Request {
    post(caller, format!("{invitation}/accept"), json!({}))
}

fn invite(by: Identity, org: &str, email: &str, role: &str) -> Request {
    post(by, format!("{org}/invitations"), json!({ "email": email, "role_id": role }))
}

fn change_role(by: Identity, org: &str, target: Identity, role: &str) -> Request {
    let path = format!("{org}/members/@{}", target.sub);
    request(by, "PATCH", path, json!({ "role_id": role }))
}

fn remove(by: Identity, org: &str, target: Identity) -> Request {
    delete(by, format!("{org}/members/@{}", target.sub))
}

fn transfer(by: Identity, org: &str, to: Identity) -> Request {
    let body = json!({ "member_id": format!("@{}", to.sub) });
    post(by, format!("{org}/transfer"), body)
}

impl Request {
    async fn send(&self, app: &TestApp) -> Answer {
        let key = self.key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = key.into_iter().collect();
        let body = (!self.body.is_null()).then(|| self.body.clone());
        app.send_with(Some(self.caller), self.method, &self.path, body, &headers).await
    }
}

/// Sends all requests at the same moment. Returns the answers in the same order; none is a server
/// error.
async fn at_once(app: &Arc<TestApp>, requests: impl IntoIterator<Item = Request>) -> Vec<Answer> {
    let requests: Vec<_> = requests.into_iter().collect();
    let barrier = Arc::new(Barrier::new(requests.len()));
    let running = requests.into_iter().map(|request| {
        let (app, barrier) = (Arc::clone(app), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            let answer = request.send(&app).await;
            let Request { caller, method, path, .. } = request;
            assert!(answer.status.as_u16() < 500, "{} {method} {path}: {answer}", caller.sub);
            answer
        })
    });
    let running: Vec<_> = running.collect();
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

/// How often each outcome occurred.
fn count_outcomes<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for answer in answers {
        let outcome = format!("{} {}", answer.status.as_u16(), answer.problem());
        *outcomes.entry(outcome.trim().to_owned()).or_default() += 1;
    }
    outcomes
}

/// Asserts the outcomes: those with a number occurred so many times, `others` any number of times.
#[track_caller]
fn assert_outcomes<'a>(
    answers: impl IntoIterator<Item = &'a Answer>,
    exactly: &[(&str, usize)],
    others: &str,
) {
    let outcomes = count_outcomes(answers);
    for (outcome, times) in exactly {
        assert_eq!(outcomes.get(*outcome), Some(times), "{outcome} of {outcomes:?}");
    }
    let known = |outcome: &str| {
        others.split(", ").any(|other| other == outcome)
            || exactly.iter().any(|(exact, _)| *exact == outcome)
    };
    assert!(outcomes.keys().all(|outcome| known(outcome)), "unexpected: {outcomes:?}");
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

async fn acme() -> (Arc<TestApp>, String) {
    let (app, acme) = TestApp::with_acme().await;
    (Arc::new(app), acme)
}

/// ADA's organization with `size` members of one role.
async fn acme_with(role: &str, size: usize) -> (Arc<TestApp>, String, Vec<Identity>) {
    let (app, acme) = acme().await;
    let people: Vec<_> = (0..size).map(nth_user).collect();
    for person in &people {
        app.add_member(ADA, &acme, *person, role).await;
    }
    (app, acme, people)
}

async fn events(app: &TestApp, action: EventAction) -> Vec<Event> {
    let Table { orgs, .. } = Table::read(&scan(app).await);
    let all = orgs.into_values().flat_map(|part| part.events);
    all.filter(|event| event.action == action).collect()
}

/// Runs the clean-up. Returns the number of ended invitations.
async fn clean_up(app: &TestApp, at: i64) -> usize {
    let now = Timestamp::from_millisecond(at).unwrap();
    let summary = cleanup::run(&app.store, now, || now, "clean-up", || false).await.unwrap();
    assert_eq!(summary.failed, 0);
    usize::try_from(summary.expired).unwrap()
}

/// SA6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appointments_transfers_and_removals_at_once_keep_one_super_admin() {
    let (app, acme, people) = acme_with("admin", 8).await;
    let requests = people.iter().enumerate().flat_map(|(nth, &person)| {
        let former = if nth % 2 == 0 { "admin" } else { "removed" };
        let body = json!({
            "member_id": format!("@{}", person.sub), "former": former, "reason": "Gone.",
        });
        let path = format!("{}/super-admin", operator_path(&acme));
        [
            post(OPERATOR, path, body),
            transfer(ADA, &acme, person),
            change_role(ADA, &acme, person, "user"),
            remove(person, &acme, people[(nth + 1) % 8]),
        ]
    });
    let answers = at_once(&app, requests).await;
    assert!(answers.iter().all(|answer| answer.status.as_u16() < 500), "{answers:?}");
    check(&app).await;
}

/// INV7. Sentry GHSA-jv85-mqxj-3f9j, MISP CVE-2026-107276.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_acceptances_make_one_member() {
    let (app, acme) = acme().await;
    let mine = app.create_invitation(ADA, &acme, CY.email, "user").await;
    let requests = (0..64).flat_map(|nth| [accept(CY, &mine), accept(nth_user(nth), &mine)]);
    let answers = at_once(&app, requests).await;
    let invited = || answers.iter().step_by(2);
    assert_outcomes(invited(), &[("200", 64)], "");
    assert!(invited().all(|answer| answer.text == answers[0].text));
    assert_outcomes(answers.iter().skip(1).step_by(2), &[("404 no-such-invitation", 64)], "");
    assert_eq!(events(&app, EventAction::InvitationAccepted).await.len(), 1);
    check(&app).await;
}

/// INV8, SA1: the requests run around the moment when the first Admin's invitation expires.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_admin_accepting_while_others_join_makes_one_super_admin() {
    let (app, acme, admins) = acme_with("admin", 16).await;
    let below = app.create_sub_organization_for(CY, &acme).await;
    let mine = app.get(CY, "/v1/me/invitations").await.expect(200).items()[0].clone();
    let invitation = format!("{below}/invitations/{}", mine["id"].as_str().unwrap());
    let expires: Timestamp = mine["expires_at"].as_str().unwrap().parse().unwrap();
    app.wait(expires.as_millisecond() - app.now() - 16_000);
    let requests = admins.iter().flat_map(|admin| {
        [accept(CY, &invitation), post(*admin, format!("{below}/join"), json!({}))]
    });
    let answers = at_once(&app, requests).await;
    let outcomes =
        "200, 409 organization-not-empty, 409 invitation-expired, 404 no-such-invitation";
    assert_outcomes(&answers, &[], outcomes);
    check(&app).await;
    assert!(events(&app, EventAction::SuperAdminAssigned).await.len() <= 1);
}

/// The levels of all roles are one set, which an edit replaces. Every edit changes its role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roles_edited_at_once_all_change() {
    let (app, acme) = acme().await;
    let mut edits = Vec::new();
    for name in ["Day", "Night", "Weekend"] {
        let role = app.create_role(ADA, &acme, name, json!({})).await;
        let path = format!("{acme}/roles/{role}");
        let levels = json!({ "permissions": { "security_management": "view_only" } });
        edits.push(request(ADA, "PATCH", path, levels));
    }
    let answers = at_once(&app, edits.clone()).await;
    assert_outcomes(&answers, &[("200", 3)], "");
    for edit in edits {
        let role = app.get(ADA, &edit.path).await.expect(200).body;
        assert_eq!(role["permissions"]["security_management"], "view_only", "{role}");
    }
    check(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_with_one_key_have_one_effect_and_one_response() {
    let (app, acme) = TestApp::with_tree("Acme").await;
    let app = Arc::new(app);
    app.add_member(ADA, &acme, BOB, "admin").await;
    let pending = app.create_invitation(ADA, &acme, "old@example.com", "user").await;
    let create = |path: &str, name: &str| post(ADA, path, json!({ "name": name }));
    for (request, status, events_here) in [
        (invite(ADA, &acme, CY.email, "user"), "201", 1),
        (post(ADA, format!("{pending}/resend"), json!({})), "200", 1),
        (create(&format!("{acme}/roles"), "Night"), "201", 1),
        (create(&format!("{acme}/sub-organizations"), "Branch"), "201", 1),
        (create("/v1/organizations", "Another"), "201", 0),
        (transfer(ADA, &acme, BOB), "200", 1),
    ] {
        let before = app.actions(&acme).await.len();
        let request = Request { key: Some("k-1"), ..request };
        let answers = at_once(&app, vec![request.clone(); 32]).await;
        assert_outcomes(&answers, &[(status, 32)], "");
        let text = |answer: &Answer| (answer.text.clone(), answer.headers.get("location").cloned());
        assert!(answers.iter().all(|it| text(it) == text(&answers[0])), "{}", request.path);
        assert_eq!(app.actions(&acme).await.len() - before, events_here, "{}", request.path);
    }
    let me = app.get(ADA, "/v1/me").await;
    assert_eq!(me.body["organizations"].as_array().unwrap().len(), 3);
    // Of several bodies with one key, one has an effect.
    let requests = (0..32)
        .map(|nth| Request { key: Some("k-2"), ..invite(BOB, &acme, nth_user(nth).email, "user") });
    let answers = at_once(&app, requests).await;
    assert_outcomes(&answers, &[("201", 1), ("422 idempotency-key-reused", 31)], "");
    check(&app).await;
}

/// INV2, INV12
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_invitations_stop_at_the_limit() {
    let deployment = Deployment { max_pending: 10, ..ample() };
    let app = Arc::new(TestApp::with(deployment).await);
    let acme = app.create_organization(ADA, "Acme").await;
    let requests = |from: usize| {
        let acme = &acme;
        (from..from + 64).map(move |nth| invite(ADA, acme, nth_user(nth).email, "user"))
    };
    let answers = at_once(&app, requests(0)).await;
    assert_outcomes(&answers, &[("201", 10), ("429 pending-invitation-limit", 54)], "");
    check(&app).await;
    assert_snapshot!(app.invite(ADA, &acme, BOB.email, "user").await.summary(), @r#"
    429 pending-invitation-limit: Pending invitation limit reached
    This organization has 10 pending invitations, which is the limit. Revoke some, or wait until some are accepted or expire.
    limit: 10
    "#);
    // A revoked and an accepted invitation make room for others.
    let mut invited = (0..64).filter(|nth| answers[*nth].status == 201);
    let open = answers[invited.next().unwrap()].id();
    app.delete(ADA, &format!("{acme}/invitations/{open}")).await.expect(204);
    app.accept(nth_user(invited.next().unwrap()), &acme).await.expect(200);
    let answers = at_once(&app, requests(64)).await;
    assert_outcomes(&answers, &[("201", 2), ("429 pending-invitation-limit", 62)], "");
    check(&app).await;
    // An expired invitation counts until it is replaced, and the new one takes its place.
    app.wait(8 * DAY);
    for expired in app.list_all(ADA, &format!("{acme}/invitations?limit=100")).await {
        app.invite(ADA, &acme, BOB.email, "user").await.expect(429);
        let email = expired["email"].as_str().unwrap();
        app.invite(ADA, &acme, email, "user").await.expect(201);
        check(&app).await;
    }
    app.invite(ADA, &acme, BOB.email, "user").await.expect(429);
}

/// ORG2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_join_requests_are_counted_exactly() {
    let (app, acme) = acme().await;
    app.approve_domain(ADA, &acme, "example.com").await.expect(200);
    let path = format!("{acme}/join-requests");
    let requests = (0..48).map(|nth| post(nth_user(nth / 2), &path, json!({})));
    let answers = at_once(&app, requests).await;
    assert_outcomes(&answers, &[("201", 24), ("409 join-request-pending", 24)], "");
    let cancelled = (0..24).map(|nth| delete(nth_user(nth), format!("{path}/mine")));
    let domain = delete(ADA, format!("{acme}/domains/example.com"));
    let answers = at_once(&app, cancelled.chain([domain])).await;
    assert_outcomes(&answers, &[("204", 25)], "");
    check(&app).await;
}

/// INV10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_clean_ups_end_each_invitation_once() {
    let (app, acme) = acme().await;
    let mut invitations = Vec::new();
    for nth in 0..32 {
        let invitee = nth_user(nth);
        invitations.push((invitee, app.create_invitation(ADA, &acme, invitee.email, "user").await));
    }
    app.wait(8 * DAY);
    let at = app.now();
    let cleaning = (0..3).map(|_| clean_up(&app, at));
    let resent = invitations[..16].iter();
    let resent = resent.map(|(_, path)| post(ADA, format!("{path}/resend"), json!({})));
    let accepted = invitations.iter().map(|(invitee, path)| accept(*invitee, path));
    let (expired, answers) = join(join_all(cleaning), at_once(&app, resent.chain(accepted))).await;
    let outcomes = "200, 404 no-such-invitation, 409 invitation-expired, 409 changed-concurrently";
    assert_outcomes(&answers, &[], outcomes);
    let resent = count(&answers[..16], 200);
    assert_eq!(expired.iter().sum::<usize>() + resent, 32);
    assert_eq!(events(&app, EventAction::InvitationExpired).await.len(), 32 - resent);
    check(&app).await;
}
