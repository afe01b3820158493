//! Sends the mails of an event, and marks those that have been sent.

use shared::{
    domain::{AddressHash, Delivery, OutgoingMail, RequestContext, Sending},
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
        out_of_time: &impl Fn() -> bool,
    ) -> Result<(), WaitReason> {
        let EventKey { organization_id, event_id } = key;
        let event = self.store.event_to_mail(organization_id, event_id, context.at).await?;
        let Some(event) = event else {
            tracing::warn!(event = %event_id, "the history no longer has this event: no mail");
            return Ok(());
        };
        let marked = |mail: OutgoingMail| {
            let mark = Key::mailed(event.id, AddressHash::of(event.organization_id, &mail.to));
            MarkedMail { mail, mark }
        };
        let mails = self.mails(&event, context).await?.into_iter().map(marked).collect();
        self.send_all(mails, context, out_of_time).await.map(drop)
    }

    /// Sends those of the mails that are not done, and returns their number. A mail that cannot be
    /// sent does not hold up the others, unless they would fail too. No further one is begun once
    /// `out_of_time` returns true: Lambda must not stop the function while it waits for an answer.
    ///
    /// # Errors
    ///
    /// [`WaitReason`], if a mail cannot be sent now.
    pub(crate) async fn send_all(
        &self,
        mails: Vec<MarkedMail>,
        context: &RequestContext,
        out_of_time: &impl Fn() -> bool,
    ) -> Result<u32, WaitReason> {
        let done = self.store.done_mails(mails.iter().map(|it| it.mark.clone()).collect()).await?;
        let mut sent = 0;
        let mut waiting = None;
        for MarkedMail { mail, mark } in mails.into_iter().filter(|it| !done.contains(&it.mark)) {
            if out_of_time() {
                return Err(WaitReason::OutOfTime);
            }
            match self.send(&mail, mark, context).await {
                Ok(was_sent) => sent += u32::from(was_sent),
                Err(waits) if waits.stops_batch() => return Err(waits),
                Err(waits) => waiting = Some(waits),
            }
        }
        waiting.map_or(Ok(sent), Err)
    }

    /// Sends a mail once: claims it, hands it over, and marks it as done. Returns whether it was
    /// not done before.
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

    /// Hands over a mail, and finishes or releases the claims of its `marks`. The caller holds all
    /// of them.
    ///
    /// # Errors
    ///
    /// [`WaitReason`], if the mail cannot be sent now, or the service did not answer.
    pub(crate) async fn hand_over(
        &self,
        mail: &OutgoingMail,
        marks: Vec<Key>,
        context: &RequestContext,
    ) -> Result<(), WaitReason> {
        let composed = ComposedMail::of(mail, &self.portal, &self.brand);
        match self.at_most_twice(&composed).await {
            Ok(()) => {
                Metric::MailsSent.add(1.0);
                self.finish(marks, mail.sending(), Delivery::Sent, context).await
            }
            Err(SendFailure::Recipient { delivery, code }) => {
                Metric::MailsBounced.add(1.0);
                tracing::warn!(organization = %mail.org, code, ?delivery, "mail ended");
                self.finish(marks, mail.sending(), delivery, context).await
            }
            Err(SendFailure::Unanswered { code }) => {
                Metric::MailsUnconfirmed.add(1.0);
                tracing::error!(organization = %mail.org, code, "mail ended without a confirmation of SES");
                // The delivery stays as it is, so that a later report of SES counts.
                self.finish(marks, None, Delivery::Waiting, context).await?;
                Err(WaitReason::Unanswered)
            }
            Err(SendFailure::Waits { cause, code }) => {
                Metric::MailsWaiting.add(1.0);
                if cause.blocks_account() {
                    Metric::MailsBlocked.add(1.0);
                }
                self.release(marks, context).await;
                Err(WaitReason::Unsent { cause, code })
            }
        }
    }

    /// Sends a mail, and once more if the service did not answer. `SendEmail` is not idempotent: a
    /// third call could be a third mail. So after a call without an answer, only success or the end
    /// of the mail counts.
    async fn at_most_twice(&self, mail: &ComposedMail) -> Result<(), SendFailure> {
        let first = self.transport.send(mail).await;
        let Err(SendFailure::Unanswered { code }) = first else { return first };
        tracing::warn!(code, "SES did not answer; the mail is sent once more");
        match self.transport.send(mail).await {
            Err(SendFailure::Waits { code, .. }) => Err(SendFailure::Unanswered { code }),
            second => second,
        }
    }

    async fn finish(
        &self,
        marks: Vec<Key>,
        sending: Option<Sending>,
        delivery: Delivery,
        context: &RequestContext,
    ) -> Result<(), WaitReason> {
        for mark in marks {
            self.store.finish_mail(context, mark, sending, delivery).await?;
        }
        Ok(())
    }

    async fn release(&self, marks: Vec<Key>, context: &RequestContext) {
        for mark in marks {
            if let Err(cause) = self.store.release_mail(context, mark).await {
                tracing::warn!(%cause, "the claim of a mail ends by itself");
            }
        }
    }
}
