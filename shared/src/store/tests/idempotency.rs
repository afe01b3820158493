//! Idempotency records: who writes them, and the outcome of a repeat.

use std::collections::HashMap;

use super::{refusal, sent};
use crate::{
    domain::{IdempotencyKey, Refusal, UserId},
    fixtures::{in_days, now},
    store::{
        Chunk, EarlierRun, FetchedItems, Key,
        idempotency::Record,
        item::{Item, number},
        step::{Step, Unmet, Write},
    },
};

fn key(fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey {
        caller: UserId::new("ann"),
        operation: "POST /v1/organizations".to_owned(),
        key: "k1".to_owned(),
        fingerprint: fingerprint.to_owned(),
    }
}

fn step(chunk: Chunk) -> Step {
    Record::step(&key("body"), chunk, &"answer", now()).unwrap()
}

fn record(chunk: Chunk) -> Item {
    let Write::Put(item) = step(chunk).write else { panic!("not a put") };
    item
}

fn found(item: Item) -> FetchedItems {
    FetchedItems::of(HashMap::from([(Key::idempotency(&key("body")), item)])).unwrap()
}

#[test]
fn record_is_written_for_a_free_or_expired_key_and_continued_by_the_same_request() {
    let now = now().as_millisecond();
    for (chunk, condition) in [
        (Chunk::ALL, format!("(attribute_not_exists(#pk) OR #until <= {now})")),
        (Chunk { nth: 2, last: true }, "(#chunks = 2 AND #fingerprint = body)".to_owned()),
    ] {
        let sent = sent(step(chunk));
        assert_eq!((sent.key, sent.condition), (Key::idempotency(&key("body")), condition));
    }
    assert_eq!(record(Chunk::ALL)["ttl"], number(in_days(1).as_second()));
}

#[test]
fn repeat_gets_the_recorded_answer_or_the_reason_why_there_is_none() {
    let repeat = |fingerprint, record| {
        let step = Record::step(&key(fingerprint), Chunk::ALL, &"answer", now()).unwrap();
        (step.on_failed)(record)
    };
    let done = || record(Chunk::ALL);
    let answered = repeat("body", Some(done()));
    assert!(matches!(&answered, Unmet::CommittedBefore(json) if json == "\"answer\""));
    let running = record(Chunk { nth: 0, last: false });
    for record in [None, Some(running)] {
        assert_eq!(refusal(repeat("body", record)), Refusal::IdempotencyKeyInUse);
    }
    assert_eq!(refusal(repeat("other", Some(done()))), Refusal::IdempotencyKeyReused);
    let read = found(done()).earlier_run::<String>(&key("other"), now());
    assert_eq!(refusal(read.unwrap_err()), Refusal::IdempotencyKeyReused);
}

#[test]
fn earlier_run_is_read_from_the_record() {
    let run = |found: FetchedItems, at| found.earlier_run::<String>(&key("body"), at).unwrap();
    let answered = run(found(record(Chunk::ALL)), now());
    assert!(matches!(&answered, EarlierRun::Answered(json) if json == "\"answer\""));
    let stopped = run(found(record(Chunk { nth: 2, last: false })), now());
    let EarlierRun::Stopped { chunks, progress } = stopped else { panic!("{stopped:?}") };
    assert_eq!((chunks, progress.as_str()), (3, "answer"));
    assert!(matches!(run(FetchedItems::default(), now()), EarlierRun::None));
    let expired = run(found(record(Chunk::ALL)), in_days(1));
    assert!(matches!(expired, EarlierRun::None), "a key is remembered for a day");
}
