//! Who receives an organization's critical alerts (ORG4).

use axum::extract::State;
use shared::{
    domain::{self, Email, Level, OrgId, Refusal, RoleObject},
    http::{
        Acting, App, FieldError, Instead, Json, NoBody, Page, PageQuery, Path, Problem, Query,
        Walk, views,
    },
    store::{Key, Reply},
};

pub(crate) async fn list(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::CriticalAlertUser>>, Instead> {
    let list = vec!["critical alert users".to_owned(), org.to_string()];
    let walk = Walk::new(list, limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::ViewOnly)?;
    let found = app.store.critical_alert_users(org, walk.window()).await?;
    Ok(Json(walk.page(found, views::CriticalAlertUser::of)))
}

pub(crate) async fn add(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, email)): Path<(OrgId, String)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let email = Email::parse(&email);
    let key = email.as_ref().ok().map(|email| Key::critical_alert_user(org, email));
    let (actor, found) = app.store.facts(&person, org, key).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::FullAccess)?;
    let user = domain::add_critical_alert_user(&actor, email.map_err(unusable)?, act.at)?;
    if let Some(before) = found.critical_alert_user(org, &user.email)? {
        return Ok(Reply::ok(&views::CriticalAlertUser::of(before)));
    }
    let reply = Reply::ok(&views::CriticalAlertUser::of(user.clone()));
    app.store.add_critical_alert_user(&act, &actor, &user, &reply).await?;
    Ok(reply)
}

pub(crate) async fn remove(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, email)): Path<(OrgId, String)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::FullAccess)?;
    let email = Email::parse(&email).map_err(|_| Refusal::NoSuchCriticalAlertUser)?;
    let reply = Reply::done();
    app.store.remove_critical_alert_user(&act, &actor, &email, &reply).await?;
    Ok(reply)
}

/// The address stands in the path, and is judged like one in a body.
fn unusable(why: domain::EmailError) -> Problem {
    Problem::invalid(FieldError { pointer: "/email".to_owned(), detail: why.to_string() })
}
