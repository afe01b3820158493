//! The list of roles of one organization or of a subtree, with or without a search.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    domain::{
        self, BuiltIn, Conditions, Kind, ListPermissions, OrgId, Person, RequestedScope,
        RoleObject, Search, Standing,
    },
    http::{
        ApiError, App, Caller, Json, Limit, Match, Page, Pagination, Path, Query, ScopeParam,
        chosen, views,
    },
    store::{FetchedItems, Key, RoleEntry, RoleFilter},
};

use crate::show_built_in;

/// The query of the list. `organization_id` can be repeated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(default)]
    organization_id: Vec<OrgId>,
    /// The text to search for in names and descriptions.
    #[serde(default)]
    q: String,
    #[serde(default)]
    r#match: Match,
    #[serde(default)]
    scope: ScopeParam,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

impl ListQuery {
    /// The caller's standing, and the filter for the store.
    ///
    /// # Errors
    ///
    /// The refusals of [`domain::resolve_scope`] if the caller may not see the chosen
    /// organizations.
    async fn judge(
        &self,
        app: &App,
        person: &Person,
        org: OrgId,
    ) -> Result<(Standing, RoleFilter), ApiError> {
        let chosen = chosen(&self.organization_id)?;
        let coverage =
            RequestedScope { subtree: self.scope == ScopeParam::Subtree, chosen: &chosen };
        let also = chosen.iter().map(|&org| Key::organization(org));
        let (actor, found) = app.store.facts_in_tree(person, org, also).await?;
        let objects = ListPermissions {
            own: RoleObject::RoleManagement,
            below: RoleObject::RoleManagementSubOrganizations,
        };
        let reach = domain::resolve_scope(&actor, coverage, &found.paths(&chosen)?, objects)?;
        let search = Search::parse(&self.q, self.r#match == Match::Contains);
        Ok((actor, RoleFilter { reach, search }))
    }

    /// Whether the query asks for all roles of the organization in the path, and no other.
    fn is_plain(&self, org: OrgId) -> bool {
        let own = self.organization_id.iter().all(|&chosen| chosen == org);
        let alone = self.scope == ScopeParam::Organization || !self.organization_id.is_empty();
        own && alone && self.q.trim().is_empty()
    }

    /// The organization and the filters. A cursor is valid only for the same ones.
    fn names(&self, org: OrgId) -> Vec<String> {
        let Self { organization_id, q, r#match, scope, .. } = self;
        let filters = format!("{organization_id:?} {scope:?} {match:?} {q}");
        vec!["roles".to_owned(), org.to_string(), filters]
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    Caller { person, .. }: Caller,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<views::Role>>, ApiError> {
    let walk = Pagination::new(query.names(org), query.limit, query.cursor.as_deref())?;
    let (actor, filter) = query.judge(&app, &person, org).await?;
    Ok(Json(if query.is_plain(org) {
        own(&app, &actor, &walk).await?
    } else {
        beyond(&app, &actor, &filter, &walk).await?
    }))
}

/// The custom roles of the organization in the path, oldest first. The first page begins with the
/// built-in roles, beyond its limit.
async fn own(
    app: &App,
    actor: &Standing,
    walk: &Pagination,
) -> Result<Page<views::Role>, ApiError> {
    let org = actor.org.id();
    let counts = walk.is_first().then(|| [Key::counts(org)]);
    let counts = app.store.get(counts.into_iter().flatten());
    let (custom, found) = tokio::try_join!(app.store.roles(org, walk.window()), counts)?;
    let conditions = actor.conditions;
    let Page { items, next_cursor } =
        walk.page(custom, |(role, users)| views::Role::custom(org, &role, users, conditions));
    let built_in = if walk.is_first() { built_in_here(actor, &found) } else { vec![] };
    Ok(Page { items: built_in.into_iter().chain(items).collect(), next_cursor })
}

fn built_in_here(actor: &Standing, found: &FetchedItems) -> Vec<views::Role> {
    let partner = actor.org.kind == Kind::Partner;
    let here = BuiltIn::ALL.into_iter().filter(|role| partner || !role.partner_only());
    here.map(|role| show_built_in(&actor.org, found, role, actor.conditions)).collect()
}

/// Roles of several organizations. The numbers of users are eventually consistent.
async fn beyond(
    app: &App,
    actor: &Standing,
    filter: &RoleFilter,
    walk: &Pagination,
) -> Result<Page<views::Role>, ApiError> {
    let entries = app.store.roles_of(filter, walk.window()).await?;
    let mut around = Vec::new();
    let mut custom = Vec::new();
    for entry in &entries.items {
        match *entry {
            RoleEntry::BuiltIn(org, _) => {
                around.extend([Key::organization(org)].into_iter().chain([Key::counts(org)]));
            }
            RoleEntry::Custom(org, role) => {
                around.push(Key::organization(org));
                custom.push(Key::role(org, role));
            }
        }
    }
    let (around, custom) =
        tokio::try_join!(app.store.get_eventual(around), app.store.get_for_display(custom))?;
    let Page { items, next_cursor } =
        walk.try_page(entries, |entry| show(actor, entry, &around, &custom))?;
    Ok(Page { items: items.into_iter().flatten().collect(), next_cursor })
}

/// A role of another organization; none if it was deleted a moment ago.
fn show(
    actor: &Standing,
    entry: RoleEntry,
    around: &FetchedItems,
    custom: &FetchedItems,
) -> Result<Option<views::Role>, ApiError> {
    let (RoleEntry::BuiltIn(id, _) | RoleEntry::Custom(id, _)) = entry;
    let Some(org) = around.organization(id)? else { return Ok(None) };
    let conditions = Conditions {
        manage_sub_organizations: actor.conditions.manage_sub_organizations,
        ..org.conditions(None)
    };
    Ok(match entry {
        RoleEntry::BuiltIn(_, role) => Some(show_built_in(&org, around, role, conditions)),
        RoleEntry::Custom(_, role) => custom
            .role(&Key::role(id, role))?
            .map(|(role, users)| views::Role::custom(id, &role, users, conditions)),
    })
}
