//! Two operations, with their calls to DynamoDB in each order. The result equals that of running them one
//! after the other, in the order of their commits.
//!
//! The pairs of [`IN_EVERY_ORDER`] always run in every order. Of the other pairs that have an item in common, `SEED`
//! draws a sample. `DEEP=1` runs all pairs, `DEEP=2/3` the second third of them. Of a pair with very many orders, 2,000
//! are drawn.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    panic::AssertUnwindSafe,
};

use futures_util::FutureExt;
use serde_json::Value;

use crate::scenario::{Alone, Operation, Outcome, Scenario, State};

/// Pairs of which every order runs each time. Their loser must be refused as it would be afterwards, or with a problem of
/// [`LOST_RACES`]: what the other one changed is no reason to refuse it.
const IN_EVERY_ORDER: [[&str; 2]; 26] = [
    // SA1, SA2: one Super Admin.
    ["ADA transfers to BOB", "ADA transfers to GUS"],
    ["ADA transfers to BOB", "BOB leaves"],
    ["ADA transfers to BOB", "MIA removes BOB"],
    ["ADA transfers to BOB", "ADA makes BOB a User"],
    ["ADA transfers to BOB", "BOB changes the website of Acme"],
    ["ADA transfers to BOB", "ADA joins Empty"],
    ["ADA ends the access of BOB", "ADA transfers to BOB"],
    ["MIA removes BOB", "BOB removes MIA"],
    ["BOB leaves", "BOB leaves"],
    ["ADA joins Empty", "BOB joins Empty"],
    // U2: a write repeats the membership and the role of its caller.
    ["MIA invites ann as Reader", "BOB removes MIA"],
    ["MIA invites ann as Reader", "ADA makes MIA a User"],
    ["MIA invites ann as Reader", "ADA lowers Managers"],
    // ROLE6, ROLE7: a grant repeats the levels that were checked.
    ["ADA makes DAN Free", "BOB deletes Free"],
    ["BOB invites ann as Free", "BOB deletes Free"],
    ["MIA invites ann as Reader", "ADA raises Readers"],
    // INV2, INV7: an invitation ends once.
    ["ADA invites ann as User", "BOB invites ann as Free"],
    ["CY accepts", "CY declines"],
    ["ADA revokes cy's", "CY accepts"],
    ["BOB resends to cy", "CY accepts"],
    // ORG2: a request to join ends once.
    ["ADA approves ida's", "BOB declines ida's"],
    ["IDA cancels her request", "ADA approves ida's"],
    ["ADA approves ida's", "BOB invites ida"],
    // MACH1: a service has a keeper when it is added.
    ["DAN leaves", "MIA adds the service Sync"],
    ["MIA adds the service Sync", "ADA adds the service Sync"],
    ["BOB removes the service Job", "JOB leaves"],
];
/// The problems that only a lost race has.
const LOST_RACES: [&str; 2] = ["changed-concurrently", "super-admin-changed"];
/// The approximate size of the sample.
const SAMPLE: usize = 400;
/// The most orders of one pair. Two requests that read everything about a person have millions.
const MOST_ORDERS: usize = 2_000;

