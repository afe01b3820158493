//! Requests to join: an item for each person, which the id of the request locates (ORG2).

use serde_json::{Value, json};

use super::{
    Error, Key,
    expression::Expression,
    index,
    item::{attribute, expire_at, from_item, time, to_item},
    kept_names::PersonToKeep,
    members::{NewMember, member_in_event},
    step::{Change, OnConditionFailed, absent, live, present, refuse},
    transaction::Transaction,
};
use crate::domain::{
    AddressHash, BoundedList, Event, EventAction, Invitation, JoinRequest, MailDomain, Member,
    MemberId, Organization, PersonHash, Refusal, RequesterFacts, Standing, Version, refuse_repeat,
};

/// A request that is approved, and the membership that it becomes.
#[derive(Clone, Copy, Debug)]
pub struct RequestApproval<'a> {
    /// The open request.
    pub request: &'a JoinRequest,
    /// The new member.
    pub member: &'a Member,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
    /// An expired invitation of theirs, which ends with the approval.
    pub expired: Option<&'a Invitation>,
}

impl Transaction<'_> {
    /// Creates a request. It replaces an earlier one that was declined, and lets the organization
    /// invite a person who declined an invitation (INV14).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`], [`Refusal::CallerAlreadyMember`] or
    /// [`Refusal::CallerAlreadyInvited`] if the domain is no longer approved, or the person is a
    /// member or invited meanwhile; the refusals of [`refuse_repeat`] for an earlier request.
    pub fn ask_to_join(
        self,
        org: &Organization,
        request: &JoinRequest,
        facts: &RequesterFacts,
    ) -> Result<Self, Error> {
        let context = self.context;
        let id = org.id();
        let key = key_of(request);
        let item = to_item(key.clone(), request, index::join_request(request))?;
        let unasked = match &facts.earlier_request {
            None => Expression::new("attribute_not_exists(#pk)", []),
            Some(earlier) => as_seen(earlier)?,
        };
        self.by_outsider()
            .address_is_free(request, facts)
            .still_approved(request, Refusal::NoSuchOrganization)
            .remember(id, person_of(request), Refusal::CallerAlreadyMember)?
            .put(key, item, unasked, asked_meanwhile())
            .count_entry(id, BoundedList::JoinRequests, 1)
            .record(
                Event::new(
                    context,
                    org,
                    EventAction::JoinRequestCreated,
                    request.target(request.version),
                )
                .new_value(request_in_event(request)),
            )
    }

    /// Checks that the address of a request has no valid invitation and no member. Lets the
    /// organization invite its person again if they declined an invitation.
    fn address_is_free(self, request: &JoinRequest, facts: &RequesterFacts) -> Self {
        let org = request.organization_id;
        let address = Key::address_slot(org, AddressHash::of(org, &request.email));
        let expired = Expression::new("#expires_at <= :now", [("now", time(self.context.at))]);
        let free = absent().or(expired);
        if facts.declined_invitation {
            let invitable = Change::Remove(Expression::new("#declined_until", []));
            let declined = Expression::new("attribute_exists(#declined_until)", []);
            return self.update(address, vec![invitable], free.and(declined), invited_meanwhile());
        }
        let not_declined = Expression::new("attribute_not_exists(#declined_until)", []);
        self.check(address, free.and(not_declined), invited_meanwhile())
    }

    /// Cancels a request for the person who made it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchJoinRequest`] if the request is not open any more.
    pub fn cancel_request(self, org: &Organization, request: &JoinRequest) -> Result<Self, Error> {
        let context = self.context;
        let target = request.target(request.version.next(context.at));
        let event = Event::new(context, org, EventAction::JoinRequestCancelled, target);
        self.end_request(request)?
            .remember(org.id(), person_of(request), Refusal::ChangedConcurrently)?
            .record(event.old(request_in_event(request)))
            // They can take back their request to an organization that they cannot join at present.
            .map(Self::even_if_suspended)
    }

    /// Makes the person of a request a member.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchJoinRequest`], [`Refusal::DomainNotApproved`], [`Refusal::AlreadyMember`]
    /// or [`Refusal::AlreadyInvited`] if one of the facts changed; the refusals of a lost race.
    pub fn approve_request(
        self,
        actor: &Standing,
        approval: &RequestApproval<'_>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let RequestApproval { request, member, tombstone, expired } = *approval;
        let org = &actor.org;
        let target = request.target(request.version.next(context.at));
        let approved = Event::new(context, org, EventAction::JoinRequestApproved, target)
            .old(request_in_event(request))
            .new_value(json!({ "role_id": member.role_id }));
        let target = member.target(member.version);
        let added = Event::new(context, org, EventAction::MemberAdded, target);
        let added = added.new_value(member_in_event(org, member));
        let writes = self
            .still_held(actor)?
            .end_request(request)?
            .still_approved(request, Refusal::DomainNotApproved)
            .still_grantable(org, member.role_id)?;
        let lost = Refusal::ChangedConcurrently;
        let new = NewMember { member, tombstone, expired };
        writes.add_new_member(org, new, lost)?.record(approved)?.record(added)
    }

    /// Declines a request. The item stays as long as the person cannot ask again; then the table
    /// drops it.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchJoinRequest`] if the request is not open any more; the refusals of a lost
    /// race.
    pub fn decline_request(self, actor: &Standing, request: &JoinRequest) -> Result<Self, Error> {
        let context = self.context;
        let declined = request.declined(context.at);
        let mut item = to_item(key_of(request), &declined, index::join_request(&declined))?;
        if let Some(until) = declined.declined_until() {
            expire_at(&mut item, until);
        }
        let gone = refuse(Refusal::NoSuchJoinRequest);
        let target = request.target(declined.version);
        let event = Event::new(context, &actor.org, EventAction::JoinRequestDeclined, target);
        self.still_held(actor)?
            .put(key_of(request), item, as_seen(request)?, gone)
            .remember(request.organization_id, person_of(request), Refusal::ChangedConcurrently)?
            .count_entry(request.organization_id, BoundedList::JoinRequests, -1)
            .record(event.old(request_in_event(request)))
    }

    /// Deletes the request of a new member, open or declined: a member has no request.
    pub(super) fn end_own_request(
        self,
        member: &Member,
        request: Option<&JoinRequest>,
    ) -> Result<Self, Error> {
        let org = member.path.id();
        let again = || refuse(Refusal::ChangedConcurrently);
        let Some(request) = request else {
            let key = Key::join_request(org, PersonHash::of(org, &member.user_id));
            return Ok(self.check(key, Expression::new("attribute_not_exists(#pk)", []), again()));
        };
        let ended = self.delete(key_of(request), as_seen(request)?, again());
        Ok(if request.is_pending() {
            ended.count_entry(org, BoundedList::JoinRequests, -1)
        } else {
            ended
        })
    }

    /// Deletes the request of a person who is erased. An open one is cancelled.
    pub(super) fn drop_request(
        self,
        org: &Organization,
        request: &JoinRequest,
    ) -> Result<Self, Error> {
        let context = self.context;
        let changed = refuse(Refusal::ChangedConcurrently);
        let dropped = self.delete(key_of(request), as_seen(request)?, changed);
        if !request.is_pending() {
            return Ok(dropped);
        }
        let target = request.target(request.version.next(context.at));
        let event = Event::new(context, org, EventAction::JoinRequestCancelled, target);
        dropped
            .count_entry(request.organization_id, BoundedList::JoinRequests, -1)
            .record(event.old(request_in_event(request)))
    }

    /// Deletes a request that is still open.
    fn end_request(self, request: &JoinRequest) -> Result<Self, Error> {
        let gone = refuse(Refusal::NoSuchJoinRequest);
        let ended = self.delete(key_of(request), as_seen(request)?, gone);
        Ok(ended.count_entry(request.organization_id, BoundedList::JoinRequests, -1))
    }

    /// Checks that the domain of a request is approved.
    fn still_approved(self, request: &JoinRequest, otherwise: Refusal) -> Self {
        let domain = MailDomain::of(&request.email);
        let key = Key::approved_domain(request.organization_id, &domain);
        self.check(key, present(), refuse(otherwise))
    }
}

