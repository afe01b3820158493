//! The steps that end what belongs to a deleted organization. Each ends what one page lists, as it
//! is read by key, in one transaction.

use super::{
    Error, Key, LinkChange, List, PageRequest, Position, Slice, Store,
    ended_invitations::end_action,
    expression::Expression,
    index::IndexAttribute,
    item::number,
    kept_names::kept_until,
    removed_members::removed_event,
    roles::role_in_event,
    step::{Change, OnConditionFailed, refuse},
    transaction::Transaction,
    user_counts::{Counter, UserKind},
};
use crate::domain::{
    ApprovedDomain, BoundedList, CriticalAlertUser, CustomerLink, Event, EventAction, Invitation,
    JoinRequest, ListEntry, ListValue, Member, Organization, Refusal, RequestContext, UserCount,
};

/// How much ends in one transaction: three actions each, at most one for its role, and the counter
/// item. `DynamoDB` accepts 100.
const AT_ONCE: usize = 20;

/// What ends, in this order: roles after their users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Members,
    Invitations,
    JoinRequests,
    Domains,
    AlertUsers,
    Roles,
    Customers,
    Partners,
}

impl Phase {
    pub(super) const FIRST: Self = Self::Members;

    pub(super) fn next(self) -> Option<Self> {
        Some(match self {
            Self::Members => Self::Invitations,
            Self::Invitations => Self::JoinRequests,
            Self::JoinRequests => Self::Domains,
            Self::Domains => Self::AlertUsers,
            Self::AlertUsers => Self::Roles,
            Self::Roles => Self::Customers,
            Self::Customers => Self::Partners,
            Self::Partners => return None,
        })
    }
}

/// The position of the next page of a phase, if there is one.
type Next = Option<Position>;

/// A run that ends what belongs to a deleted organization.
pub(super) struct DeletionRun<'a> {
    pub(super) store: &'a Store,
    pub(super) context: &'a RequestContext,
    /// The number of transactions, so that every event has an id of its own.
    pub(super) transactions: u128,
}

impl<'a> DeletionRun<'a> {
    /// Begins a transaction in the deleted organization.
    pub(super) fn transaction(&mut self) -> Transaction<'a> {
        let mut writes = self.store.transaction(self.context);
        writes.next_event = self.transactions << 16;
        writes.even_deleted = true;
        self.transactions += 1;
        writes
    }
}

impl DeletionRun<'_> {
    /// Ends a page of what a phase lists.
    pub(super) async fn step(
        &mut self,
        phase: Phase,
        org: &Organization,
        after: Option<&Position>,
    ) -> Result<Next, Error> {
        match phase {
            Phase::Members => self.members(org, after).await,
            Phase::Invitations => self.invitations(org, after).await,
            Phase::JoinRequests => self.join_requests(org, after).await,
            Phase::Domains => {
                self.entries(List::<ApprovedDomain>::entries(org.id()), org, after).await
            }
            Phase::AlertUsers => {
                self.entries(List::<CriticalAlertUser>::entries(org.id()), org, after).await
            }
            Phase::Roles => self.role(org).await,
            Phase::Customers => self.link(List::customers(org.id()), org, after).await,
            Phase::Partners => self.link(List::partners(org.id(), None), org, after).await,
        }
    }

    async fn members(
        &mut self,
        org: &Organization,
        after: Option<&Position>,
    ) -> Result<Next, Error> {
        let page = PageRequest { limit: AT_ONCE, after };
        let Slice { items, next } = self.store.page(List::members(org.id()), page).await?;
        let keys = items.iter().map(|member: &Member| Key::member(org.id(), member.id()));
        let found = self.store.get(keys).await?;
        let mut writes = self.transaction();
        for member in items {
            let Some(member) = found.member(org.id(), member.id())? else { continue };
            let gone = member.version.next(writes.context.at);
            let event =
                removed_event(writes.context, org, EventAction::MemberRemoved, &member, gone);
            writes = writes.end_membership(&member, gone)?.record(event)?;
        }
        commit(writes, next).await
    }

    async fn invitations(
        &mut self,
        org: &Organization,
        after: Option<&Position>,
    ) -> Result<Next, Error> {
        let page = PageRequest { limit: AT_ONCE, after };
        let Slice { items, next } = self.store.page(List::pending(org.id()), page).await?;
        let slot = |it: &Invitation| Key::address_slot(org.id(), it.id.address_hash());
        let found = self.store.get(items.iter().map(slot)).await?;
        let mut writes = self.transaction();
        for listed in items {
            let Some(invitation) = found.pending(&slot(&listed))? else { continue };
            let action = end_action(&invitation, writes.context.at);
            writes = writes.end_recorded(org, &invitation, action, Expression::default())?;
        }
        commit(writes, next).await
    }

    /// Cancels open requests. Declined ones end by themselves.
    async fn join_requests(
        &mut self,
        org: &Organization,
        after: Option<&Position>,
    ) -> Result<Next, Error> {
        let page = PageRequest { limit: AT_ONCE, after };
        let Slice { items, next } = self.store.page(List::join_requests(org.id()), page).await?;
        let key = |it: &JoinRequest| Key::join_request(org.id(), it.id.person_hash());
        let found = self.store.get(items.iter().map(key)).await?;
        let mut writes = self.transaction();
        for listed in items {
            let request = found.join_request(org.id(), listed.id.person_hash())?;
            if let Some(request) = request.filter(JoinRequest::is_pending) {
                writes = writes.cancel_request(org, &request)?;
            }
        }
        commit(writes, next).await
    }

    async fn entries<T: ListValue>(
        &mut self,
        list: List<ListEntry<T>>,
        org: &Organization,
        after: Option<&Position>,
    ) -> Result<Next, Error>
    where
        ListEntry<T>: serde::de::DeserializeOwned,
    {
        let Slice { items, next } =
            self.store.page(list, PageRequest { limit: AT_ONCE, after }).await?;
        let key = |it: &ListEntry<T>| Key::list_entry(org.id(), T::LIST, &it.value.id(org.id()));
        let found = self.store.get(items.iter().map(key)).await?;
        let mut writes = self.transaction();
        for listed in items {
            if let Some(entry) = found.get::<ListEntry<T>>(&key(&listed))? {
                writes = writes.end_entry(org, &entry)?;
            }
        }
        commit(writes, next).await
    }

    /// Deletes one role; first those whose users were getting another one, which counts the
    /// reassignment.
    async fn role(&mut self, org: &Organization) -> Result<Next, Error> {
        let keys = org.roles.keys().map(|&role| Key::role(org.id(), role));
        let found = self.store.get(keys.clone()).await?;
        let mut roles = Vec::new();
        for key in keys {
            roles.extend(found.role(&key)?.map(|found| found.role));
        }
        let first = roles.iter().find(|role| role.reassignment.is_some()).or(roles.first());
        let Some(role) = first else { return Ok(None) };
        let writes = self.transaction();
        let gone = role.target_at(role.version.next(writes.context.at));
        let event = Event::new(writes.context, org, EventAction::RoleDeleted, gone);
        let event = event.old(role_in_event(role));
        let writes = writes.remove_role(org, role, UserCount::default())?.record(event)?;
        // The next role is found without a position.
        commit(writes, Some(Position::new(""))).await
    }

    /// Removes one link with another organization, deleted or not.
    async fn link(
        &mut self,
        list: List<CustomerLink>,
        org: &Organization,
        after: Option<&Position>,
    ) -> Result<Next, Error> {
        let Slice { items, next } = self.store.page(list, PageRequest { limit: 1, after }).await?;
        let Some(CustomerLink { partner_id, customer_id, .. }) = items.into_iter().next() else {
            return Ok(next);
        };
        let key = Key::customer(partner_id, customer_id);
        let orgs = [partner_id, customer_id].map(Key::organization);
        let found = self.store.get(orgs.into_iter().chain([key.clone()])).await?;
        let any = |id| found.any_organization(id).ok_or(Refusal::ChangedConcurrently);
        let Some(before) = found.customer(&key)? else { return Ok(next) };
        let (partner, customer) = (any(partner_id)?, any(customer_id)?);
        let before = Some(before);
        let change = LinkChange { partner, customer, before, after: None, tombstone: None };
        let writes = self.transaction().change_link(change, Some(org.id()))?;
        commit(writes, next).await
    }

    /// Removes the rest, if nothing is counted any more: the organization stays with its history.
    pub(super) async fn finish(&mut self, org: &Organization) -> Result<(), Error> {
        let id = org.id();
        self.transaction().finish_deletion(org).commit(&()).await?;
        tracing::info!(organization = %id, "a deleted organization has ended");
        Ok(())
    }
}

