//! Looking into an organization's history (ORG5).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    Error, PageRequest, Slice, Store,
    expression::Expression,
    item::{number, text},
    keys,
    range::Range,
};
use crate::domain::{Event, EventAction, EventId, OrgId};

/// Which events a list shows: those for which all of it holds.
#[derive(Clone, Copy, Debug)]
pub struct EventFilter<'a> {
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// By this person.
    pub actor: Option<&'a str>,
    /// Of these actions; of any, if none is named.
    pub actions: &'a BTreeSet<EventAction>,
    /// To what has this id.
    pub target: Option<&'a str>,
}

impl Store {
    /// An organization's history, newest first, without what has passed its retention.
    ///
    /// Times are a range of keys. The other filters sieve that range: a page is short where few
    /// fit, and its cursor goes on.
    pub async fn events(
        &self,
        org: OrgId,
        filter: EventFilter<'_>,
        now: Timestamp,
        window: PageRequest<'_>,
    ) -> Result<Slice<Event>, Error> {
        // Keys tell milliseconds: the first that is not earlier, and the last that is.
        let (from, to) = (filter.from.unwrap_or_default(), filter.to.unwrap_or(Timestamp::MAX));
        let oldest = from.saturating_add(SignedDuration::from_nanos(999_999)).unwrap_or(from);
        let newest = to.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(to);
        let [newest, oldest] =
            [(newest, u128::MAX), (oldest, 0)].map(|(at, rest)| EventId::new(at, rest).bare());
        let kept = Expression::new("#ttl > :now", [("now", number(now.as_second()))]);
        let range = Range::of_table(keys::events(org), "")
            .between(oldest, newest)
            .newest_first()
            .where_(kept.and(filter.sieve()));
        self.page(vec![range], window).await
    }
}

impl EventFilter<'_> {
    /// What is not a matter of time.
    fn sieve(&self) -> Expression {
        let by = self
            .actor
            .map(|sub| Expression::new("#actor.#user_id = :actor", [("actor", text(sub))]));
        let to =
            self.target.map(|id| Expression::new("#target.#id = :target", [("target", text(id))]));
        let of = self.actions.iter().enumerate().map(|(nth, action)| {
            let name = format!("action{nth}");
            let is = format!("#action = :{name}");
            Expression::new(&is, [(name.as_str(), text(action.key()))])
        });
        let of = of.fold(Expression::default(), Expression::or);
        // The last, because it may be an "or".
        by.into_iter().chain(to).chain([of]).fold(Expression::default(), Expression::and)
    }
}
