//! Approved domains and critical alert users: an item an entry, listed in its organization and
//! counted on its counter item (ORG2, ORG4).

use serde::Serialize;
use serde_json::json;

use super::{
    Committed, Error, Key, PageRequest, Slice, Store,
    expression::Expression,
    index::{self, Index},
    item::to_item,
    keys,
    range::Range,
    transaction::{gone_or, or},
};
use crate::domain::{
    ApprovedDomain, Event, ListEntry, ListValue, MailDomain, OrgId, Refusal, RequestContext,
    Standing, Target, Version,
};

impl Store {
    /// Adds an entry. `deleted` is the version of the same entry that was removed a short time ago.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if another request added it; the refusal of the list's limit;
    /// the refusals of `still_held`.
    pub async fn add_entry<T: ListValue>(
        &self,
        context: &RequestContext,
        actor: &Standing,
        entry: &ListEntry<T>,
        deleted: Option<Version>,
        answer: &impl Serialize,
    ) -> Result<Committed, Error> {
        let org = entry.organization_id;
        let id = entry.value.id(org);
        let key = Key::list_entry(org, T::LIST, &id);
        let item = to_item(key.clone(), entry, index::list_entry(T::LIST, &id))?;
        let target = Target::new(T::TARGET, &id, entry.version);
        let event = Event::new(context, &actor.org, T::ADDED, target)
            .new_value(json!({ T::FIELD: entry.value }));
        self.transaction(context)
            .still_held(actor)?
            .create(key, item, deleted, or(Refusal::ChangedConcurrently))?
            .count_entry(org, T::LIST, 1)
            .record(event)?
            .commit(answer)
            .await
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// [`ListValue::MISSING`] if another request removed it; [`Refusal::ChangedConcurrently`] if it
    /// was added again; the refusals of
    /// `still_held`.
    pub async fn remove_entry<T: ListValue>(
        &self,
        context: &RequestContext,
        actor: &Standing,
        entry: &ListEntry<T>,
        answer: &impl Serialize,
    ) -> Result<Committed, Error> {
        let (org, gone) = (entry.organization_id, entry.version.next(context.at));
        let id = entry.value.id(org);
        let lost = gone_or(T::MISSING, Refusal::ChangedConcurrently);
        let target = Target::new(T::TARGET, &id, gone);
        let event = Event::new(context, &actor.org, T::REMOVED, target)
            .old(json!({ T::FIELD: entry.value }));
        self.transaction(context)
            .still_held(actor)?
            .bury(Key::list_entry(org, T::LIST, &id), entry.version, gone, lost)?
            .count_entry(org, T::LIST, -1)
            .record(event)?
            .commit(answer)
            .await
    }

    /// The entries of an organization's list, by id.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn entries<T: ListValue>(
        &self,
        org: OrgId,
        page: PageRequest<'_>,
    ) -> Result<Slice<ListEntry<T>>, Error> {
        let range = Range::of_table(keys::organization(org), keys::entries(T::LIST));
        let live = Expression::new("attribute_not_exists(#deleted)", []);
        self.page(vec![range.filtered(live)], page).await
    }

    /// The organizations that have approved a domain.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn approvals(
        &self,
        domain: &MailDomain,
        page: PageRequest<'_>,
    ) -> Result<Slice<ApprovedDomain>, Error> {
        let range = Range::of_index(Index::ByIdentity, index::domain(domain.as_str()), "");
        self.page(vec![range], page).await
    }
}
