//! Many requests at once, over HTTP to the engine; afterwards everything that must hold holds.

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
    test_app::{ADA, Answer, BOB, CY, DAY, EVE, Identity, OPERATOR, TestApp, who},
};

/// One request of many.
#[derive(Clone)]
struct Ask {
    who: Identity,
    method: &'static str,
    path: String,
    body: Value,
    key: Option<&'static str>,
}

fn ask(who: Identity, method: &'static str, path: impl Into<String>, body: Value) -> Ask {
    Ask { who, method, path: path.into(), body, key: None }
}

fn post(who: Identity, path: impl Into<String>, body: Value) -> Ask {
    ask(who, "POST", path, body)
}

fn delete(who: Identity, path: impl Into<String>) -> Ask {
    ask(who, "DELETE", path, Value::Null)
}

impl Ask {
    async fn send(&self, world: &TestApp) -> Answer {
        let key = self.key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = key.into_iter().collect();
        let body = (!self.body.is_null()).then(|| self.body.clone());
        world.send_with(Some(self.who), self.method, &self.path, body, &headers).await
    }
}

/// All of them at the same moment. Answers each, in the order asked; none is a server error.
async fn at_once(world: &Arc<TestApp>, asks: Vec<Ask>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(asks.len()));
    let running = asks.into_iter().map(|ask| {
        let (world, barrier) = (Arc::clone(world), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            let answer = ask.send(&world).await;
            let Ask { who, method, path, .. } = ask;
            assert!(answer.status.as_u16() < 500, "{} {method} {path}: {answer}", who.sub);
            answer
        })
    });
    let running: Vec<_> = running.collect();
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

/// How often which answer was given.
fn tally(answers: &[Answer]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let said = format!("{} {}", answer.status.as_u16(), answer.problem());
        *tally.entry(said.trim().to_owned()).or_default() += 1;
    }
    tally
}

#[track_caller]
fn only(answers: &[Answer], allowed: &[&str]) {
    let tally = tally(answers);
    let odd = tally.keys().find(|said| !allowed.contains(&said.as_str()));
    assert_eq!(odd, None, "{tally:?}");
}

#[track_caller]
fn count(answers: &[Answer], said: &str) -> usize {
    tally(answers).get(said).copied().unwrap_or_default()
}

/// People nobody has met before.
fn crowd(kind: &str, size: usize) -> Vec<Identity> {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let one = |nth| who(leak(format!("{kind}{nth}")), leak(format!("{kind}{nth}@example.com")));
    (0..size).map(one).collect()
}

async fn world() -> Arc<TestApp> {
    Arc::new(TestApp::new().await)
}

/// An organization of ADA's, with so many more of one role in it.
async fn with_crowd(world: &TestApp, role: &str, size: usize) -> (String, Vec<Identity>) {
    let acme = world.found(ADA, "Acme").await;
    let people = crowd("p", size);
    for person in &people {
        world.bring(ADA, &acme, *person, role).await;
    }
    (acme, people)
}

async fn invited(world: &TestApp, by: Identity, acme: &str, whom: Identity, role: &str) -> String {
    let path = format!("{acme}/invitations");
    let offer = json!({ "email": whom.email, "role_id": role });
    let id = world.post(by, &path, offer).await.expect(201).id();
    format!("{path}/{id}")
}

async fn events(world: &TestApp, action: EventAction) -> Vec<Event> {
    let Table { orgs, .. } = Table::read(&scan(world).await);
    let all = orgs.into_values().flat_map(|part| part.events);
    all.filter(|event| event.action == action).collect()
}

async fn clean_up(world: &TestApp, at: i64) -> Summary {
    let now = Timestamp::from_millisecond(at).unwrap();
    let summary = cleanup::run(&world.store, now, "clean-up", || false).await.unwrap();
    assert_eq!(summary.failed, 0);
    summary
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_transfers_at_once_one_wins() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 4).await;
    let path = format!("{acme}/transfer");
    let new_super_admin = |nth: usize| json!({ "member_id": format!("@{}", admins[nth % 4].sub) });
    let asks = (0..32).map(|nth| post(ADA, &path, new_super_admin(nth))).collect();
    let answers = at_once(&world, asks).await;
    assert_eq!(count(&answers, "200"), 1);
    only(
        &answers,
        &["200", "409 super-admin-changed", "403 super-admin-required", "409 target-not-admin"],
    );
    check(&world).await;
}

