//! `/v1/me`: the caller, and where they are a member.

use axum::extract::State;
use serde::Serialize;
use shared::{
    domain::{Email, Kind, Member, OrgId, RoleId, UserId},
    http::{Acting, App, Instead, Json, Page, PageQuery, Query, Walk, views},
    store::{Found, Key},
};

/// The caller, and a page of the organizations to switch between (U1).
#[derive(Serialize)]
pub(crate) struct Me {
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

pub(crate) async fn me(
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
