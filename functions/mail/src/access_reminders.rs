//! The mails before access ends (END1): one to each member, and in each run one to each person who granted
//! access in an organization, about all members whose access ends soon.

use std::collections::BTreeMap;

use shared::{
    domain::{EndingAccess, Member, MemberId, OrgId, Organization, RequestContext, granter_mail},
    store::{Claim, Error, Expiring, Key, Reminded},
};

use crate::{MailService, WaitReason, mails::MarkedMail, selection::role_name};

/// The most members of a shard whose end came near in one run. The next one continues.
const MAX_REMINDED: u16 = 100;

/// Access that ends soon, with the people concerned, as the table is now.
struct Ending {
    organization: Organization,
    granter: Option<Member>,
    access: EndingAccess,
}

/// All access that one person granted in one organization, and that ends soon.
struct Granted {
    organization: Organization,
    granter: Member,
    access: Vec<EndingAccess>,
}

impl MailService {
    /// Reminds the members whose access ends soon, and those who granted it, until `out_of_time` returns
    /// true. Returns the number of mails.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read or written.
    pub(crate) async fn remind_of_access(
        &self,
        context: &RequestContext,
        out_of_time: impl Fn() -> bool,
    ) -> Result<u32, Error> {
        let Expiring { items, read_until } =
            self.store.ending_access(context.at, MAX_REMINDED).await?;
        let (mut sent, mut granted) = (0, BTreeMap::new());
        for member in &items {
            if out_of_time() {
                return Ok(sent);
            }
            let Some(ending) = self.ending(member, context).await? else { continue };
            let reminded = self.remind_member(&ending, context, &out_of_time).await;
            collect(&mut granted, ending);
            if stops(reminded, &mut sent) {
                return Ok(sent);
            }
        }
        for granted in granted.into_values() {
            if out_of_time() || stops(self.remind_granter(granted, context).await, &mut sent) {
                return Ok(sent);
            }
        }
        self.store.reminded_until(context, Reminded::Members, read_until).await?;
        Ok(sent)
    }

    /// The access of a member that the index lists. `None` if it has another end now.
    async fn ending(
        &self,
        listed: &Member,
        context: &RequestContext,
    ) -> Result<Option<Ending>, Error> {
        let (org, now) = (listed.path.id(), context.at);
        let people = [listed.id()].into_iter().chain(listed.access_granted_by);
        let keys =
            people.map(|id| Key::member(org, id)).chain(Key::custom_role(org, listed.role_id));
        let found = self.store.get(keys.chain([Key::organization(org)])).await?;
        let member = found.active_member(org, listed.id(), now)?;
        let member = member.filter(|member| member.access_expires_at == listed.access_expires_at);
        let (Some(organization), Some(member)) = (found.organization(org), member) else {
            return Ok(None);
        };
        let granter = match listed.access_granted_by {
            Some(id) if id != member.id() => found.active_member(org, id, now)?,
            _ => None,
        };
        let role = role_name(&found, org, member.role_id)?;
        let access = EndingAccess::of(member, role, now);
        Ok(access.map(|access| Ending { organization, granter, access }))
    }

    /// Sends the mail to the member. Returns the number of mails.
    async fn remind_member(
        &self,
        ending: &Ending,
        context: &RequestContext,
        out_of_time: &impl Fn() -> bool,
    ) -> Result<u32, WaitReason> {
        let Ending { organization, access, .. } = ending;
        let Some(mail) = access.mail(organization) else { return Ok(0) };
        let mark =
            Key::access_reminded(organization.id(), access.member.id(), access.until, &mail.to);
        self.send_all(vec![MarkedMail { mail, mark }], context, out_of_time).await
    }

    /// Sends one mail about all access that a person granted, of which no mail to them was sent yet.
    /// Returns the number of mails.
    ///
    /// Each access has a mark. A run claims the marks first, so what another run mails is in no other
    /// mail.
    async fn remind_granter(
        &self,
        granted: Granted,
        context: &RequestContext,
    ) -> Result<u32, WaitReason> {
        let Granted { organization, granter, access } = granted;
        let Some(to) = &granter.email else { return Ok(0) };
        let mark = |it: &EndingAccess| {
            Key::access_reminded(organization.id(), it.member.id(), it.until, to)
        };
        let done = self.store.done_mails(access.iter().map(mark).collect()).await?;
        let (mut claimed, mut marks) = (vec![], vec![]);
        for access in access {
            let mark = mark(&access);
            if done.contains(&mark) {
                continue;
            }
            if self.store.claim_mail(context, mark.clone()).await? == Claim::Granted {
                claimed.push(access);
                marks.push(mark);
            }
        }
        let Some(mail) = granter_mail(&organization, &granter, &claimed) else { return Ok(0) };
        self.hand_over(&mail, marks, context).await.map(|()| 1)
    }
}

/// Adds access to what its granter has granted in the organization.
fn collect(all: &mut BTreeMap<(OrgId, MemberId), Granted>, ending: Ending) {
    let Ending { organization, granter, access } = ending;
    let Some(granter) = granter else { return };
    let key = (organization.id(), granter.id());
    let empty = || Granted { organization, granter, access: vec![] };
    all.entry(key).or_insert_with(empty).access.push(access);
}

/// Counts mails that were sent, or logs why they wait. Returns whether the others would wait too.
fn stops(mails: Result<u32, WaitReason>, sent: &mut u32) -> bool {
    match mails {
        Ok(number) => {
            *sent += number;
            false
        }
        Err(waits) => {
            waits.log();
            waits.stops_batch()
        }
    }
}
