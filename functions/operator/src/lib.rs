//! The routes of platform operators: organizations for others, and their settings (OP1).

mod accounts;
mod customers;
mod deletion;
mod erasure;
mod invitations;
mod offboarding;
mod people;
mod person_view;
mod reason;
mod rounds;
mod security;
mod super_admin;
mod suspension;

use axum::{
    Router,
    routing::{delete, get, post, put},
};
use serde::Deserialize;
use shared::{
    domain::{
        self, Email, Kind, Language, MAX_ORGANIZATION_NAME, OrgId, Organization, OrganizationDraft,
        Refusal, SettingsUpdate, UserCount,
    },
    http::{
        Answer, ApiError, App, Call, IfMatch, Json, Limit, NameField, Page, Pagination, Path,
        Query, WithEtag, views,
    },
    store::{Key, List, NewOrganization, OrganizationCounts},
};

pub use people::MAX_KEPT_SERVICES;

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/operator/organizations", get(list).post(create))
        .route("/v1/operator/organizations/{org}", get(one).patch(update).delete(deletion::delete))
        .route(
            "/v1/operator/organizations/{org}/first-admin",
            post(invitations::invite_first_admin),
        )
        .route("/v1/operator/organizations/{org}/invitations/{inv}", delete(invitations::revoke))
        .route("/v1/operator/organizations/{org}/security", delete(security::reset))
        .route(
            "/v1/operator/organizations/{org}/members/{member}/account",
            post(accounts::reconnect),
        )
        .route("/v1/operator/organizations/{org}/super-admin", post(super_admin::appoint))
        .route(
            "/v1/operator/organizations/{org}/suspension",
            put(suspension::suspend).delete(suspension::resume),
        )
        .route("/v1/operator/organizations/{org}/customers", get(customers::list))
        .route("/v1/operator/people", get(people::find))
        .route("/v1/operator/people/{person}/data", get(people::data))
        .route("/v1/operator/people/{person}/offboard", post(offboarding::offboard))
        .route("/v1/operator/people/{person}", delete(erasure::erase))
        .route(
            "/v1/operator/organizations/{org}/customers/{customer}",
            put(customers::link).delete(customers::unlink),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateAsOperatorRequest {
    name: NameField<MAX_ORGANIZATION_NAME>,
    kind: Option<Kind>,
    parent: Option<OrgId>,
    first_admin_email: Option<Email>,
    /// The language of the organization's mails, also of the invitation.
    language: Option<Language>,
}

impl CreateAsOperatorRequest {
    fn draft(self) -> OrganizationDraft {
        let Self { name: NameField(name), kind, language, first_admin_email: first_admin, .. } =
            self;
        OrganizationDraft { name, kind, language, first_admin }
    }
}

/// What is above a new organization: nothing above a root.
struct Above(Option<OrganizationFacts>);

impl Above {
    async fn read(app: &App, parent: Option<OrgId>) -> Result<Self, ApiError> {
        Ok(Self(match parent {
            Some(parent) => Some(organization_facts(app, parent).await?),
            None => None,
        }))
    }

    fn parent(&self) -> Option<&Organization> {
        Some(&self.0.as_ref()?.org)
    }

    /// The root of the tree, if it is not the parent.
    fn root(&self) -> Option<&Organization> {
        self.0.as_ref()?.root.as_ref()
    }

    /// Shows the new organization, which has no Super Admin so far.
    fn view(&self, org: &Organization) -> views::Organization {
        let parent = self.parent().map(|parent| parent.name.clone());
        let names = views::OrganizationNames { super_admin: None, parent };
        views::Organization::of(org, org.conditions(self.root().or(self.parent())), names)
    }
}

async fn create(
    call: Call,
    Json(request): Json<CreateAsOperatorRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let above = Above::read(&app, request.parent).await?;
    let (parent, root) = (above.parent(), above.root());
    let id = OrgId::new(context.at, context.seed);
    let (org, first_admin) =
        domain::create_organization_as_operator(id, request.draft(), parent, root, context.at)?;
    let location = format!("/v1/operator/organizations/{id}");
    let answer = Answer::created(location, &above.view(&org)).with_version(org.version);
    let first_admin = first_admin.as_ref();
    let new = NewOrganization { org: &org, first_member: None, first_admin, parent, creator: None };
    answer.commit(app.store.transaction(&context).create_organization(new)?).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListOrganizationsQuery {
    /// The beginning of a name, in any case.
    q: Option<String>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

/// Lists the roots of all trees, or all organizations whose names begin with a text, also deleted
/// ones; oldest first.
async fn list(
    call: Call,
    Query(ListOrganizationsQuery { q, limit, cursor }): Query<ListOrganizationsQuery>,
) -> Result<Json<Page<views::Organization>>, ApiError> {
    let Call { app, .. } = call.as_operator()?;
    let beginning = q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let organizations = match beginning {
        Some(beginning) => vec![List::named(beginning), List::deleted_named(beginning)],
        None => vec![List::children(None)],
    };
    let pagination =
        Pagination::filtered("organizations", &"all", &beginning, limit, cursor.as_deref())?;
    let found = app.store.merged_page(organizations, pagination.request()).await?;
    let names = app.store.organization_names_and_roots(&found.items).await?;
    Ok(Json(pagination.try_page(found, |org| {
        let conditions = org.conditions(names.root_above(&org).as_ref());
        let names = views::OrganizationNames::of(&names, &org)?;
        Ok::<_, ApiError>(views::Organization::of(&org, conditions, names))
    })?))
}

async fn one(
    call: Call,
    Path(org): Path<OrgId>,
) -> Result<WithEtag<views::Organization>, ApiError> {
    let Call { app, .. } = call.as_operator()?;
    let OrganizationFacts { org, root, names } = any_organization_facts(&app, org).await?;
    let view = views::Organization::of(&org, org.conditions(root.as_ref()), names);
    Ok(WithEtag { view, version: org.version })
}

/// The settings to change. Absent fields keep their values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateSettingsRequest {
    kind: Option<Kind>,
    manage_sub_organizations: Option<bool>,
    mdf_program: Option<bool>,
}

async fn update(
    call: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(UpdateSettingsRequest { kind, manage_sub_organizations, mdf_program }): Json<
        UpdateSettingsRequest,
    >,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let OrganizationFacts { org: before, root, names } = organization_facts(&app, org).await?;
    if_match.check(before.version)?;
    let partner_users = partner_users(&app, &before, kind).await?;
    let settings = SettingsUpdate { kind, manage_sub_organizations, mdf_program };
    let root = root.as_ref();
    let after = domain::update_settings(&before, root, partner_users, settings, context.at)?;
    let view = views::Organization::of(&after, after.conditions(root), names);
    let answer = Answer::ok(&view).with_version(after.version);
    if after == before {
        return Ok(answer);
    }
    if_match.commit(answer, app.store.transaction(&context).update_settings(&before, &after)?).await
}

/// The users with roles of partners, if a partner is to become a standard organization.
async fn partner_users(
    app: &App,
    before: &Organization,
    kind: Option<Kind>,
) -> Result<UserCount, ApiError> {
    if (before.kind, kind) != (Kind::Partner, Some(Kind::Standard)) {
        return Ok(UserCount::default());
    }
    let found = app.store.get([Key::counts(before.id())]).await?;
    Ok(OrganizationCounts::of(before, &found).partner_roles())
}

/// An organization, the root of its tree if that is another organization, and the names to show.
struct OrganizationFacts {
    org: Organization,
    root: Option<Organization>,
    names: views::OrganizationNames,
}

async fn organization_facts(app: &App, org: OrgId) -> Result<OrganizationFacts, ApiError> {
    let facts = any_organization_facts(app, org).await?;
    facts.org.check_present()?;
    Ok(facts)
}

/// Also the facts about a deleted organization.
async fn any_organization_facts(app: &App, org: OrgId) -> Result<OrganizationFacts, ApiError> {
    let found = app.store.any_organization_to_show(org).await?;
    let (org, found) = found.ok_or(Refusal::NoOrganizationWithId)?;
    let names = views::OrganizationNames::of(&found, &org)?;
    Ok(OrganizationFacts { root: found.root_above(&org), org, names })
}
