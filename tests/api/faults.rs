//! Faults of the database: each write is done once or not at all, and the caller gets a true answer.
//!
//! `DEEP=1` tries every fault at every call of every write, `DEEP=2/3` the second third of them. Otherwise
//! `SEED` draws a sample.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use serde_json::Value;

use crate::{
    fault_layer::Fault,
    interleavings::select,
    invariants::check,
    scenario::{Alone, Operation, Outcome, Scenario, State},
    test_app::{ADA, CY},
};

/// The approximate size of the sample.
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

#[tokio::test]
async fn any_fault_leaves_a_write_done_once_or_not_at_all() {
    let scenario = Scenario::new().await;
    let (mut tries, mut alone) = (Vec::new(), Vec::new());
    for (nth, operation) in scenario.operations.iter().enumerate() {
        let run = scenario.run_alone(operation, Some("k-0")).await;
        for (call, (name, _)) in run.calls.iter().enumerate() {
            let faults: &[Fault] = match name.as_str() {
                "TransactWriteItems" => &AT_WRITES,
                "Query" => &AT_QUERIES,
                _ => &AT_READS,
            };
            tries.extend(faults.iter().map(|fault| (nth, call, fault.clone())));
        }
        alone.push(run);
    }
    let name = |(nth, call, fault): &(usize, usize, Fault)| format!("{nth}-{call}-{fault:?}");
    let (tries, seed) = select(tries, name, SAMPLE);
    let mut wrong = Vec::new();
    for case in &tries {
        let (nth, call, fault) = case;
        let operation = &scenario.operations[*nth];
        if let Err(what) = run_with_fault(&scenario, operation, &alone[*nth], *call, fault).await {
            wrong.push(format!(
                "{:?}: {what}\n    CASE='{}' cargo test -p tests --test api any_fault",
                operation.name,
                name(case)
            ));
        }
    }
    assert!(wrong.is_empty(), "SEED={seed}: {}", wrong.join("\n"));
}

async fn run_with_fault(
    scenario: &Scenario,
    operation: &Operation,
    Alone { outcome: end, state: done, .. }: &Alone,
    call: usize,
    fault: &Fault,
) -> Result<(), String> {
    scenario.reset().await;
    scenario.layer.once(call, fault.clone());
    let first = tokio::select! {
        outcome = scenario.run_with_key(operation, Some("k-1")) => Some(outcome),
        () = scenario.layer.stopped() => None,
    };
    let (broken, state) = scenario.inspect().await;
    if !broken.is_empty() {
        return Err(format!("invariants are broken: {broken:#?}"));
    }
    let initial = scenario.initial();
    if state != initial && state != *done && !operation.in_steps() {
        return Err(format!("partly done: {first:?}"));
    }
    match &first {
        None => {}
        Some(first) if first.done() && state == *done => {}
        Some(first) if first.status == 503 && first.retry_after => {
            // A passing fault is retried.
            let passing = [Fault::Conflict, Fault::ThrottledItem, Fault::Partial, Fault::Short];
            if passing.contains(fault) {
                return Err(format!("not retried: {first:?}"));
            }
        }
        Some(first) => return Err(format!("wrong answer: {first:?}")),
    }
    // A repeat with the same key completes the operation.
    let again = scenario.run_with_key(operation, Some("k-1")).await;
    let (broken, now) = scenario.inspect().await;
    if !broken.is_empty() || now != *done {
        return Err(format!("the repeat has another effect: {again:?} {broken:#?}"));
    }
    let gone = operation.method == "DELETE" && state == *done && again.status == 404;
    if !gone && again.status != end.status {
        return Err(format!("the repeat answers {again:?} instead of {end:?}"));
    }
    let keyed = operation.method == "POST" && operation.path.is_some();
    match first {
        Some(first) if keyed && first.done() && first.text != again.text => {
            Err(format!("the repeat answers {again:?} instead of {first:?}"))
        }
        _ => Ok(()),
    }
}

/// What an operation did in a copy of the scenario.
struct FaultyRun {
    copy: Scenario,
    operation: Operation,
    outcome: Outcome,
    state: State,
    took: Duration,
}

/// Runs every operation in a copy of the scenario, with `fault` at the first `times` calls named
/// `call`. No invariant is broken.
async fn run_all_with_fault(
    scenario: &Scenario,
    call: &'static str,
    fault: &Fault,
    times: usize,
) -> Vec<FaultyRun> {
    let running = scenario.operations.iter().map(async |operation| {
        let (copy, operation) = (scenario.copy().await, operation.clone());
        let (met, fault) = (AtomicUsize::new(0), fault.clone());
        copy.layer.plan(move |it| {
            let hit = it.name == call && met.fetch_add(1, Relaxed) < times;
            hit.then(|| fault.clone())
        });
        let started = Instant::now();
        let outcome = copy.run_with_key(&operation, Some("k-1")).await;
        let took = started.elapsed();
        let (broken, state) = copy.inspect().await;
        assert_eq!(broken, [""; 0], "{}", operation.name);
        FaultyRun { copy, operation, outcome, state, took }
    });
    stream::iter(running).buffered(AT_ONCE).collect().await
}

