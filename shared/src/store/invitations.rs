//! Invitations: created, sent again, accepted, ended.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Error, FetchedItems, Key, Store,
    address_slots::{declined_slot, ended_slot, not_declined, taken, taken_by_another},
    expression::Expression,
    index,
    item::{Item, attribute, text, time, to_item},
    people::KnownPerson,
    step::{Change, absent, gone_or, refuse},
    transaction::Transaction,
    user_counts::{Counter, UserKind},
};
use crate::domain::{
    AddressDigest, AddressSlot, Event, EventAction, IdentityProviderRole, Invitation, Inviter,
    JoinRequest, Member, MemberId, NewInvitation, OrgId, Organization, PendingFirstAdmin, Person,
    PersonDigest, Refusal, RequestContext, RoleId, Standing, Version, levels_in,
};

/// An invitation before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct InvitationChange<'a> {
    /// The invitation as the rule saw it.
    pub before: &'a Invitation,
    /// The invitation as it becomes.
    pub after: &'a Invitation,
}

/// The facts that an acceptance repeats as conditions, and the new member.
#[derive(Clone, Debug)]
pub struct Acceptance<'a> {
    /// The organization.
    pub org: &'a Organization,
    /// The invitation.
    pub invitation: &'a Invitation,
    /// The new member.
    pub member: &'a Member,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
    /// The inviter as the rule saw them; none for an operator's invitation.
    pub inviter: Option<&'a Inviter>,
    /// The invitee's own request to join, which ends with the acceptance (ORG2).
    pub request: Option<&'a JoinRequest>,
}

/// A person who becomes a member without an acceptance.
pub(super) struct NewMember<'a> {
    pub(super) member: &'a Member,
    /// The version of the tombstone, if one was read: the new membership continues from it.
    pub(super) tombstone: Option<Version>,
    /// The expired invitation that holds their address, if there is one.
    pub(super) expired: Option<&'a Invitation>,
}

/// What an invitee may read before they have a standing: their own slot in the organization.
#[derive(Debug)]
pub struct InviteeFacts {
    /// The organization.
    pub org: Organization,
    /// What holds the invitee's address.
    pub slot: Option<AddressSlot>,
    /// The invitee's own request to join, if an acceptance needs it.
    pub join_request: Option<JoinRequest>,
    /// The invitee's stored membership. Their access can have ended.
    pub member: Option<Member>,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
}

