//! Many invitations in one transaction.

use std::collections::BTreeSet;

use super::{Chunk, Error, Found, Key, Reply, Store, invitations::ended, transaction::share};
use crate::domain::{Act, EventAction, HEADCOUNT_PARTS, Invitation, OrgId, Room, Standing};

/// How many invitations are opened at once. Each is its place, its event, the event of the expired
/// one before it and the count of its role; with the actor, their role, the headcount, the
/// organization and the key that makes 88 of the 100 actions that DynamoDB takes.
pub const OPENED_AT_ONCE: usize = 20;

impl Found {
    /// What room an organization has for pending invitations, by the parts of its headcount.
    #[must_use]
    pub fn room(&self, org: OrgId, cap: u64) -> Room {
        let mut parts = [0; HEADCOUNT_PARTS as usize];
        for (part, room) in (0..HEADCOUNT_PARTS).zip(&mut parts) {
            let counts = self.counts(&Key::headcount(org, part));
            let pending = counts.get("pending").copied().unwrap_or_default();
            *room = share(cap, part).saturating_sub(u64::try_from(pending).unwrap_or_default());
        }
        Room { parts, cap }
    }
}

impl Store {
    /// Opens all of these invitations or none, each where its address has no place yet, or the
    /// expired one beside it (INV2). What they share is insisted on once: that the actor still
    /// holds their role, and that each role may still be given.
    ///
    /// A part of the headcount that has no room for all of its own is [`Error::Full`] (INV12).
    pub async fn open_invitations(
        &self,
        act: &Act,
        actor: &Standing,
        (opened, cap): (&[(Invitation, Option<Invitation>)], u64),
        (chunk, reply): (Chunk, &Reply),
    ) -> Result<(), Error> {
        let act = act.nth(chunk.nth);
        let mut writes = self.transaction(&act);
        if !opened.is_empty() {
            writes = writes.still_held(actor)?;
        }
        let roles: BTreeSet<_> = opened.iter().map(|(invitation, _)| invitation.role_id).collect();
        for role in roles {
            writes = writes.still_given(&actor.org, role)?;
        }
        for (invitation, expired) in opened {
            if let Some(old) = expired {
                let event = ended(&act, &actor.org, EventAction::InvitationExpired, old);
                writes = writes.record(event)?.count_out(old);
            }
            writes = writes.put_invitation(&actor.org, invitation, expired.as_ref())?;
            writes = writes.count_pending(invitation, cap);
        }
        writes.commit_chunk(chunk, reply).await
    }
    /// Notes of a chunk of which nothing is opened what is known of the reply.
    pub async fn open_none(&self, act: &Act, (chunk, reply): (Chunk, &Reply)) -> Result<(), Error> {
        self.transaction(act).commit_chunk(chunk, reply).await
    }
}
