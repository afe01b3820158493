//! The addresses that receive the critical alerts of an organization (ORG4).

use axum::extract::State;
use serde::Deserialize;
use shared::{
    domain::{self, AlertId, Email, Level, OrgId, Refusal, RoleObject},
    http::{
        Answer, ApiError, App, Caller, IfMatch, Json, NoBody, Page, PageQuery, Pagination, Path,
        Query, views,
    },
    store::Key,
};

pub(crate) async fn list(
    State(app): State<App>,
    Caller { person, .. }: Caller,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::CriticalAlertUser>>, ApiError> {
    let list = vec!["critical alert users".to_owned(), org.to_string()];
    let pagination = Pagination::new(list, limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::ViewOnly)?;
    let found = app.store.entries::<Email>(org, pagination.request()).await?;
    Ok(Json(pagination.page(found, views::CriticalAlertUser::of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddCriticalAlertUserRequest {
    email: Email,
}

/// Adds an address. An address that is in the list already is returned unchanged.
pub(crate) async fn add(
    State(app): State<App>,
    Caller { person, context, .. }: Caller,
    Path(org): Path<OrgId>,
    Json(AddCriticalAlertUserRequest { email }): Json<AddCriticalAlertUserRequest>,
) -> Result<Answer, ApiError> {
    let id = AlertId::of(org, &email);
    let key = Key::critical_alert_user(org, id);
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    let deleted = found.deleted_at(&key)?;
    let user = domain::add_critical_alert_user(&actor, email, deleted, context.at)?;
    let location = format!("/v1/organizations/{org}/critical-alert-users/{id}");
    if let Some(before) = found.critical_alert_user(org, id)? {
        let answer = Answer::created(location, &views::CriticalAlertUser::of(before));
        let committed = app.store.keep_answer(&context, &answer).await?;
        return answer.unless_repeated(committed);
    }
    let answer = Answer::created(location, &views::CriticalAlertUser::of(user.clone()));
    let committed = app.store.add_entry(&context, &actor, &user, deleted, &answer).await?;
    answer.unless_repeated(committed)
}

pub(crate) async fn remove(
    State(app): State<App>,
    Caller { person, context, .. }: Caller,
    Path((org, id)): Path<(OrgId, AlertId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    if_match.check_untagged()?;
    let key = Key::critical_alert_user(org, id);
    let (actor, found) = app.store.facts(&person, org, [key]).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::FullAccess)?;
    let user = found.critical_alert_user(org, id)?.ok_or(Refusal::NoSuchCriticalAlertUser)?;
    let answer = Answer::no_content();
    app.store.remove_entry(&context, &actor, &user, &answer).await?;
    Ok(answer)
}
