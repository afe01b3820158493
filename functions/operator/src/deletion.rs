//! The deletion of an organization by an operator (SA7).

use serde::Deserialize;
use shared::{
    domain::{self, MAX_ORGANIZATION_NAME, MAX_REASON, OrgId},
    http::{Answer, ApiError, Call, IfMatch, Json, NameField, Path, RequiredText},
    store::{Key, OrganizationDeletion},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteAsOperatorRequest {
    name: NameField<MAX_ORGANIZATION_NAME>,
    reason: RequiredText<MAX_REASON>,
}

pub(crate) async fn delete(
    call: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(request): Json<DeleteAsOperatorRequest>,
) -> Result<Answer, ApiError> {
    let DeleteAsOperatorRequest { name: NameField(name), reason: RequiredText(reason) } = request;
    let Call { app, context, .. } = call.as_operator()?;
    let found = app.store.get([Key::organization(org), Key::counts(org)]).await?;
    let before = found.organization_for_operator(org)?;
    let below = app.store.sub_organizations(org, &found).await?;
    let after = domain::delete_as_operator(&before, &name, below, context.at)?;
    if_match.check(before.version)?;
    let parent = app.store.parent(&after).await?;
    let (parent, reason) = (parent.as_ref(), Some(reason.as_str()));
    let deletion = OrganizationDeletion { before: &before, after: &after, parent, reason };
    let writes = app.store.transaction(&context).delete_organization(None, deletion)?;
    if_match.commit(Answer::no_content(), writes).await
}
