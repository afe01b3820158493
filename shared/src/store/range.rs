//! Reading ranges: a page of a list is one range of one partition, or a merge of a few, read side by
//! side. What is listed where is not known here.
//!
//! A position in a list is the sort key of the last item seen. It only ever narrows a range that
//! the caller was authorized for, so a forged one can reach nothing else.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;

use super::{
    Error, Store,
    expression::{Expression, ExpressionValues},
    item::{Item, from_item, text},
    keys,
    meter::Meter,
};

/// How much is read at once where a filter may drop most of it, all ranges of a page together.
const SIEVED: usize = 500;
/// How often at most a filtered range is read on for one page; the page is short then, and its
/// cursor goes on from there.
const SIEVINGS: u32 = 8;
/// No key of ours has more bytes, and DynamoDB takes few more.
const LONGEST_KEY: usize = 1_000;
/// After every key that could follow in a range.
pub(super) const LAST: char = '\u{10FFFF}';

/// Which part of a list a client wants.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<'a> {
    /// At most so many.
    pub limit: usize,
    /// Only what comes after this position.
    pub after: Option<&'a str>,
}

impl<'a> PageRequest<'a> {
    /// What of it lies in one part of a list, whose positions begin alike: nothing, if it begins
    /// after all of them.
    pub(super) fn of_part(self, part: &str) -> Option<PageRequest<'a>> {
        let Some(after) = self.after else { return Some(self) };
        match after.strip_prefix(part) {
            Some(rest) => Some(Self { after: Some(rest), ..self }),
            None if after < part => Some(Self { after: None, ..self }),
            None => None,
        }
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Slice<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// The position where it goes on, if it does.
    pub next: Option<String>,
}

impl<T> Slice<T> {
    /// Nothing, and nothing more.
    pub(super) fn empty() -> Self {
        Self { items: vec![], next: None }
    }
}

/// A range of sort keys in one partition of the table or an index.
pub(super) struct Range {
    index: Option<&'static str>,
    hash: (&'static str, String),
    sort: &'static str,
    prefix: String,
    since: Option<String>,
    until: Option<String>,
    filter: Expression,
    step: usize,
    alike: bool,
    newest_first: bool,
}

/// What was found in one range: items with their positions, and where the reading was given up
/// before it had as many as wanted.
pub(super) type FetchedItems = (Vec<(String, Item)>, Option<String>);

impl Range {
    pub(super) fn of_index(index: &'static str, hash: String, prefix: String) -> Self {
        let (name, sort) = match index {
            "identity" => ("identity", "pk"),
            "tree_since" => ("tree", "since"),
            "group_since" => ("group", "since"),
            "tree_prefix" => ("tree", "prefix"),
            "group_prefix" => ("group", "prefix"),
            branch if keys::BRANCHES.contains(&branch) => (branch, "prefix"),
            other => (other, "place"),
        };
        let range = Self::of_table(hash, "");
        Self { index: Some(index), hash: (name, range.hash.1), sort, prefix, ..range }
    }

    pub(super) fn of_table(pk: String, prefix: &str) -> Self {
        Self {
            index: None,
            hash: ("pk", pk),
            sort: "sk",
            prefix: prefix.to_owned(),
            since: None,
            until: None,
            filter: Expression::default(),
            step: 0,
            alike: false,
            newest_first: false,
        }
    }

    /// Only what passes `filter`, which is asked of each item that is read.
    pub(super) fn where_(self, filter: Expression) -> Self {
        Self { filter, ..self }
    }

    /// Reads at least so many at once where it has a filter: a short range in one go.
    pub(super) fn in_steps_of(self, step: usize) -> Self {
        Self { step, ..self }
    }

    /// Either all of it passes its filter, or nothing: where the first do not, no more are read.
    pub(super) fn alike(self) -> Self {
        Self { alike: true, ..self }
    }

    /// Nothing before the one position, and nothing after the other.
    pub(super) fn between(self, since: String, until: String) -> Self {
        Self { since: Some(since), until: Some(until), ..self }
    }

    /// Nothing after this position.
    pub(super) fn until(self, until: Option<String>) -> Self {
        Self { until, ..self }
    }

    /// From its end.
    pub(super) fn newest_first(self) -> Self {
        Self { newest_first: true, ..self }
    }

    /// The keys of this range that come after a position: none if it lies behind them all.
    fn condition(&self, after: Option<&str>) -> Option<Expression> {
        let (mut from, mut end) = (self.prefix.clone(), format!("{}{LAST}", self.prefix));
        if let Some(since) = &self.since {
            from = from.max(since.clone());
        }
        if let Some(until) = self.until.as_deref().map(fitting) {
            end = end.min(until.to_owned());
        }
        match after.map(fitting) {
            Some(after) if self.newest_first => end = end.min(before(after)),
            // Nothing but the position itself sorts before this: keys do not hold U+0001.
            Some(after) if after >= from.as_str() => from = format!("{after}\u{1}"),
            Some(_) | None => {}
        }
        if from > end {
            return None;
        }
        let sorted = match (from.is_empty(), after) {
            (true, None) => Expression::new("#hash = :hash", []),
            (true, Some(_)) => {
                Expression::new("#hash = :hash AND #sort <= :end", [("end", text(end))])
            }
            _ => Expression::new(
                "#hash = :hash AND #sort BETWEEN :from AND :end",
                [("from", text(from)), ("end", text(end))],
            ),
        };
        let hash = Expression::new("", [("hash", text(self.hash.1.clone()))]);
        Some(hash.and_values(sorted).naming("hash", self.hash.0).naming("sort", self.sort))
    }
}

/// The last text before `key`, among those that could be keys.
fn before(key: &str) -> String {
    let mut start = key.chars();
    let last = start.next_back().and_then(|last| char::from_u32(u32::from(last).checked_sub(1)?));
    let start = start.as_str();
    last.map_or_else(|| start.to_owned(), |last| format!("{start}{last}{LAST}"))
}

/// As much of a position as a key condition takes: nothing is cut but what was forged.
fn fitting(after: &str) -> &str {
    let ends = after.char_indices().map(|(at, _)| at).chain([after.len()]);
    let end = ends.take_while(|end| *end <= LONGEST_KEY).last();
    end.and_then(|end| after.get(..end)).unwrap_or_default()
}

impl Store {
    /// A page of the ranges, merged in the order of their sort keys.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        ranges: Vec<Range>,
        window: PageRequest<'_>,
    ) -> Result<Slice<T>, Error> {
        let newest_first = ranges.iter().any(|range| range.newest_first);
        self.merged(&ranges, window).await?.cut(window, newest_first).parsed()
    }