/// The copies that run at once. With more of them, a slow machine would use up the time of a commit.
const AT_ONCE: usize = 16;
const WRITE: &str = "TransactWriteItems";

#[tokio::test]
async fn passing_conflicts_are_retried() {
    let scenario = Scenario::new().await;
    for run in run_all_with_fault(&scenario, WRITE, &Fault::Conflict, 4).await {
        assert!(run.outcome.done(), "{}: {:?}", run.operation.name, run.outcome);
    }
}

#[tokio::test]
async fn lasting_conflicts_give_503_and_change_nothing() {
    let scenario = Scenario::new().await;
    for fault in [Fault::Conflict, Fault::ThrottledItem, Fault::Throttle] {
        for run in run_all_with_fault(&scenario, WRITE, &fault, usize::MAX).await {
            let FaultyRun { operation: Operation { name, .. }, outcome, state, took, .. } = run;
            assert_eq!((outcome.status, outcome.retry_after), (503, true), "{name}: {outcome:?}");
            assert!(took < Duration::from_secs(20), "{fault:?} {name} took {took:?}");
            assert_eq!(state, scenario.initial(), "{fault:?} {name}");
        }
    }
}

#[tokio::test]
async fn lost_responses_give_503_and_a_repeat_has_one_effect() {
    let scenario = Scenario::new().await;
    for run in run_all_with_fault(&scenario, WRITE, &Fault::LostAfter, usize::MAX).await {
        let FaultyRun { copy, operation, outcome, state, .. } = run;
        let name = operation.name;
        assert_eq!(outcome.status, 503, "{name}: {outcome:?}");
        let again = copy.run_with_key(&operation, Some("k-1")).await;
        let gone = operation.method == "DELETE" && again.status == 404;
        assert!(gone || again.done(), "{name}: {again:?}");
        let (broken, now) = copy.inspect().await;
        assert_eq!(broken, [""; 0], "{name}");
        assert!(operation.in_steps() || now == state, "{name}");
    }
}

