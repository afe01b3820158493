//! The history of an organization, newest first (ORG5).

use axum::{Router, extract::State, routing::get};
use shared::{
    domain::{EventId, Level, OrgId, Refusal, RoleObject},
    http::{Acting, App, Instead, Json, Page, PageQuery, Path, Query, Tagged, Walk, views},
    store::Key,
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/events", get(list))
        .route("/v1/organizations/{org}/events/{evt}", get(one))
}

async fn list(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::Event>>, Instead> {
    let walk = Walk::new(vec!["events".into(), org.to_string()], limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::EventHistory, Level::ViewOnly)?;
    let found = app.store.events(org, act.at, walk.window()).await?;
    Ok(Json(walk.page(found, views::Event::of)))
}

async fn one(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, EventId)>,
) -> Result<Tagged<views::Event>, Instead> {
    let key = Key::event(org, id);
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    actor.require(RoleObject::EventHistory, Level::ViewOnly)?;
    let event = found.event(&key, act.at)?.ok_or(Refusal::NoSuchEvent)?;
    Ok(Tagged(views::Event::of(event)))
}
