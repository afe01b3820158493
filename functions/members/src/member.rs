//! One member: show, change of role or display name, removal and leaving.

use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    domain::{
        self, CriticalAlertUser, Level, MAX_DISPLAY_NAME, MemberId, MemberUpdate, OrgId, Refusal,
        RoleId, RoleObject, Standing,
    },
    http::{
        Answer, ApiError, Call, IfMatch, Json, NameField, NoBody, Path, Time, WithEtag, not_null,
        nullable, views,
    },
    store::{Error, FetchedItems, Key, MemberChange},
};

pub(crate) async fn one(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, MemberId)>,
) -> Result<WithEtag<views::Member>, ApiError> {
    let (actor, found) = app.store.facts(&person, org, [Key::member(org, id)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let member = found.present_member(org, id, context.at)?;
    Ok(WithEtag {
        view: views::Member::read(&app.store, &member, &actor.org, context.at).await?,
        version: member.version,
    })
}

/// The fields to change. Absent fields keep their values. `null` removes the display name or the
/// end of the access.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateMemberRequest {
    #[serde(default, deserialize_with = "not_null")]
    role_id: Option<RoleId>,
    #[serde(default, deserialize_with = "nullable")]
    #[expect(clippy::option_option, reason = "absent and `null` are different")]
    display_name: Option<Option<NameField<MAX_DISPLAY_NAME>>>,
    #[serde(default, deserialize_with = "nullable")]
    #[expect(clippy::option_option, reason = "absent and `null` are different")]
    access_expires_at: Option<Option<Time>>,
    #[serde(default, deserialize_with = "not_null")]
    keeper_id: Option<MemberId>,
}

impl UpdateMemberRequest {
    /// The keys of the items that the change of a member depends on.
    fn keys(&self, org: OrgId, member: MemberId) -> impl Iterator<Item = Key> + use<> {
        let role = self.role_id.and_then(|role| Key::custom_role(org, role));
        let members = [member].into_iter().chain(self.keeper_id);
        members.map(move |member| Key::member(org, member)).chain(role)
    }

    fn update(self, org: OrgId, found: &FetchedItems) -> Result<MemberUpdate, Error> {
        Ok(MemberUpdate {
            role_id: self.role_id,
            display_name: self.display_name.map(|name| name.map(|NameField(name)| name)),
            access_expires_at: self.access_expires_at.map(|end| end.map(|Time(end)| end)),
            keeper: self.keeper_id.map(|keeper| found.member(org, keeper)).transpose()?,
        })
    }
}

pub(crate) async fn change(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, MemberId)>,
    if_match: IfMatch,
    Json(request): Json<UpdateMemberRequest>,
) -> Result<Answer, ApiError> {
    let (actor, found) = app.store.facts(&person, org, request.keys(org, id)).await?;
    let before = target(&actor, &found, id, context.at)?;
    let after = domain::update_member(&actor, &before, request.update(org, &found)?, context.at)?;
    if_match.check(before.version)?;
    let names = app.store.get_also(found, views::Member::name_keys(&after)).await?;
    let view = views::Member::named(&after, &actor.org, &names, context.at)?;
    let answer = Answer::ok(&view).with_version(after.version);
    if after == before {
        return Ok(answer);
    }
    let change = MemberChange { before: &before, after: &after };
    if_match.commit(answer, app.store.transaction(&context).update_member(&actor, change)?).await
}

pub(crate) async fn remove(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, MemberId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let (actor, found) = app.store.facts(&person, org, [Key::member(org, id)]).await?;
    let member = target(&actor, &found, id, context.at)?;
    domain::remove_member(&actor, &member)?;
    if_match.check(member.version)?;
    let writes = |alert: Option<&CriticalAlertUser>| {
        app.store.transaction(&context).remove_member(&actor, &member, alert)
    };
    let answer = Answer::no_content();
    if_match.outcome(app.store.commit_end_of_membership(&member, &answer, writes).await)?;
    Ok(answer)
}

pub(crate) async fn leave(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let actor = app.store.standing(&person, org).await?;
    let member = domain::leave(&actor)?;
    let writes = |alert: Option<&CriticalAlertUser>| {
        app.store.transaction(&context).leave(&actor.org, member, alert)
    };
    let answer = Answer::no_content();
    match app.store.commit_end_of_membership(member, &answer, writes).await {
        Ok(committed) => Ok(answer.or_recorded(committed)?),
        // They were removed meanwhile.
        Err(Error::Refused(Refusal::NoSuchMember)) => Err(Refusal::NoSuchOrganization.into()),
        Err(error) => Err(error.into()),
    }
}

/// The member to change.
///
/// # Errors
///
/// - The refusals of [`Standing::require`] without full access to user management. They come first,
///   so that the caller does not learn which members exist.
/// - The refusals of [`FetchedItems::present_member`].
fn target(
    actor: &Standing,
    found: &FetchedItems,
    id: MemberId,
    now: Timestamp,
) -> Result<domain::Member, ApiError> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    Ok(found.present_member(actor.org.id(), id, now)?)
}
