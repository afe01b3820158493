//! Batches of invitations (INV11): permission checks, and the limit of pending invitations.

use crate::domain::{Level, Refusal, ReplacementRole, RoleId, RoleObject, Standing};

/// The highest number of invitations in one request (INV11).
pub const MAX_BATCH: usize = 100;

/// A role that a batch offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedRole {
    /// The role.
    pub id: RoleId,
    /// The role that its users get, if it is being deleted.
    pub reassigned_to: Option<ReplacementRole>,
}

/// The refusal of a whole batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRefusal {
    /// The position of the refused invitation, from 0. `None` if the actor may not invite at all.
    pub position: Option<usize>,
    /// The reason.
    pub refusal: Refusal,
}

/// Checks that the actor may invite to all of these roles. One refused role refuses the whole
/// batch.
///
/// # Errors
/// The first refusal, with the position of its invitation:
/// - The refusals of [`Standing::require`] without full access to `user_management` (INV1).
/// - Those of [`check_offer`] for each role.
pub fn check_batch(
    actor: &Standing,
    roles: impl IntoIterator<Item = OfferedRole>,
) -> Result<(), BatchRefusal> {
    let by_actor = |refusal| BatchRefusal { position: None, refusal };
    actor.require(RoleObject::UserManagement, Level::FullAccess).map_err(by_actor)?;
    for (position, role) in roles.into_iter().enumerate() {
        check_offer(actor, role)
            .map_err(|refusal| BatchRefusal { position: Some(position), refusal })?;
    }
    Ok(())
}

/// Checks that the actor may invite to a role.
///
/// # Errors
/// - The refusals of [`Standing::require_grant`] (ROLE7, ROLE9, SA3).
/// - [`Refusal::RoleBeingDeleted`] for a role that is being deleted (ROLE6).
pub fn check_offer(actor: &Standing, role: OfferedRole) -> Result<(), Refusal> {
    actor.require_grant(role.id)?;
    role.reassigned_to.map_or(Ok(()), |to| Err(Refusal::RoleBeingDeleted(to)))
}

/// The number of pending invitations that an organization can still add (INV12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingRoom {
    /// The highest number of pending invitations.
    pub cap: u64,
    /// The number that can still be added.
    pub left: u64,
}

impl PendingRoom {
    /// Counts an invitation that does not replace an expired one.
    ///
    /// # Errors
    /// [`Refusal::PendingInvitationLimit`] if there is no room left.
    pub fn take(&mut self) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(1).ok_or(Refusal::PendingInvitationLimit(self.cap))?;
        Ok(())
    }
}