/// Commits a step, and gives the position of the next one.
async fn commit(writes: Transaction<'_>, next: Next) -> Result<Next, Error> {
    writes.commit(&()).await?;
    Ok(next)
}

impl Transaction<'_> {
    /// Removes what a deleted organization has left apart from its history, if everything else has
    /// ended. The organization stays, without its Super Admin, for as long as the history.
    fn finish_deletion(self, org: &Organization) -> Self {
        let id = org.id();
        let kept = [("kept", number(kept_until(self.context.at).as_second()))];
        let kept = || Change::Set(Expression::new("#ttl = :kept", kept.clone()));
        let ended = [("ended", number(self.context.at.as_millisecond()))];
        let ended = || Change::Set(Expression::new("#closure.#ended = :ended", ended.clone()));
        let left = Change::Remove(Expression::new("#super_admin, #pending_first_admin", []));
        let due = Change::unlist([IndexAttribute::Due, IndexAttribute::ExpiresAt]);
        let none = "attribute_exists(#is_due) AND attribute_not_exists(#roles) AND \
                    (attribute_not_exists(#links) OR #links.#customers = :none AND \
                    #links.#partners = :none)";
        let none = Expression::new(none, [("none", number(0))])
            .naming("is_due", IndexAttribute::Due.name());
        let changed = || refuse(Refusal::ChangedConcurrently);
        let finished: OnConditionFailed = Box::new(|org| match org {
            Some(org) if org.contains_key(IndexAttribute::Due.name()) => {
                Refusal::ChangedConcurrently.into()
            }
            _ => Refusal::NoSuchOrganization.into(),
        });
        self.update(Key::organization(id), vec![left, due, kept(), ended()], none, finished)
            .update(Key::counts(id), vec![kept(), ended()], nothing_counted(), changed())
            .delete(Key::profile(id), Expression::default(), changed())
            .delete(Key::role_names(id), Expression::default(), changed())
    }
}

/// Nothing of an organization is counted any more.
fn nothing_counted() -> Expression {
    let counters = [
        Counter::Users(UserKind::Person),
        Counter::Users(UserKind::Invitation),
        Counter::Users(UserKind::Service),
        Counter::List(BoundedList::ApprovedDomains),
        Counter::List(BoundedList::JoinRequests),
        Counter::List(BoundedList::CriticalAlertUsers),
    ];
    Expression::all(counters.map(Counter::is_zero))
}
