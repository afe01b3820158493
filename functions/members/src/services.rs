//! Adds services: members that are no persons, known by the `sub` of their own token (MACH1).

use serde::Deserialize;
use shared::{
    domain::{
        self, Level, MAX_SERVICE_NAME, Member, MemberId, OrgId, Refusal, RoleId, RoleObject,
        ServiceDraft, UserId,
    },
    http::{Answer, ApiError, Call, Json, NameField, Path, Time, views},
    store::{FetchedItems, Key, Store},
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

impl AddServiceRequest {
    fn draft(self, keeper: Option<Member>) -> ServiceDraft {
        let Self { user_id, name: NameField(name), role_id, access_expires_at, .. } = self;
        let access_expires_at = access_expires_at.map(|Time(end)| end);
        ServiceDraft { user_id, name, role_id, keeper, access_expires_at }
    }
}

pub(crate) async fn add(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(request): Json<AddServiceRequest>,
) -> Result<Answer, ApiError> {
    let keeper = request.keeper_id.unwrap_or_else(|| MemberId::of(org, &person.id));
    let membership = Key::membership(org, &request.user_id);
    let keys = [membership.clone(), Key::member(org, keeper)].into_iter();
    let role = Key::custom_role(org, request.role_id);
    let (actor, found) = app.store.facts(&person, org, keys.chain(role)).await?;
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let found = app.store.end_access_of(&context, &actor.org, &request.user_id, found).await?;
    let draft = request.draft(found.member(org, keeper)?);
    let tombstone = found.deleted_at(&membership)?;
    let service = domain::add_service(&actor, draft, tombstone, context.at)?;
    check_no_person(&app.store, &found, &service).await?;
    let view = views::Member::named(&service, &actor.org, &found, context.at)?;
    let location = format!("/v1/organizations/{org}/members/{}", service.id());
    let answer = Answer::created(location, &view).with_version(service.version);
    answer.commit(app.store.transaction(&context).add_service(&actor, &service, tombstone)?).await
}

/// Checks that no person is known by the `sub` of a new service. A member with it makes the write
/// fail.
async fn check_no_person(
    store: &Store,
    found: &FetchedItems,
    service: &Member,
) -> Result<(), ApiError> {
    let is_member = found.membership(service.path.id(), &service.user_id)?.is_some();
    if !is_member && store.is_known_as_person(&service.user_id).await? {
        return Err(Refusal::UserIdOfPerson.into());
    }
    Ok(())
}
