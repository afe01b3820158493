//! Selects the mails of an event by the present state of the table.

use serde_json::Value;
use shared::{
    domain::{
        Author, DigestRecipient, Email, Event, EventAction, MailPerson, MemberId, Notification,
        OrgId, Organization, OutgoingMail, PersonLabel, RequestContext, RoleId, join_request_mails,
    },
    store::{Error, FetchedItems, Key},
};

use crate::MailService;

impl MailService {
    /// The mails about an event, as the table is now.
    pub(crate) async fn mails(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        if event.offboarding {
            return self.about_offboarding(event, context).await;
        }
        match event.action {
            EventAction::JoinRequestCreated => self.about_join_request(event, context).await,
            EventAction::SuperAdminTransferred => self.about_transfer(event).await,
            EventAction::SuperAdminAppointed => self.about_appointment(event, context).await,
            EventAction::MemberRemoved => {
                let removal = self.about_removal(event).await?;
                let services = self.about_services(event, context).await?;
                Ok(removal.into_iter().chain(services).collect())
            }
            EventAction::MemberReconnected => {
                let account = self.about_new_account(event, context).await?;
                let services = self.about_services(event, context).await?;
                Ok(account.into_iter().chain(services).collect())
            }
            EventAction::MemberLeft | EventAction::MemberExpired => {
                self.about_services(event, context).await
            }
            EventAction::SecurityUpdated => self.about_security_reset(event, context).await,
            EventAction::OrganizationSuspended | EventAction::OrganizationResumed => {
                self.about_suspension(event, context).await
            }
            _ => Ok(self.single_mail(event, context).await?.into_iter().collect()),
        }
    }

    /// The mail about an event that causes at most one.
    async fn single_mail(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Option<OutgoingMail>, Error> {
        match event.action {
            EventAction::InvitationCreated | EventAction::InvitationResent => {
                self.to_invitee(event, context).await
            }
            EventAction::InvitationRevoked => self.about_revocation(event).await,
            EventAction::InvitationAccepted => self.about_acceptance(event, context).await,
            EventAction::MemberRoleChanged => self.about_new_role(event).await,
            EventAction::CriticalAlertUserAdded => self.about_alert_address(event).await,
            EventAction::JoinRequestApproved | EventAction::JoinRequestDeclined => {
                self.about_request_outcome(event).await
            }
            EventAction::JoinRequestCancelled => self.about_ended_request(event).await,
            _ => Ok(None),
        }
    }

    /// The mails about a new join request: a receipt, and one to each user manager unless they got
    /// one in the last hour (INV14).
    async fn about_join_request(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let requester = self.requester(event).await?.filter(|it| !it.org.is_deleted());
        let Some(Requester { org, person }) = requester else { return Ok(vec![]) };
        let Some(address) = person.email.clone() else { return Ok(vec![]) };
        let receipt = OutgoingMail::new(&org, address, Notification::RequestReceived);
        if !self.store.mail_now(DigestRecipient::Managers(org.id()), event, None).await? {
            return Ok(vec![receipt]);
        }
        let managers = self.store.managers(&org, context.at).await?;
        let to_decide = join_request_mails(&org, managers, &person);
        Ok([receipt].into_iter().chain(to_decide).collect())
    }

    /// The mail to a requester about the outcome of their request.
    async fn about_request_outcome(&self, event: &Event) -> Result<Option<OutgoingMail>, Error> {
        let requester = self.requester(event).await?.filter(|it| !it.org.is_deleted());
        let Some(Requester { org, person }) = requester else { return Ok(None) };
        let Some(to) = person.email else { return Ok(None) };
        // Only an approval gives a role.
        let role = role_in(&event.new);
        let role_key = role.and_then(|role| Key::custom_role(org.id(), role));
        let found = self.store.get(author_key(event).into_iter().chain(role_key)).await?;
        let by = author(&found, event)?;
        let decided = match role {
            Some(role) => {
                Notification::RequestApproved { role: role_name(&found, org.id(), role)?, by }
            }
            None => Notification::RequestDeclined { by },
        };
        Ok(Some(OutgoingMail::new(&org, to, decided)))
    }

    /// The mail to a requester whose request ended because the organization was deleted. None if
    /// they cancelled it themselves, or were erased.
    async fn about_ended_request(&self, event: &Event) -> Result<Option<OutgoingMail>, Error> {
        if event.actor.acting_member().is_some() {
            return Ok(None);
        }
        let requester = self.requester(event).await?.filter(|it| it.org.is_deleted());
        Ok(requester.and_then(Requester::mail_of_end))
    }

    /// The person of a request to join, and the organization, which can be deleted. None if the
    /// person was erased.
    pub(crate) async fn requester(&self, event: &Event) -> Result<Option<Requester>, Error> {
        let org = event.organization_id;
        let mut values = [&event.new, &event.old].into_iter();
        let Some(member) = values.find_map(|value| member_in(value, "member_id")) else {
            return Ok(None);
        };
        let found = self.store.get([Key::organization(org), Key::member(org, member)]).await?;
        let person = mail_person(&found, org, member)?;
        let requester = |(org, person)| Requester { org, person };
        Ok(found.any_organization(org).cloned().zip(person).map(requester))
    }

    /// The mails about a transfer: to the former Super Admin and to the new one. None if the new
    /// one is no longer a member.
    async fn about_transfer(&self, event: &Event) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let (former, new) =
            (member_in(&event.old, "super_admin_id"), member_in(&event.new, "super_admin_id"));
        let members = former.into_iter().chain(new).map(|member| Key::member(org, member));
        let found = self.store.get(members.chain([Key::organization(org)])).await?;
        let person = |member: Option<MemberId>| match member {
            Some(id) => {
                let member = found.member(org, id)?;
                Ok::<_, Error>(member.as_ref().map(MailPerson::member))
            }
            None => Ok(None),
        };
        let Some(organization) = found.organization(org).cloned() else { return Ok(vec![]) };
        let (former, Some(new)) = (person(former)?, person(new)?) else { return Ok(vec![]) };
        let mail = |to: Option<Email>, notification| {
            Some(OutgoingMail::new(&organization, to?, notification))
        };
        let received = Notification::SuperAdminReceived { from: former.clone() };
        let to_new = mail(new.email.clone(), received);
        let transferred = Notification::SuperAdminTransferred { to: new };
        let to_former = former.and_then(|former| mail(former.email, transferred));
        Ok(to_former.into_iter().chain(to_new).collect())
    }
}

