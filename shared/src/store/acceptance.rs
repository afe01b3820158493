//! The acceptance of an invitation, and what its invitee may read before.

use serde_json::json;

use super::{
    Error, Key, Store,
    address_slots::taken_slot,
    expression::Expression,
    invitation_item::{same, slot},
    item::time,
    step::refuse,
    transaction::Transaction,
    user_counts::UserKind,
};
use crate::domain::{
    AcceptanceFacts, AddressHash, AddressSlot, Event, EventAction, IdentityProviderRole,
    InvitationId, JoinRequest, Member, OrgId, Organization, Person, PersonHash, Refusal,
    RequestContext, RoleId, Version, levels_in, was_issued_to,
};

/// What an invitee may read before they have a standing: their own slot in the organization.
#[derive(Debug)]
pub struct InviteeFacts {
    /// The organization.
    pub org: Organization,
    /// What holds the invitee's address.
    pub slot: Option<AddressSlot>,
    /// The invitee's own join request, if an acceptance needs it.
    pub join_request: Option<JoinRequest>,
    /// The invitee's stored membership. Their access can have ended.
    pub member: Option<Member>,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
}

impl InviteeFacts {
    /// Whether the person is a member with the address of this invitation. They have accepted it,
    /// or another one to the address.
    pub fn is_member_by(&self, person: &Person, id: InvitationId) -> bool {
        self.slot == Some(AddressSlot::Taken(person.id.clone()))
            && was_issued_to(person, self.org.id(), id)
    }
}

impl Store {
    /// What an invitee may know of an organization: only what the verified address and the `sub` in
    /// their own token locate.
    ///
    /// # Errors
    ///
    /// [`Refusal::EmailMissing`] if the token has no address; [`Refusal::NoInvitationForCaller`] if
    /// the address does not count, or there is no such organization.
    pub async fn invitee_facts(&self, person: &Person, org: OrgId) -> Result<InviteeFacts, Error> {
        self.invitee_facts_and(person, org, None).await
    }

    /// As [`invitee_facts`](Self::invitee_facts), with the join request that an acceptance ends.
    ///
    /// # Errors
    ///
    /// As [`invitee_facts`](Self::invitee_facts).
    pub async fn invitee_facts_with_request(
        &self,
        person: &Person,
        org: OrgId,
    ) -> Result<InviteeFacts, Error> {
        let request = Key::join_request(org, PersonHash::of(org, &person.id));
        self.invitee_facts_and(person, org, Some(request)).await
    }

    async fn invitee_facts_and(
        &self,
        person: &Person,
        org: OrgId,
        request: Option<Key>,
    ) -> Result<InviteeFacts, Error> {
        let email = person.invited_email()?;
        let slot = Key::address_slot(org, AddressHash::of(org, email));
        let membership = Key::membership(org, &person.id);
        let keys = [Key::organization(org), slot.clone(), membership.clone()];
        let found = self.get(keys.into_iter().chain(request)).await?;
        Ok(InviteeFacts {
            org: found.organization(org).cloned().ok_or_else(|| person.not_invited())?,
            slot: found.address_slot(&slot)?,
            join_request: found.join_request(org, PersonHash::of(org, &person.id))?,
            member: found.membership(org, &person.id)?,
            tombstone: found.deleted_at(&membership)?,
        })
    }
}

/// The facts that an acceptance repeats as conditions, and the new member.
#[derive(Clone, Debug)]
pub struct Acceptance<'a> {
    /// The organization.
    pub org: &'a Organization,
    /// What the rule saw.
    pub facts: AcceptanceFacts<'a>,
    /// The new member.
    pub member: &'a Member,
    /// The invitee's own join request, which ends with the acceptance (ORG2).
    pub join_request: Option<&'a JoinRequest>,
}

impl Transaction<'_> {
    /// Turns an invitation into a membership, exactly once, and only while everything that the rule
    /// saw holds (INV7, INV9).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if one of the facts changed; [`Refusal::AlreadyMember`] if
    /// the person became a member with another address; the refusals of `still_grantable`.
    pub fn accept(self, acceptance: &Acceptance<'_>) -> Result<Self, Error> {
        let context = self.context;
        let Acceptance { org, facts, member, join_request } = *acceptance;
        let AcceptanceFacts { invitation, tombstone, .. } = facts;
        let slot = slot(invitation);
        let taken = taken_slot(member, &slot)?;
        let open = Expression::new("#expires_at > :now", [("now", time(context.at))]);
        let open = same(invitation)?.and(open);
        let writes = self
            .by_outsider()
            // First, so that a repeat finds out that it accepted, and not only that it is a member.
            .put(slot, taken, open, refuse(Refusal::ChangedConcurrently))
            .add_member_without_slot(member, tombstone)?
            .count(org.id(), invitation.role_id, UserKind::Invitation, -1)
            .end_own_request(member, join_request)?
            .inviter_still_grants(acceptance)?
            .still_grantable(org, member.role_id)?
            .record(accepted_event(context, acceptance))?;
        match member.role_id {
            RoleId::SUPER_ADMIN => writes.first_super_admin(org, member),
            _ => Ok(writes),
        }
    }

    /// Adds the condition that the inviter still holds the role that the rule saw, with the same
    /// levels, and that their access has not ended (END1).
    fn inviter_still_grants(self, acceptance: &Acceptance<'_>) -> Result<Self, Error> {
        let Some(inviter) = acceptance.facts.inviter else { return Ok(self) };
        let lost = refuse(Refusal::ChangedConcurrently);
        self.member_still_holds(acceptance.org, inviter.member_id, inviter.role_id, lost)
    }
}

fn accepted_event(context: &RequestContext, acceptance: &Acceptance<'_>) -> Event {
    let Acceptance { org, facts, member, join_request } = *acceptance;
    let AcceptanceFacts { invitation, inviter, .. } = facts;
    let asked = join_request.map(|request| json!({ "join_request": request.status }));
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