/// The former Super Admin is counted from the transfer on, wherever their address is counted.
#[tokio::test]
async fn whoever_handed_on_the_role_can_leave_and_the_counts_are_right() {
    let world = world().await;
    // Chance decides where an address is counted.
    for _ in 0..6 {
        let (acme, new_super_admin) = with_crowd(&world, "admin", 1).await;
        let to = json!({ "member_id": format!("@{}", new_super_admin[0].sub) });
        world.post(ADA, &format!("{acme}/transfer"), to).await.expect(200);
        check(&world).await;
        world.post(ADA, &format!("{acme}/leave"), json!({})).await.expect(204);
        check(&world).await;
    }
}

/// Row 04: INV7.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_accepted_by_many_at_once_makes_one_member() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{}/accept", invited(&world, ADA, &acme, CY, "user").await);
    let others = crowd("x", 64).into_iter().map(|other| post(other, &path, json!({})));
    let right = (0..64).map(|_| post(CY, &path, json!({})));
    let asks = right.zip(others).flat_map(|(right, other)| [right, other]).collect();
    let answers = at_once(&world, asks).await;
    let (right, others): (Vec<_>, Vec<_>) =
        answers.into_iter().enumerate().partition(|(nth, _)| nth % 2 == 0);
    let plain = |answers: Vec<(usize, Answer)>| -> Vec<_> {
        answers.into_iter().map(|(_, answer)| answer).collect()
    };
    let (right, others) = (plain(right), plain(others));
    only(&others, &["404 no-such-invitation"]);
    only(&right, &["200"]);
    assert!(right.iter().all(|answer| answer.text == right[0].text));
    assert_eq!(events(&world, EventAction::InvitationAccepted).await.len(), 1);
    check(&world).await;
}

/// Row 12: INV2, INV3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_invited_in_many_spellings_at_once_is_invited_once() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let spellings = [
        "zoe@bücher.example",
        "ZOE@BÜCHER.example",
        " zoe@xn--bcher-kva.example ",
        "Zoe@bu\u{308}cher.EXAMPLE",
        "zoe@XN--BCHER-KVA.example",
    ];
    let offer = |nth: usize| json!({ "email": spellings[nth % 5], "role_id": "user" });
    let asks = (0..50).map(|nth| post(ADA, &path, offer(nth))).collect();
    let answers = at_once(&world, asks).await;
    assert_eq!(count(&answers, "201"), 1);
    assert_eq!(count(&answers, "409 already-invited"), 49);
    let id = answers.iter().find(|answer| answer.status == 201).unwrap().id();
    for refused in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(refused.body["invitation_id"], json!(id));
    }
    check(&world).await;
    world.delete(ADA, &format!("{path}/{id}")).await.expect(204);
    assert!(world.get(ADA, &path).await.expect(200).items().is_empty());
    check(&world).await;
}

async fn empty_below(world: &TestApp, acme: &str, first: Option<Identity>) -> String {
    let operated = acme.replace("/v1/", "/v1/operator/");
    let on = json!({ "manage_sub_organizations": true });
    world.patch(OPERATOR, &operated, on).await.expect(200);
    let mut wanted = json!({ "name": "Below", "parent": acme.rsplit('/').next() });
    if let Some(first) = first {
        wanted["first_admin_email"] = json!(first.email);
    }
    let made = world.post(OPERATOR, "/v1/operator/organizations", wanted).await.expect(201);
    format!("/v1/organizations/{}", made.id())
}

/// Row 30: SUB5, SA1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_join_an_empty_sub_organization_at_once_one_gets_in() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 31).await;
    let below = empty_below(&world, &acme, None).await;
    let all = admins.into_iter().chain([ADA]);
    let asks = all.map(|admin| post(admin, format!("{below}/join"), json!({}))).collect();
    let answers = at_once(&world, asks).await;
    assert_eq!(count(&answers, "200"), 1);
    assert_eq!(count(&answers, "409 organization-not-empty"), 31);
    check(&world).await;
}

