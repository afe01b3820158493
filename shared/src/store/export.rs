//! All users that a list shows, from beginning to end, each read once; and the event of an export.

use std::collections::VecDeque;

use futures_util::future::try_join_all;
use serde_json::Value;

use super::{
    Error, ListedUser, Position, Store, Transaction, UserFilter,
    item::Item,
    range::{Found, MAX_FILTER_UNITS, Range},
};
use crate::domain::{Event, EventAction, Standing, Target, TargetKind, Version};

/// The most users that are read ahead, in all ranges together. It bounds the memory.
const AHEAD: usize = 4_000;

/// All users that a filter shows, in the order of the list.
///
/// A page of the list reads each range as far as the page could need it, and drops the rest. The
/// stream keeps what it has read.
pub struct UserStream<'a> {
    store: &'a Store,
    filter: &'a UserFilter,
    readers: Vec<RangeReader>,
    next: Option<Position>,
}

/// A range, and what was read of it.
struct RangeReader {
    range: Range,
    ahead: VecDeque<(String, Item)>,
    after: Option<String>,
    ended: bool,
}

impl Store {
    /// All users that a filter shows.
    pub fn user_stream<'a>(&'a self, filter: &'a UserFilter) -> UserStream<'a> {
        UserStream { store: self, filter, readers: vec![], next: Some(Position::new("")) }
    }
}

impl Transaction<'_> {
    /// Records an export (U4, SUB6). An operator has no membership to check again (OP1).
    ///
    /// # Errors
    ///
    /// The refusals of `still_held`.
    pub fn record_export(self, actor: &Standing, exported: Value) -> Result<Self, Error> {
        let version = Version::first(self.context.at, None);
        let target = Target::new(TargetKind::MemberExport, &actor.org.id(), version);
        let event = Event::new(self.context, &actor.org, EventAction::MembersExported, target)
            .new_value(exported);
        let writes = if actor.member.is_some() { self.still_held(actor)? } else { self };
        writes.record(event)
    }
}

impl UserStream<'_> {
    /// The next users in order; none at the end. The list can be empty before the end, if a filter
    /// dropped all that was read.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<ListedUser>>, Error> {
        if self.readers.iter().all(RangeReader::is_exhausted) {
            let Some(position) = self.next.take() else { return Ok(None) };
            let step = self.store.part_step(self.filter, &position).await?;
            let after = Some(position.key).filter(|key| !key.is_empty());
            let reader = |range| RangeReader::new(range, after.clone());
            self.readers = step.ranges.into_iter().map(reader).collect();
            self.next = step.next;
        }
        let store = self.store;
        let share = (AHEAD / self.readers.len().max(1)).clamp(40, 1_000);
        let waiting =
            self.readers.iter_mut().filter(|reader| reader.ahead.is_empty() && !reader.ended);
        try_join_all(waiting.map(|reader| reader.read(store, share))).await?;
        let ready = self.ready().into_iter().map(|(_, item)| ListedUser::of(item));
        ready.collect::<Result<_, _>>().map(Some)
    }

    /// The users before everything that was not read yet.
    fn ready(&mut self) -> Vec<(String, Item)> {
        let direction = self.filter.order.direction;
        let unread = self.readers.iter().filter(|reader| !reader.ended);
        let horizon = unread
            .filter_map(|reader| reader.after.clone())
            .min_by(|one, other| direction.compare(one, other));
        let mut ready = Vec::new();
        for reader in &mut self.readers {
            let is_ready = |(key, _): &(String, Item)| {
                horizon.as_ref().is_none_or(|horizon| direction.compare(key, horizon).is_le())
            };
            let count = reader.ahead.partition_point(is_ready);
            ready.extend(reader.ahead.drain(..count));
        }
        ready.sort_by(|(one, _), (other, _)| direction.compare(one, other));
        ready
    }
}

impl RangeReader {
    fn new(range: Range, after: Option<String>) -> Self {
        Self { range, ahead: VecDeque::new(), after, ended: false }
    }

    fn is_exhausted(&self) -> bool {
        self.ended && self.ahead.is_empty()
    }

    /// Reads on, up to `most` users.
    async fn read(&mut self, store: &Store, most: usize) -> Result<(), Error> {
        let after = self.after.as_deref();
        let Found { items, stopped_at, .. } =
            store.read(&self.range, after, most, MAX_FILTER_UNITS).await?;
        self.ended = stopped_at.is_none() && items.len() < most;
        let read_to = stopped_at.or_else(|| items.last().map(|(key, _)| key.clone()));
        self.after = read_to.or_else(|| self.after.take());
        self.ahead.extend(items);
        Ok(())
    }
}