impl Store {
    /// A stored member, without a check of the caller. Their access can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn member(&self, org: OrgId, member: MemberId) -> Result<Option<Member>, Error> {
        self.get([Key::member(org, member)]).await?.member(org, member)
    }

    /// What an invitee may know of an organization: only what the verified address and the `sub` in
    /// their own token locate.
    ///
    /// # Errors
    ///
    /// [`Refusal::EmailMissing`] if the token has no address; [`Refusal::NoInvitationForCaller`] if the
    /// address does not count, or there is no such organization.
    pub async fn invitee_facts(&self, person: &Person, org: OrgId) -> Result<InviteeFacts, Error> {
        self.invitee_facts_and(person, org, None).await
    }

    /// As [`invitee_facts`](Self::invitee_facts), with the request to join that an acceptance ends.
    ///
    /// # Errors
    ///
    /// As [`invitee_facts`](Self::invitee_facts).
    pub async fn acceptance_facts(
        &self,
        person: &Person,
        org: OrgId,
    ) -> Result<InviteeFacts, Error> {
        let request = Key::join_request(org, PersonDigest::of(org, &person.id));
        self.invitee_facts_and(person, org, Some(request)).await
    }

    async fn invitee_facts_and(
        &self,
        person: &Person,
        org: OrgId,
        request: Option<Key>,
    ) -> Result<InviteeFacts, Error> {
        let email = person.invited_email()?;
        let slot = Key::address_slot(org, AddressDigest::of(org, email));
        let membership = Key::membership(org, &person.id);
        let keys = [Key::organization(org), slot.clone(), membership.clone()];
        let found = self.get(keys.into_iter().chain(request)).await?;
        Ok(InviteeFacts {
            org: found.organization(org).ok_or_else(|| person.not_invited())?,
            slot: found.address_slot(&slot)?,
            join_request: found.join_request(org, PersonDigest::of(org, &person.id))?,
            member: found.membership(org, &person.id)?,
            tombstone: found.deleted_at(&membership)?,
        })
    }
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
    /// Creates an invitation where its address is free, or held by the invitation that it replaces. The
    /// organization has at most `cap` pending invitations (INV12).
    ///
    /// # Errors
    ///
    /// [`Refusal::AlreadyInvited`] or [`Refusal::AlreadyMember`] if the address was taken meanwhile;
    /// [`Refusal::PendingInvitationLimit`]; the refusals of a lost race.
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

    /// Invites an Admin for an operator into an organization whose Super Admin is its only person. `pending`
    /// is the invitation that the address has.
    ///
    /// # Errors
    ///
    /// [`Refusal::SuperAdminExists`] if another person is a member now; [`Refusal::AlreadyInvited`] or
    /// [`Refusal::AlreadyMember`] if the address was taken meanwhile.
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
            let event = ended(writes.context, org, ending(old, writes.context.at), old);
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
            writes = writes.record(ended(context, org, ending(old, context.at), old))?;
        }
        let writes = writes.put_invitation(org, invitation, same_slot)?;
        Ok(writes.count(org.id(), invitation.role_id, UserKind::Invitation, 1))
    }

    /// Sends an invitation again.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not as
    /// the rule saw it; the refusals of a lost race.
    pub fn resend(self, actor: &Standing, change: InvitationChange<'_>) -> Result<Self, Error> {
        let context = self.context;
        let InvitationChange { before, after } = change;
        let shown = |invitation: &Invitation| json!({ "expires_at": invitation.expires_at, "send_count": invitation.send_count });
        let target = after.target(after.version);
        let event = Event::new(context, &actor.org, EventAction::InvitationResent, target)
            .old(shown(before))
            .new_value(shown(after));
        self.still_held(actor)?
            // Before the role: if it was deleted, the invitation has another one, and says that it changed.
            .update_invitation(change)?
            .still_grantable(&actor.org, before.role_id)?
            .record(event)
    }

    /// Changes an invitation without sending it (INV13).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not as
    /// the rule saw it; the refusals of a lost race.
    pub fn change_invitation(
        self,
        actor: &Standing,
        change: InvitationChange<'_>,
    ) -> Result<Self, Error> {
        let InvitationChange { before, after } = change;
        let org = &actor.org;
        let target = after.target(after.version);
        let event = Event::new(self.context, org, EventAction::InvitationUpdated, target)
            .old(shown(before))
            .new_value(shown(after));
        self.still_held(actor)?
            // Before the role: if it was deleted, the invitation has another one, and says that it changed.
            .update_invitation(change)?
            .role_still_gives(org, before.role_id)?
            .still_grantable(org, after.role_id)?
            .count(org.id(), before.role_id, UserKind::Invitation, -1)
            .count(org.id(), after.role_id, UserKind::Invitation, 1)
            .record(event)
    }

    /// Ends an invitation on behalf of its organization.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not as
    /// the rule saw it; the refusals of a lost race.
    pub fn revoke(self, actor: &Standing, invitation: &Invitation) -> Result<Self, Error> {
        self.still_held(actor)?.revoke_as_operator(&actor.org, invitation)
    }

    /// Ends an invitation on behalf of the platform: an operator sent it (OP1), or its invitee is offboarded (OP2).
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke).
    pub fn revoke_as_operator(
        self,
        org: &Organization,
        invitation: &Invitation,
    ) -> Result<Self, Error> {
        let event = ended(self.context, org, EventAction::InvitationRevoked, invitation);
        self.end(invitation, Expression::default())?.stop_waiting(org, invitation)?.record(event)
    }

    /// Ends an invitation on behalf of its invitee. The organization cannot invite them again for a
    /// while (INV14). `member` is their membership, if they have one with another address.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchInvitation`] or [`Refusal::ChangedConcurrently`] if the invitation is not as
    /// the rule saw it, or the invitee became a member.
    pub fn decline(
        self,
        org: &Organization,
        invitation: &Invitation,
        member: Option<&Member>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let left = declined_slot(slot(invitation), invitation, context.at)?;
        let event = ended(context, org, EventAction::InvitationDeclined, invitation);
        let declined = self
            .free_slot(invitation, left, Expression::default())?
            .stop_waiting(org, invitation)?
            .record(event)?;
        // They can say no to an organization that they cannot join at present.
        let declined = declined.even_if_suspended();
        let (Some(person), None) = (&context.by, member) else { return Ok(declined) };
        // The event names them by their id.
        let (user_id, name) = (&person.id, person.name.as_deref());
        let person = KnownPerson { user_id, email: &invitation.email, name };
        declined.remember(org.id(), person, Refusal::ChangedConcurrently)
    }

    /// Ends an invitation whose invitee is erased. `left` is what remains at its address.
    pub(super) fn revoke_erased(
        self,
        org: &Organization,
        invitation: &Invitation,
        left: Item,
    ) -> Result<Self, Error> {
        let event = ended(self.context, org, EventAction::InvitationRevoked, invitation);
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
        let event = ended(self.context, org, EventAction::InvitationExpired, invitation);
        self.end(invitation, expired)?.stop_waiting(org, invitation)?.record(event)
    }

    /// Turns an invitation into a membership, exactly once, and only while everything that the rule
    /// saw holds (INV7, INV9).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if one of the facts changed; [`Refusal::AlreadyMember`] if
    /// the person became a member with another address; the refusals of
    /// `still_grantable`.
    pub fn accept(self, acceptance: &Acceptance<'_>) -> Result<Self, Error> {
        let context = self.context;
        let Acceptance { org, invitation, member, tombstone, request, .. } = *acceptance;
        let slot = slot(invitation);
        let lock = taken(member, &slot)?;
        let open = Expression::new("#expires_at > :now", [("now", time(context.at))]);
        let open = same(invitation)?.and(open);
        let writes = self
            .by_outsider()
            // First, so that a repeat finds out that it accepted, and not only that it is a member.
            .put(slot, lock, open, refuse(Refusal::ChangedConcurrently))
            .add_member_without_slot(member, tombstone)?
            .count(org.id(), invitation.role_id, UserKind::Invitation, -1)
            .end_own_request(member, request)?
            .inviter_still_grants(acceptance)?
            .still_grantable(org, member.role_id)?
            .record(accepted(context, acceptance))?;
        match member.role_id {
            RoleId::SUPER_ADMIN => writes.first_super_admin(org, member),
            _ => Ok(writes),
        }
    }

    /// Opens an invitation: puts it, counts it, and ends the one that it replaces. The actor may revoke that
    /// one, so its inviter is no condition.
    pub(super) fn add_invitation(
        mut self,
        org: &Organization,
        NewInvitation { invitation, replaces }: &NewInvitation,
        cap: u64,
    ) -> Result<Self, Error> {
        if let Some(old) = replaces {
            let event = ended(self.context, org, ending(old, self.context.at), old);
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
        let event = event.new_value(shown(invitation));
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

    /// Adds a member, over an expired invitation of theirs if they have one. The race is `lost` if that one was
    /// sent again, or is gone.
    pub(super) fn add_new_member(
        self,
        org: &Organization,
        NewMember { member, tombstone, expired }: NewMember<'_>,
        lost: Refusal,
    ) -> Result<Self, Error> {
        let Some(old) = expired else { return self.add_member(member, tombstone) };
        let now = self.context.at;
        let expired = Expression::new("#expires_at <= :now", [("now", time(now))]);
        let lock = taken(member, &slot(old))?;
        let event = ended(self.context, org, EventAction::InvitationExpired, old);
        self.put(slot(old), lock, same(old)?.and(expired), refuse(lost))
            .count_out(old)
            .add_member_without_slot(member, tombstone)?
            .record(event)
    }

    /// Ends an invitation that is as the rule saw it, and counts it out. Its slot is free again, and
    /// remembers when the invitation was sent.
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

    fn count_out(self, invitation: &Invitation) -> Self {
        self.count(invitation.path.id(), invitation.role_id, UserKind::Invitation, -1)
    }

    /// If the organization waits for this invitation, it stops waiting.
    pub(super) fn stop_waiting(
        self,
        org: &Organization,
        invitation: &Invitation,
    ) -> Result<Self, Error> {
        let waits = org.pending_first_admin.is_some_and(|waits| waits.invitation == invitation.id);
        if !waits {
            return Ok(self);
        }
        let remove = Change::Remove(Expression::new("#pending_first_admin", []));
        let lost = refuse(Refusal::ChangedConcurrently);
        Ok(self.update(Key::organization(org.id()), vec![remove], waits_for_same(org)?, lost))
    }

    /// Adds the condition that the inviter still holds the role that the rule saw, with the same
    /// levels, and that their access has not ended (END1).
    fn inviter_still_grants(self, acceptance: &Acceptance<'_>) -> Result<Self, Error> {
        let Some(inviter) = acceptance.inviter else { return Ok(self) };
        let lost = refuse(Refusal::ChangedConcurrently);
        self.member_still_holds(acceptance.org, inviter.member_id, inviter.role_id, lost)
    }
}

/// The slot holds this invitation, as the rule saw it.
fn same(invitation: &Invitation) -> Result<Expression, Error> {
    let values =
        [("id", attribute(&invitation.id)?), ("seen_version", attribute(&invitation.version)?)];
    Ok(Expression::new("#id = :id AND #version = :seen_version", values))
}

/// The organization waits for the invitation that the rule saw, or for none.
fn waits_for_same(org: &Organization) -> Result<Expression, Error> {
    Ok(match org.pending_first_admin {
        None => Expression::new("attribute_not_exists(#pending_first_admin)", []),
        Some(PendingFirstAdmin { invitation, .. }) => Expression::new(
            "#pending_first_admin.#invitation = :waits_for",
            [("waits_for", attribute(&invitation)?)],
        ),
    })
}

fn slot(invitation: &Invitation) -> Key {
    Key::address_slot(invitation.path.id(), invitation.id.digest())
}

fn item(invitation: &Invitation) -> Result<Item, Error> {
    let attributes = index::invitation(invitation);
    let mut item = to_item(slot(invitation), invitation, attributes)?;
    item.insert("status".to_owned(), text("pending"));
    Ok(item)
}

fn shown(invitation: &Invitation) -> Value {
    let mut shown = json!({
        "role_id": invitation.role_id,
        "expires_at": invitation.expires_at,
        "expires_in_days": invitation.days,
    });
    if let (Some(language), Some(shown)) = (invitation.language, shown.as_object_mut()) {
        shown.insert("language".to_owned(), json!(language));
    }
    if let (Some(end), Some(shown)) = (invitation.access_expires_at, shown.as_object_mut()) {
        shown.insert("access_expires_at".to_owned(), json!(end));
    }
    shown
}

fn accepted(context: &RequestContext, acceptance: &Acceptance<'_>) -> Event {
    let Acceptance { org, invitation, member, inviter, request, .. } = *acceptance;
    let asked = request.map(|request| json!({ "join_request": request.status }));
    let target = invitation.target(invitation.version.next(context.at));
    let mut new = json!({
        "member_id": member.id(),
        "inviter_id": inviter.map(|inviter| inviter.member_id),
        "role_id": member.role_id,
        "identity_provider_role": levels_in(org, member.role_id).map(IdentityProviderRole::of),
    });
    if let (Some(end), Some(new)) = (member.access_expires_at, new.as_object_mut()) {
        new.insert("access_expires_at".to_owned(), json!(end));
    }
    Event::new(context, org, EventAction::InvitationAccepted, target)
        .old(asked.unwrap_or_default())
        .new_value(new)
}

/// How an invitation ends that another one replaces, or whose organization is deleted.
pub(super) fn ending(invitation: &Invitation, now: Timestamp) -> EventAction {
    if invitation.expired(now) {
        EventAction::InvitationExpired
    } else {
        EventAction::InvitationRevoked
    }
}

/// The event of an invitation that ended.
pub(super) fn ended(
    context: &RequestContext,
    org: &Organization,
    action: EventAction,
    invitation: &Invitation,
) -> Event {
    let gone = invitation.version.next(context.at);
    Event::new(context, org, action, invitation.target(gone)).old(shown(invitation))
}
