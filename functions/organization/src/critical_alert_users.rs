//! The addresses that receive the critical alerts of an organization (ORG4).

use serde::Deserialize;
use shared::{
    domain::{self, AlertId, Email, OrgId},
    http::{Answer, ApiError, Call, IfMatch, Json, NoBody, Path, views},
    store::Key,
};

use crate::entries;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddCriticalAlertUserRequest {
    email: Email,
}

/// Adds an address, which gets a mail about it: the budgets of invitations count it (INV14). An
/// address that is in the list already is returned unchanged; a transaction without changes keeps
/// the answer for a repeat.
pub(crate) async fn add(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(AddCriticalAlertUserRequest { email }): Json<AddCriticalAlertUserRequest>,
) -> Result<Answer, ApiError> {
    let id = AlertId::of(org, &email);
    let key = Key::critical_alert_user(org, id);
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    let tombstone = found.deleted_at(&key)?;
    let user = domain::add_critical_alert_user(&actor, email, tombstone, context.at)?;
    let location = format!("/v1/organizations/{org}/critical-alert-users/{id}");
    if let Some(before) = found.list_entry(&key)? {
        let answer = Answer::created(location, &entries::present::<Email>(&app, before).await?);
        return answer.commit(app.store.transaction(&context)).await;
    }
    let view = views::CriticalAlertUser::of(user.clone(), views::Person::caller(&actor));
    let answer = Answer::created(location, &view);
    let writes = app.store.transaction(&context).add_entry(&actor, &user, tombstone)?;
    let budgets = &app.deployment.budgets;
    answer.commit(writes.spend_on_mail(budgets, &actor.org, [&user.value])).await
}

pub(crate) async fn remove(
    call: Call,
    Path((org, id)): Path<(OrgId, AlertId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = Key::critical_alert_user(org, id);
    entries::remove::<Email>(call, org, Some(key), if_match).await
}
