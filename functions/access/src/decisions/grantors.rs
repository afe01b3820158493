//! The people who could turn a denial into a grant.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::domain::{BuiltIn, Level, Name, OrgId, Organization, Remediation, RoleObject};

/// The people who could turn a denial into a grant.
#[derive(Debug, Default, Serialize)]
pub(super) struct Grantors {
    /// `members`, `operators`, `subject` or `no_one`.
    who: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrgId>,
    /// Absent if the caller does not know the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<Name>,
    /// The levels that such a member holds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    levels: BTreeMap<RoleObject, Level>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    built_in_roles: Vec<&'static str>,
    /// The names of these roles, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    built_in_role_names: Vec<&'static str>,
    reason: &'static str,
}

impl Grantors {
    /// The person themselves, by what `reason` says.
    pub(super) fn subject(reason: &'static str) -> Self {
        Self { who: "subject", reason, ..Self::default() }
    }

    /// The people with the name of their organization, if it is `org`.
    pub(super) fn naming(self, org: &Organization) -> Self {
        let is_same = self.organization_id == Some(org.id());
        let organization_name = self.organization_name.or(is_same.then(|| org.name.clone()));
        Self { organization_name, ..self }
    }
}

impl From<Remediation> for Grantors {
    fn from(remediation: Remediation) -> Self {
        let (who, reason) = match &remediation {
            Remediation::Holders { .. } => (
                "members",
                "A member who holds these levels there can invite the user or assign another role.",
            ),
            Remediation::Customer { .. } => (
                "members",
                "A member of the customer who holds these levels there can resume the link.",
            ),
            Remediation::Operators => (
                "operators",
                "An operator of the platform can change this setting, link or suspension.",
            ),
            Remediation::Subject => (
                "subject",
                "The user can sign in again as the security settings of the organization require.",
            ),
            Remediation::Impossible => ("no_one", "No role can grant this action."),
        };
        let by = Self { who, reason, ..Self::default() };
        match remediation {
            Remediation::Holders { org, levels, built_in }
            | Remediation::Customer { org, levels, built_in } => Self {
                organization_id: Some(org),
                levels: levels.into_iter().collect(),
                built_in_roles: built_in.iter().copied().map(BuiltIn::key).collect(),
                built_in_role_names: built_in.into_iter().map(BuiltIn::name).collect(),
                ..by
            },
            Remediation::Operators | Remediation::Subject | Remediation::Impossible => by,
        }
    }
}
