//! The names of custom roles: one item for each organization, with an attribute for each name.
//!
//! A list of users or roles reads one item for all role names of an organization. The attributes
//! also keep names unique (ROLE2).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    Direction, Error, FetchedItems, Key, ListedUser, Store,
    expression::Expression,
    index::{self, Index, IndexAttribute},
    item::{Item, attribute, path_of},
    range::{MAX_FILTER_UNITS, Range},
    step::{Change, OnConditionFailed, refuse},
    transaction::Transaction,
};
use crate::domain::{
    CustomRole, CustomRoleId, OrgId, OrgPath, Refusal, RoleId, RoleSummary, Search, fold,
};

/// Begins the names of the attributes that hold a role.
const NAME: &str = "=";
/// The most organizations whose role names are read at once.
const MAX_ORGANIZATIONS: usize = 100;

/// The custom roles of an organization, by folded name.
#[derive(Clone, Debug)]
pub struct RoleNames {
    /// The organization.
    pub path: OrgPath,
    roles: BTreeMap<String, RoleSummary>,
}

/// Custom roles by id.
#[derive(Clone, Debug, Default)]
pub struct RoleSummaries(HashMap<CustomRoleId, RoleSummary>);

impl RoleSummaries {
    /// The role, if it is a known custom one.
    pub fn of(&self, role: RoleId) -> Option<&RoleSummary> {
        self.0.get(&role.custom()?)
    }

    /// The organizations whose role names contain roles of `users` that are not loaded.
    fn missing(&self, users: &[ListedUser]) -> BTreeSet<OrgId> {
        let unknown =
            |user: &&ListedUser| user.role().custom().is_some() && self.of(user.role()).is_none();
        users.iter().filter(unknown).map(|user| user.path().id()).collect()
    }

    pub(super) fn add(&mut self, names: Vec<RoleNames>) {
        let roles = names.into_iter().flat_map(|names| names.roles.into_values());
        self.0.extend(roles.map(|role| (role.id, role)));
    }
}

/// The role names of some organizations of a subtree.
pub(super) struct RoleNamesPage {
    pub(super) items: Vec<RoleNames>,
    /// The organization that comes next.
    pub(super) next: Option<OrgPath>,
    /// The read units that were consumed.
    pub(super) units: f64,
}

impl RoleNames {
    pub(super) fn of(item: Item) -> Result<Self, Error> {
        let path =
            path_of(&item).ok_or_else(|| Error::Broken("role names have no path".to_owned()))?;
        let roles = item.into_iter().filter_map(|(name, value)| {
            let folded = name.strip_prefix(NAME)?.to_owned();
            Some(serde_dynamo::from_attribute_value(value).map(|role| (folded, role)))
        });
        Ok(Self { path, roles: roles.collect::<Result<_, _>>().map_err(Error::broken)? })
    }

    /// The roles, each with its folded name, in the order of these.
    pub(super) fn by_name(&self) -> impl Iterator<Item = (&str, &RoleSummary)> {
        self.roles.iter().map(|(folded, role)| (folded.as_str(), role))
    }

    /// The custom role with this name, in any case (ROLE2).
    pub fn named(&self, name: &str) -> Option<RoleId> {
        self.roles.get(&fold(name)).map(|role| RoleId::Custom(role.id))
    }

    /// Whether the organization has this custom role.
    pub fn contains(&self, role: CustomRoleId) -> bool {
        self.roles.values().any(|summary| summary.id == role)
    }

    /// The roles whose name matches.
    pub(super) fn matching(&self, search: &Search) -> impl Iterator<Item = RoleId> {
        let matches = |role: &&RoleSummary| search.finds(role.name.as_str());
        self.roles.values().filter(matches).map(|role| RoleId::Custom(role.id))
    }
}

impl FetchedItems {
    /// The custom roles of an organization, by the item at [`Key::role_names`].
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn role_summaries(&self, org: OrgId) -> Result<RoleSummaries, Error> {
        let names = self.item(&Key::role_names(org)).cloned().map(RoleNames::of).transpose()?;
        let mut roles = RoleSummaries::default();
        roles.add(names.into_iter().collect());
        Ok(roles)
    }
}

