//! The time limit of a request with several transactions.

use std::time::Duration;

use tokio::time::Instant;

/// The time after which a request begins no further transaction. The one in progress still ends
/// within the time-out of the function.
pub const TIME_LIMIT: Duration = Duration::from_secs(8);

/// The end of the time in which a request may begin transactions.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// Begins now.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// Whether no further transaction may begin.
    pub fn has_passed(self) -> bool {
        self.0.elapsed() >= TIME_LIMIT
    }
}
