//! Sending a transaction: from steps to DynamoDB's form, and from its answer to what it means.

use std::time::Duration;

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
    Committed, Error, Store, THROTTLES,
    expression::ExpressionValues,
    failing,
    item::Item,
    meter::Meter,
    schema,
    step::{Change, OnConditionFailed, Step, Unmet, Write},
};
use crate::metrics::Metric;

/// The maximum number of tries of a commit. Others that write the same items make a try fail.
const TRIES: u32 = 7;
/// No further try begins after this time, so that one more try still fits into the time-out of the
/// function.
const BUDGET: Duration = Duration::from_secs(4);
/// The first pause between tries, at most; each further one is up to twice as long.
pub(super) const PAUSE: Duration = Duration::from_millis(15);

impl Store {
    /// Sends a transaction. The first condition that does not hold decides what it means. Conflicts
    /// with other transactions are retried, within a bound.
    pub(super) async fn send(
        &self,
        writes: Vec<TransactWriteItem>,
        on_failed: Vec<OnConditionFailed>,
    ) -> Result<Committed, Error> {
        let token = format!("{:032x}", rand::random::<u128>());
        let begun = Instant::now();
        for tries in 1.. {
            let request = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                .client_request_token(&token)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let sent = Meter::call(request.send()).await;
            let error = match sent {
                Ok(done) => {
                    Meter::write(done.consumed_capacity());
                    return Ok(Committed::Now);
                }
                Err(error) => error,
            };
            count_contention(&error);
            match verdict(error, &on_failed) {
                Verdict::Final(Unmet::Failed(error)) => return Err(error),
                Verdict::Final(Unmet::CommittedBefore(answer)) => {
                    return Ok(Committed::Before(answer));
                }
                Verdict::Again(error) if tries >= TRIES || begun.elapsed() >= BUDGET => {
                    return Err(error);
                }
                Verdict::Again(_) => tokio::time::sleep(pause(tries)).await,
            }
        }
        Err(Error::Unavailable("unreachable: the loop returns".to_owned()))
    }
}

/// Completes the builder of a write with the table, its conditions, and the names and values of all
/// its expressions. The SDK has a builder type for each kind of write, with equal methods.
macro_rules! conditional {
    ($builder:expr, $table:ident, $condition:ident, $values:ident) => {{
        let (names, values) = $values.placeholders();
        $builder
            .table_name($table)
            .set_condition_expression($condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(AllOld)
            .build()
            .map_err(Error::broken)?
    }};
}

impl Step {
    pub(super) fn build(
        self,
        table: &str,
    ) -> Result<(TransactWriteItem, OnConditionFailed), Error> {
        let mut expressions = ExpressionValues::default();
        let all = self.conditions.into_iter().map(|piece| format!("({})", expressions.take(piece)));
        let all = all.collect::<Vec<_>>().join(" AND ");
        let condition = (!all.is_empty()).then_some(all);
        let item = TransactWriteItem::builder();
        let key = Some(Item::from(self.key));
        let item = match self.write {
            Write::Check => {
                let check = ConditionCheck::builder().set_key(key);
                item.condition_check(conditional!(check, table, condition, expressions))
            }
            Write::Put(mut new) => {
                schema::stamp(&mut new);
                let put = Put::builder().set_item(Some(new));
                item.put(conditional!(put, table, condition, expressions))
            }
            Write::Update(mut changes) => {
                if !changes.iter().any(|change| change.names(schema::ATTRIBUTE)) {
                    changes.push(schema::stamp_created());
                }
                let update = clauses(changes, &mut expressions);
                let update = Update::builder().set_key(key).update_expression(update);
                item.update(conditional!(update, table, condition, expressions))
            }
            Write::Delete => {
                let delete = Delete::builder().set_key(key);
                item.delete(conditional!(delete, table, condition, expressions))
            }
        };
        Ok((item.build(), self.on_failed))
    }
}

/// `SET a, b REMOVE c ADD d DELETE e`: each clause word occurs once.
pub(super) fn clauses(changes: Vec<Change>, expressions: &mut ExpressionValues) -> String {
    let [mut set, mut remove, mut add, mut delete] = [const { Vec::new() }; 4];
    for change in changes {
        match change {
            Change::Set(piece) => set.push(expressions.take(piece)),
            Change::Remove(piece) => remove.push(expressions.take(piece)),
            Change::Add(piece) => add.push(expressions.take(piece)),
            Change::Delete(piece) => delete.push(expressions.take(piece)),
        }
    }
    let words = [("SET", set), ("REMOVE", remove), ("ADD", add), ("DELETE", delete)].into_iter();
    let words = words.filter(|(_, pieces)| !pieces.is_empty());
    words
        .map(|(word, pieces)| format!("{word} {}", pieces.join(", ")))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Counts a conflict with another transaction, or a throttled call.
fn count_contention(error: &SdkError<TransactWriteItemsError>) {
    let Some(error) = error.as_service_error() else { return };
    let reasons = match error {
        TransactWriteItemsError::TransactionCanceledException(it) => it.cancellation_reasons(),
        _ => &[],
    };
    let has = |codes: &[&str]| {
        reasons.iter().any(|reason| reason.code().is_some_and(|code| codes.contains(&code)))
    };
    if has(&["TransactionConflict"]) {
        Metric::Conflicts.add(1.0);
    }
    let is_throttled = error.meta().code().is_some_and(|code| THROTTLES.contains(&code));
    if is_throttled || has(&["ProvisionedThroughputExceeded", "ThrottlingError"]) {
        Metric::Throttles.add(1.0);
    }
}

pub(super) enum Verdict {
    Final(Unmet),
    Again(Error),
}

/// Classifies a failed commit: a refusal if a condition failed, a try again if only the moment was
/// wrong, else a defect or an outage.
pub(super) fn verdict(
    error: SdkError<TransactWriteItemsError>,
    on_failed: &[OnConditionFailed],
) -> Verdict {
    use TransactWriteItemsError as E;
    let again = |error| Verdict::Again(Error::unavailable(error));
    match error.as_service_error() {
        Some(E::TransactionCanceledException(canceled)) => {
            let reasons = canceled.cancellation_reasons();
            let failed =
                |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
            let first = reasons.iter().zip(on_failed).find(|(reason, _)| failed(reason));
            if let Some((reason, on_failed)) = first {
                return Verdict::Final(on_failed(reason.item().cloned()));
            }
            let broken = |reason: &CancellationReason| {
                matches!(reason.code(), Some("ValidationError" | "ItemCollectionSizeLimitExceeded"))
            };
            // Anything else is conflict or throttle: the moment was wrong.
            if reasons.is_empty() || reasons.iter().any(broken) {
                Verdict::Final(Error::broken(error).into())
            } else {
                again(error)
            }
        }
        Some(other) if other.meta().code() == Some("ThrottlingException") => again(error),
        // Without an answer it may have happened: the request token makes another try harmless.
        None
        | Some(
            E::TransactionInProgressException(_)
            | E::ProvisionedThroughputExceededException(_)
            | E::RequestLimitExceeded(_)
            | E::InternalServerError(_),
        ) => again(error),
        Some(_) if failing(&error) => again(error),
        Some(_) => Verdict::Final(Error::broken(error).into()),
    }
}

/// A random time up to `PAUSE`, doubled with each try, so that competing requests do not collide
/// again.
pub(super) fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.min(6)).mul_f64(rand::random::<f64>())
}
