//! Many concurrent requests. Each test counts the outcomes, and `check` then inspects all stored data.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cleanup::Summary;
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::{
    domain::{Event, EventAction},
    http::Limits,
};
use tokio::sync::Barrier;

use crate::{
    invariants::{Table, check, scan},
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, TestApp, identity},
};

#[derive(Clone)]
struct Request {
    caller: Identity,
    method: &'static str,
    path: String,
    body: Value,
    key: Option<&'static str>,
}

fn request(
    caller: Identity,
    method: &'static str,
    path: impl Into<String>,
    body: Value,
) -> Request {
    Request { caller, method, path: path.into(), body, key: None }
}

fn post(caller: Identity, path: impl Into<String>, body: Value) -> Request {
    request(caller, "POST", path, body)
}

fn delete(caller: Identity, path: impl Into<String>) -> Request {
    request(caller, "DELETE", path, Value::Null)
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
async fn at_once(app: &Arc<TestApp>, requests: Vec<Request>) -> Vec<Answer> {
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
fn count_outcomes(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut outcomes = BTreeMap::new();
    for answer in answers {
        let outcome = format!("{} {}", answer.status.as_u16(), answer.problem());
        *outcomes.entry(outcome.trim().to_owned()).or_default() += 1;
    }
    outcomes
}

#[track_caller]
fn assert_outcomes(answers: &[Answer], allowed: &[&str]) {
    let outcomes = count_outcomes(answers);
    let unexpected = outcomes.keys().find(|outcome| !allowed.contains(&outcome.as_str()));
    assert_eq!(unexpected, None, "{outcomes:?}");
}

#[track_caller]
fn count(answers: &[Answer], outcome: &str) -> usize {
    count_outcomes(answers).get(outcome).copied().unwrap_or_default()
}

/// `size` users whose names start with `kind`.
fn users(kind: &str, size: usize) -> Vec<Identity> {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let one =
        |nth| identity(leak(format!("{kind}{nth}")), leak(format!("{kind}{nth}@example.com")));
    (0..size).map(one).collect()
}

/// ADA's organization with `size` members of one role.
async fn acme_with(app: &TestApp, role: &str, size: usize) -> (String, Vec<Identity>) {
    let acme = app.create_organization(ADA, "Acme").await;
    let people = users("p", size);
    for person in &people {
        app.add_member(ADA, &acme, *person, role).await;
    }
    (acme, people)
}

async fn events(app: &TestApp, action: EventAction) -> Vec<Event> {
    let Table { orgs, .. } = Table::read(&scan(app).await);
    let all = orgs.into_values().flat_map(|part| part.events);
    all.filter(|event| event.action == action).collect()
}

async fn clean_up(app: &TestApp, at: i64) -> Summary {
    let now = Timestamp::from_millisecond(at).unwrap();
    let summary = cleanup::run(&app.store, now, "clean-up", || false).await.unwrap();
    assert_eq!(summary.failed, 0);
    summary
}

/// SA2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_concurrent_transfers_succeeds() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 4).await;
    let path = format!("{acme}/transfer");
    let new_super_admin = |nth: usize| json!({ "member_id": format!("@{}", admins[nth % 4].sub) });
    let requests = (0..32).map(|nth| post(ADA, &path, new_super_admin(nth))).collect();
    let answers = at_once(&app, requests).await;
    assert_eq!(count(&answers, "200"), 1);
    assert_outcomes(
        &answers,
        &["200", "409 super-admin-changed", "403 super-admin-required", "409 target-not-admin"],
    );
    check(&app).await;
}

/// SA5: the counts of users stay exact.
#[tokio::test]
async fn former_super_admin_is_counted_and_can_leave() {
    let app = Arc::new(TestApp::new().await);
    // A random shard of the counter is chosen for each address.
    for _ in 0..6 {
        let (acme, new_super_admin) = acme_with(&app, "admin", 1).await;
        let to = json!({ "member_id": format!("@{}", new_super_admin[0].sub) });
        app.post(ADA, &format!("{acme}/transfer"), to).await.expect(200);
        check(&app).await;
        app.post(ADA, &format!("{acme}/leave"), json!({})).await.expect(204);
        check(&app).await;
    }
}

/// INV7. Sentry GHSA-jv85-mqxj-3f9j, MISP CVE-2026-107276.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_acceptances_make_one_member() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_organization(ADA, "Acme").await;
    let path = format!("{}/accept", app.create_invitation(ADA, &acme, CY.email, "user").await);
    let others = users("x", 64).into_iter().map(|other| post(other, &path, json!({})));
    let right = (0..64).map(|_| post(CY, &path, json!({})));
    let requests = right.zip(others).flat_map(|(right, other)| [right, other]).collect();
    let answers = at_once(&app, requests).await;
    let (right, others): (Vec<_>, Vec<_>) =
        answers.into_iter().enumerate().partition(|(nth, _)| nth % 2 == 0);
    let plain = |answers: Vec<(usize, Answer)>| -> Vec<_> {
        answers.into_iter().map(|(_, answer)| answer).collect()
    };
    let (right, others) = (plain(right), plain(others));
    assert_outcomes(&others, &["404 no-such-invitation"]);
    assert_outcomes(&right, &["200"]);
    assert!(right.iter().all(|answer| answer.text == right[0].text));
    assert_eq!(events(&app, EventAction::InvitationAccepted).await.len(), 1);
    check(&app).await;
}

