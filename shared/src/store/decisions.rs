//! Reads for decisions about a subject (ORG6): every path on which they may reach an organization.
//!
//! A decision by membership takes one round trip, a decision through an ancestor or a partner two.
//! Indexes only find candidates. Facts are read by key, strongly consistent. An index that lags can
//! make a decision stricter, never more permissive.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::{try_join, try_join_all};

use super::{Error, FetchedItems, Key, PageRequest, Slice, Store};
use crate::domain::{
    AccessPath, Action, OrgId, OrgPath, Organization, PathMembership, Person, Standing, UserId,
    first_granting,
};

/// The most entries that an index gives as candidates: about one read unit.
const PROPOSED: usize = 10;
/// The page size when all entries are needed.
const DRAINED: usize = 100;

/// The question whether a subject may do actions in an organization.
#[derive(Clone, Debug)]
pub struct AccessQuery {
    /// The subject.
    pub subject: UserId,
    /// The organization.
    pub org: OrgId,
    /// The actions.
    pub actions: Vec<Action>,
}

/// Candidate organizations from an index.
#[derive(Debug, Default)]
struct IndexHits {
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
    fn takes(&self, way: AccessPath) -> bool {
        self.actions.iter().any(|&action| way.supports(action))
    }

    fn place(&self, at: OrgId) -> [Key; 2] {
        [Key::organization(at), Key::membership(at, &self.subject)]
    }

    /// Whether an action depends on the settings of the root, which is another organization (SUB1).
    fn depends_on_root_settings(&self, org: &Organization) -> bool {
        !org.path.is_root() && self.actions.iter().any(|action| action.depends_on_root_settings())
    }

    /// The paths on which the subject reaches the organization, according to `found`.
    fn approaches(
        &self,
        elsewhere: &CandidateOrganizations,
        found: &FetchedItems,
    ) -> Result<Vec<PathMembership>, Error> {
        let Some(org) = found.organization(self.org) else { return Ok(vec![]) };
        let root = org.path.root_id();
        let mut approaches = Vec::new();
        let own = [(AccessPath::Member, self.org)].into_iter();
        let above = elsewhere.ancestors.iter().map(|&ancestor| (AccessPath::Ancestor, ancestor));
        let beside = elsewhere.partners.iter().map(|&partner| (AccessPath::Partner, partner));
        for (way, at) in own.chain(above).chain(beside) {
            let link = found.customer(&Key::customer(at, self.org))?.map(|link| link.preferred);
            let standing = stands(&self.subject, at, root, found)?;
            approaches.extend(standing.map(|standing| PathMembership {
                path: way,
                standing,
                preferred: link,
            }));
        }
        Ok(approaches)
    }
}

/// The standing of a subject in an organization; none if they are not a member there.
fn stands(
    subject: &UserId,
    at: OrgId,
    root: OrgId,
    found: &FetchedItems,
) -> Result<Option<Standing>, Error> {
    let (org, member) = (found.organization(at), found.membership(at, subject)?);
    let (person, root) = (Person::subject(subject.clone()), found.organization(root));
    Ok(Standing::of(person, org, member, root.as_ref()).ok())
}

