//! Everything that a list of users shows, from its beginning to its end, each entry read once; and
//! the trace of having handed it out.

use std::collections::VecDeque;

use futures_util::future::try_join_all;
use serde_json::Value;

use super::{
    Error, Store, User, UserFilter,
    item::{Item, from_item},
    range::Range,
    user_search::Part,
};
use crate::domain::{Event, EventAction, RequestContext, Standing, Target, TargetKind, Version};

/// How many entries are read ahead, in all ranges together: what is held in memory is bounded.
const AHEAD: usize = 4_000;

/// A walk through all users that a filter shows, in the order of the list.
///
/// A page of the list reads every range as far as the page might need it, and drops the rest. A
/// walk to the end would pay for that with every page, so this keeps what it has read.
pub struct UserStream<'a> {
    store: &'a Store,
    filter: &'a UserFilter,
    lanes: Vec<RangeReader>,
    next: Option<Part>,
}

/// One range, and how far it has been read.
struct RangeReader {
    range: Range,
    ahead: VecDeque<(String, Item)>,
    after: Option<String>,
    ended: bool,
}

impl Store {
    /// Starts a walk through the users that a filter shows.
    #[must_use]
    pub fn sweep<'a>(&'a self, filter: &'a UserFilter) -> UserStream<'a> {
        UserStream { store: self, filter, lanes: vec![], next: Some(Part::First) }
    }

    /// Records that users were handed out in a file (U4, SUB6), while the actor still holds what
    /// let them ask. An operator holds nothing that could be lost (OP1).
    pub async fn record_export(
        &self,
        context: &RequestContext,
        actor: &Standing,
        told: Value,
    ) -> Result<(), Error> {
        let version = Version::first(context.at, None);
        let target = Target::new(TargetKind::MemberExport, &actor.org.id(), version);
        let event =
            Event::new(context, &actor.org, EventAction::MembersExported, target).new_value(told);
        let mut writes = self.transaction(context);
        if actor.member.is_some() {
            writes = writes.still_held(actor)?;
        }
        writes.record(event)?.commit(&()).await.map(drop)
    }
}

impl UserStream<'_> {
    /// The next users, in order; none at the end. There may be none of them before the end, where
    /// a filter dropped all that was read.
    pub async fn next(&mut self) -> Result<Option<Vec<User>>, Error> {
        if self.lanes.iter().all(RangeReader::is_spent) {
            let Some(part) = self.next.take() else { return Ok(None) };
            let (ranges, next) = self.store.part(self.filter, part).await?;
            self.lanes = ranges.into_iter().map(RangeReader::new).collect();
            self.next = next;
        }
        let (store, share) = (self.store, (AHEAD / self.lanes.len().max(1)).clamp(40, 1_000));
        let waiting = self.lanes.iter_mut().filter(|lane| lane.ahead.is_empty() && !lane.ended);
        try_join_all(waiting.map(|lane| lane.read(store, share))).await?;
        let ready = self.ready().into_iter().map(|(_, item)| from_item(item));
        ready.collect::<Result<_, _>>().map(Some)
    }

    /// What comes before everything that has not been read yet.
    fn ready(&mut self) -> Vec<(String, Item)> {
        let descending = self.filter.order.descending;
        let unread = self.lanes.iter().filter(|lane| !lane.ended);
        let unread = unread.filter_map(|lane| lane.after.clone());
        let horizon = if descending { unread.max() } else { unread.min() };
        let mut ready = Vec::new();
        for lane in &mut self.lanes {
            let count = match &horizon {
                Some(horizon) if descending => lane.ahead.partition_point(|(at, _)| at >= horizon),
                Some(horizon) => lane.ahead.partition_point(|(at, _)| at <= horizon),
                None => lane.ahead.len(),
            };
            ready.extend(lane.ahead.drain(..count));
        }
        ready.sort_by(|(one, _), (other, _)| one.cmp(other));
        if descending {
            ready.reverse();
        }
        ready
    }
}

impl RangeReader {
    fn new(range: Range) -> Self {
        Self { range, ahead: VecDeque::new(), after: None, ended: false }
    }

    fn is_spent(&self) -> bool {
        self.ended && self.ahead.is_empty()
    }

    /// Reads on, up to `most` entries.
    async fn read(&mut self, store: &Store, most: usize) -> Result<(), Error> {
        let (found, stopped) = store.read(&self.range, self.after.as_deref(), most, most).await?;
        self.ended = stopped.is_none() && found.len() < most;
        self.after = stopped.or_else(|| found.last().map(|(at, _)| at.clone()));
        self.ahead.extend(found);
        Ok(())
    }
}
