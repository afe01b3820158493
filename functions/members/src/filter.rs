//! The filters of the list and the export of users, and the check that the caller may see the
//! chosen organizations (SUB4, SUB6).

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
    store::{Error, FetchedItems, Key, Order, OrganizationCounts, SortKey, Status, UserFilter},
};

/// The maximum product of organizations, roles and statuses in a request. A search by role name reads
/// more ranges.
pub const MAX_RANGES: usize = 100;

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
    /// The text to search for in addresses, in the names of roles and, anywhere, in names of members.
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

/// A list that the caller may read.
pub(crate) struct AuthorizedList {
    pub(crate) actor: Standing,
    pub(crate) filter: UserFilter,
    /// The number of users on all pages, where counters know it.
    pub(crate) total: Option<u64>,
}

impl Filters {
    /// The caller's standing, the filter for the store, and the number of users if it is known.
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
    ) -> Result<AuthorizedList, ApiError> {
        let (orgs, roles) = self.bounded()?;
        let subtree = self.scope == ScopeParam::Subtree;
        let requested = RequestedScope { subtree, chosen: &orgs };
        let also = orgs.iter().map(|&org| Key::organization(org));
        let also = also.chain(self.keys_of_total(org, &roles));
        let (actor, found) = if requested.goes_beyond(org) {
            app.store.facts_in_tree(person, org, also).await?
        } else {
            app.store.facts(person, org, also).await?
        };
        let objects = ListPermissions {
            own: RoleObject::UserManagement,
            below: RoleObject::UserManagementSubOrganizations,
        };
        let scope = domain::resolve_scope(&actor, requested, &found.paths(&orgs), objects)?;
        let has_custom_roles =
            |org: &OrgId| found.present_organization(*org).is_some_and(|org| !org.roles.is_empty());
        let with_custom_roles = scope.paths().iter().map(OrgPath::id).filter(has_custom_roles);
        let with_custom_roles = with_custom_roles.collect();
        let filter = UserFilter {
            with_custom_roles,
            scope,
            statuses: self.statuses(),
            kind: self.kind(),
            roles: roles.iter().copied().collect(),
            search: self.search(),
            order: self.order(),
        };
        let total = self.is_countable(org).then(|| self.total(&actor.org, &found, &roles));
        Ok(AuthorizedList { actor, filter, total: total.transpose()? })
    }

    /// Whether counters know the number of users: in one organization, without a search.
    fn is_countable(&self, org: OrgId) -> bool {
        let alone = match self.organization_id.as_slice() {
            [] => self.scope == ScopeParam::Organization,
            chosen => chosen.iter().all(|chosen| *chosen == org),
        };
        alone && self.search().is_none()
    }

    /// The keys of the items that hold the numbers of users.
    fn keys_of_total(&self, org: OrgId, roles: &BTreeSet<RoleId>) -> Vec<Key> {
        if !self.is_countable(org) {
            return vec![];
        }
        let custom = roles.iter().filter_map(|&role| Key::custom_role(org, role));
        [Key::counts(org)].into_iter().chain(custom).collect()
    }

    /// The number of users with one of these roles, or with any if there is none.
    fn total(
        &self,
        org: &Organization,
        found: &FetchedItems,
        roles: &BTreeSet<RoleId>,
    ) -> Result<u64, Error> {
        let counts = OrganizationCounts::of(org, found);
        let of_role = |role: &RoleId| match role {
            RoleId::BuiltIn(role) => Ok(counts.users(*role)),
            RoleId::Custom(role) => {
                let role = found.role(&Key::role(org.id(), *role))?;
                Ok::<_, Error>(role.map(|role| role.users).unwrap_or_default())
            }
        };
        let users = if roles.is_empty() {
            vec![counts.all()]
        } else {
            roles.iter().map(of_role).collect::<Result<_, _>>()?
        };
        let kind = self.kind();
        let number = |status: &Status, users: &UserCount| match (status, kind) {
            (Status::Active, None) => users.members(),
            (Status::Active, Some(MemberKind::Person)) => users.persons,
            (Status::Active, Some(MemberKind::Service)) => users.services,
            (Status::Pending, Some(MemberKind::Service)) => 0,
            (Status::Pending, _) => users.pending,
        };
        let statuses = self.statuses();
        let numbers = users.iter().flat_map(|users| {
            statuses.iter().map(|status| number(status, users)).collect::<Vec<_>>()
        });
        Ok(numbers.sum())
    }

    /// Checks that no filter is given, which the one at `pointer` would make useless. The order may be given.
    pub(crate) fn check_none(&self, pointer: &str) -> Result<(), Problem> {
        let Self { status, kind, role_id, organization_id, q, scope, .. } = self;
        let none = status.is_empty() && kind.is_empty() && role_id.is_empty() && q.is_empty();
        if none && organization_id.is_empty() && *scope == ScopeParam::default() {
            return Ok(());
        }
        let detail = "cannot be combined with other filters; send it alone".to_owned();
        Err(Problem::invalid(FieldError { pointer: pointer.to_owned(), detail }))
    }

    /// The organization, the filters and the order. A cursor is valid only for the same ones.
    pub(crate) fn cursor_scope(&self, org: OrgId) -> Vec<String> {
        let Self { status, kind, role_id, organization_id, q, r#match, scope, sort } = self;
        let filters = format!(
            "{status:?} {kind:?} {role_id:?} {organization_id:?} {scope:?} {sort:?} {match:?} {q}"
        );
        vec!["members".to_owned(), org.to_string(), filters]
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

    fn search(&self) -> Option<Search> {
        Search::parse(&self.q, self.r#match == Match::Contains)
    }

    fn statuses(&self) -> Vec<Status> {
        let wanted = |status: &StatusParam| self.status.is_empty() || self.status.contains(status);
        let active = wanted(&StatusParam::Active).then_some(Status::Active);
        let pending = wanted(&StatusParam::Pending).then_some(Status::Pending);
        active.into_iter().chain(pending).collect()
    }

    /// The only kind that the list shows. None if it shows both.
    pub(crate) fn kind(&self) -> Option<MemberKind> {
        match self.kind.as_slice() {
            [first, rest @ ..] if rest.iter().all(|kind| kind == first) => Some(*first),
            _ => None,
        }
    }

    /// The order in which users are read. An order by name sorts them afterwards.
    fn order(&self) -> Order {
        let (by, descending) = match self.sort {
            Sort::EmailDescending => (SortKey::Address, true),
            Sort::JoinedAt => (SortKey::Time, false),
            Sort::JoinedAtDescending => (SortKey::Time, true),
            _ => (SortKey::Address, false),
        };
        Order { by, descending }
    }
}
