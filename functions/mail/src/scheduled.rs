//! The run of the schedule: sends the digests (INV14, OP2), and the mails before invitations and
//! access end.

use serde::Serialize;
use shared::{
    domain::{
        DigestRecipient, DigestState, JoinRequest, MAX_JOIN_REQUESTS, MAX_NAMED_IN_DIGEST,
        MailPerson, MemberId, Notification, OrgId, OutgoingMail, RequestContext, join_digest_mails,
    },
    store::{Error, Key, List, PageRequest},
};

use crate::{MailService, WaitReason, selection::role_name, sending::MarkedMail};

/// The most digests in one run. The next one continues.
const MAX_DIGESTS: u16 = 100;

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MailSummary {
    /// Digests that were sent.
    pub sent: u32,
    /// Digests without a line that still matters, or that another run sent faster.
    pub empty: u32,
    /// Digests that failed. The next run tries them again.
    pub failed: u32,
    /// Mails before the ends of invitations and of access.
    pub reminded: u32,
}

/// Sends the digests and reminders that are due at the time of `context`, until `out_of_time`
/// returns true.
///
/// # Errors
///
/// [`Error::Unavailable`] if the table cannot be read.
pub async fn send_due(
    service: &MailService,
    context: &RequestContext,
    out_of_time: impl Fn() -> bool,
) -> Result<MailSummary, Error> {
    let mut summary = MailSummary::default();
    for recipient in service.store.due_digests(context.at, MAX_DIGESTS).await? {
        if out_of_time() {
            return Ok(summary);
        }
        let counter = match service.digest(context, recipient, &out_of_time).await {
            Ok(true) => &mut summary.sent,
            Ok(false) => &mut summary.empty,
            Err(cause) => {
                cause.log();
                tracing::warn!(?recipient, "digest delayed");
                summary.failed += 1;
                if cause.stops_batch() {
                    return Ok(summary);
                }
                continue;
            }
        };
        *counter += 1;
    }
    summary.reminded = service.remind(context, &out_of_time).await?;
    summary.reminded += service.remind_of_access(context, &out_of_time).await?;
    Ok(summary)
}

impl MailService {
    /// Sends a digest if events wait for it. Returns whether they did.
    async fn digest(
        &self,
        context: &RequestContext,
        recipient: DigestRecipient,
        out_of_time: &impl Fn() -> bool,
    ) -> Result<bool, WaitReason> {
        let waiting = self.store.digest_state(recipient).await?;
        let due = waiting.and_then(|mail| Some((mail.digest_at?, mail)));
        let Some((digest_at, last)) = due.filter(|(at, _)| *at <= context.at) else {
            // Another run was faster.
            return Ok(false);
        };
        let mails = match recipient {
            DigestRecipient::Managers(org) => self.of_requests(org, &last, context).await?,
            DigestRecipient::Inviter(org, inviter) => {
                self.of_acceptances(org, inviter, &last, context).await?.into_iter().collect()
            }
            DigestRecipient::Offboarded(_) => {
                self.of_offboarding(&last, context).await?.into_iter().collect()
            }
        };
        let sent = !mails.is_empty();
        let mark = |mail: OutgoingMail| MarkedMail {
            mark: Key::digest_mailed(recipient, digest_at, &mail.to),
            mail,
        };
        let mails = mails.into_iter().map(mark).collect();
        self.send_all(mails, context, out_of_time).await?;
        self.store.finish_digest(context, recipient, &last, sent).await?;
        Ok(sent)
    }

    /// The mails about the requests to join that wait and are still open.
    async fn of_requests(
        &self,
        id: OrgId,
        last: &DigestState,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let Some(org) = self.store.organization(id).await? else { return Ok(vec![]) };
        // All open requests: the oldest ones come first, and need not wait for this digest.
        let limit = usize::try_from(MAX_JOIN_REQUESTS).unwrap_or(usize::MAX);
        let page = PageRequest { limit, after: None };
        let found = self.store.page(List::join_requests(id), page).await?;
        let waits = |it: &&JoinRequest| last.waiting_since.is_some_and(|at| it.created_at >= at);
        let waiting = found.items.iter().filter(waits).map(MailPerson::requester);
        let mut from: Vec<_> = waiting.collect();
        if from.is_empty() {
            return Ok(vec![]);
        }
        let more = from.len() > MAX_NAMED_IN_DIGEST;
        from.truncate(MAX_NAMED_IN_DIGEST);
        let managers = self.store.managers(&org, context.at).await?;
        Ok(join_digest_mails(&org, managers, &from, more))
    }

    /// The mail to an inviter about those who accepted and are still members.
    async fn of_acceptances(
        &self,
        org: OrgId,
        inviter: MemberId,
        last: &DigestState,
        context: &RequestContext,
    ) -> Result<Option<OutgoingMail>, Error> {
        let people = last.people.iter().map(|&id| Key::member(org, id));
        let keys = [Key::organization(org), Key::member(org, inviter)].into_iter().chain(people);
        let found = self.store.get(keys).await?;
        let to = found.active_member(org, inviter, context.at)?;
        let organization = found.organization(org).cloned();
        let (Some(organization), Some(to)) = (organization, to) else { return Ok(None) };
        let mut members = Vec::new();
        for &id in &last.people {
            members.extend(found.active_member(org, id, context.at)?);
        }
        let more = usize::try_from(last.waiting).is_ok_and(|waiting| waiting > last.people.len());
        let by: Vec<_> = members.iter().map(MailPerson::member).collect();
        let accepted = match (by.as_slice(), members.as_slice()) {
            ([], _) => return Ok(None),
            ([by], [member]) if !more => {
                let role =
                    self.store.get_for_display(Key::custom_role(org, member.role_id)).await?;
                let role = role_name(&role, org, member.role_id)?;
                let access_end = member.access_expires_at;
                Notification::InvitationAccepted { by: by.clone(), role, access_end }
            }
            _ => Notification::InvitationsAccepted { by, more },
        };
        Ok(OutgoingMail::to_member(&organization, &to, accepted))
    }
}
