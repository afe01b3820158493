//! Adds services: members that are no persons, known by the `sub` of their own token (MACH1).

use serde::Deserialize;
use shared::{
    domain::{
        self, Level, MAX_SERVICE_NAME, MemberId, OrgId, Refusal, RoleId, RoleObject, ServiceDraft,
        UserId,
    },
    http::{Answer, ApiError, Call, Json, NameField, Path, Time, views},
    store::Key,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddServiceRequest {
    user_id: UserId,
    name: NameField<MAX_SERVICE_NAME>,
    role_id: RoleId,
    keeper_id: Option<MemberId>,
    access_expires_at: Option<Time>,
}

pub(crate) async fn add(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(wanted): Json<AddServiceRequest>,
) -> Result<Answer, ApiError> {
    let AddServiceRequest { user_id, name, role_id, keeper_id, access_expires_at } = wanted;
    let keeper_id = keeper_id.unwrap_or_else(|| MemberId::of(org, &person.id));
    let membership = Key::membership(org, &user_id);
    let keys = [membership.clone(), Key::member(org, keeper_id)];
    let role = Key::custom_role(org, role_id);
    let (actor, found) = app.store.facts(&person, org, keys.into_iter().chain(role)).await?;
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let found = app.store.end_own_access(&context, &actor.org, &user_id, found).await?;
    let draft = ServiceDraft {
        user_id: user_id.clone(),
        name: name.0,
        role_id,
        keeper: found.member(org, keeper_id)?,
        access_expires_at: access_expires_at.map(|Time(end)| end),
    };
    let deleted = found.deleted_at(&membership)?;
    let service = domain::add_service(&actor, draft, deleted, context.at)?;
    let is_member = found.membership(org, &user_id)?.is_some();
    if !is_member && app.store.is_known_as_person(&user_id).await? {
        return Err(Refusal::UserIdOfPerson.into());
    }
    let (name, role) = (actor.org.name.clone(), found.role_summary(org, role_id)?);
    let view = views::Member::of(&service, name, role.as_ref(), context.at);
    let view = view.with_keeper(&service, &found, context.at)?;
    let location = format!("/v1/organizations/{org}/members/{}", service.id());
    let answer = Answer::created(location, &view).with_version(service.version);
    let writes = app.store.transaction(&context);
    answer.commit(writes.add_service(&actor, &service, deleted)?).await
}
