//! Lists of roles of several organizations, with or without a search (SUB4, SUB6).
//!
//! The order is by organization; in each, the built-in roles come first, then the custom ones by
//! name. Organizations and their role names are two ranges with the same order. A filter by status
//! reads the numbers of users of each role.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    Error, FetchedItems, Key, OrganizationCounts, PageRequest, Position, Slice, Status, Store,
    expression::Expression,
    index::{self, Index},
    item::{from_item, number, text},
    range::{MAX_FILTER_UNITS, Merged, Range},
    role_names::RoleNames,
};
use crate::domain::{
    BuiltIn, Kind, OrgId, OrgPath, Organization, RoleId, Scope, Search, UserCount,
};

/// The most organizations that a search or a filter reads in one step.
const SEARCHED_AT_ONCE: usize = 100;
/// The most steps for one page.
const MAX_STEPS: usize = 4;
/// The roles whose numbers of users are read at once.
const COUNTED_AT_ONCE: usize = 25;
/// The most read units that [`COUNTED_AT_ONCE`] numbers of users cost.
const UNITS_PER_COUNTING: f64 = 12.5;

/// The roles that a list shows.
#[derive(Clone, Debug)]
pub struct RoleFilter {
    /// The organizations.
    pub scope: Scope,
    /// The text to search for in names and descriptions.
    pub search: Option<Search>,
    /// The filters of each role.
    pub selection: RoleSelection,
}

/// The roles with certain ids that have users with a certain status (SUB6).
#[derive(Clone, Debug, Default)]
pub struct RoleSelection {
    /// The ids; empty for any role.
    pub roles: BTreeSet<RoleId>,
    /// The statuses. A role has at least one user with one of them; empty for any role.
    pub statuses: BTreeSet<Status>,
}

impl RoleSelection {
    /// Whether the selection contains all roles.
    pub fn is_everything(&self) -> bool {
        self.roles.is_empty() && self.statuses.is_empty()
    }

    /// Whether the selection can contain custom roles.
    pub fn has_custom_roles(&self) -> bool {
        self.roles.is_empty() || self.roles.iter().any(|role| role.custom().is_some())
    }

    /// Whether the selection contains a role with this number of users.
    pub fn contains(&self, role: RoleId, users: UserCount) -> bool {
        self.has_id(role) && self.has_selected(users)
    }

    fn has_id(&self, role: RoleId) -> bool {
        self.roles.is_empty() || self.roles.contains(&role)
    }

    fn has_selected(&self, users: UserCount) -> bool {
        let number = |status: &Status| match status {
            Status::Active => users.members(),
            Status::Pending => users.pending,
        };
        self.statuses.is_empty() || self.statuses.iter().any(|status| number(status) > 0)
    }

    /// The condition on the item of a custom role.
    pub(super) fn condition(&self) -> Expression {
        let custom = self.roles.iter().filter(|role| role.custom().is_some());
        let named: Vec<_> = custom.enumerate().map(|(nth, id)| (format!("id{nth}"), id)).collect();
        let ids = named.iter().map(|(name, id)| (name.as_str(), text(id.to_string())));
        let has_users = |status: &Status| {
            let counters = match status {
                Status::Active => "#active > :none OR #services > :none",
                Status::Pending => "#pending > :none",
            };
            Expression::new(counters, [("none", number(0))])
        };
        let used = self.statuses.iter().map(has_users).fold(Expression::default(), Expression::or);
        Expression::one_of("id", ids).and(used)
    }
}

/// A role of one of the organizations.
#[derive(Clone, Debug)]
pub struct RoleEntry {
    /// The organization, as of a moment ago.
    pub org: Arc<Organization>,
    /// The role.
    pub role: RoleId,
}

/// A role that may be on a page, and its position.
type Candidate = (String, RoleEntry);

/// Some organizations with their role names.
struct OrganizationBatch {
    orgs: Vec<Organization>,
    names: HashMap<OrgId, RoleNames>,
    /// The organization that comes next.
    next: Option<OrgPath>,
    /// The read units that were consumed.
    units: f64,
}