/// Row 30: INV8, SA1. Around the moment at which the first Admin's invitation expires, some still
/// accept, and others already join.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_admin_who_accepts_while_others_join_makes_one_super_admin() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 16).await;
    let below = empty_below(&world, &acme, Some(CY)).await;
    let mine = world.get(CY, "/v1/me/invitations").await.expect(200);
    let mine = &mine.items()[0];
    let accept = format!("{below}/invitations/{}/accept", mine["id"].as_str().unwrap());
    let expires: Timestamp = mine["expires_at"].as_str().unwrap().parse().unwrap();
    world.wait(expires.as_millisecond() - world.now() - 16_000);
    let asks = admins.iter().flat_map(|admin| {
        [post(CY, &accept, json!({})), post(*admin, format!("{below}/join"), json!({}))]
    });
    let answers = at_once(&world, asks.collect()).await;
    only(
        &answers,
        &["200", "409 organization-not-empty", "409 invitation-expired", "404 no-such-invitation"],
    );
    check(&world).await;
    assert!(events(&world, EventAction::SuperAdminAssigned).await.len() <= 1);
}

/// Row 37: ROLE6.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_deleted_while_it_is_given_is_deleted_or_given() {
    for round in 0..4 {
        let world = world().await;
        let (acme, users) = with_crowd(&world, "user", 6).await;
        let role = world.role(ADA, &acme, "Night", json!({})).await;
        let invite = |nth: usize| {
            let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": role });
            post(ADA, format!("{acme}/invitations"), offer)
        };
        let give = |nth: usize| {
            let path = format!("{acme}/members/@{}", users[nth % 6].sub);
            ask(ADA, "PATCH", path, json!({ "role_id": role }))
        };
        let remove = |_| delete(ADA, format!("{acme}/roles/{role}"));
        let mut asks: Vec<Ask> =
            (0..10).flat_map(|nth| [remove(nth), give(nth), invite(nth)]).collect();
        asks.rotate_left(round);
        let answers = at_once(&world, asks).await;
        only(
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
        check(&world).await;
    }
}

/// ROLE7, ROLE8: grants repeat the levels they were judged by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_raised_while_it_is_given_is_never_given_above_its_giver() {
    let world = world().await;
    let (acme, users) = with_crowd(&world, "user", 8).await;
    let managers =
        world.role(ADA, &acme, "Managers", json!({ "user_management": "full_access" })).await;
    let night = world.role(ADA, &acme, "Night", json!({})).await;
    world.bring(ADA, &acme, BOB, &managers).await;
    let level = |nth: usize| if nth.is_multiple_of(2) { "full_access" } else { "none" };
    let edit = |nth: usize| {
        let levels = json!({ "permissions": { "security_management": level(nth) } });
        ask(ADA, "PATCH", format!("{acme}/roles/{night}"), levels)
    };
    let give = |nth: usize| {
        let path = format!("{acme}/members/@{}", users[nth % 8].sub);
        ask(BOB, "PATCH", path, json!({ "role_id": night }))
    };
    let invite = |nth: usize| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": night });
        post(BOB, format!("{acme}/invitations"), offer)
    };
    let asks = (0..12).flat_map(|nth| [edit(nth), give(nth), invite(nth)]).collect();
    let answers = at_once(&world, asks).await;
    only(&answers, &["200", "201", "403 exceeds-own-permissions", "409 changed-concurrently"]);
    check(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_heir_who_leaves_or_is_removed_at_once_does_not_take_the_role_along() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 12).await;
    let asks = admins.iter().flat_map(|admin| {
        [
            post(
                ADA,
                format!("{acme}/transfer"),
                json!({ "member_id": format!("@{}", admin.sub) }),
            ),
            post(*admin, format!("{acme}/leave"), json!({})),
            delete(ADA, format!("{acme}/members/@{}", admin.sub)),
        ]
    });
    let answers = at_once(&world, asks.collect()).await;
    assert!(count(&answers, "200") <= 1);
    check(&world).await;
}

