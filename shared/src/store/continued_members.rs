//! Members whose membership continues with another account (OP2). The invitations that they sent name
//! the former member id, and stay acceptable.

use super::{
    Error, FetchedItems, Key, Store,
    item::{Item, text},
};
use crate::domain::{Member, MemberId, OrgId};

/// The attribute that a former member leaves behind: the id with which the membership continues.
const CONTINUED_AS: &str = "continued_as";

/// The highest number of changes of an account that are followed.
const MAX_CHANGES: usize = 5;

/// Says in the item of a former member with which id the membership continues.
pub(super) fn continued(mut former: Item, id: MemberId) -> Item {
    former.insert(CONTINUED_AS.to_owned(), text(id.to_string()));
    former
}

impl Store {
    /// The stored member with this id, or with the id with which the membership continues. Their access
    /// can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn continued_member(
        &self,
        org: OrgId,
        id: MemberId,
    ) -> Result<Option<Member>, Error> {
        let found = self.get([Key::member(org, id)]).await?;
        self.with_continued(org, found, &[id]).await?.continued_member(org, id)
    }

    /// Adds the members with which the memberships of `ids` continue. `found` has the items of `ids`.
    /// Nothing is read if none of them has another account.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn with_continued(
        &self,
        org: OrgId,
        mut found: FetchedItems,
        ids: &[MemberId],
    ) -> Result<FetchedItems, Error> {
        for _ in 0..MAX_CHANGES {
            let last = ids.iter().map(|&id| (id, found.last_id(org, id)));
            let unread = last.filter(|(id, last)| id != last);
            let unread = unread.map(|(_, last)| Key::member(org, last));
            let unread: Vec<_> = unread.filter(|key| !found.contains(key)).collect();
            if unread.is_empty() {
                break;
            }
            found = found.and(self.get(unread).await?);
        }
        Ok(found)
    }
}

impl FetchedItems {
    /// The stored member with this id, or with the id with which the membership continues. Their access
    /// can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn continued_member(&self, org: OrgId, id: MemberId) -> Result<Option<Member>, Error> {
        self.member(org, self.last_id(org, id))
    }

    /// The id with which a membership continues, as far as the items say so.
    fn last_id(&self, org: OrgId, mut id: MemberId) -> MemberId {
        for _ in 0..MAX_CHANGES {
            let item = self.items.get(&Key::member(org, id));
            let next = item.and_then(|item| item.get(CONTINUED_AS)?.as_s().ok()?.parse().ok());
            let Some(next) = next else { break };
            id = next;
        }
        id
    }
}
