//! The deletion of a role that has users: they get another role first (ROLE6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    CustomRole, Invitation, Inviter, Member, Refusal, RoleId, Standing, UserCount,
    check_service_role, invitation::inviter_of, role::check_can_edit,
};

/// The deletion of a role that has users, while it is in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reassignment {
    /// The role that the users get.
    pub to: RoleId,
    /// The member who deletes the role. They become the inviter of its pending invitations (INV9).
    pub by: Inviter,
}

/// Starts the deletion of a role whose `users` get the role `target`. The role cannot be granted from
/// then on. Starting it again with the same target changes nothing.
///
/// `target_role` is the target if it is a custom role.
///
/// The actor needs no permission on `user_management`, because they could also change the
/// permissions of the role's users by editing it. No user of a custom role is an Admin, so SA4 is
/// kept.
///
/// # Errors
/// - The refusals of [`Standing::require`], [`Refusal::CannotChangeOwnRole`] and
///   [`Refusal::ExceedsOwnPermissions`], as for editing the role (ROLE7, ROLE12).
/// - [`Refusal::ReassignToSameRole`] if the target is the role itself.
/// - The refusals of [`Standing::require_grant`] for the target (ROLE7, ROLE9, SA3).
/// - [`Refusal::RoleBeingDeleted`] if the target is being deleted, or the role is being deleted
///   with another target.
/// - The refusal of [`check_service_role`] for the target, if a service holds the role (MACH1).
pub fn delete_with_reassignment(
    actor: &Standing,
    role: &CustomRole,
    users: UserCount,
    target: RoleId,
    target_role: Option<&CustomRole>,
    now: Timestamp,
) -> Result<CustomRole, Refusal> {
    check_can_edit(actor, role)?;
    if target == RoleId::Custom(role.id) {
        return Err(Refusal::ReassignToSameRole);
    }
    actor.require_grant(target)?;
    if let Some(further) = target_role.and_then(|role| role.reassignment.as_ref()) {
        return Err(Refusal::RoleBeingDeleted(further.to));
    }
    if users.services > 0 {
        check_service_role(target)?;
    }
    match &role.reassignment {
        Some(begun) if begun.to == target => Ok(role.clone()),
        Some(begun) => Err(Refusal::RoleBeingDeleted(begun.to)),
        None => Ok(CustomRole {
            reassignment: Some(Reassignment { to: target, by: inviter_of(actor)? }),
            version: role.version.next(now),
            ..role.clone()
        }),
    }
}

impl Reassignment {
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
