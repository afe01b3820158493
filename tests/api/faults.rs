//! What a database does on a bad day, and what clients are told then: the truth.
//!
//! `DEEP=1` tries every fault at every call of every write, `DEEP=2/3` the second third of them; otherwise
//! a sample, drawn by `SEED`.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    fault_layer::{Fault, Layer},
    interleavings::{chosen, seed},
    invariants::check,
    scenario::{MIA, Operation, Outcome, Scenario, State},
    test_app::{ADA, BOB, CY, DAY, TestApp},
};

/// About how many faults are tried unless all are.
const SAMPLE: usize = 120;

const AT_READS: [Fault; 5] =
    [Fault::Throttle, Fault::Status(503), Fault::LostBefore, Fault::Partial, Fault::StopBefore];
const AT_QUERIES: [Fault; 5] =
    [Fault::Throttle, Fault::Status(503), Fault::LostBefore, Fault::Short, Fault::StopBefore];
const AT_WRITES: [Fault; 9] = [
    Fault::Conflict,
    Fault::ThrottledItem,
    Fault::Throttle,
    Fault::Status(500),
    Fault::Status(503),
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::StopBefore,
    Fault::StopAfter,
];

/// Alone and undisturbed: how it ends, and which calls it makes.
async fn alone(stage: &Scenario, deed: &Operation) -> (Outcome, State, Vec<String>) {
    stage.reset().await;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    stage.layer.plan(move |call| {
        seen.lock().unwrap().push(call.name.to_owned());
        None
    });
    let outcome = stage.play_with(deed, Some("k-0")).await;
    let (broken, state) = stage.look().await;
    assert!(outcome.done() && broken.is_empty(), "{}: {outcome} {broken:#?}", deed.name);
    let calls = calls.lock().unwrap().clone();
    (outcome, state, calls)
}

#[tokio::test]
async fn any_fault_at_any_call_leaves_a_write_done_once_or_not_at_all() {
    let (seed, only) = (seed(), std::env::var("FAULT").ok());
    let stage = Scenario::set().await;
    let mut tries = Vec::new();
    let mut ends = Vec::new();
    for (nth, deed) in stage.deeds.iter().enumerate() {
        let (outcome, state, calls) = alone(&stage, deed).await;
        ends.push((outcome, state));
        for (call, name) in calls.iter().enumerate() {
            let faults: &[Fault] = match name.as_str() {
                "TransactWriteItems" => &AT_WRITES,
                "Query" => &AT_QUERIES,
                _ => &AT_READS,
            };
            tries.extend(faults.iter().map(|fault| (nth, call, fault.clone())));
        }
    }
    let all = tries.len();
    let name = |(nth, call, fault): &(usize, usize, Fault)| format!("{nth}-{call}-{fault:?}");
    tries.retain(|one| match &only {
        Some(only) => *only == name(one),
        None => chosen(seed, &name(one), SAMPLE, all),
    });
    let mut wrong = Vec::new();
    for one in &tries {
        let (nth, call, fault) = one;
        let deed = &stage.deeds[*nth];
        if let Err(what) = disturb(&stage, deed, &ends[*nth], *call, fault).await {
            wrong.push(format!(
                "{:?}: {what}\n    FAULT='{}' cargo test -p tests --test api any_fault",
                deed.name,
                name(one)
            ));
        }
    }
    println!("{} of {all} faults, SEED={seed}", tries.len());
    assert!(wrong.is_empty(), "SEED={seed}: {}", wrong.join("\n"));
}

async fn disturb(
    stage: &Scenario,
    deed: &Operation,
    (end, done): &(Outcome, State),
    call: usize,
    fault: &Fault,
) -> Result<(), String> {
    stage.reset().await;
    stage.layer.once(call, fault.clone());
    let first = tokio::select! {
        outcome = stage.play_with(deed, Some("k-1")) => Some(outcome),
        () = stage.layer.stopped() => None,
    };
    let (broken, state) = stage.look().await;
    if !broken.is_empty() {
        return Err(format!("invariants are broken: {broken:#?}"));
    }
    let initial = stage.initial();
    if state != initial && state != *done && !deed.in_steps() {
        return Err(format!("half done: {first:?}"));
    }
    match &first {
        None => {}
        Some(first) if first.done() && state == *done => {}
        Some(first) if first.status == 503 && first.retry_after => {
            // What only was a bad moment is waited out.
            let passing = [Fault::Conflict, Fault::ThrottledItem, Fault::Partial, Fault::Short];
            if passing.contains(fault) {
                return Err(format!("given up too early: {first}"));
            }
        }
        Some(first) => return Err(format!("not true: {first}")),
    }
    // Asked again under the same key, it is done, once.
    let again = stage.play_with(deed, Some("k-1")).await;
    let (broken, now) = stage.look().await;
    if !broken.is_empty() || now != *done {
        return Err(format!("asked again, it is done otherwise: {again} {broken:#?}"));
    }
    let gone = deed.method == "DELETE" && state == *done && again.status == 404;
    if !gone && again.status != end.status {
        return Err(format!("asked again, it says {again}, not {end}"));
    }
    let keyed = deed.method == "POST" && deed.path.is_some();
    match first {
        Some(first) if keyed && first.done() && first.text != again.text => {
            Err(format!("asked again, it says {again}, not {first}"))
        }
        _ => Ok(()),
    }
}

