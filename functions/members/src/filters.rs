//! The filters of the list and of the export, and the users that they select.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, ListPermissions, MemberKind, OrgId, OrgPath, Organization, Person, RequestedScope,
        RoleId, RoleObject, Search, Standing, UserCount,
    },
    http::{
        ApiError, App, FieldError, Match, Problem, ScopeParam, StatusParam, chosen, chosen_roles,
    },
    store::{
        Direction::{Ascending, Descending},
        Error, FetchedItems, Key, ListedUser, Order, OrganizationCounts, PageRequest,
        RoleSummaries, Slice, SortKey, Status, Store, UserFilter,
    },
};

use crate::name_order::{Compared, ExportedUsers, NameOrder};

/// The maximum product of organizations, roles and statuses in a request. A search by role name
/// reads more ranges.
pub const MAX_RANGES: usize = 100;

/// What the list and the export need.
const PERMISSIONS: ListPermissions = ListPermissions {
    own: RoleObject::UserManagement,
    below: RoleObject::UserManagementSubOrganizations,
};

/// The filters. In the query of the list, filters with several values are repeated; in the body of
/// an export, they are arrays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Filters {
    /// Only users with one of these statuses. Empty: any status.
    pub(crate) status: Vec<StatusParam>,
    /// Only users of one of these kinds. Empty: any kind.
    pub(crate) kind: Vec<MemberKind>,
    /// Only users with one of these roles. Empty: any role.
    pub(crate) role_id: Vec<RoleId>,
    /// Only users of these organizations, which must be the one in the path or below it.
    pub(crate) organization_id: Vec<OrgId>,
    /// The text to search for in addresses, in the names of roles and, anywhere, in names of
    /// members.
    pub(crate) q: String,
    /// Whether the text matches at the beginning or anywhere.
    pub(crate) r#match: Match,
    /// Whether organizations below are included.
    pub(crate) scope: ScopeParam,
    /// The order.
    pub(crate) sort: Sort,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    #[default]
    Email,
    #[serde(rename = "-email")]
    EmailDescending,
    JoinedAt,
    #[serde(rename = "-joined_at")]
    JoinedAtDescending,
    Name,
    #[serde(rename = "-name")]
    NameDescending,
    RoleName,
    #[serde(rename = "-role_name")]
    RoleNameDescending,
}

/// The order of a list.
pub(crate) enum ListOrder {
    /// An index has it.
    Index(Order),
    /// The users are sorted after they were read.
    Name(NameOrder),
}

/// A list of users that the caller may read.
pub(crate) struct UserList {
    pub(crate) actor: Standing,
    filter: UserFilter,
    order: ListOrder,
    /// The number of users on all pages, where counters know it.
    pub(crate) total: Option<u64>,
}

