//! An organization and a role as refusals name them: by id and name.

use super::{Name, OrgId, RoleId};

/// An organization and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedOrganization {
    /// The id.
    pub id: OrgId,
    /// The name.
    pub name: Name,
}

/// The role that the users of a deleted role get, as a refusal names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacementRole {
    /// Its id.
    pub id: RoleId,
    /// Its name, of a custom role when the deletion began. `None` for a deletion that an earlier version began.
    pub name: Option<String>,
}

impl ReplacementRole {
    /// The role `id`, which has the name `custom` if it is a custom one.
    pub fn new(id: RoleId, custom: Option<String>) -> Self {
        let name = match id {
            RoleId::BuiltIn(role) => Some(role.name().to_owned()),
            RoleId::Custom(_) => custom,
        };
        Self { id, name }
    }
}
