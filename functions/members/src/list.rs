//! The list of users: active members and pending invitations together (U3).

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{Level, OrgId, Person, RoleId, RoleObject, UserId},
    http::{
        ApiError, App, Caller, Json, Limit, Match, Page, Pagination, Path, Query, ScopeParam, views,
    },
    store::{FetchedItems, Key, User},
};

use crate::filter::{Filters, Sort, StatusName};

/// The fields of [`Filters`] and of a page. Flattened structs would lose the types of query
/// parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(default)]
    status: Vec<StatusName>,
    #[serde(default)]
    role_id: Vec<RoleId>,
    #[serde(default)]
    organization_id: Vec<OrgId>,
    #[serde(default)]
    q: String,
    #[serde(default)]
    r#match: Match,
    #[serde(default)]
    scope: ScopeParam,
    #[serde(default)]
    sort: Sort,
    /// The `sub` of one person. The list then contains only their membership.
    user_id: Option<UserId>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

impl ListQuery {
    fn parts(self) -> (Filters, Limit, Option<String>) {
        let Self { status, role_id, organization_id, q, r#match, scope, sort, .. } = self;
        let Self { limit, cursor, .. } = self;
        let filters = Filters { status, role_id, organization_id, q, r#match, scope, sort };
        (filters, limit, cursor)
    }
}

/// An active member or a pending invitation (U3).
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum UserRow {
    Active(views::Member),
    Pending {
        #[serde(flatten)]
        invitation: views::Invitation,
        role_name: String,
    },
}

pub(crate) async fn list(
    State(app): State<App>,
    Caller { person, context, .. }: Caller,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<UserRow>>, ApiError> {
    if let Some(user) = &query.user_id {
        return Ok(Json(one_person(&app, &person, org, user, context.at).await?));
    }
    let (filters, limit, cursor) = query.parts();
    let walk = Pagination::new(filters.names(org), limit, cursor.as_deref())?;
    let (_, filter) = filters.judge(&app, &person, org).await?;
    let found = app.store.users(&filter, walk.window()).await?;
    let roles = app.store.get_for_display(found.items.iter().filter_map(role_of)).await?;
    Ok(Json(walk.try_page(found, |user| line(&user, &roles, context.at))?))
}

/// The page with the membership of one person, found by their `sub`.
async fn one_person(
    app: &App,
    person: &Person,
    org: OrgId,
    user: &UserId,
    now: Timestamp,
) -> Result<Page<UserRow>, ApiError> {
    let (actor, found) = app.store.facts(person, org, [Key::membership(org, user)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let user = found.membership(org, user)?.map(User::Active);
    let roles = app.store.get_for_display(user.iter().filter_map(role_of)).await?;
    let rows = user.iter().map(|user| line(user, &roles, now)).collect::<Result<_, _>>()?;
    Ok(Page { items: rows, next_cursor: None })
}

/// The key of a user's custom role; none for a built-in role.
pub(crate) fn role_of(user: &User) -> Option<Key> {
    let (path, role) = match user {
        User::Active(member) => (&member.path, member.role_id),
        User::Pending(invitation) => (&invitation.path, invitation.role_id),
    };
    role.custom().map(|role| Key::role(path.id(), role))
}

fn line(user: &User, roles: &FetchedItems, now: Timestamp) -> Result<UserRow, ApiError> {
    let role = role_of(user).and_then(|key| roles.role(&key).transpose()).transpose()?;
    let custom = role.as_ref().map(|(role, _)| role);
    Ok(match user {
        User::Active(member) => UserRow::Active(views::Member::of(member, custom)),
        User::Pending(invitation) => UserRow::Pending {
            invitation: views::Invitation::of(invitation, now),
            role_name: views::role_name(invitation.role_id, custom),
        },
    })
}
