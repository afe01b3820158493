//! Which organizations of a tree a list covers (SUB4, SUB6).

use std::collections::BTreeMap;

use super::{Level, OrgId, OrgPath, Refusal, RoleObject, Standing};

/// At most so many organizations are chosen at once (SUB6).
pub const MAX_CHOSEN: usize = 20;

/// What a list covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// These organizations, and nothing below them.
    Organizations(Vec<OrgPath>),
    /// This organization, and everything below it.
    Subtree(OrgPath),
}

impl Reach {
    /// Where it begins: the organizations, or the top of the subtree.
    #[must_use]
    pub fn paths(&self) -> &[OrgPath] {
        match self {
            Self::Organizations(paths) => paths,
            Self::Subtree(path) => std::slice::from_ref(path),
        }
    }
}

/// What a client wants a list to cover: the organization in its path alone, unless it says more.
#[derive(Clone, Copy, Debug)]
pub struct Coverage<'a> {
    /// Everything below, too?
    pub subtree: bool,
    /// These organizations instead.
    pub chosen: &'a [OrgId],
}

impl Coverage<'_> {
    /// Does it go beyond `org` itself?
    #[must_use]
    pub fn goes_beyond(self, org: OrgId) -> bool {
        if self.chosen.is_empty() {
            self.subtree
        } else {
            self.chosen.iter().any(|&chosen| chosen != org)
        }
    }
}

/// What a list may cover, or why not. `paths` are those of the chosen organizations that there are.
///
/// 1. Beyond the actor's own organization, they have view of `beyond` there (SUB4).
/// 2. They have view of `here`.
/// 3. Every chosen organization is theirs or below it; of any other they are not told whether it
///    exists (U5).
pub fn reach(
    actor: &Standing,
    coverage: Coverage<'_>,
    paths: &BTreeMap<OrgId, OrgPath>,
    [here, beyond]: [RoleObject; 2],
) -> Result<Reach, Refusal> {
    let own = &actor.org.path;
    if coverage.goes_beyond(own.id()) {
        actor.require(beyond, Level::ViewOnly)?;
    }
    actor.require(here, Level::ViewOnly)?;
    if coverage.chosen.is_empty() {
        let alone = || Reach::Organizations(vec![own.clone()]);
        return Ok(if coverage.subtree { Reach::Subtree(own.clone()) } else { alone() });
    }
    let mut chosen = coverage.chosen.to_vec();
    chosen.sort_unstable();
    chosen.dedup();
    let inside = |id: OrgId| {
        let path = paths.get(&id).filter(|path| path.is_within(own));
        path.cloned().ok_or(Refusal::OutsideSubtree(id))
    };
    Ok(Reach::Organizations(chosen.into_iter().map(inside).collect::<Result<_, _>>()?))
}
