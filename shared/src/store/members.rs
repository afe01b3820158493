//! Members: added, changed, given another role.

use serde_json::{Map, Value, json};

use super::{
    Error, Key, Store,
    address_slots::{taken_by_another, taken_slot},
    ended_invitations::end_event,
    expression::Expression,
    index::{self, IndexAttribute},
    invitation_item::{same, slot},
    item::{Item, text, time, to_item},
    step::{absent, absent_or, at_version, can_keep, gone_or_if, refuse},
    transaction::Transaction,
    user_counts::UserKind,
};
use crate::domain::{
    AddressHash, Event, EventAction, IdentityProviderRole, Invitation, Member, MemberId, OrgId,
    Organization, Refusal, RoleId, Service, Standing, Version, levels_in,
};

/// The folded names of a member, which a search finds (SUB6).
pub(super) const FOLDED_NAMES: &str = "folded_names";

/// A member before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct MemberChange<'a> {
    /// The member as the rule saw them.
    pub before: &'a Member,
    /// The member as they become.
    pub after: &'a Member,
}

/// A person who becomes a member without an acceptance.
pub(super) struct NewMember<'a> {
    pub(super) member: &'a Member,
    /// The version of the tombstone, if one was read: the new membership continues from it.
    pub(super) tombstone: Option<Version>,
    /// The expired invitation that holds their address, if there is one.
    pub(super) expired: Option<&'a Invitation>,
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
}

impl Transaction<'_> {
    /// Changes the role, the display name, the end of the access or the keeper of a member. One
    /// event records all.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchMember`] or [`Refusal::ChangedConcurrently`] if the member is not as the
    /// rule saw them; the refusals of `still_held` and `still_grantable`.
    pub fn update_member(self, actor: &Standing, change: MemberChange<'_>) -> Result<Self, Error> {
        let context = self.context;
        let MemberChange { before, after } = change;
        let has_new_role = before.role_id != after.role_id;
        let has_new_name = before.display_name != after.display_name;
        let has_new_keeper = before.service != after.service;
        let has_new_end = before.access_expires_at != after.access_expires_at;
        let fields = |member: &Member| {
            let role = has_new_role.then(|| role_in_event(&actor.org, member.role_id));
            let name = has_new_name.then(|| name_in_event(member));
            let end = has_new_end.then(|| access_end_in_event(member));
            let keeper = has_new_keeper.then(|| keeper_in_event(member));
            joined([role, name, end, keeper])
        };
        let action =
            if has_new_role { EventAction::MemberRoleChanged } else { EventAction::MemberUpdated };
        let event = Event::new(context, &actor.org, action, after.target(after.version))
            .old(fields(before))
            .new_value(fields(after));
        let mut writes = self.still_held(actor)?;
        // An end of the access is granted like the role.
        if has_new_role || has_new_end {
            writes = writes.still_grantable(&actor.org, after.role_id)?;
        }
        if has_new_keeper {
            writes = writes.still_keeps(after);
        }
        writes.replace_member(change, Refusal::ChangedConcurrently)?.record(event)
    }

    /// Adds a service (MACH1).
    ///
    /// # Errors
    ///
    /// [`Refusal::UserAlreadyMember`] if the `sub` is a member; [`Refusal::ChangedConcurrently`] if
    /// it asks to join; [`Refusal::KeeperNotMember`] if the keeper left; the refusals of
    /// `still_held` and `still_grantable`.
    pub fn add_service(
        self,
        actor: &Standing,
        service: &Member,
        tombstone: Option<Version>,
    ) -> Result<Self, Error> {
        let (context, org) = (self.context, &actor.org);
        let target = service.target(service.version);
        let event = Event::new(context, org, EventAction::MemberAdded, target)
            .new_value(member_in_event(org, service));
        self.still_held(actor)?
            .still_grantable(org, service.role_id)?
            .still_keeps(service)
            // Before its request, so that a lost race finds out that it is a member.
            .create(
                key(service),
                item(key(service), service)?,
                tombstone,
                absent_or(Refusal::UserAlreadyMember),
            )?
            .end_own_request(service, None)?
            .count(org.id(), service.role_id, UserKind::Service, 1)
            .record(event)
    }

    /// Adds the condition that the keeper of a service is a person with access (MACH1).
    fn still_keeps(self, service: &Member) -> Self {
        let Some(Service { keeper }) = service.service else { return self };
        let keeps = can_keep(self.context.at);
        let key = Key::member(service.path.id(), keeper);
        self.check(key, keeps, refuse(Refusal::KeeperNotMember))
    }

    /// Adds a member, who takes the slot of their address, which is free (INV2). `tombstone` is the
    /// version of the tombstone, if one was read: the new membership continues from it.
    pub(super) fn add_member(
        self,
        member: &Member,
        tombstone: Option<Version>,
    ) -> Result<Self, Error> {
        let taken_by_another = taken_by_another(self.context.at);
        let added = self.add_member_without_slot(member, tombstone)?;
        let Some(email) = &member.email else { return Ok(added) };
        let slot = Key::address_slot(member.path.id(), AddressHash::of(member.path.id(), email));
        let taken = taken_slot(member, &slot)?;
        Ok(added.put(slot, taken, absent(), taken_by_another))
    }

    /// Adds a member whose address slot another step of this transaction gives them.
    pub(super) fn add_member_without_slot(
        self,
        member: &Member,
        tombstone: Option<Version>,
    ) -> Result<Self, Error> {
        let (org, key) = (member.path.id(), key(member));
        let created = self.create(
            key.clone(),
            item(key, member)?,
            tombstone,
            absent_or(Refusal::AlreadyMember),
        )?;
        Ok(created.count(org, member.role_id, UserKind::member(member), 1))
    }

    /// Adds a member, over an expired invitation of theirs if they have one. The race is `lost` if
    /// that one was sent again, or is gone.
    pub(super) fn add_new_member(
        self,
        org: &Organization,
        NewMember { member, tombstone, expired }: NewMember<'_>,
        lost: Refusal,
    ) -> Result<Self, Error> {
        let Some(old) = expired else { return self.add_member(member, tombstone) };
        let now = self.context.at;
        let expired = Expression::new("#expires_at <= :now", [("now", time(now))]);
        let taken = taken_slot(member, &slot(old))?;
        let event = end_event(self.context, org, EventAction::InvitationExpired, old);
        self.put(slot(old), taken, same(old)?.and(expired), refuse(lost))
            .count_out(old)
            .add_member_without_slot(member, tombstone)?
            .record(event)
    }

    /// Gives a member who is as the rule saw them another role, and counts them there.
    /// `another_role` is the refusal if they hold another role than the rule saw.
    pub(super) fn replace_member(
        self,
        MemberChange { before, after }: MemberChange<'_>,
        another_role: Refusal,
    ) -> Result<Self, Error> {
        let (org, key) = (after.path.id(), key(after));
        let role = Some(text(before.role_id.to_string()));
        let changed = gone_or_if(Refusal::NoSuchMember, another_role, move |old| {
            old.get("role_id") != role.as_ref()
        });
        Ok(self
            .put(key.clone(), item(key, after)?, at_version(before.version)?, changed)
            .count(org, before.role_id, UserKind::member(before), -1)
            .count(org, after.role_id, UserKind::member(after), 1))
    }
}

