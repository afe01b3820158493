//! Steps without effect of a deletion that takes many transactions: of a role with users, or of an
//! organization.

use std::time::Duration;

/// How many steps in a row may have no effect before the clean-up continues.
const MAX_IDLE_STEPS: u32 = 6;
/// The pause after a step without effect. It grows with each, and exceeds the usual lag of an
/// index.
const IDLE_PAUSE: Duration = Duration::from_millis(30);

/// The number of steps in a row without effect. Such a step meets changes of other requests, or an
/// index that lags.
#[derive(Default)]
pub(super) struct IdleSteps(u32);

impl IdleSteps {
    /// Counts a step without effect, and waits before the next one.
    pub(super) async fn pause(&mut self) {
        self.0 += 1;
        tokio::time::sleep(IDLE_PAUSE * self.0).await;
    }

    /// Whether the clean-up continues later.
    pub(super) fn are_too_many(&self) -> bool {
        self.0 >= MAX_IDLE_STEPS
    }
}
