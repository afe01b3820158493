//! The migration: it rewrites the items of earlier schema versions.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Error, Key, Store, WRITTEN_SCHEMA,
    expression::{Expression, ExpressionValues},
    fetch::Consistency,
    item::{Item, from_item, number, text, to_item},
    keys::EVENTS,
    meter::Meter,
    schema::rewritten,
    step::{Change, refuse},
};
use crate::domain::{Refusal, RequestContext};

/// The number of items that one scan reads. Most of them are events, which the scan leaves out.
const SCANNED: i32 = 1_000;
/// The number of items that are rewritten concurrently.
const AT_ONCE: usize = 8;
/// How often an item that others change at the same time is tried.
const TRIES: usize = 5;

/// The progress of a migration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The items that were rewritten, by this run and the ones it continues.
    pub migrated: u64,
    /// Whether the whole table was seen. If not, run the migration again: it continues.
    pub finished: bool,
}

/// Where a migration stopped.
#[derive(Default, Serialize, Deserialize)]
struct Stop {
    progress: Migration,
    /// The key of the last item that was seen.
    last: Option<Key>,
}

impl Store {
    /// Rewrites the items of earlier versions, until all are rewritten or `out_of_time` returns
    /// true. Where a run stops, the next one continues. Running twice, also at once, has no further
    /// effect; after a finished run, the next one sees the whole table again.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be reached, [`Error::Broken`] if an item cannot
    /// be read. The next run continues before it.
    pub async fn migrate(
        &self,
        request_id: &str,
        out_of_time: impl Fn() -> bool,
    ) -> Result<Migration, Error> {
        // No time is stored, and no event: what the items say stays the same.
        let context = &RequestContext::without_actor(Timestamp::UNIX_EPOCH, request_id, 0);
        let earlier = self
            .get([Key::migration(WRITTEN_SCHEMA)])
            .await?
            .items
            .remove(&Key::migration(WRITTEN_SCHEMA));
        let mut place: Stop = earlier.map(from_item).transpose()?.unwrap_or_default();
        if place.progress.finished {
            place = Stop::default();
        }
        while !place.progress.finished && !out_of_time() {
            let (items, last) = self.outdated_items(place.last.take()).await?;
            let rewrites = stream::iter(items).map(|item| self.rewrite(context, item));
            let rewritten: Vec<bool> = rewrites.buffer_unordered(AT_ONCE).try_collect().await?;
            place.progress.migrated += rewritten.into_iter().map(u64::from).sum::<u64>();
            place.progress.finished = last.is_none();
            place.last = last;
            let item = to_item(Key::migration(WRITTEN_SCHEMA), &place, vec![])?;
            let writes = self.transaction(context).put(
                Key::migration(WRITTEN_SCHEMA),
                item,
                Expression::default(),
                refuse(Refusal::ChangedConcurrently),
            );
            writes.commit(&()).await?;
        }
        Ok(place.progress)
    }

    /// The next items of earlier versions, without events, and the last key that was seen, if the
    /// table has more.
    async fn outdated_items(&self, after: Option<Key>) -> Result<(Vec<Item>, Option<Key>), Error> {
        let outdated = Expression::new(
            "NOT begins_with(#pk, :events) AND (attribute_not_exists(#schema) OR #schema < :current)",
            [("events", text(EVENTS)), ("current", number(WRITTEN_SCHEMA))],
        );
        let mut expressions = ExpressionValues::default();
        let filter = expressions.take(outdated);
        let (names, values) = expressions.placeholders();
        let request = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .limit(SCANNED)
            .filter_expression(filter)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .set_exclusive_start_key(after.map(Item::from))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
        Meter::read(answer.consumed_capacity());
        let last = answer.last_evaluated_key.as_ref().map(Key::of_item).transpose()?;
        Ok((answer.items.unwrap_or_default(), last))
    }

    /// Rewrites an item, on condition that it has not changed since it was read. Returns whether it
    /// had to be rewritten.
    async fn rewrite(&self, context: &RequestContext, mut item: Item) -> Result<bool, Error> {
        let key = Key::of_item(&item)?;
        for _ in 0..TRIES {
            let new = rewritten(item.clone())?;
            if new == item {
                return Ok(false);
            }
            let writes = self.transaction(context).update(
                key.clone(),
                difference(&item, &new),
                unchanged(&item),
                refuse(Refusal::ChangedConcurrently),
            );
            match writes.commit(&()).await {
                Ok(_) => return Ok(true),
                Err(Error::Refused(Refusal::ChangedConcurrently)) => {}
                Err(error) => return Err(error),
            }
            let changed =
                self.fetch_batch(slice::from_ref(&key), Consistency::Strong).await?.remove(&key);
            let Some(changed) = changed else { return Ok(false) };
            item = changed;
        }
        Err(Error::Unavailable("an item changes too often to be migrated".to_owned()))
    }
}

/// The changes that turn `old` into `new`. Attributes that the item gains meanwhile are kept.
pub(super) fn difference(old: &Item, new: &Item) -> Vec<Change> {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let change = |(nth, name): (usize, &String)| match new.get(name) {
        Some(value) => {
            let clause = format!("#a{nth} = :a{nth}");
            let set = Expression::new(&clause, [(&*format!("a{nth}"), value.clone())]);
            Change::Set(set.naming(&format!("a{nth}"), name))
        }
        None => Change::Remove(
            Expression::new(&format!("#a{nth}"), []).naming(&format!("a{nth}"), name),
        ),
    };
    changed.enumerate().map(change).collect()
}

/// No attribute that the item had has changed.
pub(super) fn unchanged(old: &Item) -> Expression {
    let old: BTreeMap<&String, &AttributeValue> = old.iter().collect();
    let equal = old.into_iter().enumerate().map(|(nth, (name, value))| {
        let condition = format!("#s{nth} = :s{nth}");
        let equal = Expression::new(&condition, [(&*format!("s{nth}"), value.clone())]);
        equal.naming(&format!("s{nth}"), name)
    });
    equal.reduce(Expression::and).unwrap_or_default()
}
