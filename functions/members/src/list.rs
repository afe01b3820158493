//! The list of users: active members and pending invitations together (U3).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{Level, OrgId, Person, RoleId, RoleObject, UserId},
    http::{
        ApiError, App, Call, Json, Limit, Match, Page, Pagination, Path, Query, ScopeParam,
        StatusParam, views,
    },
    store::{Key, RoleSummaries, User},
};

use crate::filter::{Filters, Sort};

/// The fields of [`Filters`] and of a page. Flattened structs would lose the types of query
/// parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListQuery {
    status: Vec<StatusParam>,
    role_id: Vec<RoleId>,
    organization_id: Vec<OrgId>,
    q: String,
    r#match: Match,
    scope: ScopeParam,
    sort: Sort,
    /// The `sub` of one person. The list then contains only their membership.
    user_id: Option<UserId>,
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
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<UserRow>>, ApiError> {
    if let Some(user) = &query.user_id {
        // A page with one person has no next page, so no cursor belongs to it.
        let list = vec!["member".to_owned(), org.to_string(), user.to_string()];
        Pagination::new(list, query.limit, query.cursor.as_deref())?;
        return Ok(Json(one_person(&app, &person, org, user, context.at).await?));
    }
    let (filters, limit, cursor) = query.parts();
    let pagination = Pagination::new(filters.names(org), limit, cursor.as_deref())?;
    let (actor, filter) = filters.authorize(&app, &person, org).await?;
    // The role names of an organization with custom roles are read together with its users.
    let own = Some(org).filter(|_| !actor.org.roles.is_empty());
    let (found, mut roles) = tokio::try_join!(
        app.store.users(&filter, pagination.request()),
        app.store.role_summaries(own)
    )?;
    app.store.load_missing_roles(&mut roles, &found.items).await?;
    Ok(Json(pagination.page(found, |user| user_row(&user, &roles, context.at))))
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
    let users: Vec<_> = found.membership(org, user)?.map(User::Active).into_iter().collect();
    let mut roles = RoleSummaries::default();
    app.store.load_missing_roles(&mut roles, &users).await?;
    let items = users.iter().map(|user| user_row(user, &roles, now)).collect();
    Ok(Page { items, next_cursor: None })
}

fn user_row(user: &User, roles: &RoleSummaries, now: Timestamp) -> UserRow {
    let role = roles.of(user.role());
    match user {
        User::Active(member) => UserRow::Active(views::Member::of(member, role)),
        User::Pending(invitation) => UserRow::Pending {
            invitation: views::Invitation::of(invitation, now),
            role_name: views::role_name(invitation.role_id, role),
        },
    }
}
