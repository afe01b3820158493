//! The members of an organization: list, export, show, change of role or display name, removal and
//! leaving.
//!
//! This file has the routes, and the list of users: active members and pending invitations together (U3).

mod about;
mod export;
mod export_bucket;
mod member;
mod rows;
#[cfg(feature = "s3")]
mod s3;
mod services;
mod sheet;
mod sorted;
mod user_row;
mod wrapping;

use std::collections::BTreeSet;

use axum::{
    Router,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, ListPermissions, MemberKind, OrgId, OrgPath, Organization, Person, RequestedScope,
        RoleId, RoleObject, Search, Standing, UserCount, UserId,
    },
    http::{
        ApiError, App, Call, CountedPage, FieldError, Json, Limit, Match, Pagination, Path,
        Problem, Query, ScopeParam, StatusParam, as_set, chosen, chosen_roles,
    },
    store::{
        Direction, Error, FetchedItems, Key, ListedUser, Order, OrganizationCounts, PageRequest,
        RoleSummaries, Slice, SortKey, Status, Store, UserFilter,
    },
};

pub use export::{ExportConfig, ExportLimits};
pub use export_bucket::{
    BucketUnavailable, ExportBucket, FileStore, MAX_NAME_IN_FILE_NAME, StoreFuture, attachment,
};
#[cfg(feature = "s3")]
pub use s3::S3;
pub use sheet::XLSX;
use sorted::ExportedUsers;
pub use sorted::MAX_SORTED;
use user_row::UserRow;

/// The maximum product of organizations, roles and statuses in a request. A search by role name reads
/// more ranges.
pub const MAX_RANGES: usize = 100;

/// What the list and the export need.
const PERMISSIONS: ListPermissions = ListPermissions {
    own: RoleObject::UserManagement,
    below: RoleObject::UserManagementSubOrganizations,
};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/members", get(list))
        .route("/v1/organizations/{org}/member-exports", post(export::export))
        .route(
            "/v1/organizations/{org}/members/{member}",
            get(member::one).patch(member::change).delete(member::remove),
        )
        .route("/v1/organizations/{org}/service-members", post(services::add))
        .route("/v1/organizations/{org}/leave", post(member::leave))
}

async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CountedPage<UserRow>>, ApiError> {
    query.check()?;
    let (limit, cursor) = (query.limit, query.cursor.as_deref());
    let pagination = Pagination::filtered("members", &org, &query, limit, cursor)?;
    if let Some(user) = &query.user_id {
        // A page with one person has no next page.
        return user_row::one_person(&app.store, &person, org, user, context.at).await;
    }
    let list = query.filters().authorize(&app, &person, org).await?;
    let (found, roles) = list.page(&app.store, pagination.request()).await?;
    let rows = UserRow::read(&app.store, &list.actor, found, roles, context.at).await?;
    Ok(Json(CountedPage { page: pagination.page(rows, |row| row), total: list.total }))
}

/// The fields of [`Filters`] and of a page. Flattened structs would lose the types of query
/// parameters.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    #[serde(serialize_with = "as_set")]
    status: Vec<StatusParam>,
    #[serde(serialize_with = "as_set")]
    kind: Vec<MemberKind>,
    #[serde(serialize_with = "as_set")]
    role_id: Vec<RoleId>,
    #[serde(serialize_with = "as_set")]
    organization_id: Vec<OrgId>,
    q: String,
    r#match: Match,
    scope: ScopeParam,
    sort: Sort,
    /// The `sub` of one person. The list then contains only their membership.
    user_id: Option<UserId>,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

impl ListQuery {
    /// Checks that `user_id` comes without other filters, which would be useless. The order may be given.
    ///
    /// # Errors
    ///
    /// `invalid-request` that names `user_id`.
    fn check(&self) -> Result<(), Problem> {
        let Self { status, kind, role_id, organization_id, q, scope, .. } = self;
        let none = status.is_empty() && kind.is_empty() && role_id.is_empty() && q.is_empty();
        let alone = none && organization_id.is_empty() && *scope == ScopeParam::default();
        if alone || self.user_id.is_none() {
            return Ok(());
        }
        let detail = "cannot be combined with other filters; send it alone".to_owned();
        Err(Problem::invalid(FieldError { pointer: "/user_id".to_owned(), detail }))
    }

