//! The mail to managers about requests to join: an item an organization, which `by_due` lists while
//! requests wait for a digest (INV14).
//!
//! Like a mark, it is written without an event: it says only which mails were sent.

use jiff::{SignedDuration, Timestamp};

use super::{
    Error, Key, Store,
    expression::Expression,
    index,
    item::{number, time, to_item},
    keys,
    transaction::or,
};
use crate::domain::{Event, ManagerMail, ManagerMailStep, OrgId, Refusal, RequestContext};

/// How often a step is decided again after another one was written.
const TRIES: usize = 4;
/// How long the item stays after the last mail or digest: longer than it matters.
const KEPT: SignedDuration = SignedDuration::from_hours(72);

impl Store {
    /// Whether the managers get a mail about a request to join at once; if not, the request waits
    /// for a digest. An event that is delivered again before the next mail gets the same answer.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub async fn mail_managers_now(&self, event: &Event) -> Result<bool, Error> {
        let org = event.organization_id;
        for _ in 0..TRIES {
            let last = self.manager_mail(org).await?;
            let (next, now) = match ManagerMail::step(last.as_ref(), event) {
                ManagerMailStep::SendAgain => return Ok(true),
                ManagerMailStep::SendNow(next) => (next, true),
                ManagerMailStep::Wait(next) => (next, false),
            };
            let context = RequestContext::without_actor(event.at, &event.request_id, 0);
            match self.put_manager_mail(&context, org, last.as_ref(), &next).await {
                Ok(()) => return Ok(now),
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unavailable("the mail to managers is changed again and again".to_owned()))
    }

    /// The organizations whose digest is due at `now`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn due_digests(&self, now: Timestamp, most: u16) -> Result<Vec<OrgId>, Error> {
        let items = self.due_at(index::DUE_DIGESTS, now, most).await?.items;
        items.iter().map(|item| keys::owner(&Key::of_item(item)?.pk)).collect()
    }

    /// The mail to the managers of an organization.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn manager_mail(&self, org: OrgId) -> Result<Option<ManagerMail>, Error> {
        let key = Key::manager_mail(org);
        self.fetch(vec![key.clone()]).await?.get(&key)
    }

    /// Records that a digest was handled, which was sent unless no request was open. Requests that
    /// arrived meanwhile wait for the next one.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if another run was faster; [`Error::Unavailable`] if the
    /// table cannot be read or written.
    pub async fn finish_digest(
        &self,
        context: &RequestContext,
        org: OrgId,
        before: &ManagerMail,
        sent: bool,
    ) -> Result<(), Error> {
        let after = before.after_digest(sent, context.at);
        match self.put_manager_mail(context, org, Some(before), &after).await {
            Err(Error::Refused(_)) => {}
            done => return done,
        }
        let current = self.manager_mail(org).await?;
        let current = current.filter(|it| it.digest_at == before.digest_at);
        let current = current.ok_or(Refusal::ChangedConcurrently)?;
        let after = ManagerMail::after_interrupted_digest(context.at);
        self.put_manager_mail(context, org, Some(&current), &after).await
    }

    async fn put_manager_mail(
        &self,
        context: &RequestContext,
        org: OrgId,
        before: Option<&ManagerMail>,
        after: &ManagerMail,
    ) -> Result<(), Error> {
        let key = Key::manager_mail(org);
        let due = after.digest_at.map(|_| ("due", index::DUE_DIGESTS.to_owned()));
        let mut item = to_item(key.clone(), after, due.into_iter().collect())?;
        let last = after.digest_at.unwrap_or(after.sent_at);
        let kept_until = last.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        item.insert("ttl".to_owned(), number(kept_until.as_second()));
        let unchanged = match before {
            None => Expression::new("attribute_not_exists(#pk)", []),
            Some(before) => same(before),
        };
        self.transaction(context)
            .put(key, item, unchanged, or(Refusal::ChangedConcurrently))
            .commit(&())
            .await
            .map(drop)
    }
}

/// The stored state is this one.
fn same(mail: &ManagerMail) -> Expression {
    let values = [("sent_at", time(mail.sent_at)), ("waiting", number(mail.waiting))];
    let sent = Expression::new("#sent_at = :sent_at AND #waiting = :waiting", values);
    sent.and(match mail.digest_at {
        None => Expression::new("attribute_not_exists(#expires_at)", []),
        Some(at) => Expression::new("#expires_at = :digest_at", [("digest_at", time(at))]),
    })
}
