//! Organizations with the names next to the ids that they hold.

use jiff::Timestamp;
use serde::Serialize;

use super::Person;
use crate::{
    domain::{self, Conditions, Kind, Name, OrgId, Settings},
    store::{Error, FetchedItems},
};

/// An organization.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    id: OrgId,
    name: Name,
    kind: Kind,
    parent_id: Option<OrgId>,
    parent_name: Option<Name>,
    path: Vec<OrgId>,
    depth: usize,
    super_admin: Option<Person>,
    settings: Settings,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<Suspension>,
    /// Only operators see deleted organizations.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion: Option<Deletion>,
}

impl Organization {
    /// Shows `org` with its names and the settings that apply there.
    pub fn of(
        org: &domain::Organization,
        conditions: Conditions,
        names: OrganizationNames,
    ) -> Self {
        let OrganizationNames { super_admin, parent: parent_name } = names;
        let Conditions { manage_sub_organizations, mdf_program, .. } = conditions;
        Self {
            id: org.id(),
            name: org.name.clone(),
            kind: org.kind,
            parent_id: org.path.parent(),
            parent_name,
            path: org.path.ids().collect(),
            depth: org.path.depth(),
            super_admin,
            settings: Settings { manage_sub_organizations, mdf_program },
            created_at: org.created_at,
            suspension: org
                .suspension()
                .map(|it| Suspension { reason: it.reason.clone(), since: it.since }),
            deletion: org.deletion().map(|it| Deletion { since: it.at, ended_at: it.ended }),
        }
    }
}

/// The deletion of an organization (SA7).
#[derive(Clone, Debug, Serialize)]
struct Deletion {
    since: Timestamp,
    /// None while the clean-up ends what belongs to the organization.
    ended_at: Option<Timestamp>,
}

/// The suspension of an organization (SA7).
#[derive(Clone, Debug, Serialize)]
struct Suspension {
    reason: String,
    since: Timestamp,
}

/// The names of what an organization shows by id.
#[derive(Clone, Debug, Default)]
pub struct OrganizationNames {
    /// Its Super Admin, if it has one.
    pub super_admin: Option<Person>,
    /// The name of the organization above, if there is one.
    pub parent: Option<Name>,
}

impl OrganizationNames {
    /// The names in `found`, which has the items of the parent and of the Super Admin.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn of(found: &FetchedItems, org: &domain::Organization) -> Result<Self, Error> {
        Ok(Self { super_admin: Person::super_admin(found, org)?, parent: parent_name(found, org) })
    }

    /// The names of an organization whose Super Admin is `super_admin` from now on. `found` has the
    /// item of the parent.
    pub fn with_super_admin(
        found: &FetchedItems,
        org: &domain::Organization,
        super_admin: &domain::Member,
    ) -> Self {
        Self { super_admin: Some(Person::member(super_admin)), parent: parent_name(found, org) }
    }
}

fn parent_name(found: &FetchedItems, org: &domain::Organization) -> Option<Name> {
    let parent = found.organization(org.path.parent()?)?;
    Some(parent.name.clone())
}
