//! Lists of roles of several organizations, with or without a search (SUB4, SUB6).
//!
//! The order is by organization; in each, the built-in roles come first, then the custom ones by
//! name. Organizations and their role names are two ranges with the same order.

use std::{collections::HashMap, sync::Arc};

use super::{
    Error, Key, PageRequest, Position, Slice, Store,
    index::{self, Index},
    item::from_item,
    range::{MAX_FILTER_UNITS, Range},
    role_names::RoleNames,
};
use crate::domain::{BuiltIn, Kind, OrgId, OrgPath, Organization, RoleId, Scope, Search};

/// The most organizations that a search reads in one step.
const SEARCHED_AT_ONCE: usize = 100;
/// The most steps for one page.
const MAX_STEPS: usize = 4;

/// The roles that a list shows.
#[derive(Clone, Debug)]
pub struct RoleFilter {
    /// The organizations.
    pub scope: Scope,
    /// The text to search for in names and descriptions.
    pub search: Option<Search>,
}

/// A role of one of the organizations.
#[derive(Clone, Debug)]
pub struct RoleEntry {
    /// The organization, as of a moment ago.
    pub org: Arc<Organization>,
    /// The role.
    pub role: RoleId,
}

/// Some organizations with their role names.
struct OrganizationBatch {
    orgs: Vec<Organization>,
    names: HashMap<OrgId, RoleNames>,
    /// The organization that comes next.
    next: Option<OrgPath>,
    /// The read units that were consumed.
    units: f64,
}

impl Store {
    /// A page of roles. It can be short; its cursor then continues.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn roles_of(
        &self,
        filter: &RoleFilter,
        PageRequest { limit, after }: PageRequest<'_>,
    ) -> Result<Slice<RoleEntry>, Error> {
        let after = after.map(|position| position.key.as_str());
        let mut start = after.and_then(index::path_of);
        let mut found = Vec::new();
        let mut units = 0.0;
        for _ in 0..MAX_STEPS {
            // Every organization has at least three roles.
            let wanted = filter.search.as_ref().map_or(limit / 3 + 1, |_| SEARCHED_AT_ONCE);
            let batch =
                self.organizations_with_roles(&filter.scope, start.as_ref(), wanted).await?;
            units += batch.units;
            for org in batch.orgs {
                let entries = entries(org, &batch.names, filter.search.as_ref());
                found.extend(entries.filter(|(key, _)| after.is_none_or(|after| &**key > after)));
            }
            if found.len() > limit {
                found.truncate(limit);
                let next = found.last().map(|(key, _)| Position::new(key.clone()));
                return Ok(Slice {
                    items: found.into_iter().map(|(_, role)| role).collect(),
                    next,
                });
            }
            start = batch.next;
            if start.is_none() || found.len() == limit || units >= MAX_FILTER_UNITS / 2.0 {
                break;
            }
        }
        let next = start.map(|next| Position::new(index::path(&next)));
        Ok(Slice { items: found.into_iter().map(|(_, role)| role).collect(), next })
    }

    /// Organizations in the order of their paths, from one of them on.
    async fn organizations_with_roles(
        &self,
        scope: &Scope,
        start: Option<&OrgPath>,
        wanted: usize,
    ) -> Result<OrganizationBatch, Error> {
        let top = match scope {
            Scope::Subtree(top) => top,
            Scope::Organizations(paths) => return self.named_organizations_with_roles(paths).await,
        };
        let [orgs, names] = [index::organizations(top), index::roles(top)].map(|hash| {
            let range = Range::of_index(Index::ByPath, hash, index::path(top));
            [range.not_before(start.map(index::path)).bounded()]
        });
        let (orgs, names) = tokio::try_join!(
            self.merged(&orgs, wanted, None, MAX_FILTER_UNITS / 2.0),
            self.merged(&names, wanted, None, MAX_FILTER_UNITS / 2.0)
        )?;
        let units = orgs.units + names.units;
        let stopped = orgs.complete_to.is_some() || names.complete_to.is_some();
        // An organization is complete only if its role names were read.
        let complete = |key: &String| names.complete_to.as_ref().is_none_or(|end| key <= end);
        let mut orgs: Vec<_> = orgs.items.into_iter().filter(|(key, _)| complete(key)).collect();
        // The last one is read again where the list continues.
        let continues = orgs.len() > wanted || stopped && orgs.len() > 1;
        let next = if continues { orgs.pop() } else { None };
        let next = next.and_then(|(key, _)| index::path_of(&key));
        let orgs = orgs.into_iter().map(|(_, item)| from_item(item));
        let orgs = orgs.collect::<Result<Vec<Organization>, _>>()?;
        let names = names.items.into_iter().map(|(_, item)| RoleNames::of(item));
        let names = by_organization(names.collect::<Result<_, _>>()?);
        Ok(OrganizationBatch { orgs, names, next, units })
    }

    async fn named_organizations_with_roles(
        &self,
        paths: &[OrgPath],
    ) -> Result<OrganizationBatch, Error> {
        let keys = paths.iter().map(|path| Key::organization(path.id()));
        let (found, names) = tokio::try_join!(
            self.get_eventual(keys),
            self.role_names(paths.iter().map(OrgPath::id))
        )?;
        let orgs = paths.iter().filter_map(|path| found.organization(path.id()));
        let mut orgs: Vec<_> = orgs.collect();
        orgs.sort_by_key(|org| index::path(&org.path));
        Ok(OrganizationBatch { orgs, names: by_organization(names), next: None, units: 0.0 })
    }
}

fn by_organization(names: Vec<RoleNames>) -> HashMap<OrgId, RoleNames> {
    names.into_iter().map(|names| (names.path.id(), names)).collect()
}

/// The roles of an organization that a search finds, each with its position.
fn entries(
    org: Organization,
    names: &HashMap<OrgId, RoleNames>,
    search: Option<&Search>,
) -> impl Iterator<Item = (String, RoleEntry)> {
    let org = Arc::new(org);
    let finds = |text: &str| search.is_none_or(|search| search.finds(text));
    let available = |role: &BuiltIn| org.kind == Kind::Partner || !role.partner_only();
    let built_in = BuiltIn::ALL.into_iter().filter(available).filter(|role| finds(role.name()));
    let mut roles: Vec<_> =
        built_in.map(|role| (format!("0{}", role as u8), RoleId::BuiltIn(role))).collect();
    for (folded, role) in names.get(&org.id()).into_iter().flat_map(RoleNames::by_name) {
        if finds(role.name.as_str()) || (!role.description.is_empty() && finds(&role.description)) {
            roles.push((format!("1{folded}"), RoleId::Custom(role.id)));
        }
    }
    let prefix = index::in_organization(&org.path);
    roles.into_iter().map(move |(rank, role)| {
        (format!("{prefix}{rank}"), RoleEntry { org: Arc::clone(&org), role })
    })
}
