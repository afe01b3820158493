//! The counter item of an organization: numbers of users by status and built-in role, and sizes of
//! bounded lists. The transactions that change a number update it, so every number is exact.
//!
//! The numbers of a custom role are on the role's own item, which the same transactions check.

use std::collections::{BTreeMap, HashMap};

use super::{
    Error, FetchedItems, Key, Store,
    counters::{BoundedCounter, is_number, number_in},
    expression::Expression,
    item::Item,
    step::{Change, OnConditionFailed, not_grantable},
};
use crate::domain::{
    BoundedList, BuiltIn, CustomRoleId, Member, OrgId, Organization, Refusal, RoleId, UserCount,
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

    /// The users of a built-in role; none where there are never any: the Super Admin is not counted,
    /// and services have few roles (MACH1).
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
            Self::ReassignmentsToPartnerRoles => "moves_to_partner_roles".to_owned(),
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
}

/// How the numbers of one organization change in a transaction.
#[derive(Default)]
pub(super) struct CountChanges {
    organization: BTreeMap<Counter, i64>,
    roles: BTreeMap<CustomRoleId, BTreeMap<UserKind, i64>>,
    /// How many pending invitations the organization may have, if that limits the change (INV12).
    pub(super) pending_cap: Option<u64>,
}

/// The update of one item.
pub(super) struct CountUpdate {
    pub(super) key: Key,
    pub(super) changes: Vec<Change>,
    pub(super) conditions: Vec<Expression>,
    pub(super) on_failed: OnConditionFailed,
}

impl CountChanges {
    /// Counts users of a role in or out. The Super Admin is not counted.
    pub(super) fn users(&mut self, role: RoleId, kind: UserKind, by: i64) {
        if role == RoleId::SUPER_ADMIN {
            return;
        }
        self.add(Counter::Users(kind), by);
        match role {
            RoleId::BuiltIn(role) => self.add(Counter::BuiltIn(role, kind), by),
            RoleId::Custom(role) => {
                *self.roles.entry(role).or_default().entry(kind).or_default() += by;
            }
        }
    }

    /// Leaves out the numbers of a role: the transaction deletes it.
    pub(super) fn without_role(&mut self, role: CustomRoleId) {
        self.roles.remove(&role);
    }

    /// Adds to a number of the organization.
    pub(super) fn add(&mut self, counter: Counter, by: i64) {
        *self.organization.entry(counter).or_default() += by;
    }

    /// The updates that make these changes: one for the counter item, one for each custom role.
    pub(super) fn updates(mut self, org: OrgId) -> Vec<CountUpdate> {
        self.organization.retain(|_, by| *by != 0);
        let roles = std::mem::take(&mut self.roles).into_iter();
        let mut updates: Vec<_> =
            roles.filter_map(|(role, changes)| role_update(org, role, &changes)).collect();
        if !self.organization.is_empty() {
            updates.push(self.organization_update(org));
        }
        updates
    }

    fn organization_update(self, org: OrgId) -> CountUpdate {
        let limits = self.limits();
        let conditions = limits.iter().map(CounterLimit::condition).collect();
        let on_failed: OnConditionFailed = Box::new(move |item| {
            let exceeded = limits.iter().find(|limit| limit.is_exceeded(item.as_ref()));
            exceeded.map_or(Refusal::ChangedConcurrently, CounterLimit::refusal).into()
        });
        let changes = self.organization.into_iter();
        let changes = changes.map(|(counter, by)| Change::add(&counter.attribute(), by)).collect();
        CountUpdate { key: Key::counts(org), changes, conditions, on_failed }
    }

    /// The limits that these changes keep.
    fn limits(&self) -> Vec<CounterLimit> {
        let gained = self.organization.iter().filter_map(|(counter, by)| {
            let more = u64::try_from(*by).ok()?;
            Some((*counter, more))
        });
        let mut limits = Vec::new();
        if gained.clone().any(|(counter, _)| Counter::PARTNER_ROLES.contains(&counter)) {
            limits.push(CounterLimit::Partner);
        }
        for (counter, more) in gained {
            let (cap, refusal) = match (counter, self.pending_cap) {
                (Counter::Users(UserKind::Invitation), Some(cap)) => {
                    (cap, Refusal::PendingInvitationLimit(cap))
                }
                (Counter::List(list), _) => (list.limit(), list.refusal()),
                _ => continue,
            };
            let attribute = counter.attribute();
            limits.push(CounterLimit::Number(BoundedCounter { attribute, cap, more, refusal }));
        }
        limits
    }
}

/// The update of a custom role's numbers. A role that gains users exists and is not being deleted
/// (ROLE6).
fn role_update(
    org: OrgId,
    role: CustomRoleId,
    changes: &BTreeMap<UserKind, i64>,
) -> Option<CountUpdate> {
    let changes: Vec<_> = changes.iter().filter(|(_, by)| **by != 0).collect();
    let gains = changes.iter().any(|(_, by)| **by > 0);
    let condition = if gains {
        "attribute_exists(#pk) AND attribute_not_exists(#reassignment)"
    } else {
        "attribute_exists(#pk)"
    };
    let add = |(kind, by): &(&UserKind, &i64)| Change::add(kind.attribute(), **by);
    (!changes.is_empty()).then(|| CountUpdate {
        key: Key::role(org, role),
        changes: changes.iter().map(add).collect(),
        conditions: vec![Expression::new(condition, [])],
        on_failed: Box::new(|role| not_grantable(role.as_ref()).into()),
    })
}

/// A limit of a counter item.
enum CounterLimit {
    Number(BoundedCounter),
    /// Only partners have users of partner roles. The mark `standard` says that the organization
    /// stopped being a partner (PAR1).
    Partner,
}

impl CounterLimit {
    fn condition(&self) -> Expression {
        match self {
            Self::Number(counter) => counter.fits(),
            Self::Partner => Expression::new("attribute_not_exists(#standard)", []),
        }
    }

    /// Whether the counter item as it was found explains the failure of the condition.
    fn is_exceeded(&self, item: Option<&Item>) -> bool {
        match self {
            Self::Number(counter) => counter.is_exceeded(item),
            Self::Partner => item.is_some_and(|item| item.contains_key("standard")),
        }
    }

    fn refusal(&self) -> Refusal {
        match self {
            Self::Number(counter) => counter.refusal.clone(),
            Self::Partner => Refusal::NoSuchRole,
        }
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
