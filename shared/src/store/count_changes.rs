//! How a transaction changes the counters of an organization and of its custom roles.

use std::collections::BTreeMap;

use super::{
    Key,
    counters::BoundedCounter,
    expression::Expression,
    item::Item,
    step::{Change, OnConditionFailed, not_grantable},
    user_counts::{Counter, UserKind},
};
use crate::domain::{CustomRoleId, OrgId, Refusal, RoleId};

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
    /// Only partners have users of partner roles. The attribute `standard` says that the
    /// organization stopped being a partner (PAR1).
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
