//! Reading ranges: a page of a list is one range of one partition, or a merge of a few ranges that
//! are read concurrently.
//!
//! A position only narrows a range that the caller was authorized for, so a forged position cannot
//! reach other data.

use std::cmp::Ordering;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity},
};
use futures_util::future::try_join_all;

use super::{
    Error, Store,
    expression::{Expression, ExpressionValues},
    index::{Index, LAST},
    item::{Item, text},
    meter::Meter,
    schema::upgraded,
};

/// The most read units that filtered and bounded ranges consume in one request. If they are used
/// up, the page is short and its cursor continues.
pub const MAX_FILTER_UNITS: f64 = 100.0;
/// The read units of an item of 1 KB in an eventually consistent read.
const UNITS_PER_ITEM: f64 = 0.125;
/// The read units of an item of 32 KB: the first estimate for items of unknown size.
const UNITS_PER_LARGE_ITEM: f64 = 4.0;

/// The part of a list that a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// The most items.
    pub limit: usize,
    /// The position after which the page begins.
    pub after: Option<&'a Position>,
}

/// A position in a list: the key of an item, in one of the parts that the list consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The part, from 0. Most lists have one.
    pub part: u8,
    /// The range key of the item.
    pub key: String,
}

impl Position {
    /// A position in the first part of a list.
    pub fn new(key: impl Into<String>) -> Self {
        Self { part: 0, key: key.into() }
    }

    /// A position in a list that has no index. Only the first of the fields can contain a null
    /// character.
    pub fn of_fields<const N: usize>(fields: [&str; N]) -> Self {
        Self::new(fields.join("\0"))
    }

    /// The fields of a position of [`of_fields`](Self::of_fields). Those of another position can be
    /// empty.
    pub fn fields<const N: usize>(&self) -> [&str; N] {
        let mut fields = [""; N];
        let known = self.key.rsplitn(N, '\0');
        fields.iter_mut().rev().zip(known).for_each(|(field, text)| *field = text);
        fields
    }
}

/// Some items of a list, and the position after them if there are more.
#[derive(Debug)]
pub struct Slice<T> {
    /// The items.
    pub items: Vec<T>,
    /// The position at which the list continues.
    pub next: Option<Position>,
}

/// The direction of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The lowest key first.
    #[default]
    Ascending,
    /// The highest key first.
    Descending,
}

impl Direction {
    /// Compares two keys: the lesser one comes first in this direction.
    pub fn compare<K: Ord + ?Sized>(self, one: &K, other: &K) -> Ordering {
        match self {
            Self::Ascending => one.cmp(other),
            Self::Descending => other.cmp(one),
        }
    }
}

/// A range of range keys in one partition of the table or of an index.
#[derive(Clone)]
pub(super) struct Range {
    index: Option<Index>,
    hash: String,
    prefix: String,
    first: Option<String>,
    last: Option<String>,
    filter: Expression,
    bounded: bool,
    direction: Direction,
}

/// What one reading of a range found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The items with their keys.
    pub(super) items: Vec<(String, Item)>,
    /// The key at which the reading stopped because its read units were used up.
    pub(super) stopped_at: Option<String>,
    /// The read units of a filtered or bounded range.
    pub(super) units: f64,
}

impl Range {
    /// The keys of an index that begin with `prefix`.
    pub(super) fn of_index(index: Index, hash: String, prefix: impl Into<String>) -> Self {
        Self { index: Some(index), ..Self::of_table(hash, prefix) }
    }

    /// The sort keys of a partition that begin with `prefix`.
    pub(super) fn of_table(pk: String, prefix: impl Into<String>) -> Self {
        Self {
            index: None,
            hash: pk,
            prefix: prefix.into(),
            first: None,
            last: None,
            filter: Expression::default(),
            bounded: false,
            direction: Direction::Ascending,
        }
    }

    /// Only items that pass `filter`, which DynamoDB applies to each item that it reads.
    pub(super) fn filtered(self, filter: Expression) -> Self {
        Self { filter, ..self }
    }

    /// Bounds the read units like those of a filter, for items of very different sizes.
    pub(super) fn bounded(self) -> Self {
        Self { bounded: true, ..self }
    }

    /// No key before `first`.
    pub(super) fn not_before(self, first: Option<String>) -> Self {
        Self { first, ..self }
    }