#[tokio::test]
async fn two_writes_in_any_order_end_like_one_after_the_other() {
    let scenario = Scenario::new().await;
    let (mut alone, mut touched) = (Vec::new(), Vec::new());
    for operation in &scenario.operations {
        let run = scenario.run_alone(operation, None).await;
        touched.push(Touched::of(&run));
        alone.push(run);
    }
    let all = deep().is_some() || std::env::var_os("CASE").is_some();
    let mut schedules = Vec::new();
    for one in 0..alone.len() {
        for other in one..alone.len() {
            if all || touched[one].meets(&touched[other]) {
                let orders = orders(alone[one].calls.len(), alone[other].calls.len()).into_iter();
                // A sorted order is sequential.
                let orders = orders.filter(|order| all || !order.is_sorted());
                schedules.extend(orders.map(|order| (one, other, order)));
            }
        }
    }
    let name = |(one, other, order): &(usize, usize, Vec<usize>)| {
        let order: String = order.iter().map(ToString::to_string).collect();
        format!("{one}-{other}-{order}")
    };
    let (mut schedules, seed) = select(schedules, name, SAMPLE);
    if !all {
        let nth = |name| scenario.operations.iter().position(|it| it.name == name).unwrap();
        for [one, other] in IN_EVERY_ORDER.map(|pair| pair.map(nth)) {
            let orders = orders(alone[one].calls.len(), alone[other].calls.len()).into_iter();
            schedules.extend(orders.map(|order| (one, other, order)));
        }
    }
    let mut pairs = Pairs {
        scenario: &scenario,
        alone: &alone,
        serial: HashMap::new(),
        losers: HashMap::new(),
    };
    let mut wrong = Vec::new();
    for schedule in &schedules {
        let (one, other, order) = schedule;
        let run = AssertUnwindSafe(pairs.run(*one, *other, order)).catch_unwind().await;
        if let Err(what) = run.unwrap_or_else(|_| Err("a panic, see above".to_owned())) {
            let [first, second] = [one, other].map(|nth| scenario.operations[*nth].name);
            wrong.push(format!(
                "{first:?} and {second:?}: {what}\n    \
                 CASE={} cargo test -p tests --test api interleavings",
                name(schedule)
            ));
        }
    }
    let report = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "SEED={seed}: {} schedules went wrong\n{report}", wrong.len());
}

/// The items that an operation reads and writes.
#[derive(Default)]
struct Touched {
    read: BTreeSet<String>,
    written: BTreeSet<String>,
}

