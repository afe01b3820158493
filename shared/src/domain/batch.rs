//! Many invitations at once: who may send them all, and which of them there is room for.

use super::{HEADCOUNT_PARTS, Invitation, Level, Refusal, RoleId, RoleObject, Standing};

/// The most invitations in one request (INV11).
pub const MAX_BATCH: usize = 100;

/// May the actor invite to all of these roles? One that they may not yield refuses the whole list,
/// before anything is done; the refusal comes with its place.
///
/// 1. The actor has `user_management` full (INV1).
/// 2. The actor may yield every role (ROLE7, ROLE9, SA3).
/// 3. None of them is on its way to be deleted; with each comes the role that its users get then.
pub fn invite_all(
    actor: &Standing,
    roles: impl IntoIterator<Item = (RoleId, Option<RoleId>)>,
) -> Result<(), (Option<usize>, Refusal)> {
    actor.require(RoleObject::UserManagement, Level::FullAccess).map_err(|why| (None, why))?;
    for (nth, (role, retiring)) in roles.into_iter().enumerate() {
        let stays = retiring.map_or(Ok(()), |to| Err(Refusal::RoleRetiring(to)));
        actor.require_grant(role).and(stays).map_err(|why| (Some(nth), why))?;
    }
    Ok(())
}

/// What room each part of an organization's headcount has for pending invitations (INV12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// By part.
    pub parts: [u64; HEADCOUNT_PARTS as usize],
    /// How many the organization may have in all.
    pub cap: u64,
}

impl Room {
    /// Seats a new invitation in its own part of the headcount, or in one that has room.
    pub fn seat(&mut self, invitation: Invitation) -> Result<Invitation, Refusal> {
        let own = [invitation.part].into_iter();
        for part in own.chain(0..HEADCOUNT_PARTS) {
            if let Some(left) = self.parts.get_mut(usize::from(part))
                && *left > 0
            {
                *left -= 1;
                return Ok(Invitation { part, ..invitation });
            }
        }
        Err(Refusal::TooManyPending(self.cap))
    }
}
