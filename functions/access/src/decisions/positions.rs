//! Where a search for subjects or resources continues, and the text of it in a page token.

use std::fmt::{self, Display, Formatter};

use shared::domain::{AccessPath, OrgId};

/// A position among the subjects of a search.
#[derive(Default)]
pub(super) struct SubjectPosition {
    pub(super) rank: SourceRank,
    /// The key of the last member; empty before the first one.
    pub(super) place: String,
}

/// An organization whose members may reach the resource, in the order of the results.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SourceRank {
    /// The resource itself.
    #[default]
    Own,
    /// The organization above it at this depth.
    Ancestor(usize),
    /// A partner. If `is_done`, the place after all its members.
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

    fn parse(text: &str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("0", _) => Some(Self::Own),
            ("1", depth) => Some(Self::Ancestor(depth.parse().ok()?)),
            ("2", partner) => {
                let done = partner.strip_suffix('~');
                let id = OrgId::from_bare(done.unwrap_or(partner)).ok()?;
                Some(Self::Partner { id, is_done: done.is_some() })
            }
            _ => None,
        }
    }
}

impl SubjectPosition {
    /// The position before the first member of a source.
    pub(super) fn start(rank: SourceRank) -> Self {
        Self { rank, place: String::new() }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (rank, place) = text.split_once('|')?;
        Some(Self { rank: SourceRank::parse(rank)?, place: place.to_owned() })
    }
}

impl Display for SubjectPosition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.rank {
            SourceRank::Own => write!(f, "0")?,
            SourceRank::Ancestor(depth) => write!(f, "1{depth}")?,
            SourceRank::Partner { id, is_done } => {
                write!(f, "2{}{}", id.bare(), if is_done { "~" } else { "" })?;
            }
        }
        write!(f, "|{}", self.place)
    }
}

/// A position among the resources of a search.
pub(super) enum ResourcePosition {
    /// Among the subject's own organizations: the key of the last one, empty before the first one.
    Own(String),
    /// Among the organizations that the memberships lead to: the key of the last completed membership, and within the
    /// following one the key of the last organization.
    Further { membership: String, organization: String },
}

impl ResourcePosition {
    /// The beginning of the further organizations.
    pub(super) const FURTHER: Self =
        Self::Further { membership: String::new(), organization: String::new() };

    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once('|')? {
            ("own", key) => Some(Self::Own(key.to_owned())),
            ("beyond", keys) => {
                let (membership, organization) = keys.split_once('|').unwrap_or((keys, ""));
                let (membership, organization) = (membership.to_owned(), organization.to_owned());
                Some(Self::Further { membership, organization })
            }
            _ => None,
        }
    }
}

impl Default for ResourcePosition {
    fn default() -> Self {
        Self::Own(String::new())
    }
}

impl Display for ResourcePosition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(key) => write!(f, "own|{key}"),
            Self::Further { membership, organization } => {
                write!(f, "beyond|{membership}|{organization}")
            }
        }
    }
}
