//! Every pair of operations, in every order of their calls to DynamoDB. The result equals that of running
//! them one after the other, in the order of their commits.
//!
//! `DEEP=1` runs all schedules, `DEEP=2/3` the second third of them. Otherwise pairs without a common item
//! are left out, and `SEED` draws a sample of the rest.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use serde_json::Value;

use crate::scenario::{Operation, Outcome, Scenario, State};

/// The approximate size of the sample.
const SAMPLE: usize = 400;

#[tokio::test]
async fn two_writes_in_any_order_end_like_one_after_the_other() {
    let seed = seed();
    let only = std::env::var("SCHEDULE").ok();
    let scenario = Scenario::new().await;
    let mut alone = Vec::new();
    for operation in &scenario.operations {
        scenario.reset().await;
        let touched = Arc::new(Mutex::new(Touched::default()));
        let seen = Arc::clone(&touched);
        scenario.layer.plan(move |call| {
            seen.lock().unwrap().see(call.body);
            None
        });
        let outcome = scenario.run(operation).await;
        let calls = scenario.layer.clear_faults();
        assert!(outcome.done(), "{} alone: {outcome}", operation.name);
        let (broken, state) = scenario.inspect().await;
        assert!(broken.is_empty(), "{} alone: {broken:#?}", operation.name);
        let touched = std::mem::take(&mut *touched.lock().unwrap());
        alone.push(Alone { calls, state, touched });
    }
    let mut schedules = Vec::new();
    for one in 0..scenario.operations.len() {
        for other in one..scenario.operations.len() {
            if deep().is_some() || only.is_some() || alone[one].touched.meets(&alone[other].touched)
            {
                let orders = orders(alone[one].calls, alone[other].calls);
                // A sorted order is sequential.
                let orders =
                    orders.into_iter().filter(|order| deep().is_some() || !order.is_sorted());
                schedules.extend(orders.map(|order| (one, other, order)));
            }
        }
    }
    let all = schedules.len();
    schedules.retain(|(one, other, order)| match &only {
        Some(only) => *only == name(*one, *other, order),
        None => chosen(seed, &name(*one, *other, order), SAMPLE, all),
    });
    let mut pairs = Pairs { scenario: &scenario, alone: &alone, serial: HashMap::new() };
    let mut wrong = Vec::new();
    for (one, other, order) in &schedules {
        let run = AssertUnwindSafe(pairs.run(*one, *other, order)).catch_unwind().await;
        if let Err(what) = run.unwrap_or_else(|_| Err("a panic, see above".to_owned())) {
            let (first, second) =
                (scenario.operations[*one].name, scenario.operations[*other].name);
            wrong.push(format!(
                "{first:?} and {second:?}: {what}\n    \
                 SCHEDULE={} cargo test -p tests --test api interleavings",
                name(*one, *other, order)
            ));
        }
    }
    println!("{} of {all} schedules, SEED={seed}", schedules.len());
    let report = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "SEED={seed}: {} schedules went wrong\n{report}", wrong.len());
}

/// The result of an operation that runs alone.
struct Alone {
    calls: usize,
    state: State,
    touched: Touched,
}

/// The items that an operation reads and writes.
#[derive(Default)]
struct Touched {
    read: BTreeSet<String>,
    written: BTreeSet<String>,
}

impl Touched {
    fn see(&mut self, call: &Value) {
        let key = |key: &Value| format!("{} {}", key["pk"]["S"], key["sk"]["S"]);
        for (_, table) in call["RequestItems"].as_object().into_iter().flatten() {
            self.read.extend(table["Keys"].as_array().into_iter().flatten().map(key));
        }
        for item in call["TransactItems"].as_array().into_iter().flatten() {
            for (write, item) in item.as_object().into_iter().flatten() {
                let at = item.get("Key").unwrap_or(&item["Item"]);
                let touched =
                    if write == "ConditionCheck" { &mut self.read } else { &mut self.written };
                // Additions to a counter commute.
                let counts = key(at).contains("COUNTS");
                if !counts {
                    touched.insert(key(at));
                }
            }
        }
    }

    fn meets(&self, other: &Self) -> bool {
        let disturbs = |one: &Self, other: &Self| {
            !one.written.is_disjoint(&other.read) || !one.written.is_disjoint(&other.written)
        };
        disturbs(self, other) || disturbs(other, self)
    }
}

struct Pairs<'a> {
    scenario: &'a Scenario,
    alone: &'a [Alone],
    serial: HashMap<(usize, usize), Option<State>>,
}

