//! Approved domains and critical alert users: an item an entry, listed in its organization and
//! counted on its counter item (ORG2, ORG4).

use super::{
    Error, Key, Store, index,
    item::to_item,
    step::{gone_or, refuse},
    transaction::Transaction,
};
use crate::domain::{
    AlertId, CriticalAlertUser, Event, ListEntry, ListValue, Member, Organization, Refusal,
    Standing, Target, Version,
};

impl Store {
    /// The entry of a member's address among the critical alert users.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn alert_user_of(&self, member: &Member) -> Result<Option<CriticalAlertUser>, Error> {
        let Some(email) = &member.email else { return Ok(None) };
        let org = member.path.id();
        let id = AlertId::of(org, email);
        self.get([Key::critical_alert_user(org, id)]).await?.critical_alert_user(org, id)
    }
}

impl Transaction<'_> {
    /// Adds an entry. `tombstone` is the version of the tombstone, if one was read: the new entry
    /// continues from it.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if another request added it; the refusal of the list's
    /// limit; the refusals of `still_held`.
    pub fn add_entry<T: ListValue>(
        self,
        actor: &Standing,
        entry: &ListEntry<T>,
        tombstone: Option<Version>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let org = entry.organization_id;
        let id = entry.value.id(org);
        let key = Key::list_entry(org, T::LIST, &id);
        let item = to_item(key.clone(), entry, index::list_entry(entry))?;
        let target = Target::new(T::TARGET, &id, entry.version);
        let event =
            Event::new(context, &actor.org, T::ADDED, target).new_value(entry.value.shown());
        self.still_held(actor)?
            .create(key, item, tombstone, refuse(Refusal::ChangedConcurrently))?
            .count_entry(org, T::LIST, 1)
            .record(event)
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// [`ListValue::MISSING`] if another request removed it; [`Refusal::ChangedConcurrently`] if it
    /// was added again; the refusals of
    /// `still_held`.
    pub fn remove_entry<T: ListValue>(
        self,
        actor: &Standing,
        entry: &ListEntry<T>,
    ) -> Result<Self, Error> {
        self.still_held(actor)?.end_entry(&actor.org, entry)
    }

    /// Removes an entry that is as the rule saw it.
    pub(super) fn end_entry<T: ListValue>(
        self,
        organization: &Organization,
        entry: &ListEntry<T>,
    ) -> Result<Self, Error> {
        let org = entry.organization_id;
        let ended = match entry.value.address() {
            Some(address) => self.keep_address(org, &entry.value.id(org), address)?,
            None => self,
        };
        ended.drop_entry(organization, entry)
    }

    /// Removes an entry that is as the rule saw it, and keeps no address.
    pub(super) fn drop_entry<T: ListValue>(
        self,
        organization: &Organization,
        entry: &ListEntry<T>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let org = entry.organization_id;
        let gone = entry.version.next(context.at);
        let id = entry.value.id(org);
        let lost = gone_or(T::MISSING, Refusal::ChangedConcurrently);
        let target = Target::new(T::TARGET, &id, gone);
        let event = Event::new(context, organization, T::REMOVED, target).old(entry.value.shown());
        self.replace_with_tombstone(Key::list_entry(org, T::LIST, &id), entry.version, gone, lost)?
            .count_entry(org, T::LIST, -1)
            .record(event)
    }
}
