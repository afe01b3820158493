//! Digests: an item for each recipient, which `by_due` lists while events wait for the next digest
//! (INV14, OP2).
//!
//! Like the mark of a mail, it is written without an event: it says only which mails were sent, and
//! names people by ids alone (ERA1).

use jiff::{SignedDuration, Timestamp};

use super::{
    Error, Key, Store,
    expression::Expression,
    index::{self, IndexAttribute},
    item::{expire_at, number, time, to_item},
    step::refuse,
};
use crate::domain::{
    DigestRecipient, DigestState, DigestStep, Event, MemberId, Refusal, RequestContext,
};

/// How often a step is decided again if another one was written meanwhile.
const TRIES: usize = 4;
/// How long the item stays after the last mail or digest: longer than it matters.
const KEPT: SignedDuration = SignedDuration::from_hours(72);

impl Store {
    /// Whether `recipient` gets a mail about an event at once; if not, the event waits for a
    /// digest, which names `person`. An event that is delivered again before the next mail gets the
    /// same answer.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub async fn mail_now(
        &self,
        recipient: DigestRecipient,
        event: &Event,
        person: Option<MemberId>,
    ) -> Result<bool, Error> {
        for _ in 0..TRIES {
            let last = self.digest_state(recipient).await?;
            let (next, now) = match DigestState::step(last.as_ref(), event, person) {
                DigestStep::SendAgain => return Ok(true),
                DigestStep::SendNow(next) => (next, true),
                DigestStep::Wait(next) => (next, false),
            };
            let context = RequestContext::without_actor(event.at, &event.request_id, 0);
            match self.put_digest_state(&context, recipient, last.as_ref(), &next).await {
                Ok(()) => return Ok(now),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(changed_again())
    }

    /// Makes an event of an offboarding wait for the digest to `recipient`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub async fn add_to_digest(
        &self,
        recipient: DigestRecipient,
        event: &Event,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let last = self.digest_state(recipient).await?;
            let next = DigestState::with_offboarding(last.as_ref(), event);
            let context = RequestContext::without_actor(event.at, &event.request_id, 0);
            match self.put_digest_state(&context, recipient, last.as_ref(), &next).await {
                Err(Error::Refused(_)) => {}
                done => return done,
            }
        }
        Err(changed_again())
    }

    /// The recipients whose digest is due at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn due_digests(
        &self,
        now: Timestamp,
        most: u16,
    ) -> Result<Vec<DigestRecipient>, Error> {
        let ever = Timestamp::UNIX_EPOCH..=now;
        let items = self.due_within(&index::due_digests(), ever, most).await?.items;
        items.iter().map(|item| Key::of_item(item)?.digest_recipient()).collect()
    }

    /// The last mail to a recipient, and the events that wait.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn digest_state(
        &self,
        recipient: DigestRecipient,
    ) -> Result<Option<DigestState>, Error> {
        let key = Key::digest(recipient);
        self.fetch(vec![key.clone()]).await?.get(&key)
    }

    /// Records that a digest was handled, which was sent unless nothing mattered any more. Events
    /// that arrived meanwhile wait for the next one.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if another run was faster; [`Error::Unavailable`] if the
    /// table cannot be read or written.
    pub async fn finish_digest(
        &self,
        context: &RequestContext,
        recipient: DigestRecipient,
        before: &DigestState,
        sent: bool,
    ) -> Result<(), Error> {
        let after = before.after_digest(sent, context.at);
        match self.put_digest_state(context, recipient, Some(before), &after).await {
            Err(Error::Refused(_)) => {}
            done => return done,
        }
        let current = self.digest_state(recipient).await?;
        let current = current.filter(|it| it.digest_at == before.digest_at);
        let current = current.ok_or(Refusal::ChangedConcurrently)?;
        let after = current.after_interrupted_digest(before, context.at);
        self.put_digest_state(context, recipient, Some(&current), &after).await
    }

    async fn put_digest_state(
        &self,
        context: &RequestContext,
        recipient: DigestRecipient,
        before: Option<&DigestState>,
        after: &DigestState,
    ) -> Result<(), Error> {
        let key = Key::digest(recipient);
        let due = after.digest_at.map(|_| (IndexAttribute::Due, index::due_digests()));
        let mut item = to_item(key.clone(), after, due.into_iter().collect())?;
        let last = after.digest_at.unwrap_or(after.sent_at);
        let kept_until = last.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        expire_at(&mut item, kept_until);
        let unchanged = match before {
            None => Expression::new("attribute_not_exists(#pk)", []),
            Some(before) => same(before),
        };
        self.transaction(context)
            .put(key, item, unchanged, refuse(Refusal::ChangedConcurrently))
            .commit(&())
            .await
            .map(drop)
    }
}

fn changed_again() -> Error {
    Error::Unavailable("a digest is changed again and again".to_owned())
}

/// The stored state is this one.
fn same(mail: &DigestState) -> Expression {
    let values = [("sent_at", time(mail.sent_at)), ("waiting", number(mail.waiting))];
    let sent = Expression::new("#sent_at = :sent_at AND #waiting = :waiting", values);
    let digest = match mail.digest_at {
        None => Expression::new("attribute_not_exists(#digest_at)", []),
        Some(at) => Expression::new("#digest_at = :digest_at", [("digest_at", time(at))]),
    };
    sent.and(digest.naming("digest_at", IndexAttribute::ExpiresAt.name()))
}
