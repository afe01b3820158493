//! The mails about what operators do with a whole organization.

use jiff::Timestamp;
use shared::{
    domain::{
        Event, EventAction, MailPerson, Notification, Organization, OutgoingMail, RequestContext,
        Suspension,
    },
    store::{Error, Key},
};

use crate::{MailService, selection::member_in};

impl MailService {
    /// The mails about the appointment of a Super Admin: to them, to the former one who is an Admin
    /// now, and to the other Admins. A former one who was removed gets the mail of their removal.
    /// None if the appointed member is not the Super Admin any more.
    pub(crate) async fn about_appointment(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Some(new) = member_in(&event.new, "super_admin_id") else { return Ok(vec![]) };
        let former = member_in(&event.old, "super_admin_id");
        let members = former.into_iter().chain([new]).map(|id| Key::member(org, id));
        let found = self.store.get(members.chain([Key::organization(org)])).await?;
        // Both can have another account since.
        let (Some(organization), Some(new)) =
            (found.organization(org).cloned(), found.continued_member(org, new)?)
        else {
            return Ok(vec![]);
        };
        if organization.super_admin_user_id.as_ref() != Some(&new.user_id) {
            return Ok(vec![]);
        }
        let former = match former {
            Some(id) => found.continued_member(org, id)?.map(|former| former.id()),
            None => None,
        };
        let id = new.id();
        let person = MailPerson::member(&new);
        let mails =
            self.store.administrators(&organization, context.at).await?.into_iter().filter_map(
                |member| {
                    let notification = if member.id() == id {
                        Notification::SuperAdminAssigned
                    } else if Some(member.id()) == former {
                        Notification::SuperAdminReplaced { new: person.clone() }
                    } else {
                        Notification::SuperAdminAppointed { new: person.clone() }
                    };
                    OutgoingMail::to_member(&organization, &member, notification)
                },
            );
        Ok(mails.collect())
    }

    /// The mails about the new account of a member: to them, and to the Super Admin and all Admins.
    /// None if the new account is no member any more, and for the events about the former id and
    /// the organization.
    pub(crate) async fn about_new_account(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Some(id) = member_in(&event.new, "member_id") else { return Ok(vec![]) };
        if event.target.id != id.to_string() {
            return Ok(vec![]);
        }
        let found = self.store.get([Key::organization(org), Key::member(org, id)]).await?;
        let (Some(organization), Some(member)) =
            (found.organization(org).cloned(), found.member(org, id)?)
        else {
            return Ok(vec![]);
        };
        let mut recipients = self.store.administrators(&organization, context.at).await?;
        recipients.retain(|recipient| recipient.id() != id);
        let about = Notification::MemberReconnected { member: MailPerson::member(&member) };
        let own = OutgoingMail::to_member(&organization, &member, Notification::AccountReplaced);
        let others = recipients
            .iter()
            .filter_map(|to| OutgoingMail::to_member(&organization, to, about.clone()));
        Ok(own.into_iter().chain(others).collect())
    }

    /// The mails about the reset of the security settings by an operator, to the Super Admin and
    /// the Admins. None if a member changed the settings.
    pub(crate) async fn about_security_reset(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        if !event.actor.operator {
            return Ok(vec![]);
        }
        let Some(organization) = self.store.organization(event.organization_id).await? else {
            return Ok(vec![]);
        };
        self.to_administrators(&organization, &Notification::SecurityReset, context.at).await
    }

    /// The mails about the suspension of an organization or its end, to its Super Admin and Admins.
    /// None if the organization is not as the event says any more, or is suspended for another
    /// reason.
    pub(crate) async fn about_suspension(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let org = self.store.organization(event.organization_id).await?;
        let Some(organization) = org.filter(|org| is_as_recorded(event, org.suspension())) else {
            return Ok(vec![]);
        };
        let notification = match organization.suspension() {
            Some(Suspension { reason, .. }) => {
                Notification::OrganizationSuspended { reason: reason.clone() }
            }
            None => Notification::OrganizationResumed,
        };
        self.to_administrators(&organization, &notification, context.at).await
    }

    /// A mail to the Super Admin and to each Admin of an organization.
    pub(crate) async fn to_administrators(
        &self,
        org: &Organization,
        notification: &Notification,
        now: Timestamp,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let administrators = self.store.administrators(org, now).await?;
        let mail = |member| OutgoingMail::to_member(org, member, notification.clone());
        Ok(administrators.iter().filter_map(mail).collect())
    }
}

/// Whether the present suspension of an organization, or its absence, is the one that the event
/// records.
fn is_as_recorded(event: &Event, suspension: Option<&Suspension>) -> bool {
    let began = event.action == EventAction::OrganizationSuspended;
    match suspension {
        Some(Suspension { reason, since }) => {
            began && event.at >= *since && event.reason.as_ref() == Some(reason)
        }
        None => !began,
    }
}
