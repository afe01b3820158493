//! `…/permissions`: what the caller may do in one organization.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use shared::{
    domain::{self, Level, OrgId, RoleId, RoleObject, UserId},
    http::{Acting, App, Instead, Json, Path},
};

/// What the caller may do here now.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
pub(crate) struct Permissions {
    organization_id: OrgId,
    user_id: UserId,
    role_id: Option<RoleId>,
    /// The effective level for every role object that is shown here.
    permissions: BTreeMap<RoleObject, Level>,
    /// Where the role would give more than it does now, in an organization of this kind.
    lowered: Vec<Lowered>,
}

#[derive(Serialize)]
struct Lowered {
    role_object: RoleObject,
    stored: Level,
    effective: Level,
    reason: String,
}

pub(crate) async fn permissions(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
) -> Result<Json<Permissions>, Instead> {
    let actor = app.store.standing_in_tree(&person, org).await?;
    let conditions = actor.conditions;
    let lowered = |object| {
        let why = conditions.why_lower(actor.levels, object)?;
        if why == domain::Lowered::NotInThisKind {
            return None;
        }
        Some(Lowered {
            role_object: object,
            stored: actor.levels.of(object),
            effective: actor.effective.of(object),
            reason: why.to_string(),
        })
    };
    Ok(Json(Permissions {
        organization_id: org,
        role_id: actor.role(),
        permissions: actor
            .effective
            .iter()
            .filter(|&(object, _)| conditions.shows(object))
            .collect(),
        lowered: RoleObject::ALL.into_iter().filter_map(lowered).collect(),
        user_id: actor.person.id.clone(),
    }))
}