/// INV2, INV3. clevis #248.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_invitations_in_many_spellings_make_one() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_organization(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let spellings = [
        "zoe@bücher.example",
        "ZOE@BÜCHER.example",
        " zoe@xn--bcher-kva.example ",
        "Zoe@bu\u{308}cher.EXAMPLE",
        "zoe@XN--BCHER-KVA.example",
    ];
    let offer = |nth: usize| json!({ "email": spellings[nth % 5], "role_id": "user" });
    let requests = (0..50).map(|nth| post(ADA, &path, offer(nth))).collect();
    let answers = at_once(&app, requests).await;
    assert_eq!(count(&answers, "201"), 1);
    assert_eq!(count(&answers, "409 already-invited"), 49);
    let id = answers.iter().find(|answer| answer.status == 201).unwrap().id();
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(refused.body["invitation_id"], json!(id));
    }
    check(&app).await;
    app.delete(ADA, &format!("{path}/{id}")).await.expect(204);
    assert!(app.get(ADA, &path).await.expect(200).items().is_empty());
    check(&app).await;
}

/// SUB5, SA1. Open WebUI CVE-2026-45675, GHSA-h3ww-q6xx-w7x3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_concurrent_joins_succeeds() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 31).await;
    app.update_settings(&acme, json!({ "manage_sub_organizations": true })).await;
    let below = app.create_empty_sub_organization(&acme, "Below").await;
    let all = admins.into_iter().chain([ADA]);
    let requests = all.map(|admin| post(admin, format!("{below}/join"), json!({}))).collect();
    let answers = at_once(&app, requests).await;
    assert_eq!(count(&answers, "200"), 1);
    assert_eq!(count(&answers, "409 organization-not-empty"), 31);
    check(&app).await;
}

/// INV8, SA1: the requests run around the moment when the first Admin's invitation expires.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_admin_accepting_while_others_join_makes_one_super_admin() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 16).await;
    let below = app.create_sub_organization_for(CY, &acme).await;
    let mine = app.get(CY, "/v1/me/invitations").await.expect(200);
    let mine = &mine.items()[0];
    let accept = format!("{below}/invitations/{}/accept", mine["id"].as_str().unwrap());
    let expires: Timestamp = mine["expires_at"].as_str().unwrap().parse().unwrap();
    app.wait(expires.as_millisecond() - app.now() - 16_000);
    let requests = admins.iter().flat_map(|admin| {
        [post(CY, &accept, json!({})), post(*admin, format!("{below}/join"), json!({}))]
    });
    let answers = at_once(&app, requests.collect()).await;
    assert_outcomes(
        &answers,
        &["200", "409 organization-not-empty", "409 invitation-expired", "404 no-such-invitation"],
    );
    check(&app).await;
    assert!(events(&app, EventAction::SuperAdminAssigned).await.len() <= 1);
}