#[tokio::test]
async fn unreadable_table_gives_503() {
    let scenario = Scenario::new().await;
    for fault in [Fault::LostBefore, Fault::Throttle, Fault::Status(500), Fault::Partial] {
        for run in run_all_with_fault(&scenario, "BatchGetItem", &fault, usize::MAX).await {
            let FaultyRun { operation: Operation { name, path, .. }, outcome, .. } = run;
            // Repeated partial batches can complete. The clean-up begins with an index.
            let done = outcome.done() && fault == Fault::Partial;
            assert!(
                path.is_none() || done || outcome.status == 503,
                "{fault:?} {name}: {outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn slow_database_gives_503_before_the_function_times_out() {
    let scenario = Scenario::new().await;
    scenario.layer.plan(|call| (call.name == WRITE).then_some(Fault::Slow(1_500)));
    let started = Instant::now();
    let outcome = scenario.run(scenario.operation("ADA invites ann as User")).await;
    assert_eq!(outcome.status, 503);
    assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
}

/// The repeat meets the changes of the first request. A refusal would be wrong.
#[tokio::test]
async fn repeat_is_503_while_the_idempotency_record_is_unreadable() {
    let scenario = Scenario::new().await;
    for name in ["ADA invites ann as User", "CY declines", "BOB leaves", "BOB joins Empty"] {
        scenario.reset().await;
        let operation = scenario.operation(name);
        let first = scenario.run_with_key(operation, Some("k-1")).await;
        assert!(first.done(), "{name}: {first:?}");
        let record = |body: &Value| body.to_string().contains("IDEMPOTENCY#");
        scenario.layer.plan(move |call| record(call.body).then_some(Fault::LostBefore));
        let again = scenario.run_with_key(operation, Some("k-1")).await;
        assert_eq!(again.status, 503, "{name}: {again:?}");
        scenario.layer.clear_faults();
        assert_eq!(scenario.run_with_key(operation, Some("k-1")).await, first, "{name}");
        check(&scenario.app).await;
    }
}

/// Every write is one transaction, decided by strongly consistent reads of the table itself.
#[tokio::test]
async fn writes_rely_only_on_consistent_reads() {
    let scenario = Scenario::new().await;
    for operation in scenario.operations.iter().filter(|operation| operation.path.is_some()) {
        for (name, body) in scenario.run_alone(operation, None).await.calls {
            let mut tables = body["RequestItems"].as_object().into_iter().flatten();
            let fine = match &*name {
                "BatchGetItem" => tables.all(|(_, table)| table["ConsistentRead"] == true),
                "TransactWriteItems" => true,
                // A reassignment finds users in an index, and reads each of them before the write. A
                // deletion asks an index for organizations below, which the counter item also has. A service is added
                // after an index was asked whether the `sub` is a person's; if it lags, no token of the person acts as the service.
                // Joining asks an index for the organizations above that have the person as a member, and reads each of them.
                "Query" => {
                    let name = operation.name;
                    operation.in_steps()
                        || [" deletes ", " adds the service ", " joins "]
                            .iter()
                            .any(|it| name.contains(it))
                }
                _ => false,
            };
            assert!(fine, "{}: {name} {body}", operation.name);
        }
    }
}

/// Queries of the scenario read the indexes of an older copy.
fn read_indexes_of(old: &Scenario, scenario: &Scenario) {
    let table = old.app.table.clone();
    scenario.layer.plan(move |call| (call.name == "Query").then(|| Fault::Stale(table.clone())));
}

/// INV10
#[tokio::test]
async fn clean_up_with_a_stale_index_ends_only_expired_invitations() {
    let scenario = Scenario::new().await;
    let cleaning = scenario.operation("the clean-up runs");
    let old = scenario.copy().await;
    for name in [
        "BOB resends the expired invitation",
        "BOB replaces the expired invitation",
        "the clean-up runs",
    ] {
        scenario.reset().await;
        let done = scenario.run(scenario.operation(name)).await;
        assert!(done.done(), "{name}: {done:?}");
        let (_, before) = scenario.inspect().await;
        read_indexes_of(&old, &scenario);
        let cleaned = scenario.run(cleaning).await;
        let nothing = "expired: 0, roles_deleted: 0, organizations_ended: 0, skipped: 1";
        assert!(cleaned.text.contains(nothing), "{name}: {cleaned:?}");
        assert_eq!(scenario.inspect().await, (vec![], before), "{name}");
    }
}

/// INV7
#[tokio::test]
async fn revoked_invitation_in_a_stale_index_cannot_be_accepted() {
    let scenario = Scenario::new().await;
    let old = scenario.copy().await;
    let revoked = scenario.run(scenario.operation("ADA revokes cy's")).await;
    assert_eq!(revoked.status, 204);
    read_indexes_of(&old, &scenario);
    let mine = scenario.app.get(CY, "/v1/me/invitations").await.expect(200);
    assert_eq!(mine.items().len(), 1, "the stale index contains the invitation");
    assert_eq!(scenario.run(scenario.operation("CY accepts")).await.status, 404);
    check(&scenario.app).await;
}

/// A batch read can see a transaction in part.
#[tokio::test]
async fn repeated_acceptance_with_a_torn_read_returns_the_membership() {
    let scenario = Scenario::new().await;
    let operation = scenario.operation("CY accepts");
    let first = scenario.run(operation).await;
    for torn in ["MEMBER#", "EMAIL#"] {
        scenario.layer.once(0, Fault::Torn(torn));
        let again = scenario.run(operation).await;
        if torn == "MEMBER#" {
            assert_eq!(again, first);
        } else {
            // Without the item of the address, the answer may be a refusal.
            assert!(again.status < 500, "{again:?}");
        }
    }
    check(&scenario.app).await;
}

#[tokio::test]
async fn lists_are_complete_with_short_pages_and_partial_batches() {
    let scenario = Scenario::new().await;
    let acme = scenario.operation("ADA renames Acme").path.clone().unwrap();
    let lists = [
        format!("{acme}/members?limit=20"),
        format!("{acme}/members?scope=subtree&q=g"),
        format!("{acme}/members?limit=2"),
        format!("{acme}/invitations?limit=20"),
        format!("{acme}/roles?limit=20"),
        format!("{acme}/events?limit=20"),
        format!("{acme}/sub-organizations?limit=20"),
        "/v1/me?limit=20".to_owned(),
    ];
    for path in lists {
        let plain = scenario.app.list_all(ADA, &path).await;
        assert!(!plain.is_empty(), "{path}");
        scenario.layer.plan(|call| match call.name {
            "Query" => Some(Fault::Short),
            "BatchGetItem" if call.nth.is_multiple_of(2) => Some(Fault::Partial),
            _ => None,
        });
        let torn = scenario.app.list_all(ADA, &path).await;
        scenario.layer.clear_faults();
        assert_eq!(torn, plain, "{path}");
    }
}
