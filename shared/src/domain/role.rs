//! Roles: their ids, and the rules for custom roles.

use std::{collections::BTreeMap, fmt, marker::PhantomData, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    BuiltIn, CustomRoleId, Level, Levels, Name, Reassignment, Refusal, RoleObject, Standing,
    Target, TargetKind, Version, grant::check_no_escalation, id::ParsedText,
    lookalike::looks_built_in,
};

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

    /// The name of the role. `custom` is the role if it is a custom one; without it, its id is shown.
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

/// A role that an organization defines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// The id. It is not used again after the role is deleted.
    pub id: CustomRoleId,
    /// The name. Its folded form is unique in the organization (ROLE2).
    pub name: Name,
    /// The description, which can be empty.
    pub description: String,
    /// The levels of the role.
    pub levels: Levels,
    /// The deletion in progress, if the role is being deleted. It cannot be granted then (ROLE6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reassignment: Option<Reassignment>,
    /// The version of name, description, levels and deletion.
    pub version: Version,
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

impl CustomRole {
    /// What lists show of the role.
    pub fn summary(&self) -> RoleSummary {
        let Self { id, name, description, levels, .. } = self.clone();
        RoleSummary { id, name, description, levels }
    }

    /// The role as the target of an event.
    pub fn target(&self) -> Target {
        self.target_at(self.version)
    }

    /// The role as the target of the event that makes its version `version`.
    pub fn target_at(&self, version: Version) -> Target {
        Target::new(TargetKind::Role, &RoleId::Custom(self.id), version)
    }
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

/// The values of a new role, or the changes of an existing one. Missing values stay unchanged, or
/// get their default.
#[derive(Clone, Debug, Default)]
pub struct RoleDraft {
    /// The name.
    pub name: Option<Name>,
    /// The description.
    pub description: Option<String>,
    /// The levels to set.
    pub permissions: BTreeMap<RoleObject, Level>,
}

/// Creates a custom role. The write ensures that no other custom role has the name.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `role_management`.
/// - [`Refusal::RoleObjectNotEditable`], [`Refusal::RoleObjectNotAvailable`] or
///   [`Refusal::LevelNotAllowed`] for a level that cannot be set (ROLE3, ROLE5).
/// - [`Refusal::PrerequisiteNotMet`] for a role object without its prerequisite (ROLE4).
/// - [`Refusal::RoleNameTaken`] for a name that is, or looks like, that of a built-in role (ROLE2).
/// - [`Refusal::RoleLimit`] if there are [`MAX_CUSTOM_ROLES`] roles.
/// - [`Refusal::ExceedsOwnPermissions`] if the actor may not grant the levels (ROLE7).
pub fn create_role(
    actor: &Standing,
    id: CustomRoleId,
    name: Name,
    draft: RoleDraft,
    now: Timestamp,
) -> Result<CustomRole, Refusal> {
    actor.require(RoleObject::RoleManagement, Level::FullAccess)?;
    let levels = apply_levels(actor, Levels::from_fn(RoleObject::custom_role_default), &draft)?;
    check_name_not_built_in(&name)?;
    if actor.org.roles.len() >= MAX_CUSTOM_ROLES {
        return Err(Refusal::RoleLimit);
    }
    check_no_escalation(actor.levels, levels)?;
    let description = draft.description.unwrap_or_default();
    let version = Version::first(now, None);
    Ok(CustomRole { id, name, description, levels, reassignment: None, version })
}

/// Changes a custom role.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `role_management`.
/// - [`Refusal::CannotChangeOwnRole`] if the actor holds the role (ROLE12).
/// - [`Refusal::ExceedsOwnPermissions`] if the actor may not grant the present or the new levels
///   (ROLE7).
/// - [`Refusal::RoleBeingDeleted`] if the role is being deleted (ROLE6).
/// - The refusals of [`create_role`] for the new levels and the new name.
pub fn edit_role(
    actor: &Standing,
    role: &CustomRole,
    draft: RoleDraft,
    now: Timestamp,
) -> Result<CustomRole, Refusal> {
    check_can_edit(actor, role)?;
    if let Some(begun) = &role.reassignment {
        return Err(Refusal::RoleBeingDeleted(begun.target()));
    }
    let levels = apply_levels(actor, role.levels, &draft)?;
    check_no_escalation(actor.levels, levels)?;
    if let Some(name) = &draft.name {
        check_name_not_built_in(name)?;
    }
    let edited = CustomRole {
        id: role.id,
        name: draft.name.unwrap_or_else(|| role.name.clone()),
        description: draft.description.unwrap_or_else(|| role.description.clone()),
        levels,
        reassignment: None,
        version: role.version,
    };
    let version = if edited == *role { role.version } else { role.version.next(now) };
    Ok(CustomRole { version, ..edited })
}

/// Checks that the actor has full access to `role_management`, does not hold the role (ROLE12), and
/// may grant its present levels (ROLE7).
pub(super) fn check_can_edit(actor: &Standing, role: &CustomRole) -> Result<(), Refusal> {
    actor.require(RoleObject::RoleManagement, Level::FullAccess)?;
    if actor.role() == Some(RoleId::Custom(role.id)) {
        return Err(Refusal::CannotChangeOwnRole);
    }
    check_no_escalation(actor.levels, role.levels)
}

/// Sets the levels of the draft on the present ones, and checks the result (ROLE3, ROLE4, ROLE5).
fn apply_levels(actor: &Standing, present: Levels, draft: &RoleDraft) -> Result<Levels, Refusal> {
    let mut levels = present;
    for (&object, &level) in &draft.permissions {
        if !object.editable_in_custom_roles() {
            return Err(Refusal::RoleObjectNotEditable(object));
        }
        if !actor.conditions.shows(object) {
            return Err(Refusal::RoleObjectNotAvailable(object));
        }
        if !object.allows(level) {
            return Err(Refusal::LevelNotAllowed(object, level));
        }
        levels = levels.with(object, level);
    }
    // A hidden role object cannot be set, so its prerequisite is not checked (ROLE5).
    for object in RoleObject::ALL.into_iter().filter(|&object| actor.conditions.shows(object)) {
        if let Some((base, least)) = object.prerequisite()
            && levels.level_on(object) > Level::None
            && levels.level_on(base) < least
        {
            return Err(Refusal::PrerequisiteNotMet { object, base, least });
        }
    }
    Ok(levels)
}

fn check_name_not_built_in(name: &Name) -> Result<(), Refusal> {
    if looks_built_in(name) { Err(Refusal::RoleNameTaken) } else { Ok(()) }
}
