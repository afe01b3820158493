//! The organizations that a list covers, and the text that it searches for (SUB4, SUB6).

use std::collections::{BTreeMap, BTreeSet};

use super::{Email, Level, OrgId, OrgPath, Refusal, RoleObject, Standing, fold};

/// The highest number of organizations that a list request may name (SUB6).
pub const MAX_CHOSEN: usize = 20;
/// The highest number of roles that a list request may name (SUB6).
pub const MAX_CHOSEN_ROLES: usize = 20;

/// The organizations that a list covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// These organizations, without their sub-organizations.
    Organizations(Vec<OrgPath>),
    /// This organization with all organizations below it.
    Subtree(OrgPath),
}

impl Scope {
    /// The paths of the organizations, or the path of the top of the subtree.
    pub fn paths(&self) -> &[OrgPath] {
        match self {
            Self::Organizations(paths) => paths,
            Self::Subtree(path) => std::slice::from_ref(path),
        }
    }
}

/// The scope that a list request asks for. The default is the organization in the request's path.
#[derive(Clone, Copy, Debug)]
pub struct RequestedScope<'a> {
    /// Whether to include all organizations below. Ignored if `chosen` names organizations.
    pub subtree: bool,
    /// The organizations to cover, at most [`MAX_CHOSEN`].
    pub chosen: &'a BTreeSet<OrgId>,
}

impl RequestedScope<'_> {
    /// Whether the scope includes an organization other than `org`.
    pub fn goes_beyond(self, org: OrgId) -> bool {
        if self.chosen.is_empty() {
            self.subtree
        } else {
            self.chosen.iter().any(|&chosen| chosen != org)
        }
    }
}

/// The role objects that a list needs at `view_only`.
#[derive(Clone, Copy, Debug)]
pub struct ListPermissions {
    /// The role object for the actor's own organization. Every list needs it.
    pub own: RoleObject,
    /// The role object for the organizations below (SUB4).
    pub below: RoleObject,
}

/// Checks that the actor may list the requested scope.
///
/// `paths` has the path of each chosen organization that exists.
///
/// # Errors
/// - The refusals of [`Standing::require`] if the actor lacks `view_only` on `needs.below` (for a
///   scope beyond their organization) or on `needs.own`.
/// - [`Refusal::OrganizationOutsideSubtree`] if a chosen organization does not exist, or is not the
///   actor's organization or below it. Both cases give the same answer (U5).
pub fn resolve_scope(
    actor: &Standing,
    requested: RequestedScope<'_>,
    paths: &BTreeMap<OrgId, OrgPath>,
    needs: ListPermissions,
) -> Result<Scope, Refusal> {
    let own = &actor.org.path;
    if requested.goes_beyond(own.id()) {
        actor.require(needs.below, Level::ViewOnly)?;
    }
    actor.require(needs.own, Level::ViewOnly)?;
    if requested.chosen.is_empty() {
        let alone = || Scope::Organizations(vec![own.clone()]);
        return Ok(if requested.subtree { Scope::Subtree(own.clone()) } else { alone() });
    }
    let inside = |id: &OrgId| {
        let path = paths.get(id).filter(|path| path.is_within(own));
        path.cloned().ok_or(Refusal::OrganizationOutsideSubtree(*id))
    };
    Ok(Scope::Organizations(requested.chosen.iter().map(inside).collect::<Result<_, _>>()?))
}

/// A search text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    address: String,
    name: String,
    anywhere: bool,
}

impl Search {
    /// Normalizes a search text. `None` if nothing is left of it.
    ///
    /// The search matches the beginning of an address or name, or any part of it if `anywhere` is
    /// true.
    pub fn parse(text: &str, anywhere: bool) -> Option<Self> {
        let (address, name) = (Email::prefix(text), fold(text));
        let is_empty = address.is_empty() || name.is_empty();
        (!is_empty).then_some(Self { address, name, anywhere })
    }

    /// The text in the normal form of an e-mail address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The text in the folded form of a name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the search matches any part of an address or name, not the beginning alone.
    pub fn anywhere(&self) -> bool {
        self.anywhere
    }

    /// Whether the search matches this name.
    pub fn finds(&self, name: &str) -> bool {
        let folded = fold(name);
        if self.anywhere { folded.contains(&self.name) } else { folded.starts_with(&self.name) }
    }
}