/// A person who asks to join an organization.
pub(crate) struct Requester {
    org: Organization,
    person: MailPerson,
}

impl Requester {
    /// The mail about a request that will not be decided.
    pub(crate) fn mail_of_end(self) -> Option<OutgoingMail> {
        Some(OutgoingMail::new(&self.org, self.person.email?, Notification::RequestVoid))
    }
}

/// The member whose id is in the values of an event.
pub(crate) fn member_in(values: &Value, field: &str) -> Option<MemberId> {
    values.get(field)?.as_str()?.parse().ok()
}

/// The role whose id is in the values of an event.
pub(crate) fn role_in(values: &Value) -> Option<RoleId> {
    values.get("role_id")?.as_str()?.parse().ok()
}

/// The key of the member who made a change. None for an operator.
pub(crate) fn author_key(event: &Event) -> Option<Key> {
    let id = event.actor.acting_member()?;
    Some(Key::member(event.organization_id, id))
}

/// The person who made a change. `found` has the item at [`author_key`].
pub(crate) fn author(found: &FetchedItems, event: &Event) -> Result<Author, Error> {
    match event.actor.acting_member() {
        Some(id) => author_of(found, event.organization_id, id),
        None => Ok(Author::Platform),
    }
}

/// The person with this id, as the author of something.
pub(crate) fn author_of(found: &FetchedItems, org: OrgId, id: MemberId) -> Result<Author, Error> {
    Ok(mail_person(found, org, id)?.map_or(Author::Erased, Author::Person))
}

/// What a person is called in an organization, now or formerly. None if they were erased.
pub(crate) fn mail_person(
    found: &FetchedItems,
    org: OrgId,
    id: MemberId,
) -> Result<Option<MailPerson>, Error> {
    let label: Option<PersonLabel> = found.label(org, id)?;
    Ok(label.and_then(MailPerson::of_label))
}

/// The name of a role. `found` has the item of a custom role.
pub(crate) fn role_name(found: &FetchedItems, org: OrgId, role: RoleId) -> Result<String, Error> {
    Ok(role.shown_name(found.role_summary(org, role)?.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shared::domain::EventAction;

    use crate::MAILED_ACTIONS;

    /// A new action causes no mail by decision, never by oversight.
    #[test]
    fn every_action_causes_mail_or_is_known_to_cause_none() {
        let without_mail = "approved_domain.added approved_domain.removed \
            critical_alert_user.removed customer_link.added customer_link.removed \
            customer_link.resumed customer_link.suspended customer_link.updated \
            invitation.declined invitation.expired invitation.updated member.added member.updated \
            members.exported organization.created organization.deleted organization.updated \
            person.erased role.created role.deleted role.updated settings.updated \
            sub_organization.created sub_organization.deleted super_admin.assigned";
        let known: BTreeSet<_> =
            MAILED_ACTIONS.into_iter().chain(without_mail.split(' ')).collect();
        let all = EventAction::ALL.iter().map(|action| action.key());
        assert_eq!(known, all.collect());
    }
}
