//! Memberships whose access has ended (END1): ended by the clean-up, or before it has run by a
//! request that must not wait.

use super::{
    Error, FetchedItems, Key, Store,
    expression::Expression,
    item::time,
    removed_members::{former_member, removed_event},
    step::at_version,
    transaction::Transaction,
};
use crate::domain::{
    AddressSlot, CriticalAlertUser, EventAction, Member, Organization, Refusal, RequestContext,
    UserId,
};

/// The end of the access of a member, also in the tombstone of a former one.
pub(super) const ACCESS_EXPIRES_AT: &str = "access_expires_at";

impl Store {
    /// Ends the membership of a person whose access has ended, and the critical alerts of its
    /// address (END1, ERA1).
    ///
    /// # Errors
    ///
    /// Those of [`expire_member`](Transaction::expire_member); [`Error::Unavailable`] if the table
    /// cannot be read or written.
    pub async fn end_access(
        &self,
        context: &RequestContext,
        org: &Organization,
        member: &Member,
    ) -> Result<(), Error> {
        let ends = |alert: Option<&CriticalAlertUser>| {
            self.transaction(context).expire_member(org, member, alert)
        };
        self.commit_end_of_membership(member, &(), ends).await.map(drop)
    }

    /// Ends a membership whose access has ended, for a request that must not wait for the clean-up.
    /// The event has no actor, like the clean-up's.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub async fn end_access_unless_done(
        &self,
        request: &RequestContext,
        org: &Organization,
        member: &Member,
    ) -> Result<(), Error> {
        // Another seed, so that the event has another id than those of the request.
        let context = RequestContext { seed: !request.seed, ..request.without_its_actor() };
        match self.end_access(&context, org, member).await {
            // The clean-up or another request was faster.
            Err(Error::Refused(Refusal::NoSuchMember | Refusal::ChangedConcurrently)) => Ok(()),
            ended => ended,
        }
    }

    /// Ends the membership of `user` in `found` if its access has ended (END1). So a service can be
    /// added again before the clean-up has run (MACH1).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub async fn end_access_of(
        &self,
        request: &RequestContext,
        org: &Organization,
        user: &UserId,
        found: FetchedItems,
    ) -> Result<FetchedItems, Error> {
        let member = found.membership(org.id(), user)?;
        let Some(member) = member.filter(|member| !member.has_access(request.at)) else {
            return Ok(found);
        };
        self.end_access_unless_done(request, org, &member).await?;
        Ok(found.and(self.get([Key::membership(org.id(), user)]).await?))
    }

    /// Frees the slots in `found` of members whose access has ended. So their addresses can be
    /// invited again before the clean-up has run (END1).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub async fn free_ended_slots(
        &self,
        request: &RequestContext,
        org: &Organization,
        slots: &[Key],
        found: FetchedItems,
    ) -> Result<FetchedItems, Error> {
        let mut holders = Vec::new();
        for slot in slots {
            if let Some(AddressSlot::Taken(user)) = found.address_slot(slot)? {
                holders.push((slot.clone(), user));
            }
        }
        if holders.is_empty() {
            return Ok(found);
        }
        let keys = holders.iter().map(|(_, user)| Key::membership(org.id(), user));
        let members = self.get(keys).await?;
        let mut freed = Vec::new();
        for (slot, user) in holders {
            let member = members.membership(org.id(), &user)?;
            if let Some(member) = member.filter(|member| !member.has_access(request.at)) {
                self.end_access_unless_done(request, org, &member).await?;
                freed.push(slot);
            }
        }
        Ok(found.and(self.get(freed).await?))
    }
}

impl Transaction<'_> {
    /// Ends the membership of a person whose access has ended (END1). `alert` is as in
    /// [`remove_member`](Self::remove_member).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchMember`] or [`Refusal::ChangedConcurrently`] if the member is not as they
    /// were read, or their access has another end now.
    pub fn expire_member(
        self,
        org: &Organization,
        member: &Member,
        alert: Option<&CriticalAlertUser>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let gone = member.version.next(context.at);
        let event = removed_event(context, org, EventAction::MemberExpired, member, gone);
        let ended = Expression::new("#access_expires_at <= :now", [("now", time(context.at))]);
        let mut left = former_member(member, gone)?;
        let end = member.access_expires_at.map(|end| (ACCESS_EXPIRES_AT.to_owned(), time(end)));
        left.extend(end);
        self.end_membership_with(member, left, at_version(member.version)?.and(ended), gone)?
            .record(event)?
            .end_alerts(org, member, alert)
    }
}
