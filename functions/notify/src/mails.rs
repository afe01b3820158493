//! The mails of an event: selects them by the present state of the table, and sends those that have
//! not been sent.

use serde_json::Value;
use shared::{
    domain::{
        AddressDigest, AddressSlot, Email, Event, EventAction, InvitationId, Notification,
        Organization, OutgoingMail, RoleId, UserId, invitation_mail, join_request_mails,
    },
    http::views::role_name,
    store::{Error, Key},
};

use crate::{MailError, Outbox, mail::Delivery};

impl Outbox {
    /// Sends the mails of an event that are not marked as sent, and marks each.
    ///
    /// # Errors
    ///
    /// [`MailError`], if a mail cannot be sent now. Mails that SES rejects for good count as sent.
    pub(crate) async fn send_pending(&self, event: &Event) -> Result<(), MailError> {
        let mails = self.mails(event).await?;
        let mark = |mail: &OutgoingMail| {
            Key::mailed(event.id, AddressDigest::of(event.organization_id, &mail.to))
        };
        let marked = self.store.marked(mails.iter().map(mark).collect()).await?;
        for mail in mails.iter().filter(|mail| !marked.contains(&mark(mail))) {
            self.deliver(mail).await?;
            self.store.mark(event, mark(mail)).await?;
        }
        Ok(())
    }

    /// Sends a mail. Logs it if SES rejects it for good.
    pub(crate) async fn deliver(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        if let Delivery::Rejected(cause) = self.mailer.send(mail).await? {
            tracing::error!(organization = %mail.org, cause, "mail rejected for good");
        }
        Ok(())
    }

    /// The mails about an event, as the table is now.
    async fn mails(&self, event: &Event) -> Result<Vec<OutgoingMail>, Error> {
        match event.action {
            EventAction::InvitationCreated | EventAction::InvitationResent => {
                self.to_invitee(event).await
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

    async fn to_invitee(&self, event: &Event) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<InvitationId>() else { return Ok(vec![]) };
        let slot = Key::address_slot(org, id.digest());
        let found = self.store.get([Key::organization(org), slot.clone()]).await?;
        let Some(organization) = found.organization(org) else { return Ok(vec![]) };
        let invitation = found.address_slot(&slot)?.and_then(AddressSlot::pending);
        let role_id = invitation.as_ref().map(|invitation| invitation.role_id);
        let role = self.role_name(&organization, role_id).await?;
        Ok(invitation_mail(event, &organization, invitation, role).into_iter().collect())
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
        let org = self.store.organization(event.organization_id).await?;
        let (Some(org), Some(from)) = (org, requester(event)) else { return Ok(vec![]) };
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
        let org = self.store.organization(event.organization_id).await?;
        let mail =
            org.zip(requester(event)).map(|(org, to)| OutgoingMail::new(&org, to, notification));
        Ok(mail.into_iter().collect())
    }

    /// The mails about a transfer: to the former Super Admin and to the new one. None if the new one
    /// is no longer a member.
    async fn about_transfer(&self, event: &Event) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let user = |value: &Value| value.get("super_admin_user_id")?.as_str().map(UserId::new);
        let (former, new) = (user(&event.old), user(&event.new));
        let members = former.iter().chain(&new).map(|user| Key::membership(org, user));
        let found = self.store.get(members.chain([Key::organization(org)])).await?;
        let address = |user: Option<UserId>| match user {
            Some(user) => Ok::<_, Error>(found.membership(org, &user)?.map(|member| member.email)),
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

/// The requester's address: an event has it in its new or its old value.
fn requester(event: &Event) -> Option<Email> {
    let mut values = [&event.new, &event.old].into_iter();
    let email = values.find_map(|value| value.get("email")?.as_str())?;
    Email::parse(email).ok()
}
