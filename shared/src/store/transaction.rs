//! One write: everything or nothing, and a reason when nothing.
//!
//! A change, the facts it was decided on, its events, the headcount and the record of its
//! idempotency key are one `TransactWriteItems`. Nothing else writes to the table.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, ConditionCheck, Delete, Put, ReturnConsumedCapacity,
        ReturnValuesOnConditionCheckFailure::AllOld, TransactWriteItem, Update,
    },
};

use tokio::time::Instant;

use super::{
    Error, Key, Reply, Status, Store,
    expression::{Expression, Terms},
    failing,
    item::{Item, attribute, number, text, time, to_item, ttl},
    meter::Meter,
    replay::Record,
};
use crate::domain::{
    Act, BuiltIn, DEFAULT_RETENTION_DAYS, Event, HEADCOUNT_PARTS, Invitation, OrgId, Organization,
    Refusal, RoleId, Standing,
};

/// How often a commit is tried against others that touch the same items.
const TRIES: u32 = 7;
/// After this long no further try is begun: one more, and the reads before, still fit into what a
/// function has.
const BUDGET: Duration = Duration::from_secs(6);
/// The first pause between tries, at most; each further one is up to twice as long.
const PAUSE: Duration = Duration::from_millis(15);

/// Writes that happen together. Every condition names the [`Refusal`] it stands for.
pub(super) struct Transaction<'a> {
    store: &'a Store,
    act: &'a Act,
    steps: Vec<Step>,
    events: u128,
    tallies: BTreeMap<(OrgId, Counter), BTreeMap<String, i64>>,
    cap: Option<u64>,
}

/// What happens to one item. DynamoDB takes each item once a transaction, so demands on the same
/// one are joined.
struct Step {
    key: Key,
    write: Write,
    conditions: Vec<Expression>,
    otherwise: Otherwise,
}

enum Write {
    Check,
    Put(Item),
    Update(Vec<Change>),
    Delete,
}

/// A clause of an update, and what it says.
enum Change {
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
        let RoleId::Custom(id) = role else { return Ok(self) };
        let levels = org.roles.get(&id).ok_or(Refusal::NoSuchRole)?;
        let condition = Expression::new("#levels = :levels", [("levels", attribute(levels)?)]);
        let otherwise = gone_or(Refusal::NoSuchRole, Refusal::ChangedMeanwhile);
        Ok(self.check(Key::role(org.id(), id), condition, otherwise))
    }

    /// Insists that a role may still be given as the rule saw it: MDF Admin inside the programme
    /// alone (ROLE5, INV9), a custom role with the levels that were judged. No other role needs
    /// the organization's item, which everybody reads.
    pub(super) fn still_given(self, org: &Organization, role: RoleId) -> Result<Self, Error> {
        if role != RoleId::BuiltIn(BuiltIn::MdfAdmin) {
            return self.role_still_gives(org, role);
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
        let mut item = to_item(key.clone(), &event, [])?;
        item.insert("ttl".to_owned(), ttl(event.at, DEFAULT_RETENTION_DAYS));
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
        match self.steps.iter_mut().find(|step| step.key == key) {
            Some(step) => {
                step.conditions.extend(conditions);
                match (&mut step.write, write) {
                    (Write::Update(changes), Write::Update(more)) => changes.extend(more),
                    (mine @ Write::Check, other) => *mine = other,
                    (_, _) => {}
                }
            }
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
            let grows = changes.iter().any(|(name, by)| name == "pending" && *by > 0);
            let (key, condition, otherwise) = match counter {
                Counter::Part(part) => {
                    let cap = self.cap.filter(|_| grows).map(|cap| share(cap, part));
                    let room = cap.map_or_else(Expression::default, |cap| {
                        Expression::new(
                            "(attribute_not_exists(#pending) AND :cap > :zero) OR #pending < :cap",
                            [("cap", number(cap)), ("zero", number(0))],
                        )
                    });
                    let full: Otherwise = Box::new(move |_| Error::Full(part));
                    (Key::headcount(org, part), room, full)
                }
                Counter::Role(role) => {
                    let Some(id) = role.custom() else { continue };
                    let there = Expression::new("attribute_exists(#pk)", []);
                    (Key::role(org, id), there, or(Refusal::NoSuchRole))
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
        let (store, act) = (self.store, self.act);
        let mut steps = self.counted().steps;
        if let Some(once) = &act.once {
            let (key, item) = Record::item(once, reply, act.at)?;
            let free = "attribute_not_exists(#pk) OR #until <= :now";
            let condition = Expression::new(free, [("now", time(act.at))]);
            let fingerprint = once.fingerprint.clone();
            let otherwise: Otherwise = Box::new(move |old| Record::replay(old, &fingerprint));
            let write = Write::Put(item);
            // First, because a repeat also meets the changes of the first request.
            steps.insert(0, Step { key, write, conditions: vec![condition], otherwise });
        }
        let (writes, otherwise): (Vec<_>, Vec<_>) = steps
            .into_iter()
            .map(|step| step.build(&store.table))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        let token = format!("{:032x}", rand::random::<u128>());
        let begun = Instant::now();
        for tries in 1.. {
            let request = store
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let sent = Meter.call(request.send()).await;
            let error = match sent {
                Ok(done) => {
                    Meter.write(done.consumed_capacity());
                    return Ok(());
                }
                Err(error) => error,
            };
            match verdict(error, &otherwise) {
                Verdict::Final(error) => return Err(error),
                Verdict::Again(error) if tries >= TRIES || begun.elapsed() >= BUDGET => {
                    return Err(error);
                }
                Verdict::Again(_) => tokio::time::sleep(pause(tries)).await,
            }
        }
        Err(Error::Unavailable("tried for ever".to_owned()))
    }
}

impl Step {
    fn build(self, table: &str) -> Result<(TransactWriteItem, Otherwise), Error> {
        let mut terms = Terms::default();
        let all = self.conditions.into_iter().map(|piece| format!("({})", terms.take(piece)));
        let all = all.collect::<Vec<_>>().join(" AND ");
        let condition = (!all.is_empty()).then_some(all);
        let item = TransactWriteItem::builder();
        let item = match self.write {
            Write::Check => {
                let (names, values) = terms.parts();
                let check = ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AllOld);
                item.condition_check(check.build().map_err(Error::broken)?)
            }
            Write::Put(new) => {
                let (names, values) = terms.parts();
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(new))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AllOld);
                item.put(put.build().map_err(Error::broken)?)
            }
            Write::Update(changes) => {
                let update = clauses(changes, &mut terms);
                let (names, values) = terms.parts();
                let update = Update::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into()))
                    .update_expression(update)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AllOld);
                item.update(update.build().map_err(Error::broken)?)
            }
            Write::Delete => {
                let (names, values) = terms.parts();
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(self.key.into()))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(AllOld);
                item.delete(delete.build().map_err(Error::broken)?)
            }
        };
        Ok((item.build(), self.otherwise))
    }
}

