//! The log of a test. It never mixes tests: each runs on a thread of its own.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One log for all tests: `tracing` decides once for each line of code whether anybody listens.
pub(super) fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| crate::lambda::log_to(|| Lines));
}

/// What this test has logged since it was asked last.
pub(super) fn taken() -> String {
    String::from_utf8(LINES.take()).unwrap()
}
