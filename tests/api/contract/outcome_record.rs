//! Records the documented outcomes that the tests produce, for `tests/documented_outcomes.rs`.

use std::{
    collections::BTreeSet,
    env,
    fs::{File, OpenOptions},
    io::Write,
    sync::{LazyLock, Mutex},
};

use super::document::OUTCOME_RECORD;

static RECORD: LazyLock<Mutex<Record>> = LazyLock::new(|| Mutex::new(Record::open()));

/// Adds an outcome of an operation to the record.
pub fn add(operation: &str, outcome: &str) {
    RECORD.lock().unwrap().add(format!("{operation} {outcome}\n"));
}

struct Record {
    lines: BTreeSet<String>,
    file: File,
}

impl Record {
    /// A run of all tests starts a new record. A run of some tests adds to the last one.
    fn open() -> Self {
        let is_filter = |argument: String| !argument.starts_with('-') || argument == "--skip";
        let partial = env::args().skip(1).any(is_filter);
        let file = OpenOptions::new().create(true).append(true).open(OUTCOME_RECORD).unwrap();
        if !partial {
            file.set_len(0).unwrap();
        }
        Self { lines: BTreeSet::new(), file }
    }

    fn add(&mut self, line: String) {
        if !self.lines.contains(&line) {
            self.file.write_all(line.as_bytes()).unwrap();
            self.lines.insert(line);
        }
    }
}