/// `SET a, b REMOVE c ADD d`: each clause word stands once.
fn clauses(changes: Vec<Change>, terms: &mut Terms) -> String {
    let (mut set, mut remove, mut add) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Set(piece) => set.push(terms.take(piece)),
            Change::Remove(piece) => remove.push(terms.take(piece)),
            Change::Add(piece) => add.push(terms.take(piece)),
        }
    }
    let words = [("SET", set), ("REMOVE", remove), ("ADD", add)].into_iter();
    let words = words.filter(|(_, pieces)| !pieces.is_empty());
    words
        .map(|(word, pieces)| format!("{word} {}", pieces.join(", ")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The share of a cap that one part of the headcount may use: together they make the whole.
pub(super) fn share(cap: u64, part: u8) -> u64 {
    let parts = u64::from(HEADCOUNT_PARTS);
    cap / parts + u64::from(u64::from(part) < cap % parts)
}

enum Verdict {
    Final(Error),
    Again(Error),
}

/// What a failed commit means: a refusal where a condition failed, another try where only the
/// moment was wrong, else a defect or an outage.
fn verdict(error: SdkError<TransactWriteItemsError>, otherwise: &[Otherwise]) -> Verdict {
    use TransactWriteItemsError as E;
    let again = |error| Verdict::Again(Error::unavailable(error));
    match error.as_service_error() {
        Some(E::TransactionCanceledException(canceled)) => {
            let reasons = canceled.cancellation_reasons();
            let failed =
                |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
            let first = reasons.iter().zip(otherwise).find(|(reason, _)| failed(reason));
            if let Some((reason, otherwise)) = first {
                return Verdict::Final(otherwise(reason.item().cloned()));
            }
            let broken = |reason: &CancellationReason| {
                matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded"))
            };
            // Anything else is conflict or throttle: the moment was wrong.
            if reasons.is_empty() || reasons.iter().any(broken) {
                Verdict::Final(Error::broken(error))
            } else {
                again(error)
            }
        }
        Some(
            E::TransactionInProgressException(_)
            | E::ProvisionedThroughputExceededException(_)
            | E::RequestLimitExceeded(_)
            | E::InternalServerError(_),
        ) => again(error),
        Some(other) if other.meta().code() == Some("ThrottlingException") => again(error),
        Some(_) if failing(&error) => again(error),
        Some(_) => Verdict::Final(Error::broken(error)),
        // No answer: it may have happened. The request token makes another try harmless.
        None => again(error),
    }
}

/// Up to `PAUSE` doubled with every try, at random: those who met do not meet again.
fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.min(6)).mul_f64(rand::random::<f64>())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::{
        InternalServerError, TransactionCanceledException, TransactionInProgressException,
    };
    use aws_smithy_runtime_api::{
        client::{orchestrator::HttpResponse, result::ConnectorError},
        http::StatusCode,
    };

    use super::*;

    /// What DynamoDB may say of an item, and two that it may say one day.
    const CODES: [&str; 8] = [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "ValidationError",
        "ItemCollectionSizeLimitExceeded",
        "DuplicateItem",
    ];

    fn answered(error: TransactWriteItemsError, status: u16) -> SdkError<TransactWriteItemsError> {
        let status = StatusCode::try_from(status).unwrap();
        SdkError::service_error(error, HttpResponse::new(status, "".into()))
    }

    fn cancelled(codes: &[&str]) -> SdkError<TransactWriteItemsError> {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build());
        let cancelled = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons.collect()));
        let error = TransactWriteItemsError::TransactionCanceledException(cancelled.build());
        answered(error, 400)
    }

    /// One condition an item, each with a refusal of its own.
    fn conditions() -> Vec<Otherwise> {
        let refusals = [
            Refusal::NoSuchOrganization,
            Refusal::NoSuchMember,
            Refusal::NoSuchRole,
            Refusal::NoSuchInvitation,
        ];
        refusals.map(or).into()
    }

    fn told(error: SdkError<TransactWriteItemsError>) -> String {
        match verdict(error, &conditions()) {
            Verdict::Again(Error::Unavailable(_)) => "again".to_owned(),
            Verdict::Final(Error::Refused(refusal)) => format!("{refusal:?}"),
            Verdict::Final(Error::Broken(_)) => "broken".to_owned(),
            Verdict::Again(error) | Verdict::Final(error) => format!("{error:?}?"),
        }
    }

    /// Row 44. The first failed condition speaks, whatever else was wrong; what can never work is
    /// not tried again; everything else is the moment's fault.
    #[test]
    fn every_mix_of_reasons_is_told_apart() {
        let names = ["NoSuchOrganization", "NoSuchMember", "NoSuchRole", "NoSuchInvitation"];
        let mut mixes: Vec<Vec<&str>> = vec![vec![]];
        for _ in 1..=4 {
            let longer = |mix: &Vec<&'static str>| {
                let mix = mix.clone();
                CODES.map(move |code| [mix.clone(), vec![code]].concat())
            };
            mixes = mixes.iter().flat_map(longer).collect();
            for mix in &mixes {
                let failed = mix.iter().position(|code| *code == "ConditionalCheckFailed");
                let never = ["ValidationError", "ItemCollectionSizeLimitExceeded"];
                let expected = match failed {
                    Some(item) => names[item],
                    None if mix.iter().any(|code| never.contains(code)) => "broken",
                    None => "again",
                };
                assert_eq!(told(cancelled(mix)), expected, "{mix:?}");
            }
        }
        assert_eq!(mixes.len(), 8 * 8 * 8 * 8);
        assert_eq!(told(cancelled(&[])), "broken", "a cancellation says why");
    }

    #[test]
    fn every_other_failure_is_told_apart() {
        use TransactWriteItemsError as E;
        let busy =
            E::TransactionInProgressException(TransactionInProgressException::builder().build());
        assert_eq!(told(answered(busy, 400)), "again");
        let failed = E::InternalServerError(InternalServerError::builder().build());
        assert_eq!(told(answered(failed, 500)), "again");
        let odd = |code: &str| {
            let meta = aws_sdk_dynamodb::error::ErrorMetadata::builder().code(code).build();
            E::generic(meta)
        };
        assert_eq!(told(answered(odd("ThrottlingException"), 400)), "again");
        assert_eq!(told(answered(odd("ServiceUnavailable"), 503)), "again");
        assert_eq!(told(answered(odd(""), 502)), "again", "a proxy's page");
        assert_eq!(told(answered(odd("AccessDeniedException"), 400)), "broken");
        assert_eq!(told(answered(odd("ValidationException"), 400)), "broken");
        let lost = ConnectorError::timeout("no answer".into());
        assert_eq!(told(SdkError::dispatch_failure(lost)), "again");
        assert_eq!(told(SdkError::timeout_error("no answer")), "again");
    }

    #[test]
    fn the_shares_of_a_cap_make_the_whole() {
        for cap in 0..50 {
            assert_eq!((0..HEADCOUNT_PARTS).map(|part| share(cap, part)).sum::<u64>(), cap);
        }
    }
}