impl Store {
    /// The paths on which the subject of each question reaches its organization, in the order of
    /// evaluation. All questions share their reads.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn approaches(
        &self,
        questions: &[AccessQuery],
    ) -> Result<Vec<Vec<PathMembership>>, Error> {
        let places = questions.iter().flat_map(|question| question.place(question.org));
        let (mut found, (memberships, partners)) =
            try_join(self.fetch(places.collect()), self.proposed(questions)).await?;
        let (mut elsewhere, mut further) = (Vec::new(), Vec::new());
        for question in questions {
            let nowhere = CandidateOrganizations::default();
            let direct = question.approaches(&nowhere, &found)?;
            let denied = |action: &Action| first_granting(&direct, *action).is_none();
            let org =
                found.organization(question.org).filter(|_| question.actions.iter().any(denied));
            let Some(org) = org else {
                elsewhere.push(nowhere);
                continue;
            };
            let (memberships, partners) =
                (memberships.get(&question.subject), partners.get(&question.org));
            let there = self.elsewhere(question, &org, memberships, partners).await?;
            further.extend(there.ancestors.iter().flat_map(|&above| question.place(above)));
            for &partner in &there.partners {
                further.extend(question.place(partner));
                further.push(Key::customer(partner, question.org));
            }
            let member = !direct.is_empty() || !there.ancestors.is_empty();
            if member && question.depends_on_root_settings(&org) {
                further.push(Key::organization(org.path.root_id()));
            }
            elsewhere.push(there);
        }
        found = found.and(self.fetch(further).await?);
        let all = questions.iter().zip(&elsewhere);
        all.map(|(question, elsewhere)| question.approaches(elsewhere, &found)).collect()
    }

    /// The standing of a subject in each of these organizations; none where they are no member.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn standings(
        &self,
        subject: &UserId,
        paths: &[OrgPath],
    ) -> Result<Vec<Option<Standing>>, Error> {
        let keys = paths.iter().flat_map(|path| {
            let (own, member) = (Key::organization(path.id()), Key::membership(path.id(), subject));
            [own, member, Key::organization(path.root_id())]
        });
        let found = self.fetch(keys.collect()).await?;
        let all = paths.iter();
        all.map(|path| stands(subject, path.id(), path.root_id(), &found)).collect()
    }

    /// The candidates of the indexes: for each subject, and for each organization.
    async fn proposed(
        &self,
        questions: &[AccessQuery],
    ) -> Result<(HashMap<UserId, IndexHits>, HashMap<OrgId, IndexHits>), Error> {
        let abroad = |question: &&AccessQuery| {
            question.takes(AccessPath::Ancestor) || question.takes(AccessPath::Partner)
        };
        let subjects: BTreeSet<_> =
            questions.iter().filter(abroad).map(|question| &question.subject).collect();
        let linked = questions.iter().filter(|question| question.takes(AccessPath::Partner));
        let customers: BTreeSet<_> = linked.map(|question| question.org).collect();
        let window = PageRequest { limit: PROPOSED, after: None };
        let memberships = subjects.into_iter().map(async |subject| {
            let found = self.memberships(subject, window).await?;
            Ok::<_, Error>((subject.clone(), IndexHits::of(found, |member| member.path.id())))
        });
        let partners = customers.into_iter().map(async |customer| {
            let found = self.partners(customer, None, window).await?;
            Ok::<_, Error>((customer, IndexHits::of(found, |link| link.partner_id)))
        });
        let (memberships, partners) =
            try_join(try_join_all(memberships), try_join_all(partners)).await?;
        Ok((memberships.into_iter().collect(), partners.into_iter().collect()))
    }

    /// The candidates for paths other than membership: organizations that both indexes contain, or
    /// one index if the other has too many entries.
    async fn elsewhere(
        &self,
        question: &AccessQuery,
        org: &Organization,
        memberships: Option<&IndexHits>,
        partners: Option<&IndexHits>,
    ) -> Result<CandidateOrganizations, Error> {
        let may =
            |at: &OrgId| memberships.is_none_or(|known| known.more || known.orgs.contains(at));
        let mut elsewhere = CandidateOrganizations::default();
        if question.takes(AccessPath::Ancestor) {
            elsewhere.ancestors = org.path.ancestors().iter().copied().filter(may).collect();
        }
        elsewhere.partners = match (partners, memberships) {
            (None, _) => vec![],
            (Some(partners), _) if !partners.more => {
                partners.orgs.iter().copied().filter(may).collect()
            }
            (_, Some(memberships)) if !memberships.more => {
                memberships.orgs.iter().copied().collect()
            }
            _ => self.all_partners(question.org).await?,
        };
        Ok(elsewhere)
    }

    /// Every partner of a customer.
    async fn all_partners(&self, customer: OrgId) -> Result<Vec<OrgId>, Error> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let window = PageRequest { limit: DRAINED, after: after.as_ref() };
            let Slice { items, next } = self.partners(customer, None, window).await?;
            all.extend(items.into_iter().map(|link| link.partner_id));
            match next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}

impl IndexHits {
    fn of<T>(found: Slice<T>, org: impl Fn(T) -> OrgId) -> Self {
        Self { more: found.next.is_some(), orgs: found.items.into_iter().map(org).collect() }
    }
}