    /// No key after `last`.
    pub(super) fn not_after(self, last: Option<String>) -> Self {
        Self { last, ..self }
    }

    /// In this direction.
    pub(super) fn in_direction(self, direction: Direction) -> Self {
        Self { direction, ..self }
    }

    /// No key before `key` in the direction of the range.
    pub(super) fn starting_at(self, key: Option<String>) -> Self {
        match self.direction {
            Direction::Ascending => self.not_before(key),
            Direction::Descending => self.not_after(key),
        }
    }

    /// No key after `key` in the direction of the range.
    pub(super) fn ending_at(self, key: Option<String>) -> Self {
        match self.direction {
            Direction::Ascending => self.not_after(key),
            Direction::Descending => self.not_before(key),
        }
    }

    /// Whether its queries grow step by step, within read units.
    fn is_stepped(&self) -> bool {
        self.bounded || !self.filter.text.is_empty()
    }

    fn range_attribute(&self) -> &'static str {
        self.index.map_or("sk", Index::range)
    }

    /// The key condition for the keys at and after a position; none if there are none.
    fn condition(&self, after: Option<&str>) -> Option<Expression> {
        let (not_before, not_after) = match self.direction {
            Direction::Ascending => (after, None),
            Direction::Descending => (None, after),
        };
        let mut first = self.prefix.clone();
        let mut last = format!("{}{LAST}", self.prefix);
        for bound in self.first.as_deref().into_iter().chain(not_before) {
            first = first.max(bound.to_owned());
        }
        for bound in self.last.as_deref().into_iter().chain(not_after) {
            last = last.min(bound.to_owned());
        }
        if first > last {
            return None;
        }
        let hash = self.index.map_or("pk", Index::hash);
        let values = [("hash", text(self.hash.clone())), ("last", text(last))];
        let condition = if first.is_empty() {
            Expression::new("#hash = :hash AND #range <= :last", values)
        } else {
            let [hash, last] = values;
            let condition = "#hash = :hash AND #range BETWEEN :first AND :last";
            Expression::new(condition, [hash, last, ("first", text(first))])
        };
        Some(condition.naming("hash", hash).naming("range", self.range_attribute()))
    }

    fn key(&self, item: &Item) -> Result<String, Error> {
        let name = self.range_attribute();
        let key = item.get(name).map(AttributeValue::as_s).and_then(Result::ok);
        key.cloned().ok_or_else(|| Error::Broken(format!("a listed item has no `{name}`")))
    }
}

impl Store {
    /// The first items of ranges in one direction after a key, merged. More than `limit` items show
    /// that the ranges continue. Filtered and bounded ranges consume about `units` read units
    /// together.
    pub(super) async fn merged(
        &self,
        ranges: &[Range],
        limit: usize,
        after: Option<&str>,
        units: f64,
    ) -> Result<Merged, Error> {
        let live = ranges.iter().filter(|range| range.condition(after).is_some()).count();
        let units = units / f64::from(u32::try_from(live.max(1)).unwrap_or(u32::MAX));
        let reads = ranges.iter().map(|range| self.read(range, after, limit + 1, units));
        let direction = ranges.first().map(|range| range.direction).unwrap_or_default();
        Ok(Merged::of(try_join_all(reads).await?, direction))
    }

    /// The query for the items of a range that meet a key condition.
    fn query(&self, range: &Range, condition: Expression) -> QueryFluentBuilder {
        let mut expressions = ExpressionValues::default();
        let condition = expressions.take(condition);
        let filter = expressions.take(range.filter.clone());
        let (names, values) = expressions.placeholders();
        self.client
            .query()
            .table_name(&self.table)
            .set_index_name(range.index.map(|index| index.name().to_owned()))
            .key_condition_expression(condition)
            .set_filter_expression((!filter.is_empty()).then_some(filter))
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .scan_index_forward(range.direction == Direction::Ascending)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }

