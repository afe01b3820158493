//! Reads for decisions about a subject (ORG6): every path on which they may reach an organization.
//!
//! A decision by membership takes one round trip, a decision through an ancestor or a partner two.
//! Indexes only find candidates. Facts are read by key, strongly consistent. An index that lags can
//! make a decision stricter, never more permissive.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join_all};

use super::{Error, FetchedItems, Key, List, PageRequest, Slice, Store};
use crate::domain::{
    AccessPath, Action, CustomerLink, OrgId, OrgPath, Organization, PathMembership, Person,
    Standing, UserId, first_granting,
};

/// The most entries that an index gives as candidates: about one read unit.
const INDEX_HITS: usize = 10;
/// The page size when all entries are needed.
const PAGE: usize = 100;

/// The question whether a subject may do actions in an organization.
#[derive(Clone, Debug)]
pub struct AccessQuery {
    /// The subject. Their sign-in is known if they ask about themselves.
    pub subject: Person,
    /// The organization.
    pub org: OrgId,
    /// The actions.
    pub actions: Vec<Action>,
}

/// Candidate organizations from an index.
#[derive(Debug, Default)]
pub(super) struct IndexHits {
    orgs: BTreeSet<OrgId>,
    /// Whether the index has more.
    more: bool,
}

/// Candidates for paths through other organizations.
#[derive(Debug, Default)]
struct CandidateOrganizations {
    ancestors: Vec<OrgId>,
    partners: Vec<OrgId>,
}

impl AccessQuery {
    fn supports(&self, path: AccessPath) -> bool {
        self.actions.iter().any(|&action| path.supports(action))
    }

    fn keys(&self, at: OrgId) -> [Key; 2] {
        [Key::organization(at), Key::membership(at, &self.subject.id)]
    }

    /// Whether an action depends on the settings of the root, which is another organization (SUB1).
    fn depends_on_root_settings(&self, org: &Organization) -> bool {
        !org.path.is_root() && self.actions.iter().any(|action| action.depends_on_root_settings())
    }

    /// The paths on which the subject reaches the organization, according to `found`.
    fn memberships_on_paths(
        &self,
        candidates: &CandidateOrganizations,
        found: &FetchedItems,
    ) -> Result<Vec<PathMembership>, Error> {
        let Some(org) = found.organization(self.org) else { return Ok(vec![]) };
        let resource_suspended = org.suspension().is_some();
        let root = org.path.root_id();
        let mut memberships = Vec::new();
        let own = [(AccessPath::Member, self.org)].into_iter();
        let above = candidates.ancestors.iter().map(|&ancestor| (AccessPath::Ancestor, ancestor));
        let partners = candidates.partners.iter().map(|&partner| (AccessPath::Partner, partner));
        for (path, at) in own.chain(above).chain(partners) {
            let link = found.customer(&Key::customer(at, self.org))?.map(CustomerLink::access);
            let (standing, access_expired) = match standing_at(&self.subject, at, root, found)? {
                Some(standing) => (Some(standing), false),
                None => (standing_after_end(&self.subject, at, root, found)?, true),
            };
            let membership = |standing| PathMembership {
                path,
                standing,
                link,
                resource_name: org.name.clone(),
                resource_suspended,
                access_expired,
            };
            memberships.extend(standing.map(membership));
        }
        Ok(memberships)
    }
}

