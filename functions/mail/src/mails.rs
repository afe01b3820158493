//! Sends the mails of an event, and marks those that have been sent.

use shared::{
    domain::{AddressDigest, Delivery, OutgoingMail, RequestContext},
    metrics::Metric,
    store::{Claim, Key},
};

use crate::{ComposedMail, EventKey, MailService, SendFailure, Waits};

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
    /// [`Waits`], if a mail cannot be sent now.
    pub(crate) async fn send_mails_of(
        &self,
        key: EventKey,
        context: &RequestContext,
    ) -> Result<(), Waits> {
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
        self.send_all(mails, context).await
    }

    /// Sends those of the mails that are not done. A mail that cannot be sent does not hold up the
    /// others, unless they would fail too.
    ///
    /// # Errors
    ///
    /// [`Waits`], if a mail cannot be sent now.
    pub(crate) async fn send_all(
        &self,
        mails: Vec<MarkedMail>,
        context: &RequestContext,
    ) -> Result<(), Waits> {
        let done = self.store.done_mails(mails.iter().map(|it| it.mark.clone()).collect()).await?;
        let mut waiting = None;
        for marked in mails.into_iter().filter(|it| !done.contains(&it.mark)) {
            match self.send(marked, context).await {
                Ok(()) => {}
                Err(waits) if waits.stops_batch() => return Err(waits),
                Err(waits) => waiting = Some(waits),
            }
        }
        waiting.map_or(Ok(()), Err)
    }

    /// Sends a mail once: claims it, hands it over, and marks it as done.
    async fn send(
        &self,
        MarkedMail { mail, mark }: MarkedMail,
        context: &RequestContext,
    ) -> Result<(), Waits> {
        match self.store.claim_mail(context, mark.clone()).await? {
            Claim::Granted => {}
            Claim::Done => return Ok(()),
            Claim::Held => return Err(Waits::Held),
        }
        let composed = ComposedMail::of(&mail, &self.portal, &self.brand);
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
                if let Err(cause) = self.store.release_mail(context, mark).await {
                    tracing::warn!(%cause, "the claim of a mail ends by itself");
                }
                return Err(Waits::Unsent { cause, code });
            }
        };
        Ok(self.store.finish_mail(context, mark, mail.sending(), delivery).await?)
    }
}
