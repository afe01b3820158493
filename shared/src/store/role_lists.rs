//! Roles by name: of some organizations or of a subtree, and found by a search (SUB4, SUB6).
//!
//! The lists hold the names alone, on the locks that keep them: a role's item changes with each of
//! its users, and would be written to every index each time.

use serde::Deserialize;

use super::{
    Error, Key, PageRequest, Slice, Store,
    expression::Expression,
    item::{from_item, text},
    keys,
    range::Range,
    users::covered,
};
use crate::domain::{
    BuiltIn, CustomRoleId, Kind, MAX_CUSTOM_ROLES, OrgId, OrgPath, Organization, RoleId, Scope,
    Search,
};

/// Stands between an organization's path and the number of a built-in role, which sorts before the
/// names of custom roles and before whatever is below.
const BUILT_IN: char = '\u{2}';

/// Which roles a list shows.
#[derive(Clone, Debug)]
pub struct RoleFilter {
    /// Of where.
    pub reach: Scope,
    /// With what in their name or description.
    pub search: Option<Search>,
}

/// A line of a list of roles: where it is, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleEntry {
    /// One that every organization of the kind has.
    BuiltIn(OrgId, BuiltIn),
    /// One of the organization's own.
    Custom(OrgId, CustomRoleId),
}

/// A role's name, as it is listed.
#[derive(Debug, Deserialize)]
pub(super) struct ListedRoleName {
    role_id: CustomRoleId,
    place: String,
}

impl ListedRoleName {
    /// The role, and the path of its organization.
    pub(super) fn home(&self) -> (CustomRoleId, String) {
        let path = self.place.split('#').next().unwrap_or_default();
        (self.role_id, path.to_owned())
    }
}

/// Parts of a list, one after the other: what their positions begin with.
const BUILT_IN_FIRST: &str = "1";
const THEN_NAMED: &str = "2";
const THEN_DESCRIBED: &str = "3";

impl Store {
    /// Roles by organization, the built-in ones of each first, then its own by name.
    ///
    /// Those of a subtree whose name or description begins as a search says come in three parts: the
    /// built-in ones by organization, the others by name, and those that only their description finds.
    pub async fn roles_of(
        &self,
        filter: &RoleFilter,
        window: PageRequest<'_>,
    ) -> Result<Slice<RoleEntry>, Error> {
        let RoleFilter { reach, search } = filter;
        let all = match (reach, search) {
            (Scope::Subtree(top), Some(search)) if !search.anywhere() => {
                let beginning = keys::beginning(search.name());
                let named = [named_so(top, beginning.clone()).where_(called(search))];
                let described = [described_so(top, beginning).where_(said_only(search))];
                let (built_in, named, described) = tokio::try_join!(
                    self.built_in(filter, BUILT_IN_FIRST, window),
                    self.custom(&named, THEN_NAMED, window),
                    self.custom(&described, THEN_DESCRIBED, window),
                )?;
                built_in.and(named).and(described)
            }
            _ => {
                let said = search.as_ref().map(said).unwrap_or_default();
                let range = |(path, prefix)| names(path, prefix).where_(said.clone());
                let ranges: Vec<Range> = match reach {
                    Scope::Organizations(paths) => {
                        paths.iter().map(|path| (path, format!("{path}#"))).map(range).collect()
                    }
                    Scope::Subtree(top) => vec![range((top, top.to_string()))],
                };
                let (built_in, custom) = tokio::try_join!(
                    self.built_in(filter, "", window),
                    self.custom(&ranges, "", window)
                )?;
                built_in.and(custom)
            }
        };
        let Slice { items, next } = all.cut(window, false);
        Ok(Slice { items: items.into_iter().map(|(_, entry)| entry).collect(), next })
    }

    /// The custom roles of some ranges, with their positions in a part of a list.
    async fn custom(
        &self,
        ranges: &[Range],
        part: &str,
        window: PageRequest<'_>,
    ) -> Result<Slice<(String, RoleEntry)>, Error> {
        #[derive(Deserialize)]
        struct Entry {
            role_id: CustomRoleId,
            pk: String,
        }
        let Some(window) = window.of_part(part) else { return Ok(Slice::empty()) };
        let Slice { items, next } = self.merged(ranges, window).await?;
        let entry = |(at, item)| {
            let Entry { role_id, pk } = from_item(item)?;
            Ok((format!("{part}{at}"), RoleEntry::Custom(keys::owner(&pk)?, role_id)))
        };
        let items = items.into_iter().map(entry).collect::<Result<_, Error>>()?;
        Ok(Slice { items, next: next.map(|at| format!("{part}{at}")) })
    }

