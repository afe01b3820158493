//! The ids of roles, and what other parts of the API show of a role.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) mod custom;
pub(super) mod delete;
pub(super) mod grant;

use crate::domain::{BuiltIn, CustomRoleId, Level, Levels, Name, RoleObject, id::ParsedText};

/// The highest number of custom roles in an organization (ROLE2). Every request reads their levels.
pub const MAX_CUSTOM_ROLES: usize = 100;
/// The longest role name, in characters (ROLE2).
pub const MAX_ROLE_NAME: usize = 64;
/// The longest role description, in characters (ROLE2).
pub const MAX_ROLE_DESCRIPTION: usize = 256;

/// Identifies a role: a built-in role by its key, a custom role by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleId {
    /// A built-in role.
    BuiltIn(BuiltIn),
    /// A custom role of the organization.
    Custom(CustomRoleId),
}

impl RoleId {
    /// The built-in role Super Admin.
    pub const SUPER_ADMIN: Self = Self::BuiltIn(BuiltIn::SuperAdmin);
    /// The built-in role Admin.
    pub const ADMIN: Self = Self::BuiltIn(BuiltIn::Admin);
    /// The built-in role MDF Admin.
    pub const MDF_ADMIN: Self = Self::BuiltIn(BuiltIn::MdfAdmin);
    /// The built-in role User.
    pub const USER: Self = Self::BuiltIn(BuiltIn::User);

    /// The built-in role, if it is one.
    pub fn built_in(self) -> Option<BuiltIn> {
        match self {
            Self::BuiltIn(role) => Some(role),
            Self::Custom(_) => None,
        }
    }

    /// The id of the custom role, if it is one.
    pub fn custom(self) -> Option<CustomRoleId> {
        match self {
            Self::Custom(id) => Some(id),
            Self::BuiltIn(_) => None,
        }
    }

    /// The name of the role. `custom` is the role if it is a custom one; without it, its id is
    /// shown.
    pub fn shown_name(self, custom: Option<&RoleSummary>) -> String {
        match self {
            Self::BuiltIn(role) => role.name().to_owned(),
            Self::Custom(id) => custom.map_or_else(|| id.to_string(), |role| role.name.to_string()),
        }
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => role.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl FromStr for RoleId {
    type Err = NotARoleId;

    fn from_str(text: &str) -> Result<Self, NotARoleId> {
        let built_in = text.parse().ok().map(Self::BuiltIn);
        built_in.or_else(|| text.parse().ok().map(Self::Custom)).ok_or(NotARoleId)
    }
}

/// The text is not the id of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not the id of a role: it must start with role_, followed by 26 characters, or be that of a built-in role, such as user"
)]
pub struct NotARoleId;

impl Serialize for RoleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ParsedText(PhantomData))
    }
}

/// The role that other systems, such as the identity provider, use for a member (ROLE11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProviderRole {
    /// Full access to User Management and Role Management.
    Admin,
    /// Every other role.
    User,
}

impl IdentityProviderRole {
    /// The identity provider role for these levels (ROLE11).
    pub fn of(levels: Levels) -> Self {
        let full = |object| levels.level_on(object) == Level::FullAccess;
        if full(RoleObject::UserManagement) && full(RoleObject::RoleManagement) {
            Self::Admin
        } else {
            Self::User
        }
    }
}

/// What lists show of a custom role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleSummary {
    /// The id.
    pub id: CustomRoleId,
    /// The name.
    pub name: Name,
    /// The description, which can be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The levels.
    pub levels: Levels,
}

/// The number of users with a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCount {
    /// The number of persons who hold it as members.
    #[serde(rename = "active")]
    pub persons: u64,
    /// The number of pending invitations that offer it.
    pub pending: u64,
    /// The number of services that hold it (MACH1).
    #[serde(default)]
    pub services: u64,
}

impl UserCount {
    /// The number of members who hold it: persons and services.
    pub fn members(self) -> u64 {
        self.persons + self.services
    }

    /// Whether no member holds the role, and no invitation offers it.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}
