//! One write of a transaction: the item, its change, the conditions, and the refusal if one fails.

use jiff::{SignedDuration, Timestamp};

use super::{
    Error, Key,
    expression::Expression,
    index::{Attributes, IndexAttribute},
    item::{Item, attribute, expire_at, from_item, number, text, time},
};
use crate::domain::{Member, Refusal, ReplacementRole, Version};

/// The write of one item. DynamoDB accepts one write for each item of a transaction, so steps for
/// the same item are joined.
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) write: Write,
    pub(super) conditions: Vec<Expression>,
    pub(super) on_failed: OnConditionFailed,
}

pub(super) enum Write {
    Check,
    Put(Item),
    Update(Vec<Change>),
    Delete,
}

impl Write {
    /// Whether both can be one write: a check and any write, or two updates.
    pub(super) fn can_join(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Check, _) | (_, Self::Check) | (Self::Update(_), Self::Update(_))
        )
    }
}

/// A clause of an update.
pub(super) enum Change {
    Set(Expression),
    Remove(Expression),
    Add(Expression),
    Delete(Expression),
}

impl Change {
    /// Whether the clause is about this attribute.
    pub(super) fn names(&self, attribute: &str) -> bool {
        let (Self::Set(clause) | Self::Remove(clause) | Self::Add(clause) | Self::Delete(clause)) =
            self;
        clause.names(attribute)
    }

    /// Lists the item in the indexes with these keys.
    pub(super) fn list(keys: Attributes) -> Self {
        let keys = keys.into_iter().map(|(key, value)| (key.name(), text(value)));
        Self::Set(Expression::assignments(keys))
    }

    /// Lists the item as due `at`, in a shard.
    pub(super) fn list_as_due(shard: String, at: Timestamp) -> Self {
        let keys = [
            (IndexAttribute::Due.name(), text(shard)),
            (IndexAttribute::ExpiresAt.name(), time(at)),
        ];
        Self::Set(Expression::assignments(keys))
    }

    /// Removes keys of indexes: the item is in none of those any more.
    pub(super) fn unlist<const N: usize>(keys: [IndexAttribute; N]) -> Self {
        let names = keys.map(|key| format!("#{}", key.name())).join(", ");
        Self::Remove(Expression::new(&names, []))
    }

    /// Adds to a number, which is 0 if it is absent.
    pub(super) fn add(attribute: &str, by: i64) -> Self {
        Self::Add(Expression::new(&format!("#{attribute} :by"), [("by", number(by))]))
    }
}

/// What a condition that does not hold means, given the item as it was found.
pub(super) type OnConditionFailed = Box<dyn Fn(Option<Item>) -> Unmet + Send>;

/// What a condition that does not hold means.
#[derive(Debug)]
pub(super) enum Unmet {
    /// Nothing was written.
    Failed(Error),
    /// The request was committed before, with this answer as JSON text.
    CommittedBefore(String),
}

impl<E: Into<Error>> From<E> for Unmet {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Gives `refusal`, whatever the item is.
pub(super) fn refuse(refusal: Refusal) -> OnConditionFailed {
    Box::new(move |_| refusal.clone().into())
}

/// Gives `gone` if the entity does not exist, else `differs`.
pub(super) fn gone_or(gone: Refusal, differs: Refusal) -> OnConditionFailed {
    Box::new(move |old| live(old).map_or(&gone, |_| &differs).clone().into())
}

/// Gives `gone` if the entity does not exist, and `differs` if it `is_another` than the rule saw.
/// Else gives [`Refusal::ChangedConcurrently`]: something changed that the rule does not look at.
pub(super) fn gone_or_if(
    gone: Refusal,
    differs: Refusal,
    is_another: impl Fn(&Item) -> bool + Send + 'static,
) -> OnConditionFailed {
    Box::new(move |old| match live(old) {
        None => gone.clone().into(),
        Some(item) if is_another(&item) => differs.clone().into(),
        Some(_) => Refusal::ChangedConcurrently.into(),
    })
}

/// Gives `exists` if the entity exists, else [`Refusal::ChangedConcurrently`].
pub(super) fn absent_or(exists: Refusal) -> OnConditionFailed {
    gone_or(Refusal::ChangedConcurrently, exists)
}

/// The refusal of an actor whose membership is not as the rule saw it, for a request at `now`.
pub(super) fn lost_membership(now: Timestamp) -> OnConditionFailed {
    Box::new(move |old| {
        let Some(member) = live(old) else { return Refusal::NoSuchOrganization.into() };
        let member = from_item::<Member>(member);
        let ended = member.ok().and_then(|member| member.check_access(now).err());
        ended.unwrap_or(Refusal::ChangedConcurrently).into()
    })
}

/// The item, unless it is the tombstone of a deleted entity.
pub(super) fn live(item: Option<Item>) -> Option<Item> {
    item.filter(|item| !item.contains_key("deleted"))
}

/// The entity is absent: there is no item, or a tombstone.
pub(super) fn absent() -> Expression {
    Expression::new("attribute_not_exists(#pk) OR attribute_exists(#deleted)", [])
}

/// The entity exists: there is an item, and no tombstone.
pub(super) fn present() -> Expression {
    Expression::new("attribute_exists(#pk) AND attribute_not_exists(#deleted)", [])
}

/// The entity has the version that the rule saw.
pub(super) fn at_version(version: Version) -> Result<Expression, Error> {
    Ok(Expression::new("#version = :seen_version", [("seen_version", attribute(&version)?)]))
}

/// The access of the member has not ended at `now` (END1).
pub(super) fn has_access(now: Timestamp) -> Expression {
    let condition = "attribute_not_exists(#access_expires_at) OR #access_expires_at > :now_access";
    Expression::new(condition, [("now_access", time(now))])
}

/// The member can look after services at `now`: a person with access (MACH1).
pub(super) fn can_keep(now: Timestamp) -> Expression {
    let person = "attribute_exists(#user_id) AND attribute_not_exists(#service) AND \
                  attribute_not_exists(#deleted)";
    Expression::new(person, []).and(has_access(now))
}

/// Why a custom role cannot be granted: it is gone, or being deleted (ROLE6).
pub(super) fn not_grantable(role: Option<&Item>) -> Error {
    let reassigned_to = |role: &Item| -> Option<ReplacementRole> {
        let begun = role.get("reassignment")?.as_m().ok()?;
        let name = begun.get("to_name").and_then(|name| name.as_s().ok().cloned());
        Some(ReplacementRole::new(begun.get("to")?.as_s().ok()?.parse().ok()?, name))
    };
    match role.map(reassigned_to) {
        None => Refusal::NoSuchRole.into(),
        Some(Some(replacement)) => Refusal::RoleBeingDeleted(replacement).into(),
        Some(None) => Refusal::ChangedConcurrently.into(),
    }
}

/// The tombstone of an entity that was deleted at the version `gone`. The table drops it after the
/// time `kept`: a day for an entry of a list or the link of a customer, and 366 days for a
/// membership, a name, or the slot of an address, which the history shows.
pub(super) fn tombstone(key: Key, gone: Version, kept: SignedDuration) -> Result<Item, Error> {
    let mut tombstone = Item::from(key);
    let expires = gone.at().saturating_add(kept).unwrap_or(gone.at());
    tombstone.insert("deleted".to_owned(), attribute(&true)?);
    tombstone.insert("version".to_owned(), attribute(&gone)?);
    expire_at(&mut tombstone, expires);
    Ok(tombstone)
}
