//! The reset of the security settings of an organization whose members cannot sign in any more
//! (ORG3).

use serde::Deserialize;
use shared::{
    domain::{self, MAX_REASON, OrgId, Refusal},
    http::{Answer, ApiError, Call, IfMatch, Json, Path, RequiredText},
};

/// Why an operator acts for an organization. Its history shows the reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonRequest {
    pub(crate) reason: RequiredText<MAX_REASON>,
}

pub(crate) async fn reset(
    call: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(ReasonRequest { reason: RequiredText(reason) }): Json<ReasonRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let before = app.store.organization(org).await?.ok_or(Refusal::NoOrganizationWithId)?;
    if_match.check(before.version)?;
    let after = domain::reset_security(&before, context.at);
    let answer = Answer::no_content();
    if after == before {
        return Ok(answer);
    }
    let writes = app.store.transaction(&context);
    if_match.commit(answer, writes.reset_security(&before, &after, &reason)?).await
}
