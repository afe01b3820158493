//! Invitations: created, changed, sent again.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    Chunk, Error, FetchedItems, Key,
    address_slots::{not_declined, taken_by_another},
    ended_invitations::{end_action, end_event},
    expression::Expression,
    invitation_item::{invitation_in_event, item, same, slot, waits_for_same},
    item::attribute,
    step::{absent, gone_or, refuse},
    transaction::Transaction,
    user_counts::{Counter, UserKind},
};
use crate::domain::{
    AddressSlot, Event, EventAction, Invitation, NewInvitation, Organization, PendingFirstAdmin,
    Refusal, Standing,
};

/// The number of invitations in one transaction. Each takes its item and its event, the count of
/// its role, and the budget of its address. An expired invitation that it replaces has an event,
/// too. With the shared items these are at most 96 of the 100 actions that `DynamoDB` accepts.
pub const CREATED_AT_ONCE: usize = 18;
/// More than the events of one such transaction.
const EVENTS_AT_ONCE: u128 = 128;

/// An invitation before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct InvitationChange<'a> {
    /// The invitation as the rule saw it.
    pub before: &'a Invitation,
    /// The invitation as it becomes.
    pub after: &'a Invitation,
}

impl FetchedItems {
    /// The pending invitation at an address slot.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn pending(&self, slot: &Key) -> Result<Option<Invitation>, Error> {
        Ok(self.address_slot(slot)?.and_then(AddressSlot::pending))
    }
}

