//! Roles by name: of some organizations or of a subtree, and found by a search (SUB4, SUB6).
//!
//! The lists hold the names alone, on the locks that keep them: a role's item changes with each of
//! its users, and would be written to every index each time.

use serde::Deserialize;

use super::{
    Error, Key, Listing, Store, Window,
    expression::Expression,
    item::{from_item, text},
    keys,
    range::Range,
    users::within,
};
use crate::domain::{
    BuiltIn, CustomRoleId, Kind, MAX_CUSTOM_ROLES, OrgId, OrgPath, Organization, Reach, Search,
};

/// Stands between an organization's path and the number of a built-in role, which sorts before the
/// names of custom roles and before whatever is below.
const BUILT_IN: char = '\u{2}';

/// Which roles a list shows.
#[derive(Clone, Debug)]
pub struct RoleFilter {
    /// Of where.
    pub reach: Reach,
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
pub(super) struct Named {
    role_id: CustomRoleId,
    place: String,
    pk: String,
}

impl Named {
    /// The role, and the path of its organization.
    pub(super) fn home(&self) -> (CustomRoleId, String) {
        let path = self.place.split('#').next().unwrap_or_default();
        (self.role_id, path.to_owned())
    }
}

impl Store {
    /// Roles by organization, the built-in ones of each first, then its own by name.
    pub async fn roles_of(
        &self,
        filter: &RoleFilter,
        window: Window<'_>,
    ) -> Result<Listing<RoleEntry>, Error> {
        let RoleFilter { reach, search } = filter;
        let said = search.as_ref().map(said).unwrap_or_default();
        let names: Vec<Range> = match reach {
            Reach::Organizations(paths) => {
                let range = |path: &OrgPath| names(path, format!("{path}#")).where_(said.clone());
                paths.iter().map(range).collect()
            }
            Reach::Subtree(path) => vec![names(path, path.to_string()).where_(said)],
        };
        let (names, mut all) =
            tokio::try_join!(self.merged(&names, window), self.built_in(filter, window))?;
        all.next = match (all.next, names.next) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        for (at, item) in names.items {
            let Named { role_id, pk, .. } = from_item(item)?;
            all.items.push((at, RoleEntry::Custom(keys::owner(&pk)?, role_id)));
        }
        let Listing { items, next } = all.cut(window, false);
        Ok(Listing { items: items.into_iter().map(|(_, entry)| entry).collect(), next })
    }

    /// The built-in roles of a page of organizations, with their positions.
    async fn built_in(
        &self,
        filter: &RoleFilter,
        Window { limit, after }: Window<'_>,
    ) -> Result<Listing<(String, RoleEntry)>, Error> {
        let found =
            |role: &BuiltIn| filter.search.as_ref().is_none_or(|search| search.finds(role.name()));
        let wanted: Vec<BuiltIn> = BuiltIn::ALL.into_iter().filter(found).collect();
        if wanted.is_empty() {
            return Ok(Listing::empty());
        }
        let orgs = match &filter.reach {
            Reach::Organizations(paths) => {
                let found =
                    self.glance(paths.iter().map(|path| Key::organization(path.id()))).await?;
                let orgs = paths.iter().map(|path| found.organization(path.id()));
                let items = orgs.filter_map(Result::transpose).collect::<Result<_, _>>()?;
                Listing { items, next: None }
            }
            Reach::Subtree(path) => {
                let hash = keys::tree_of_organizations(path);
                let range = Range::of_index("tree", hash, path.to_string());
                let window = Window { limit: limit + 1, after: after.map(before) };
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
        let items = lines.filter(after).collect();
        // Of the last organization all of them are known.
        Ok(Listing { items, next: orgs.next.map(|path| format!("{path}{BUILT_IN}~")) })
    }

    /// The custom roles whose names a search finds and for which `and` holds.
    pub(super) async fn names_found(
        &self,
        reach: &Reach,
        search: &Search,
        and: Expression,
        until: Option<String>,
        window: Window<'_>,
    ) -> Result<Listing<Named>, Error> {
        let called = called(search);
        let beginning = keys::beginning(search.name());
        let (ranges, sieve) = match reach {
            Reach::Organizations(paths) => {
                let beginning = if search.anywhere() { "" } else { &beginning };
                let range = |path: &OrgPath| names(path, format!("{path}#{beginning}"));
                (paths.iter().map(range).collect(), called)
            }
            Reach::Subtree(path) if search.anywhere() => {
                (vec![names(path, path.to_string())], called)
            }
            Reach::Subtree(path) => {
                let hash = keys::tree_of_roles(path);
                let range = Range::of_index("tree_prefix", hash, beginning);
                (vec![range], called.and(within(path)))
            }
        };
        let sieve = sieve.and(and);
        let narrowed = |range: Range| range.where_(sieve.clone()).until(until.clone());
        self.page(Vec::into_iter(ranges).map(narrowed).collect(), window).await
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

/// A role whose name or description says what a search looks for.
fn said(search: &Search) -> Expression {
    let condition = if search.anywhere() {
        "contains(#name, :said) OR contains(#about, :said)"
    } else {
        "begins_with(#name, :said) OR begins_with(#about, :said)"
    };
    Expression::new(condition, [("said", text(search.name()))])
}
