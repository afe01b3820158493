//! The users list (U3): members and pending invitations, filtered, searched and sorted (SUB6).
//!
//! Each status and role in each organization is one range, and ranges are merged. The order is by
//! organization, and within it by address or by time, so that a subtree is one range too.

use serde::Deserialize;

use super::{
    Error, Listing, Status, Store, Window,
    expression::Expression,
    item::text,
    keys,
    range::{LAST, Range},
    role_lists::Named,
};
use crate::domain::{BuiltIn, CustomRoleId, Invitation, Member, OrgPath, Reach, RoleId, Search};

/// No address has more bytes (INV3); and what is asked for must fit into a key.
const LONGEST_EMAIL: usize = 254;
/// The users of so many roles are read side by side for one page of a search.
const ROLES_AT_ONCE: usize = 20;
/// How many such batches are read for one page; it is short then, and its cursor goes on.
const BATCHES: usize = 2;
/// Between the parts of a position in a search. Keys do not hold it.
const PART: char = '\u{1}';

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
            None => self.page(filter.users(&Expression::default()), window).await,
            Some(search) => self.found_users(filter, search, window).await,
        }
    }

    async fn found_users(
        &self,
        filter: &UserFilter,
        search: &Search,
        window: Window<'_>,
    ) -> Result<Listing<User>, Error> {
        let mut found = Listing::empty();
        let mut position = Position::read(window.after);
        let mut first = None;
        if let Position::Address(after) = &position {
            let by_address = Window { after: after.as_deref(), ..window };
            let by_address = self.page(filter.found_by_address(search), by_address);
            let (page, roles) = tokio::try_join!(by_address, self.batch(filter, search, None))?;
            found.items = page.items;
            found.next = page.next.map(|at| Position::Address(Some(at)).to_string());
            position = Position::Role(roles.place(), None);
            first = Some(roles);
        }
        for _ in 0..BATCHES {
            let (Position::Role(place, after), None) = (&position, &found.next) else { break };
            let roles = match first.take() {
                Some(roles) => roles,
                None => self.batch(filter, search, Some(place)).await?,
            };
            if found.items.len() >= window.limit {
                let more = !roles.is_empty() || roles.next.is_some();
                found.next = more.then(|| position.to_string());
                return Ok(found);
            }
            let limit = window.limit - found.items.len();
            let ranges = filter.found_by_role(search, &roles);
            let page = self.page(ranges, Window { limit, after: after.as_deref() }).await?;
            found.items.extend(page.items);
            if let Some(at) = page.next {
                found.next = Some(Position::Role(roles.place(), Some(at)).to_string());
                break;
            }
            let Some(next) = roles.next else { return Ok(found) };
            position = Position::Role(Place { after: next, until: String::new() }, None);
        }
        if let (Position::Role(..), None) = (&position, &found.next) {
            found.next = Some(position.to_string());
        }
        Ok(found)
    }

    /// The roles whose names a search finds: so many at once, in the order of their names, the
    /// built-in ones among the first. A batch that was begun holds what it held, and perhaps what
    /// was named since.
    async fn batch(
        &self,
        filter: &UserFilter,
        search: &Search,
        place: Option<&Place>,
    ) -> Result<Batch, Error> {
        let begun = place.is_some_and(|place| !place.until.is_empty());
        let limit = if begun { 5 * ROLES_AT_ONCE } else { ROLES_AT_ONCE };
        let after = place.map(|place| place.after.as_str()).filter(|after| !after.is_empty());
        let until = place.map(|place| place.until.clone()).filter(|until| !until.is_empty());
        let wanted = Expression::one_of(
            "role_id",
            filter
                .roles
                .iter()
                .filter(|role| role.custom().is_some())
                .map(|role| text(role.to_string())),
        );
        let unwanted = !filter.roles.is_empty() && wanted.text.is_empty();
        let window = Window { limit, after };
        let names = if unwanted {
            Listing::empty()
        } else {
            self.names_found(&filter.reach, search, wanted, until.clone(), window).await?
        };
        let built_in = BuiltIn::ALL.into_iter().filter(|role| {
            let id = RoleId::BuiltIn(*role);
            let wanted = filter.roles.is_empty() || filter.roles.contains(&id);
            after.is_none() && wanted && search.finds(role.name())
        });
        Ok(Batch {
            after: after.unwrap_or_default().to_owned(),
            built_in: built_in.map(RoleId::BuiltIn).collect(),
            custom: names.items.iter().map(Named::home).collect(),
            next: if begun { until.filter(|until| *until != LAST.to_string()) } else { names.next },
        })
    }
}

/// Roles whose users are listed together.
struct Batch {
    after: String,
    built_in: Vec<RoleId>,
    /// Each with the path of its organization.
    custom: Vec<(CustomRoleId, String)>,
    /// Where the next batch begins.
    next: Option<String>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.built_in.is_empty() && self.custom.is_empty()
    }

    fn place(&self) -> Place {
        let until = self.next.clone().unwrap_or_else(|| LAST.to_string());
        Place { after: self.after.clone(), until }
    }
}

/// Which names of roles a batch holds: those after the one, up to the other, if it was begun.
struct Place {
    after: String,
    until: String,
}

/// A position in a search.
enum Position {
    /// Among those whom their address finds.
    Address(Option<String>),
    /// Among the users of a batch of roles.
    Role(Place, Option<String>),
}

impl Position {
    /// A forged position is as good as any other: it only says where to go on.
    fn read(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let at = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let Some(parts) = text.strip_prefix("role:") else {
            return Self::Address(at(text.strip_prefix("address:").unwrap_or(text)));
        };
        let mut parts = parts.splitn(3, PART).map(ToOwned::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let place = Place { after: part(), until: part() };
        Self::Role(place, at(&part()))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(at) => write!(f, "address:{}", at.as_deref().unwrap_or_default()),
            Self::Role(Place { after, until }, at) => {
                write!(f, "role:{after}{PART}{until}{PART}{}", at.as_deref().unwrap_or_default())
            }
        }
    }
}

impl UserFilter {
    /// All users that pass the filter, and a sieve.
    fn users(&self, sieve: &Expression) -> Vec<Range> {
        self.ranges(&self.roles, "", sieve)
    }

    /// The users whom a search finds by their address.
    ///
    /// What begins alike is one range: of an organization by its path and address, of a whole tree
    /// by address alone; there an inner subtree, and roles, are sieved out of it. Anything else is
    /// sieved out of what would be listed without the search.
    fn found_by_address(&self, search: &Search) -> Vec<Range> {
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
    fn found_by_role(&self, search: &Search, batch: &Batch) -> Vec<Range> {
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
