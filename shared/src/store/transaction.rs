//! One write: everything or nothing, and a reason when nothing.
//!
//! A change, the facts it was decided on, its events, the counters and the record of its
//! idempotency key are one `TransactWriteItems`. Nothing else writes to the table.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::Serialize;

use super::{
    Committed, Error, Key, Store,
    count_changes::CountChanges,
    expression::Expression,
    idempotency::{Chunk, Record},
    item::{Item, attribute, to_item},
    step::{Change, OnConditionFailed, Step, Write, at_version, refuse, tombstone},
    user_counts::{Counter, UserKind},
};
use crate::{
    domain::{
        BoundedList, CustomRoleId, Event, Invitation, OrgId, Refusal, RequestContext, RoleId,
        Version,
    },
    metrics::Metric,
};

/// How long the tombstone of an entity without a name stays: far longer than any request runs.
const TOMBSTONE: SignedDuration = SignedDuration::from_hours(24);

/// Writes that happen together. Every condition names its [`Refusal`].
#[must_use = "a transaction changes nothing until it is committed"]
pub struct Transaction<'a> {
    pub(super) store: &'a Store,
    pub(super) context: &'a RequestContext,
    pub(super) steps: Vec<Step>,
    /// The number of the next event, which determines its id. Each chunk of a request starts at a
    /// number of its own.
    pub(super) next_event: u128,
    /// Whether the transaction is part of the offboarding of a person. Its events say so.
    pub(super) offboarding: bool,
    counts: BTreeMap<OrgId, CountChanges>,
    /// The organizations in which the caller acts without being an operator.
    pub(super) acts_in: BTreeSet<OrgId>,
    /// Whether the caller acts from outside: they join, or ask to.
    pub(super) by_outsider: bool,
    /// The organizations whose histories have an event of the transaction.
    pub(super) recorded_in: BTreeSet<OrgId>,
    /// Whether the transaction may write in a deleted organization.
    pub(super) even_deleted: bool,
    /// The metrics of the recorded events.
    metrics: Vec<Metric>,
}

impl Store {
    /// Begins a transaction of a request.
    pub fn transaction<'a>(&'a self, context: &'a RequestContext) -> Transaction<'a> {
        Transaction {
            store: self,
            context,
            steps: Vec::new(),
            next_event: 0,
            offboarding: false,
            counts: BTreeMap::new(),
            acts_in: BTreeSet::new(),
            by_outsider: false,
            recorded_in: BTreeSet::new(),
            even_deleted: false,
            metrics: Vec::new(),
        }
    }
}