impl OrganizationBatch {
    /// The first `wanted` of some organizations, as far as their role names were read.
    fn of(orgs: Merged, names: Merged, wanted: usize) -> Result<Self, Error> {
        let units = orgs.units + names.units;
        let stopped = orgs.complete_to.is_some() || names.complete_to.is_some();
        let is_complete = |key: &String| names.complete_to.as_ref().is_none_or(|end| key <= end);
        let mut complete: Vec<_> =
            orgs.items.into_iter().filter(|(key, _)| is_complete(key)).collect();
        // The last one is read again where the list continues.
        let continues = complete.len() > wanted || stopped && complete.len() > 1;
        let last = if continues { complete.pop() } else { None };
        let decoded = names.items.into_iter().map(|(_, item)| RoleNames::of(item));
        Ok(Self {
            orgs: complete
                .into_iter()
                .map(|(_, item)| from_item(item))
                .collect::<Result<_, _>>()?,
            names: by_organization(decoded.collect::<Result<_, _>>()?),
            next: last.and_then(|(key, _)| index::path_of(&key)),
            units,
        })
    }
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
        let mut found: Vec<Candidate> = Vec::new();
        let (mut units, mut examined) = (0.0, None);
        let counts = !filter.selection.statuses.is_empty();
        let finds_all = filter.search.is_none() && filter.selection.is_everything();
        // Every organization has at least three roles.
        let wanted = if finds_all { limit / 3 + 1 } else { SEARCHED_AT_ONCE };
        for _ in 0..MAX_STEPS {
            let batch =
                self.organizations_with_roles(&filter.scope, start.as_ref(), wanted).await?;
            units += batch.units;
            let entries = batch.orgs.into_iter().flat_map(|org| entries(org, &batch.names, filter));
            let new = entries.filter(|(key, _)| after.is_none_or(|after| &**key > after));
            for some in new.collect::<Vec<_>>().chunks(COUNTED_AT_ONCE) {
                found.extend(self.with_users(some, &filter.selection, &mut units).await?);
                examined = some.last().map(|(key, _)| Position::new(key.clone()));
                if found.len() > limit || counts && units >= MAX_FILTER_UNITS / 2.0 {
                    return Ok(slice(found, limit, examined));
                }
            }
            start = batch.next;
            examined = start.as_ref().map(|next| Position::new(index::path(next)));
            if start.is_none() || found.len() >= limit || units >= MAX_FILTER_UNITS / 2.0 {
                break;
            }
        }
        Ok(slice(found, limit, examined))
    }

    /// The roles that have users with a selected status, as of a moment ago. Adds the read units
    /// that this consumes to `units`.
    async fn with_users(
        &self,
        entries: &[Candidate],
        selection: &RoleSelection,
        units: &mut f64,
    ) -> Result<Vec<Candidate>, Error> {
        if selection.statuses.is_empty() {
            return Ok(entries.to_vec());
        }
        *units += UNITS_PER_COUNTING;
        let keys = entries.iter().map(|(_, RoleEntry { org, role })| match role {
            RoleId::BuiltIn(_) => Key::counts(org.id()),
            RoleId::Custom(id) => Key::role(org.id(), *id),
        });
        let counts = self.get_eventual(keys).await?;
        let mut found = Vec::new();
        for (key, entry) in entries {
            if selection.has_selected(users_of(entry, &counts)?) {
                found.push((key.clone(), entry.clone()));
            }
        }
        Ok(found)
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
            [range.starting_at(start.map(index::path)).bounded()]
        });
        let (orgs, names) = tokio::try_join!(
            self.merged(&orgs, wanted, None, MAX_FILTER_UNITS / 2.0),
            self.merged(&names, wanted, None, MAX_FILTER_UNITS / 2.0)
        )?;
        OrganizationBatch::of(orgs, names, wanted)
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
        let mut orgs: Vec<_> =
            paths.iter().filter_map(|path| found.organization(path.id()).cloned()).collect();
        orgs.sort_by_key(|org| index::path(&org.path));
        Ok(OrganizationBatch { orgs, names: by_organization(names), next: None, units: 0.0 })
    }
}

fn by_organization(names: Vec<RoleNames>) -> HashMap<OrgId, RoleNames> {
    names.into_iter().map(|names| (names.path.id(), names)).collect()
}

/// The first `limit` roles. The list continues after the last of them if there are more, else after
/// `examined`.
fn slice(mut found: Vec<Candidate>, limit: usize, examined: Option<Position>) -> Slice<RoleEntry> {
    let mut next = examined;
    if found.len() > limit {
        found.truncate(limit);
        next = found.last().map(|(key, _)| Position::new(key.clone()));
    }
    Slice { items: found.into_iter().map(|(_, role)| role).collect(), next }
}

/// The number of users of a role, by its item or the counter item of its organization.
fn users_of(entry: &RoleEntry, counts: &FetchedItems) -> Result<UserCount, Error> {
    let RoleEntry { org, role } = entry;
    Ok(match *role {
        RoleId::BuiltIn(role) => OrganizationCounts::of(org, counts).users(role),
        RoleId::Custom(id) => {
            counts.role(&Key::role(org.id(), id))?.map(|found| found.users).unwrap_or_default()
        }
    })
}

/// The roles of an organization that the search finds and the selection names, each with its
/// position.
fn entries(
    org: Organization,
    names: &HashMap<OrgId, RoleNames>,
    filter: &RoleFilter,
) -> impl Iterator<Item = Candidate> + use<> {
    let org = Arc::new(org);
    let finds = |text: &str| filter.search.as_ref().is_none_or(|search| search.finds(text));
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
    roles.retain(|(_, role)| filter.selection.has_id(*role));
    roles.into_iter().map(move |(rank, role)| {
        (format!("{prefix}{rank}"), RoleEntry { org: Arc::clone(&org), role })
    })
}
