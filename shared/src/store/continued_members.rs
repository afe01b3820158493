//! Members whose membership continues with another account (OP2). What named the former one, such
//! as events, invitations and services, means the same person. So the former member leaves no name
//! behind, only the id with which the membership continues, and a read of it reads that member,
//! too.

use jiff::{SignedDuration, Timestamp};

use super::{
    Error, FetchedItems, Key, Store,
    item::{Item, attribute, text},
    keys,
    step::tombstone,
};
use crate::domain::{
    Invitation, Member, MemberId, OrgId, Organization, Version, inviter_authorized,
};

/// The attribute that a former member leaves behind: the id with which the membership continues.
const CONTINUED_AS: &str = "continued_as";
/// The attribute of a member, and of what it leaves behind: the id of the former account.
pub(super) const CONTINUES: &str = "continues";

/// How long a former account leads to the present one: a service names its keeper for as long as it
/// is there.
const CONTINUED: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

/// The highest number of changes of an account that are followed.
pub const MAX_CHANGES: usize = 20;

/// What a membership leaves behind that continues as `after`.
pub(super) fn continued_tombstone(
    before: &Member,
    gone: Version,
    after: MemberId,
) -> Result<Item, Error> {
    let key = Key::member(before.path.id(), before.id());
    let mut former = tombstone(key, gone, CONTINUED)?;
    former.insert(CONTINUED_AS.to_owned(), text(after.to_string()));
    if let Some(earlier) = before.continues {
        former.insert(CONTINUES.to_owned(), attribute(&earlier)?);
    }
    Ok(former)
}

impl Store {
    /// The stored member with this id, or with the id with which the membership continues. Their
    /// access can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn continued_member(
        &self,
        org: OrgId,
        id: MemberId,
    ) -> Result<Option<Member>, Error> {
        self.get([Key::member(org, id)]).await?.continued_member(org, id)
    }

    /// The ids that a person had in an organization before the present one. `last` is the last of
    /// them. Nothing is read if there was none.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub(super) async fn former_ids(
        &self,
        org: OrgId,
        mut last: Option<MemberId>,
    ) -> Result<Vec<MemberId>, Error> {
        let mut ids = Vec::new();
        while let Some(id) = last.filter(|_| ids.len() < MAX_CHANGES) {
            ids.push(id);
            last = self.get([Key::member(org, id)]).await?.former_id(org, id);
        }
        Ok(ids)
    }
}

impl FetchedItems {
    /// The stored member with this id, or with the id with which the membership continues. Their
    /// access can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn continued_member(&self, org: OrgId, id: MemberId) -> Result<Option<Member>, Error> {
        self.member(org, self.last_id(org, id))
    }

    /// Whether the member who sent an invitation last may still grant its role (INV9). The items
    /// have that member, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn inviter_authorized(
        &self,
        org: &Organization,
        invitation: &Invitation,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let inviter = match invitation.sent_by() {
            Some(inviter) => self.continued_member(org.id(), inviter)?,
            None => None,
        };
        Ok(inviter_authorized(org, invitation, inviter.as_ref(), now))
    }

    /// The id that a member, or a former one, had with their former account.
    pub fn former_id(&self, org: OrgId, member: MemberId) -> Option<MemberId> {
        self.id_in(org, member, CONTINUES)
    }

    /// The id with which a membership continues, as far as the items say so.
    pub(super) fn last_id(&self, org: OrgId, mut id: MemberId) -> MemberId {
        for _ in 0..MAX_CHANGES {
            let Some(next) = self.id_in(org, id, CONTINUED_AS) else { break };
            id = next;
        }
        id
    }

    /// The keys of the members with which memberships among the items continue, and that were not
    /// read yet.
    pub(super) fn unread_continuations(&self) -> Vec<Key> {
        let former = self
            .items
            .iter()
            .filter(|(key, item)| key.is_member() && item.contains_key(CONTINUED_AS));
        let next = former.filter_map(|(key, item)| {
            Some(Key::member(keys::owner(&key.pk).ok()?, id_of(item, CONTINUED_AS)?))
        });
        next.filter(|key| !self.items.contains_key(key)).collect()
    }

    fn id_in(&self, org: OrgId, member: MemberId, attribute: &str) -> Option<MemberId> {
        id_of(self.items.get(&Key::member(org, member))?, attribute)
    }
}

fn id_of(item: &Item, attribute: &str) -> Option<MemberId> {
    item.get(attribute)?.as_s().ok()?.parse().ok()
}
