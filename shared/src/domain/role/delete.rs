//! The deletion of a role. Its users get another role first (ROLE6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::custom::check_can_edit;
use crate::domain::{
    CustomRole, Invitation, Inviter, Member, Name, Refusal, RoleId, Standing, UserCount,
    check_service_role,
};

/// The role that a request chooses for the users of a deleted role.
#[derive(Clone, Copy, Debug)]
pub struct RequestedReplacement<'a> {
    /// Its id.
    pub id: RoleId,
    /// The role, if it is a custom one.
    pub role: Option<&'a CustomRole>,
}

/// The deletion of a role that has users, while it is in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassignment {
    /// The role that the users get.
    pub to: RoleId,
    /// The name of that role when the deletion began, if it is a custom one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_name: Option<Name>,
    /// The member who deletes the role. They become the inviter of its pending invitations (INV9).
    pub by: Inviter,
}

impl Reassignment {
    /// The role that the users get, with its name.
    pub fn replacement(&self) -> ReplacementRole {
        ReplacementRole::new(self.to, self.to_name.as_ref().map(ToString::to_string))
    }

    /// A member who holds the deleted role, with the new role.
    pub fn member(&self, member: &Member, now: Timestamp) -> Member {
        member.with_role(self.to, now)
    }

    /// An invitation that offers the deleted role, with the new role. It is not sent again.
    pub fn invitation(&self, invitation: &Invitation, now: Timestamp) -> Invitation {
        Invitation {
            role_id: self.to,
            version: invitation.version.next(now),
            ..invitation.with_inviter(self.by.clone())
        }
    }
}

/// The role that the users of a deleted role get, as a refusal names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementRole {
    /// Its id.
    pub id: RoleId,
    /// Its name, of a custom role when the deletion began. `None` for a deletion that an earlier
    /// version began.
    pub name: Option<String>,
}

impl ReplacementRole {
    /// The role `id`, which has the name `custom` if it is a custom one.
    pub fn new(id: RoleId, custom: Option<String>) -> Self {
        let name = match id {
            RoleId::BuiltIn(role) => Some(role.name().to_owned()),
            RoleId::Custom(_) => custom,
        };
        Self { id, name }
    }
}

/// The next step in the deletion of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleDeletionStep {
    /// The role has no users, and is deleted.
    Delete,
    /// The users get another role, and the role is deleted. If they are many,
    /// [`begin_reassignment`] comes first.
    Reassign(Reassignment),
    /// An earlier request began the reassignment. The other users get their role, and then this one
    /// is deleted.
    Continue,
}

/// Decides the next step in the deletion of a role with these users. Without `replacement`, a role
/// in use is not deleted. Repeating a deletion with the same replacement continues it.
///
/// The actor needs no permission on `user_management`, because they could also change the
/// permissions of the role's users by editing it. No user of a custom role is an Admin, so SA4 is
/// kept.
///
/// # Errors
/// - The refusals of [`Standing::require`], [`Refusal::CannotChangeOwnRole`] and
///   [`Refusal::ExceedsOwnPermissions`], as for editing the role (ROLE7, ROLE12).
/// - [`Refusal::RoleInUse`] if the role has users and there is no replacement.
/// - [`Refusal::ReassignToSameRole`] if the replacement is the role itself.
/// - The refusals of [`Standing::require_grant`] for the replacement (ROLE7, ROLE9, SA3).
/// - [`Refusal::RoleBeingDeleted`] if the replacement is being deleted, or the role is being
///   deleted with another replacement.
/// - The refusal of [`check_service_role`] for the replacement, if a service holds the role
///   (MACH1).
pub fn delete_role(
    actor: &Standing,
    role: &CustomRole,
    users: UserCount,
    replacement: Option<RequestedReplacement<'_>>,
) -> Result<RoleDeletionStep, Refusal> {
    check_can_edit(actor, role)?;
    if let Some(replacement) = replacement {
        check_replacement(actor, role, users, replacement)?;
    }
    match (&role.reassignment, replacement) {
        (Some(begun), Some(replacement)) if begun.to != replacement.id => {
            Err(Refusal::RoleBeingDeleted(begun.replacement()))
        }
        (Some(begun), None) if !users.is_empty() => {
            Err(Refusal::RoleBeingDeleted(begun.replacement()))
        }
        (Some(_), _) => Ok(RoleDeletionStep::Continue),
        (None, _) if users.is_empty() => Ok(RoleDeletionStep::Delete),
        (None, None) => Err(Refusal::RoleInUse(users)),
        (None, Some(replacement)) => Ok(RoleDeletionStep::Reassign(Reassignment {
            to: replacement.id,
            to_name: replacement.role.map(|role| role.name.clone()),
            by: Inviter::of(actor.membership()?),
        })),
    }
}

/// The role while its users get another one. It cannot be granted.
pub fn begin_reassignment(
    role: &CustomRole,
    reassignment: Reassignment,
    now: Timestamp,
) -> CustomRole {
    let version = role.version.next(now);
    CustomRole { reassignment: Some(reassignment), version, ..role.clone() }
}

/// Checks that the users of a role may get the role `replacement`.
fn check_replacement(
    actor: &Standing,
    role: &CustomRole,
    users: UserCount,
    replacement: RequestedReplacement<'_>,
) -> Result<(), Refusal> {
    if replacement.id == RoleId::Custom(role.id) {
        return Err(Refusal::ReassignToSameRole);
    }
    actor.require_grant(replacement.id)?;
    if let Some(further) = replacement.role.and_then(|role| role.reassignment.as_ref()) {
        return Err(Refusal::RoleBeingDeleted(further.replacement()));
    }
    if users.services > 0 { check_service_role(replacement.id) } else { Ok(()) }
}
