//! A membership whose account is lost gets the person's new account (OP2).

use serde::Deserialize;
use shared::{
    domain::{self, MAX_REASON, MemberId, OrgId, PersonDigest, Refusal, UserId},
    http::{Answer, ApiError, Call, Json, Path, RequiredText, views},
    store::{AccountChange, Key},
};

/// The new account, and why an operator trusts it. The history shows the reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReconnectRequest {
    user_id: UserId,
    reason: RequiredText<MAX_REASON>,
}

pub(crate) async fn reconnect(
    call: Call,
    Path((org, id)): Path<(OrgId, MemberId)>,
    Json(ReconnectRequest { user_id, reason: RequiredText(reason) }): Json<ReconnectRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let (new, request) =
        (Key::membership(org, &user_id), Key::join_request(org, PersonDigest::of(org, &user_id)));
    let keys = [Key::organization(org), Key::member(org, id), new.clone(), request];
    let found = app.store.get(keys).await?;
    let organization = found.organization_for_operator(org)?;
    let before = found.present_member(org, id, context.at)?;
    if found.membership(org, &user_id)?.is_some() {
        return Err(Refusal::UserAlreadyMember.into());
    }
    let deleted = found.deleted_at(&new)?;
    let request = found.join_request(org, PersonDigest::of(org, &user_id))?;
    let after = domain::with_account(&before, user_id, deleted, context.at);
    let view = views::Member::read(&app.store, &after, &organization, context.at).await?;
    let answer = Answer::ok(&view).with_version(after.version);
    let change = AccountChange {
        org: &organization,
        before: &before,
        after: &after,
        deleted,
        request: request.as_ref(),
        reason: &reason,
    };
    answer.commit(app.store.transaction(&context).change_account(change)?).await
}
