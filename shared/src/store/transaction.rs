//! One write: everything or nothing, and a reason when nothing.
//!
//! A change, the facts it was decided on, its events, the headcount and the record of its
//! idempotency key are one `TransactWriteItems`. Nothing else writes to the table.

use std::collections::BTreeMap;

use super::{
    Error, Key, Reply, Status, Store,
    expression::Expression,
    headcount::PARTNERS,
    item::{Item, attribute, number, text, to_item},
    replay::{Chunk, Record},
};
use crate::domain::{
    Act, BuiltIn, Event, HEADCOUNT_PARTS, Invitation, OrgId, Organization, Refusal, RoleId,
    Standing,
};

/// Writes that happen together. Every condition names the [`Refusal`] it stands for.
pub(super) struct Transaction<'a> {
    pub(super) store: &'a Store,
    act: &'a Act,
    pub(super) steps: Vec<Step>,
    events: u128,
    tallies: BTreeMap<(OrgId, Counter), BTreeMap<String, i64>>,
    cap: Option<u64>,
}

/// What happens to one item. DynamoDB takes each item once a transaction, so demands on the same
/// one are joined.
pub(super) struct Step {
    pub(super) key: Key,
    pub(super) write: Write,
    pub(super) conditions: Vec<Expression>,
    pub(super) otherwise: Otherwise,
}

pub(super) enum Write {
    Check,
    Put(Item),
    Update(Vec<Change>),
    Delete,
}

impl Write {
    /// Can both happen to one item at once?
    fn joins(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Check, _) | (_, Self::Check) | (Self::Update(_), Self::Update(_))
        )
    }
}

/// A clause of an update, and what it says.
pub(super) enum Change {
    Set(Expression),
    Remove(Expression),
    Add(Expression),
}

/// The refusal that a failed condition stands for, told from the item as it was found.
pub(super) type Otherwise = Box<dyn Fn(Option<Item>) -> Error + Send>;

/// Where users are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counter {
    Part(u8),
    Role(RoleId),
}

impl Store {
    pub(super) fn transaction<'a>(&'a self, act: &'a Act) -> Transaction<'a> {
        Transaction {
            store: self,
            act,
            steps: Vec::new(),
            events: 0,
            tallies: BTreeMap::new(),
            cap: None,
        }
    }
}

/// A condition that stands for one refusal, however it failed.
pub(super) fn or(refusal: Refusal) -> Otherwise {
    Box::new(move |_| refusal.clone().into())
}

/// A condition on an item that may be gone, or may only differ.
pub(super) fn gone_or(gone: Refusal, differs: Refusal) -> Otherwise {
    Box::new(move |old| old.map_or(&gone, |_| &differs).clone().into())
}

/// Why a custom role cannot be given: it is not there, or not for long (ROLE6).
fn not_given(role: Option<Item>) -> Error {
    let target = role.as_ref().and_then(|role| role.get("retiring")?.as_s().ok()?.parse().ok());
    match (role, target) {
        (None, _) => Refusal::NoSuchRole.into(),
        (Some(_), Some(target)) => Refusal::RoleRetiring(target).into(),
        (Some(_), None) => Refusal::ChangedMeanwhile.into(),
    }
}

impl<'a> Transaction<'a> {
    /// Adds an item that must not be there yet.
    pub(super) fn put_new(self, key: Key, item: Item, otherwise: Refusal) -> Self {
        self.put(key, item, Expression::new("attribute_not_exists(#pk)", []), or(otherwise))
    }

    /// Puts an item where a condition holds of what was there.
    pub(super) fn put(
        self,
        key: Key,
        item: Item,
        condition: Expression,
        otherwise: Otherwise,
    ) -> Self {
        self.step(key, Write::Put(item), condition, otherwise)
    }

    /// Insists on a fact about an item that stays as it is.
    pub(super) fn check(self, key: Key, condition: Expression, otherwise: Otherwise) -> Self {
        self.step(key, Write::Check, condition, otherwise)
    }

    /// Sets attributes of an item. Clauses look like `#name = :value`.
    pub(super) fn set(
        self,
        key: Key,
        clause: Expression,
        condition: Expression,
        otherwise: Otherwise,
    ) -> Self {
        self.step(key, Write::Update(vec![Change::Set(clause)]), condition, otherwise)
    }

    /// Also sets an attribute of the item that the last step updates.
    pub(super) fn and_set(mut self, clause: Expression) -> Self {
        if let Some(Step { write: Write::Update(changes), .. }) = self.steps.last_mut() {
            changes.push(Change::Set(clause));
        }
        self
    }

    /// Also removes an attribute of the item that the last step updates.
    pub(super) fn and_remove(mut self, clause: Expression) -> Self {
        if let Some(Step { write: Write::Update(changes), .. }) = self.steps.last_mut() {
            changes.push(Change::Remove(clause));
        }
        self
    }

