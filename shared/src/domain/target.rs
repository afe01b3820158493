//! The target of a change: the entity that an event is about.

use serde::{Deserialize, Serialize};

use super::Version;

/// The kind of entity that a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// An organization, including its settings, security settings and Super Admin.
    Organization,
    /// An invitation.
    Invitation,
    /// A member.
    Member,
    /// An export of members.
    MemberExport,
    /// A custom role.
    Role,
    /// A join request.
    JoinRequest,
    /// An approved domain.
    ApprovedDomain,
    /// A critical alert user.
    CriticalAlertUser,
    /// A person who is erased (ERA1). The id is the one that they have as a member, or a random one
    /// of a person who was known by an address alone.
    Person,
    /// The link between a partner and a customer. Its id is that of the other organization.
    CustomerLink,
}

/// The entity that a change is about, and its version after the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The kind of entity.
    #[serde(rename = "type")]
    pub kind: TargetKind,
    /// The id of the entity.
    pub id: String,
    /// The version after the change. The events of one target, ordered by version, form a chain
    /// (ORG5).
    pub version: Version,
}

impl Target {
    /// The target with this kind, id and version.
    pub fn new(kind: TargetKind, id: &impl ToString, version: Version) -> Self {
        Self { kind, id: id.to_string(), version }
    }
}
