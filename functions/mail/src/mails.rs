//! Sends the mails of an event, and marks those that have been sent.

use shared::{
    domain::{AddressDigest, Delivery, OutgoingMail, RequestContext},
    metrics::Metric,
    store::{Claim, Key},
};

use crate::{ComposedMail, EventKey, MailService, SendFailure, WaitReason};

/// A mail and its mark.
pub(crate) struct MarkedMail {
    pub(crate) mail: OutgoingMail,
    pub(crate) mark: Key,
}

impl MailService {
    /// Sends the mails of a stored event.
    ///
    /// # Errors
    ///
    /// [`WaitReason`], if a mail cannot be sent now.
    pub(crate) async fn send_mails_of(
        &self,
        key: EventKey,
        context: &RequestContext,
    ) -> Result<(), WaitReason> {
        let EventKey { organization_id, event_id } = key;
        let event = self.store.event_to_mail(organization_id, event_id, context.at).await?;
        let Some(event) = event else {
            tracing::warn!(event = %event_id, "the history no longer has this event: no mail");
            return Ok(());
        };
        let mark = |mail: OutgoingMail| {
            let mark = Key::mailed(event.id, AddressDigest::of(event.organization_id, &mail.to));
            MarkedMail { mail, mark }
        };
        let mails = self.mails(&event, context).await?.into_iter().map(mark).collect();
        self.send_all(mails, context).await.map(drop)
    }

    /// Sends those of the mails that are not done, and returns their number. A mail that cannot be sent
    /// does not hold up the others, unless they would fail too.
    ///
    /// # Errors
    ///
    /// [`WaitReason`], if a mail cannot be sent now.
    pub(crate) async fn send_all(
        &self,
        mails: Vec<MarkedMail>,
        context: &RequestContext,
    ) -> Result<u32, WaitReason> {
        let done = self.store.done_mails(mails.iter().map(|it| it.mark.clone()).collect()).await?;
        let (mut sent, mut waiting) = (0, None);
        for MarkedMail { mail, mark } in mails.into_iter().filter(|it| !done.contains(&it.mark)) {
            match self.send(&mail, mark, context).await {
                Ok(was_sent) => sent += u32::from(was_sent),
                Err(waits) if waits.stops_batch() => return Err(waits),
                Err(waits) => waiting = Some(waits),
            }
        }
        waiting.map_or(Ok(sent), Err)
    }

    /// Sends a mail once: claims it, hands it over, and marks it as done. Returns whether it was not done
    /// before.
    async fn send(
        &self,
        mail: &OutgoingMail,
        mark: Key,
        context: &RequestContext,
    ) -> Result<bool, WaitReason> {
        match self.store.claim_mail(context, mark.clone()).await? {
            Claim::Granted => {}
            Claim::Done => return Ok(false),
            Claim::Held => return Err(WaitReason::Held),
        }
        self.hand_over(mail, vec![mark], context).await.map(|()| true)
    }

    /// Hands over a mail of which the caller holds the claims of all `marks`, and finishes or releases
    /// them.
    ///
    /// # Errors
    ///
    /// [`WaitReason`], if the mail cannot be sent now.
    pub(crate) async fn hand_over(
        &self,
        mail: &OutgoingMail,
        marks: Vec<Key>,
        context: &RequestContext,
    ) -> Result<(), WaitReason> {
        let composed = ComposedMail::of(mail, &self.portal, &self.brand);
        let delivery = match self.transport.send(&composed).await {
            Ok(()) => {
                Metric::MailsSent.add(1.0);
                Delivery::Sent
            }
            Err(SendFailure::Recipient { delivery, code }) => {
                Metric::MailsBounced.add(1.0);
                tracing::warn!(organization = %mail.org, code, ?delivery, "mail ended");
                delivery
            }
            Err(SendFailure::Waits { cause, code }) => {
                Metric::MailsWaiting.add(1.0);
                if cause.blocks_account() {
                    Metric::MailsBlocked.add(1.0);
                }
                for mark in marks {
                    if let Err(cause) = self.store.release_mail(context, mark).await {
                        tracing::warn!(%cause, "the claim of a mail ends by itself");
                    }
                }
                return Err(WaitReason::Unsent { cause, code });
            }
        };
        for mark in marks {
            self.store.finish_mail(context, mark, mail.sending(), delivery).await?;
        }
        Ok(())
    }
}
