//! The mails before access ends (END1). Each member gets one. In each run and organization, each
//! person who granted access or keeps a service (MACH1) gets one about all members whose access
//! ends soon.

use std::collections::BTreeMap;

use shared::{
    domain::{
        Concern, EndingAccess, Member, MemberId, OrgId, Organization, RequestContext,
        concerned_mail,
    },
    store::{Claim, Error, Expiring, Key, Reminded},
};

use crate::{MailService, WaitReason, selection::role_name, sending::MarkedMail};

/// The most members of a shard whose end came near in one run. The next one continues.
const MAX_REMINDED: u16 = 100;

/// Access that ends soon, with the people concerned, as the table is now.
struct Ending {
    organization: Organization,
    /// Who granted the access, and the keeper of a service, as far as they have access themselves.
    concerned: Vec<(Member, Concern)>,
    access: EndingAccess,
}

/// All access in one organization that concerns one person and ends soon.
struct ConcernedPerson {
    organization: Organization,
    person: Member,
    access: Vec<(EndingAccess, Concern)>,
}

impl MailService {
    /// Reminds the members whose access ends soon, those who granted it and the keepers of
    /// services, until `out_of_time` returns true. Returns the number of mails.
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
        let mut sent = 0;
        let mut concerned = BTreeMap::new();
        for member in &items {
            if out_of_time() {
                return Ok(sent);
            }
            let Some(ending) = self.ending(member, context).await? else { continue };
            let reminded = self.remind_member(&ending, context, &out_of_time).await;
            collect(&mut concerned, ending);
            if stops(reminded, &mut sent) {
                return Ok(sent);
            }
        }
        for person in concerned.into_values() {
            if out_of_time() || stops(self.remind_concerned(person, context).await, &mut sent) {
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
        let org = listed.path.id();
        let now = context.at;
        let people = [listed.id()].into_iter().chain(listed.access_granted_by);
        let keys =
            people.map(|id| Key::member(org, id)).chain(Key::custom_role(org, listed.role_id));
        let found = self.store.get(keys.chain([Key::organization(org)])).await?;
        let member = found.active_member(org, listed.id(), now)?;
        let member = member.filter(|member| member.access_expires_at == listed.access_expires_at);
        let (Some(organization), Some(member)) = (found.organization(org).cloned(), member) else {
            return Ok(None);
        };
        let keeper = member.service.map(|service| service.keeper);
        let found = found.and(self.store.get(keeper.map(|keeper| Key::member(org, keeper))).await?);
        let granter = listed.access_granted_by.map(|id| (id, Concern::Granted));
        let mut concerned: Vec<(Member, Concern)> = vec![];
        for (id, concern) in granter.into_iter().chain(keeper.map(|id| (id, Concern::Kept))) {
            // The person can have another account now (OP2).
            let person = found.continued_member(org, id)?.filter(|person| person.has_access(now));
            let Some(person) = person.filter(|person| person.id() != member.id()) else { continue };
            match concerned.iter_mut().find(|(known, _)| known.id() == person.id()) {
                Some((_, known)) => *known = known.and(concern),
                None => concerned.push((person, concern)),
            }
        }
        let role = role_name(&found, org, member.role_id)?;
        let access = EndingAccess::soon(member, role, now);
        Ok(access.map(|access| Ending { organization, concerned, access }))
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

    /// Sends one mail about all access that concerns a person, if no earlier mail to them was about
    /// it. Returns the number of mails.
    ///
    /// Each access has a mark. A run claims the marks first, so what another run mails is in no
    /// other mail.
    async fn remind_concerned(
        &self,
        concerned: ConcernedPerson,
        context: &RequestContext,
    ) -> Result<u32, WaitReason> {
        let ConcernedPerson { organization, person, access } = concerned;
        let Some(to) = &person.email else { return Ok(0) };
        let mark = |it: &EndingAccess| {
            Key::access_reminded(organization.id(), it.member.id(), it.until, to)
        };
        let done =
            self.store.done_mails(access.iter().map(|(access, _)| mark(access)).collect()).await?;
        let mut claimed = vec![];
        let mut marks = vec![];
        for access in access {
            let mark = mark(&access.0);
            if done.contains(&mark) {
                continue;
            }
            if self.store.claim_mail(context, mark.clone()).await? == Claim::Granted {
                claimed.push(access);
                marks.push(mark);
            }
        }
        let Some(mail) = concerned_mail(&organization, &person, &claimed) else { return Ok(0) };
        self.hand_over(&mail, marks, context).await.map(|()| 1)
    }
}

/// Adds access to what concerns each person in the organization.
fn collect(all: &mut BTreeMap<(OrgId, MemberId), ConcernedPerson>, ending: Ending) {
    let Ending { organization, concerned, access } = ending;
    for (person, concern) in concerned {
        let organization = organization.clone();
        let key = (organization.id(), person.id());
        let empty = || ConcernedPerson { organization, person, access: vec![] };
        all.entry(key).or_insert_with(empty).access.push((access.clone(), concern));
    }
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
