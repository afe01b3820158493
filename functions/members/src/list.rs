//! The users list: active and pending together (U3).

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{OrgId, RoleId},
    http::{Acting, App, Instead, Json, Limit, Match, Page, Path, Query, ScopeName, Walk, views},
    store::{Found, Key, User},
};

use crate::filter::{Filters, Sort, StatusName};

/// [`Filters`] and a page. Flattened, the fields would lose their types.
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
    scope: ScopeName,
    #[serde(default)]
    sort: Sort,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

impl ListQuery {
    fn parts(self) -> (Filters, Limit, Option<String>) {
        let Self { status, role_id, organization_id, q, r#match, scope, sort, limit, cursor } =
            self;
        let filters = Filters { status, role_id, organization_id, q, r#match, scope, sort };
        (filters, limit, cursor)
    }
}

/// A user, active or pending (U3).
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Active(views::Member),
    Pending {
        #[serde(flatten)]
        invitation: views::Invitation,
        role_name: String,
    },
}

pub(crate) async fn list(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Line>>, Instead> {
    let (filters, limit, cursor) = query.parts();
    let walk = Walk::new(filters.names(org), limit, cursor.as_deref())?;
    let (_, filter) = filters.judge(&app, &person, org).await?;
    let found = app.store.users(&filter, walk.window()).await?;
    let roles = app.store.names(found.items.iter().filter_map(role_of)).await?;
    Ok(Json(walk.try_page(found, |user| line(&user, &roles, act.at))?))
}

/// Where the custom role of a user is described.
pub(crate) fn role_of(user: &User) -> Option<Key> {
    let (path, role) = match user {
        User::Active(member) => (&member.path, member.role_id),
        User::Pending(invitation) => (&invitation.path, invitation.role_id),
    };
    role.custom().map(|role| Key::role(path.id(), role))
}

fn line(user: &User, roles: &Found, now: Timestamp) -> Result<Line, Instead> {
    let role = role_of(user).and_then(|key| roles.role(&key).transpose()).transpose()?;
    let custom = role.as_ref().map(|(role, _)| role);
    Ok(match user {
        User::Active(member) => Line::Active(views::Member::of(member, custom)),
        User::Pending(invitation) => Line::Pending {
            invitation: views::Invitation::of(invitation, now),
            role_name: views::role_name(invitation.role_id, custom),
        },
    })
}
