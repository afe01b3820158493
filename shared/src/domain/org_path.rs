//! The path of an organization in its tree.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::OrgId;

/// The highest number of organizations above a sub-organization (SUB3).
pub const MAX_DEPTH: usize = 8;

/// The ids from the root of the tree down to an organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<OrgId>", into = "Vec<OrgId>")]
pub struct OrgPath {
    ancestors: Vec<OrgId>,
    id: OrgId,
}

impl OrgPath {
    /// The path of a root organization.
    pub fn root(id: OrgId) -> Self {
        Self { ancestors: Vec::new(), id }
    }

    /// The path of a sub-organization directly below this organization.
    pub fn child(&self, id: OrgId) -> Self {
        Self { ancestors: self.ids().collect(), id }
    }

    /// The id of the organization.
    pub fn id(&self) -> OrgId {
        self.id
    }

    /// The id of the root of the tree.
    pub fn root_id(&self) -> OrgId {
        self.ancestors.first().copied().unwrap_or(self.id)
    }

    /// Whether the organization is the root of its tree.
    pub fn is_root(&self) -> bool {
        self.ancestors.is_empty()
    }

    /// The id of the organization directly above.
    pub fn parent(&self) -> Option<OrgId> {
        self.ancestors.last().copied()
    }

    /// Whether the organization is `top` or below it.
    pub fn is_within(&self, top: &Self) -> bool {
        self.ids().any(|id| id == top.id)
    }

    /// The ids of all organizations above, the root first.
    pub fn ancestors(&self) -> &[OrgId] {
        &self.ancestors
    }

    /// The ids of all organizations above and of this one, the root first.
    pub fn ids(&self) -> impl Iterator<Item = OrgId> {
        self.ancestors.iter().copied().chain([self.id])
    }

    /// The number of organizations above.
    pub fn depth(&self) -> usize {
        self.ancestors.len()
    }
}

/// The ids without their prefix, joined by `/`.
impl fmt::Display for OrgPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.ancestors {
            write!(f, "{}/", id.bare())?;
        }
        f.write_str(&self.id.bare())
    }
}

impl From<OrgPath> for Vec<OrgId> {
    fn from(path: OrgPath) -> Self {
        path.ids().collect()
    }
}

impl TryFrom<Vec<OrgId>> for OrgPath {
    type Error = &'static str;

    fn try_from(mut ids: Vec<OrgId>) -> Result<Self, Self::Error> {
        let id = ids.pop().ok_or("a path has at least one id")?;
        Ok(Self { ancestors: ids, id })
    }
}