/// ROLE6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn role_is_either_deleted_or_granted() {
    for round in 0..4 {
        let app = Arc::new(TestApp::new().await);
        let (acme, users) = acme_with(&app, "user", 6).await;
        let role = app.create_role(ADA, &acme, "Night", json!({})).await;
        let invite = |nth: usize| {
            let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": role });
            post(ADA, format!("{acme}/invitations"), offer)
        };
        let give = |nth: usize| {
            let path = format!("{acme}/members/@{}", users[nth % 6].sub);
            request(ADA, "PATCH", path, json!({ "role_id": role }))
        };
        let remove = |_| delete(ADA, format!("{acme}/roles/{role}"));
        let mut requests: Vec<Request> =
            (0..10).flat_map(|nth| [remove(nth), give(nth), invite(nth)]).collect();
        requests.rotate_left(round);
        let answers = at_once(&app, requests).await;
        assert_outcomes(
            &answers,
            &[
                "200",
                "201",
                "204",
                "404 no-such-role",
                "409 role-in-use",
                "409 changed-concurrently",
            ],
        );
        let given = count(&answers, "200") + count(&answers, "201");
        assert!(count(&answers, "204") <= 1 && (count(&answers, "204") == 1) == (given == 0));
        check(&app).await;
    }
}

/// ROLE7, ROLE8: a grant repeats the levels that were judged, as a condition.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn role_raised_during_a_grant_is_not_granted_above_own_levels() {
    let app = Arc::new(TestApp::new().await);
    let (acme, users) = acme_with(&app, "user", 8).await;
    let managers =
        app.create_role(ADA, &acme, "Managers", json!({ "user_management": "full_access" })).await;
    let night = app.create_role(ADA, &acme, "Night", json!({})).await;
    app.add_member(ADA, &acme, BOB, &managers).await;
    let level = |nth: usize| if nth.is_multiple_of(2) { "full_access" } else { "none" };
    let edit = |nth: usize| {
        let levels = json!({ "permissions": { "security_management": level(nth) } });
        request(ADA, "PATCH", format!("{acme}/roles/{night}"), levels)
    };
    let give = |nth: usize| {
        let path = format!("{acme}/members/@{}", users[nth % 8].sub);
        request(BOB, "PATCH", path, json!({ "role_id": night }))
    };
    let invite = |nth: usize| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": night });
        post(BOB, format!("{acme}/invitations"), offer)
    };
    let requests = (0..12).flat_map(|nth| [edit(nth), give(nth), invite(nth)]).collect();
    let answers = at_once(&app, requests).await;
    assert_outcomes(
        &answers,
        &["200", "201", "403 exceeds-own-permissions", "409 changed-concurrently"],
    );
    check(&app).await;
}

/// SA1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transfer_target_leaving_demoted_or_removed_at_once_keeps_one_super_admin() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 12).await;
    let requests = admins.iter().flat_map(|admin| {
        [
            post(
                ADA,
                format!("{acme}/transfer"),
                json!({ "member_id": format!("@{}", admin.sub) }),
            ),
            post(*admin, format!("{acme}/leave"), json!({})),
            delete(ADA, format!("{acme}/members/@{}", admin.sub)),
            request(
                ADA,
                "PATCH",
                format!("{acme}/members/@{}", admin.sub),
                json!({ "role_id": "user" }),
            ),
        ]
    });
    let answers = at_once(&app, requests.collect()).await;
    let transferred = answers.iter().step_by(4).filter(|answer| answer.status == 200);
    assert!(transferred.count() <= 1, "{:?}", count_outcomes(&answers));
    check(&app).await;
}