    /// Removes an attribute of an item.
    pub(super) fn remove(
        self,
        key: Key,
        clause: Expression,
        condition: Expression,
        otherwise: Otherwise,
    ) -> Self {
        self.step(key, Write::Update(vec![Change::Remove(clause)]), condition, otherwise)
    }

    /// Deletes an item.
    pub(super) fn delete(self, key: Key, condition: Expression, otherwise: Otherwise) -> Self {
        self.step(key, Write::Delete, condition, otherwise)
    }

    /// Adds to a number in an item, which it makes if need be.
    pub(super) fn add(
        self,
        key: Key,
        clause: Expression,
        condition: Expression,
        otherwise: Otherwise,
    ) -> Self {
        self.step(key, Write::Update(vec![Change::Add(clause)]), condition, otherwise)
    }

    /// Insists that the actor is still the member they were when the rule was asked, and their
    /// role, if it is a custom one, still gives what it gave.
    pub(super) fn still_held(self, actor: &Standing) -> Result<Self, Error> {
        self.still_held_or(actor, Refusal::ChangedMeanwhile)
    }

    /// The same, where a lost race has a name of its own.
    pub(super) fn still_held_or(self, actor: &Standing, lost: Refusal) -> Result<Self, Error> {
        let member = actor.membership()?;
        let org = actor.org.id();
        let held = self.check(
            Key::member(org, &member.user_id),
            Expression::new("#role_id = :role", [("role", text(member.role_id.to_string()))]),
            gone_or(Refusal::NoSuchOrganization, lost),
        );
        held.role_still_gives(&actor.org, member.role_id)
    }

    /// Insists that a custom role gives what the rule saw it give. Built-in ones never change.
    pub(super) fn role_still_gives(self, org: &Organization, role: RoleId) -> Result<Self, Error> {
        self.role_as_judged(org, role, "#levels = :levels")
    }

    fn role_as_judged(
        self,
        org: &Organization,
        role: RoleId,
        condition: &str,
    ) -> Result<Self, Error> {
        let RoleId::Custom(id) = role else { return Ok(self) };
        let levels = attribute(org.roles.get(&id).ok_or(Refusal::NoSuchRole)?)?;
        let condition = Expression::new(condition, [("levels", levels.clone())]);
        let otherwise: Otherwise = Box::new(move |old| match old {
            Some(old) if old.get("levels") != Some(&levels) => Refusal::ChangedMeanwhile.into(),
            old => not_given(old),
        });
        Ok(self.check(Key::role(org.id(), id), condition, otherwise))
    }

    /// Insists that a role may still be given as the rule saw it: MDF Admin inside the programme
    /// alone (ROLE5, INV9), a custom role with the levels that were judged and not on its way to be
    /// deleted (ROLE6). No other role needs the organization's item, which everybody reads.
    pub(super) fn still_given(self, org: &Organization, role: RoleId) -> Result<Self, Error> {
        if role != RoleId::BuiltIn(BuiltIn::MdfAdmin) {
            let given = "#levels = :levels AND attribute_not_exists(#retiring)";
            return self.role_as_judged(org, role, given);
        }
        let on = Expression::new("#settings.#mdf_program = :on", [("on", attribute(&true)?)]);
        Ok(self.check(Key::organization(org.id()), on, or(Refusal::ChangedMeanwhile)))
    }

