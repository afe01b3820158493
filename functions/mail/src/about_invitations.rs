//! The mails about invitations: to the invitee, and to the inviter of one that was accepted.

use shared::{
    domain::{
        AddressSlot, DigestRecipient, Event, InvitationId, MailedOffer, Notification, OutgoingMail,
        RequestContext, RevocationFacts, invitation_mail, revocation_mail,
    },
    store::{Error, Key},
};

use crate::{
    MailService,
    selection::{author, author_key, mail_person, member_in, role_in, role_name},
};

impl MailService {
    /// The mail of a sending.
    pub(crate) async fn to_invitee(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Option<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<InvitationId>() else { return Ok(None) };
        let slot = Key::address_slot(org, id.address_hash());
        let keys = [Key::organization(org), slot.clone()].into_iter().chain(author_key(event));
        let found = self.store.get(keys).await?;
        let organization = found.organization(org);
        let invitation = found.address_slot(&slot)?.and_then(AddressSlot::pending);
        let (Some(organization), Some(invitation)) = (organization, invitation) else {
            return Ok(None);
        };
        let role = self.store.get_for_display(Key::custom_role(org, invitation.role_id)).await?;
        let role = role_name(&role, org, invitation.role_id)?;
        let offer = MailedOffer { role, by: author(&found, event)? };
        Ok(invitation_mail(event, organization, Some(invitation), offer, context.at))
    }

    /// The mail to the invitee of an invitation that was revoked, or ended with its organization.
    pub(crate) async fn about_revocation(
        &self,
        event: &Event,
    ) -> Result<Option<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<InvitationId>() else { return Ok(None) };
        let slot = Key::address_slot(org, id.address_hash());
        let keys = [Key::organization(org), slot.clone(), Key::delivery(id)].into_iter();
        let found = self.store.get(keys.chain(author_key(event))).await?;
        let Some(organization) = found.any_organization(org) else { return Ok(None) };
        let facts = RevocationFacts {
            address_is_used: found.address_slot(&slot)?.is_some(),
            called: found.invitation_label(org, id)?,
            delivery: found.delivery(id)?,
        };
        let by = author(&found, event)?;
        Ok(revocation_mail(event, organization, facts, by))
    }

    /// The mail to the inviter of an invitation that was accepted, unless they got one in the last
    /// hour (INV14). None for an operator's invitation, for an inviter who is no longer a member,
    /// and about a person who was erased.
    pub(crate) async fn about_acceptance(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Option<OutgoingMail>, Error> {
        let org = event.organization_id;
        let values = &event.new;
        let (Some(inviter), Some(member), Some(role)) =
            (member_in(values, "inviter_id"), member_in(values, "member_id"), role_in(values))
        else {
            return Ok(None);
        };
        let keys = [Key::organization(org), Key::member(org, inviter), Key::member(org, member)];
        let found = self.store.get(keys.into_iter().chain(Key::custom_role(org, role))).await?;
        let to = found.active_member(org, inviter, context.at)?;
        let organization = found.organization(org).cloned();
        let access_end = found.member(org, member)?.and_then(|member| member.access_expires_at);
        let by = mail_person(&found, org, member)?;
        let (Some(organization), Some(to), Some(by)) = (organization, to, by) else {
            return Ok(None);
        };
        let recipient = DigestRecipient::Inviter(org, inviter);
        if !self.store.mail_now(recipient, event, Some(member)).await? {
            return Ok(None);
        }
        let role = role_name(&found, org, role)?;
        let accepted = Notification::InvitationAccepted { by, role, access_end };
        Ok(OutgoingMail::to_member(&organization, &to, accepted))
    }
}
