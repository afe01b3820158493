//! The invitations that end soon, whose invitees get a mail before (INV5).
//!
//! `by_due` holds every invitation by its end, so those that end soon are a range of each shard. An item
//! remembers how far earlier runs have read: each run reads only what came near its end since. Like a
//! mark, it is written without an event.

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Error, Key, Store,
    expression::Expression,
    index,
    item::{from_item, number, time, to_item},
    transaction::or,
};
use crate::domain::{Invitation, REMINDED_BEFORE, Refusal, RequestContext};

/// How far the first run reads back, and one after a long pause. Reminders of a longer pause are left
/// out.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24);

/// Invitations that end soon.
#[derive(Clone, Debug)]
pub struct Expiring {
    /// The invitations, as the index has them.
    pub invitations: Vec<Invitation>,
    /// The end of the last one that was read, from which the next run continues.
    pub read_until: Timestamp,
}

/// How far runs have come.
#[derive(Serialize, Deserialize)]
struct ReadUntil {
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    read_until: Timestamp,
}

impl Store {
    /// The invitations that came near their end since the last run, at most `most` a shard.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn expiring(&self, now: Timestamp, most: u16) -> Result<Expiring, Error> {
        let key = Key::reminders();
        let last: Option<ReadUntil> = self.fetch(vec![key.clone()]).await?.get(&key)?;
        let to = now.saturating_add(REMINDED_BEFORE).unwrap_or(Timestamp::MAX);
        let earliest = to.saturating_sub(LOOKED_BACK).unwrap_or(to);
        let from = last.map_or(earliest, |last| last.read_until.max(earliest));
        let shards = (0..index::DUE_SHARDS).map(|shard| self.expiring_in(shard, from, to, most));
        let mut all = Expiring { invitations: vec![], read_until: to };
        for Expiring { invitations, read_until } in try_join_all(shards).await? {
            all.invitations.extend(invitations);
            all.read_until = all.read_until.min(read_until);
        }
        Ok(all)
    }

    /// Records that the invitations up to `read_until` were handled.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn reminded_until(
        &self,
        context: &RequestContext,
        read_until: Timestamp,
    ) -> Result<(), Error> {
        let key = Key::reminders();
        let mut item = to_item(key.clone(), &ReadUntil { read_until }, vec![])?;
        // Without it, a run looks back.
        item.insert("ttl".to_owned(), number(read_until.as_second()));
        let later = Expression::new(
            "attribute_not_exists(#pk) OR #read_until < :read_until",
            [("read_until", time(read_until))],
        );
        let write =
            self.transaction(context).put(key, item, later, or(Refusal::ChangedConcurrently));
        match write.commit(&()).await {
            // Another run has come further.
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn expiring_in(
        &self,
        shard: u8,
        from: Timestamp,
        to: Timestamp,
        most: u16,
    ) -> Result<Expiring, Error> {
        let found = self.due_within(&index::due(shard), from..=to, most).await?;
        // The other items are roles that are being deleted.
        let invitations = found.items.into_iter().filter(|item| item.contains_key("send_count"));
        let invitations = invitations.map(from_item::<Invitation>).collect::<Result<_, _>>()?;
        let read_until = match found.stopped_at {
            None => to,
            // What ends in the same millisecond is read again.
            Some(last) if last > from => last,
            // More of one millisecond than a run handles: the rest is left out.
            Some(last) => last.saturating_add(SignedDuration::from_millis(1)).unwrap_or(to),
        };
        Ok(Expiring { invitations, read_until })
    }
}
