//! Requests to join: an item a person, which their request's id locates (ORG2).

use serde_json::{Value, json};

use super::{
    Error, Key, Listing, Reply, Store, Window,
    expression::Expression,
    item::{attribute, from_item, time, to_item},
    keys,
    range::Range,
    tally::Tally,
    transaction::{Otherwise, Transaction, or},
};
use crate::domain::{
    Act, AddressDigest, Event, EventAction, IdentityProviderRole, Invitation, JoinRequest,
    MailDomain, Member, OrgId, Organization, PersonDigest, Refusal, RequestStatus, Standing,
    asked_before, levels_in,
};

impl Store {
    /// Opens a request, as long as its domain is approved, its person no member, and their address
    /// not invited.
    pub async fn ask_to_join(
        &self,
        act: &Act,
        org: &Organization,
        request: &JoinRequest,
        reply: &Reply,
    ) -> Result<(), Error> {
        let (id, key) = (org.id(), place(request));
        let indexed = [("group", keys::join_requests(id)), ("place", request.id.bare())];
        let item = to_item(key.clone(), request, indexed)?;
        let absent = || Expression::new("attribute_not_exists(#pk)", []);
        let overdue = Expression::new("#expires_at <= :now", [("now", time(act.at))]);
        let address = Key::place(id, AddressDigest::of(id, &request.email));
        self.transaction(act)
            .still_approved(request, Refusal::NoSuchOrganization)
            .check(Key::member(id, &request.user_id), absent(), or(Refusal::YouAreMember))
            .check(address, absent().or(overdue), invited_meanwhile())
            .put(key, item, absent(), asked_meanwhile())
            .one_more(id, Tally::JoinRequests)
            .record(
                Event::new(act, org, EventAction::JoinRequestCreated, of(request))
                    .new_value(told(request)),
            )?
            .commit(reply)
            .await
    }

    /// Takes a request back, on behalf of its person.
    pub async fn cancel_request(
        &self,
        act: &Act,
        org: &Organization,
        request: &JoinRequest,
        reply: &Reply,
    ) -> Result<(), Error> {
        let event = Event::new(act, org, EventAction::JoinRequestCancelled, of(request));
        self.transaction(act)
            .end_request(request)?
            .record(event.old(told(request)))?
            .commit(reply)
            .await
    }

    /// Turns a request into a membership: only as long as all that the rule saw holds. An
    /// invitation of theirs that `expired` ends with that.
    pub async fn approve_request(
        &self,
        act: &Act,
        actor: &Standing,
        (request, member): (&JoinRequest, &Member),
        expired: Option<&Invitation>,
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = &actor.org;
        let approved = Event::new(act, org, EventAction::JoinRequestApproved, of(request))
            .old(told(request))
            .new_value(json!({ "role_id": member.role_id }));
        let target = ("member", member.user_id.to_string());
        let levels = levels_in(org, member.role_id);
        let added = Event::new(act, org, EventAction::MemberAdded, target).new_value(json!({
            "user_id": member.user_id,
            "email": member.email,
            "role_id": member.role_id,
            "identity_provider_role": levels.map(IdentityProviderRole::of),
            "source": member.source,
        }));
        let writes = self
            .transaction(act)
            .still_held(actor)?
            .end_request(request)?
            .still_approved(request, Refusal::DomainNotApproved)
            .still_given(org, member.role_id)?;
        let seated = match expired {
            None => writes.seat(member)?,
            Some(old) => writes.seat_over(org, member, old, Refusal::ChangedMeanwhile)?,
        };
        seated.record(approved)?.record(added)?.commit(reply).await
    }

    /// Declines a request, and remembers that.
    pub async fn decline_request(
        &self,
        act: &Act,
        actor: &Standing,
        request: &JoinRequest,
        reply: &Reply,
    ) -> Result<(), Error> {
        let declined = JoinRequest { status: RequestStatus::Declined, ..request.clone() };
        let item = to_item(place(request), &declined, [])?;
        let gone = or(Refusal::NoSuchJoinRequest);
        let event = Event::new(act, &actor.org, EventAction::JoinRequestDeclined, of(request));
        self.transaction(act)
            .still_held(actor)?
            .put(place(request), item, same(request)?, gone)
            .one_less(request.organization_id, Tally::JoinRequests)
            .record(event.old(told(request)))?
            .commit(reply)
            .await
    }

    /// The open requests to join an organization, oldest first.
    pub async fn join_requests(
        &self,
        org: OrgId,
        window: Window<'_>,
    ) -> Result<Listing<JoinRequest>, Error> {
        let range = Range::of_index("group", keys::join_requests(org), String::new());
        self.page(vec![range], window).await
    }
}

impl Transaction<'_> {
    /// Ends what a new member had asked, open or declined: there is no request beside a membership.
    pub(super) fn no_request_beside(
        self,
        member: &Member,
        request: Option<&JoinRequest>,
    ) -> Result<Self, Error> {
        let org = member.path.id();
        let again = || or(Refusal::ChangedMeanwhile);
        let Some(request) = request else {
            let key = Key::join_request(org, PersonDigest::of(org, &member.user_id));
            return Ok(self.check(key, Expression::new("attribute_not_exists(#pk)", []), again()));
        };
        let ended = self.delete(place(request), same(request)?, again());
        Ok(if request.is_pending() { ended.one_less(org, Tally::JoinRequests) } else { ended })
    }

    /// Deletes a request that is still open.
    fn end_request(self, request: &JoinRequest) -> Result<Self, Error> {
        let gone = or(Refusal::NoSuchJoinRequest);
        let ended = self.delete(place(request), same(request)?, gone);
        Ok(ended.one_less(request.organization_id, Tally::JoinRequests))
    }

    /// Insists that the domain of a request is approved.
    fn still_approved(self, request: &JoinRequest, otherwise: Refusal) -> Self {
        let domain = MailDomain::of(&request.email);
        let key = Key::approved_domain(request.organization_id, &domain);
        self.check(key, Expression::new("attribute_exists(#pk)", []), or(otherwise))
    }
}

/// It is still this request, in this state.
fn same(request: &JoinRequest) -> Result<Expression, Error> {
    let values = [("id", attribute(&request.id)?), ("status", attribute(&request.status)?)];
    Ok(Expression::new("#id = :id AND #status = :status", values))
}

/// Whoever has the address's place now: told to the one whose address it is.
fn invited_meanwhile() -> Otherwise {
    Box::new(|old| {
        let open = old.and_then(|item| from_item::<Invitation>(item).ok());
        open.map_or(Refusal::YouAreMember, |open| Refusal::YouAreInvited(open.id)).into()
    })
}

fn asked_meanwhile() -> Otherwise {
    Box::new(|old| {
        let before = old.and_then(|item| from_item::<JoinRequest>(item).ok());
        before.map_or(Refusal::ChangedMeanwhile, |before| asked_before(&before)).into()
    })
}

fn place(request: &JoinRequest) -> Key {
    Key::join_request(request.organization_id, request.id.digest())
}

fn of(request: &JoinRequest) -> (&'static str, String) {
    ("join_request", request.id.to_string())
}

fn told(request: &JoinRequest) -> Value {
    let JoinRequest { user_id, email, name, comment, .. } = request;
    json!({ "user_id": user_id, "email": email, "name": name, "comment": comment })
}