impl Filters {
    /// The list that the filters select, if the caller may see the chosen organizations (SUB4,
    /// SUB6).
    ///
    /// # Errors
    ///
    /// - `invalid-request` for too many organizations, roles or combinations.
    /// - The refusals of [`domain::resolve_scope`] if the caller may not see the chosen
    ///   organizations.
    pub(crate) async fn authorize(
        &self,
        app: &App,
        person: &Person,
        org: OrgId,
    ) -> Result<UserList, ApiError> {
        let (orgs, roles) = self.bounded()?;
        let search = Search::parse(&self.q, self.r#match == Match::Contains);
        let subtree = self.scope == ScopeParam::Subtree;
        let requested = RequestedScope { subtree, chosen: &orgs };
        // Counters know the number of users of one organization, without a search.
        let is_counted = search.is_none() && !requested.goes_beyond(org);
        let counters = is_counted.then(|| keys_of_total(org, &roles)).into_iter().flatten();
        let also = orgs.iter().map(|&org| Key::organization(org)).chain(counters);
        let (actor, found) = if requested.goes_beyond(org) {
            app.store.facts_in_tree(person, org, also).await?
        } else {
            app.store.facts(person, org, also).await?
        };
        let scope = domain::resolve_scope(&actor, requested, &found.paths(&orgs), PERMISSIONS)?;
        let order = self.sort.order();
        let has_custom_roles =
            |org: &OrgId| found.organization(*org).is_some_and(|org| !org.roles.is_empty());
        let in_scope = scope.paths().iter().map(OrgPath::id);
        let with_custom_roles = in_scope.filter(has_custom_roles).collect();
        let filter = UserFilter {
            scope,
            with_custom_roles,
            statuses: self.statuses(),
            kind: self.kind(),
            roles: roles.into_iter().collect(),
            search,
            order: match order {
                ListOrder::Index(order) => order,
                ListOrder::Name(_) => Order { by: SortKey::Address, direction: Ascending },
            },
        };
        let total = is_counted.then(|| total(&filter, &actor.org, &found)).transpose()?;
        Ok(UserList { actor, filter, order, total })
    }

    /// The chosen organizations and roles without duplicates.
    ///
    /// # Errors
    ///
    /// `invalid-request` if they are too many to read at once.
    fn bounded(&self) -> Result<(BTreeSet<OrgId>, BTreeSet<RoleId>), Problem> {
        let orgs = chosen(&self.organization_id)?;
        let roles = chosen_roles(&self.role_id)?;
        let ranges = orgs.len().max(1) * roles.len().max(1) * self.statuses().len();
        if ranges > MAX_RANGES {
            let detail = format!(
                "organizations, times roles, times statuses are {ranges}; choose fewer, so that \
                 they are at most {MAX_RANGES}"
            );
            let pointer = "/organization_id".to_owned();
            return Err(Problem::invalid(FieldError { pointer, detail }));
        }
        Ok((orgs, roles))
    }

    fn statuses(&self) -> Vec<Status> {
        let includes =
            |status: &StatusParam| self.status.is_empty() || self.status.contains(status);
        let active = includes(&StatusParam::Active).then_some(Status::Active);
        let pending = includes(&StatusParam::Pending).then_some(Status::Pending);
        active.into_iter().chain(pending).collect()
    }

    /// The only kind that the list shows. None if it shows both.
    pub(crate) fn kind(&self) -> Option<MemberKind> {
        match self.kind.as_slice() {
            [first, rest @ ..] if rest.iter().all(|kind| kind == first) => Some(*first),
            _ => None,
        }
    }
}

impl Sort {
    pub(crate) fn order(self) -> ListOrder {
        let by_index = |by, direction| ListOrder::Index(Order { by, direction });
        let by_name = |compared, direction| ListOrder::Name(NameOrder { compared, direction });
        match self {
            Self::Email => by_index(SortKey::Address, Ascending),
            Self::EmailDescending => by_index(SortKey::Address, Descending),
            Self::JoinedAt => by_index(SortKey::Time, Ascending),
            Self::JoinedAtDescending => by_index(SortKey::Time, Descending),
            Self::Name => by_name(Compared::Name, Ascending),
            Self::NameDescending => by_name(Compared::Name, Descending),
            Self::RoleName => by_name(Compared::RoleName, Ascending),
            Self::RoleNameDescending => by_name(Compared::RoleName, Descending),
        }
    }
}

/// The keys of the items that hold the numbers of users of an organization, and of these roles.
fn keys_of_total(org: OrgId, roles: &BTreeSet<RoleId>) -> impl Iterator<Item = Key> {
    let custom = roles.iter().filter_map(move |&role| Key::custom_role(org, role));
    [Key::counts(org)].into_iter().chain(custom)
}

/// The number of users of an organization that a filter without a search shows. `found` has the
/// items at [`keys_of_total`].
fn total(filter: &UserFilter, org: &Organization, found: &FetchedItems) -> Result<u64, Error> {
    let counts = OrganizationCounts::of(org, found);
    let of_role = |role: &RoleId| match role {
        RoleId::BuiltIn(role) => Ok(counts.users(*role)),
        RoleId::Custom(role) => {
            let role = found.role(&Key::role(org.id(), *role))?;
            Ok::<_, Error>(role.map(|role| role.users).unwrap_or_default())
        }
    };
    let users = if filter.roles.is_empty() {
        vec![counts.all()]
    } else {
        filter.roles.iter().map(of_role).collect::<Result<_, _>>()?
    };
    let number = |status: &Status, users: &UserCount| match (status, filter.kind) {
        (Status::Active, None) => users.members(),
        (Status::Active, Some(MemberKind::Person)) => users.persons,
        (Status::Active, Some(MemberKind::Service)) => users.services,
        (Status::Pending, Some(MemberKind::Service)) => 0,
        (Status::Pending, _) => users.pending,
    };
    let of_status = |status: &Status| users.iter().map(|users| number(status, users)).sum::<u64>();
    Ok(filter.statuses.iter().map(of_status).sum())
}

impl UserList {
    /// A page of users, and the custom roles of the organization in the path, which are read
    /// together with them. A search reads role names too late to share them with its page.
    ///
    /// # Errors
    ///
    /// Those of [`NameOrder::users`].
    pub(crate) async fn page(
        &self,
        store: &Store,
        page: PageRequest<'_>,
    ) -> Result<(Slice<ListedUser>, RoleSummaries), ApiError> {
        let own = Some(self.actor.org.id()).filter(|_| !self.actor.org.roles.is_empty());
        Ok(match self.order {
            ListOrder::Index(_) => {
                tokio::try_join!(store.users(&self.filter, page), store.role_summaries(own))?
            }
            ListOrder::Name(order) => order.users(store, &self.filter, own).await?.page(page),
        })
    }

    /// All users, and the custom roles that are known after sorting them.
    ///
    /// # Errors
    ///
    /// Those of [`NameOrder::users`].
    pub(crate) async fn all<'a>(
        &'a self,
        store: &'a Store,
    ) -> Result<(ExportedUsers<'a>, RoleSummaries), ApiError> {
        Ok(match self.order {
            ListOrder::Index(_) => {
                (ExportedUsers::Stream(store.user_stream(&self.filter)), RoleSummaries::default())
            }
            ListOrder::Name(order) => order.users(store, &self.filter, None).await?.all(),
        })
    }
}
