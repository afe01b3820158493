//! The Super Admin role, handed on.

use axum::{Router, extract::State, routing::post};
use serde::Deserialize;
use shared::{
    domain::{self, OrgId, Organization, UserId},
    http::{Acting, App, Instead, Json, Path, views},
    store::{Key, Reply},
};

/// The route.
pub fn router() -> Router<App> {
    Router::new().route("/v1/organizations/{org}/transfer", post(transfer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct To {
    user_id: UserId,
}

async fn transfer(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Json(To { user_id }): Json<To>,
) -> Result<Reply, Instead> {
    let (actor, found) =
        app.store.facts_in_tree(&person, org, [Key::member(org, &user_id)]).await?;
    let (former, heir) = domain::transfer(&actor, found.member(org, &user_id)?)?;
    let handed =
        Organization { super_admin_user_id: Some(heir.user_id.clone()), ..actor.org.clone() };
    let reply = Reply::ok(&views::Organization::of(&handed, actor.conditions));
    app.store.transfer(&act, &actor, (&former, &heir), &reply).await?;
    Ok(reply)
}