    fn filters(self) -> Filters {
        let Self { status, kind, role_id, organization_id, q, r#match, scope, sort, .. } = self;
        Filters { status, kind, role_id, organization_id, q, r#match, scope, sort }
    }
}

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
struct AuthorizedList {
    actor: Standing,
    filter: UserFilter,
    sort: Sort,
    /// The number of users on all pages, where counters know it.
    total: Option<u64>,
}

impl Filters {
    /// The list that the filters select, if the caller may see the chosen organizations (SUB4, SUB6).
    ///
    /// # Errors
    ///
    /// - `invalid-request` for too many organizations, roles or combinations.
    /// - The refusals of [`domain::resolve_scope`] if the caller may not see the chosen
    ///   organizations.
    async fn authorize(
        &self,
        app: &App,
        person: &Person,
        org: OrgId,
    ) -> Result<AuthorizedList, ApiError> {
        let (orgs, roles) = self.bounded()?;
        let search = Search::parse(&self.q, self.r#match == Match::Contains);
        let subtree = self.scope == ScopeParam::Subtree;
        let requested = RequestedScope { subtree, chosen: &orgs };
        // Counters know the number of users of one organization, without a search.
        let is_counted = search.is_none() && !requested.goes_beyond(org);
        let counters = is_counted.then(|| keys_of_total(org, &roles));
        let chosen = orgs.iter().map(|&org| Key::organization(org));
        let also = chosen.chain(counters.into_iter().flatten());
        let (actor, found) = if requested.goes_beyond(org) {
            app.store.facts_in_tree(person, org, also).await?
        } else {
            app.store.facts(person, org, also).await?
        };
        let scope = domain::resolve_scope(&actor, requested, &found.paths(&orgs), PERMISSIONS)?;
        let has_custom_roles =
            |org: &OrgId| found.present_organization(*org).is_some_and(|org| !org.roles.is_empty());
        let filter = UserFilter {
            with_custom_roles: scope
                .paths()
                .iter()
                .map(OrgPath::id)
                .filter(has_custom_roles)
                .collect(),
            scope,
            statuses: self.statuses(),
            kind: self.kind(),
            roles: roles.into_iter().collect(),
            search,
            order: self.sort.order(),
        };
        let total = is_counted.then(|| total(&filter, &actor.org, &found)).transpose()?;
        Ok(AuthorizedList { actor, filter, sort: self.sort, total })
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
        let wanted = |status: &StatusParam| self.status.is_empty() || self.status.contains(status);
        let active = wanted(&StatusParam::Active).then_some(Status::Active);
        let pending = wanted(&StatusParam::Pending).then_some(Status::Pending);
        active.into_iter().chain(pending).collect()
    }

    /// The only kind that the list shows. None if it shows both.
    fn kind(&self) -> Option<MemberKind> {
        match self.kind.as_slice() {
            [first, rest @ ..] if rest.iter().all(|kind| kind == first) => Some(*first),
            _ => None,
        }
    }
}

impl Sort {
    /// The order in which users are read. An order by name sorts them afterwards.
    fn order(self) -> Order {
        let (by, direction) = match self {
            Self::EmailDescending => (SortKey::Address, Direction::Descending),
            Self::JoinedAt => (SortKey::Time, Direction::Ascending),
            Self::JoinedAtDescending => (SortKey::Time, Direction::Descending),
            _ => (SortKey::Address, Direction::Ascending),
        };
        Order { by, direction }
    }
}

/// The keys of the items that hold the numbers of users of an organization, and of these roles.
fn keys_of_total(org: OrgId, roles: &BTreeSet<RoleId>) -> impl Iterator<Item = Key> {
    let custom = roles.iter().filter_map(move |&role| Key::custom_role(org, role));
    [Key::counts(org)].into_iter().chain(custom)
}

/// The number of users of an organization that a filter without a search shows. `found` has the items at
/// [`keys_of_total`].
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

impl AuthorizedList {
    /// A page of users, and the custom roles of the organization in the path, which are read together with them. A
    /// search reads role names too late to share them with its page.
    ///
    /// # Errors
    ///
    /// Those of [`NameOrder::users`](sorted::NameOrder::users).
    async fn page(
        &self,
        store: &Store,
        page: PageRequest<'_>,
    ) -> Result<(Slice<ListedUser>, RoleSummaries), ApiError> {
        let own = Some(self.actor.org.id()).filter(|_| !self.actor.org.roles.is_empty());
        if let Some(order) = self.sort.by_name() {
            return Ok(order.users(store, &self.filter, own).await?.page(page));
        }
        Ok(tokio::try_join!(store.users(&self.filter, page), store.role_summaries(own))?)
    }

    /// All users, and the custom roles that are known after sorting them.
    ///
    /// # Errors
    ///
    /// Those of [`NameOrder::users`](sorted::NameOrder::users).
    async fn all<'a>(
        &'a self,
        store: &'a Store,
    ) -> Result<(ExportedUsers<'a>, RoleSummaries), ApiError> {
        Ok(match self.sort.by_name() {
            Some(order) => order.users(store, &self.filter, None).await?.all(),
            None => {
                (ExportedUsers::Stream(store.user_stream(&self.filter)), RoleSummaries::default())
            }
        })
    }
}
