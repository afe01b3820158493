//! What ends soon, and has a mail before: invitations (INV5), and the access of members (END1).
//!
//! `by_due` holds both by their end, so those that end soon are a range of each shard. An item of
//! each kind remembers how far earlier runs have read: each run reads only what came near its end
//! since. Like the mark of a mail, it is written without an event.
//!
//! The end of access can be set nearer than that. So a run also reads the members before this
//! range, and keeps those that were changed since.

use std::ops::RangeInclusive;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Error, Key, Reminded, Store,
    expression::Expression,
    index,
    item::{Item, expire_at, from_item, time, to_item},
    step::refuse,
};
use crate::domain::{
    ACCESS_REMINDED_BEFORE, Invitation, Member, REMINDED_BEFORE, Refusal, RequestContext,
};

/// How far the first run reads back, and one after a long pause. Reminders of invitations of a
/// longer pause are left out.
const LOOKED_BACK: SignedDuration = SignedDuration::from_hours(24);
/// More than the time between the arrival of a request and its commit.
const LATE: SignedDuration = SignedDuration::from_mins(1);

impl Reminded {
    /// How long before the end the mail is sent.
    fn before(self) -> SignedDuration {
        match self {
            Self::Invitations => REMINDED_BEFORE,
            Self::Members => ACCESS_REMINDED_BEFORE,
        }
    }

    /// How far the first run reads back. Members have their mail until their access ends.
    fn looked_back(self) -> SignedDuration {
        match self {
            Self::Invitations => LOOKED_BACK,
            Self::Members => self.before(),
        }
    }

    /// Whether an item of the index is of this kind. Others are roles that are being deleted.
    fn has(self, item: &Item) -> bool {
        match self {
            Self::Invitations => item.contains_key("send_count"),
            Self::Members => Key::of_item(item).is_ok_and(|key| key.is_member()),
        }
    }
}

/// What ends soon.
#[derive(Clone, Debug)]
pub struct Expiring<T> {
    /// As the index has them.
    pub items: Vec<T>,
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
    pub async fn expiring(&self, now: Timestamp, most: u16) -> Result<Expiring<Invitation>, Error> {
        let window = self.unread(Reminded::Invitations, now).await?;
        self.ending_soon(Reminded::Invitations, window, most).await
    }

    /// The members whose access has come near its end since the last run, or got a nearer end
    /// since, at most `most` a shard.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn ending_access(
        &self,
        now: Timestamp,
        most: u16,
    ) -> Result<Expiring<Member>, Error> {
        let window = self.unread(Reminded::Members, now).await?;
        let nearer = now..=*window.start();
        let mut soon: Expiring<Member> = self.ending_soon(Reminded::Members, window, most).await?;
        soon.items.extend(self.ending_sooner(nearer).await?);
        Ok(soon)
    }

    /// The members whose access ends within `nearer`, of the ends that earlier runs have read, and
    /// who were changed since the last run.
    async fn ending_sooner(&self, nearer: RangeInclusive<Timestamp>) -> Result<Vec<Member>, Error> {
        let last_run = nearer.end().saturating_sub(Reminded::Members.before());
        let since = last_run.and_then(|at| at.saturating_sub(LATE)).unwrap_or(Timestamp::MIN);
        let due: Vec<_> = (0..index::DUE_SHARDS).map(index::due).collect();
        let shards = due.iter().map(|due| self.due_changed_since(due, nearer.clone(), since));
        let items = try_join_all(shards).await?.into_iter().flatten();
        items.filter(|item| Reminded::Members.has(item)).map(from_item).collect()
    }

    /// The ends that no run has read yet.
    async fn unread(
        &self,
        kind: Reminded,
        now: Timestamp,
    ) -> Result<RangeInclusive<Timestamp>, Error> {
        let key = Key::reminders(kind);
        let last: Option<ReadUntil> = self.fetch(vec![key.clone()]).await?.get(&key)?;
        let to = now.saturating_add(kind.before()).unwrap_or(Timestamp::MAX);
        let earliest = to.saturating_sub(kind.looked_back()).unwrap_or(to);
        let from = last.map_or(earliest, |last| last.read_until.max(earliest));
        Ok(from..=to)
    }

    async fn ending_soon<T: DeserializeOwned>(
        &self,
        kind: Reminded,
        window: RangeInclusive<Timestamp>,
        most: u16,
    ) -> Result<Expiring<T>, Error> {
        let shards =
            (0..index::DUE_SHARDS).map(|shard| self.ending_soon_in(kind, shard, &window, most));
        let mut all = Expiring { items: vec![], read_until: *window.end() };
        for Expiring { items, read_until } in try_join_all(shards).await? {
            all.items.extend(items);
            all.read_until = all.read_until.min(read_until);
        }
        Ok(all)
    }

    /// Records that what ends up to `read_until` was handled.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn reminded_until(
        &self,
        context: &RequestContext,
        kind: Reminded,
        read_until: Timestamp,
    ) -> Result<(), Error> {
        let key = Key::reminders(kind);
        let mut item = to_item(key.clone(), &ReadUntil { read_until }, vec![])?;
        // Without it, a run looks back.
        expire_at(&mut item, read_until);
        let later = Expression::new(
            "attribute_not_exists(#pk) OR #read_until < :read_until",
            [("read_until", time(read_until))],
        );
        let write =
            self.transaction(context).put(key, item, later, refuse(Refusal::ChangedConcurrently));
        match write.commit(&()).await {
            // Another run has come further.
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ending_soon_in<T: DeserializeOwned>(
        &self,
        kind: Reminded,
        shard: u8,
        window: &RangeInclusive<Timestamp>,
        most: u16,
    ) -> Result<Expiring<T>, Error> {
        let (from, to) = (*window.start(), *window.end());
        let found = self.due_within(&index::due(shard), from..=to, most).await?;
        let items = found.items.into_iter().filter(|item| kind.has(item));
        let items = items.map(from_item).collect::<Result<_, _>>()?;
        let read_until = match found.stopped_at {
            None => to,
            // What ends in the same millisecond is read again.
            Some(last) if last > from => last,
            // More of one millisecond than a run handles: the rest is left out.
            Some(last) => last.saturating_add(SignedDuration::from_millis(1)).unwrap_or(to),
        };
        Ok(Expiring { items, read_until })
    }
}
