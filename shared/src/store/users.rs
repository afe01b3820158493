//! The users list (U3): members and pending invitations, filtered, searched and sorted (SUB6).
//!
//! Each status and role in each organization is one range, and ranges are merged. The order is by
//! organization, and within it by address or by time, so that a subtree is one range too.

use serde::Deserialize;

use super::{
    Error, PageRequest, Slice, Status, Store, expression::Expression, item::text, keys,
    range::Range, user_search::Batch,
};
use crate::domain::{BuiltIn, Invitation, Member, OrgPath, RoleId, Scope, Search};

/// No address has more bytes (INV3); and what is asked for must fit into a key.
const LONGEST_EMAIL: usize = 254;
/// No more than so many are read and sorted for one page.
const FEW: usize = 200;

/// Which users a list shows, and in which order.
#[derive(Clone, Debug)]
pub struct UserFilter {
    /// Of where.
    pub reach: Scope,
    /// In which status.
    pub statuses: Vec<Status>,
    /// In which roles; in any, if none is named.
    pub roles: Vec<RoleId>,
    /// With what in their address, or in the name of their role.
    pub search: Option<Search>,
    /// In which order.
    pub order: Order,
}

/// The order of users: by organization, and within it by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: By,
    /// From the end.
    pub descending: bool,
}

/// What users are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Their address.
    Address,
    /// When they joined, or were invited.
    Time,
}

/// A line of the users list (U3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum User {
    /// An invitation that nobody has accepted yet.
    Pending(Invitation),
    /// A member.
    Active(Member),
}

impl User {
    /// The role they hold, or are invited to.
    #[must_use]
    pub fn role(&self) -> RoleId {
        match self {
            Self::Pending(invitation) => invitation.role_id,
            Self::Active(member) => member.role_id,
        }
    }
}

impl Store {
    /// Users, in their order. In a search first those whom their address finds, then those whom
    /// the name of their role does.
    pub async fn users(
        &self,
        filter: &UserFilter,
        window: PageRequest<'_>,
    ) -> Result<Slice<User>, Error> {
        match &filter.search {
            None => self.page(filter.users(&Expression::default()), window).await,
            Some(search) => self.found_users(filter, search, window).await,
        }
    }

    /// The users whom a search finds by their address. By time, too, few of them are read as they
    /// begin, and sorted here: no index has both.
    pub(super) async fn found_by_address(
        &self,
        filter: &UserFilter,
        search: &Search,
        window: PageRequest<'_>,
    ) -> Result<Slice<User>, Error> {
        let Order { by, descending } = filter.order;
        if by == By::Time && !search.anywhere() {
            let order = Order { by: By::Address, descending: false };
            let ranges = UserFilter { order, ..filter.clone() }.found_by_address(search);
            let found = self.merged(&ranges, PageRequest { limit: FEW, after: None }).await?;
            if found.items.len() <= FEW && found.next.is_none() {
                return found.sorted_by("since", window, descending)?.parsed();
            }
        }
        self.page(filter.found_by_address(search), window).await
    }
}

impl UserFilter {
    /// The users of some roles in one organization, by address.
    #[must_use]
    pub fn of_roles(path: &OrgPath, statuses: Vec<Status>, roles: Vec<RoleId>) -> Self {
        Self {
            reach: Scope::Organizations(vec![path.clone()]),
            statuses,
            roles,
            search: None,
            order: Order { by: By::Address, descending: false },
        }
    }

    /// All users that pass the filter, and a sieve.
    pub(super) fn users(&self, sieve: &Expression) -> Vec<Range> {
        self.ranges(&self.roles, "", sieve)
    }

    /// The users whom a search finds by their address.
    ///
    /// Who begins so is one range: of an organization by path and address, of a tree or a branch by
    /// address alone. Anything else is sieved out of what would be listed without the search.
    pub(super) fn found_by_address(&self, search: &Search) -> Vec<Range> {
        let address = search.address();
        if address.len() > LONGEST_EMAIL {
            return vec![];
        }
        if search.anywhere() || self.order.by == By::Time {
            return self.users(&finds(search));
        }
        match &self.reach {
            Scope::Organizations(_) => self.ranges(&self.roles, address, &Expression::default()),
            Scope::Subtree(top) => {
                let below = |&status: &Status| self.beginning(top, status, address);
                self.statuses.iter().flat_map(below).collect()
            }
        }
    }

