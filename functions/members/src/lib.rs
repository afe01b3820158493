//! The users of an organization: listed with the pending, given roles, removed, leaving.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{self, Email, Level, OrgId, Refusal, RoleId, RoleObject, Standing, UserId},
    http::{Acting, App, Instead, Json, Limit, NoBody, Page, Path, Query, Walk, views},
    store::{Found, Key, Reply, Scope, Status, Store, User, UserFilter},
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/members", get(list))
        .route("/v1/organizations/{org}/members/{sub}", get(one).patch(change).delete(remove))
        .route("/v1/organizations/{org}/leave", post(leave))
}

/// Which users to show. Parameters that take several values are repeated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    status: Vec<StatusName>,
    #[serde(default)]
    role_id: Vec<RoleId>,
    /// The beginning of an address.
    #[serde(default)]
    q: String,
    #[serde(default)]
    scope: ScopeName,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusName {
    Active,
    Pending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeName {
    #[default]
    Organization,
    Subtree,
}

/// A user, active or pending (U3).
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Active(views::Member),
    Pending {
        #[serde(flatten)]
        invitation: views::Invitation,
        role_name: String,
    },
}

async fn list(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Line>>, Instead> {
    let walk = Walk::new(query.names(org), query.limit, query.cursor.as_deref())?;
    let (scope, actor) = match query.scope {
        ScopeName::Organization => (Scope::Organization, app.store.standing(&person, org).await?),
        ScopeName::Subtree => {
            let actor = app.store.standing_in_tree(&person, org).await?;
            actor.require(RoleObject::UserManagementSubOrganizations, Level::ViewOnly)?;
            (Scope::Subtree, actor)
        }
    };
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let email_prefix = Email::prefix(&query.q);
    let filter = UserFilter {
        path: &actor.org.path,
        scope,
        statuses: &query.statuses(),
        roles: &query.role_id,
        email_prefix: &email_prefix,
    };
    let found = app.store.users(filter, walk.window()).await?;
    let roles = app.store.names(found.items.iter().filter_map(role_of)).await?;
    Ok(Json(walk.try_page(found, |user| line(&user, &roles, act.at))?))
}

impl ListQuery {
    fn statuses(&self) -> Vec<Status> {
        let wanted = |status: &StatusName| self.status.is_empty() || self.status.contains(status);
        let active = wanted(&StatusName::Active).then_some(Status::Active);
        let pending = wanted(&StatusName::Pending).then_some(Status::Pending);
        active.into_iter().chain(pending).collect()
    }

    /// Everything that makes the list what it is: a cursor belongs to it alone.
    fn names(&self, org: OrgId) -> Vec<String> {
        let filters = format!("{:?} {:?} {:?} {}", self.status, self.role_id, self.scope, self.q);
        vec!["members".to_owned(), org.to_string(), filters]
    }
}

async fn one(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path((org, user)): Path<(OrgId, UserId)>,
) -> Result<Json<views::Member>, Instead> {
    let (actor, found) = app.store.facts(&person, org, [Key::member(org, &user)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let member = found.member(org, &user)?.ok_or(Refusal::NoSuchMember)?;
    Ok(Json(show(&app.store, &member).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    role_id: RoleId,
}

async fn change(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, user)): Path<(OrgId, UserId)>,
    Json(Change { role_id }): Json<Change>,
) -> Result<Reply, Instead> {
    let role = role_id.custom().map(|role| Key::role(org, role));
    let also = [Key::member(org, &user)].into_iter().chain(role.clone());
    let (actor, found) = app.store.facts(&person, org, also).await?;
    let target = target(&actor, &found, &user)?;
    let changed = domain::change_role(&actor, &target, role_id)?;
    let role = role.and_then(|key| found.role(&key).transpose()).transpose()?;
    let reply = Reply::ok(&views::Member::of(&changed, role.as_ref().map(|(role, _)| role)));
    if changed != target {
        app.store.change_role(&act, &actor, (&target, &changed), &reply).await?;
    }
    Ok(reply)
}

async fn remove(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, user)): Path<(OrgId, UserId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let (actor, found) = app.store.facts(&person, org, [Key::member(org, &user)]).await?;
    let target = target(&actor, &found, &user)?;
    domain::remove_member(&actor, &target)?;
    let reply = Reply::done();
    app.store.remove_member(&act, &actor, &target, &reply).await?;
    Ok(reply)
}

async fn leave(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let actor = app.store.standing(&person, org).await?;
    let reply = Reply::done();
    app.store.leave(&act, &actor.org, domain::leave(&actor)?, &reply).await?;
    Ok(reply)
}

/// Whom it is about. Who may not change anybody is not told who is there.
fn target(actor: &Standing, found: &Found, user: &UserId) -> Result<domain::Member, Instead> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    Ok(found.member(actor.org.id(), user)?.ok_or(Refusal::NoSuchMember)?)
}

async fn show(store: &Store, member: &domain::Member) -> Result<views::Member, Instead> {
    let key = member.role_id.custom().map(|role| Key::role(member.path.id(), role));
    let found = store.look(key.clone()).await?;
    let role = key.and_then(|key| found.role(&key).transpose()).transpose()?;
    Ok(views::Member::of(member, role.as_ref().map(|(role, _)| role)))
}

/// Where the custom role of a user is described.
fn role_of(user: &User) -> Option<Key> {
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