    /// Reads up to `wanted` items of a range after a key. With a filter, each query is four times
    /// as large as the one before, until about `units` read units are consumed.
    pub(super) async fn read(
        &self,
        range: &Range,
        after: Option<&str>,
        wanted: usize,
        units: f64,
    ) -> Result<Found, Error> {
        let mut found = Found::default();
        let Some(condition) = range.condition(after) else { return Ok(found) };
        let query = self.query(range, condition);
        let stepped = range.is_stepped();
        let mut budget = ReadBudget::new(units, range.bounded);
        let mut start = None;
        loop {
            // The item at the position itself is read once more, and dropped.
            let missing = wanted - found.items.len() + usize::from(after.is_some());
            let limit = if stepped { budget.limit(missing) } else { missing };
            let request = query
                .clone()
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            let consumed = answer.consumed_capacity().and_then(ConsumedCapacity::capacity_units);
            budget.count(answer.scanned_count, consumed.unwrap_or_default());
            let items = answer.items.unwrap_or_default();
            found.add(range, items, after, wanted)?;
            if stepped {
                found.units = budget.consumed;
            }
            start = answer.last_evaluated_key;
            let Some(last) = &start else { return Ok(found) };
            if found.items.len() >= wanted {
                return Ok(found);
            }
            if stepped && budget.is_used_up() {
                found.stopped_at = Some(range.key(last)?);
                return Ok(found);
            }
        }
    }
}

impl Found {
    /// Adds items up to `wanted`, without the one at the key `after`.
    fn add(
        &mut self,
        range: &Range,
        items: Vec<Item>,
        after: Option<&str>,
        wanted: usize,
    ) -> Result<(), Error> {
        for item in items {
            let key = range.key(&item)?;
            if after != Some(key.as_str()) && self.items.len() < wanted {
                self.items.push((key, upgraded(item)?));
            }
        }
        Ok(())
    }
}

/// The read units of a range, and the sizes of the queries that read it.
struct ReadBudget {
    units: f64,
    consumed: f64,
    scanned: f64,
    factor: f64,
    first_estimate: f64,
}

impl ReadBudget {
    fn new(units: f64, large_items: bool) -> Self {
        let first_estimate = if large_items { UNITS_PER_LARGE_ITEM } else { UNITS_PER_ITEM };
        Self { units, consumed: 0.0, scanned: 0.0, factor: 1.0, first_estimate }
    }

    /// The number of items to read next: four times as many with each query, as far as the read
    /// units suffice for items of the average size so far.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100 / 0.125")]
    fn limit(&mut self, missing: usize) -> usize {
        let missing = f64::from(u32::try_from(missing).unwrap_or(u32::MAX));
        let grown = missing * self.factor;
        self.factor *= 4.0;
        let left = (self.units - self.consumed) / self.units_per_item();
        grown.min(left).max(1.0) as usize
    }

    fn count(&mut self, scanned: i32, consumed: f64) {
        self.scanned += f64::from(scanned);
        self.consumed += consumed;
    }

    fn units_per_item(&self) -> f64 {
        if self.scanned > 0.0 { self.consumed / self.scanned } else { self.first_estimate }
    }

    /// Whether the remaining units suffice for fewer than ten items.
    fn is_used_up(&self) -> bool {
        self.units - self.consumed < 10.0 * self.units_per_item()
    }
}

/// The merged items of several ranges, up to the first key at which a range stopped.
pub(super) struct Merged {
    pub(super) items: Vec<(String, Item)>,
    /// The key up to which the items are complete, if a range stopped.
    pub(super) complete_to: Option<String>,
    /// The read units that filtered and bounded ranges consumed.
    pub(super) units: f64,
}

impl Merged {
    fn of(found: Vec<Found>, direction: Direction) -> Self {
        let (mut items, mut stops, mut units) = (Vec::new(), Vec::new(), 0.0);
        for range in found {
            units += range.units;
            items.extend(range.items);
            stops.extend(range.stopped_at);
        }
        items.sort_by(|(one, _), (other, _)| direction.compare(one, other));
        let complete_to = stops.into_iter().min_by(|one, other| direction.compare(one, other));
        if let Some(end) = &complete_to {
            items.retain(|(key, _)| direction.compare(key, end).is_le());
        }
        Self { items, complete_to, units }
    }

    /// The first `limit` items, and the position in `part` at which the ranges continue.
    pub(super) fn slice(mut self, limit: usize, part: u8) -> Slice<Item> {
        let key = if self.items.len() > limit {
            self.items.truncate(limit);
            self.items.last().map(|(key, _)| key.clone())
        } else {
            self.complete_to
        };
        let items = self.items.into_iter().map(|(_, item)| item).collect();
        Slice { items, next: key.map(|key| Position { part, key }) }
    }
}

#[cfg(test)]
#[path = "tests/range.rs"]
mod tests;
