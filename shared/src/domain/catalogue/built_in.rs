//! The roles that every organization has and nobody can edit (ROLE1); never the custom ones.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::UnknownKey;
use crate::domain::Levels;

/// A fixed role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// Answers for the organization; there is exactly one (SA1).
    SuperAdmin,
    /// Runs the organization.
    Admin,
    /// Works in it.
    User,
    /// Manages a partner's market development funds.
    MdfAdmin,
    /// Works in a partner organization, with its own deals.
    PartnerUser,
}

impl BuiltIn {
    /// All of them, in the catalogue's order.
    pub const ALL: [Self; 5] =
        [Self::SuperAdmin, Self::Admin, Self::User, Self::MdfAdmin, Self::PartnerUser];

    /// Its name in the API.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Admin => "admin",
            Self::User => "user",
            Self::MdfAdmin => "mdf_admin",
            Self::PartnerUser => "partner_user",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "Super Admin",
            Self::Admin => "Admin",
            Self::User => "User",
            Self::MdfAdmin => "MDF Admin",
            Self::PartnerUser => "Partner User",
        }
    }

    /// Is it for partner organizations alone?
    #[must_use]
    pub fn partner_only(self) -> bool {
        matches!(self, Self::MdfAdmin | Self::PartnerUser)
    }

    /// What it holds, before any condition is judged (ROLE5).
    #[must_use]
    pub fn levels(self) -> Levels {
        Levels::from_fn(|object| object.held_by(self))
    }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

impl FromStr for BuiltIn {
    type Err = UnknownKey;

    fn from_str(key: &str) -> Result<Self, UnknownKey> {
        Self::ALL.into_iter().find(|role| role.key() == key).ok_or(UnknownKey("built-in role"))
    }
}