/// INV7, INV10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitation_accepted_resent_revoked_declined_and_cleaned_up_ends_once() {
    for round in 0..4_i64 {
        let app = Arc::new(TestApp::new().await);
        let acme = app.create_organization(ADA, "Acme").await;
        let mine = app.create_invitation(ADA, &acme, CY.email, "user").await;
        // Some requests come before it expires, some after.
        app.wait(7 * DAY - 18_000 - 4_000 * round);
        let from = app.now();
        let cleaning = (0..4).map(|nth| clean_up(&app, from + nth * 8_000));
        let requests = (0..8).flat_map(|_| {
            [
                post(CY, format!("{mine}/accept"), json!({})),
                post(ADA, format!("{mine}/resend"), json!({})),
                delete(ADA, &mine),
                post(CY, format!("{mine}/decline"), json!({})),
            ]
        });
        let both = join(join_all(cleaning), at_once(&app, requests.collect()));
        let (summaries, answers) = both.await;
        let ended: u32 = summaries.iter().map(|summary| summary.expired).sum();
        let ended = usize::try_from(ended).unwrap();
        assert_outcomes(
            &answers,
            &[
                "200",
                "204",
                "404 no-such-invitation",
                "409 changed-concurrently",
                "409 invitation-expired",
            ],
        );
        let accepted = events(&app, EventAction::InvitationAccepted).await.len();
        assert_eq!(accepted + ended + count(&answers, "204"), 1, "{:?}", count_outcomes(&answers));
        check(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_with_one_key_have_one_effect_and_one_response() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_tree(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "admin").await;
    let pending = app.create_invitation(ADA, &acme, "old@example.com", "user").await;
    let offer = json!({ "email": CY.email, "role_id": "user" });
    let paths = [
        (format!("{acme}/invitations"), offer, "201", 1),
        (format!("{pending}/resend"), json!({}), "200", 1),
        (format!("{acme}/roles"), json!({ "name": "Night" }), "201", 1),
        (format!("{acme}/sub-organizations"), json!({ "name": "Branch" }), "201", 1),
        ("/v1/organizations".to_owned(), json!({ "name": "Another" }), "201", 0),
        (format!("{acme}/transfer"), json!({ "member_id": "@bob" }), "200", 1),
    ];
    for (path, body, status, events_here) in paths {
        let before = app.actions(&acme).await.len();
        let one = Request { key: Some("k-1"), ..post(ADA, &path, body) };
        let answers = at_once(&app, vec![one; 32]).await;
        assert_outcomes(&answers, &[status]);
        let same = |answer: &Answer| {
            answer.text == answers[0].text
                && answer.headers.get("location") == answers[0].headers.get("location")
        };
        assert!(answers.iter().all(same), "{path}");
        assert_eq!(app.actions(&acme).await.len() - before, events_here, "{path}");
    }
    let me = app.get(ADA, "/v1/me").await;
    assert_eq!(me.body["organizations"].as_array().unwrap().len(), 3);
    check(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_bodies_with_one_key_have_one_effect() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_organization(ADA, "Acme").await;
    let requests = (0..32).map(|nth| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": "user" });
        Request { key: Some("k-1"), ..post(ADA, format!("{acme}/invitations"), offer) }
    });
    let answers = at_once(&app, requests.collect()).await;
    assert_eq!(count(&answers, "201"), 1);
    assert_eq!(count(&answers, "422 idempotency-key-reused"), 31);
    check(&app).await;
}

/// INV12
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_invitations_stop_at_the_limit() {
    let limits = Limits { max_pending: 10, ..Limits::default() };
    let app = Arc::new(TestApp::with(limits).await);
    let acme = app.create_organization(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let requests = |from: usize| {
        let offer = |nth| json!({ "email": format!("i{nth}@example.com"), "role_id": "user" });
        (from..from + 64).map(|nth| post(ADA, &path, offer(nth))).collect::<Vec<_>>()
    };
    let answers = at_once(&app, requests(0)).await;
    assert_eq!(count(&answers, "201"), 10, "{:?}", count_outcomes(&answers));
    assert_eq!(count(&answers, "429 pending-invitation-limit"), 54);
    check(&app).await;
    let open = answers.iter().find(|answer| answer.status == 201).unwrap().id();
    app.delete(ADA, &format!("{path}/{open}")).await.expect(204);
    let answers = at_once(&app, requests(64)).await;
    assert_eq!(count(&answers, "201"), 1, "{:?}", count_outcomes(&answers));
    check(&app).await;
}

/// INV2, INV12
#[tokio::test]
async fn expired_invitation_is_replaced_at_the_limit() {
    let limits = Limits { max_pending: 4, ..Limits::default() };
    let app = TestApp::with(limits).await;
    let acme = app.create_organization(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let invite = async |nth: i32| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": "user" });
        app.post(ADA, &path, offer).await
    };
    for nth in 0..4 {
        invite(nth).await.expect(201);
    }
    invite(4).await.expect(429);
    app.wait(8 * DAY);
    for nth in 0..4 {
        invite(nth).await.expect(201);
        check(&app).await;
    }
    invite(4).await.expect(429);
}

/// INV1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn demoted_inviter_invites_before_the_demotion_or_not_at_all() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 4).await;
    let invites = (0..28).map(|nth: usize| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": "admin" });
        post(admins[nth % 4], format!("{acme}/invitations"), offer)
    });
    let demotions = admins.iter().map(|admin| {
        request(
            ADA,
            "PATCH",
            format!("{acme}/members/@{}", admin.sub),
            json!({ "role_id": "user" }),
        )
    });
    let requests = invites.chain(demotions).collect();
    let answers = at_once(&app, requests).await;
    assert_eq!(count(&answers, "200"), 4);
    assert_outcomes(
        &answers,
        &["200", "201", "403 missing-permission", "409 changed-concurrently"],
    );
    let late = format!("{acme}/invitations");
    let offer = json!({ "email": "late@example.com", "role_id": "user" });
    app.post(admins[0], &late, offer).await.expect(403);
    check(&app).await;
}