/// INV7, INV10.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_pulled_in_all_directions_at_once_goes_one_way() {
    for round in 0..4_i64 {
        let world = world().await;
        let acme = world.found(ADA, "Acme").await;
        let mine = invited(&world, ADA, &acme, CY, "user").await;
        // Some ask before it expires, some after.
        world.wait(7 * DAY - 18_000 - 4_000 * round);
        let from = world.now();
        let cleaning = (0..4).map(|nth| clean_up(&world, from + nth * 8_000));
        let asks = (0..8).flat_map(|_| {
            [
                post(CY, format!("{mine}/accept"), json!({})),
                post(ADA, format!("{mine}/resend"), json!({})),
                delete(ADA, &mine),
                post(CY, format!("{mine}/decline"), json!({})),
            ]
        });
        let both = join(join_all(cleaning), at_once(&world, asks.collect()));
        let (summaries, answers) = both.await;
        let ended: u32 = summaries.iter().map(|summary| summary.expired).sum();
        let ended = usize::try_from(ended).unwrap();
        only(
            &answers,
            &[
                "200",
                "204",
                "404 no-such-invitation",
                "409 changed-concurrently",
                "409 invitation-expired",
            ],
        );
        let accepted = events(&world, EventAction::InvitationAccepted).await.len();
        assert_eq!(accepted + ended + count(&answers, "204"), 1, "{:?}", tally(&answers));
        check(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_sent_many_times_at_once_has_one_effect_and_one_answer() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    let offer = json!({ "email": CY.email, "role_id": "user" });
    let paths = [
        (format!("{acme}/invitations"), offer),
        (format!("{acme}/roles"), json!({ "name": "Night" })),
        ("/v1/organizations".to_owned(), json!({ "name": "Another" })),
    ];
    for (path, body) in paths {
        let one = Ask { key: Some("k-1"), ..post(ADA, &path, body) };
        let answers = at_once(&world, vec![one; 32]).await;
        only(&answers, &["201"]);
        assert!(answers.iter().all(|answer| answer.text == answers[0].text), "{path}");
        assert!(
            answers
                .iter()
                .all(|answer| answer.headers["location"] == answers[0].headers["location"])
        );
    }
    assert_eq!(events(&world, EventAction::InvitationCreated).await.len(), 1);
    assert_eq!(events(&world, EventAction::RoleCreated).await.len(), 1);
    assert_eq!(events(&world, EventAction::OrganizationCreated).await.len(), 2);
    check(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_sent_with_many_bodies_at_once_is_the_first_ones() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    let asks = (0..32).map(|nth| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": "user" });
        Ask { key: Some("k-1"), ..post(ADA, format!("{acme}/invitations"), offer) }
    });
    let answers = at_once(&world, asks.collect()).await;
    assert_eq!(count(&answers, "201"), 1);
    assert_eq!(count(&answers, "422 idempotency-key-reused"), 31);
    check(&world).await;
}

/// INV12.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_invited_at_once_are_as_many_as_may_be_pending() {
    let limits = Limits { max_pending: 10, ..Limits::default() };
    let world = Arc::new(TestApp::with(limits).await);
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let asks = |from: usize| {
        let offer = |nth| json!({ "email": format!("i{nth}@example.com"), "role_id": "user" });
        (from..from + 64).map(|nth| post(ADA, &path, offer(nth))).collect::<Vec<_>>()
    };
    let answers = at_once(&world, asks(0)).await;
    assert_eq!(count(&answers, "201"), 10, "{:?}", tally(&answers));
    assert_eq!(count(&answers, "429 pending-invitation-limit"), 54);
    check(&world).await;
    let open = answers.iter().find(|answer| answer.status == 201).unwrap().id();
    world.delete(ADA, &format!("{path}/{open}")).await.expect(204);
    let answers = at_once(&world, asks(64)).await;
    assert_eq!(count(&answers, "201"), 1, "{:?}", tally(&answers));
    check(&world).await;
}

/// INV2, INV12: an expired invitation gives its place to the new one, also where no other is left.
#[tokio::test]
async fn what_expired_is_replaced_also_when_no_more_may_be_pending() {
    let limits = Limits { max_pending: 4, ..Limits::default() };
    let world = TestApp::with(limits).await;
    let acme = world.found(ADA, "Acme").await;
    let path = format!("{acme}/invitations");
    let invite = async |nth: i32| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": "user" });
        world.post(ADA, &path, offer).await
    };
    for nth in 0..4 {
        invite(nth).await.expect(201);
    }
    invite(4).await.expect(429);
    world.wait(8 * DAY);
    for nth in 0..4 {
        invite(nth).await.expect(201);
        check(&world).await;
    }
    invite(4).await.expect(429);
}

