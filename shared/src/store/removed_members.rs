//! The end of a membership, and what it leaves behind.

use serde::Serialize;
use serde_json::json;

use super::{
    Committed, Error, FetchedItems, Key, Store,
    address_slots::former_slot,
    continued_members::CONTINUES,
    expression::Expression,
    index,
    item::{Item, attribute, list, text},
    kept_names::NAME_KEPT,
    members::{access_end_in_event, joined, keeper_in_event, key, name_in_event},
    step::{absent, at_version, gone_or, refuse, tombstone},
    transaction::Transaction,
    user_counts::UserKind,
};
use crate::domain::{
    AddressHash, AlertId, CriticalAlertUser, Event, EventAction, Language, Member, MemberId, OrgId,
    Organization, Refusal, RequestContext, Standing, Version,
};

/// The attribute with the language of the mails to a member, and to a former one.
const LANGUAGE: &str = "language";

impl Store {
    /// Commits the end of a membership, and of the critical alerts of its address (ERA1). Most
    /// addresses receive none, so the first attempt reads none, and its condition finds one.
    /// `writes` gets the entry.
    ///
    /// # Errors
    ///
    /// Those of `writes` and of its [`commit`](Transaction::commit).
    pub async fn commit_end_of_membership<'a>(
        &self,
        member: &Member,
        answer: &impl Serialize,
        writes: impl Fn(Option<&CriticalAlertUser>) -> Result<Transaction<'a>, Error>,
    ) -> Result<Committed, Error> {
        match writes(None)?.commit(answer).await {
            Err(Error::Refused(Refusal::ChangedConcurrently)) => {}
            written => return written,
        }
        writes(self.alert_user_of(member).await?.as_ref())?.commit(answer).await
    }
}

impl FetchedItems {
    /// The language of the mails to a former member, if it is not that of the organization.
    pub fn former_language(&self, org: OrgId, member: MemberId) -> Option<Language> {
        let item = self.items.get(&Key::member(org, member))?;
        serde_dynamo::from_attribute_value(item.get(LANGUAGE)?.clone()).ok()
    }
}

impl Transaction<'_> {
    /// Removes a member. `alert` is the entry of their address among the critical alert users,
    /// which ends with the membership (ERA1).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchMember`] or [`Refusal::ChangedConcurrently`] if the member is not as the
    /// rule saw them, or the entry is another one; the refusals of `still_held`.
    pub fn remove_member(
        self,
        actor: &Standing,
        member: &Member,
        alert: Option<&CriticalAlertUser>,
    ) -> Result<Self, Error> {
        self.still_held(actor)?.remove(&actor.org, member, EventAction::MemberRemoved, alert)
    }

    /// Removes a member on their own request. `alert` is as in
    /// [`remove_member`](Self::remove_member).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchMember`] or [`Refusal::ChangedConcurrently`] if the member is not as the
    /// rule saw them, or the entry is another one.
    pub fn leave(
        self,
        org: &Organization,
        member: &Member,
        alert: Option<&CriticalAlertUser>,
    ) -> Result<Self, Error> {
        self.remove(org, member, EventAction::MemberLeft, alert)
    }

    /// Removes a member, records it as `action`, and ends the critical alerts of their address.
    pub(super) fn remove(
        self,
        org: &Organization,
        member: &Member,
        action: EventAction,
        alert: Option<&CriticalAlertUser>,
    ) -> Result<Self, Error> {
        let gone = member.version.next(self.context.at);
        let event = removed_event(self.context, org, action, member, gone);
        self.end_membership(member, gone)?.record(event)?.end_alerts(org, member, alert)
    }

    /// Removes a member who is as the rule saw them, and frees their address. A Super Admin is
    /// never removed: who becomes Super Admin meanwhile has another version.
    pub(super) fn end_membership(self, member: &Member, gone: Version) -> Result<Self, Error> {
        let (left, seen) = (former_member(member, gone)?, at_version(member.version)?);
        self.end_membership_with(member, left, seen, gone)
    }

    /// Removes a member if `seen` holds, and leaves an item behind.
    pub(super) fn end_membership_with(
        self,
        member: &Member,
        left: Item,
        seen: Expression,
        gone: Version,
    ) -> Result<Self, Error> {
        let org = member.path.id();
        let lost = gone_or(Refusal::NoSuchMember, Refusal::ChangedConcurrently);
        let ended = self.put(key(member), left, seen, lost).count(
            org,
            member.role_id,
            UserKind::member(member),
            -1,
        );
        let Some(email) = &member.email else { return Ok(ended) };
        let held_by_member =
            Expression::new("#user_id = :user", [("user", text(member.user_id.as_str()))]);
        let slot = Key::address_slot(org, AddressHash::of(org, email));
        let freed = former_slot(slot.clone(), email, gone)?;
        Ok(ended.put(slot, freed, held_by_member, refuse(Refusal::ChangedConcurrently)))
    }

    /// Ends the critical alerts of a former member's address, or checks that it receives none.
    pub(super) fn end_alerts(
        self,
        org: &Organization,
        member: &Member,
        alert: Option<&CriticalAlertUser>,
    ) -> Result<Self, Error> {
        if let Some(alert) = alert {
            return self.end_entry(org, alert);
        }
        let Some(email) = &member.email else { return Ok(self) };
        let key = Key::critical_alert_user(org.id(), AlertId::of(org.id(), email));
        Ok(self.check(key, absent(), refuse(Refusal::ChangedConcurrently)))
    }
}

/// The event of a member who is removed at the version `gone`.
pub(super) fn removed_event(
    context: &RequestContext,
    org: &Organization,
    action: EventAction,
    member: &Member,
    gone: Version,
) -> Event {
    let role = json!({ "role_id": member.role_id });
    let name = member.display_name.is_some().then(|| name_in_event(member));
    let end = member.access_expires_at.is_some().then(|| access_end_in_event(member));
    let keeper = member.service.map(|_| keeper_in_event(member));
    let old = joined([Some(role), name, end, keeper]);
    Event::new(context, org, action, member.target(gone)).old(old)
}

/// What a member whose membership ended leaves behind: the version `gone`, from which a new
/// membership continues, and what they were called (ORG5).
pub(super) fn former_member(member: &Member, gone: Version) -> Result<Item, Error> {
    let mut item = tombstone(key(member), gone, NAME_KEPT)?;
    let listed = index::no_member(&member.user_id, member.email.as_ref(), member.path.id());
    list(&mut item, listed);
    item.insert("user_id".to_owned(), text(member.user_id.as_str()));
    let email = member.email.as_ref().map(|email| ("email".to_owned(), text(email.as_str())));
    item.extend(email);
    let name = member.name.as_deref().map(|name| ("name".to_owned(), text(name)));
    let display_name = member.display_name.as_ref();
    let display_name = display_name.map(|name| ("display_name".to_owned(), text(name.as_str())));
    item.extend(name.into_iter().chain(display_name));
    if let Some(earlier) = member.continues {
        item.insert(CONTINUES.to_owned(), attribute(&earlier)?);
    }
    if let Some(language) = member.language {
        item.insert(LANGUAGE.to_owned(), attribute(&language)?);
    }
    Ok(item)
}
