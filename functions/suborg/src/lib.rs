//! Sub-organizations: create, list, and join an empty one.

use axum::{
    Router,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, Level, MAX_ORGANIZATION_NAME, Member, OrgId, Organization, RoleId, RoleObject,
        Source, Standing, UserCount,
    },
    http::{
        Answer, ApiError, App, Call, Json, Limit, NameField, NoBody, Page, Pagination, Path, Query,
        views,
    },
    store::{FetchedItems, List, NewOrganization},
};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/sub-organizations", get(list).post(create))
        .route("/v1/organizations/{org}/join", post(join))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateSubOrganizationRequest {
    name: NameField<MAX_ORGANIZATION_NAME>,
}

async fn create(
    Call { app, person, context, .. }: Call,
    Path(parent): Path<OrgId>,
    Json(CreateSubOrganizationRequest { name: NameField(name) }): Json<
        CreateSubOrganizationRequest,
    >,
) -> Result<Answer, ApiError> {
    let actor = app.store.standing_in_tree(&person, parent).await?;
    let id = OrgId::new(context.at, context.seed);
    let org = domain::create_sub_organization(&actor, id, name, context.at)?;
    let first_member =
        Member::new(&person, &org, RoleId::SUPER_ADMIN, Source::Creator, context.at)?;
    let super_admin = Some(views::Person::member(&first_member));
    let names = views::OrganizationNames { super_admin, parent: Some(actor.org.name.clone()) };
    let view = views::Organization::of(&org, actor.conditions, names);
    let answer =
        Answer::created(format!("/v1/organizations/{id}"), &view).with_version(org.version);
    let org = &org;
    let first_member = Some(&first_member);
    let parent = Some(&actor.org);
    let creator = Some(&actor);
    let new = NewOrganization { org, first_member, first_admin: None, parent, creator };
    answer.commit(app.store.transaction(&context).create_organization(new)?).await
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListSubOrganizationsQuery {
    depth: Depth,
    limit: Limit,
    cursor: Option<String>,
}

/// The organizations directly below, or all below.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Depth {
    #[default]
    Children,
    All,
}

/// A sub-organization with its number of users.
#[derive(Serialize)]
struct SubOrganizationRow {
    #[serde(flatten)]
    organization: views::Organization,
    users: UserCount,
}

async fn list(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(ListSubOrganizationsQuery { depth, limit, cursor }): Query<ListSubOrganizationsQuery>,
) -> Result<Json<Page<SubOrganizationRow>>, ApiError> {
    let pagination =
        Pagination::filtered("sub-organizations", &org, &depth, limit, cursor.as_deref())?;
    let actor = app.store.standing_in_tree(&person, org).await?;
    actor.require(RoleObject::UserManagementSubOrganizations, Level::ViewOnly)?;
    let below = match depth {
        Depth::Children => List::children(Some(org)),
        Depth::All => List::below(&actor.org.path),
    };
    let found = app.store.page(below, pagination.request()).await?;
    let (users, names) = tokio::try_join!(
        app.store.counts(&found.items),
        app.store.organization_names(&found.items)
    )?;
    Ok(Json(pagination.try_page(found, |org| {
        let users = users.get(&org.id()).copied().unwrap_or_default();
        SubOrganizationRow::of(&actor, &org, users, &names)
    })?))
}

impl SubOrganizationRow {
    /// Shows an organization below that of `actor`. `found` has the items of the names next to its
    /// ids.
    fn of(
        actor: &Standing,
        org: &Organization,
        users: UserCount,
        found: &FetchedItems,
    ) -> Result<Self, ApiError> {
        let conditions = domain::Conditions {
            manage_sub_organizations: actor.conditions.manage_sub_organizations,
            ..org.conditions(None)
        };
        let names = views::OrganizationNames::of(found, org)?;
        Ok(Self { organization: views::Organization::of(org, conditions, names), users })
    }
}

async fn join(
    Call { app, person, context, .. }: Call,
    Path(id): Path<OrgId>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let facts = app.store.joining_facts(&person, id).await?;
    let joining = domain::join(&person, facts, context.at)?;
    let name = joining.after.name.clone();
    let view = views::Member::of(&joining.member, name, None, context.at);
    let answer = Answer::ok(&view).with_version(joining.member.version);
    let writes = app.store.transaction(&context).join(&joining)?;
    answer.commit(writes).await
}
