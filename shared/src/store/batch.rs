//! Many invitations in one transaction.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    Chunk, Committed, Error, FetchedItems, Key, NewInvitation, Status, Store, user_counts::Counter,
};
use crate::domain::{OrgId, PendingRoom, RequestContext, Standing};

/// The number of invitations in one transaction. Each takes its item, its event, the event of the
/// expired invitation that it replaces, and the count of its role. With the shared items these are
/// at most 85 of the 100 actions that `DynamoDB` accepts.
pub const OPENED_AT_ONCE: usize = 20;

impl FetchedItems {
    /// How many more invitations can be pending, according to the counter item (INV12).
    #[must_use]
    pub fn pending_room(&self, org: OrgId, cap: u64) -> PendingRoom {
        let attribute = Counter::Users(Status::Pending).attribute();
        let item = self.item(&Key::counts(org));
        let pending = item.and_then(|item| item.get(attribute)?.as_n().ok()?.parse::<u64>().ok());
        PendingRoom { cap, left: cap.saturating_sub(pending.unwrap_or_default()) }
    }
}

impl Store {
    /// Creates all of these invitations or none. Each address is free, or held by the expired
    /// invitation that is replaced (INV2).
    ///
    /// # Errors
    ///
    /// The refusals of [`open_invitation`](Self::open_invitation), for the first that fails.
    pub async fn open_invitations(
        &self,
        context: &RequestContext,
        actor: &Standing,
        opened: &[NewInvitation],
        cap: u64,
        chunk: Chunk,
        progress: &impl Serialize,
    ) -> Result<Committed, Error> {
        let context = context.nth(chunk.nth);
        let mut writes = self.transaction(&context);
        if !opened.is_empty() {
            writes = writes.still_held(actor)?;
        }
        let roles: BTreeSet<_> = opened.iter().map(|new| new.invitation.role_id).collect();
        for role in roles {
            writes = writes.still_granted(&actor.org, role)?;
        }
        for new in opened {
            writes = writes.add_invitation(&actor.org, new, cap)?;
        }
        writes.commit_chunk(chunk, progress).await
    }

    /// Records the progress of a chunk in which no invitation is opened.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn record_progress(
        &self,
        context: &RequestContext,
        chunk: Chunk,
        progress: &impl Serialize,
    ) -> Result<Committed, Error> {
        self.transaction(context).commit_chunk(chunk, progress).await
    }
}
