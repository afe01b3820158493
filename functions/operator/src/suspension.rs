//! The suspension of an organization, and its end (SA7).

use shared::{
    domain::{self, OrgId},
    http::{Answer, ApiError, Call, IfMatch, Json, Path, RequiredText, views},
};

use crate::{
    OrganizationFacts, organization_facts,
    reason::{ReasonRequest, remove_restriction},
};

/// Suspends an organization, or changes the reason of its suspension.
pub(crate) async fn suspend(
    call: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(ReasonRequest { reason: RequiredText(reason) }): Json<ReasonRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let OrganizationFacts { org: before, root, names } = organization_facts(&app, org).await?;
    if_match.check(before.version)?;
    let after = domain::suspend(&before, reason.clone(), context.at);
    let view = views::Organization::of(&after, after.conditions(root.as_ref()), names);
    let answer = Answer::ok(&view).with_version(after.version);
    if after == before {
        return Ok(answer);
    }
    let writes = app.store.transaction(&context);
    if_match.commit(answer, writes.change_suspension(&before, &after, &reason)?).await
}

/// Ends the suspension of an organization. Without one, nothing changes.
pub(crate) async fn resume(
    call: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(ReasonRequest { reason: RequiredText(reason) }): Json<ReasonRequest>,
) -> Result<Answer, ApiError> {
    remove_restriction(call, org, if_match, domain::resume, |writes, before, after| {
        writes.change_suspension(before, after, &reason)
    })
    .await
}
