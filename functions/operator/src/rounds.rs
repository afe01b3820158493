//! The rounds of a request that ends what a person has, in all organizations.

use shared::{
    domain::Refusal,
    http::{ApiError, Problem},
    store::{EndingProgress, Error, PersonalData},
};

/// How often in a row the end of what a person has may lose a race.
const MAX_LOST_RACES: u32 = 8;

/// The rounds of a request that ends what a person has. Others can add something meanwhile, so it
/// goes on until a round finds nothing, or its time is over.
pub(crate) struct Rounds {
    pub(crate) progress: EndingProgress,
    lost_races: u32,
}

impl Rounds {
    pub(crate) fn begin() -> Self {
        Self { progress: EndingProgress::begin(), lost_races: 0 }
    }

    /// Checks that the person is known, or was before the first round. `data` is what is left of
    /// them.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchPerson`] if not.
    pub(crate) fn check_known(&self, data: &PersonalData) -> Result<(), Refusal> {
        if data.organizations.is_empty() && self.progress.organizations == 0 {
            return Err(Refusal::NoSuchPerson);
        }
        Ok(())
    }

    /// Takes the result of a round.
    ///
    /// # Errors
    ///
    /// 503 if time is over, so that a repeat continues; [`Refusal::ChangedConcurrently`] if no
    /// round had an effect.
    pub(crate) fn end(&mut self, round: Result<bool, Error>) -> Result<(), ApiError> {
        match round {
            Ok(true) => self.lost_races = 0,
            // What changed meanwhile is read again.
            Err(Error::Refused(_)) => self.lost_races += 1,
            Ok(false) => return Err(Problem::unavailable(1).into()),
            Err(error) => return Err(error.into()),
        }
        let is_over = self.progress.deadline.has_passed() || self.lost_races >= MAX_LOST_RACES;
        match (is_over, self.progress.organizations) {
            (false, _) => Ok(()),
            (true, 0) => Err(Refusal::ChangedConcurrently.into()),
            (true, _) => Err(Problem::unavailable(1).into()),
        }
    }
}
