//! The counter item of an organization: numbers of users by status and built-in role, and sizes of
//! bounded lists. The transactions that change a number update it, so every number is exact.
//!
//! The numbers of a custom role are on the role's own item, which the same transactions check.

use std::collections::HashMap;

use super::{
    Error, FetchedItems, Key, Store,
    counters::{is_number, number_in},
    expression::Expression,
    item::Item,
};
use crate::domain::{
    BoundedList, BuiltIn, Member, OrgId, Organization, PendingRoom, RoleId, UserCount,
    check_service_role,
};

/// The kind of users that a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum UserKind {
    /// Persons who are members.
    Person,
    /// Pending invitations.
    Invitation,
    /// Services (MACH1).
    Service,
}

impl UserKind {
    pub(super) const ALL: [Self; 3] = [Self::Person, Self::Invitation, Self::Service];

    /// How a member is counted.
    pub(super) fn member(member: &Member) -> Self {
        if member.service.is_some() { Self::Service } else { Self::Person }
    }

    /// The attribute of their number, on the counter item and on a custom role's item.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Person => "active",
            Self::Invitation => "pending",
            Self::Service => "services",
        }
    }

    /// Their number among these users.
    pub(super) fn number_in(self, users: UserCount) -> u64 {
        match self {
            Self::Person => users.persons,
            Self::Invitation => users.pending,
            Self::Service => users.services,
        }
    }
}

/// Users with the number of each kind.
pub(super) fn user_count(number: impl Fn(UserKind) -> u64) -> UserCount {
    UserCount {
        persons: number(UserKind::Person),
        pending: number(UserKind::Invitation),
        services: number(UserKind::Service),
    }
}

/// A custom role has exactly these numbers of users.
pub(super) fn has_exactly(users: UserCount) -> Expression {
    Expression::all(UserKind::ALL.map(|kind| is_number(kind.attribute(), kind.number_in(users))))
}

/// A number on the counter item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counter {
    /// All users of a kind. The one Super Admin is not counted: the organization names them.
    Users(UserKind),
    /// The users of a built-in role: see [`Counter::of_role`].
    BuiltIn(BuiltIn, UserKind),
    /// The entries of a list.
    List(BoundedList),
    /// The organizations right below that are not deleted (SA7).
    SubOrganizations,
    /// The roles that are being deleted and whose users get a partner role.
    ReassignmentsToPartnerRoles,
}

impl Counter {
    /// Every counter of the roles that only partners have.
    pub(super) const PARTNER_ROLES: [Self; 6] = [
        Self::ReassignmentsToPartnerRoles,
        Self::BuiltIn(BuiltIn::MdfAdmin, UserKind::Person),
        Self::BuiltIn(BuiltIn::MdfAdmin, UserKind::Invitation),
        Self::BuiltIn(BuiltIn::PartnerUser, UserKind::Person),
        Self::BuiltIn(BuiltIn::PartnerUser, UserKind::Invitation),
        Self::BuiltIn(BuiltIn::PartnerUser, UserKind::Service),
    ];

    /// The users of a built-in role; none where there are never any: the Super Admin is not
    /// counted, and services have few roles (MACH1).
    fn of_role(role: BuiltIn, kind: UserKind) -> Option<Self> {
        let is_possible = match kind {
            UserKind::Person | UserKind::Invitation => role != BuiltIn::SuperAdmin,
            UserKind::Service => check_service_role(RoleId::BuiltIn(role)).is_ok(),
        };
        is_possible.then_some(Self::BuiltIn(role, kind))
    }

    /// The attribute that holds it.
    pub(super) fn attribute(self) -> String {
        match self {
            Self::Users(kind) => kind.attribute().to_owned(),
            Self::BuiltIn(role, kind) => format!("{}_{}", kind.attribute(), role.key()),
            Self::SubOrganizations => "sub_organizations".to_owned(),
            Self::ReassignmentsToPartnerRoles => "reassignments_to_partner_roles".to_owned(),
            Self::List(BoundedList::ApprovedDomains) => "approved_domains".to_owned(),
            Self::List(BoundedList::JoinRequests) => "join_requests".to_owned(),
            Self::List(BoundedList::CriticalAlertUsers) => "critical_alert_users".to_owned(),
        }
    }