/// SA1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_members_who_remove_each_other_stays() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 32).await;
    let requests =
        (0..32).map(|nth| delete(admins[nth], format!("{acme}/members/@{}", admins[nth ^ 1].sub)));
    let answers = at_once(&app, requests.collect()).await;
    for pair in answers.chunks(2) {
        assert_eq!(count(pair, "204"), 1, "{:?}", count_outcomes(pair));
    }
    assert_outcomes(&answers, &["204", "404 no-such-organization"]);
    check(&app).await;
}

/// SA5
#[tokio::test]
async fn member_who_leaves_twice_at_once_leaves_once() {
    let (app, layer) = TestApp::with_fault_layer(Limits::default()).await;
    let acme = app.create_organization(ADA, "Acme").await;
    app.add_member(ADA, &acme, BOB, "user").await;
    let path = format!("{acme}/leave");
    let leave = || app.post(BOB, &path, json!({}));
    // Both read, then both write.
    let (first, second, _) = layer.interleave(&[0, 1, 0, 1], leave(), leave()).await;
    assert_outcomes(&[first, second], &["204", "404 no-such-member"]);
    check(&app).await;
}

/// INV10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_clean_ups_end_each_invitation_once() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_organization(ADA, "Acme").await;
    let mut links = Vec::new();
    let people = users("c", 32);
    for person in &people {
        links.push(app.create_invitation(ADA, &acme, person.email, "user").await);
    }
    app.wait(8 * DAY);
    let at = app.now();
    let cleaning = (0..3).map(|_| clean_up(&app, at));
    let resent = links.iter().take(16).map(|link| post(ADA, format!("{link}/resend"), json!({})));
    let accepted = links
        .iter()
        .zip(&people)
        .map(|(link, person)| post(*person, format!("{link}/accept"), json!({})));
    let both = join(join_all(cleaning), at_once(&app, resent.chain(accepted).collect()));
    let (summaries, answers) = both.await;
    assert_outcomes(
        &answers,
        &["200", "404 no-such-invitation", "409 invitation-expired", "409 changed-concurrently"],
    );
    let ended: u32 = summaries.iter().map(|summary| summary.expired).sum();
    let resent = count(&answers[..16], "200");
    assert_eq!(usize::try_from(ended).unwrap() + resent, 32);
    assert_eq!(events(&app, EventAction::InvitationExpired).await.len(), 32 - resent);
    check(&app).await;
}

