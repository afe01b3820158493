//! The users list (U3): members and pending invitations, filtered, searched and sorted (SUB6).
//!
//! A list without a search is one part. A search has two: the users whose address matches, or whose
//! name does if the search matches anywhere, and the other users whose role has a matching name. Each
//! part is a merge of ranges.

use futures_util::future::OptionFuture;

use super::{
    Error, Key, PageRequest, Position, Slice, Store, index,
    item::{Item, from_item},
    range::MAX_FILTER_UNITS,
    role_names::RoleNamesPage,
    user_filter::{Address, BY_ADDRESS, BY_ROLE_NAME, Section, UserFilter},
};
use crate::domain::{Invitation, Member, MemberId, OrgPath, RoleId, Scope};

/// The most sections of a list that one request reads.
pub(super) const MAX_SECTIONS: usize = 4;

/// A row of the users list (U3).
#[derive(Debug)]
pub enum User {
    /// An invitation that was not accepted yet.
    Pending(Invitation),
    /// A member.
    Active(Member),
}

impl User {
    /// The user in an item.
    pub(super) fn of(item: Item) -> Result<Self, Error> {
        if Key::of_item(&item)?.is_member() {
            from_item(item).map(Self::Active)
        } else {
            from_item(item).map(Self::Pending)
        }
    }

    /// The invitation of a user who is invited.
    pub fn invitation(&self) -> Option<&Invitation> {
        match self {
            Self::Pending(invitation) => Some(invitation),
            Self::Active(_) => None,
        }
    }

    /// The keeper of a service.
    pub fn keeper(&self) -> Option<MemberId> {
        match self {
            Self::Pending(_) => None,
            Self::Active(member) => Some(member.service?.keeper),
        }
    }

    /// The role that the user holds, or is invited to.
    pub fn role(&self) -> RoleId {
        match self {
            Self::Pending(invitation) => invitation.role_id,
            Self::Active(member) => member.role_id,
        }
    }

    /// The organization.
    pub fn path(&self) -> &OrgPath {
        match self {
            Self::Pending(invitation) => &invitation.path,
            Self::Active(member) => &member.path,
        }
    }

    /// The key of the user's item.
    pub fn key(&self) -> Key {
        match self {
            Self::Pending(open) => Key::address_slot(open.path.id(), open.id.digest()),
            Self::Active(member) => Key::member(member.path.id(), member.id()),
        }
    }
}

impl Store {
    /// A page of users. It can be short; its cursor then continues.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn users(
        &self,
        filter: &UserFilter,
        page: PageRequest<'_>,
    ) -> Result<Slice<User>, Error> {
        let mut position = page.after.cloned().unwrap_or_else(|| Position::new(""));
        let mut users = Vec::new();
        let mut prepared_section = None;
        let mut units = MAX_FILTER_UNITS;
        for _ in 0..MAX_SECTIONS {
            let section = match prepared_section.take() {
                Some(section) => section,
                None => self.section(filter, &position).await?,
            };
            let remaining = page.limit - users.len();
            let after = Some(position.key.as_str()).filter(|key| !key.is_empty());
            // The first page often needs the next section, too. Find its ranges concurrently.
            let next = section.next.as_ref().filter(|_| page.after.is_none() && users.is_empty());
            let prepare = OptionFuture::from(next.map(|next| self.section(filter, next)));
            let (found, prepared) =
                futures_util::join!(self.merged(&section.ranges, remaining, after, units), prepare);
            let found = found?;
            units -= found.units + section.units;
            prepared_section = prepared.transpose()?;
            let Slice { items, next } = found.slice(remaining, section.part);
            users.extend(items.into_iter().map(User::of).collect::<Result<Vec<_>, _>>()?);
            if next.is_some() || users.len() >= page.limit || units < 1.0 {
                return Ok(Slice { items: users, next: next.or(section.next) });
            }
            let Some(next) = section.next else { return Ok(Slice { items: users, next: None }) };
            position = next;
        }
        Ok(Slice { items: users, next: Some(position) })
    }

    /// The section of a list at a position.
    pub(super) async fn section(
        &self,
        filter: &UserFilter,
        position: &Position,
    ) -> Result<Section, Error> {
        let Some(search) = &filter.search else {
            let ranges = filter.ranges(&filter.roles, Address::Any);
            return Ok(Section { part: BY_ADDRESS, ranges, next: None, units: 0.0 });
        };
        if position.part != BY_ROLE_NAME {
            let ranges = filter.ranges(&filter.roles, Address::Matches(search));
            let next = Some(Position { part: BY_ROLE_NAME, key: String::new() });
            return Ok(Section { part: BY_ADDRESS, ranges, next, units: 0.0 });
        }
        let start = index::path_of(&position.key);
        let page = self.role_names_from(filter, start.as_ref()).await?;
        Ok(filter.section_by_role_name(search, page))
    }

    /// The role names of the filter's organizations, from one of them on, in the filter's order.
    async fn role_names_from(
        &self,
        filter: &UserFilter,
        start: Option<&OrgPath>,
    ) -> Result<RoleNamesPage, Error> {
        let descending = filter.order.descending;
        if let Scope::Subtree(top) = &filter.scope {
            return self.role_names_in_subtree(top, start, descending).await;
        }
        let mut found = self.role_names(filter.with_custom_roles.iter().copied()).await?;
        found.sort_by_key(|names| index::path(&names.path));
        if descending {
            found.reverse();
        }
        if let Some(start) = start.map(index::path) {
            found.retain(|names| {
                let path = index::path(&names.path);
                if descending { path <= start } else { path >= start }
            });
        }
        Ok(RoleNamesPage { items: found, next: None, units: 0.0 })
    }
}