    /// The built-in roles of a page of organizations, with their positions in a part of a list.
    async fn built_in(
        &self,
        filter: &RoleFilter,
        part: &str,
        window: PageRequest<'_>,
    ) -> Result<Slice<(String, RoleEntry)>, Error> {
        let found =
            |role: &BuiltIn| filter.search.as_ref().is_none_or(|search| search.finds(role.name()));
        let wanted: Vec<BuiltIn> = BuiltIn::ALL.into_iter().filter(found).collect();
        let window = window.of_part(part).filter(|_| !wanted.is_empty());
        let Some(PageRequest { limit, after }) = window else { return Ok(Slice::empty()) };
        let orgs = match &filter.reach {
            Scope::Organizations(paths) => {
                let found = self
                    .get_eventual(paths.iter().map(|path| Key::organization(path.id())))
                    .await?;
                let orgs = paths.iter().map(|path| found.organization(path.id()));
                let items = orgs.filter_map(Result::transpose).collect::<Result<_, _>>()?;
                Slice { items, next: None }
            }
            Scope::Subtree(path) => {
                let hash = keys::tree_of_organizations(path);
                let range = Range::of_index("tree", hash, path.to_string());
                let window = PageRequest { limit: limit + 1, after: after.map(before) };
                self.page::<Organization>(vec![range], window).await?
            }
        };
        let here =
            |org: &Organization, role: BuiltIn| org.kind == Kind::Partner || !role.partner_only();
        let lines = orgs.items.iter().flat_map(|org| {
            let roles = wanted.iter().filter(|role| here(org, **role));
            roles.map(|&role| {
                let at = format!("{}{BUILT_IN}{}", org.path, role as u8);
                (at, RoleEntry::BuiltIn(org.id(), role))
            })
        });
        let after = |(at, _): &(String, _)| after.is_none_or(|after| at.as_str() > after);
        let items = lines.filter(after).map(|(at, entry)| (format!("{part}{at}"), entry)).collect();
        // Of the last organization all of them are known.
        let next = orgs.next.map(|path| format!("{part}{path}{BUILT_IN}~"));
        Ok(Slice { items, next })
    }

    /// The custom roles whose names a search finds.
    pub(super) async fn names_found(
        &self,
        reach: &Scope,
        search: &Search,
        until: Option<String>,
        window: PageRequest<'_>,
    ) -> Result<Slice<ListedRoleName>, Error> {
        let beginning =
            if search.anywhere() { String::new() } else { keys::beginning(search.name()) };
        let ranges = match reach {
            Scope::Organizations(paths) => {
                paths.iter().map(|path| names(path, format!("{path}#{beginning}"))).collect()
            }
            Scope::Subtree(top) if search.anywhere() => vec![names(top, top.to_string())],
            Scope::Subtree(top) => vec![named_so(top, beginning)],
        };
        let narrowed = |range: Range| range.where_(called(search)).until(until.clone());
        self.page(Vec::into_iter(ranges).map(narrowed).collect(), window).await
    }

    /// Those of `roles` that a search finds by their name, wherever `reach` covers them.
    pub(super) async fn names_among(
        &self,
        roles: &[RoleId],
        reach: &Scope,
        search: &Search,
    ) -> Result<Slice<ListedRoleName>, Error> {
        let wanted = called(search).and(covered(reach));
        let range = |role| Range::of_index("identity", keys::name_of(role), String::new());
        let roles = roles.iter().filter_map(|role| role.custom());
        let ranges: Vec<_> = roles.map(|role| range(role).where_(wanted.clone())).collect();
        let window = PageRequest { limit: ranges.len(), after: None };
        self.page(ranges, window).await
    }
}

/// Custom roles whose names begin so, in a whole tree or a branch of it.
fn named_so(top: &OrgPath, beginning: String) -> Range {
    begins_so(top, [keys::tree_of_roles(top), keys::branch_of_roles(top.id())], beginning)
}

/// Custom roles whose descriptions begin so, in a whole tree or a branch of it.
fn described_so(top: &OrgPath, beginning: String) -> Range {
    let hashes = [keys::tree_of_descriptions(top), keys::branch_of_descriptions(top.id())];
    begins_so(top, hashes, beginning)
}

fn begins_so(top: &OrgPath, [tree, branch]: [String; 2], beginning: String) -> Range {
    match keys::branch_index(top) {
        None => Range::of_index("tree_prefix", tree, beginning),
        Some(index) => Range::of_index(index, branch, beginning),
    }
}

/// A position from which an organization is read once more, if `after` is among its built-in roles.
fn before(after: &str) -> &str {
    let Some((path, _)) = after.split_once(BUILT_IN) else { return after };
    let mut path = path.chars();
    path.next_back();
    path.as_str()
}

fn names(path: &OrgPath, prefix: String) -> Range {
    Range::of_index("tree", keys::tree_of_roles(path), prefix).in_steps_of(MAX_CUSTOM_ROLES)
}

/// A role that is called what a search looks for.
fn called(search: &Search) -> Expression {
    let condition =
        if search.anywhere() { "contains(#name, :name)" } else { "begins_with(#name, :name)" };
    Expression::new(condition, [("name", text(search.name()))])
}

/// A role whose description begins as a search says, and whose name does not.
fn said_only(search: &Search) -> Expression {
    let said = [("said", text(search.name()))];
    Expression::new("begins_with(#about, :said) AND NOT begins_with(#name, :said)", said)
}

/// A role whose name or description says what a search looks for.
fn said(search: &Search) -> Expression {
    let condition = if search.anywhere() {
        "contains(#name, :said) OR contains(#about, :said)"
    } else {
        "begins_with(#name, :said) OR begins_with(#about, :said)"
    };
    Expression::new(condition, [("said", text(search.name()))])
}
