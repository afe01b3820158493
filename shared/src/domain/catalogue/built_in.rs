//! The built-in roles (ROLE1). They cannot be edited, renamed or deleted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Levels, UnknownKey};

/// A role with fixed levels that every organization of its kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// Owns the organization. An organization has at most one Super Admin (SA1).
    SuperAdmin,
    /// Administers the organization.
    Admin,
    /// Works in the organization.
    User,
    /// Manages a partner's market development funds.
    MdfAdmin,
    /// Works in a partner organization and registers deals.
    PartnerUser,
}

impl BuiltIn {
    /// All built-in roles in the order of the catalogue.
    pub const ALL: [Self; 5] =
        [Self::SuperAdmin, Self::Admin, Self::User, Self::MdfAdmin, Self::PartnerUser];

    /// The name of the role in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::Admin => "admin",
            Self::User => "user",
            Self::MdfAdmin => "mdf_admin",
            Self::PartnerUser => "partner_user",
        }
    }

    /// The name of the role in user interfaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::SuperAdmin => "Super Admin",
            Self::Admin => "Admin",
            Self::User => "User",
            Self::MdfAdmin => "MDF Admin",
            Self::PartnerUser => "Partner User",
        }
    }

    /// Whether only partner organizations have the role.
    pub fn partner_only(self) -> bool {
        matches!(self, Self::MdfAdmin | Self::PartnerUser)
    }

    /// The levels of the role, before conditions are applied (ROLE5).
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
