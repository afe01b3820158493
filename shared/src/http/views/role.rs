//! Roles with the number of their users.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    domain::{
        self, BuiltIn, Conditions, CustomRole, IdentityProviderRole, Level, Levels, Name, OrgId,
        RoleId, RoleObject, RoleSummary, UserCount,
    },
    store::{Error, FetchedItems, Key},
};

/// A role.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
pub struct Role {
    id: RoleId,
    organization_id: OrgId,
    organization_name: Name,
    name: String,
    description: String,
    built_in: bool,
    permissions: BTreeMap<RoleObject, Level>,
    users: UserCount,
    identity_provider_role: IdentityProviderRole,
    /// The role that the users get, while the role is being deleted (ROLE6).
    #[serde(skip_serializing_if = "Option::is_none")]
    reassign_to: Option<RoleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reassign_to_name: Option<String>,
}

impl Role {
    /// Shows an organization's own role, as far as its role objects are shown there (ROLE5).
    pub fn custom(
        org: &domain::Organization,
        role: &CustomRole,
        users: UserCount,
        conditions: Conditions,
    ) -> Self {
        Self {
            id: RoleId::Custom(role.id),
            organization_id: org.id(),
            organization_name: org.name.clone(),
            name: role.name.as_str().to_owned(),
            description: role.description.clone(),
            built_in: false,
            permissions: shown(role.levels, conditions),
            users,
            identity_provider_role: IdentityProviderRole::of(role.levels),
            reassign_to: role.reassignment.as_ref().map(|begun| begun.to),
            reassign_to_name: None,
        }
    }

    /// Shows a built-in role.
    pub fn built_in(
        org: &domain::Organization,
        role: BuiltIn,
        users: UserCount,
        conditions: Conditions,
    ) -> Self {
        Self {
            id: RoleId::BuiltIn(role),
            organization_id: org.id(),
            organization_name: org.name.clone(),
            name: role.name().to_owned(),
            description: String::new(),
            built_in: true,
            permissions: shown(role.levels(), conditions),
            users,
            identity_provider_role: IdentityProviderRole::of(role.levels()),
            reassign_to: None,
            reassign_to_name: None,
        }
    }

    /// The key of the role that the users get, if that is a custom role.
    pub fn reassignment_key(&self) -> Option<Key> {
        Key::custom_role(self.organization_id, self.reassign_to?)
    }

    /// Names the role that the users get. `found` has its item, if it is a custom role.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn name_reassignment(&mut self, found: &FetchedItems) -> Result<(), Error> {
        if let Some(to) = self.reassign_to {
            let custom = found.role_summary(self.organization_id, to)?;
            self.reassign_to_name = Some(to.shown_name(custom.as_ref()));
        }
        Ok(())
    }
}

/// The role for the identity provider (ROLE11).
pub fn identity_provider_role(role: RoleId, custom: Option<&RoleSummary>) -> IdentityProviderRole {
    match (role, custom) {
        (RoleId::BuiltIn(role), _) => IdentityProviderRole::of(role.levels()),
        (RoleId::Custom(_), Some(role)) => IdentityProviderRole::of(role.levels),
        (RoleId::Custom(_), None) => IdentityProviderRole::User,
    }
}

fn shown(levels: Levels, conditions: Conditions) -> BTreeMap<RoleObject, Level> {
    levels.iter().filter(|&(object, _)| conditions.shows(object)).collect()
}
