//! Which mails were sent, and whether they came back. Each mail of an event has a *mark*: an item
//! which says that the mail is claimed or done. Each invitation has an item for its delivery.
//!
//! These are the writes without an event, because no rule depends on them. They are in partitions
//! of their own, so that IAM can confine their writer to them.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    Committed, Error, FetchedItems, Key, Store,
    expression::Expression,
    item::{Item, attribute, expire_at, number, time, to_item},
    step::{OnConditionFailed, Unmet, refuse},
    transaction::Transaction,
};
use crate::domain::{Delivery, DeliveryRecord, InvitationId, Refusal, RequestContext, Sending};

/// How long a mark is kept after its mail. Longer than both queues, of mails and of failed mails,
/// keep a message. So a message that is delivered again always meets its mark.
const MARKED: SignedDuration = SignedDuration::from_hours(24 * 21);
/// How long the delivery of an invitation is kept: longer than an invitation is open after it was
/// sent.
const DELIVERY_KEPT: SignedDuration = SignedDuration::from_hours(24 * 45);
/// How long a claim of a mail holds: longer than the function that sends runs.
pub const MAIL_CLAIM: SignedDuration = SignedDuration::from_secs(90);

/// The attribute of a claim that ends. A mark without it says that the mail is done.
const CLAIMED_UNTIL: &str = "claimed_until";

/// The answer to a claim of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller sends the mail.
    Granted,
    /// The mail was sent, or ended for good.
    Done,
    /// Another caller is sending it.
    Held,
}

impl FetchedItems {
    /// What is known of the mails of an invitation.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn delivery(&self, id: InvitationId) -> Result<Option<DeliveryRecord>, Error> {
        self.get(&Key::delivery(id))
    }
}

impl Store {
    /// Those of the mails that are done.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn done_mails(&self, marks: Vec<Key>) -> Result<HashSet<Key>, Error> {
        let found = self.fetch(marks).await?.items.into_iter();
        let done = found.filter(|(_, mark)| !mark.contains_key(CLAIMED_UNTIL));
        Ok(done.map(|(key, _)| key).collect())
    }

    /// Claims a mail, so that no two callers send it at the same time. The caller finishes or
    /// releases it; if the caller dies, the claim ends by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn claim_mail(&self, context: &RequestContext, mark: Key) -> Result<Claim, Error> {
        let item = claim(&mark, context.at, after(context.at, MAIL_CLAIM));
        let free = "attribute_not_exists(#pk) OR #claimed_until <= :now";
        let free = Expression::new(free, [("now", time(context.at))]);
        let taken: OnConditionFailed = Box::new(|mark| match mark {
            // An earlier run has sent it; there is no answer to keep.
            Some(mark) if !mark.contains_key(CLAIMED_UNTIL) => {
                Unmet::CommittedBefore(String::new())
            }
            _ => Refusal::ChangedConcurrently.into(),
        });
        match self.transaction(context).put(mark, item, free, taken).commit(&()).await {
            Ok(Committed::Now) => Ok(Claim::Granted),
            Ok(Committed::Before(_)) => Ok(Claim::Done),
            Err(Error::Refused(_)) => Ok(Claim::Held),
            Err(error) => Err(error),
        }
    }

    /// Ends the caller's claim of a mail that was not sent.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn release_mail(&self, context: &RequestContext, mark: Key) -> Result<(), Error> {
        let item = claim(&mark, context.at, context.at);
        let refused = refuse(Refusal::ChangedConcurrently);
        let release = self.transaction(context).put(mark, item, Expression::default(), refused);
        release.commit(&()).await.map(drop)
    }

    /// Records that a mail is done: sent, or ended for good. For the mail of an invitation,
    /// `sending` gets this `delivery`, unless more is known of it already.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn finish_mail(
        &self,
        context: &RequestContext,
        mark: Key,
        sending: Option<Sending>,
        delivery: Delivery,
    ) -> Result<(), Error> {
        let done = || {
            let item = self::mark(&mark, context.at);
            let refused = refuse(Refusal::ChangedConcurrently);
            self.transaction(context).put(mark.clone(), item, Expression::default(), refused)
        };
        if let Some(sending) = sending {
            match done().learn(sending, delivery)?.commit(&()).await {
                Err(Error::Refused(_)) => {}
                other => return other.map(drop),
            }
        }
        done().commit(&()).await.map(drop)
    }

    /// Records what the mail service reports of a sending. Reports can repeat and overtake each
    /// other. A report about an earlier sending changes nothing, and a failure of this sending
    /// stays.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn record_delivery(
        &self,
        context: &RequestContext,
        sending: Sending,
        delivery: Delivery,
    ) -> Result<(), Error> {
        match self.transaction(context).learn(sending, delivery)?.commit(&()).await {
            Ok(_) | Err(Error::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Transaction<'_> {
    /// Puts the delivery of a sending, if it is newer than the stored one.
    fn learn(self, sending: Sending, delivery: Delivery) -> Result<Self, Error> {
        let Sending { invitation, number: sending_number } = sending;
        let key = Key::delivery(invitation);
        let record = DeliveryRecord { sending_number, delivery };
        let mut item = to_item(key.clone(), &record, vec![])?;
        expire_at(&mut item, after(self.context.at, DELIVERY_KEPT));
        let newer = Expression::new(
            "attribute_not_exists(#pk) OR #sending < :sending",
            [("sending", number(sending_number))],
        );
        let newer = match delivery {
            Delivery::Waiting | Delivery::Sent => newer,
            Delivery::Bounced | Delivery::Suppressed => newer.or(Expression::new(
                "#sending = :same_sending AND #delivery = :sent",
                [("same_sending", number(sending_number)), ("sent", attribute(&Delivery::Sent)?)],
            )),
        };
        Ok(self.put(key, item, newer, refuse(Refusal::ChangedConcurrently)))
    }
}

/// The mark of a mail that is done.
fn mark(key: &Key, now: Timestamp) -> Item {
    let mut item = Item::from(key.clone());
    expire_at(&mut item, after(now, MARKED));
    item
}

/// The mark of a mail that is claimed.
fn claim(key: &Key, now: Timestamp, until: Timestamp) -> Item {
    let mut item = mark(key, now);
    item.insert(CLAIMED_UNTIL.to_owned(), time(until));
    item
}

fn after(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.saturating_add(duration).unwrap_or(Timestamp::MAX)
}
