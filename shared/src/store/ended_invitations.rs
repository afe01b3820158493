//! The end of an invitation: it is revoked, declined, replaced or expired.

use jiff::Timestamp;

use super::{
    Error, Key,
    address_slots::{declined_slot, ended_slot},
    expression::Expression,
    invitation_item::{invitation_in_event, same, slot, waits_for_same},
    item::{Item, time},
    kept_names::PersonToKeep,
    step::{Change, gone_or, refuse},
    transaction::Transaction,
    user_counts::UserKind,
};
use crate::domain::{
    Event, EventAction, Invitation, Member, Organization, Refusal, RequestContext, Standing,
};

impl Transaction<'_> {
    /// Ends an invitation on behalf of its organization.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not
    /// as the rule saw it; the refusals of a lost race.
    pub fn revoke(self, actor: &Standing, invitation: &Invitation) -> Result<Self, Error> {
        self.still_held(actor)?.end_as_revoked(&actor.org, invitation)
    }

    /// Ends an invitation on behalf of the platform: an operator sent it (OP1), or its invitee is
    /// offboarded (OP2).
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke).
    pub fn revoke_as_operator(
        self,
        org: &Organization,
        invitation: &Invitation,
    ) -> Result<Self, Error> {
        self.end_as_revoked(org, invitation)
    }

    fn end_as_revoked(self, org: &Organization, invitation: &Invitation) -> Result<Self, Error> {
        self.end_recorded(org, invitation, EventAction::InvitationRevoked, Expression::default())
    }

    /// Ends an invitation on behalf of its invitee. The organization cannot invite them again for a
    /// while (INV14). `member` is their membership, if they have one with another address.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not
    /// as the rule saw it, or the invitee became a member.
    pub fn decline(
        self,
        org: &Organization,
        invitation: &Invitation,
        member: Option<&Member>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let left = declined_slot(slot(invitation), invitation, context.at)?;
        let event = end_event(context, org, EventAction::InvitationDeclined, invitation);
        let declined = self
            .free_slot(invitation, left, Expression::default())?
            .stop_waiting(org, invitation)?
            .record(event)?;
        // They can say no to an organization that they cannot join at present.
        let declined = declined.even_if_suspended();
        let (Some(person), None) = (&context.by, member) else { return Ok(declined) };
        // The event names them by their id.
        let name = person.name.as_deref();
        let person = PersonToKeep { user_id: &person.id, email: &invitation.email, name };
        declined.remember(org.id(), person, Refusal::ChangedConcurrently)
    }

    /// Ends an invitation whose invitee is erased. `left` is what remains at its address.
    pub(super) fn revoke_erased(
        self,
        org: &Organization,
        invitation: &Invitation,
        left: Item,
    ) -> Result<Self, Error> {
        let event = end_event(self.context, org, EventAction::InvitationRevoked, invitation);
        self.free_slot(invitation, left, Expression::default())?
            .stop_waiting(org, invitation)?
            .record(event)
    }

    /// Ends an invitation that expired (INV10).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if it was resent, accepted
    /// or ended meanwhile.
    pub fn expire(self, org: &Organization, invitation: &Invitation) -> Result<Self, Error> {
        let now = self.context.at;
        let expired = Expression::new("#expires_at <= :now", [("now", time(now))]);
        self.end_recorded(org, invitation, EventAction::InvitationExpired, expired)
    }

    /// Ends an invitation that is as the rule saw it, if `and` holds, and records it as `action`.
    pub(super) fn end_recorded(
        self,
        org: &Organization,
        invitation: &Invitation,
        action: EventAction,
        and: Expression,
    ) -> Result<Self, Error> {
        let event = end_event(self.context, org, action, invitation);
        self.end(invitation, and)?.stop_waiting(org, invitation)?.record(event)
    }

    /// Ends an invitation that is as the rule saw it, and counts it out. Its slot is free again,
    /// and remembers when the invitation was sent.
    pub(super) fn end(self, invitation: &Invitation, and: Expression) -> Result<Self, Error> {
        let left = ended_slot(slot(invitation), invitation, self.context.at)?;
        self.free_slot(invitation, left, and)
    }

    /// Puts what an invitation leaves behind, and counts it out.
    fn free_slot(
        self,
        invitation: &Invitation,
        left: Item,
        and: Expression,
    ) -> Result<Self, Error> {
        let lost = gone_or(Refusal::NoSuchInvitation, Refusal::ChangedConcurrently);
        let same = same(invitation)?.and(and);
        Ok(self.put(slot(invitation), left, same, lost).count_out(invitation))
    }

    pub(super) fn count_out(self, invitation: &Invitation) -> Self {
        self.count(invitation.path.id(), invitation.role_id, UserKind::Invitation, -1)
    }

    /// If the organization waits for this invitation, it stops waiting.
    fn stop_waiting(self, org: &Organization, invitation: &Invitation) -> Result<Self, Error> {
        let waits = org.pending_first_admin.is_some_and(|waits| waits.invitation == invitation.id);
        if !waits {
            return Ok(self);
        }
        let remove = Change::Remove(Expression::new("#pending_first_admin", []));
        let lost = refuse(Refusal::ChangedConcurrently);
        Ok(self.update(Key::organization(org.id()), vec![remove], waits_for_same(org)?, lost))
    }
}

/// How an invitation ends that another one replaces, or whose organization is deleted.
pub(super) fn end_action(invitation: &Invitation, now: Timestamp) -> EventAction {
    if invitation.expired(now) {
        EventAction::InvitationExpired
    } else {
        EventAction::InvitationRevoked
    }
}

/// The event of an invitation that ended.
pub(super) fn end_event(
    context: &RequestContext,
    org: &Organization,
    action: EventAction,
    invitation: &Invitation,
) -> Event {
    let gone = invitation.version.next(context.at);
    Event::new(context, org, action, invitation.target(gone)).old(invitation_in_event(invitation))
}
