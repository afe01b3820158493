//! The caller: their organizations, and their requests to join.

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{
        AddressDigest, Email, JoinRequest, Kind, Member, Name, OrgId, Person, RoleId, UserId,
    },
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
    parent_name: Option<Name>,
    role_id: RoleId,
    role_name: String,
    /// Whether every request in the organization is refused (SA7).
    suspended: bool,
    access_expires_at: Option<Timestamp>,
}

pub(crate) async fn me(
    Call { app, person, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Me>, ApiError> {
    let pagination = page.pagination("me", &person.id)?;
    let mut members = app.store.page(List::memberships(&person.id), pagination.request()).await?;
    // A person whose access has ended is no member, nor is one with the `sub` of a service. So a page can
    // be short.
    members.items.retain(|member| member.check_acting(&person).is_ok());
    let names = app.store.get_for_display(members.items.iter().flat_map(name_keys)).await?;
    members.items.retain(|member| names.present_organization(member.path.id()).is_some());
    let shown = members.items.iter().map(|member| membership(member, &names));
    let organizations = shown.collect::<Result<Vec<_>, _>>()?;
    let Page { next_cursor, .. } = pagination.page(members, drop);
    let personal = organizations.is_empty() && pagination.is_first() && next_cursor.is_none();
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

/// Lists the caller's requests to join: the open ones, and the declined ones until they may ask again.
/// An organization that no longer exists is left out.
pub(crate) async fn join_requests(
    Call { app, person, context, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<views::OwnJoinRequest>>, ApiError> {
    let pagination = page.pagination("my join requests", &person.id)?;
    let mut found =
        app.store.page(List::join_requests_of(&person.id), pagination.request()).await?;
    let orgs = found.items.iter().map(|request| Key::organization(request.organization_id));
    let slots = found.items.iter().filter_map(|request| own_slot(&person, request));
    let (names, slots) =
        tokio::try_join!(app.store.get_for_display(orgs), app.store.get_eventual(slots))?;
    let in_effect = |request: &JoinRequest| request.is_in_effect(context.at);
    let requests = std::mem::take(&mut found.items).into_iter().filter(in_effect);
    let shown = requests.filter_map(|request| {
        let org = names.organization(request.organization_id)?;
        let slot = own_slot(&person, &request);
        let invited_at = slot.and_then(|slot| slots.invited_at(&slot).transpose()).transpose();
        let view = |at| views::OwnJoinRequest::of(request, org.name, at, context.at);
        Some(invited_at.map(view))
    });
    let items = shown.collect::<Result<_, _>>()?;
    let Page { next_cursor, .. } = pagination.page(found, drop);
    Ok(Json(Page { items, next_cursor }))
}

/// The slot of the caller's address in the organization of a request. It says when they were invited.
fn own_slot(person: &Person, request: &JoinRequest) -> Option<Key> {
    let (org, email) = (request.organization_id, person.email.as_ref()?);
    Some(Key::address_slot(org, AddressDigest::of(org, email)))
}

/// The keys of the items that hold the names of a member's organization, of the one above it and of the role.
fn name_keys(member: &Member) -> impl Iterator<Item = Key> + use<> {
    let org = member.path.id();
    let role = Key::custom_role(org, member.role_id);
    let orgs = [org].into_iter().chain(member.path.parent());
    orgs.map(Key::organization).chain(role)
}

fn membership(member: &Member, names: &FetchedItems) -> Result<Membership, ApiError> {
    let id = member.path.id();
    let org = names.organization(id);
    let role = names.role_summary(id, member.role_id)?;
    Ok(Membership {
        id,
        name: org.as_ref().map(|org| org.name.to_string()).unwrap_or_default(),
        kind: org.as_ref().map(|org| org.kind),
        suspended: org.as_ref().is_some_and(|org| org.suspension().is_some()),
        parent_id: member.path.parent(),
        parent_name: member.path.parent().and_then(|id| names.organization(id)).map(|it| it.name),
        role_id: member.role_id,
        role_name: member.role_id.shown_name(role.as_ref()),
        access_expires_at: member.access_expires_at,
    })
}
