//! Attempts to change something, repeated after lost races.

use super::ApiError;
use crate::domain::Refusal;

/// The most attempts of a request, unless it has reasons for another number.
pub const MAX_ATTEMPTS: usize = 4;

/// The result of one attempt.
#[derive(Debug)]
pub enum Attempt<T> {
    /// The attempt succeeded.
    Done(T),
    /// Another request changed something. Another attempt reads the facts again, and can succeed.
    LostRace(Refusal),
}

impl<T> Attempt<T> {
    /// The result.
    ///
    /// # Errors
    ///
    /// The refusal of a lost race.
    pub fn done(self) -> Result<T, ApiError> {
        match self {
            Self::Done(result) => Ok(result),
            Self::LostRace(refusal) => Err(refusal.into()),
        }
    }
}

/// Makes up to `max` attempts, until one loses no race. Each gets its number, from 1. Returns the
/// last one.
///
/// # Errors
///
/// The first error. It ends the attempts.
pub async fn retry_lost_races<T, F: Future<Output = Result<Attempt<T>, ApiError>>>(
    max: usize,
    attempt: impl Fn(usize) -> F,
) -> Result<Attempt<T>, ApiError> {
    for nth in 1..max {
        if let done @ Attempt::Done(_) = attempt(nth).await? {
            return Ok(done);
        }
    }
    attempt(max).await
}
