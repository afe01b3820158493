//! Looking into an organization's history (ORG5).

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use jiff::{SignedDuration, Timestamp};

use super::{
    Error, Key, Listing, Store, Window,
    expression::{Expression, Terms},
    item::{from_item, number, text},
    keys,
    meter::Meter,
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

/// How much is read at once where a filter may drop most of it.
const SIEVED: usize = 500;
/// How often at most a history is read on for one page; the page is short then, and its cursor goes
/// on from there.
const SIEVINGS: usize = 8;
/// How long the keys of events are.
const KEY: usize = 26;
/// After every key that could follow in a range.
const LAST: char = '\u{10FFFF}';

impl Store {
    /// An organization's history, newest first, without what has passed its retention. A position
    /// in it is the key of an event.
    ///
    /// Times are a range of keys. The other filters sieve that range: a page is short where few
    /// fit, and its cursor goes on.
    pub async fn events(
        &self,
        org: OrgId,
        filter: EventFilter<'_>,
        now: Timestamp,
        Window { limit, after }: Window<'_>,
    ) -> Result<Listing<Event>, Error> {
        let [oldest, mut newest] = filter.bounds();
        if let Some(after) = after {
            newest = newest.min(before(after));
        }
        let sieve = filter.sieve();
        let step = if sieve.text.is_empty() { limit + 1 } else { SIEVED };
        let kept = Expression::new("#ttl > :now", [("now", number(now.as_second()))]).and(sieve);
        let (mut items, mut next) = (Vec::new(), None);
        for _ in 0..SIEVINGS {
            // DynamoDB takes no range that ends before it begins.
            if newest < oldest {
                return Ok(Listing { items, next: None });
            }
            let (found, last) = self.entries(org, [&oldest, &newest], kept.clone(), step).await?;
            items.extend(found);
            if items.len() > limit {
                items.truncate(limit);
                let next = items.last().map(|event: &Event| event.id.bare());
                return Ok(Listing { items, next });
            }
            let Some(last) = last else { return Ok(Listing { items, next: None }) };
            newest = before(&last.sk);
            next = Some(last.sk);
        }
        Ok(Listing { items, next })
    }

    /// One read of a history downwards, and where it stopped, if there is more.
    async fn entries(
        &self,
        org: OrgId,
        [oldest, newest]: [&String; 2],
        filter: Expression,
        step: usize,
    ) -> Result<(Vec<Event>, Option<Key>), Error> {
        let range = Expression::new(
            "#pk = :history AND #sk BETWEEN :oldest AND :newest",
            [
                ("history", text(keys::events(org))),
                ("oldest", text(oldest)),
                ("newest", text(newest)),
            ],
        );
        let mut terms = Terms::default();
        let (range, filter) = (terms.take(range), terms.take(filter));
        let (names, values) = terms.parts();
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(range)
            .filter_expression(filter)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .scan_index_forward(false)
            .limit(i32::try_from(step).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
        Meter::read(answer.consumed_capacity());
        let items = answer.items.unwrap_or_default().into_iter();
        let found = items.map(from_item).collect::<Result<_, _>>()?;
        let last = answer.last_evaluated_key.map(|last| Key::of_item(&last)).transpose()?;
        Ok((found, last))
    }
}

/// The last text before `key`, among those that could be keys. What is longer than a key is forged,
/// and might be longer than DynamoDB takes.
fn before(key: &str) -> String {
    let key: String = key.chars().take(KEY).collect();
    let mut start = key.chars();
    let below = start.next_back().and_then(|last| char::from_u32(u32::from(last).checked_sub(1)?));
    let start = start.as_str();
    below.map_or_else(|| start.to_owned(), |below| format!("{start}{below}{LAST}"))
}

impl EventFilter<'_> {
    /// The keys of the time asked for: the oldest and the newest. Keys tell milliseconds: the first
    /// that is not too early, and the last that is not too late.
    fn bounds(&self) -> [String; 2] {
        let (from, to) = (self.from.unwrap_or_default(), self.to.unwrap_or(Timestamp::MAX));
        let oldest = from.saturating_add(SignedDuration::from_nanos(999_999)).unwrap_or(from);
        let newest = to.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(to);
        [EventId::new(oldest, 0).bare(), EventId::new(newest, u128::MAX).bare()]
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{in_days, now};

    #[test]
    fn before_a_key_are_all_smaller_keys_and_not_itself() {
        let keys: Vec<String> = (0..2_000).map(|n| EventId::new(now(), n * 7).bare()).collect();
        for pair in keys.windows(2) {
            let (one, two) = (&pair[0], &pair[1]);
            assert!(before(two) >= *one && before(two) < *two, "{one} {two}");
        }
        for odd in ["", "\0", "0", "\u{e000}", &"x".repeat(1_400), &"ü".repeat(700)] {
            let below = before(odd);
            assert!(below.as_str() <= odd && below.len() < 200, "{odd:?}");
        }
    }

    #[test]
    fn a_time_is_a_range_of_keys_with_its_beginning_and_without_its_end() {
        let actions = BTreeSet::new();
        let (from, to) = (Some(now()), Some(in_days(1)));
        let filter = EventFilter { from, to, actor: None, actions: &actions, target: None };
        let [oldest, newest] = filter.bounds();
        let inside = |at: Timestamp, rest: u128| {
            let key = EventId::new(at, rest).bare();
            oldest <= key && key <= newest
        };
        let millisecond = SignedDuration::from_millis(1);
        assert!(inside(now(), 0) && inside(in_days(1) - millisecond, u128::MAX));
        assert!(!inside(now() - millisecond, u128::MAX) && !inside(in_days(1), 0));
        let any = EventFilter { from: None, to: None, ..filter };
        assert_eq!(any.bounds()[0], "0".repeat(26));
    }
}
