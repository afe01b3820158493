//! How much a role allows on one role object, and on all of them; never which role that is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RoleObject;

/// How much is allowed on a role object. Each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing, or the little that everybody may do.
    None,
    /// Look.
    ViewOnly,
    /// Look and change.
    FullAccess,
}

impl Level {
    /// All of them, lowest first.
    pub const ALL: [Self; 3] = [Self::None, Self::ViewOnly, Self::FullAccess];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::ViewOnly => "view_only",
            Self::FullAccess => "full_access",
        })
    }
}

/// A level for each role object.
///
/// Stored, and serialized, as one number: see [`Levels::pack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Levels([Level; RoleObject::ALL.len()]);

impl Levels {
    /// The levels that `level` names, object by object.
    pub fn from_fn(level: impl Fn(RoleObject) -> Level) -> Self {
        Self(RoleObject::ALL.map(level))
    }

    /// The level on `object`.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "there is one level for each variant")]
    pub fn of(self, object: RoleObject) -> Level {
        self.0[object as usize]
    }

    /// The same levels, but `level` on `object`.
    #[must_use]
    pub fn with(self, object: RoleObject, level: Level) -> Self {
        Self::from_fn(|other| if other == object { level } else { self.of(other) })
    }

    /// Every role object with its level, in the catalogue's order.
    pub fn iter(self) -> impl Iterator<Item = (RoleObject, Level)> {
        RoleObject::ALL.into_iter().zip(self.0)
    }

    /// On each role object the higher of the two.
    #[must_use]
    pub fn higher(self, other: Self) -> Self {
        Self::from_fn(|object| self.of(object).max(other.of(object)))
    }

    /// Is `other` within these levels? If not: the first object on which it exceeds them, and the
    /// level it has there (ROLE7).
    pub fn covers(self, other: Self) -> Result<(), (RoleObject, Level)> {
        match other.iter().find(|&(object, level)| level > self.of(object)) {
            Some(excess) => Err(excess),
            None => Ok(()),
        }
    }

    /// All levels in one number: two bits an object, the catalogue's first object lowest.
    #[must_use]
    pub fn pack(self) -> u64 {
        self.iter().fold(0, |bits, (object, level)| bits | ((level as u64) << shift(object)))
    }

    /// What [`Levels::pack`] packed. Bits that mean nothing count as `none`: least privilege.
    #[must_use]
    pub fn unpack(bits: u64) -> Self {
        Self::from_fn(|object| match (bits >> shift(object)) & 0b11 {
            1 => Level::ViewOnly,
            2 => Level::FullAccess,
            _ => Level::None,
        })
    }
}

/// Where an object's two bits begin.
fn shift(object: RoleObject) -> u32 {
    2 * object as u32
}

impl From<Levels> for u64 {
    fn from(levels: Levels) -> Self {
        levels.pack()
    }
}

impl From<u64> for Levels {
    fn from(bits: u64) -> Self {
        Self::unpack(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::BuiltIn;

    #[test]
    fn each_level_includes_the_ones_before_it() {
        assert!(Level::ALL.is_sorted());
        for level in Level::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.to_string());
        }
    }

    #[test]
    fn packed_levels_come_back_as_they_were() {
        for object in RoleObject::ALL {
            for level in Level::ALL {
                let levels = BuiltIn::Admin.levels().with(object, level);
                assert_eq!(levels.of(object), level);
                assert_eq!(Levels::unpack(levels.pack()), levels);
                let json = serde_json::to_string(&levels).unwrap();
                assert_eq!(json, levels.pack().to_string());
                assert_eq!(serde_json::from_str::<Levels>(&json).unwrap(), levels);
            }
        }
    }

    /// Roles are stored this way: if this number changes, so does what their holders may do.
    #[test]
    fn what_is_stored_keeps_its_meaning() {
        insta::assert_snapshot!(BuiltIn::Admin.levels().pack(), @"11184794278");
    }

    #[test]
    fn bits_that_mean_nothing_grant_nothing() {
        assert_eq!(Levels::unpack(u64::MAX), Levels::from_fn(|_| Level::None));
    }

    #[test]
    fn levels_cover_what_is_nowhere_above_them() {
        let (admin, user) = (BuiltIn::Admin.levels(), BuiltIn::User.levels());
        assert_eq!(admin.covers(admin), Ok(()));
        assert_eq!(admin.covers(user), Ok(()));
        assert_eq!(user.covers(admin), Err((RoleObject::CriticalAlertUsers, Level::FullAccess)));
    }

    #[test]
    fn the_higher_of_two_covers_both_and_no_more() {
        let none = Levels::from_fn(|_| Level::None);
        let events = none.with(RoleObject::EventHistory, Level::ViewOnly);
        let users = none.with(RoleObject::UserManagement, Level::FullAccess);
        let both = events.with(RoleObject::UserManagement, Level::FullAccess);
        assert_eq!(events.higher(users), both);
        assert_eq!(users.higher(events), both);
    }
}