/// The request is as the rule saw it.
fn as_seen(request: &JoinRequest) -> Result<Expression, Error> {
    let values = [("id", attribute(&request.id)?), ("seen", attribute(&request.version)?)];
    Ok(Expression::new("#id = :id AND #version = :seen", values))
}

/// The refusal for a person whose address is taken meanwhile.
fn invited_meanwhile() -> OnConditionFailed {
    Box::new(|old| {
        // They declined an invitation meanwhile.
        let Some(old) = live(old) else { return Refusal::ChangedConcurrently.into() };
        let open = from_item::<Invitation>(old).ok();
        open.map_or(Refusal::CallerAlreadyMember, |open| Refusal::CallerAlreadyInvited(open.id))
            .into()
    })
}

/// The refusal for a person who has a request already.
fn asked_meanwhile() -> OnConditionFailed {
    Box::new(|old| {
        let before = old.and_then(|item| from_item::<JoinRequest>(item).ok());
        before.map_or(Refusal::ChangedConcurrently, |before| refuse_repeat(&before)).into()
    })
}

fn key_of(request: &JoinRequest) -> Key {
    Key::join_request(request.organization_id, request.id.person_hash())
}

/// The person of a request. Its events name them by their id, also when it has ended.
fn person_of(request: &JoinRequest) -> PersonToKeep<'_> {
    let JoinRequest { user_id, email, name, .. } = request;
    PersonToKeep { user_id, email, name: name.as_deref() }
}

/// A request, as its events show it. The comment is for the managers who decide, and not for all
/// who read the history (ERA2).
fn request_in_event(request: &JoinRequest) -> Value {
    json!({ "member_id": MemberId::of(request.organization_id, &request.user_id) })
}