/// Row 35: INV1.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inviter_demoted_at_once_invites_before_or_not_at_all() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 4).await;
    let invites = (0..28).map(|nth: usize| {
        let offer = json!({ "email": format!("i{nth}@example.com"), "role_id": "admin" });
        post(admins[nth % 4], format!("{acme}/invitations"), offer)
    });
    let demotions = admins.iter().map(|admin| {
        ask(ADA, "PATCH", format!("{acme}/members/@{}", admin.sub), json!({ "role_id": "user" }))
    });
    let asks = invites.chain(demotions).collect();
    let answers = at_once(&world, asks).await;
    assert_eq!(count(&answers, "200"), 4);
    only(&answers, &["200", "201", "403 missing-permission", "409 changed-concurrently"]);
    let late = format!("{acme}/invitations");
    let offer = json!({ "email": "late@example.com", "role_id": "user" });
    world.post(admins[0], &late, offer).await.expect(403);
    check(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_remove_each_other_at_once_one_stays() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 32).await;
    let asks =
        (0..32).map(|nth| delete(admins[nth], format!("{acme}/members/@{}", admins[nth ^ 1].sub)));
    let answers = at_once(&world, asks.collect()).await;
    for pair in answers.chunks(2) {
        assert_eq!(count(pair, "204"), 1, "{:?}", tally(pair));
    }
    only(&answers, &["204", "404 no-such-organization"]);
    check(&world).await;
}

/// INV10.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clean_ups_at_once_end_each_invitation_once() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    let mut links = Vec::new();
    let people = crowd("c", 32);
    for person in &people {
        links.push(invited(&world, ADA, &acme, *person, "user").await);
    }
    world.wait(8 * DAY);
    let at = world.now();
    let cleaning = (0..3).map(|_| clean_up(&world, at));
    let resent = links.iter().take(16).map(|link| post(ADA, format!("{link}/resend"), json!({})));
    let accepted = links
        .iter()
        .zip(&people)
        .map(|(link, person)| post(*person, format!("{link}/accept"), json!({})));
    let both = join(join_all(cleaning), at_once(&world, resent.chain(accepted).collect()));
    let (summaries, answers) = both.await;
    only(
        &answers,
        &["200", "404 no-such-invitation", "409 invitation-expired", "409 changed-concurrently"],
    );
    let ended: u32 = summaries.iter().map(|summary| summary.expired).sum();
    let resent = count(&answers[..16], "200");
    assert_eq!(usize::try_from(ended).unwrap() + resent, 32);
    assert_eq!(events(&world, EventAction::InvitationExpired).await.len(), 32 - resent);
    check(&world).await;
}

/// INV10: what a clean-up that died left undone, the next one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_up_that_dies_halfway_is_finished_by_the_next() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    for person in crowd("c", 24) {
        invited(&world, ADA, &acme, person, "user").await;
    }
    invited(&world, ADA, &acme, EVE, "user").await;
    world.wait(8 * DAY);
    let at = world.now();
    for milliseconds in [2, 5, 10, 15] {
        let _ =
            tokio::time::timeout(Duration::from_millis(milliseconds), clean_up(&world, at)).await;
    }
    // A transaction that was sent is not called back.
    tokio::time::sleep(Duration::from_millis(50)).await;
    check(&world).await;
    let before = events(&world, EventAction::InvitationExpired).await.len();
    let rest = clean_up(&world, at).await;
    assert_eq!(before + usize::try_from(rest.expired).unwrap(), 25);
    assert_eq!(clean_up(&world, at).await, Summary::default());
    assert_eq!(events(&world, EventAction::InvitationExpired).await.len(), 25);
    check(&world).await;
}

