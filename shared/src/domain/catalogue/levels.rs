//! The levels of a role: one for each role object.

use serde::{Deserialize, Serialize};

use super::{Level, RoleObject};

/// A level for each role object. Serialized as one number: see [`Levels::pack`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Levels([Level; RoleObject::ALL.len()]);

impl Levels {
    /// The levels that the function returns for each role object.
    pub fn from_fn(level: impl Fn(RoleObject) -> Level) -> Self {
        Self(RoleObject::ALL.map(level))
    }

    /// The level on `object`.
    #[expect(clippy::indexing_slicing, reason = "the array has one level for each variant")]
    pub fn level_on(self, object: RoleObject) -> Level {
        self.0[object as usize]
    }

    /// These levels with `object` set to `level`.
    pub fn with(self, object: RoleObject, level: Level) -> Self {
        Self::from_fn(|other| if other == object { level } else { self.level_on(other) })
    }

    /// Each role object with its level, in the order of the catalogue.
    pub fn iter(self) -> impl Iterator<Item = (RoleObject, Level)> {
        RoleObject::ALL.into_iter().zip(self.0)
    }

    /// The higher of the two levels on each role object.
    pub fn higher(self, other: Self) -> Self {
        Self::from_fn(|object| self.level_on(object).max(other.level_on(object)))
    }

    /// Checks that no level of `other` is higher than the level here (ROLE7).
    ///
    /// # Errors
    /// The first role object on which `other` is higher, with its level there.
    pub fn check_covers(self, other: Self) -> Result<(), (RoleObject, Level)> {
        match other.iter().find(|&(object, level)| level > self.level_on(object)) {
            Some(excess) => Err(excess),
            None => Ok(()),
        }
    }

    /// Encodes the levels as a number: two bits for each role object, the first one lowest.
    pub fn pack(self) -> u64 {
        self.iter().fold(0, |bits, (object, level)| bits | ((level as u64) << shift(object)))
    }

    /// Decodes the number from [`Levels::pack`]. Bits without a meaning count as `none`.
    pub fn unpack(bits: u64) -> Self {
        Self::from_fn(|object| match (bits >> shift(object)) & 0b11 {
            1 => Level::ViewOnly,
            2 => Level::FullAccess,
            _ => Level::None,
        })
    }
}

/// The position of the lowest bit of a role object.
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
    fn unpack_reverses_pack() {
        for object in RoleObject::ALL {
            for level in Level::ALL {
                let levels = BuiltIn::Admin.levels().with(object, level);
                assert_eq!(levels.level_on(object), level);
                assert_eq!(Levels::unpack(levels.pack()), levels);
                let json = serde_json::to_string(&levels).unwrap();
                assert_eq!(json, levels.pack().to_string());
                assert_eq!(serde_json::from_str::<Levels>(&json).unwrap(), levels);
            }
        }
    }

    /// Stored roles use this number. A change would alter the permissions of their holders.
    #[test]
    fn packed_admin_levels_are_stable() {
        insta::assert_snapshot!(BuiltIn::Admin.levels().pack(), @"11184794278");
    }

    #[test]
    fn bits_without_meaning_unpack_to_none() {
        assert_eq!(Levels::unpack(u64::MAX), Levels::from_fn(|_| Level::None));
    }

    #[test]
    fn levels_cover_levels_that_are_nowhere_higher() {
        let (admin, user) = (BuiltIn::Admin.levels(), BuiltIn::User.levels());
        assert_eq!(admin.check_covers(admin), Ok(()));
        assert_eq!(admin.check_covers(user), Ok(()));
        assert_eq!(
            user.check_covers(admin),
            Err((RoleObject::CriticalAlertUsers, Level::FullAccess))
        );
    }

    #[test]
    fn higher_takes_the_maximum_on_each_role_object() {
        let none = Levels::from_fn(|_| Level::None);
        let events = none.with(RoleObject::EventHistory, Level::ViewOnly);
        let users = none.with(RoleObject::UserManagement, Level::FullAccess);
        let both = events.with(RoleObject::UserManagement, Level::FullAccess);
        assert_eq!(events.higher(users), both);
        assert_eq!(users.higher(events), both);
    }
}
