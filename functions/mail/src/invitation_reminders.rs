//! The mail before an invitation ends: one for each sending, two days before (INV5).

use shared::{
    domain::{
        AddressSlot, Author, Invitation, MailedOffer, OutgoingMail, ReminderFacts, RequestContext,
        reminder_mail,
    },
    store::{Error, Expiring, Key, Reminded},
};

use crate::{
    MailService,
    selection::{author_of, role_name},
    sending::MarkedMail,
};

/// The most invitations of a shard in one run. The next one continues.
const MAX_REMINDED: u16 = 100;

impl MailService {
    /// Reminds the invitees whose invitations end soon, until `out_of_time` returns true. Returns
    /// the number of mails.
    ///
    /// A failure that concerns all mails stops the run, and the next run begins at the same place.
    /// A failure of one mail alone is logged, and this mail is not sent later.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub(crate) async fn remind(
        &self,
        context: &RequestContext,
        out_of_time: impl Fn() -> bool,
    ) -> Result<u32, Error> {
        let Expiring { items: invitations, read_until } =
            self.store.expiring(context.at, MAX_REMINDED).await?;
        let mut sent = 0;
        for invitation in &invitations {
            if out_of_time() {
                return Ok(sent);
            }
            let Some(mail) = self.reminder(invitation, context).await? else { continue };
            let mark = Key::reminded(invitation.sending());
            match self.send_all(vec![MarkedMail { mail, mark }], context, &out_of_time).await {
                Ok(number) => sent += number,
                Err(waits) => {
                    waits.log();
                    if waits.stops_batch() {
                        return Ok(sent);
                    }
                }
            }
        }
        self.store.reminded_until(context, Reminded::Invitations, read_until).await?;
        Ok(sent)
    }

    /// The mail before the end of an invitation, as the table is now.
    async fn reminder(
        &self,
        listed: &Invitation,
        context: &RequestContext,
    ) -> Result<Option<OutgoingMail>, Error> {
        let org = listed.path.id();
        let id = listed.id;
        let slot = Key::address_slot(org, id.address_hash());
        let keys = [Key::organization(org), slot.clone(), Key::delivery(id)];
        let found = self.store.get(keys).await?;
        let pending = found.address_slot(&slot)?.and_then(AddressSlot::pending);
        let pending = pending.filter(|invitation| invitation.sending() == listed.sending());
        let (Some(organization), Some(invitation)) = (found.organization(org).cloned(), pending)
        else {
            return Ok(None);
        };
        let inviter_id = invitation.inviter.as_ref().map(|inviter| inviter.member_id);
        let keys = inviter_id.map(|id| Key::member(org, id)).into_iter();
        let names = self.store.get(keys.chain(Key::custom_role(org, invitation.role_id))).await?;
        let (by, inviter) = match inviter_id {
            Some(id) => (author_of(&names, org, id)?, names.continued_member(org, id)?),
            None => (Author::Platform, None),
        };
        let inviter = inviter.filter(|member| member.has_access(context.at));
        let inviter_role = inviter.map(|member| member.role_id);
        let offer = MailedOffer { role: role_name(&names, org, invitation.role_id)?, by };
        let facts = ReminderFacts { delivery: found.delivery(id)?, inviter_role };
        Ok(reminder_mail(&organization, &invitation, facts, offer, context.at))
    }
}
