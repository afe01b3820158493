//! How the levels of an organization's custom roles are stored: one text for each role.
//!
//! The form is here and not in the store, so that an organization is read in one pass. Every
//! request reads these levels, and a map costs twice as much to parse.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::domain::{CustomRoleId, Levels};

/// The entry of a custom role: its bare id, then its levels as a number.
pub fn levels_entry(role: CustomRoleId, levels: Levels) -> String {
    format!("{}{:x}", role.bare(), levels.pack())
}

pub(super) fn serialize<S: Serializer>(
    roles: &BTreeMap<CustomRoleId, Levels>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(roles.iter().map(|(&id, &levels)| levels_entry(id, levels)))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<CustomRoleId, Levels>, D::Error> {
    let read = |entry: &String| {
        let (id, levels) = entry.split_at_checked(ID_LENGTH)?;
        let levels = u64::from_str_radix(levels, 16).ok().map(Levels::unpack)?;
        Some((CustomRoleId::from_bare(id).ok()?, levels))
    };
    let entries = Vec::<String>::deserialize(deserializer)?;
    let roles = entries.iter().map(read).collect::<Option<_>>();
    roles.ok_or_else(|| D::Error::custom("the entry of a custom role's levels is malformed"))
}

/// The length of a bare id.
const ID_LENGTH: usize = 26;
