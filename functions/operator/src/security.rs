//! The reset of the security settings of an organization whose members cannot sign in any more
//! (ORG3).

use shared::{
    domain::{self, OrgId},
    http::{Answer, ApiError, Call, IfMatch, Json, Path, RequiredText},
};

use crate::reason::{ReasonRequest, remove_restriction};

pub(crate) async fn reset(
    call: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(ReasonRequest { reason: RequiredText(reason) }): Json<ReasonRequest>,
) -> Result<Answer, ApiError> {
    remove_restriction(call, org, if_match, domain::reset_security, |writes, before, after| {
        writes.reset_security(before, after, &reason)
    })
    .await
}
