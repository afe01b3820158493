//! The names of people, addresses and roles that are kept after these are gone (ORG5).

use jiff::{SignedDuration, Timestamp};

use super::{
    Error, Key,
    expression::Expression,
    index::{self, IndexAttribute},
    item::{Item, attribute, expire_at, number, text, to_item},
    step::{Change, absent, refuse},
    transaction::Transaction,
};
use crate::domain::{CustomRole, Email, OrgId, PersonId, Refusal, UserId, Version};

/// How long a name is kept after its thing is gone: longer than the longest retention of an event.
pub(super) const NAME_KEPT: SignedDuration = SignedDuration::from_hours(24 * 366);
/// The attribute of a tombstone without a name, which an erasure leaves.
pub(super) const ERASED: &str = "erased";

/// A person in an organization that they are no member of.
#[derive(Clone, Copy, Debug)]
pub(super) struct PersonToKeep<'a> {
    pub(super) user_id: &'a UserId,
    pub(super) email: &'a Email,
    pub(super) name: Option<&'a str>,
}

impl Transaction<'_> {
    /// Keeps what a person is called who acts in an organization without being a member. If they
    /// are a member meanwhile, the transaction fails with `member`.
    pub(super) fn remember(
        self,
        org: OrgId,
        person: PersonToKeep<'_>,
        member: Refusal,
    ) -> Result<Self, Error> {
        let PersonToKeep { user_id, email, name } = person;
        let at = self.context.at;
        let version = Version::first(at, None);
        let values = [
            ("gone", attribute(&true)?),
            ("known_user", text(user_id.as_str())),
            ("known_email", text(email.as_str())),
            ("kept", number(kept_until(at).as_second())),
            ("known_version", attribute(&version)?),
        ];
        let set = "#deleted = :gone, #user_id = :known_user, #email = :known_email, #ttl = :kept, \
                   #version = if_not_exists(#version, :known_version)";
        let mut changes = vec![
            Change::list(index::no_member(user_id, Some(email), org)),
            Change::Set(Expression::new(set, values)),
            Change::Remove(Expression::new(&format!("#{ERASED}"), [])),
        ];
        changes.push(match name {
            Some(name) => Change::Set(Expression::new("#name = :name", [("name", text(name))])),
            None => Change::Remove(Expression::new("#name", [])),
        });
        Ok(self.update(Key::membership(org, user_id), changes, absent(), refuse(member)))
    }

    /// Keeps the name of a custom role that is deleted.
    pub(super) fn keep_role_name(self, org: OrgId, role: &CustomRole) -> Result<Self, Error> {
        let key = Key::former_name(org, &role.id);
        let mut item = Item::from(key.clone());
        item.insert("name".to_owned(), attribute(&role.name)?);
        Ok(self.keep(key, item))
    }

    /// Keeps the address of a critical alert user with this id who is removed.
    pub(super) fn keep_address(self, org: OrgId, id: &str, address: &Email) -> Result<Self, Error> {
        let key = Key::former_name(org, &id);
        let identity = index::known_address(PersonId::of_address(address));
        let value = serde_json::json!({ "email": address });
        let item = to_item(key.clone(), &value, vec![(IndexAttribute::Identity, identity)])?;
        Ok(self.keep(key, item))
    }

    /// Puts the name of a thing that is deleted. The condition of its deletion covers it.
    fn keep(self, key: Key, mut item: Item) -> Self {
        expire_at(&mut item, kept_until(self.context.at));
        self.put(key, item, Expression::default(), refuse(Refusal::ChangedConcurrently))
    }
}

/// The end of a name whose thing is gone `at`.
pub(super) fn kept_until(at: Timestamp) -> Timestamp {
    at.saturating_add(NAME_KEPT).unwrap_or(Timestamp::MAX)
}
