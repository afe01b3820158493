//! The permission level on one role object.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The permission level on a role object. Each level includes the lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// No permission, except the actions that the catalogue grants at this level.
    None,
    /// Read.
    ViewOnly,
    /// Read and write.
    FullAccess,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::None, Self::ViewOnly, Self::FullAccess];

    /// The level in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no access",
            Self::ViewOnly => "view access",
            Self::FullAccess => "full access",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_serialize_as_their_keys() {
        assert!(Level::ALL.is_sorted());
        for level in Level::ALL {
            assert_eq!(serde_json::to_value(level).unwrap(), level.to_string());
        }
    }
}
