//! The addresses that receive the critical alerts of an organization (ORG4).

use serde::Deserialize;
use shared::{
    domain::{
        self, AlertId, BoundedList, CriticalAlertUser, Email, Level, OrgId, Refusal, RoleObject,
    },
    http::{
        Answer, ApiError, Call, CountedPage, IfMatch, Json, NoBody, PageQuery, Path, Query, views,
    },
    store::{Key, List},
};

pub(crate) async fn list(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CountedPage<views::CriticalAlertUser>>, ApiError> {
    let pagination = page.pagination("critical alert users", &org)?;
    let (actor, counts) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::ViewOnly)?;
    let found =
        app.store.page(List::<CriticalAlertUser>::entries(org), pagination.request()).await?;
    let people: Vec<_> = found.items.iter().map(|user| user.added_by).collect();
    let names = app.store.people(org, people).await?;
    let page = pagination.try_page(found, |user| {
        let added_by = views::Person::of(&names, org, user.added_by)?;
        Ok::<_, ApiError>(views::CriticalAlertUser::of(user, added_by))
    })?;
    Ok(Json(CountedPage { page, total: Some(counts.length(org, BoundedList::CriticalAlertUsers)) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddCriticalAlertUserRequest {
    email: Email,
}

/// Adds an address, which gets a mail about it: the budgets of invitations count it (INV14). An address
/// that is in the list already is returned unchanged.
pub(crate) async fn add(
    Call { app, person, context, .. }: Call,
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
        let names = app.store.get([Key::member(org, before.added_by)]).await?;
        let added_by = views::Person::of(&names, org, before.added_by)?;
        let answer = Answer::created(location, &views::CriticalAlertUser::of(before, added_by));
        // A transaction without changes keeps the answer for a repeat.
        return answer.commit(app.store.transaction(&context)).await;
    }
    let view = views::CriticalAlertUser::of(user.clone(), views::Person::caller(&actor));
    let answer = Answer::created(location, &view);
    let budgets = app.limits.budgets;
    let of_address = budgets.of_address(&user.value, context.at);
    let of_organization = budgets.of_organization(&actor.org, context.at);
    let writes = app.store.transaction(&context).add_entry(&actor, &user, deleted)?;
    answer.commit(writes.spend(&of_address, 1).spend(&of_organization, 1)).await
}

pub(crate) async fn remove(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, AlertId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = Key::critical_alert_user(org, id);
    let (actor, found) = app.store.facts(&person, org, [key]).await?;
    actor.require(RoleObject::CriticalAlertUsers, Level::FullAccess)?;
    let user = found.critical_alert_user(org, id)?.ok_or(Refusal::NoSuchCriticalAlertUser)?;
    if_match.check_untagged()?;
    let answer = Answer::no_content();
    answer.commit(app.store.transaction(&context).remove_entry(&actor, &user)?).await
}
