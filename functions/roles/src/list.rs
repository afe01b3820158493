//! The list of roles of one organization or of a subtree, with or without a search.

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, BuiltIn, Conditions, Kind, ListPermissions, OrgId, Organization, Person,
        RequestedScope, RoleId, RoleObject, Search, Standing,
    },
    http::{
        ApiError, App, Call, CountedPage, Json, Limit, Match, Page, Pagination, Path, Problem,
        Query, ScopeParam, StatusParam, as_set, chosen, chosen_roles, views,
    },
    store::{
        FetchedItems, Key, List, OrganizationCounts, RoleEntry, RoleFilter, RoleSelection,
        RoleWithUsers, Slice, Status,
    },
};

use crate::{name_reassignments, show_built_in};

/// The query of the list. Parameters with several values are repeated.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListRolesQuery {
    #[serde(serialize_with = "as_set")]
    organization_id: Vec<OrgId>,
    /// Only roles with users of one of these statuses. Empty: any role.
    #[serde(serialize_with = "as_set")]
    status: Vec<StatusParam>,
    /// Only these roles. Empty: any role.
    #[serde(serialize_with = "as_set")]
    role_id: Vec<RoleId>,
    /// The text to search for in names and descriptions.
    q: String,
    r#match: Match,
    scope: ScopeParam,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

impl ListRolesQuery {
    /// The caller's standing, and the filter for the store.
    ///
    /// # Errors
    ///
    /// - `invalid-request` for too many organizations or roles.
    /// - The refusals of [`domain::resolve_scope`] if the caller may not see the chosen
    ///   organizations.
    async fn authorize(
        &self,
        app: &App,
        person: &Person,
        org: OrgId,
    ) -> Result<(Standing, RoleFilter), ApiError> {
        let chosen = chosen(&self.organization_id)?;
        let selection = self.selection()?;
        let requested =
            RequestedScope { subtree: self.scope == ScopeParam::Subtree, chosen: &chosen };
        let also = chosen.iter().map(|&org| Key::organization(org));
        let (actor, found) = app.store.facts_in_tree(person, org, also).await?;
        let objects = ListPermissions {
            own: RoleObject::RoleManagement,
            below: RoleObject::RoleManagementSubOrganizations,
        };
        let scope = domain::resolve_scope(&actor, requested, &found.paths(&chosen), objects)?;
        let search = Search::parse(&self.q, self.r#match == Match::Contains);
        Ok((actor, RoleFilter { scope, search, selection }))
    }

    /// # Errors
    ///
    /// `invalid-request` for too many roles.
    fn selection(&self) -> Result<RoleSelection, Problem> {
        Ok(RoleSelection {
            roles: chosen_roles(&self.role_id)?,
            statuses: self.status.iter().copied().map(Status::from).collect(),
        })
    }

    /// Whether the query asks for roles of the organization in the path, and no other, without a
    /// search.
    fn is_plain(&self, org: OrgId) -> bool {
        let own = self.organization_id.iter().all(|&chosen| chosen == org);
        let alone = self.scope == ScopeParam::Organization || !self.organization_id.is_empty();
        own && alone && self.q.trim().is_empty()
    }
}

pub(crate) async fn list(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListRolesQuery>,
) -> Result<Json<CountedPage<views::Role>>, ApiError> {
    let cursor = query.cursor.as_deref();
    let pagination = Pagination::filtered("roles", &org, &query, query.limit, cursor)?;
    let (actor, filter) = query.authorize(&app, &person, org).await?;
    let mut page = if query.is_plain(org) {
        own(&app, &actor, &filter.selection, &pagination).await?
    } else {
        beyond(&app, &actor, &filter, &pagination).await?
    };
    name_reassignments(&app, &mut page.items).await?;
    let is_whole = query.is_plain(org) && filter.selection.is_everything();
    Ok(Json(CountedPage { page, total: is_whole.then(|| number_of_roles(&actor.org)) }))
}

/// The number of custom roles and of the built-in roles that the organization has.
fn number_of_roles(org: &Organization) -> u64 {
    let number = org.roles.len() + built_in_of(org).count();
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The built-in roles of an organization.
fn built_in_of(org: &Organization) -> impl Iterator<Item = BuiltIn> {
    let partner = org.kind == Kind::Partner;
    BuiltIn::ALL.into_iter().filter(move |role| partner || !role.partner_only())
}

/// The selected custom roles of the organization in the path, oldest first. The first page begins
/// with the selected built-in roles, beyond its limit.
async fn own(
    app: &App,
    actor: &Standing,
    selection: &RoleSelection,
    pagination: &Pagination,
) -> Result<Page<views::Role>, ApiError> {
    let org = actor.org.id();
    let counts = app.store.get(pagination.is_first().then(|| Key::counts(org)));
    let custom = async {
        if !selection.has_custom_roles() {
            return Ok(Slice { items: vec![], next: None });
        }
        app.store.page(List::roles(org, selection), pagination.request()).await
    };
    let (custom, found) = tokio::try_join!(custom, counts)?;
    let conditions = actor.conditions;
    let Page { items, next_cursor } = pagination.page(custom, |RoleWithUsers { role, users }| {
        views::Role::custom(&actor.org, &role, users, conditions)
    });
    let built_in = pagination.is_first().then(|| built_in_here(actor, selection, &found));
    Ok(Page { items: built_in.into_iter().flatten().chain(items).collect(), next_cursor })
}

fn built_in_here(
    actor: &Standing,
    selection: &RoleSelection,
    found: &FetchedItems,
) -> Vec<views::Role> {
    let counts = OrganizationCounts::of(&actor.org, found);
    built_in_of(&actor.org)
        .filter(|&role| selection.contains(RoleId::BuiltIn(role), counts.users(role)))
        .map(|role| show_built_in(&actor.org, found, role, actor.conditions))
        .collect()
}

/// Roles of several organizations. The numbers of users are eventually consistent.
async fn beyond(
    app: &App,
    actor: &Standing,
    filter: &RoleFilter,
    pagination: &Pagination,
) -> Result<Page<views::Role>, ApiError> {
    let entries = app.store.roles_of(filter, pagination.request()).await?;
    let built_in = entries.items.iter().filter(|entry| entry.role.custom().is_none());
    let counts = built_in.map(|entry| Key::counts(entry.org.id()));
    let key = |entry: &RoleEntry| Some(Key::role(entry.org.id(), entry.role.custom()?));
    let custom = entries.items.iter().filter_map(key);
    let (counts, custom) =
        tokio::try_join!(app.store.get_eventual(counts), app.store.get_for_display(custom))?;
    let found = counts.and(custom);
    Ok(pagination.try_page(entries, |entry| show(actor, &entry, &found))?.flatten())
}

/// A role of another organization; none if it was deleted a moment ago.
fn show(
    actor: &Standing,
    RoleEntry { org, role }: &RoleEntry,
    found: &FetchedItems,
) -> Result<Option<views::Role>, ApiError> {
    let conditions = Conditions {
        manage_sub_organizations: actor.conditions.manage_sub_organizations,
        ..org.conditions(None)
    };
    Ok(match *role {
        RoleId::BuiltIn(role) => Some(show_built_in(org, found, role, conditions)),
        RoleId::Custom(id) => {
            found.role(&Key::role(org.id(), id))?.map(|RoleWithUsers { role, users }| {
                views::Role::custom(org, &role, users, conditions)
            })
        }
    })
}