/// Every write, on a stage of its own, with the same fault at each call that `at` picks.
async fn each(
    stage: &Scenario,
    at: fn(&str) -> bool,
    fault: Fault,
    times: usize,
) -> Vec<(Scenario, Operation, Outcome, Duration)> {
    let running = stage.deeds.iter().map(async |deed| {
        let copy = stage.copy().await;
        let (met, fault) = (AtomicUsize::new(0), fault.clone());
        copy.layer.plan(move |call| {
            let hit = at(call.name) && met.fetch_add(1, Relaxed) < times;
            hit.then(|| fault.clone())
        });
        let begun = Instant::now();
        let outcome = copy.play_with(deed, Some("k-1")).await;
        let took = begun.elapsed();
        copy.layer.calm();
        (copy, deed.clone(), outcome, took)
    });
    join_all(running).await
}

fn writes(name: &str) -> bool {
    name == "TransactWriteItems"
}

#[tokio::test]
async fn conflicts_that_pass_are_waited_out() {
    let stage = Scenario::set().await;
    for (stage, deed, outcome, _) in each(&stage, writes, Fault::Conflict, 4).await {
        assert!(outcome.done(), "{}: {outcome}", deed.name);
        assert_eq!(stage.look().await.0, [""; 0], "{}", deed.name);
    }
}

#[tokio::test]
async fn conflicts_that_never_end_are_given_up_with_503_and_nothing_is_done() {
    let stage = Scenario::set().await;
    for fault in [Fault::Conflict, Fault::ThrottledItem, Fault::Throttle] {
        for (stage, deed, outcome, took) in each(&stage, writes, fault.clone(), usize::MAX).await {
            assert_eq!(outcome.status, 503, "{fault:?} {}: {outcome}", deed.name);
            assert!(outcome.retry_after, "{}", deed.name);
            assert!(took < Duration::from_secs(20), "{} took {took:?}", deed.name);
            assert_eq!(stage.look().await, (vec![], stage.initial()), "{}", deed.name);
        }
    }
}

