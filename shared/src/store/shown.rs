//! What a representation shows of the items it was made of, and writes that insist on it: with
//! `If-Match` nobody changes what they have not seen, also in a race.

use super::{
    Found, Key, Store,
    expression::Expression,
    item::Item,
    transaction::{Step, Transaction, Write, or},
};
use crate::domain::{CustomRoleId, InvitationId, OrgId, Refusal, UserId};

/// An item, and the attributes of it that a representation depends on.
#[derive(Clone, Debug)]
pub struct Shown {
    key: Key,
    attributes: &'static [&'static str],
}

impl Shown {
    /// An organization, with what can change of it.
    #[must_use]
    pub fn organization(org: OrgId) -> Self {
        let attributes = &["name", "kind", "settings", "links", "super_admin"];
        Self { key: Key::organization(org), attributes }
    }

    /// What switches role objects on and off in it, or in those below it (ROLE5).
    #[must_use]
    pub fn switches(org: OrgId) -> Self {
        Self { key: Key::organization(org), attributes: &["kind", "settings", "links"] }
    }

    /// What decides who may grant which role in it.
    #[must_use]
    pub fn grants(org: OrgId) -> Self {
        Self { key: Key::organization(org), attributes: &["kind", "settings", "roles"] }
    }

    /// What it demands of sign-ins, and how long it keeps events.
    #[must_use]
    pub fn security(org: OrgId) -> Self {
        Self { key: Key::organization(org), attributes: &["security"] }
    }

    /// What it says of itself.
    #[must_use]
    pub fn profile(org: OrgId) -> Self {
        Self { key: Key::profile(org), attributes: &["revision"] }
    }

    /// A member.
    #[must_use]
    pub fn member(org: OrgId, user: &UserId) -> Self {
        let attributes = &["email", "name", "role_id", "source", "joined_at"];
        Self { key: Key::member(org, user), attributes }
    }

    /// A custom role, with the number of its users.
    #[must_use]
    pub fn role(org: OrgId, role: CustomRoleId) -> Self {
        let attributes = &["name", "description", "levels", "retiring", "active", "pending"];
        Self { key: Key::role(org, role), attributes }
    }

    /// What a custom role is called and gives.
    #[must_use]
    pub fn role_name(org: OrgId, role: CustomRoleId) -> Self {
        Self { key: Key::role(org, role), attributes: &["name", "levels"] }
    }

    /// A pending invitation.
    #[must_use]
    pub fn invitation(org: OrgId, id: InvitationId) -> Self {
        let attributes = &["id", "role_id", "backer", "expires_at", "sent_at", "send_count"];
        Self { key: Key::place(org, id.digest()), attributes }
    }
}

/// What is insisted on: of the item as it was found, these attributes.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    shown: Shown,
    found: Option<Item>,
}

impl Seen {
    fn unchanged(&self) -> Expression {
        let item = self.found.as_ref();
        let all =
            self.shown.attributes.iter().map(|name| match item.and_then(|it| it.get(*name)) {
                Some(value) => Expression::equal(name, value.clone()),
                None => Expression::new(&format!("attribute_not_exists(#{name})"), []),
            });
        all.reduce(Expression::and).unwrap_or_default()
    }

    fn differs(&self, now: &Item) -> bool {
        let was = |name: &str| self.found.as_ref().and_then(|found| found.get(name));
        self.shown.attributes.iter().any(|name| was(name) != now.get(*name))
    }
}

impl Store {
    /// The same table, for writes that happen only while all that is `shown` is as it was `found`;
    /// otherwise they are [`Refusal::NotAsSeen`].
    #[must_use]
    pub fn insisting(&self, found: &Found, shown: impl IntoIterator<Item = Shown>) -> Self {
        let seen = shown.into_iter().map(|shown| {
            let found = found.item(&shown.key).cloned();
            Seen { shown, found }
        });
        Self { seen: seen.collect(), ..self.clone() }
    }
}

impl Transaction<'_> {
    /// Insists on what the client has seen, where it said so.
    pub(super) fn insisting(mut self) -> Self {
        for seen in self.store.seen.iter().cloned() {
            let unchanged = seen.unchanged();
            let Some(step) = self.steps.iter_mut().find(|step| step.key == seen.shown.key) else {
                let (key, otherwise) = (seen.shown.key, or(Refusal::NotAsSeen));
                let conditions = vec![unchanged];
                self.steps.push(Step { key, write: Write::Check, conditions, otherwise });
                continue;
            };
            step.conditions.push(unchanged);
            let otherwise = std::mem::replace(&mut step.otherwise, or(Refusal::NotAsSeen));
            step.otherwise = Box::new(move |now| match now {
                Some(now) if seen.differs(&now) => Refusal::NotAsSeen.into(),
                now => otherwise(now),
            });
        }
        self
    }
}
