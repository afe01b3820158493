//! The digests of requests to join: at most one mail an hour to the managers of an organization
//! (INV14). A schedule sends those that are due.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        JoinRequest, MAX_JOIN_REQUESTS, ManagerMail, OrgId, OutgoingMail, RequestContext,
        join_digest_mails,
    },
    store::{Error, Key, List, PageRequest},
};

use crate::{MailError, Outbox};

/// The most organizations in one run. The next one continues.
const MAX_ORGANIZATIONS: u16 = 100;
/// The most people that a digest names.
const MAX_NAMED: usize = 20;

/// The event of the schedule.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ScheduledRun {
    /// The time of the run. Digests that are due by then are sent.
    pub time: Timestamp,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Organizations whose managers got a digest.
    pub sent: u32,
    /// Organizations in which no request was open any more, or another run was faster.
    pub empty: u32,
    /// Digests that failed. The next run tries them again.
    pub failed: u32,
}

/// Sends the digests that are due at `now`, until `out_of_time` returns true.
///
/// # Errors
///
/// [`Error::Unavailable`] if the table cannot be read.
pub async fn send_digests(
    outbox: &Outbox,
    now: Timestamp,
    request_id: &str,
    out_of_time: impl Fn() -> bool,
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    for org in outbox.store.due_digests(now, MAX_ORGANIZATIONS).await? {
        if out_of_time() {
            break;
        }
        let context = RequestContext::without_actor(now, request_id, 0);
        let counter = match outbox.digest(&context, org).await {
            Ok(true) => &mut summary.sent,
            Ok(false) => &mut summary.empty,
            Err(cause) => {
                tracing::warn!(%org, ?cause, "digest delayed");
                &mut summary.failed
            }
        };
        *counter += 1;
    }
    Ok(summary)
}

impl Outbox {
    /// Sends the digest of an organization if requests wait for it. Returns whether they did.
    async fn digest(&self, context: &RequestContext, id: OrgId) -> Result<bool, MailError> {
        let waiting = self.store.manager_mail(id).await?;
        let due = waiting.and_then(|mail| Some((mail.digest_at?, mail)));
        let Some((digest_at, last)) = due.filter(|(at, _)| *at <= context.at) else {
            // Another run was faster.
            return Ok(false);
        };
        let mails = self.digest_mails(id, &last).await?;
        let mark = |mail: &OutgoingMail| Key::digest_mailed(id, digest_at, &mail.to);
        let marked = self.store.marked(mails.iter().map(mark).collect()).await?;
        for mail in mails.iter().filter(|mail| !marked.contains(&mark(mail))) {
            self.deliver(mail).await?;
            self.store.mark_at(context, mark(mail)).await?;
        }
        let sent = !mails.is_empty();
        self.store.finish_digest(context, id, &last, sent).await?;
        Ok(sent)
    }

    /// The mails about the requests that wait and are still open.
    async fn digest_mails(
        &self,
        id: OrgId,
        last: &ManagerMail,
    ) -> Result<Vec<OutgoingMail>, MailError> {
        let Some(org) = self.store.organization(id).await? else { return Ok(vec![]) };
        // All open requests: the oldest ones come first, and need not wait for this digest.
        let limit = usize::try_from(MAX_JOIN_REQUESTS).unwrap_or(usize::MAX);
        let page = PageRequest { limit, after: None };
        let found = self.store.page(List::join_requests(id), page).await?;
        let waits = |it: &JoinRequest| last.waiting_since.is_some_and(|at| it.created_at >= at);
        let mut from: Vec<_> = found.items.into_iter().filter(waits).map(|it| it.email).collect();
        if from.is_empty() {
            return Ok(vec![]);
        }
        let more = from.len() > MAX_NAMED;
        from.truncate(MAX_NAMED);
        let managers = self.store.managers(&org).await?;
        Ok(join_digest_mails(&org, managers, &from, more))
    }
}