impl Store {
    /// The names of the custom roles of some organizations, as of a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn role_names(
        &self,
        orgs: impl IntoIterator<Item = OrgId>,
    ) -> Result<Vec<RoleNames>, Error> {
        let found = self.get_eventual(orgs.into_iter().map(Key::role_names)).await?;
        found.items.into_values().map(RoleNames::of).collect()
    }

    /// The names of the custom roles of an organization, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn current_role_names(&self, org: OrgId) -> Result<Option<RoleNames>, Error> {
        let found = self.get([Key::role_names(org)]).await?;
        found.items.into_values().next().map(RoleNames::of).transpose()
    }

    /// The custom roles of some organizations, as of a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn role_summaries(
        &self,
        orgs: impl IntoIterator<Item = OrgId>,
    ) -> Result<RoleSummaries, Error> {
        let mut roles = RoleSummaries::default();
        roles.add(self.role_names(orgs).await?);
        Ok(roles)
    }

    /// Adds the custom roles of `users` that are not known yet. A role that an eventually
    /// consistent read does not find may be new, so it is read again with strong consistency.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn load_missing_roles(
        &self,
        roles: &mut RoleSummaries,
        users: &[ListedUser],
    ) -> Result<(), Error> {
        roles.add(self.role_names(roles.missing(users)).await?);
        let found = self.get(roles.missing(users).into_iter().map(Key::role_names)).await?;
        let names = found.items.into_values().map(RoleNames::of);
        roles.add(names.collect::<Result<_, _>>()?);
        Ok(())
    }

    /// The role names of a subtree, from one of its organizations on.
    pub(super) async fn role_names_in_subtree(
        &self,
        top: &OrgPath,
        start: Option<&OrgPath>,
        direction: Direction,
    ) -> Result<RoleNamesPage, Error> {
        let range = Range::of_index(Index::ByPath, index::roles(top), index::path(top))
            .in_direction(direction)
            .starting_at(start.map(index::path))
            .bounded();
        let found = self.merged(&[range], MAX_ORGANIZATIONS, None, MAX_FILTER_UNITS).await?;
        let (stopped, units) = (found.complete_to.is_some(), found.units);
        let names = found.items.into_iter().map(|(_, item)| RoleNames::of(item));
        let mut items = names.collect::<Result<Vec<_>, _>>()?;
        // The last one is read again where the list continues.
        let continues = items.len() > MAX_ORGANIZATIONS || stopped && items.len() > 1;
        let next = if continues { items.pop() } else { None };
        Ok(RoleNamesPage { items, next: next.map(|names| names.path), units })
    }
}

impl Transaction<'_> {
    /// Adds a role whose name no other role of its organization has (ROLE2).
    pub(super) fn add_role_name(self, org: &OrgPath, role: &CustomRole) -> Result<Self, Error> {
        let (tree, path) = (index::roles(org), index::path(org));
        let listed = Change::list(vec![(IndexAttribute::Tree, tree), (IndexAttribute::Path, path)]);
        let changes = vec![listed, Change::Set(entry(role)?)];
        let free = with_role_attribute("attribute_not_exists(#name)", role);
        Ok(self.update(Key::role_names(org.id()), changes, free, refuse(Refusal::RoleNameTaken)))
    }

    /// Changes a role's entry, and its name if it differs.
    pub(super) fn change_role_name(
        self,
        org: OrgId,
        before: &CustomRole,
        after: &CustomRole,
    ) -> Result<Self, Error> {
        let mut changes = vec![Change::Set(entry(after)?)];
        let mut condition = with_role_attribute("attribute_exists(#name)", before);
        if after.name.folded() != before.name.folded() {
            changes.push(Change::Remove(former_name(before)));
            condition = with_role_attribute("attribute_not_exists(#name)", after);
        }
        let name = attribute_name(after);
        let lost: OnConditionFailed = Box::new(move |names| match names {
            Some(names) if names.contains_key(&name) => Refusal::RoleNameTaken.into(),
            _ => Refusal::ChangedConcurrently.into(),
        });
        Ok(self.update(Key::role_names(org), changes, condition, lost))
    }

    /// Removes the name of a deleted role.
    pub(super) fn remove_role_name(self, org: OrgId, role: &CustomRole) -> Self {
        let changes = vec![Change::Remove(with_role_attribute("#name", role))];
        let exists = with_role_attribute("attribute_exists(#name)", role);
        self.update(Key::role_names(org), changes, exists, refuse(Refusal::ChangedConcurrently))
    }
}

fn attribute_name(role: &CustomRole) -> String {
    format!("{NAME}{}", role.name.folded())
}

/// An expression in which `#name` is the attribute of a role.
fn with_role_attribute(expression: &str, role: &CustomRole) -> Expression {
    Expression::new(expression, []).naming("name", &attribute_name(role))
}

/// The attribute of the former name. It has its own placeholder, because `#name` is the new name.
fn former_name(role: &CustomRole) -> Expression {
    Expression::new("#former", []).naming("former", &attribute_name(role))
}

fn entry(role: &CustomRole) -> Result<Expression, Error> {
    let entry = [("entry", attribute(&role.summary())?)];
    Ok(Expression::new("#name = :entry", entry).naming("name", &attribute_name(role)))
}
