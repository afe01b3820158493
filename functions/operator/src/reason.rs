//! Changes for which an operator gives a reason.

use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    domain::{MAX_REASON, OrgId, Organization},
    http::{Answer, ApiError, Call, IfMatch, RequiredText},
    store::{Error, Transaction},
};

/// Why an operator acts for an organization. Its history shows the reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReasonRequest {
    pub(crate) reason: RequiredText<MAX_REASON>,
}

/// Answers a request that takes a restriction from an organization. `rule` returns the organization
/// without it, and `write` adds the change to a transaction. If nothing changes, nothing is
/// written.
pub(crate) async fn remove_restriction(
    call: Call,
    org: OrgId,
    if_match: IfMatch,
    rule: fn(&Organization, Timestamp) -> Organization,
    write: impl for<'a> FnOnce(
        Transaction<'a>,
        &Organization,
        &Organization,
    ) -> Result<Transaction<'a>, Error>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let before = app.store.organization_for_operator(org).await?;
    if_match.check(before.version)?;
    let after = rule(&before, context.at);
    let answer = Answer::no_content();
    if after == before {
        return Ok(answer);
    }
    let writes = app.store.transaction(&context);
    if_match.commit(answer, write(writes, &before, &after)?).await
}
