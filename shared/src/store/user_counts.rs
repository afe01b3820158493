//! The counter item of an organization: numbers of users by status and built-in role, and sizes of
//! bounded lists. The transactions that change a number update it, so every number is exact.
//!
//! The numbers of a custom role stand on the role's own item, which the same transactions check.

use std::collections::{BTreeMap, HashMap};

use super::{
    Error, FetchedItems, Key, Status, Store,
    expression::Expression,
    item::{Item, number},
    transaction::{Change, OnConditionFailed, not_grantable},
};
use crate::domain::{
    BoundedList, BuiltIn, CustomRoleId, Member, OrgId, Organization, Refusal, RoleId, UserCount,
};

/// The kind of users that a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    /// Persons who are members.
    Active,
    /// Pending invitations.
    Pending,
    /// Services (MACH1).
    Services,
}

impl Counted {
    const ALL: [Self; 3] = [Self::Active, Self::Pending, Self::Services];

    /// How a member is counted.
    pub(super) fn member(member: &Member) -> Self {
        if member.service.is_some() { Self::Services } else { Self::Active }
    }
}

impl From<Status> for Counted {
    fn from(status: Status) -> Self {
        match status {
            Status::Active => Self::Active,
            Status::Pending => Self::Pending,
        }
    }
}

/// A number on the counter item. The one Super Admin is not counted: the organization names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counter {
    /// All users with this status.
    Users(Counted),
    /// The users of a built-in role with this status.
    BuiltIn(BuiltIn, Counted),
    /// The entries of a list.
    List(BoundedList),
    /// The organizations right below that are not deleted (SA7).
    SubOrganizations,
    /// The roles that are being deleted and whose users are being moved to a partner role.
    MovesToPartnerRoles,
}

impl Counter {
    /// Every counter of the roles that only partners have.
    pub(super) const PARTNER_ROLES: [Self; 6] = [
        Self::MovesToPartnerRoles,
        Self::BuiltIn(BuiltIn::MdfAdmin, Counted::Active),
        Self::BuiltIn(BuiltIn::MdfAdmin, Counted::Pending),
        Self::BuiltIn(BuiltIn::PartnerUser, Counted::Active),
        Self::BuiltIn(BuiltIn::PartnerUser, Counted::Pending),
        Self::BuiltIn(BuiltIn::PartnerUser, Counted::Services),
    ];

    /// The attribute that holds it.
    pub(super) fn attribute(self) -> &'static str {
        use BuiltIn::{Admin, MdfAdmin, PartnerUser, SuperAdmin, User};
        use Counted::{Active, Pending, Services};
        match self {
            Self::Users(Active) => "active",
            Self::Users(Pending) => "pending",
            Self::Users(Services) => "services",
            Self::BuiltIn(SuperAdmin, Services) => "services_super_admin",
            Self::BuiltIn(Admin, Services) => "services_admin",
            Self::BuiltIn(User, Services) => "services_user",
            Self::BuiltIn(MdfAdmin, Services) => "services_mdf_admin",
            Self::BuiltIn(PartnerUser, Services) => "services_partner_user",
            Self::BuiltIn(SuperAdmin, Active) => "active_super_admin",
            Self::BuiltIn(SuperAdmin, Pending) => "pending_super_admin",
            Self::BuiltIn(Admin, Active) => "active_admin",
            Self::BuiltIn(Admin, Pending) => "pending_admin",
            Self::BuiltIn(User, Active) => "active_user",
            Self::BuiltIn(User, Pending) => "pending_user",
            Self::BuiltIn(MdfAdmin, Active) => "active_mdf_admin",
            Self::BuiltIn(MdfAdmin, Pending) => "pending_mdf_admin",
            Self::BuiltIn(PartnerUser, Active) => "active_partner_user",
            Self::BuiltIn(PartnerUser, Pending) => "pending_partner_user",
            Self::SubOrganizations => "sub_organizations",
            Self::MovesToPartnerRoles => "moves_to_partner_roles",
            Self::List(BoundedList::ApprovedDomains) => "approved_domains",
            Self::List(BoundedList::JoinRequests) => "join_requests",
            Self::List(BoundedList::CriticalAlertUsers) => "critical_alert_users",
        }
    }
}

/// The numbers of users of an organization, in all and by built-in role.
#[derive(Clone, Debug, Default)]
pub struct OrganizationCounts {
    numbers: BTreeMap<Counter, u64>,
    super_admins: u64,
}

