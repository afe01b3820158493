//! `GET …/permissions`: the caller's effective permissions in one organization.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{
    domain::{Level, Name, OrgId, Restriction, RoleId, RoleObject, Standing, UserId},
    http::{ApiError, Call, Json, Path, Query},
    store::{Key, RoleSummaries},
};

/// The caller's effective permissions.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
pub(crate) struct Permissions {
    organization_id: OrgId,
    organization_name: Name,
    user_id: UserId,
    role_id: Option<RoleId>,
    /// Left out for a custom role of which the caller does not ask for the name.
    #[serde(flatten)]
    role_name: Option<OwnRoleName>,
    /// The roles to which the caller can invite (ROLE7).
    #[serde(skip_serializing_if = "Option::is_none")]
    grantable_roles: Option<Vec<NamedRole>>,
    /// The effective level of each role object that is shown in this organization.
    permissions: BTreeMap<RoleObject, Level>,
    /// The role objects whose effective level is below the stored one. Objects that an organization
    /// of this kind never has are left out.
    restrictions: Vec<RestrictedLevel>,
}

/// What the caller asks for in addition to the levels.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PermissionsQuery {
    include: Option<PermissionsInclude>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PermissionsInclude {
    /// The names of roles, which cost another read and grow with the number of roles.
    Roles,
}

/// The name of the caller's role. `None` for an operator without a membership.
#[derive(Serialize)]
struct OwnRoleName {
    role_name: Option<String>,
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
    Query(PermissionsQuery { include }): Query<PermissionsQuery>,
) -> Result<Json<Permissions>, ApiError> {
    let role_names = include.map(|PermissionsInclude::Roles| Key::role_names(org));
    let (actor, found) = app.store.facts_in_tree(&person, org, role_names).await?;
    Ok(Json(Permissions::of(&actor, include, &found.role_summaries(org)?)))
}

impl Permissions {
    /// The permissions of `actor`. `roles` has the custom roles, if the caller asks for the names
    /// of roles.
    fn of(actor: &Standing, include: Option<PermissionsInclude>, roles: &RoleSummaries) -> Self {
        let name = |role: RoleId| role.shown_name(roles.of(role));
        let is_known = |role: RoleId| include.is_some() || role.built_in().is_some();
        let grantable = || actor.grantable_roles().into_iter();
        let shown = |&(object, _): &(RoleObject, Level)| actor.conditions.shows(object);
        let restricted = |object| RestrictedLevel::of(actor, object);
        Self {
            organization_id: actor.org.id(),
            organization_name: actor.org.name.clone(),
            user_id: actor.person.id.clone(),
            role_id: actor.role(),
            role_name: match actor.role() {
                Some(role) if !is_known(role) => None,
                role => Some(OwnRoleName { role_name: role.map(name) }),
            },
            grantable_roles: include.map(|PermissionsInclude::Roles| {
                grantable().map(|id| NamedRole { id, name: name(id) }).collect()
            }),
            permissions: actor.effective.iter().filter(shown).collect(),
            restrictions: RoleObject::ALL.into_iter().filter_map(restricted).collect(),
        }
    }
}

impl RestrictedLevel {
    /// The restriction of the actor's level of a role object, if there is one.
    fn of(actor: &Standing, object: RoleObject) -> Option<Self> {
        let restriction = actor.conditions.restriction_if_held(actor.levels, object)?;
        (restriction != Restriction::PartnerOnly).then(|| Self {
            role_object: object,
            stored: actor.levels.level_on(object),
            effective: actor.effective.level_on(object),
            reason: restriction.to_string(),
        })
    }
}