/// ORG5: what a change leaves alone, its event does not vouch for.
#[tokio::test]
async fn an_event_tells_only_what_changed() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    world.patch(ADA, &acme, json!({ "website": "https://acme.example" })).await.expect(200);
    let told = events(&world, EventAction::OrganizationUpdated).await;
    assert_eq!(told[0].old, json!({ "website": "" }));
    assert_eq!(told[0].new, json!({ "website": "https://acme.example" }));
}

/// INV9: the role that a backer holds now counts, not the one they held.
#[tokio::test]
async fn a_backer_who_rose_since_still_stands_behind_the_invitation() {
    let world = TestApp::new().await;
    let acme = world.found(ADA, "Acme").await;
    let managers = json!({ "user_management": "full_access", "event_history": "view_only" });
    let managers = world.role(ADA, &acme, "Managers", managers).await;
    let readers = json!({ "user_management": "view_only" });
    let readers = world.role(ADA, &acme, "Readers", readers).await;
    world.bring(ADA, &acme, BOB, &managers).await;
    let mine = invited(&world, BOB, &acme, CY, &readers).await;
    let up = json!({ "role_id": "admin" });
    world.patch(ADA, &format!("{acme}/members/@{}", BOB.sub), up).await.expect(200);
    world.delete(ADA, &format!("{acme}/roles/{managers}")).await.expect(204);
    world.post(CY, &format!("{mine}/accept"), json!({})).await.expect(200);
    check(&world).await;
}

/// SUB5, INV2: an expired invitation does not stand in the way, not even one's own.
#[tokio::test]
async fn a_first_admin_who_let_it_expire_may_still_join_from_above() {
    let world = TestApp::new().await;
    let (acme, _) = with_crowd(&world, "user", 0).await;
    world.bring(ADA, &acme, CY, "admin").await;
    let below = empty_below(&world, &acme, Some(CY)).await;
    world.post(CY, &format!("{below}/join"), json!({})).await.expect(409);
    world.wait(8 * DAY);
    world.post(CY, &format!("{below}/join"), json!({})).await.expect(200);
    check(&world).await;
}

/// ORG2: whoever decides first has decided, and nobody is let in twice, or has two places.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_decisions_about_one_request_one_counts() {
    let world = world().await;
    let (acme, admins) = with_crowd(&world, "admin", 4).await;
    let domain = format!("{acme}/domains/example.com");
    world.send(Some(ADA), "PUT", &domain, None).await.expect(200);
    let requests = format!("{acme}/join-requests");
    for round in 0..4 {
        let asker = crowd("q", 4)[round];
        let id = world.post(asker, &requests, json!({})).await.expect(201).id();
        let offer = json!({ "email": asker.email, "role_id": "user" });
        let mut asks = vec![
            delete(asker, format!("{requests}/mine")),
            post(ADA, format!("{acme}/invitations"), offer),
        ];
        for admin in &admins {
            asks.push(post(*admin, format!("{requests}/{id}/approve"), json!({})));
            asks.push(post(*admin, format!("{requests}/{id}/decline"), json!({})));
        }
        let answers = at_once(&world, asks).await;
        let ended = answers[2..].iter().chain([&answers[0]]);
        let ended = ended.filter(|answer| answer.status.is_success()).count();
        assert_eq!(ended, 1, "{:?}", tally(&answers));
        check(&world).await;
    }
}

/// ORG2: the bound is exact, however many come at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_ask_at_once_each_is_counted() {
    let world = world().await;
    let acme = world.found(ADA, "Acme").await;
    let domain = format!("{acme}/domains/example.com");
    world.send(Some(ADA), "PUT", &domain, None).await.expect(200);
    let requests = format!("{acme}/join-requests");
    let people = crowd("q", 24);
    let asks = people.iter().flat_map(|person| {
        let ask = post(*person, &requests, json!({}));
        [ask.clone(), ask]
    });
    let answers = at_once(&world, asks.collect()).await;
    assert_eq!(count(&answers, "201"), 24);
    only(&answers, &["201", "409 join-request-pending"]);
    let asks = people.iter().map(|person| delete(*person, format!("{requests}/mine")));
    let answers = at_once(&world, asks.chain([delete(ADA, &domain)]).collect()).await;
    assert_eq!(count(&answers, "204"), 25);
    check(&world).await;
}