impl OrganizationCounts {
    /// The number of organizations right below, by a counter item.
    pub(super) fn sub_organizations_in(counts: &Item) -> u64 {
        let number = counts.get(Counter::SubOrganizations.attribute());
        let number = number.and_then(|number| number.as_n().ok()?.parse().ok());
        number.unwrap_or_default()
    }

    /// Reads the counter item of `org` at [`Key::counts`].
    pub fn of(org: &Organization, found: &FetchedItems) -> Self {
        let super_admins = u64::from(org.super_admin_user_id.is_some());
        Self { super_admins, ..Self::without_super_admin(org.id(), found) }
    }

    fn without_super_admin(org: OrgId, found: &FetchedItems) -> Self {
        let item = found.item(&Key::counts(org));
        let number = |counter: Counter| {
            let number = item?.get(counter.attribute())?.as_n().ok()?.parse::<i64>().ok()?;
            Some((counter, u64::try_from(number).unwrap_or_default()))
        };
        let by_status = Counted::ALL.into_iter().flat_map(|status| {
            let built_in = BuiltIn::ALL.into_iter().map(move |role| Counter::BuiltIn(role, status));
            built_in.chain([Counter::Users(status)])
        });
        Self { numbers: by_status.filter_map(number).collect(), super_admins: 0 }
    }

    fn number(&self, counter: Counter) -> u64 {
        self.numbers.get(&counter).copied().unwrap_or_default()
    }

    /// All users.
    pub fn all(&self) -> UserCount {
        UserCount {
            active: self.number(Counter::Users(Counted::Active)) + self.super_admins,
            pending: self.number(Counter::Users(Counted::Pending)),
            services: self.number(Counter::Users(Counted::Services)),
        }
    }

    /// The users of a built-in role.
    pub fn users(&self, role: BuiltIn) -> UserCount {
        if role == BuiltIn::SuperAdmin {
            return UserCount { active: self.super_admins, ..UserCount::default() };
        }
        UserCount {
            active: self.number(Counter::BuiltIn(role, Counted::Active)),
            pending: self.number(Counter::BuiltIn(role, Counted::Pending)),
            services: self.number(Counter::BuiltIn(role, Counted::Services)),
        }
    }

    /// The users of the roles that only partners have.
    pub fn partner_roles(&self) -> UserCount {
        let (mdf, partner) = (self.users(BuiltIn::MdfAdmin), self.users(BuiltIn::PartnerUser));
        UserCount {
            active: mdf.active + partner.active,
            pending: mdf.pending + partner.pending,
            services: mdf.services + partner.services,
        }
    }
}

impl FetchedItems {
    /// The number of entries of a list, by the counter item of `org` at [`Key::counts`].
    pub fn length(&self, org: OrgId, list: BoundedList) -> u64 {
        self.number(org, Counter::List(list))
    }

    /// The number of pending invitations, by the counter item of `org` at [`Key::counts`].
    pub fn pending_invitations(&self, org: OrgId) -> u64 {
        self.number(org, Counter::Users(Counted::Pending))
    }

    fn number(&self, org: OrgId, counter: Counter) -> u64 {
        let item = self.item(&Key::counts(org));
        let number = item.and_then(|item| item.get(counter.attribute())?.as_n().ok()?.parse().ok());
        number.unwrap_or_default()
    }
}

/// How the numbers of one organization change in a transaction.
#[derive(Default)]
pub(super) struct CountChanges {
    organization: BTreeMap<Counter, i64>,
    roles: BTreeMap<CustomRoleId, BTreeMap<Counted, i64>>,
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
    pub(super) fn users(&mut self, role: RoleId, counted: impl Into<Counted>, by: i64) {
        let status = counted.into();
        if role == RoleId::SUPER_ADMIN {
            return;
        }
        self.add(Counter::Users(status), by);
        match role {
            RoleId::BuiltIn(role) => self.add(Counter::BuiltIn(role, status), by),
            RoleId::Custom(role) => {
                *self.roles.entry(role).or_default().entry(status).or_default() += by;
            }
        }
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
        let conditions = limits.iter().map(|limit| limit.condition.clone()).collect();
        let on_failed: OnConditionFailed = Box::new(move |item| {
            let exceeded = limits.iter().find(|limit| (limit.exceeded)(item.as_ref()));
            exceeded.map_or(Refusal::ChangedConcurrently, |limit| limit.refusal.clone()).into()
        });
        let changes = self.organization.into_iter();
        let changes = changes.map(|(counter, by)| Change::add(counter.attribute(), by)).collect();
        CountUpdate { key: Key::counts(org), changes, conditions, on_failed }
    }