/// What is unknown is answered as unknown, and comes to one effect when it is asked again.
#[tokio::test]
async fn answers_that_never_come_leave_one_effect() {
    let stage = Scenario::set().await;
    for (stage, deed, outcome, _) in each(&stage, writes, Fault::LostAfter, usize::MAX).await {
        assert_eq!(outcome.status, 503, "{}: {outcome}", deed.name);
        let (broken, state) = stage.look().await;
        assert_eq!(broken, [""; 0], "{}", deed.name);
        let again = stage.play_with(&deed, Some("k-1")).await;
        let gone = deed.method == "DELETE" && again.status == 404;
        assert!(gone || again.done(), "{}: {again}", deed.name);
        let (broken, now) = stage.look().await;
        assert_eq!(broken, [""; 0], "{}", deed.name);
        assert!(deed.in_steps() || now == state, "{}", deed.name);
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_read_is_503_for_everybody() {
    let stage = Scenario::set().await;
    for fault in [Fault::LostBefore, Fault::Throttle, Fault::Status(500), Fault::Partial] {
        let reads = |name: &str| name == "BatchGetItem";
        for (stage, deed, outcome, _) in each(&stage, reads, fault.clone(), usize::MAX).await {
            let reads_nothing = deed.path.is_none() || outcome.done();
            assert!(reads_nothing || outcome.status == 503, "{}: {outcome}", deed.name);
            assert!(
                fault == Fault::Partial || !outcome.done() || deed.path.is_none(),
                "{}",
                deed.name
            );
            assert_eq!(stage.look().await.0, [""; 0], "{}", deed.name);
        }
    }
}

/// However long each call takes to fail, the answer comes while the function still lives.
#[tokio::test]
async fn a_database_that_answers_nobody_does_not_outlast_the_function() {
    let stage = Scenario::set().await;
    stage.layer.plan(|call| writes(call.name).then_some(Fault::Slow(1_500)));
    let begun = Instant::now();
    let outcome = stage.play(stage.deed("ADA invites ann as User")).await;
    assert_eq!(outcome.status, 503);
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

/// The repeat of a request that was done meets its own changes; while the record of its first
/// answer cannot be read, the answer is not a refusal.
#[tokio::test]
async fn a_repeat_whose_first_answer_cannot_be_read_is_not_refused() {
    let stage = Scenario::set().await;
    for name in ["ADA invites ann as User", "CY declines", "BOB leaves", "BOB joins Empty"] {
        stage.reset().await;
        let deed = stage.deed(name);
        let first = stage.play_with(deed, Some("k-1")).await;
        assert!(first.done(), "{name}: {first}");
        let record = |body: &Value| body.to_string().contains("IDEMPOTENCY#");
        stage.layer.plan(move |call| record(call.body).then_some(Fault::LostBefore));
        let again = stage.play_with(deed, Some("k-1")).await;
        assert_eq!(again.status, 503, "{name}: {again}");
        stage.layer.calm();
        assert_eq!(stage.play_with(deed, Some("k-1")).await, first, "{name}");
        check(&stage.world).await;
    }
}

/// Authority comes only from strongly consistent reads of the table itself; everything is written
/// in one transaction.
#[tokio::test]
async fn writes_are_decided_by_consistent_reads_alone() {
    let stage = Scenario::set().await;
    for deed in stage.deeds.iter().filter(|deed| deed.path.is_some()) {
        stage.reset().await;
        let odd = Arc::new(Mutex::new(Vec::new()));
        let (seen, in_steps) = (Arc::clone(&odd), deed.in_steps());
        stage.layer.plan(move |call| {
            let mut tables = call.body["RequestItems"].as_object().into_iter().flatten();
            let fine = match call.name {
                "BatchGetItem" => tables.all(|(_, table)| table["ConsistentRead"] == true),
                "TransactWriteItems" => true,
                // Whom an index shows is looked up before anything is decided.
                "Query" => in_steps,
                _ => false,
            };
            if !fine {
                seen.lock().unwrap().push(call.name.to_owned());
            }
            None
        });
        stage.play(deed).await;
        assert_eq!(*odd.lock().unwrap(), [""; 0], "{}", deed.name);
    }
}

/// INV10: an index that lags behind shows what is not so any more; nothing comes of it.
#[tokio::test]
async fn a_clean_up_that_reads_an_old_index_ends_only_what_is_due() {
    let stage = Scenario::set().await;
    let cleaning = stage.deed("the clean-up runs");
    let old = stage.copy().await;
    for name in ["BOB resends what expired", "BOB invites again what expired", "the clean-up runs"]
    {
        stage.reset().await;
        let done = stage.play(stage.deed(name)).await;
        assert!(done.done(), "{name}: {done}");
        let (_, before) = stage.look().await;
        let table = old.world.table.clone();
        stage.layer.plan(move |call| (call.name == "Query").then(|| Fault::Stale(table.clone())));
        let cleaned = stage.play(cleaning).await;
        let nothing = "expired: 0, roles_deleted: 0, skipped: 1";
        assert!(cleaned.text.contains(nothing), "{name}: {cleaned}");
        assert_eq!(stage.look().await, (vec![], before), "{name}");
    }
}

/// Row 11: an invitation that an old index still shows is gone all the same.
#[tokio::test]
async fn an_invitation_seen_in_an_old_index_cannot_be_accepted() {
    let stage = Scenario::set().await;
    let old = stage.copy().await;
    let revoked = stage.play(stage.deed("ADA revokes cy's")).await;
    assert_eq!(revoked.status, 204);
    let table = old.world.table.clone();
    stage.layer.plan(move |call| (call.name == "Query").then(|| Fault::Stale(table.clone())));
    let mine = stage.world.get(CY, "/v1/me/invitations").await.expect(200);
    assert_eq!(mine.items().len(), 1, "the old index shows it");
    assert_eq!(stage.play(stage.deed("CY accepts")).await.status, 404);
    check(&stage.world).await;
}

/// A transaction shows its parts one after another to a batch read.
#[tokio::test]
async fn an_acceptance_repeated_while_its_first_is_half_seen_is_answered_with_the_membership() {
    let stage = Scenario::set().await;
    let deed = stage.deed("CY accepts");
    let first = stage.play(deed).await;
    for torn in ["MEMBER#", "EMAIL#"] {
        stage.layer.once(0, Fault::Torn(torn));
        let again = stage.play(deed).await;
        if torn == "MEMBER#" {
            assert_eq!(again, first);
        } else {
            // Without its lock there is no telling it from a stranger's.
            assert!(again.status < 500, "{again}");
        }
    }
    check(&stage.world).await;
}

#[tokio::test]
async fn lists_are_whole_however_short_their_pages_and_batches_come() {
    let stage = Scenario::set().await;
    let acme = stage.deed("ADA renames Acme").path.clone().unwrap();
    let lists = [
        format!("{acme}/members"),
        format!("{acme}/members?scope=subtree&q=g"),
        format!("{acme}/members?limit=2"),
        format!("{acme}/invitations"),
        format!("{acme}/roles"),
        format!("{acme}/events"),
        format!("{acme}/sub-organizations"),
        "/v1/me".to_owned(),
    ];
    for path in lists {
        let plain = walk(&stage.world, &path).await;
        assert!(!plain.is_empty(), "{path}");
        stage.layer.plan(|call| match call.name {
            "Query" => Some(Fault::Short),
            "BatchGetItem" if call.nth.is_multiple_of(2) => Some(Fault::Partial),
            _ => None,
        });
        let torn = walk(&stage.world, &path).await;
        stage.layer.calm();
        assert_eq!(torn, plain, "{path}");
    }
}

async fn walk(world: &TestApp, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let mark = if path.contains('?') { '&' } else { '?' };
        let page = world.get(ADA, &format!("{path}{cursor}")).await.expect(200);
        let list = page.body.get("items").or_else(|| page.body.get("organizations"));
        all.extend(list.and_then(Value::as_array).cloned().unwrap_or_default());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("{mark}cursor={next}"),
            None => return all,
        }
    }
}

/// Row 07: what was looked at is not what is accepted.
#[tokio::test]
async fn an_invitation_looked_at_and_then_ended_cannot_be_accepted() {
    let stage = Scenario::set().await;
    let accept = stage.deed("CY accepts");
    let link = accept.path.clone().unwrap().replace("/accept", "/mine");
    for end in ["ADA revokes cy's", "CY declines", "expiry"] {
        stage.reset().await;
        stage.world.get(CY, &link).await.expect(200);
        if end == "expiry" {
            stage.world.wait(8 * DAY);
        } else {
            assert!(stage.play(stage.deed(end)).await.done());
        }
        let late = stage.play(accept).await;
        assert!([404, 409].contains(&late.status), "{end}: {late}");
        check(&stage.world).await;
    }
}

/// Whoever holds a call open for long acts on what they read then, and is refused.
#[tokio::test]
async fn a_write_held_open_while_its_author_is_dismissed_is_refused() {
    let stage = Scenario::set().await;
    let invite = stage.deed("MIA invites ann as Reader");
    for dismissal in ["BOB removes MIA", "ADA makes MIA a User", "ADA lowers Managers"] {
        stage.reset().await;
        let dismissal = stage.deed(dismissal);
        // She reads; they are done with her; she writes.
        let order = [0, 1, 1, 1, 1, 0];
        let (late, done, calls) =
            stage.layer.interleave(&order, stage.play(invite), stage.play(dismissal)).await;
        assert!(done.done() && [404, 409].contains(&late.status), "{late} {done} {calls:?}");
        assert_eq!(late.status, if dismissal.who == BOB { 404 } else { 409 }, "{late}");
        check(&stage.world).await;
        let acme = stage.deed("ADA renames Acme").path.clone().unwrap();
        let offer = json!({ "email": "new@example.com", "role_id": "user" });
        let next = stage.world.post(MIA, &format!("{acme}/invitations"), offer).await;
        assert!([403, 404].contains(&next.status.as_u16()), "{next}");
    }
}

/// The layer itself tells the truth.
#[tokio::test]
async fn a_layer_without_a_plan_changes_nothing() {
    let plain = TestApp::new().await;
    let (layer, client) = Layer::under(&plain.client);
    let world = TestApp::over(client, None, shared::http::Limits::default()).await;
    layer.plan(|_| None);
    world.found(ADA, "Acme").await;
    assert_eq!(layer.calm(), 1);
    check(&world).await;
}