impl Pairs<'_> {
    async fn run(&mut self, one: usize, other: usize, order: &[usize]) -> Result<(), String> {
        let (first, second) = (&self.scenario.operations[one], &self.scenario.operations[other]);
        self.scenario.reset().await;
        let (a, b, taken) = self
            .scenario
            .layer
            .interleave(order, self.scenario.run(first), self.scenario.run(second))
            .await;
        let (broken, state) = self.scenario.inspect().await;
        let describe = |what: &str| {
            let mut report = format!("{what} (calls {taken:?})\n    {a}\n    {b}");
            for line in &broken {
                write!(report, "\n    {line}").unwrap();
            }
            report
        };
        if !broken.is_empty() {
            return Err(describe("invariants are broken"));
        }
        if a.status >= 500 || b.status >= 500 {
            return Err(describe("a server error"));
        }
        let possible = match (a.done(), b.done()) {
            // The last call is the last write.
            (true, true) if taken.last() == Some(&1) => self.serial(one, other).await,
            (true, true) => self.serial(other, one).await,
            (true, false) => Some(self.alone[one].state.clone()),
            (false, true) => Some(self.alone[other].state.clone()),
            (false, false) => return Err(describe("neither was done")),
        };
        if possible.as_ref() == Some(&state) {
            return Ok(());
        }
        // Each element of a batch has its own outcome, and a reassignment has several writes: the other
        // operation can run between them.
        let has_several_writes = |operation: &Operation| {
            operation
                .path
                .as_ref()
                .is_some_and(|path| path.ends_with("/batch") || path.contains("reassign_to"))
        };
        if (has_several_writes(first) || has_several_writes(second)) && a.done() && b.done() {
            let ends = [self.serial(one, other).await, self.serial(other, one).await];
            // Two requests for the same deletion help each other: both report its one end.
            let same = first.path == second.path && self.alone[one].state == state;
            if same || ends.contains(&Some(state.clone())) {
                return Ok(());
            }
        }
        let mut what = "the result differs from that of a sequential run".to_owned();
        if let Some(could) = &possible {
            let more: Vec<_> = state.facts.difference(&could.facts).collect();
            let less: Vec<_> = could.facts.difference(&state.facts).collect();
            write!(what, "\n    unexpected {more:#?}\n    missing {less:#?}").unwrap();
            write!(what, "\n    events {} and {}", state.events, could.events).unwrap();
        }
        Err(describe(&what))
    }

    /// The result of a sequential run; none if one of them is refused.
    async fn serial(&mut self, one: usize, other: usize) -> Option<State> {
        if let Some(known) = self.serial.get(&(one, other)) {
            return known.clone();
        }
        let play = async |operation: &Operation| -> Outcome { self.scenario.run(operation).await };
        self.scenario.reset().await;
        let first = play(&self.scenario.operations[one]).await;
        let second = play(&self.scenario.operations[other]).await;
        let state = self.scenario.inspect().await.1;
        let end = (first.done() && second.done()).then_some(state);
        self.serial.insert((one, other), end.clone());
        end
    }
}

/// All orders of `ones` calls of the first and `others` of the second.
fn orders(ones: usize, others: usize) -> Vec<Vec<usize>> {
    if ones == 0 || others == 0 {
        return vec![[vec![0; ones], vec![1; others]].concat()];
    }
    let prefix = |lane: usize, rest: Vec<Vec<usize>>| {
        rest.into_iter().map(move |rest| [vec![lane], rest].concat())
    };
    prefix(0, orders(ones - 1, others)).chain(prefix(1, orders(ones, others - 1))).collect()
}

fn name(one: usize, other: usize, order: &[usize]) -> String {
    let order: String = order.iter().map(ToString::to_string).collect();
    format!("{one}-{other}-{order}")
}

/// The part to run, and the number of parts, if `DEEP` is set.
fn deep() -> Option<(u64, u64)> {
    let deep = std::env::var("DEEP").ok()?;
    let (part, of) = deep.split_once('/').unwrap_or(("1", &deep));
    Some((part.parse().unwrap(), of.parse().unwrap()))
}

/// The seed of the sample. Set `SEED` to the printed value to repeat a run.
pub fn seed() -> u64 {
    std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap())
}

/// Is the case `name` in the part of `DEEP`, or in the sample?
pub fn chosen(seed: u64, name: &str, sample: usize, all: usize) -> bool {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    if let Some((part, of)) = deep() {
        return hasher.hash_one(name) % of == part % of;
    }
    let (sample, all) = (u64::try_from(sample).unwrap(), u64::try_from(all).unwrap());
    hasher.hash_one((seed, name)) % all < sample
}