    /// The limits that these changes keep.
    fn limits(&self) -> Vec<Limit> {
        let gained = self.organization.iter().filter_map(|(counter, by)| {
            let more = u64::try_from(*by).ok()?;
            Some((*counter, more))
        });
        let mut limits = Vec::new();
        if gained.clone().any(|(counter, _)| Counter::PARTNER_ROLES.contains(&counter)) {
            limits.push(Limit::partner());
        }
        for (counter, more) in gained {
            match (counter, self.pending_cap) {
                (Counter::Users(Counted::Pending), Some(cap)) => {
                    let refusal = Refusal::PendingInvitationLimit(cap);
                    limits.push(Limit::new(counter, cap, more, refusal));
                }
                (Counter::List(list), _) => {
                    limits.push(Limit::new(counter, list.limit(), more, list.refusal()));
                }
                _ => {}
            }
        }
        limits
    }
}

/// The update of a custom role's numbers. A role that gains users exists and is not being deleted
/// (ROLE6).
fn role_update(
    org: OrgId,
    role: CustomRoleId,
    changes: &BTreeMap<Counted, i64>,
) -> Option<CountUpdate> {
    let changes: Vec<_> = changes.iter().filter(|(_, by)| **by != 0).collect();
    let gains = changes.iter().any(|(_, by)| **by > 0);
    let condition = if gains {
        "attribute_exists(#pk) AND attribute_not_exists(#reassignment)"
    } else {
        "attribute_exists(#pk)"
    };
    let add =
        |(status, by): &(&Counted, &i64)| Change::add(Counter::Users(**status).attribute(), **by);
    (!changes.is_empty()).then(|| CountUpdate {
        key: Key::role(org, role),
        changes: changes.iter().map(add).collect(),
        conditions: vec![Expression::new(condition, [])],
        on_failed: Box::new(|role| not_grantable(role.as_ref()).into()),
    })
}

/// Whether the counter item as it was found explains the failure of the condition.
type IsExceeded = Box<dyn Fn(Option<&Item>) -> bool + Send>;

/// A limit of a counter item: the condition that keeps it, and how to recognize its failure.
struct Limit {
    condition: Expression,
    exceeded: IsExceeded,
    refusal: Refusal,
}

impl Limit {
    /// `counter` gains `more`, and may reach `cap`.
    fn new(counter: Counter, cap: u64, more: u64, refusal: Refusal) -> Self {
        let attribute = counter.attribute();
        let value = format!("below_{attribute}");
        let below = i128::from(cap) + 1 - i128::from(more);
        // An absent counter is 0, which is below the bound unless the bound is 0 or less.
        let text = if below > 0 {
            format!("attribute_not_exists(#{attribute}) OR #{attribute} < :{value}")
        } else {
            format!("#{attribute} < :{value}")
        };
        let exceeded = move |item: Option<&Item>| {
            let number = item.and_then(|item| item.get(attribute)?.as_n().ok()?.parse().ok());
            number.unwrap_or(0_i128) >= below
        };
        Self {
            condition: Expression::new(&text, [(value.as_str(), number(below))]),
            exceeded: Box::new(exceeded),
            refusal,
        }
    }

    /// Only partners have users of partner roles. The mark `standard` says that the organization
    /// stopped being a partner (PAR1).
    fn partner() -> Self {
        Self {
            condition: Expression::new("attribute_not_exists(#standard)", []),
            exceeded: Box::new(|item| item.is_some_and(|item| item.contains_key("standard"))),
            refusal: Refusal::NoSuchRole,
        }
    }
}

impl Store {
    /// The numbers of users of each organization, without its Super Admin, as of a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn counts(&self, orgs: &[OrgId]) -> Result<HashMap<OrgId, UserCount>, Error> {
        let found = self.get_eventual(orgs.iter().map(|&org| Key::counts(org))).await?;
        let count = |&org| (org, OrganizationCounts::without_super_admin(org, &found).all());
        Ok(orgs.iter().map(count).collect())
    }
}