impl Touched {
    fn of(alone: &Alone) -> Self {
        let key = |key: &Value| format!("{} {}", key["pk"]["S"], key["sk"]["S"]);
        let mut touched = Self::default();
        for (_, call) in &alone.calls {
            for (_, table) in call["RequestItems"].as_object().into_iter().flatten() {
                touched.read.extend(table["Keys"].as_array().into_iter().flatten().map(key));
            }
            let items = call["TransactItems"].as_array().into_iter().flatten();
            for (write, item) in items.flat_map(|item| item.as_object().into_iter().flatten()) {
                let key = key(item.get("Key").unwrap_or(&item["Item"]));
                // Additions to a counter commute.
                if key.contains("COUNTS") {
                    continue;
                }
                match write.as_str() {
                    "ConditionCheck" => touched.read.insert(key),
                    _ => touched.written.insert(key),
                };
            }
        }
        touched
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
    losers: HashMap<(usize, usize), String>,
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
            let mut report = format!("{what} (calls {taken:?})\n    {a:?}\n    {b:?}");
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
        if IN_EVERY_ORDER.contains(&[first.name, second.name]) {
            self.check_loser([(one, &a), (other, &b)]).await.map_err(|what| describe(&what))?;
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
        if a.done() && b.done() && self.is_sequence_of_steps(one, other, &state).await {
            return Ok(());
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

    /// Of a done and a refused operation, the refused one must have the problem that it has afterwards, or that of a lost race.
    async fn check_loser(&mut self, ends: [(usize, &Outcome); 2]) -> Result<(), String> {
        let [(one, first), (other, second)] = ends;
        let (pair, loser) = match (first.done(), second.done()) {
            (true, false) => ((one, other), second),
            (false, true) => ((other, one), first),
            _ => return Ok(()),
        };
        let (now, later) = (loser.problem(), self.loser(pair).await);
        if LOST_RACES.contains(&&*now) || now == later {
            return Ok(());
        }
        Err(format!("{now:?} instead of {later:?}, as afterwards"))
    }

    /// Whether one of the operations has several writes, between which the other one can run, and the state is that of a
    /// sequence. Each element of a batch has its own outcome, and a reassignment has several writes.
    async fn is_sequence_of_steps(&mut self, one: usize, other: usize, state: &State) -> bool {
        let (first, second) = (&self.scenario.operations[one], &self.scenario.operations[other]);
        let has_several_writes = |operation: &Operation| {
            let path = operation.path.as_deref().unwrap_or_default();
            path.ends_with("/batch") || operation.in_steps()
        };
        if !has_several_writes(first) && !has_several_writes(second) {
            return false;
        }
        // Two requests for the same deletion help each other: both report its one end.
        let same = first.path == second.path && self.alone[one].state == *state;
        let rounds = usize::from(first.erases() || second.erases());
        let ends = [self.serial(one, other).await, self.serial(other, one).await];
        let is_state = |end: &State| {
            end.facts == state.facts && (end.events..=end.events + rounds).contains(&state.events)
        };
        same || ends.iter().flatten().any(is_state)
    }

    /// The problem of the second one after the first one.
    async fn loser(&mut self, (one, other): (usize, usize)) -> String {
        if let Some(known) = self.losers.get(&(one, other)) {
            return known.clone();
        }
        self.scenario.reset().await;
        self.scenario.run(&self.scenario.operations[one]).await;
        let problem = self.scenario.run(&self.scenario.operations[other]).await.problem();
        self.losers.insert((one, other), problem.clone());
        problem
    }

    /// The result of a sequential run; none if one of them is refused.
    async fn serial(&mut self, one: usize, other: usize) -> Option<State> {
        if let Some(known) = self.serial.get(&(one, other)) {
            return known.clone();
        }
        self.scenario.reset().await;
        let first = self.scenario.run(&self.scenario.operations[one]).await;
        let second = self.scenario.run(&self.scenario.operations[other]).await;
        let state = self.scenario.inspect().await.1;
        let end = (first.done() && second.done()).then_some(state);
        self.serial.insert((one, other), end.clone());
        end
    }
}

/// The orders of `ones` calls of the first and `others` of the second: all, or [`MOST_ORDERS`] of them.
fn orders(ones: usize, others: usize) -> Vec<Vec<usize>> {
    if count_orders(ones, others) <= MOST_ORDERS {
        return all_orders(ones, others);
    }
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let drawn = (0..MOST_ORDERS).map(|nth| {
        let mut calls: Vec<_> = (0..ones + others).collect();
        calls.sort_by_key(|call| hasher.hash_one((nth, call)));
        calls.into_iter().map(|call| usize::from(call >= ones)).collect::<Vec<_>>()
    });
    drawn.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The number of orders: the binomial coefficient, or more than [`MOST_ORDERS`].
fn count_orders(ones: usize, others: usize) -> usize {
    (1..=ones).fold(1, |count, nth| (count * (others + nth) / nth).min(usize::MAX / 1_000))
}

fn all_orders(ones: usize, others: usize) -> Vec<Vec<usize>> {
    if ones == 0 || others == 0 {
        return vec![[vec![0; ones], vec![1; others]].concat()];
    }
    let prefix = |lane: usize, rest: Vec<Vec<usize>>| {
        rest.into_iter().map(move |rest| [vec![lane], rest].concat())
    };
    prefix(0, all_orders(ones - 1, others)).chain(prefix(1, all_orders(ones, others - 1))).collect()
}

/// The part to run, and the number of parts, if `DEEP` is set.
fn deep() -> Option<(u64, u64)> {
    let deep = std::env::var("DEEP").ok()?;
    let (part, of) = deep.split_once('/').unwrap_or(("1", &deep));
    Some((part.parse().unwrap(), of.parse().unwrap()))
}

/// The cases to run, and the seed of their sample: the case that `CASE` names, the part of `DEEP`, or a
/// sample of about `size`. Set `SEED` to the printed value to repeat a run.
pub fn select<T>(mut cases: Vec<T>, name: impl Fn(&T) -> String, size: usize) -> (Vec<T>, u64) {
    let seed = std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    let only = std::env::var("CASE").ok();
    let (size, all) = (u64::try_from(size).unwrap(), u64::try_from(cases.len()).unwrap());
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    cases.retain(|case| match (&only, deep()) {
        (Some(only), _) => *only == name(case),
        (None, Some((part, of))) => hasher.hash_one(name(case)) % of == part % of,
        (None, None) => hasher.hash_one((seed, name(case))) % all < size,
    });
    println!("{} of {all} cases, SEED={seed}", cases.len());
    (cases, seed)
}
