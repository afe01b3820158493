//! The digests of requests to join: at most one mail an hour to the managers of an organization
//! (INV14). A schedule sends those that are due.

use serde::Serialize;
use shared::{
    domain::{
        JoinRequest, MAX_JOIN_REQUESTS, ManagerMail, OrgId, OutgoingMail, RequestContext,
        join_digest_mails,
    },
    store::{Error, Key, List, PageRequest},
};

use crate::{MailService, Waits, mails::MarkedMail};

/// The most organizations in one run. The next one continues.
const MAX_ORGANIZATIONS: u16 = 100;
/// The most people that a digest names.
const MAX_NAMED: usize = 20;

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

/// Sends the digests that are due at the time of `context`, until `out_of_time` returns true.
///
/// # Errors
///
/// [`Error::Unavailable`] if the table cannot be read.
pub async fn send_digests(
    service: &MailService,
    context: &RequestContext,
    out_of_time: impl Fn() -> bool,
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    for org in service.store.due_digests(context.at, MAX_ORGANIZATIONS).await? {
        if out_of_time() {
            break;
        }
        let counter = match service.digest(context, org).await {
            Ok(true) => &mut summary.sent,
            Ok(false) => &mut summary.empty,
            Err(cause) => {
                cause.log();
                tracing::warn!(%org, "digest delayed");
                &mut summary.failed
            }
        };
        *counter += 1;
    }
    Ok(summary)
}

impl MailService {
    /// Sends the digest of an organization if requests wait for it. Returns whether they did.
    async fn digest(&self, context: &RequestContext, id: OrgId) -> Result<bool, Waits> {
        let waiting = self.store.manager_mail(id).await?;
        let due = waiting.and_then(|mail| Some((mail.digest_at?, mail)));
        let Some((digest_at, last)) = due.filter(|(at, _)| *at <= context.at) else {
            // Another run was faster.
            return Ok(false);
        };
        let mails = self.digest_mails(id, &last).await?;
        let sent = !mails.is_empty();
        let mark = |mail: OutgoingMail| MarkedMail {
            mark: Key::digest_mailed(id, digest_at, &mail.to),
            mail,
        };
        let mails = mails.into_iter().map(mark).collect();
        self.send_all(mails, context).await?;
        self.store.finish_digest(context, id, &last, sent).await?;
        Ok(sent)
    }

    /// The mails about the requests that wait and are still open.
    async fn digest_mails(
        &self,
        id: OrgId,
        last: &ManagerMail,
    ) -> Result<Vec<OutgoingMail>, Waits> {
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
