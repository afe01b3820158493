//! `GET /v1/me`: the caller and their organizations.

use serde::Serialize;
use shared::{
    domain::{Email, Kind, Member, OrgId, RoleId, UserId},
    http::{ApiError, Call, Json, Page, PageQuery, Query, views},
    store::{FetchedItems, Key, List},
};

/// The caller and one page of the organizations that they are a member of (U1).
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
    Call { app, person, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Me>, ApiError> {
    let pagination = page.pagination("me", &person.id)?;
    let members = app.store.page(List::memberships(&person.id), pagination.request()).await?;
    let names = app.store.get_for_display(members.items.iter().flat_map(name_keys)).await?;
    let shown = members.items.iter().map(|member| membership(member, &names));
    let organizations = shown.collect::<Result<Vec<_>, _>>()?;
    let Page { next_cursor, .. } = pagination.page(members, drop);
    let personal = organizations.is_empty() && pagination.is_first();
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

/// The keys of the items that hold the names of a member's organization and role.
fn name_keys(member: &Member) -> impl Iterator<Item = Key> + use<> {
    let org = member.path.id();
    let role = member.role_id.custom().map(|role| Key::role(org, role));
    [Key::organization(org)].into_iter().chain(role)
}

fn membership(member: &Member, names: &FetchedItems) -> Result<Membership, ApiError> {
    let id = member.path.id();
    let org = names.organization(id);
    let role = names.role_summary(id, member.role_id)?;
    Ok(Membership {
        id,
        name: org.as_ref().map(|org| org.name.to_string()).unwrap_or_default(),
        kind: org.as_ref().map(|org| org.kind),
        parent_id: member.path.parent(),
        role_id: member.role_id,
        role_name: views::role_name(member.role_id, role.as_ref()),
    })
}