    /// Whose address begins so, in a whole tree or a branch of it.
    fn beginning(&self, top: &OrgPath, status: Status, address: &str) -> Vec<Range> {
        let range = |index, hash| self.ordered(Range::of_index(index, hash, address.to_owned()));
        let held = |&role: &RoleId| range("group_prefix", keys::holders(top, role, status));
        let Some(index) = keys::branch_index(top) else {
            return if self.roles.is_empty() {
                vec![range("tree_prefix", keys::tree(top, status))]
            } else {
                self.roles.iter().map(held).collect()
            };
        };
        let branch = |role: Option<BuiltIn>| range(index, keys::branch(top.id(), role, status));
        if self.roles.is_empty() {
            return BuiltIn::ALL.into_iter().map(Some).chain([None]).map(branch).collect();
        }
        let chosen = self.roles.iter().map(|role| match role.built_in() {
            Some(built_in) => branch(Some(built_in)),
            // Those who hold a custom role are all in the same organization.
            None => held(role).where_(covered(&self.reach)).alike(),
        });
        chosen.collect()
    }

    /// The users of these roles whom a search does not find by their address.
    pub(super) fn found_by_role(&self, search: &Search, batch: &Batch) -> Vec<Range> {
        let sieve = finds(search).negated();
        let mut ranges = match batch.built_in.as_slice() {
            [] => vec![],
            roles => self.ranges(roles, "", &sieve),
        };
        let Some(tree) = self.reach.paths().first() else { return ranges };
        for (role, home) in &batch.custom {
            for &status in &self.statuses {
                let hash = keys::holders(tree, RoleId::Custom(*role), status);
                let range = Range::of_index(self.indexes().1, hash, format!("{home}#"));
                ranges.push(self.ordered(range).where_(sieve.clone()));
            }
        }
        ranges
    }

    /// A range for each organization or the subtree, each status, and each role.
    fn ranges(&self, roles: &[RoleId], beginning: &str, sieve: &Expression) -> Vec<Range> {
        let (tree, group) = self.indexes();
        let mut ranges = Vec::new();
        for path in self.reach.paths() {
            let prefix = match self.reach {
                Scope::Organizations(_) => format!("{path}#{beginning}"),
                Scope::Subtree(_) => path.to_string(),
            };
            for &status in &self.statuses {
                let held = roles.iter().map(|&role| (group, keys::holders(path, role, status)));
                let any = roles.is_empty().then(|| (tree, keys::tree(path, status)));
                ranges.extend(held.chain(any).map(|(index, hash)| {
                    let range = Range::of_index(index, hash, prefix.clone());
                    self.ordered(range).where_(sieve.clone())
                }));
            }
        }
        ranges
    }

    /// The indexes of everybody, and of the users of a role, in this order.
    fn indexes(&self) -> (&'static str, &'static str) {
        match self.order.by {
            By::Address => ("tree", "group"),
            By::Time => ("tree_since", "group_since"),
        }
    }

    fn ordered(&self, range: Range) -> Range {
        if self.order.descending { range.newest_first() } else { range }
    }
}

/// A user whom a search finds by their address.
fn finds(search: &Search) -> Expression {
    let condition =
        if search.anywhere() { "contains(#email, :email)" } else { "begins_with(#email, :email)" };
    Expression::new(condition, [("email", text(search.address()))])
}

/// Something in one of the organizations, or anywhere in the subtree.
pub(super) fn covered(reach: &Scope) -> Expression {
    let beginnings = match reach {
        Scope::Organizations(paths) => paths.iter().map(|path| format!("{path}#")).collect(),
        Scope::Subtree(top) => vec![format!("{top}#"), format!("{top}/")],
    };
    let begins = |(nth, beginning): (usize, String)| {
        let value = format!("place{nth}");
        let condition = format!("begins_with(#place, :{value})");
        Expression::new(&condition, [(value.as_str(), text(beginning))])
    };
    beginnings.into_iter().enumerate().map(begins).fold(Expression::default(), Expression::or)
}
