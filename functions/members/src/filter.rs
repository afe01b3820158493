//! Which users a client wants to see: the query that the list and whatever else shows users take,
//! and what of it the asker may see (SUB4, SUB6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, ListPermissions, OrgId, Person, RequestedScope, RoleId, RoleObject, Search, Standing,
    },
    http::{ApiError, App, FieldError, Match, Problem, ScopeParam, chosen},
    store::{By, Key, Order, Status, UserFilter},
};

/// At most so many roles are chosen at once.
const MAX_ROLES: usize = 20;
/// At most so many ranges are read for one page: organizations × roles × statuses.
const MAX_RANGES: usize = 100;

/// Which users to show. Parameters that take several values are repeated.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    /// In one of these statuses; in any, if none is named.
    #[serde(default)]
    pub(crate) status: Vec<StatusName>,
    /// In one of these roles.
    #[serde(default)]
    pub(crate) role_id: Vec<RoleId>,
    /// In one of these organizations, which are the one asked or below it.
    #[serde(default)]
    pub(crate) organization_id: Vec<OrgId>,
    /// What to look for in addresses and in the names of roles.
    #[serde(default)]
    pub(crate) q: String,
    /// Where in them to look for it.
    #[serde(default)]
    pub(crate) r#match: Match,
    /// In the organization alone, or below it, too.
    #[serde(default)]
    pub(crate) scope: ScopeParam,
    /// In which order.
    #[serde(default)]
    pub(crate) sort: Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatusName {
    Active,
    Pending,
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
}

impl Filters {
    /// The asker's standing, and the users that they may see of those meant.
    pub(crate) async fn judge(
        &self,
        app: &App,
        person: &Person,
        org: OrgId,
    ) -> Result<(Standing, UserFilter), ApiError> {
        let (orgs, roles) = self.bounded()?;
        let subtree = self.scope == ScopeParam::Subtree;
        let coverage = RequestedScope { subtree, chosen: &orgs };
        let also = orgs.iter().map(|&org| Key::organization(org));
        let (actor, found) = if coverage.goes_beyond(org) {
            app.store.facts_in_tree(person, org, also).await?
        } else {
            app.store.facts(person, org, also).await?
        };
        let objects = ListPermissions {
            own: RoleObject::UserManagement,
            below: RoleObject::UserManagementSubOrganizations,
        };
        let reach = domain::resolve_scope(&actor, coverage, &found.paths(&orgs)?, objects)?;
        let search = Search::parse(&self.q, self.r#match == Match::Contains);
        let filter =
            UserFilter { reach, statuses: self.statuses(), roles, search, order: self.order() };
        Ok((actor, filter))
    }

    /// Everything that makes a list what it is: a cursor belongs to it alone.
    pub(crate) fn names(&self, org: OrgId) -> Vec<String> {
        let Self { status, role_id, organization_id, q, r#match, scope, sort } = self;
        let filters =
            format!("{status:?} {role_id:?} {organization_id:?} {scope:?} {sort:?} {match:?} {q}");
        vec!["members".to_owned(), org.to_string(), filters]
    }

    /// The organizations and roles chosen, each once, if they are not too many to be read at once.
    fn bounded(&self) -> Result<(Vec<OrgId>, Vec<RoleId>), Problem> {
        let orgs = chosen(&self.organization_id)?;
        let roles: BTreeSet<RoleId> = self.role_id.iter().copied().collect();
        let ranges = orgs.len().max(1) * roles.len().max(1) * self.statuses().len();
        let (parameter, detail) = if self.role_id.len() > MAX_ROLES {
            ("role_id", format!("choose at most {MAX_ROLES} roles"))
        } else if ranges > MAX_RANGES {
            let detail = format!(
                "organizations, times roles, times statuses are {ranges}; choose fewer, so that \
                 they are at most {MAX_RANGES}"
            );
            ("organization_id", detail)
        } else {
            return Ok((orgs, roles.into_iter().collect()));
        };
        Err(Problem::invalid(FieldError { pointer: format!("/{parameter}"), detail }))
    }

    fn statuses(&self) -> Vec<Status> {
        let wanted = |status: &StatusName| self.status.is_empty() || self.status.contains(status);
        let active = wanted(&StatusName::Active).then_some(Status::Active);
        let pending = wanted(&StatusName::Pending).then_some(Status::Pending);
        active.into_iter().chain(pending).collect()
    }

    fn order(&self) -> Order {
        let (by, descending) = match self.sort {
            Sort::Email => (By::Address, false),
            Sort::EmailDescending => (By::Address, true),
            Sort::JoinedAt => (By::Time, false),
            Sort::JoinedAtDescending => (By::Time, true),
        };
        Order { by, descending }
    }
}
