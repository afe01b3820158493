//! The version of the schema of items, and the way of an item from one version to the next.
//!
//! Every item has the version in its attribute `schema`. Code reads items of all versions to
//! [`READABLE_SCHEMA`]: each item that is read passes [`upgraded`]. It writes items of [`WRITTEN_SCHEMA`],
//! which is the same version or the one before. [`Store::migrate`] rewrites the items of earlier versions
//! that have not changed since. Events are never rewritten, because nothing may change them.
//!
//! While a deployment moves requests to a new release, and after it is rolled back, two releases use the
//! table. So no release writes what the release before cannot read. A change of the schema takes three
//! releases:
//!
//! 1. Increase [`READABLE_SCHEMA`] and append a step to `STEPS`. The step derives attributes with new names
//!    from the old ones. Each update of an old attribute also sets the new one.
//! 2. Increase [`WRITTEN_SCHEMA`], and add the table of the version before to `tests/tables`. Deploy, then
//!    migrate. Updates still set both, because items of the version before keep their version in an update.
//! 3. When the migration has finished, set only the new attributes. The step stays, for events.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Error, Key, Store,
    expression::{Expression, ExpressionValues},
    fetch::Consistency,
    item::{Item, from_item, number, text, to_item},
    keys::EVENTS,
    meter::Meter,
    schema_steps::name_people_by_ids,
    step::{Change, refuse},
};
use crate::domain::{Refusal, RequestContext};

/// The latest version of items that this code reads. Items without a version have version 1.
pub const READABLE_SCHEMA: u32 = 3;
/// The version of the items that this code writes. The release before this one must read it.
pub const WRITTEN_SCHEMA: u32 = 3;
const _: () = assert!(WRITTEN_SCHEMA == READABLE_SCHEMA || WRITTEN_SCHEMA + 1 == READABLE_SCHEMA);

/// The attribute with the version of an item.
pub(super) const ATTRIBUTE: &str = "schema";

/// Changes an item of one version into an item of the next. It keeps the key of the item.
type SchemaStep = fn(&mut Item) -> Result<(), Error>;

/// The steps from version 1 to 2, from 2 to 3, and so on.
const STEPS: [SchemaStep; READABLE_SCHEMA as usize - 1] = [
    |_| Ok(()), // Version 2 only adds the version.
    name_people_by_ids,
];

/// The number of items that one scan reads. Most of them are events, which the scan leaves out.
const SCANNED: i32 = 1_000;
/// The number of items that are rewritten concurrently.
const AT_ONCE: usize = 8;
/// How often an item that others change at the same time is tried.
const TRIES: usize = 5;

/// Puts the version that this code writes into an item that is about to be written.
pub(super) fn stamp(item: &mut Item) {
    item.insert(ATTRIBUTE.to_owned(), number(WRITTEN_SCHEMA));
}

/// The version of an item that an update creates. Existing items keep theirs.
pub(super) fn stamp_created() -> Change {
    let clause = format!("#{ATTRIBUTE} = if_not_exists(#{ATTRIBUTE}, :{ATTRIBUTE})");
    Change::Set(Expression::new(&clause, [(ATTRIBUTE, number(WRITTEN_SCHEMA))]))
}

/// An item in the form of the latest version that this code reads.
///
/// # Errors
///
/// [`Error::Broken`] if its version is later.
pub fn upgraded(item: Item) -> Result<Item, Error> {
    upgraded_by(&STEPS, item)
}

fn upgraded_by(steps: &[SchemaStep], mut item: Item) -> Result<Item, Error> {
    let (version, current) = (version(&item)?, steps.len() + 1);
    if version == current {
        return Ok(item);
    }
    let Some(missing) = version.checked_sub(1).and_then(|done| steps.get(done..)) else {
        let problem =
            format!("an item has schema version {version}, but this code reads up to {current}");
        return Err(Error::Broken(problem));
    };
    for step in missing {
        step(&mut item)?;
    }
    item.insert(ATTRIBUTE.to_owned(), number(current));
    Ok(item)
}

/// An item in the form of the version `written`, or of its own version if that is later.
fn rewritten_by(steps: &[SchemaStep], written: u32, item: Item) -> Result<Item, Error> {
    let written = written as usize;
    match steps.get(..written - 1) {
        Some(steps) if version(&item)? < written => upgraded_by(steps, item),
        _ => Ok(item),
    }
}

fn version(item: &Item) -> Result<usize, Error> {
    let Some(attribute) = item.get(ATTRIBUTE) else { return Ok(1) };
    let version = attribute.as_n().ok().and_then(|version| version.parse().ok());
    version
        .ok_or_else(|| Error::Broken("an item has a schema version that is no number".to_owned()))
}

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
    /// Rewrites the items of earlier versions, until all are rewritten or `out_of_time` returns true.
    /// Where a run stops, the next one continues. Running twice, also at once, has no further effect;
    /// after a finished run, the next one sees the whole table again.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be reached, [`Error::Broken`] if an item cannot be
    /// read. The next run continues before it.
    pub async fn migrate(
        &self,
        request_id: &str,
        out_of_time: impl Fn() -> bool,
    ) -> Result<Migration, Error> {
        // No time is stored, and no event: what the items say stays the same.
        let context = &RequestContext::without_actor(Timestamp::UNIX_EPOCH, request_id, 0);
        let earlier = self.get([Key::migration()]).await?.items.remove(&Key::migration());
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
            let item = to_item(Key::migration(), &place, vec![])?;
            let (always, on_failed) = (Expression::default(), refuse(Refusal::ChangedConcurrently));
            let writes = self.transaction(context).put(Key::migration(), item, always, on_failed);
            writes.commit(&()).await?;
        }
        Ok(place.progress)
    }

    /// The next items of earlier versions, without events, and the last key that was seen, if the table
    /// has more.
    async fn outdated_items(&self, after: Option<Key>) -> Result<(Vec<Item>, Option<Key>), Error> {
        let outdated = Expression::new(
            "NOT begins_with(#pk, :events) AND (attribute_not_exists(#schema) OR #schema < :current)",
            [("events", text(EVENTS)), ("current", number(WRITTEN_SCHEMA))],
        );
        let mut terms = ExpressionValues::default();
        let filter = terms.take(outdated);
        let (names, values) = terms.parts();
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
            let new = rewritten_by(&STEPS, WRITTEN_SCHEMA, item.clone())?;
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
fn difference(old: &Item, new: &Item) -> Vec<Change> {
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
fn unchanged(old: &Item) -> Expression {
    let old: BTreeMap<&String, &AttributeValue> = old.iter().collect();
    let equal = old.into_iter().enumerate().map(|(nth, (name, value))| {
        let condition = format!("#s{nth} = :s{nth}");
        let equal = Expression::new(&condition, [(&*format!("s{nth}"), value.clone())]);
        equal.naming(&format!("s{nth}"), name)
    });
    equal.reduce(Expression::and).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests/schema.rs"]
mod tests;
