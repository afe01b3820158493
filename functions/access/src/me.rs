//! The caller: their organizations, and their requests to join.

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{AddressHash, Email, JoinRequest, Kind, Member, Name, OrgId, Person, RoleId, UserId},
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
    // A person whose access has ended is no member, nor is one with the `sub` of a service. So a
    // page can be short.
    members.items.retain(|member| member.check_acting(&person).is_ok());
    let names = app.store.get_for_display(members.items.iter().flat_map(name_keys)).await?;
    members.items.retain(|member| names.organization(member.path.id()).is_some());
    let page = pagination.try_page(members, |member| membership(&member, &names))?;
    Ok(Json(Me::of(person, page, pagination.is_first())))
}

impl Me {
    /// The caller with a page of their organizations.
    fn of(person: Person, page: Page<Membership>, is_first: bool) -> Self {
        let Page { items: organizations, next_cursor } = page;
        let personal = organizations.is_empty() && is_first && next_cursor.is_none();
        Self {
            user_id: person.id,
            email_verified: person.email.is_some(),
            email: person.email,
            name: person.name,
            operator: person.operator,
            user_type: if personal { "personal" } else { "organization" },
            organizations,
            next_cursor,
        }
    }
}

/// Lists the caller's requests to join: the open ones, and the declined ones until they may ask
/// again. An organization that no longer exists is left out.
pub(crate) async fn join_requests(
    Call { app, person, context, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<views::OwnJoinRequest>>, ApiError> {
    let pagination = page.pagination("my join requests", &person.id)?;
    let found = app.store.page(List::join_requests_of(&person.id), pagination.request()).await?;
    let orgs = found.items.iter().map(|request| Key::organization(request.organization_id));
    let slots = found.items.iter().filter_map(|request| own_slot(&person, request));
    let (names, slots) =
        tokio::try_join!(app.store.get_for_display(orgs), app.store.get_eventual(slots))?;
    let show = |request| own_request(&person, request, &names, &slots, context.at);
    Ok(Json(pagination.try_page(found, show)?.flatten()))
}

/// Shows a request of the caller. None if it has no effect any more, or its organization no longer
/// exists.
fn own_request(
    person: &Person,
    request: JoinRequest,
    names: &FetchedItems,
    slots: &FetchedItems,
    now: Timestamp,
) -> Result<Option<views::OwnJoinRequest>, ApiError> {
    let present = names.organization(request.organization_id);
    let Some(org) = present.filter(|_| request.is_in_effect(now)) else { return Ok(None) };
    let slot = own_slot(person, &request);
    let invited_at = slot.map(|slot| slots.invited_at(&slot)).transpose()?.flatten();
    Ok(Some(views::OwnJoinRequest::of(request, org.name.clone(), invited_at, now)))
}

/// The slot of the caller's address in the organization of a request. It says when they were
/// invited.
fn own_slot(person: &Person, request: &JoinRequest) -> Option<Key> {
    let org = request.organization_id;
    let email = person.email.as_ref()?;
    Some(Key::address_slot(org, AddressHash::of(org, email)))
}

/// The keys of the items that hold the names of a member's organization, of the one above it and of
/// the role.
fn name_keys(member: &Member) -> impl Iterator<Item = Key> + use<> {
    let org = member.path.id();
    let role = Key::custom_role(org, member.role_id);
    let orgs = [org].into_iter().chain(member.path.parent());
    orgs.map(Key::organization).chain(role)
}

fn membership(member: &Member, names: &FetchedItems) -> Result<Membership, ApiError> {
    let id = member.path.id();
    let org = names.organization(id);
    let parent = member.path.parent().and_then(|parent| names.organization(parent));
    let role = names.role_summary(id, member.role_id)?;
    Ok(Membership {
        id,
        name: org.map(|org| org.name.to_string()).unwrap_or_default(),
        kind: org.map(|org| org.kind),
        suspended: org.is_some_and(|org| org.suspension().is_some()),
        parent_id: member.path.parent(),
        parent_name: parent.map(|parent| parent.name.clone()),
        role_id: member.role_id,
        role_name: member.role_id.shown_name(role.as_ref()),
        access_expires_at: member.access_expires_at,
    })
}
