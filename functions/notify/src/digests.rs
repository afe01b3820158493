//! The digests of requests to join: at most one mail an hour to the managers of an organization
//! (INV14). A schedule sends those that are due.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{JoinRequest, ManagerMail, OrgId, OutgoingMail, RequestContext, join_digest_mails},
    store::{Error, Key, List, PageRequest},
};

use crate::{MailError, Outbox};

/// The most organizations in one run. The next one continues.
const MOST: u16 = 100;
/// The most requests that a digest names.
const NAMED: usize = 20;

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
    /// Organizations in which no request was open any more.
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
    for org in outbox.store.due_digests(now, MOST).await? {
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
        let after = last.after_digest(!mails.is_empty(), context.at);
        self.store.finish_digest(context, id, &last, &after).await?;
        Ok(!mails.is_empty())
    }

    /// The mails about the requests that arrived after the last mail and are still open.
    async fn digest_mails(
        &self,
        id: OrgId,
        last: &ManagerMail,
    ) -> Result<Vec<OutgoingMail>, MailError> {
        let Some(org) = self.store.organization(id).await? else { return Ok(vec![]) };
        let page = PageRequest { limit: NAMED, after: None };
        let found = self.store.page(List::join_requests(id), page).await?;
        let is_new = |request: &JoinRequest| request.created_at > last.sent_at;
        let from: Vec<_> =
            found.items.into_iter().filter(is_new).map(|request| request.email).collect();
        if from.is_empty() {
            return Ok(vec![]);
        }
        let managers = self.store.managers(&org).await?;
        Ok(join_digest_mails(&org, managers, &from, found.next.is_some()))
    }
}
