//! The mails about members: to the one whose role changed or who was removed, and to an address
//! that receives critical alerts.

use shared::{
    domain::{AlertId, Author, Closure, Event, MemberId, Notification, OrgId, OutgoingMail},
    store::{Error, Key},
};

use crate::{
    MailService,
    selection::{author, author_key, author_of, mail_person, role_in, role_name},
};

impl MailService {
    /// The mail to a member who has another role. None if they are gone, or have yet another one.
    pub(crate) async fn about_new_role(
        &self,
        event: &Event,
    ) -> Result<Option<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<MemberId>() else { return Ok(None) };
        let Some(role) = role_in(&event.new) else { return Ok(None) };
        let keys = [Key::organization(org), Key::member(org, id)].into_iter();
        let found = self
            .store
            .get(keys.chain(author_key(event)).chain(Key::custom_role(org, role)))
            .await?;
        let member = found.member(org, id)?.filter(|member| member.role_id == role);
        let (Some(organization), Some(member)) = (found.organization(org).cloned(), member) else {
            return Ok(None);
        };
        let role = role_name(&found, org, role)?;
        let access_end = member.access_expires_at;
        let by = author(&found, event)?;
        let changed = Notification::RoleChanged { role, access_end, by };
        Ok(OutgoingMail::to_member(&organization, &member, changed))
    }

    /// The mail to a member who was removed, or whose organization was deleted. None if they are a
    /// member again, or were erased.
    pub(crate) async fn about_removal(&self, event: &Event) -> Result<Option<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<MemberId>() else { return Ok(None) };
        let keys = [Key::organization(org), Key::member(org, id)].into_iter();
        let found = self.store.get(keys.chain(author_key(event))).await?;
        if found.member(org, id)?.is_some() {
            return Ok(None);
        }
        let (Some(organization), Some(person)) =
            (found.any_organization(org), mail_person(&found, org, id)?)
        else {
            return Ok(None);
        };
        let removed = match organization.closure {
            Some(Closure::Deleted { by, .. }) => {
                Notification::MembershipEnded { by: self.deleter(org, by).await? }
            }
            _ => Notification::Removed { by: author(&found, event)? },
        };
        let mail = person.email.map(|to| OutgoingMail::new(organization, to, removed));
        Ok(mail.map(|mail| mail.in_language(found.former_language(org, id))))
    }

    /// Who deleted the organization: its Super Admin, or the platform.
    async fn deleter(&self, org: OrgId, by: Option<MemberId>) -> Result<Author, Error> {
        let Some(id) = by else { return Ok(Author::Platform) };
        author_of(&self.store.get([Key::member(org, id)]).await?, org, id)
    }

    /// The mail to an address that receives critical alerts now. None if it was removed again.
    pub(crate) async fn about_alert_address(
        &self,
        event: &Event,
    ) -> Result<Option<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<AlertId>() else { return Ok(None) };
        let keys = [Key::organization(org), Key::critical_alert_user(org, id)].into_iter();
        let found = self.store.get(keys.chain(author_key(event))).await?;
        let (Some(organization), Some(user)) =
            (found.organization(org).cloned(), found.critical_alert_user(org, id)?)
        else {
            return Ok(None);
        };
        let added = Notification::AlertAddressAdded { by: author(&found, event)? };
        Ok(Some(OutgoingMail::new(&organization, user.value, added)))
    }
}
