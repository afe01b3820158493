//! Idempotency records: who writes them, and the outcome of a repeat.

use std::collections::HashMap;

use super::{refusal, sent};
use crate::{
    domain::{IdempotencyKey, Refusal, UserId},
    fixtures::{in_days, now},
    store::{
        Chunk, EarlierRun, Error, FetchedItems, Key,
        idempotency::Record,
        item::{Item, number},
        transaction::{Step, Write},
    },
};

fn key(fingerprint: &str) -> IdempotencyKey {
    IdempotencyKey {
        caller: UserId::new("ann"),
        route: "POST /v1/organizations".to_owned(),
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
fn first_transaction_writes_the_record_of_a_free_or_expired_key() {
    let sent = sent(step(Chunk::ALL));
    assert_eq!(sent.key, Key::idempotency(&key("body")));
    let now = now().as_millisecond();
    assert_eq!(sent.condition, format!("(attribute_not_exists(#pk) OR #until <= {now})"));
    assert_eq!(record(Chunk::ALL)["ttl"], number(in_days(1).as_second()));
}

#[test]
fn later_transaction_continues_the_record_of_the_same_request() {
    let sent = sent(step(Chunk { nth: 2, last: true }));
    assert_eq!(sent.condition, "(#chunks = 2 AND #fingerprint = body)");
}

#[test]
fn repeat_gets_the_recorded_answer() {
    let error = (step(Chunk::ALL).on_failed)(Some(record(Chunk::ALL)));
    assert!(matches!(&error, Error::CommittedBefore(json) if json == "\"answer\""), "{error:?}");
}

#[test]
fn key_of_another_request_is_refused() {
    let other = Record::step(&key("other"), Chunk::ALL, &"answer", now()).unwrap();
    let error = (other.on_failed)(Some(record(Chunk::ALL)));
    assert_eq!(refusal(error), Refusal::IdempotencyKeyReused);
    let read = found(record(Chunk::ALL)).earlier_run::<String>(&key("other"), now());
    assert_eq!(refusal(read.unwrap_err()), Refusal::IdempotencyKeyReused);
}

#[test]
fn repeat_of_a_request_that_still_runs_is_refused() {
    let running = record(Chunk { nth: 0, last: false });
    for record in [None, Some(running)] {
        let error = (step(Chunk::ALL).on_failed)(record);
        assert_eq!(refusal(error), Refusal::IdempotencyKeyInUse);
    }
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
