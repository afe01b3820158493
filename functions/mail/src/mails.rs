//! The mails of an event: selects them by the present state of the table, and sends those that have
//! not been sent.

use serde_json::Value;
use shared::{
    domain::{
        AddressDigest, AddressSlot, CalledPerson, Delivery, Email, Event, EventAction,
        InvitationId, MemberId, Notification, Organization, OutgoingMail, RequestContext, RoleId,
        invitation_mail, join_request_mails,
    },
    http::views::role_name,
    metrics::Metric,
    store::{Claim, Error, Key},
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
        let composed = ComposedMail::of(&mail, &self.portal);
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

    /// The mails about an event, as the table is now.
    async fn mails(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        match event.action {
            EventAction::InvitationCreated | EventAction::InvitationResent => {
                self.to_invitee(event, context).await
            }
            EventAction::JoinRequestCreated => self.about_join_request(event).await,
            EventAction::JoinRequestApproved => {
                self.to_requester(event, Notification::RequestApproved).await
            }
            EventAction::JoinRequestDeclined => {
                self.to_requester(event, Notification::RequestDeclined).await
            }
            EventAction::SuperAdminTransferred => self.about_transfer(event).await,
            _ => Ok(vec![]),
        }
    }

    async fn to_invitee(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<InvitationId>() else { return Ok(vec![]) };
        let slot = Key::address_slot(org, id.digest());
        let sender = event.actor.member_id.filter(|_| !event.actor.operator);
        let keys = [Key::organization(org), slot.clone()].into_iter();
        let keys = keys.chain(sender.map(|sender| Key::member(org, sender)));
        let found = self.store.get(keys).await?;
        let Some(organization) = found.organization(org) else { return Ok(vec![]) };
        let invitation = found.address_slot(&slot)?.and_then(AddressSlot::pending);
        let role_id = invitation.as_ref().map(|invitation| invitation.role_id);
        let role = self.role_name(&organization, role_id).await?;
        let sender = sender.map(|sender| found.called(org, sender)).transpose()?.flatten();
        let by = sender.and_then(|sender| sender.email().cloned());
        let mail = invitation_mail(event, &organization, invitation, role, by, context.at);
        Ok(mail.into_iter().collect())
    }

    /// The name of a role, by an eventually consistent read: it is only shown.
    async fn role_name(&self, org: &Organization, role: Option<RoleId>) -> Result<String, Error> {
        let Some(role) = role else { return Ok(String::new()) };
        let key = role.custom().map(|id| Key::role(org.id(), id));
        let found = self.store.get_for_display(key).await?;
        Ok(role_name(role, found.role_summary(org.id(), role)?.as_ref()))
    }

    /// The mails about a new join request: a receipt, and one to each user manager unless they got
    /// one in the last hour (INV14).
    async fn about_join_request(&self, event: &Event) -> Result<Vec<OutgoingMail>, Error> {
        let Some(Requester { org, email: from }) = self.requester(event).await? else {
            return Ok(vec![]);
        };
        let receipt = OutgoingMail::new(&org, from.clone(), Notification::RequestReceived);
        if !self.store.mail_managers_now(event).await? {
            return Ok(vec![receipt]);
        }
        let to_decide = join_request_mails(&org, self.store.managers(&org).await?, &from);
        Ok([receipt].into_iter().chain(to_decide).collect())
    }

    async fn to_requester(
        &self,
        event: &Event,
        notification: Notification,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let requester = self.requester(event).await?;
        let mail = requester.map(|to| OutgoingMail::new(&to.org, to.email, notification));
        Ok(mail.into_iter().collect())
    }

    /// The person of a request to join, and the organization. None if the person was erased.
    async fn requester(&self, event: &Event) -> Result<Option<Requester>, Error> {
        let id = event.organization_id;
        let mut values = [&event.new, &event.old].into_iter();
        let member = values.find_map(|value| value.get("member_id")?.as_str()?.parse().ok());
        let Some(member) = member else { return Ok(None) };
        let found = self.store.get([Key::organization(id), Key::member(id, member)]).await?;
        let called = found.called(id, member)?;
        let email = called.as_ref().and_then(CalledPerson::email).cloned();
        let requester = |(org, email)| Requester { org, email };
        Ok(found.organization(id).zip(email).map(requester))
    }

    /// The mails about a transfer: to the former Super Admin and to the new one. None if the new one
    /// is no longer a member.
    async fn about_transfer(&self, event: &Event) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let id = |value: &Value| value.get("super_admin_id")?.as_str()?.parse::<MemberId>().ok();
        let (former, new) = (id(&event.old), id(&event.new));
        let members = former.into_iter().chain(new).map(|member| Key::member(org, member));
        let found = self.store.get(members.chain([Key::organization(org)])).await?;
        let address = |member: Option<MemberId>| match member {
            Some(id) => Ok::<_, Error>(found.member(org, id)?.map(|member| member.email)),
            None => Ok(None),
        };
        let Some(organization) = found.organization(org) else { return Ok(vec![]) };
        let (former, Some(new)) = (address(former)?, address(new)?) else { return Ok(vec![]) };
        let mail = |to, notification| OutgoingMail::new(&organization, to, notification);
        let took_over =
            mail(new.clone(), Notification::SuperAdminReceived { from: former.clone() });
        let handed_over =
            former.map(|former| mail(former, Notification::SuperAdminTransferred { to: new }));
        Ok(handed_over.into_iter().chain([took_over]).collect())
    }
}

/// The address of a person who asks to join an organization.
struct Requester {
    org: Organization,
    email: Email,
}
