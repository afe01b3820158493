//! How long a request that writes several times goes on.

use std::time::Duration;

use tokio::time::Instant;

/// After this long nothing more is begun: the transaction under way, and the reads before it, still
/// fit into what a function has.
const ENOUGH: Duration = Duration::from_secs(8);

/// How long a request that writes several times goes on before it answers what it has.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// May another transaction begin?
    #[must_use]
    pub fn is_left(self) -> bool {
        self.0.elapsed() < ENOUGH
    }
}
