//! `POST /access/v1/search/resource`: the organizations in which a subject may do an action. First
//! the subject's own organizations, then their sub-organizations or linked customers.
//!
//! Indexes yield candidates; each candidate is then decided like an evaluation. An organization
//! that is reached on several paths is found once, on the first of them.

use shared::{
    domain::{
        AccessPath, Action, LinkAccess, OrgId, OrgPath, PathMembership, Person, Standing, UserId,
        evaluate, first_granting,
    },
    http::{AnyObject, ApiError, Call, Json},
    store::{AccessQuery, Error, List, PageRequest, Position, Store, keys},
};

use super::{
    DecisionCaller, ORGANIZATION, RESOURCES, grantable,
    positions::ResourcePosition,
    search::{Reference, Results, SearchPage},
    wire::{JsonFields, malformed},
};

/// The most memberships whose further paths one page examines.
const MAX_MEMBERSHIPS: usize = 10;
/// The most memberships whose sub-organizations or customers one page reads.
const MAX_FOLLOWED: usize = 4;

/// An organization that the subject may reach.
struct ReachableOrganization {
    org: OrgId,
    path: AccessPath,
    /// The organization of the membership with which the path begins.
    from: OrgId,
}

/// The candidates of one page, and the position of the next page if there are more.
struct ReachablePage {
    candidates: Vec<ReachableOrganization>,
    next: Option<ResourcePosition>,
}

pub(super) async fn search(
    call: Call,
    AnyObject(fields): AnyObject,
) -> Result<Json<Results<Reference>>, ApiError> {
    let fields = JsonFields::of(&fields);
    let subject = fields.required_entity("subject").map_err(malformed)?;
    let action = fields.required_action().map_err(malformed)?;
    let kind = fields.required_type("resource").map_err(malformed)?;
    let page = SearchPage::new(RESOURCES, &fields, "resource")?;
    let caller = DecisionCaller::of(&call);
    caller.may_ask_about(&subject)?;
    if page.limit == 0 {
        return Ok(page.pause());
    }
    let known = (grantable(&action), caller.person(&subject), kind.as_str());
    let (Some(action), Some(subject), ORGANIZATION) = known else {
        return Ok(page.end());
    };
    granted_resources(&call.app.store, action, &subject, &page).await
}

async fn granted_resources(
    store: &Store,
    action: Action,
    subject: &Person,
    page: &SearchPage<ResourcePosition>,
) -> Result<Json<Results<Reference>>, ApiError> {
    let mut candidates = Vec::new();
    let mut next = Some(page.after.clone().unwrap_or_default());
    if let Some(ResourcePosition::Own(after)) = &next {
        ReachablePage { candidates, next } =
            own(store, &subject.id, after.as_deref(), page.limit).await?;
    }
    let further =
        [AccessPath::Ancestor, AccessPath::Partner].into_iter().find(|path| path.supports(action));
    let room = page.limit - candidates.len();
    next = match (next, further) {
        (Some(ResourcePosition::Further { membership, organization }), Some(path)) if room > 0 => {
            let search = ResourceSearch { store, subject, action, path };
            let reachable = search.candidates(membership, organization, room).await?;
            candidates.extend(reachable.candidates);
            reachable.next
        }
        (Some(ResourcePosition::Further { .. }), None) => None,
        (next, _) => next,
    };
    let query = |candidate: &ReachableOrganization| AccessQuery {
        subject: subject.clone(),
        org: candidate.org,
        actions: vec![action],
    };
    let queries: Vec<_> = candidates.iter().map(query).collect();
    let memberships = store.memberships_on_paths(&queries).await?;
    let found = candidates.into_iter().zip(memberships).filter_map(|(candidate, paths)| {
        let first = first_granting(&paths, action)?;
        (first.path == candidate.path && first.from() == candidate.from)
            .then(|| Reference::organization(candidate.org, &first.resource_name))
    });
    Ok(page.answer(found.collect(), next))
}

/// A page of the organizations that the subject is a member of.
async fn own(
    store: &Store,
    subject: &UserId,
    after: Option<&str>,
    limit: usize,
) -> Result<ReachablePage, Error> {
    let after = after.map(Position::new);
    let page = PageRequest { limit, after: after.as_ref() };
    let found = store.page(List::memberships(subject), page).await?;
    let own = |next: Position| ResourcePosition::Own(Some(next.key));
    let next = Some(found.next.map_or(ResourcePosition::FURTHER, own));
    let orgs = found.items.into_iter().map(|member| member.path.id());
    let candidate = |org| ReachableOrganization { org, path: AccessPath::Member, from: org };
    Ok(ReachablePage { candidates: orgs.map(candidate).collect(), next })
}

/// A search for the organizations that a subject reaches without being their member.
struct ResourceSearch<'a> {
    store: &'a Store,
    subject: &'a Person,
    action: Action,
    path: AccessPath,
}

impl ResourceSearch<'_> {
    /// A page of candidates. `done` is the key of the last completed membership, `after` that of
    /// the last organization within the following one.
    async fn candidates(
        &self,
        mut done: Option<String>,
        mut after: Option<String>,
        limit: usize,
    ) -> Result<ReachablePage, Error> {
        let position =
            |membership, organization| ResourcePosition::Further { membership, organization };
        let last = done.as_deref().map(Position::new);
        let page = PageRequest { limit: MAX_MEMBERSHIPS, after: last.as_ref() };
        let memberships = self.store.page(List::memberships(&self.subject.id), page).await?;
        let paths: Vec<_> = memberships.items.into_iter().map(|member| member.path).collect();
        let standings = self.store.standings(self.subject, &paths).await?;
        let mut candidates = Vec::new();
        let mut followed = 0;
        for (path, standing) in paths.iter().zip(standings) {
            if standing.is_some_and(|standing| self.could_grant(standing)) {
                let room = limit - candidates.len();
                if room == 0 || followed == MAX_FOLLOWED {
                    return Ok(ReachablePage { candidates, next: Some(position(done, None)) });
                }
                followed += 1;
                let last = after.as_deref().map(Position::new);
                let page = PageRequest { limit: room, after: last.as_ref() };
                let (found, more) = self.follow(path, page).await?;
                candidates.extend(found.into_iter().map(|org| ReachableOrganization {
                    org,
                    path: self.path,
                    from: path.id(),
                }));
                if more.is_some() {
                    return Ok(ReachablePage { candidates, next: Some(position(done, more)) });
                }
            }
            (done, after) = (Some(keys::organization(path.id())), None);
        }
        let next = memberships.next.map(|next| position(Some(next.key), None));
        Ok(ReachablePage { candidates, next })
    }

    /// Whether this membership could grant the action in another organization.
    fn could_grant(&self, standing: Standing) -> bool {
        let link = Some(LinkAccess::Preferred);
        let membership = PathMembership {
            path: self.path,
            resource_name: standing.org.name.clone(),
            standing,
            link,
            resource_suspended: false,
            access_expired: false,
        };
        evaluate(&membership, self.action).is_ok()
    }

    async fn follow(
        &self,
        path: &OrgPath,
        page: PageRequest<'_>,
    ) -> Result<(Vec<OrgId>, Option<String>), Error> {
        if self.path == AccessPath::Partner {
            let found = self.store.page(List::customers(path.id()), page).await?;
            return Ok((
                found.items.into_iter().map(|link| link.customer_id).collect(),
                found.next.map(|next| next.key),
            ));
        }
        let found = self.store.page(List::below(path), page).await?;
        Ok((found.items.into_iter().map(|org| org.id()).collect(), found.next.map(|next| next.key)))
    }
}