impl Transaction<'_> {
    /// Creates an invitation where its address is free, or held by the invitation that it replaces.
    /// The organization has at most `cap` pending invitations (INV12).
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyInvited`] or [`Refusal::AlreadyMember`] if the address was taken
    /// meanwhile; [`Refusal::PendingInvitationLimit`]; the refusals of a lost race.
    pub fn create_invitation(
        self,
        actor: &Standing,
        new: &NewInvitation,
        cap: u64,
    ) -> Result<Self, Error> {
        self.still_held(actor)?
            .still_grantable(&actor.org, new.invitation.role_id)?
            .add_invitation(&actor.org, new, cap)
    }

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

    /// Invites an Admin for an operator into an organization whose Super Admin is its only person.
    /// `pending` is the invitation that the address has.
    ///
    /// # Errors
    ///
    /// [`Refusal::SuperAdminExists`] if another person is a member now; [`Refusal::AlreadyInvited`]
    /// or [`Refusal::AlreadyMember`] if the address was taken meanwhile.
    pub fn invite_admin_to_appoint(
        self,
        org: &Organization,
        invitation: &Invitation,
        pending: Option<&Invitation>,
    ) -> Result<Self, Error> {
        let alone = Counter::Users(UserKind::Person).is_zero();
        let mut writes =
            self.check(Key::counts(org.id()), alone, refuse(Refusal::SuperAdminExists));
        if let Some(old) = pending {
            let event = end_event(writes.context, org, end_action(old, writes.context.at), old);
            writes = writes.count_out(old).record(event)?;
        }
        let writes = writes.put_invitation(org, invitation, pending)?;
        Ok(writes.count(org.id(), invitation.role_id, UserKind::Invitation, 1))
    }

    /// Invites the first Admin of an organization, instead of the invitee that it waits for.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization has a Super Admin now, or waits for
    /// another invitee.
    pub fn invite_first_admin(
        self,
        org: &Organization,
        invitation: &Invitation,
        pending: Option<&Invitation>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let waits_for =
            PendingFirstAdmin { invitation: invitation.id, until: invitation.expires_at };
        let clause = Expression::new(
            "#pending_first_admin = :pending",
            [("pending", attribute(&waits_for)?)],
        );
        let vacant = Expression::new("attribute_not_exists(#super_admin)", []);
        let vacant = vacant.and(waits_for_same(org)?);
        let lost = refuse(Refusal::ChangedConcurrently);
        let mut writes = self.set(Key::organization(org.id()), clause, vacant, lost);
        let same_slot = pending.filter(|old| slot(old) == slot(invitation));
        if let Some(old) = pending {
            writes = match same_slot {
                Some(old) => writes.count_out(old),
                None => writes.end(old, Expression::default())?,
            };
            writes = writes.record(end_event(context, org, end_action(old, context.at), old))?;
        }
        let writes = writes.put_invitation(org, invitation, same_slot)?;
        Ok(writes.count(org.id(), invitation.role_id, UserKind::Invitation, 1))
    }

    /// Sends an invitation again.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not
    /// as the rule saw it; the refusals of a lost race.
    pub fn resend(self, actor: &Standing, change: InvitationChange<'_>) -> Result<Self, Error> {
        let context = self.context;
        let InvitationChange { before, after } = change;
        let sending = |invitation: &Invitation| json!({ "expires_at": invitation.expires_at, "send_count": invitation.send_count });
        let target = after.target(after.version);
        let event = Event::new(context, &actor.org, EventAction::InvitationResent, target)
            .old(sending(before))
            .new_value(sending(after));
        self.still_held(actor)?
            // Before the role: if it was deleted, the invitation has another one, and says that it
            // changed.
            .update_invitation(change)?
            .still_grantable(&actor.org, before.role_id)?
            .record(event)
    }

    /// Changes an invitation without sending it (INV13).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not
    /// as the rule saw it; the refusals of a lost race.
    pub fn change_invitation(
        self,
        actor: &Standing,
        change: InvitationChange<'_>,
    ) -> Result<Self, Error> {
        let InvitationChange { before, after } = change;
        let org = &actor.org;
        let target = after.target(after.version);
        let event = Event::new(self.context, org, EventAction::InvitationUpdated, target)
            .old(invitation_in_event(before))
            .new_value(invitation_in_event(after));
        self.still_held(actor)?
            // Before the role: if it was deleted, the invitation has another one, and says that it
            // changed.
            .update_invitation(change)?
            .role_still_gives(org, before.role_id)?
            .still_grantable(org, after.role_id)?
            .count(org.id(), before.role_id, UserKind::Invitation, -1)
            .count(org.id(), after.role_id, UserKind::Invitation, 1)
            .record(event)
    }

    /// Opens an invitation: puts it, counts it, and ends the one that it replaces. The actor may
    /// revoke that one, so its inviter is no condition.
    pub(super) fn add_invitation(
        mut self,
        org: &Organization,
        NewInvitation { invitation, replaces }: &NewInvitation,
        cap: u64,
    ) -> Result<Self, Error> {
        if let Some(old) = replaces {
            let event = end_event(self.context, org, end_action(old, self.context.at), old);
            self = self.record(event)?.count_out(old);
        }
        let created = self.put_invitation(org, invitation, replaces.as_ref())?;
        Ok(created.count_pending(invitation, cap))
    }

    /// Puts a new invitation at its address, and records it. `replaces` is the invitation there. A
    /// member cannot invite an address that declined (INV14), an operator can.
    pub(super) fn put_invitation(
        self,
        org: &Organization,
        invitation: &Invitation,
        replaces: Option<&Invitation>,
    ) -> Result<Self, Error> {
        let now = self.context.at;
        let free = match replaces {
            None if self.context.as_operator => absent(),
            None => absent().and(not_declined(now)),
            Some(old) => same(old)?,
        };
        let target = invitation.target(invitation.version);
        let event = Event::new(self.context, org, EventAction::InvitationCreated, target);
        let event = event.new_value(invitation_in_event(invitation));
        self.put(slot(invitation), item(invitation)?, free, taken_by_another(now)).record(event)
    }

    /// Changes an invitation that is as the rule saw it.
    pub(super) fn update_invitation(
        self,
        InvitationChange { before, after }: InvitationChange<'_>,
    ) -> Result<Self, Error> {
        let lost = gone_or(Refusal::NoSuchInvitation, Refusal::ChangedConcurrently);
        Ok(self.put(slot(after), item(after)?, same(before)?, lost))
    }
}
