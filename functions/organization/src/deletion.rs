//! The deletion of an organization by its Super Admin (SA7).

use serde::Deserialize;
use shared::{
    domain::{self, MAX_ORGANIZATION_NAME, OrgId},
    http::{Answer, ApiError, Call, IfMatch, Json, NameField, Path},
    store::{Key, OrganizationDeletion},
};

/// The name of the organization, which the Super Admin types to confirm the deletion.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteOrganizationRequest {
    name: NameField<MAX_ORGANIZATION_NAME>,
}

pub(crate) async fn delete(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(DeleteOrganizationRequest { name: NameField(name) }): Json<DeleteOrganizationRequest>,
) -> Result<Answer, ApiError> {
    let (actor, found) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    let below = app.store.sub_organizations(org, &found).await?;
    let after = domain::delete_organization(&actor, &name, below, context.at)?;
    if_match.check(actor.org.version)?;
    let parent = app.store.parent(&after).await?;
    let (before, parent) = (&actor.org, parent.as_ref());
    let deletion = OrganizationDeletion { before, after: &after, parent, reason: None };
    let writes = app.store.transaction(&context).delete_organization(Some(&actor), deletion)?;
    if_match.commit(Answer::no_content(), writes).await
}