impl Store {
    /// The paths on which the subject of each query reaches its organization, in the order of
    /// evaluation. All queries share their reads.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn memberships_on_paths(
        &self,
        queries: &[AccessQuery],
    ) -> Result<Vec<Vec<PathMembership>>, Error> {
        let keys = queries.iter().flat_map(|query| query.keys(query.org));
        let (mut found, (memberships, partners)) =
            try_join(self.fetch(keys.collect()), self.index_hits(queries)).await?;
        let mut candidates = Vec::new();
        let mut more_keys = Vec::new();
        for query in queries {
            let no_candidates = CandidateOrganizations::default();
            let direct = query.memberships_on_paths(&no_candidates, &found)?;
            // Other paths matter only if the membership leaves an action undecided.
            let granted = |action: &Action| first_granting(&direct, *action).is_some();
            let is_decided = query.actions.iter().all(granted);
            let Some(org) = found.organization(query.org).filter(|_| !is_decided) else {
                candidates.push(no_candidates);
                continue;
            };
            let (memberships, partners) =
                (memberships.get(&query.subject.id), partners.get(&query.org));
            let own = self.candidates(query, org, memberships, partners).await?;
            more_keys.extend(own.ancestors.iter().flat_map(|&above| query.keys(above)));
            for &partner in &own.partners {
                more_keys.extend(query.keys(partner));
                more_keys.push(Key::customer(partner, query.org));
            }
            let reaches_within_tree = !direct.is_empty() || !own.ancestors.is_empty();
            if reaches_within_tree && query.depends_on_root_settings(org) {
                more_keys.push(Key::organization(org.path.root_id()));
            }
            candidates.push(own);
        }
        found = found.and(self.fetch(more_keys).await?);
        let all = queries.iter().zip(&candidates);
        all.map(|(query, candidates)| query.memberships_on_paths(candidates, &found)).collect()
    }

    /// The standing of a subject in each of these organizations; `None` where they are not a
    /// member.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn standings(
        &self,
        subject: &Person,
        paths: &[OrgPath],
    ) -> Result<Vec<Option<Standing>>, Error> {
        let keys = paths.iter().flat_map(|path| {
            let member = Key::membership(path.id(), &subject.id);
            [Key::organization(path.id()), member, Key::organization(path.root_id())]
        });
        let found = self.fetch(keys.collect()).await?;
        let all = paths.iter();
        all.map(|path| standing_at(subject, path.id(), path.root_id(), &found)).collect()
    }

    /// The candidates of the indexes: for each subject, and for each organization.
    async fn index_hits(
        &self,
        queries: &[AccessQuery],
    ) -> Result<(HashMap<UserId, IndexHits>, HashMap<OrgId, IndexHits>), Error> {
        let indirect = |query: &&AccessQuery| {
            query.supports(AccessPath::Ancestor) || query.supports(AccessPath::Partner)
        };
        let subjects: BTreeSet<_> =
            queries.iter().filter(indirect).map(|query| &query.subject.id).collect();
        let linked = queries.iter().filter(|query| query.supports(AccessPath::Partner));
        let customers: BTreeSet<_> = linked.map(|query| query.org).collect();
        let page = PageRequest { limit: INDEX_HITS, after: None };
        let memberships = subjects.into_iter().map(async |subject| {
            Ok::<_, Error>((subject.clone(), self.membership_hits(subject).await?))
        });
        let partners = customers.into_iter().map(async |customer| {
            let found = self.page(List::partners(customer, None), page).await?;
            Ok::<_, Error>((customer, IndexHits::of(found, |link| link.partner_id)))
        });
        let (memberships, partners) =
            try_join(try_join_all(memberships), try_join_all(partners)).await?;
        Ok((memberships.into_iter().collect(), partners.into_iter().collect()))
    }

    /// The organizations of which the index lists a person as a member.
    pub(super) async fn membership_hits(&self, user: &UserId) -> Result<IndexHits, Error> {
        let page = PageRequest { limit: INDEX_HITS, after: None };
        let found = self.page(List::memberships(user), page).await?;
        Ok(IndexHits::of(found, |member| member.path.id()))
    }

    /// The candidates for paths other than membership: organizations that both indexes contain, or
    /// one index if the other has too many entries.
    async fn candidates(
        &self,
        query: &AccessQuery,
        org: &Organization,
        memberships: Option<&IndexHits>,
        partners: Option<&IndexHits>,
    ) -> Result<CandidateOrganizations, Error> {
        let may = |at: &OrgId| memberships.is_none_or(|known| known.may_have(*at));
        let mut candidates = CandidateOrganizations::default();
        if query.supports(AccessPath::Ancestor) {
            candidates.ancestors = org.path.ancestors().iter().copied().filter(may).collect();
        }
        candidates.partners = match (partners, memberships) {
            (None, _) => vec![],
            (Some(partners), _) if !partners.more => {
                partners.orgs.iter().copied().filter(may).collect()
            }
            (_, Some(memberships)) if !memberships.more => {
                memberships.orgs.iter().copied().collect()
            }
            _ => self.all_partners(query.org).await?,
        };
        Ok(candidates)
    }

    /// Every partner of a customer.
    async fn all_partners(&self, customer: OrgId) -> Result<Vec<OrgId>, Error> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = PageRequest { limit: PAGE, after: after.as_ref() };
            let Slice { items, next } = self.page(List::partners(customer, None), page).await?;
            all.extend(items.into_iter().map(|link| link.partner_id));
            match next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}

impl IndexHits {
    /// Whether the index has this organization, or more than was read.
    pub(super) fn may_have(&self, org: OrgId) -> bool {
        self.more || self.orgs.contains(&org)
    }

    fn of<T>(found: Slice<T>, org: impl Fn(T) -> OrgId) -> Self {
        Self { more: found.next.is_some(), orgs: found.items.into_iter().map(org).collect() }
    }
}

/// The standing of a subject whose access to an organization has ended; none if it never began
/// (END1).
fn standing_after_end(
    subject: &Person,
    at: OrgId,
    root: OrgId,
    found: &FetchedItems,
) -> Result<Option<Standing>, Error> {
    let ended = found.access_ended_at(at, &subject.id, subject.at)?;
    let Some(org) = found.organization(at).cloned().filter(|_| ended.is_some()) else {
        return Ok(None);
    };
    let root = found.organization(root);
    Ok(Some(Standing::without_access(subject.clone(), org, root)))
}

/// The standing of a subject in an organization; none if they are not a member there.
fn standing_at(
    subject: &Person,
    at: OrgId,
    root: OrgId,
    found: &FetchedItems,
) -> Result<Option<Standing>, Error> {
    let (org, member) = (found.organization(at).cloned(), found.membership(at, &subject.id)?);
    let root = found.organization(root);
    Ok(Standing::unchecked(subject.clone(), org, member, root).ok())
}
