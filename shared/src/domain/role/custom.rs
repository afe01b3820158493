//! The roles that an organization defines, and the rules for creating and editing them (ROLE2).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::grant::check_no_escalation;
use crate::domain::{
    CustomRoleId, Level, Levels, MAX_CUSTOM_ROLES, Name, Reassignment, Refusal, RoleId, RoleObject,
    RoleSummary, Standing, Target, TargetKind, Version, lookalike::looks_built_in,
};

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
        return Err(Refusal::RoleBeingDeleted(begun.replacement()));
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