    /// The number on a counter item.
    pub(super) fn number_on(self, counts: Option<&Item>) -> u64 {
        number_in(counts, &self.attribute())
    }

    /// The number is 0.
    pub(super) fn is_zero(self) -> Expression {
        is_number(&self.attribute(), 0)
    }
}

/// The numbers of users of an organization, in all and by built-in role.
#[derive(Clone, Debug, Default)]
pub struct OrganizationCounts {
    item: Option<Item>,
    super_admins: u64,
}

impl OrganizationCounts {
    /// Reads the counter item of `org` at [`Key::counts`].
    pub fn of(org: &Organization, found: &FetchedItems) -> Self {
        let super_admins = u64::from(org.super_admin_user_id.is_some());
        Self { item: found.item(&Key::counts(org.id())).cloned(), super_admins }
    }

    fn number(&self, counter: Counter) -> u64 {
        counter.number_on(self.item.as_ref())
    }

    /// All users.
    pub fn all(&self) -> UserCount {
        let users = user_count(|kind| self.number(Counter::Users(kind)));
        UserCount { persons: users.persons + self.super_admins, ..users }
    }

    /// The users of a built-in role.
    pub fn users(&self, role: BuiltIn) -> UserCount {
        if role == BuiltIn::SuperAdmin {
            return UserCount { persons: self.super_admins, ..UserCount::default() };
        }
        let number = |counter| self.number(counter);
        user_count(|kind| Counter::of_role(role, kind).map(number).unwrap_or_default())
    }

    /// The users of the roles that only partners have.
    pub fn partner_roles(&self) -> UserCount {
        let (mdf, partner) = (self.users(BuiltIn::MdfAdmin), self.users(BuiltIn::PartnerUser));
        user_count(|kind| kind.number_in(mdf) + kind.number_in(partner))
    }
}

impl FetchedItems {
    /// The number of entries of a list, by the counter item of `org` at [`Key::counts`].
    pub fn length(&self, org: OrgId, list: BoundedList) -> u64 {
        Counter::List(list).number_on(self.item(&Key::counts(org)))
    }

    /// The number of pending invitations, by the counter item of `org` at [`Key::counts`].
    pub fn pending_invitations(&self, org: OrgId) -> u64 {
        Counter::Users(UserKind::Invitation).number_on(self.item(&Key::counts(org)))
    }

    /// How many more invitations can be pending, according to the counter item (INV12).
    pub fn pending_room(&self, org: OrgId, cap: u64) -> PendingRoom {
        PendingRoom { cap, left: cap.saturating_sub(self.pending_invitations(org)) }
    }
}

impl Store {
    /// The numbers of users of each organization, as of a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn counts(&self, orgs: &[Organization]) -> Result<HashMap<OrgId, UserCount>, Error> {
        let found = self.get_eventual(orgs.iter().map(|org| Key::counts(org.id()))).await?;
        let count = |org: &Organization| (org.id(), OrganizationCounts::of(org, &found).all());
        Ok(orgs.iter().map(count).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::{from_item, to_item};

    /// A custom role's item has the attributes of [`UserKind`] as fields of [`UserCount`].
    #[test]
    fn users_of_a_custom_role_are_stored_by_kind() {
        let users = UserCount { persons: 1, pending: 2, services: 3 };
        let item = to_item(Key::counts(crate::fixtures::org_id(1)), &users, vec![]).unwrap();
        assert_eq!(user_count(|kind| number_in(Some(&item), kind.attribute())), users);
        assert_eq!(from_item::<UserCount>(item).unwrap(), users);
    }
}