    /// What the ranges hold of a window, and perhaps some more, each with its position; `next` is
    /// where the first of them was given up.
    pub(super) async fn merged(
        &self,
        ranges: &[Range],
        PageRequest { limit, after }: PageRequest<'_>,
    ) -> Result<Slice<(String, Item)>, Error> {
        let share = (SIEVED / ranges.len().max(1)).max(1);
        let reads = ranges.iter().map(|range| self.read(range, after, limit + 1, share));
        let mut all = Slice::empty();
        for (range, (items, stopped)) in ranges.iter().zip(try_join_all(reads).await?) {
            all.items.extend(items);
            all.next = match (all.next, stopped) {
                (Some(one), Some(other)) if range.newest_first => Some(one.max(other)),
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        Ok(all)
    }

    /// Up to `most` items of a range. Where a filter drops many, it reads in ever larger steps, up
    /// to `share` items at once.
    pub(super) async fn read(
        &self,
        range: &Range,
        after: Option<&str>,
        most: usize,
        share: usize,
    ) -> Result<FetchedItems, Error> {
        let mut found = Vec::new();
        let mut after = after.map(ToOwned::to_owned);
        for nth in 0..SIEVINGS {
            let Some(condition) = range.condition(after.as_deref()) else {
                return Ok((found, None));
            };
            let mut terms = ExpressionValues::default();
            let condition = terms.take(condition);
            let filter = terms.take(range.filter.clone());
            let (names, values) = terms.parts();
            let missing = most.saturating_sub(found.len());
            let step = if filter.is_empty() {
                missing
            } else {
                let grown = missing.saturating_mul(4_usize.saturating_pow(nth));
                grown.min(share).max(range.step)
            };
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .set_index_name(range.index.map(ToOwned::to_owned))
                .key_condition_expression(condition)
                .set_filter_expression((!filter.is_empty()).then_some(filter))
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .scan_index_forward(!range.newest_first)
                .limit(i32::try_from(step).unwrap_or(i32::MAX))
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            for item in answer.items.unwrap_or_default() {
                found.push((position(&item, range.sort)?, item));
            }
            let Some(last) = answer.last_evaluated_key else { return Ok((found, None)) };
            if range.alike && found.is_empty() {
                return Ok((found, None));
            }
            if found.len() >= most {
                found.truncate(most);
                return Ok((found, None));
            }
            after = Some(position(&last, range.sort)?);
        }
        Ok((found, after))
    }
}

impl<T> Slice<(String, T)> {
    /// Both, known as far as the one that was given up first.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.items.extend(other.items);
        self.next = match (self.next, other.next) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self
    }

    /// The window's part of what was found, in order.
    pub(super) fn cut(
        mut self,
        PageRequest { limit, .. }: PageRequest<'_>,
        newest_first: bool,
    ) -> Self {
        self.items.sort_by(|(one, _), (other, _)| one.cmp(other));
        if newest_first {
            self.items.reverse();
        }
        if let Some(horizon) = &self.next {
            // Beyond the place where one range stopped early, nothing is known of it.
            self.items.retain(|(at, _)| if newest_first { at >= horizon } else { at <= horizon });
        }
        if self.items.len() > limit {
            self.items.truncate(limit);
            self.next = self.items.last().map(|(at, _)| at.clone());
        }
        self
    }
}

impl Slice<(String, Item)> {
    /// The window's part of what was found, in the order of another sort key.
    pub(super) fn sorted_by(
        self,
        name: &str,
        window: PageRequest<'_>,
        newest_first: bool,
    ) -> Result<Self, Error> {
        let comes = |at: &str| match window.after {
            None => true,
            Some(after) if newest_first => at < after,
            Some(after) => at > after,
        };
        let placed = self.items.into_iter().map(|(_, item)| Ok((position(&item, name)?, item)));
        let mut items = placed.collect::<Result<Vec<_>, Error>>()?;
        items.retain(|(at, _)| comes(at));
        Ok(Self { items, next: self.next }.cut(window, newest_first))
    }

    /// The values in the items.
    pub(super) fn parsed<T: DeserializeOwned>(self) -> Result<Slice<T>, Error> {
        let values = self.items.into_iter().map(|(_, item)| from_item(item));
        Ok(Slice { items: values.collect::<Result<_, _>>()?, next: self.next })
    }
}

fn position(item: &Item, name: &str) -> Result<String, Error> {
    let key = item.get(name).map(AttributeValue::as_s);
    let missing = || Error::Broken(format!("a listed item has no `{name}`"));
    key.and_then(Result::ok).cloned().ok_or_else(missing)
}

#[cfg(test)]
#[path = "tests/range.rs"]
mod tests;