impl Transaction<'_> {
    /// Adds an item that must not exist.
    pub(super) fn put_new(self, key: Key, item: Item, exists: Refusal) -> Self {
        self.put(key, item, Expression::new("attribute_not_exists(#pk)", []), refuse(exists))
    }

    /// Creates an entity that must not exist. `tombstone` is the version of the tombstone, if one
    /// was read: the new entity continues from it.
    pub(super) fn create(
        self,
        key: Key,
        item: Item,
        tombstone: Option<Version>,
        on_failed: OnConditionFailed,
    ) -> Result<Self, Error> {
        let condition = match tombstone {
            None => Expression::new("attribute_not_exists(#pk)", []),
            Some(version) => Expression::new(
                "attribute_exists(#deleted) AND #version = :deleted",
                [("deleted", attribute(&version)?)],
            ),
        };
        Ok(self.put(key, item, condition, on_failed))
    }

    /// Deletes an entity that has the version `seen`. A tombstone keeps the version `gone` for a
    /// day, so that an entity created again with the same key continues from it.
    pub(super) fn replace_with_tombstone(
        self,
        key: Key,
        seen: Version,
        gone: Version,
        on_failed: OnConditionFailed,
    ) -> Result<Self, Error> {
        let tombstone = tombstone(key.clone(), gone, TOMBSTONE)?;
        Ok(self.put(key, tombstone, at_version(seen)?, on_failed))
    }

    /// Puts an item if a condition holds of the one before.
    pub(super) fn put(
        self,
        key: Key,
        item: Item,
        condition: Expression,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.step(key, Write::Put(item), condition, on_failed)
    }

    /// Adds a condition on an item that the transaction does not change.
    pub(super) fn check(
        self,
        key: Key,
        condition: Expression,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.step(key, Write::Check, condition, on_failed)
    }

    /// Sets attributes of an item. Clauses look like `#name = :value`.
    pub(super) fn set(
        self,
        key: Key,
        clause: Expression,
        condition: Expression,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.update(key, vec![Change::Set(clause)], condition, on_failed)
    }

    /// Updates an item.
    pub(super) fn update(
        self,
        key: Key,
        changes: Vec<Change>,
        condition: Expression,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.step(key, Write::Update(changes), condition, on_failed)
    }

    /// Deletes an item.
    pub(super) fn delete(
        self,
        key: Key,
        condition: Expression,
        on_failed: OnConditionFailed,
    ) -> Self {
        self.step(key, Write::Delete, condition, on_failed)
    }

    /// Adds the event of this change to its organization's history.
    pub(super) fn record(mut self, event: Event) -> Result<Self, Error> {
        let event = event.nth(self.context, self.next_event);
        let event = Event { offboarding: self.offboarding, ..event };
        self.next_event += 1;
        self.metrics.push(Metric::EventsRecorded);
        self.metrics.extend(Metric::for_events(event.action));
        self.recorded_in.insert(event.organization_id);
        let acts_here = event.organization_of_actor() == event.organization_id;
        if acts_here && event.actor.acting_member().is_some() {
            self = self.acting_in(event.organization_id);
        }
        let key = Key::event(event.organization_id, event.id);
        let item = to_item(key.clone(), &event, vec![])?;
        Ok(self.put_new(key, item, Refusal::ChangedConcurrently))
    }

    /// Adds the condition that an organization is not suspended (SA7).
    pub(super) fn acting_in(mut self, org: OrgId) -> Self {
        self.acts_in.insert(org);
        self
    }

    /// Counts users of a role in or out.
    pub(super) fn count(mut self, org: OrgId, role: RoleId, kind: UserKind, by: i64) -> Self {
        self.counts.entry(org).or_default().users(role, kind, by);
        self
    }

    /// Leaves out the numbers of a custom role, which the transaction deletes.
    pub(super) fn without_counts_of(mut self, org: OrgId, role: CustomRoleId) -> Self {
        self.counts.entry(org).or_default().without_role(role);
        self
    }

    /// Counts a new pending invitation in, as long as its organization has fewer than `cap`
    /// (INV12).
    pub(super) fn count_pending(mut self, invitation: &Invitation, cap: u64) -> Self {
        let changes = self.counts.entry(invitation.path.id()).or_default();
        changes.users(invitation.role_id, UserKind::Invitation, 1);
        changes.pending_cap = Some(cap);
        self
    }

    /// Counts an entry of a bounded list in or out.
    pub(super) fn count_entry(self, org: OrgId, list: BoundedList, by: i64) -> Self {
        self.count_number(org, Counter::List(list), by)
    }

    /// Adds to a number of an organization.
    pub(super) fn count_number(mut self, org: OrgId, counter: Counter, by: i64) -> Self {
        self.counts.entry(org).or_default().add(counter, by);
        self
    }

    /// Adds a condition to the step of an item, whose refusal answers for it.
    pub(super) fn also(mut self, key: &Key, condition: Expression) -> Self {
        let step = self.steps.iter_mut().find(|step| step.key == *key);
        debug_assert!(step.is_some(), "a condition is added to a step");
        if let Some(step) = step {
            step.conditions.push(condition);
        }
        self
    }

    fn step(
        self,
        key: Key,
        write: Write,
        condition: Expression,
        on_failed: OnConditionFailed,
    ) -> Self {
        let conditions = if condition.text.is_empty() { vec![] } else { vec![condition] };
        self.add_step(key, write, conditions, on_failed)
    }

    /// Adds a step. If the item has a step already, both are joined: the conditions add up, and
    /// `on_failed` of the first step answers for all of them.
    fn add_step(
        mut self,
        key: Key,
        write: Write,
        conditions: Vec<Expression>,
        on_failed: OnConditionFailed,
    ) -> Self {
        let joins = |step: &&mut Step| step.key == key && step.write.can_join(&write);
        match self.steps.iter_mut().find(joins) {
            Some(step) => {
                step.conditions.extend(conditions);
                match (&mut step.write, write) {
                    (Write::Update(changes), Write::Update(more)) => changes.extend(more),
                    (mine @ Write::Check, other) => *mine = other,
                    (_, _) => {}
                }
            }
            // Two writes that cannot be joined stay two, and DynamoDB refuses them: nothing is
            // lost.
            None => self.steps.push(Step { key, write, conditions, on_failed }),
        }
        self
    }

    /// Turns the changes of counters into one update for each counter item and each custom role.
    pub(super) fn with_counter_updates(mut self) -> Self {
        for (org, changes) in std::mem::take(&mut self.counts) {
            for update in changes.updates(org) {
                let write = Write::Update(update.changes);
                self = self.add_step(update.key, write, update.conditions, update.on_failed);
            }
        }
        self
    }

    /// Writes everything or nothing, with the record of the idempotency key, which keeps `answer`
    /// for a repeat. The first condition to fail gives the refusal; conflicts with other
    /// transactions are retried.
    ///
    /// A repeat of a request that was committed before changes nothing: [`Committed::Before`].
    ///
    /// # Errors
    ///
    /// The refusal of the first condition that failed; [`Error::Unavailable`] if conflicts persist
    /// or the table cannot be reached.
    pub async fn commit(self, answer: &impl Serialize) -> Result<Committed, Error> {
        self.commit_chunk(Chunk::ALL, answer).await
    }

    /// Commits one chunk of a request that needs several transactions. Until the last chunk, the
    /// record keeps `answer` as the progress.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit).
    pub async fn commit_chunk(
        self,
        chunk: Chunk,
        answer: &impl Serialize,
    ) -> Result<Committed, Error> {
        let (store, context) = (self.store, self.context);
        let Self { mut steps, metrics, .. } = self.with_counter_updates().in_open_organizations();
        if let Some(idempotency_key) = &context.idempotency_key {
            // First, because a repeat also meets the changes of the first request.
            steps.insert(0, Record::step(idempotency_key, chunk, answer, context.at)?);
        }
        if steps.is_empty() {
            return Ok(Committed::Now);
        }
        let (writes, on_failed): (Vec<_>, Vec<_>) = steps
            .into_iter()
            .map(|step| step.build(&store.table))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        let committed = store.send(writes, on_failed).await?;
        if committed == Committed::Now {
            for metric in metrics {
                metric.add(1.0);
            }
        }
        Ok(committed)
    }
}
