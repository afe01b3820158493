//! The transfer of the Super Admin role.

use axum::{Router, routing::post};
use serde::Deserialize;
use shared::{
    domain::{self, MemberId, OrgId},
    http::{Answer, ApiError, App, Call, Json, Path, views},
    store::Key,
};

/// The route of the function.
pub fn router() -> Router<App> {
    Router::new().route("/v1/organizations/{org}/transfer", post(transfer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransferRequest {
    member_id: MemberId,
}

async fn transfer(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(TransferRequest { member_id }): Json<TransferRequest>,
) -> Result<Answer, ApiError> {
    let also = [Key::member(org, member_id)];
    let (actor, found) = app.store.facts_to_show(&person, org, also).await?;
    let successor = found.member(org, member_id)?;
    let transfer = domain::transfer(&actor, successor, context.at)?;
    let names = views::OrganizationNames::with_super_admin(&found, &actor.org, &transfer.successor);
    let view = views::Organization::of(&transfer.org, actor.conditions, names);
    let answer = Answer::ok(&view).with_version(transfer.org.version);
    answer.commit(app.store.transaction(&context).transfer(&actor, &transfer)?).await
}
