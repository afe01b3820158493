//! Each outcome that `docs/openapi.yaml` documents for an operation is produced by a test.
//!
//! The target `api` records the outcomes of its requests. Cargo runs the targets of a package in the order of their
//! names, so the record is complete when this target runs. After a change, run the target `api` first.

use std::{collections::BTreeSet, fs};

use document::{CONTRACT, OUTCOME_RECORD};

#[path = "api/contract/document.rs"]
mod document;
mod yaml;

/// Outcomes of faults and races, which any operation can have. One operation shows each.
const OF_FAULTS: [&str; 5] = [
    "unavailable",
    "changed-concurrently",
    "precondition-failed",
    "session-too-old",
    "network-not-allowed",
];

/// Outcomes that the tests of the store and of the local server produce.
const ELSEWHERE: [&str; 2] = ["internal", "idempotency-key-in-use"];

#[test]
fn every_documented_outcome_is_produced_by_a_test() {
    let record = fs::read_to_string(OUTCOME_RECORD).expect("run `cargo test --test api` first");
    let produced: BTreeSet<&str> = record.lines().collect();
    let anywhere: BTreeSet<&str> = record.lines().filter_map(|it| it.rsplit(' ').next()).collect();
    let mut missing = Vec::new();
    for operation in CONTRACT.operations() {
        for outcome in CONTRACT.outcomes(&operation) {
            let line = format!("{} {outcome}", operation.name);
            let is_shown = produced.contains(&*line)
                || ELSEWHERE.contains(&&*outcome)
                || OF_FAULTS.contains(&&*outcome) && anywhere.contains(&*outcome);
            if !is_shown {
                missing.push(line);
            }
        }
    }
    assert!(missing.is_empty(), "no test of the last run produces\n{}", missing.join("\n"));
}