/// The role of a member, as events show it.
pub(super) fn role_in_event(org: &Organization, role: RoleId) -> Value {
    let levels = levels_in(org, role);
    json!({ "role_id": role, "identity_provider_role": levels.map(IdentityProviderRole::of) })
}

/// A member, as the events that add them show them.
pub(super) fn member_in_event(org: &Organization, member: &Member) -> Value {
    let levels = levels_in(org, member.role_id);
    let added = json!({
        "member_id": member.id(),
        "role_id": member.role_id,
        "identity_provider_role": levels.map(IdentityProviderRole::of),
        "source": member.source,
    });
    let end = member.access_expires_at.is_some().then(|| access_end_in_event(member));
    joined([Some(added), end, member.service.map(|_| keeper_in_event(member))])
}

/// What events show of a service apart from its role: its kind and its keeper (MACH1).
pub(super) fn keeper_in_event(member: &Member) -> Value {
    let keeper = member.service.map(|service| service.keeper);
    json!({ "kind": member.kind(), "keeper_id": keeper })
}

/// The end of the access of a member, as events show it (END1).
pub(super) fn access_end_in_event(member: &Member) -> Value {
    json!({ "access_expires_at": member.access_expires_at })
}

/// The display name of a member, as events show it: whether there is one. The name itself is
/// personal (ERA1).
pub(super) fn name_in_event(member: &Member) -> Value {
    json!({ "has_display_name": member.display_name.is_some() })
}

/// One object with the members of those that there are.
pub(super) fn joined<const N: usize>(objects: [Option<Value>; N]) -> Value {
    let mut all = Map::new();
    for object in objects.into_iter().flatten() {
        all.extend(object.as_object().cloned().unwrap_or_default());
    }
    Value::Object(all)
}

pub(super) fn key(member: &Member) -> Key {
    Key::member(member.path.id(), member.id())
}

pub(super) fn item(key: Key, member: &Member) -> Result<Item, Error> {
    let mut item = to_item(key, member, index::member(member))?;
    let names = member.folded_names();
    if !names.is_empty() {
        item.insert(FOLDED_NAMES.to_owned(), text(names));
    }
    let due_at = |end| (IndexAttribute::ExpiresAt.name().to_owned(), time(end));
    item.extend(member.access_expires_at.map(due_at));
    Ok(item)
}
