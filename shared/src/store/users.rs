//! The users list (U3): members and pending invitations, filtered and sorted (SUB6). A
//! [`UserFilter`] selects the index that answers its question, and the filters that are left;
//! [`Store::users`] reads a page.
//!
//! A list without a search is one part. A search has two parts: the users whose address matches, or
//! whose name does if the search matches anywhere, and the other users whose role has a matching
//! name (`role_name_search.rs`). A part is read in one or more steps, of which each is a merge of
//! ranges.

use futures_util::future::OptionFuture;

use super::{
    Direction, Error, Key, PageRequest, Position, Slice, Status, Store,
    expression::Expression,
    index::{self, Index, IndexAttribute},
    item::{Item, from_item, text},
    members::FOLDED_NAMES,
    range::{MAX_FILTER_UNITS, Range},
};
use crate::domain::{
    Invitation, MAX_EMAIL, Member, MemberId, MemberKind, OrgId, OrgPath, RoleId, Scope, Search,
};

/// The most steps through a list that one request takes.
pub(super) const MAX_STEPS: usize = 4;
/// The part of a search with the users whose address matches; also a list without a search.
const BY_ADDRESS: u8 = 0;
/// The part of a search with the other users, whose role has a matching name.
pub(super) const BY_ROLE_NAME: u8 = 1;
/// The most roles in one step whose users are read as separate ranges.
pub(super) const MAX_ROLE_RANGES: usize = 20;

/// The users that a list shows, and their order.
#[derive(Clone, Debug)]
pub struct UserFilter {
    /// The organizations.
    pub scope: Scope,
    /// The statuses.
    pub statuses: Vec<Status>,
    /// Only persons, who can be invited, or only services (MACH1).
    pub kind: Option<MemberKind>,
    /// The roles; empty for any role.
    pub roles: Vec<RoleId>,
    /// The text to search for.
    pub search: Option<Search>,
    /// The order.
    pub order: Order,
    /// The organizations of the scope that have custom roles. Not used for a subtree.
    pub with_custom_roles: Vec<OrgId>,
}

/// The order of users: by organization, then by address or time. Users of a whole subtree whose
/// address begins with a text are ordered by address first, and its services by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The second criterion.
    pub by: SortKey,
    /// The direction of both criteria.
    pub direction: Direction,
}

/// What users of an organization are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Their address.
    Address,
    /// The time when they joined or were invited.
    Time,
}

/// A row of the users list (U3).
#[derive(Debug)]
pub enum ListedUser {
    /// An invitation that was not accepted yet.
    Pending(Invitation),
    /// A member.
    Active(Member),
}

impl ListedUser {
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
            Self::Pending(open) => Key::address_slot(open.path.id(), open.id.address_hash()),
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
    ) -> Result<Slice<ListedUser>, Error> {
        let mut position = page.after.cloned().unwrap_or_else(|| Position::new(""));
        let mut users = Vec::new();
        let mut prepared_step = None;
        let mut units = MAX_FILTER_UNITS;
        for _ in 0..MAX_STEPS {
            let step = match prepared_step.take() {
                Some(step) => step,
                None => self.part_step(filter, &position).await?,
            };
            let remaining = page.limit - users.len();
            let after = Some(position.key.as_str()).filter(|key| !key.is_empty());
            // The first page often needs the next step, too. Find its ranges concurrently.
            let next = step.next.as_ref().filter(|_| page.after.is_none() && users.is_empty());
            let prepare = OptionFuture::from(next.map(|next| self.part_step(filter, next)));
            let (found, prepared) =
                futures_util::join!(self.merged(&step.ranges, remaining, after, units), prepare);
            let found = found?;
            units -= found.units + step.units;
            prepared_step = prepared.transpose()?;
            let Slice { items, next } = found.slice(remaining, step.part);
            users.extend(items.into_iter().map(ListedUser::of).collect::<Result<Vec<_>, _>>()?);
            if next.is_some() || users.len() >= page.limit || units < 1.0 {
                return Ok(Slice { items: users, next: next.or(step.next) });
            }
            let Some(next) = step.next else { return Ok(Slice { items: users, next: None }) };
            position = next;
        }
        Ok(Slice { items: users, next: Some(position) })
    }

    /// The step through a list at a position.
    pub(super) async fn part_step(
        &self,
        filter: &UserFilter,
        position: &Position,
    ) -> Result<PartStep, Error> {
        let (address, next) = match &filter.search {
            None => (AddressFilter::Any, None),
            Some(search) if position.part == BY_ROLE_NAME => {
                return self.step_by_role_name(filter, search, position).await;
            }
            Some(search) => {
                let next = Position { part: BY_ROLE_NAME, key: String::new() };
                (AddressFilter::Matches(search), Some(next))
            }
        };
        let ranges = filter.ranges(&filter.roles, address);
        Ok(PartStep { part: BY_ADDRESS, ranges, next, units: 0.0 })
    }
}

