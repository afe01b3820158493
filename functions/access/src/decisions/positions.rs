//! Where a search for subjects or resources continues.

use serde::{Deserialize, Serialize};
use shared::domain::{AccessPath, OrgId};

/// A position among the subjects of a search.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct SubjectPosition {
    pub(super) rank: SourceRank,
    /// The key of the last member; none before the first one.
    pub(super) key: Option<String>,
}

/// An organization whose members may reach the resource, in the order of the results.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum SourceRank {
    /// The resource itself.
    #[default]
    Own,
    /// The organization above it at this depth.
    Ancestor(usize),
    /// A partner. If `is_done`, the position after all its members.
    Partner { id: OrgId, is_done: bool },
}

impl SourceRank {
    /// The path on which these members reach the resource.
    pub(super) fn path(self) -> AccessPath {
        match self {
            Self::Own => AccessPath::Member,
            Self::Ancestor(_) => AccessPath::Ancestor,
            Self::Partner { .. } => AccessPath::Partner,
        }
    }
}

impl SubjectPosition {
    /// The position before the first member of a source.
    pub(super) fn start(rank: SourceRank) -> Self {
        Self { rank, key: None }
    }
}

/// A position among the resources of a search.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum ResourcePosition {
    /// Among the subject's own organizations: the key of the last one, none before the first one.
    Own(Option<String>),
    /// Among the organizations that the memberships lead to: the key of the last completed
    /// membership, and within the following one the key of the last organization.
    Further { membership: Option<String>, organization: Option<String> },
}

impl ResourcePosition {
    /// The beginning of the further organizations.
    pub(super) const FURTHER: Self = Self::Further { membership: None, organization: None };
}

impl Default for ResourcePosition {
    fn default() -> Self {
        Self::Own(None)
    }
}
