//! Versions of entities, for conditional requests (`ETag`, `If-Match`) and the order of events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of an entity: the time of its last change, in milliseconds since the epoch.
///
/// A change whose request arrived before the previous change gets the version after that one. So
/// the versions of one entity increase strictly, and the times of its events with them (ORG5).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(i64);

impl Version {
    /// The first version of an entity that is created `now`. `tombstone` is the version of the
    /// tombstone, if one was read: the new entity continues from it.
    pub fn first(now: Timestamp, tombstone: Option<Self>) -> Self {
        tombstone.unwrap_or_default().next(now)
    }

    /// The version after this one, for a change by a request that arrived at `now`.
    pub fn next(self, now: Timestamp) -> Self {
        Self(now.as_millisecond().max(self.0.saturating_add(1)))
    }

    /// The time of the change.
    pub fn at(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or_default()
    }

    /// The number, in milliseconds since the epoch.
    pub fn as_millisecond(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    #[test]
    fn version_of_a_change_is_the_time_of_its_request() {
        assert_eq!(Version::first(at(1_000), None).at(), at(1_000));
        assert_eq!(Version(1_000).next(at(2_000)), Version(2_000));
    }

    #[test]
    fn change_by_an_earlier_request_gets_the_next_version() {
        assert_eq!(Version(1_000).next(at(1_000)), Version(1_001));
        assert_eq!(Version(1_000).next(at(400)), Version(1_001));
    }

    #[test]
    fn entity_that_is_created_again_continues_after_its_deletion() {
        assert_eq!(Version::first(at(400), Some(Version(1_000))), Version(1_001));
    }
}