/// One step through a part of a list.
pub(super) struct PartStep {
    pub(super) part: u8,
    pub(super) ranges: Vec<Range>,
    /// The beginning of the next step.
    pub(super) next: Option<Position>,
    /// The read units that finding the ranges consumed.
    pub(super) units: f64,
}

/// The addresses that ranges cover.
#[derive(Clone, Copy)]
pub(super) enum AddressFilter<'a> {
    Any,
    Matches(&'a Search),
    DoesNotMatch(&'a Search),
}

impl<'a> AddressFilter<'a> {
    /// What the addresses begin with, if a range of keys can express it.
    fn beginning(self) -> Option<&'a str> {
        match self {
            Self::Matches(search) if !search.anywhere() => Some(search.address()),
            _ => None,
        }
    }

    /// The filter of a range of the keys that begin with [`beginning`](Self::beginning).
    fn rest_of_filter(self) -> Expression {
        if self.beginning().is_some() { Expression::default() } else { self.filter() }
    }

    fn filter(self) -> Expression {
        match self {
            Self::Any => Expression::default(),
            Self::Matches(search) => matches(search),
            Self::DoesNotMatch(search) => does_not_match(search),
        }
    }
}

impl UserFilter {
    /// The users with one of these roles in one organization, by address.
    pub fn of_roles(path: &OrgPath, statuses: Vec<Status>, roles: Vec<RoleId>) -> Self {
        Self {
            scope: Scope::Organizations(vec![path.clone()]),
            statuses,
            kind: None,
            roles,
            search: None,
            order: Order { by: SortKey::Address, direction: Direction::Ascending },
            with_custom_roles: vec![],
        }
    }

    /// The ranges of the users with one of these roles (any role, if none is named) and such an
    /// address.
    ///
    /// An index answers one of these questions without a filter: an organization or a subtree by
    /// address or by time; a role by address; the beginning of an address in an organization or in
    /// a whole tree; the services of an organization or of a whole tree, whose keys have the same
    /// prefix. If the list asks several, one selects the range and the others are filters.
    pub(super) fn ranges(&self, roles: &[RoleId], address: AddressFilter<'_>) -> Vec<Range> {
        if address.beginning().is_some_and(|beginning| beginning.len() > MAX_EMAIL) {
            return vec![];
        }
        let mut ranges = Vec::new();
        for &status in self.statuses.iter().filter(|status| self.can_have(**status, address)) {
            match (&self.scope, self.tree_wide_prefix(address)) {
                (Scope::Subtree(top), Some(beginning)) if self.order.by == SortKey::Address => {
                    let hash = index::users(top, status);
                    let filter = with_role(roles).and(within(top)).and(address.rest_of_filter());
                    // The range of services has no persons.
                    let services = self.only_services();
                    let kind = if services { Expression::default() } else { self.of_kind(status) };
                    let range = Range::of_index(Index::ByEmail, hash, beginning);
                    ranges.push(range.filtered(filter.and(kind)));
                }
                _ => {
                    let below = |path| self.ranges_of(path, status, roles, address);
                    ranges.extend(self.scope.paths().iter().flat_map(below));
                }
            }
        }
        ranges.into_iter().map(|range| range.in_direction(self.order.direction)).collect()
    }

    fn only_services(&self) -> bool {
        self.kind == Some(MemberKind::Service)
    }

