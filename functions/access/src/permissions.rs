//! `GET …/permissions`: the caller's effective permissions in one organization.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{
    domain::{Level, Name, OrgId, Restriction, RoleId, RoleObject, UserId},
    http::{ApiError, Call, Json, Path, views},
    store::Key,
};

/// The caller's effective permissions.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
pub(crate) struct Permissions {
    organization_id: OrgId,
    organization_name: Name,
    user_id: UserId,
    role_id: Option<RoleId>,
    role_name: Option<String>,
    /// The roles to which the caller can invite (ROLE7).
    grantable_roles: Vec<NamedRole>,
    /// The effective level of each role object that is shown in this organization.
    permissions: BTreeMap<RoleObject, Level>,
    /// The role objects whose effective level is below the stored one. Objects that an organization
    /// of this kind never has are left out.
    restrictions: Vec<RestrictedLevel>,
}

#[derive(Serialize)]
struct NamedRole {
    id: RoleId,
    name: String,
}

#[derive(Serialize)]
struct RestrictedLevel {
    role_object: RoleObject,
    stored: Level,
    effective: Level,
    reason: String,
}

pub(crate) async fn permissions(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
) -> Result<Json<Permissions>, ApiError> {
    let (actor, found) = app.store.facts_in_tree(&person, org, [Key::role_names(org)]).await?;
    let names = found.role_summaries(org)?;
    let name = |role| views::role_name(role, names.of(role));
    let conditions = actor.conditions;
    let restricted = |object| {
        let restriction = conditions.restriction_if_held(actor.levels, object)?;
        (restriction != Restriction::PartnerOnly).then(|| RestrictedLevel {
            role_object: object,
            stored: actor.levels.of(object),
            effective: actor.effective.of(object),
            reason: restriction.to_string(),
        })
    };
    let grantable = actor.grantable_roles().into_iter();
    Ok(Json(Permissions {
        organization_id: org,
        organization_name: actor.org.name.clone(),
        role_id: actor.role(),
        role_name: actor.role().map(name),
        grantable_roles: grantable.map(|id| NamedRole { id, name: name(id) }).collect(),
        permissions: actor
            .effective
            .iter()
            .filter(|&(object, _)| conditions.shows(object))
            .collect(),
        restrictions: RoleObject::ALL.into_iter().filter_map(restricted).collect(),
        user_id: actor.person.id.clone(),
    }))
}
