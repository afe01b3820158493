//! The mail about an offboarding (OP2). Its events wait for each other, in one digest for each
//! address. The schedule sends the digest, which names the organizations.

use shared::{
    domain::{
        AddressHash, Delivery, DigestRecipient, DigestState, Event, EventAction, Name,
        Notification, OutgoingMail, PersonId, RequestContext,
    },
    store::{Error, Key},
};

use crate::{MailService, selection::Requester};

impl MailService {
    /// Makes an event of an offboarding wait for the one mail to the person. Returns the mails to
    /// others, which leave at once.
    pub(crate) async fn about_offboarding(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        if let Some(mail) = self.to_offboarded(event).await? {
            self.add_to_digest(event, &mail, context).await?;
        }
        match event.action {
            EventAction::MemberRemoved => self.about_services(event, context).await,
            _ => Ok(vec![]),
        }
    }

    /// The mail that the event would cause outside an offboarding. Only its recipient and its
    /// organization are used. `None` if the person is a member again, was erased, or never got the
    /// invitation.
    async fn to_offboarded(&self, event: &Event) -> Result<Option<OutgoingMail>, Error> {
        match event.action {
            EventAction::MemberRemoved => self.about_removal(event).await,
            EventAction::InvitationRevoked => self.about_revocation(event).await,
            EventAction::JoinRequestCancelled => {
                Ok(self.requester(event).await?.and_then(Requester::mail_of_end))
            }
            _ => Ok(None),
        }
    }

    /// Makes an event wait, once: a mark says that it does, also after the mail.
    async fn add_to_digest(
        &self,
        event: &Event,
        mail: &OutgoingMail,
        context: &RequestContext,
    ) -> Result<(), Error> {
        let mark = Key::mailed(event.id, AddressHash::of(event.organization_id, &mail.to));
        if self.store.done_mails(vec![mark.clone()]).await?.contains(&mark) {
            return Ok(());
        }
        let recipient = DigestRecipient::Offboarded(PersonId::of_address(&mail.to));
        self.store.add_to_digest(recipient, event).await?;
        self.store.finish_mail(context, mark, None, Delivery::Waiting).await
    }

    /// The mail about the events that wait and are still true.
    pub(crate) async fn of_offboarding(
        &self,
        waiting: &DigestState,
        context: &RequestContext,
    ) -> Result<Option<OutgoingMail>, Error> {
        let mut first = None;
        let mut organizations = Vec::<Name>::new();
        let all = usize::try_from(waiting.waiting).unwrap_or(usize::MAX);
        let unnamed = all.saturating_sub(waiting.events.len());
        let mut ended = unnamed;
        for it in &waiting.events {
            let event =
                self.store.event_to_mail(it.organization_id, it.event_id, context.at).await?;
            let Some(event) = event else { continue };
            let Some(mail) = self.to_offboarded(&event).await? else { continue };
            ended = ended.saturating_add(1);
            if !organizations.contains(&mail.organization) {
                organizations.push(mail.organization.clone());
            }
            first.get_or_insert(mail);
        }
        let notification = Notification::Offboarded { organizations, more: unnamed > 0, ended };
        Ok(first.map(|mail| OutgoingMail { notification, ..mail }))
    }
}