    /// Whether users with this status and such an address can be in the list. Services are never
    /// invited, and they have no address.
    fn can_have(&self, status: Status, address: AddressFilter<'_>) -> bool {
        !self.only_services() || (status == Status::Active && address.beginning().is_none())
    }

    /// The beginning of the keys that one range of a whole tree contains: of addresses, or of
    /// services.
    fn tree_wide_prefix<'a>(&self, address: AddressFilter<'a>) -> Option<&'a str> {
        let by_role_name = matches!(address, AddressFilter::DoesNotMatch(_));
        let services = (self.only_services() && !by_role_name).then_some(index::SERVICES);
        address.beginning().or(services)
    }

    /// The users of the kind, among those with this status. All who are invited are persons.
    fn of_kind(&self, status: Status) -> Expression {
        match self.kind {
            Some(MemberKind::Service) => Expression::new("attribute_exists(#service)", []),
            Some(MemberKind::Person) if status == Status::Active => {
                Expression::new("attribute_not_exists(#service)", [])
            }
            _ => Expression::default(),
        }
    }

    /// The ranges for one status, in one organization or in the subtree, ordered by organization.
    fn ranges_of(
        &self,
        path: &OrgPath,
        status: Status,
        roles: &[RoleId],
        address: AddressFilter<'_>,
    ) -> Vec<Range> {
        let prefix = match &self.scope {
            Scope::Organizations(_) => index::in_organization(path),
            Scope::Subtree(top) => index::path(top),
        };
        let users = index::users(path, status);
        if self.order.by == SortKey::Time {
            let filter = with_role(roles).and(address.filter()).and(self.of_kind(status));
            return vec![Range::of_index(Index::ByTime, users, prefix).filtered(filter)];
        }
        let one = matches!(self.scope, Scope::Organizations(_));
        let (prefix, kind) = match address.beginning() {
            Some(beginning) => (format!("{prefix}{beginning}"), self.of_kind(status)),
            None if one && self.only_services() => {
                (index::services_in(path), Expression::default())
            }
            None => (prefix, self.of_kind(status)),
        };
        let filter = address.rest_of_filter().and(kind);
        if roles.is_empty() || roles.len() > MAX_ROLE_RANGES {
            let filter = with_role(roles).and(filter);
            return vec![Range::of_index(Index::ByPath, users, prefix).filtered(filter)];
        }
        let role_range = |&role| {
            let hash = index::users_of_role(path, role, status);
            Range::of_index(Index::ByRole, hash, prefix.clone()).filtered(filter.clone())
        };
        roles.iter().map(role_range).collect()
    }
}

/// Users whose address matches, or one of their names if the search matches anywhere (SUB6).
fn matches(search: &Search) -> Expression {
    let email = email_matches(search);
    if search.anywhere() { email.or(name_matches(search)) } else { email }
}

/// The negation of [`matches`](fn@matches).
fn does_not_match(search: &Search) -> Expression {
    let email = email_matches(search).negated();
    if search.anywhere() { email.and(name_matches(search).negated()) } else { email }
}

fn email_matches(search: &Search) -> Expression {
    let condition =
        if search.anywhere() { "contains(#email, :email)" } else { "begins_with(#email, :email)" };
    Expression::new(condition, [("email", text(search.address()))])
}

fn name_matches(search: &Search) -> Expression {
    Expression::new("contains(#names, :name)", [("name", text(search.name()))])
        .naming("names", FOLDED_NAMES)
}

/// Users with one of these roles, or with any role if there is none.
fn with_role(roles: &[RoleId]) -> Expression {
    let names: Vec<_> = (0..roles.len()).map(|nth| format!("role{nth}")).collect();
    let values = names.iter().zip(roles).map(|(name, role)| (&**name, text(role.to_string())));
    Expression::one_of("role_id", values)
}

/// Users of a subtree, among those of its tree.
fn within(subtree: &OrgPath) -> Expression {
    if subtree.is_root() {
        return Expression::default();
    }
    let [own, below] = index::in_subtree(subtree).map(text);
    let condition = "begins_with(#within, :own) OR begins_with(#within, :below)";
    Expression::new(condition, [("own", own), ("below", below)])
        .naming("within", IndexAttribute::Path.name())
}
