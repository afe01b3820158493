//! What a person may do: who they are to whom, and at which level where.

use std::collections::BTreeMap;

use axum::{Router, extract::State, routing::get};
use serde::Serialize;
use shared::{
    domain::{self, Email, Kind, Level, Member, OrgId, RoleId, RoleObject, UserId},
    http::{Acting, App, Instead, Json, Page, PageQuery, Path, Query, Walk, views},
    store::{Found, Key},
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/me", get(me))
        .route("/v1/organizations/{org}/permissions", get(permissions))
}

/// The caller, and a page of the organizations to switch between (U1).
#[derive(Serialize)]
struct Me {
    user_id: UserId,
    email: Option<Email>,
    email_verified: bool,
    name: Option<String>,
    operator: bool,
    user_type: &'static str,
    organizations: Vec<Membership>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Membership {
    id: OrgId,
    name: String,
    kind: Option<Kind>,
    parent_id: Option<OrgId>,
    role_id: RoleId,
    role_name: String,
}

async fn me(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Me>, Instead> {
    let walk = Walk::new(vec!["me".into(), person.id.to_string()], limit, cursor.as_deref())?;
    let found = app.store.memberships(&person.id, walk.window()).await?;
    let named = app.store.names(found.items.iter().flat_map(described)).await?;
    let shown = found.items.iter().map(|member| show(member, &named));
    let organizations = shown.collect::<Result<Vec<_>, _>>()?;
    let Page { next_cursor, .. } = walk.page(found, drop);
    let personal = organizations.is_empty() && walk.is_first();
    Ok(Json(Me {
        user_id: person.id,
        email_verified: person.email.is_some(),
        email: person.email,
        name: person.name,
        operator: person.operator,
        user_type: if personal { "personal" } else { "organization" },
        organizations,
        next_cursor,
    }))
}

/// Where the names of a membership's organization and role are.
fn described(member: &Member) -> impl Iterator<Item = Key> + use<> {
    let org = member.path.id();
    let role = member.role_id.custom().map(|role| Key::role(org, role));
    [Key::organization(org)].into_iter().chain(role)
}

fn show(member: &Member, named: &Found) -> Result<Membership, Instead> {
    let id = member.path.id();
    let org = named.organization(id)?;
    let role = match member.role_id {
        RoleId::Custom(role) => named.role(&Key::role(id, role))?,
        RoleId::BuiltIn(_) => None,
    };
    Ok(Membership {
        id,
        name: org.as_ref().map(|org| org.name.to_string()).unwrap_or_default(),
        kind: org.as_ref().map(|org| org.kind),
        parent_id: member.path.parent(),
        role_id: member.role_id,
        role_name: views::role_name(member.role_id, role.as_ref().map(|(role, _)| role)),
    })
}

/// What the caller may do here now.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
struct Permissions {
    organization_id: OrgId,
    user_id: UserId,
    role_id: Option<RoleId>,
    /// The effective level for every role object that is shown here.
    permissions: BTreeMap<RoleObject, Level>,
    /// Where the role would give more than it does now, in an organization of this kind.
    lowered: Vec<Lowered>,
}

#[derive(Serialize)]
struct Lowered {
    role_object: RoleObject,
    stored: Level,
    effective: Level,
    reason: String,
}

async fn permissions(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
) -> Result<Json<Permissions>, Instead> {
    let actor = app.store.standing_in_tree(&person, org).await?;
    let conditions = actor.conditions;
    let lowered = |object| {
        let why = conditions.why_lower(actor.levels, object)?;
        if why == domain::Lowered::NotInThisKind {
            return None;
        }
        Some(Lowered {
            role_object: object,
            stored: actor.levels.of(object),
            effective: actor.effective.of(object),
            reason: why.to_string(),
        })
    };
    Ok(Json(Permissions {
        organization_id: org,
        role_id: actor.role(),
        permissions: actor
            .effective
            .iter()
            .filter(|&(object, _)| conditions.shows(object))
            .collect(),
        lowered: RoleObject::ALL.into_iter().filter_map(lowered).collect(),
        user_id: actor.person.id.clone(),
    }))
}
