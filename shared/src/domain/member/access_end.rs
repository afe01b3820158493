//! Access that ends at a time (END1).

use jiff::{SignedDuration, Timestamp};

use crate::domain::Refusal;

/// The longest time from a request until the end of access that it sets, in days: 10 years.
pub const MAX_ACCESS_DAYS: i64 = 3653;

/// Checks a new end of access. `None` is access without an end.
///
/// # Errors
/// [`Refusal::AccessEndOutOfRange`] if it is not later than `now`, or more than [`MAX_ACCESS_DAYS`]
/// later.
pub fn check_access_end(end: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    let latest = now.saturating_add(SignedDuration::from_hours(24 * MAX_ACCESS_DAYS));
    let latest = latest.unwrap_or(Timestamp::MAX);
    match end {
        Some(end) if end <= now || end > latest => Err(Refusal::AccessEndOutOfRange),
        _ => Ok(()),
    }
}