/// INV10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clean_up_finishes_the_work_of_a_stopped_one() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_organization(ADA, "Acme").await;
    for person in users("c", 24) {
        app.create_invitation(ADA, &acme, person.email, "user").await;
    }
    app.create_invitation(ADA, &acme, EVE.email, "user").await;
    app.wait(8 * DAY);
    let at = app.now();
    for milliseconds in [2, 5, 10, 15] {
        let _ = tokio::time::timeout(Duration::from_millis(milliseconds), clean_up(&app, at)).await;
    }
    // A transaction that was sent may still commit.
    tokio::time::sleep(Duration::from_millis(50)).await;
    check(&app).await;
    let before = events(&app, EventAction::InvitationExpired).await.len();
    let rest = clean_up(&app, at).await;
    assert_eq!(before + usize::try_from(rest.expired).unwrap(), 25);
    assert_eq!(clean_up(&app, at).await, Summary::default());
    assert_eq!(events(&app, EventAction::InvitationExpired).await.len(), 25);
    check(&app).await;
}

/// ORG2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_concurrent_decisions_on_a_join_request_succeeds() {
    let app = Arc::new(TestApp::new().await);
    let (acme, admins) = acme_with(&app, "admin", 4).await;
    let domain = format!("{acme}/domains/example.com");
    app.send(Some(ADA), "PUT", &domain, None).await.expect(200);
    let path = format!("{acme}/join-requests");
    for round in 0..4 {
        let applicant = users("q", 4)[round];
        let id = app.post(applicant, &path, json!({})).await.expect(201).id();
        let offer = json!({ "email": applicant.email, "role_id": "user" });
        let mut requests = vec![
            delete(applicant, format!("{path}/mine")),
            post(ADA, format!("{acme}/invitations"), offer),
        ];
        for admin in &admins {
            requests.push(post(*admin, format!("{path}/{id}/approve"), json!({})));
            requests.push(post(*admin, format!("{path}/{id}/decline"), json!({})));
        }
        let answers = at_once(&app, requests).await;
        let ended = answers[2..].iter().chain([&answers[0]]);
        let ended = ended.filter(|answer| answer.status.is_success()).count();
        assert_eq!(ended, 1, "{:?}", count_outcomes(&answers));
        check(&app).await;
    }
}

/// ORG2
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_join_requests_are_counted_exactly() {
    let app = Arc::new(TestApp::new().await);
    let acme = app.create_organization(ADA, "Acme").await;
    let domain = format!("{acme}/domains/example.com");
    app.send(Some(ADA), "PUT", &domain, None).await.expect(200);
    let path = format!("{acme}/join-requests");
    let people = users("q", 24);
    let requests = people.iter().flat_map(|person| {
        let request = post(*person, &path, json!({}));
        [request.clone(), request]
    });
    let answers = at_once(&app, requests.collect()).await;
    assert_eq!(count(&answers, "201"), 24);
    assert_outcomes(&answers, &["201", "409 join-request-pending"]);
    let requests = people.iter().map(|person| delete(*person, format!("{path}/mine")));
    let answers = at_once(&app, requests.chain([delete(ADA, &domain)]).collect()).await;
    assert_eq!(count(&answers, "204"), 25);
    check(&app).await;
}
