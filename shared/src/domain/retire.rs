//! Deleting a role that is in use: its users get another one first, however many they are (ROLE6).

use super::{
    CustomRole, Invitation, Member, Refusal, RoleId, Standing, invitation::backed_by,
    role::may_touch,
};

/// May the actor have the users of a role given `target` instead, and the role deleted? Answers the
/// role as it is meanwhile. `known` is the target, where it is a custom role.
///
/// 1. The actor may delete the role: as for editing it (ROLE7, ROLE12).
/// 2. The target is another role, and does not go the same way.
/// 3. The actor may yield it (ROLE7, ROLE9, SA3).
///
/// It takes no level of `user_management`: whoever may edit a role decides what its holders may do
/// already. None of them is an Admin, whom only the Super Admin changes (SA4).
pub fn retire_role(
    actor: &Standing,
    role: &CustomRole,
    target: RoleId,
    known: Option<&CustomRole>,
) -> Result<CustomRole, Refusal> {
    may_touch(actor, role)?;
    if target == RoleId::Custom(role.id) {
        return Err(Refusal::ReassignedToItself);
    }
    actor.require_grant(target)?;
    if let Some(further) = known.and_then(|known| known.retiring) {
        return Err(Refusal::RoleRetiring(further));
    }
    Ok(CustomRole { retiring: Some(target), ..role.clone() })
}

/// The member of a role that retires, in the other one.
#[must_use]
pub fn reassign(member: &Member, target: RoleId) -> Member {
    Member { role_id: target, ..member.clone() }
}

/// The invitation to a role that retires, to the other one. Whoever has it retired is behind it now
/// (INV9); it is not sent again.
pub fn reoffer(
    actor: &Standing,
    invitation: &Invitation,
    target: RoleId,
) -> Result<Invitation, Refusal> {
    Ok(Invitation { role_id: target, backer: Some(backed_by(actor)?), ..invitation.clone() })
}
