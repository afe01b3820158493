//! The users list (U3): members and pending invitations, filtered, searched and sorted (SUB6).
//!
//! Each status and role in each organization is one range, and ranges are merged. The order is by
//! organization, and within it by address or by time, so that a subtree is one range too.

use serde::Deserialize;

use super::{
    Error, Listing, Status, Store, Window, expression::Expression, item::text, keys, range::Range,
    user_search::Batch,
};
use crate::domain::{Invitation, Member, OrgPath, Reach, RoleId, Search};

/// No address has more bytes (INV3); and what is asked for must fit into a key.
const LONGEST_EMAIL: usize = 254;

/// Which users a list shows, and in which order.
#[derive(Clone, Debug)]
pub struct UserFilter {
    /// Of where.
    pub reach: Reach,
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

impl Store {
    /// Users, in their order. In a search first those whom their address finds, then those whom
    /// the name of their role does.
    pub async fn users(
        &self,
        filter: &UserFilter,
        window: Window<'_>,
    ) -> Result<Listing<User>, Error> {
        match &filter.search {
            None => self.page(filter.everybody(), window).await,
            Some(search) => self.found_users(filter, search, window).await,
        }
    }
}

impl UserFilter {
    /// All users that pass the filter.
    pub(super) fn everybody(&self) -> Vec<Range> {
        self.users(&Expression::default())
    }

    /// All users that pass the filter, and a sieve.
    fn users(&self, sieve: &Expression) -> Vec<Range> {
        self.ranges(&self.roles, "", sieve)
    }

    /// The users whom a search finds by their address.
    ///
    /// What begins alike is one range: of an organization by its path and address, of a whole tree
    /// by address alone; there an inner subtree, and roles, are sieved out of it. Anything else is
    /// sieved out of what would be listed without the search.
    pub(super) fn found_by_address(&self, search: &Search) -> Vec<Range> {
        let address = search.address();
        if address.len() > LONGEST_EMAIL {
            return vec![];
        }
        if search.anywhere() || self.order.by == By::Time {
            return self.users(&finds(search));
        }
        let Reach::Subtree(path) = &self.reach else {
            return self.ranges(&self.roles, address, &Expression::default());
        };
        let roles = self.roles.iter().map(|role| text(role.to_string()));
        let sieve = Expression::one_of("role_id", roles).and(within(path));
        let range = |&status: &Status| {
            let hash = keys::tree(path, status);
            self.ordered(Range::of_index("tree_prefix", hash, address.to_owned()))
                .where_(sieve.clone())
        };
        self.statuses.iter().map(range).collect()
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
                Reach::Organizations(_) => format!("{path}#{beginning}"),
                Reach::Subtree(_) => path.to_string(),
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

/// Something in an organization or below it. All of a tree is.
pub(super) fn within(path: &OrgPath) -> Expression {
    if path.is_root() {
        return Expression::default();
    }
    let places = [("here", text(format!("{path}#"))), ("below", text(format!("{path}/")))];
    Expression::new("begins_with(#place, :here) OR begins_with(#place, :below)", places)
}
