//! Every pair of writes, in every order of their calls to the store: what happened is what would have
//! happened one after the other, in the order in which they were committed.
//!
//! `DEEP=1` runs all schedules, `DEEP=2/3` the second third of them. Otherwise pairs that touch nothing of each other are left out, and a
//! sample of the rest is drawn by `SEED`.

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

/// About how many schedules are run unless all are.
const SAMPLE: usize = 400;

#[tokio::test]
async fn two_writes_in_any_order_of_their_calls_end_as_one_after_the_other() {
    let seed = seed();
    let only = std::env::var("SCHEDULE").ok();
    let stage = Scenario::set().await;
    let mut alone = Vec::new();
    for deed in &stage.deeds {
        stage.reset().await;
        let touched = Arc::new(Mutex::new(Touched::default()));
        let seen = Arc::clone(&touched);
        stage.layer.plan(move |call| {
            seen.lock().unwrap().see(call.body);
            None
        });
        let outcome = stage.play(deed).await;
        let calls = stage.layer.calm();
        assert!(outcome.done(), "{} alone: {outcome}", deed.name);
        let (broken, state) = stage.look().await;
        assert!(broken.is_empty(), "{} alone: {broken:#?}", deed.name);
        let touched = std::mem::take(&mut *touched.lock().unwrap());
        alone.push(Alone { calls, state, touched });
    }
    let mut schedules = Vec::new();
    for one in 0..stage.deeds.len() {
        for other in one..stage.deeds.len() {
            if deep().is_some() || only.is_some() || alone[one].touched.meets(&alone[other].touched)
            {
                let orders = orders(alone[one].calls, alone[other].calls);
                // One after the other is not at once.
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
    let mut pairs = Pairs { stage: &stage, alone: &alone, serial: HashMap::new() };
    let mut wrong = Vec::new();
    for (one, other, order) in &schedules {
        let run = AssertUnwindSafe(pairs.run(*one, *other, order)).catch_unwind().await;
        if let Err(what) = run.unwrap_or_else(|_| Err("no answer like this, see above".to_owned()))
        {
            let (first, second) = (stage.deeds[*one].name, stage.deeds[*other].name);
            wrong.push(format!(
                "{first:?} and {second:?}: {what}\n    \
                 SCHEDULE={} cargo test -p tests --test api interleavings",
                name(*one, *other, order)
            ));
        }
    }
    println!("{} of {all} schedules, SEED={seed}", schedules.len());
    let told = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "SEED={seed}: {} schedules went wrong\n{told}", wrong.len());
}

/// A deed by itself: how many calls, to what end, touching which items.
struct Alone {
    calls: usize,
    state: State,
    touched: Touched,
}

/// The items that somebody reads and writes.
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
                // Whoever adds to a counter does not mind who adds before.
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
    stage: &'a Scenario,
    alone: &'a [Alone],
    serial: HashMap<(usize, usize), Option<State>>,
}

impl Pairs<'_> {
    async fn run(&mut self, one: usize, other: usize, order: &[usize]) -> Result<(), String> {
        let (first, second) = (&self.stage.deeds[one], &self.stage.deeds[other]);
        self.stage.reset().await;
        let (a, b, taken) = self
            .stage
            .layer
            .interleave(order, self.stage.play(first), self.stage.play(second))
            .await;
        let (broken, state) = self.stage.look().await;
        let tell = |what: &str| {
            let mut told = format!("{what} (calls {taken:?})\n    {a}\n    {b}");
            for line in &broken {
                write!(told, "\n    {line}").unwrap();
            }
            told
        };
        if !broken.is_empty() {
            return Err(tell("invariants are broken"));
        }
        if a.status >= 500 || b.status >= 500 {
            return Err(tell("a server error"));
        }
        let possible = match (a.done(), b.done()) {
            // Whoever called last wrote last.
            (true, true) if taken.last() == Some(&1) => self.serial(one, other).await,
            (true, true) => self.serial(other, one).await,
            (true, false) => Some(self.alone[one].state.clone()),
            (false, true) => Some(self.alone[other].state.clone()),
            (false, false) => return Err(tell("neither was done")),
        };
        if possible.as_ref() == Some(&state) {
            return Ok(());
        }
        // Each element of a list has an outcome of its own, and what is refused was so when it was
        // read; and a role retires in several writes: the other deed may come in between.
        let several = |deed: &Operation| {
            deed.path
                .as_ref()
                .is_some_and(|path| path.ends_with("/batch") || path.contains("reassign_to"))
        };
        if (several(first) || several(second)) && a.done() && b.done() {
            let ends = [self.serial(one, other).await, self.serial(other, one).await];
            // Two requests for the same deletion help each other: both report its one end.
            let same = first.path == second.path && self.alone[one].state == state;
            if same || ends.contains(&Some(state.clone())) {
                return Ok(());
            }
        }
        let mut what = "one after the other it would not end like this".to_owned();
        if let Some(could) = &possible {
            let more: Vec<_> = state.facts.difference(&could.facts).collect();
            let less: Vec<_> = could.facts.difference(&state.facts).collect();
            write!(what, "\n    only now {more:#?}\n    only then {less:#?}").unwrap();
            write!(what, "\n    events {} and {}", state.events, could.events).unwrap();
        }
        Err(tell(&what))
    }

    /// The end of both, one after the other, if both can be done so.
    async fn serial(&mut self, one: usize, other: usize) -> Option<State> {
        if let Some(known) = self.serial.get(&(one, other)) {
            return known.clone();
        }
        let play = async |deed: &Operation| -> Outcome { self.stage.play(deed).await };
        self.stage.reset().await;
        let first = play(&self.stage.deeds[one]).await;
        let second = play(&self.stage.deeds[other]).await;
        let state = self.stage.look().await.1;
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
    let lead = |lane: usize, rest: Vec<Vec<usize>>| {
        rest.into_iter().map(move |rest| [vec![lane], rest].concat())
    };
    lead(0, orders(ones - 1, others)).chain(lead(1, orders(ones, others - 1))).collect()
}

fn name(one: usize, other: usize, order: &[usize]) -> String {
    let order: String = order.iter().map(ToString::to_string).collect();
    format!("{one}-{other}-{order}")
}

/// Is everything to be tried? Then which part of it, and of how many.
fn deep() -> Option<(u64, u64)> {
    let deep = std::env::var("DEEP").ok()?;
    let (part, of) = deep.split_once('/').unwrap_or(("1", &deep));
    Some((part.parse().unwrap(), of.parse().unwrap()))
}

/// What draws the sample: printed, and taken back.
pub fn seed() -> u64 {
    std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap())
}

/// Is this one to be tried: in the part asked for, or in a sample of so many out of all?
pub fn chosen(seed: u64, name: &str, sample: usize, all: usize) -> bool {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    if let Some((part, of)) = deep() {
        return hasher.hash_one(name) % of == part % of;
    }
    let (sample, all) = (u64::try_from(sample).unwrap(), u64::try_from(all).unwrap());
    hasher.hash_one((seed, name)) % all < sample
}
