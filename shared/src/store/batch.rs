//! Many invitations in one transaction.

use std::collections::BTreeSet;

use super::{Chunk, Error, FetchedItems, Transaction};
use crate::domain::{NewInvitation, OrgId, PendingRoom, Standing};

/// The number of invitations in one transaction. Each takes its item and its event, the count of
/// its role, and the budget of its address. An expired invitation that it replaces has an event,
/// too. With the shared items these are at most 96 of the 100 actions that `DynamoDB` accepts.
pub const CREATED_AT_ONCE: usize = 18;
/// More than the events of one such transaction.
const EVENTS_AT_ONCE: u128 = 128;

impl FetchedItems {
    /// How many more invitations can be pending, according to the counter item (INV12).
    pub fn pending_room(&self, org: OrgId, cap: u64) -> PendingRoom {
        PendingRoom { cap, left: cap.saturating_sub(self.pending_invitations(org)) }
    }
}

impl Transaction<'_> {
    /// Creates all of these invitations or none. Each address is free, or held by the expired
    /// invitation that is replaced (INV2). The events of each chunk of the request get ids of their
    /// own.
    ///
    /// # Errors
    ///
    /// The refusals of [`create_invitation`](Self::create_invitation), for the first that fails.
    pub fn create_invitations(
        self,
        actor: &Standing,
        created: &[NewInvitation],
        cap: u64,
        chunk: Chunk,
    ) -> Result<Self, Error> {
        let mut writes = self;
        writes.next_event = u128::from(chunk.nth) * EVENTS_AT_ONCE;
        if !created.is_empty() {
            writes = writes.still_held(actor)?;
        }
        let roles: BTreeSet<_> = created.iter().map(|new| new.invitation.role_id).collect();
        for role in roles {
            writes = writes.still_grantable(&actor.org, role)?;
        }
        for new in created {
            writes = writes.add_invitation(&actor.org, new, cap)?;
        }
        Ok(writes)
    }
}
