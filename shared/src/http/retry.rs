//! Attempts to change something, repeated after lost races.

use super::{Answer, ApiError};
use crate::{
    domain::Refusal,
    store::{self, Transaction},
};

/// The most attempts of a request, unless it has reasons for another number.
pub const MAX_ATTEMPTS: usize = 4;

/// The result of one attempt. The inner error is a lost race: another attempt reads the facts again, and can
/// succeed.
pub type Attempt<T> = Result<Result<T, Refusal>, ApiError>;

/// Makes up to `max` attempts, until one loses no race. Each gets its number, from 1. Returns the last result.
///
/// # Errors
///
/// The first error apart from a lost race. It ends the attempts.
pub async fn retry_lost_races<T, F: Future<Output = Attempt<T>>>(
    max: usize,
    attempt: impl Fn(usize) -> F,
) -> Attempt<T> {
    for nth in 1..max {
        if let Ok(done) = attempt(nth).await? {
            return Ok(Ok(done));
        }
    }
    attempt(max).await
}

impl Answer {
    /// Commits the transaction of an attempt, and returns its answer.
    ///
    /// # Errors
    ///
    /// The error of the commit. [`Refusal::ChangedConcurrently`] is a lost race.
    pub async fn attempt(self, writes: Transaction<'_>) -> Attempt<Self> {
        match writes.commit(&self).await {
            Err(store::Error::Refused(lost @ Refusal::ChangedConcurrently)) => Ok(Err(lost)),
            committed => Ok(Ok(self.or_recorded(committed?)?)),
        }
    }
}
