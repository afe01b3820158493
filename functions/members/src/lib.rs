//! The users of an organization: listed with the pending, exported, given roles, removed, leaving.

mod depot;
mod export;
mod filter;
mod list;
mod rows;
mod sheet;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::Deserialize;
use shared::{
    domain::{self, Level, OrgId, Refusal, RoleId, RoleObject, Standing, UserId},
    http::{Acting, App, IfMatch, Instead, Json, NoBody, Path, Tagged, views},
    store::{Found, Key, Reply, Shown, Store},
};

pub use depot::Depot;
pub use export::{Bounds, Exports};
use list::list;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/members", get(list))
        .route("/v1/organizations/{org}/members/export", get(export::export))
        .route("/v1/organizations/{org}/members/{sub}", get(one).patch(change).delete(remove))
        .route("/v1/organizations/{org}/leave", post(leave))
}

async fn one(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path((org, user)): Path<(OrgId, UserId)>,
) -> Result<Tagged<views::Member>, Instead> {
    let (actor, found) = app.store.facts(&person, org, [Key::member(org, &user)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let member = found.member(org, &user)?.ok_or(Refusal::NoSuchMember)?;
    Ok(Tagged(show(&app.store, &member).await?))
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
    if_match: IfMatch,
    Json(Change { role_id }): Json<Change>,
) -> Result<Reply, Instead> {
    let role = role_id.custom().map(|role| Key::role(org, role));
    let also = [Key::member(org, &user)].into_iter().chain(role.clone());
    let (actor, found) = app.store.facts(&person, org, also).await?;
    let target = target(&actor, &found, &user)?;
    let changed = domain::change_role(&actor, &target, role_id)?;
    let role = role.and_then(|key| found.role(&key).transpose()).transpose()?;
    let view = views::Member::of(&changed, role.as_ref().map(|(role, _)| role));
    let reply = Reply::ok(&view).tagged();
    let store = as_seen(&app.store, &if_match, found, &target).await?;
    if changed != target {
        store.change_role(&act, &actor, (&target, &changed), &reply).await?;
    }
    Ok(reply)
}

async fn remove(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, user)): Path<(OrgId, UserId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Reply, Instead> {
    let (actor, found) = app.store.facts(&person, org, [Key::member(org, &user)]).await?;
    let target = target(&actor, &found, &user)?;
    domain::remove_member(&actor, &target)?;
    let reply = Reply::done();
    let store = as_seen(&app.store, &if_match, found, &target).await?;
    store.remove_member(&act, &actor, &target, &reply).await?;
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

/// The store to write with, where the member is what the client has seen.
async fn as_seen(
    store: &Store,
    if_match: &IfMatch,
    found: Found,
    member: &domain::Member,
) -> Result<Store, Instead> {
    if !if_match.is_given() {
        return Ok(store.clone());
    }
    let (org, role) = (member.path.id(), member.role_id.custom());
    let key = role.map(|role| Key::role(org, role));
    let found = found.and(store.look(key.clone()).await?);
    let custom = key.and_then(|key| found.role(&key).transpose()).transpose()?;
    let view = views::Member::of(member, custom.as_ref().map(|(role, _)| role));
    let role = role.map(|role| Shown::role_name(org, role));
    let shown = [Shown::member(org, &member.user_id)].into_iter().chain(role);
    Ok(if_match.hold(&view, store, &found, shown)?)
}

async fn show(store: &Store, member: &domain::Member) -> Result<views::Member, Instead> {
    let key = member.role_id.custom().map(|role| Key::role(member.path.id(), role));
    let found = store.look(key.clone()).await?;
    let role = key.and_then(|key| found.role(&key).transpose()).transpose()?;
    Ok(views::Member::of(member, role.as_ref().map(|(role, _)| role)))
}
