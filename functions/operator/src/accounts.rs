//! A membership whose account is lost gets the person's new account (OP2).

use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    domain::{
        self, JoinRequest, MAX_REASON, Member, MemberId, OrgId, Organization, PersonHash, Refusal,
        UserId, Version,
    },
    http::{Answer, ApiError, Call, Json, Path, RequiredText, views},
    store::{AccountChange, Key, Store},
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
    let facts = AccountFacts::read(&app.store, org, id, &user_id, context.at).await?;
    let AccountFacts { org, before, tombstone, request } = &facts;
    let after = &domain::with_account(before, user_id, *tombstone, context.at);
    let view = views::Member::read(&app.store, after, org, context.at).await?;
    let (tombstone, request, reason) = (*tombstone, request.as_ref(), reason.as_str());
    let change = AccountChange { org, before, after, tombstone, request, reason };
    let writes = app.store.transaction(&context).change_account(change)?;
    Answer::ok(&view).with_version(after.version).commit(writes).await
}

/// What a change of the account depends on.
struct AccountFacts {
    org: Organization,
    before: Member,
    /// The version of the tombstone, if one was read: the new membership continues from it.
    tombstone: Option<Version>,
    /// A request of the new account to join.
    request: Option<JoinRequest>,
}

impl AccountFacts {
    /// The facts about a member who gets the account `user`.
    ///
    /// # Errors
    ///
    /// - The refusals for an organization or a member that does not exist.
    /// - [`Refusal::UserAlreadyMember`] if the new account is a member.
    async fn read(
        store: &Store,
        org: OrgId,
        id: MemberId,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let new = Key::membership(org, user);
        let person = PersonHash::of(org, user);
        let member = Key::member(org, id);
        let request = Key::join_request(org, person);
        let found = store.get([Key::organization(org), member, new.clone(), request]).await?;
        let organization = found.organization_for_operator(org)?;
        let before = found.present_member(org, id, now)?;
        if found.membership(org, user)?.is_some() {
            return Err(Refusal::UserAlreadyMember.into());
        }
        Ok(Self {
            org: organization,
            before,
            tombstone: found.deleted_at(&new)?,
            request: found.join_request(org, person)?,
        })
    }
}