    /// The request that this is part of.
    pub(super) fn act(&self) -> &'a Act {
        self.act
    }

    /// Adds an event about this change to its organization's history.
    pub(super) fn record(mut self, event: Event) -> Result<Self, Error> {
        let event = event.nth(self.act, self.events);
        self.events += 1;
        let key = Key::event(event.organization_id, event.id);
        let item = to_item(key.clone(), &event, [])?;
        Ok(self.put_new(key, item, Refusal::ChangedMeanwhile))
    }

    /// Counts a user of a role in or out. `part` is where their organization counts them.
    pub(super) fn count(
        mut self,
        org: OrgId,
        part: u8,
        role: RoleId,
        status: Status,
        by: i64,
    ) -> Self {
        // There is exactly one Super Admin, and everybody knows where.
        if role == RoleId::SUPER_ADMIN {
            return self;
        }
        let status = match status {
            Status::Active => "active",
            Status::Pending => "pending",
        };
        let headcount = self.tallies.entry((org, Counter::Part(part))).or_default();
        *headcount.entry(status.to_owned()).or_default() += by;
        match role {
            RoleId::BuiltIn(role) => {
                *headcount.entry(format!("{status}_{role}")).or_default() += by;
            }
            RoleId::Custom(_) => {
                let users = self.tallies.entry((org, Counter::Role(role))).or_default();
                *users.entry(status.to_owned()).or_default() += by;
            }
        }
        self
    }

    /// Counts a new pending invitation in, as long as its organization may have one more (INV12).
    pub(super) fn count_pending(self, invitation: &Invitation, cap: u64) -> Self {
        let Invitation { path, part, role_id, .. } = invitation;
        let counted = self.count(path.id(), *part, *role_id, Status::Pending, 1);
        Self { cap: Some(cap), ..counted }
    }

    fn step(mut self, key: Key, write: Write, condition: Expression, otherwise: Otherwise) -> Self {
        let conditions = if condition.text.is_empty() { vec![] } else { vec![condition] };
        let joins = |step: &&mut Step| step.key == key && step.write.joins(&write);
        match self.steps.iter_mut().find(joins) {
            Some(step) => {
                step.conditions.extend(conditions);
                match (&mut step.write, write) {
                    (Write::Update(changes), Write::Update(more)) => changes.extend(more),
                    (mine @ Write::Check, other) => *mine = other,
                    (_, _) => {}
                }
            }
            // Two writes that cannot be one stay two, and DynamoDB refuses them: nothing is lost.
            None => self.steps.push(Step { key, write, conditions, otherwise }),
        }
        self
    }

    /// Turns the tallies into one update a counter.
    fn counted(mut self) -> Self {
        for ((org, counter), sums) in std::mem::take(&mut self.tallies) {
            let changes = sums.into_iter().filter(|(_, by)| *by != 0).collect::<Vec<_>>();
            if changes.is_empty() {
                continue;
            }
            let pending = changes.iter().find(|(name, _)| name == "pending").map(|(_, by)| *by);
            let more = pending.and_then(|by| u64::try_from(by).ok());
            let (key, condition, otherwise) = match counter {
                Counter::Part(part) => {
                    let cap = self.cap.map(|cap| share(cap, part));
                    let room = cap.zip(more).map(|(cap, more)| room(cap, more));
                    let mut holds = room.unwrap_or_default();
                    let gives = |(name, by): &(String, i64)| PARTNERS.contains(&&**name) && *by > 0;
                    if changes.iter().any(gives) {
                        holds = Expression::new("attribute_not_exists(#standard)", []).and(holds);
                    }
                    let full: Otherwise = Box::new(move |old| {
                        let standard = old.is_some_and(|old| old.contains_key("standard"));
                        if standard { Refusal::NoSuchRole.into() } else { Error::Full(part) }
                    });
                    (Key::headcount(org, part), holds, full)
                }
                Counter::Role(role) => {
                    let Some(id) = role.custom() else { continue };
                    let gains = changes.iter().any(|(_, by)| *by > 0);
                    let there = if gains {
                        "attribute_exists(#pk) AND attribute_not_exists(#retiring)"
                    } else {
                        "attribute_exists(#pk)"
                    };
                    (
                        Key::role(org, id),
                        Expression::new(there, []),
                        Box::new(not_given) as Otherwise,
                    )
                }
            };
            let adds = changes.into_iter().map(|(name, by)| {
                Change::Add(Expression::new(&format!("#{name} :by"), [("by", number(by))]))
            });
            self = self.step(key, Write::Update(adds.collect()), condition, otherwise);
        }
        self
    }

    /// Writes it all, with the record that lets the client repeat the request. The first condition
    /// to fail gives the refusal; conflicts with other transactions are waited out.
    pub(super) async fn commit(self, reply: &Reply) -> Result<(), Error> {
        self.commit_chunk(Chunk::ALL, reply).await
    }

    /// The same for work in several transactions: until the last, `reply` is what is known of it.
    pub(super) async fn commit_chunk(self, chunk: Chunk, reply: &Reply) -> Result<(), Error> {
        let (store, act) = (self.store, self.act);
        let mut steps = self.counted().insisting().steps;
        if let Some(once) = &act.once {
            let (key, item) = Record::item(once, (chunk, reply), act.at)?;
            let condition = Record::turn(once, chunk, act.at);
            let fingerprint = once.fingerprint.clone();
            let otherwise: Otherwise = Box::new(move |old| Record::replay(old, &fingerprint));
            let write = Write::Put(item);
            // First, because a repeat also meets the changes of the first request.
            steps.insert(0, Step { key, write, conditions: vec![condition], otherwise });
        }
        if steps.is_empty() {
            return Ok(());
        }
        let (writes, otherwise): (Vec<_>, Vec<_>) = steps
            .into_iter()
            .map(|step| step.build(&store.table))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        store.send(writes, otherwise).await
    }
}

/// A part of the headcount has room for so many `more` pending, if it may count up to `cap`.
fn room(cap: u64, more: u64) -> Expression {
    let below = i128::from(cap) + 1 - i128::from(more);
    // A part that nobody was ever counted in has room, unless it has not enough at all.
    let text = if below > 0 {
        "attribute_not_exists(#pending) OR #pending < :below"
    } else {
        "#pending < :below"
    };
    Expression::new(text, [("below", number(below))])
}

/// The share of a cap that one part of the headcount may use: together they make the whole.
pub(super) fn share(cap: u64, part: u8) -> u64 {
    let parts = u64::from(HEADCOUNT_PARTS);
    cap / parts + u64::from(u64::from(part) < cap % parts)
}

#[cfg(test)]
#[path = "tests/transaction.rs"]
mod tests;
