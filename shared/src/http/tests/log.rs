//! Captures the log lines of one test. Each test runs on its own thread and sees only its lines.

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

/// Starts the log once for all tests, because `tracing` caches for each call site whether it is
/// enabled.
pub(super) fn start() {
    static INIT: Once = Once::new();
    INIT.call_once(|| crate::log::start(|| Lines));
}

/// Takes the lines that this test has logged since the last call.
pub(super) fn taken() -> String {
    String::from_utf8(LINES.take()).unwrap()
}
