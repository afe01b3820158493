//! Every pair of writes, in every order of their calls to the store: what happened is what would have
//! happened one after the other.
//!
//! `DEEP=1` runs all schedules; otherwise a sample, drawn by `SEED`.

use std::{
    collections::HashMap,
    fmt::Write,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

use crate::stage::{Deed, Outcome, Stage, State};

/// About how many schedules are run unless all are.
const SAMPLE: usize = 600;

#[tokio::test]
async fn two_writes_in_any_order_of_their_calls_end_as_one_after_the_other() {
    let seed = seed();
    let only = std::env::var("SCHEDULE").ok();
    let stage = Stage::set().await;
    let mut alone = Vec::new();
    for deed in &stage.deeds {
        stage.reset().await;
        stage.layer.plan(|_| None);
        let outcome = stage.play(deed).await;
        let calls = stage.layer.calm();
        assert!(outcome.done(), "{} alone: {outcome}", deed.name);
        let (broken, state) = stage.look().await;
        assert!(broken.is_empty(), "{} alone: {broken:#?}", deed.name);
        alone.push((calls, state));
    }
    let mut schedules = Vec::new();
    for one in 0..stage.deeds.len() {
        for other in one..stage.deeds.len() {
            let orders = orders(alone[one].0, alone[other].0);
            schedules.extend(orders.into_iter().map(|order| (one, other, order)));
        }
    }
    let all = schedules.len();
    schedules.retain(|(one, other, order)| match &only {
        Some(only) => *only == name(*one, *other, order),
        None => deep() || chosen(seed, &name(*one, *other, order), SAMPLE, all),
    });
    let mut pairs = Pairs { stage: &stage, alone: &alone, serial: HashMap::new() };
    let mut wrong = Vec::new();
    for (one, other, order) in &schedules {
        if let Err(what) = pairs.run(*one, *other, order).await {
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

struct Pairs<'a> {
    stage: &'a Stage,
    alone: &'a [(usize, State)],
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
            (true, true) => {
                let forth = self.serial(one, other).await;
                let back = self.serial(other, one).await;
                [forth, back].into_iter().flatten().collect()
            }
            (true, false) => vec![self.alone[one].1.clone()],
            (false, true) => vec![self.alone[other].1.clone()],
            (false, false) => return Err(tell("neither was done")),
        };
        if possible.contains(&state) {
            return Ok(());
        }
        let mut what = "no order of the two ends like this".to_owned();
        for could in &possible {
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
        let play = async |deed: &Deed| -> Outcome { self.stage.play(deed).await };
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

/// Is everything to be tried?
pub fn deep() -> bool {
    std::env::var("DEEP").is_ok()
}

/// What draws the sample: printed, and taken back.
pub fn seed() -> u64 {
    std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap())
}

/// Is this one in a sample of so many out of all?
pub fn chosen(seed: u64, name: &str, sample: usize, all: usize) -> bool {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let (sample, all) = (u64::try_from(sample).unwrap(), u64::try_from(all).unwrap());
    hasher.hash_one((seed, name)) % all < sample
}
