//! `POST /access/v1/search/subject`: the members who may do an action in an organization. First
//! those of the organization itself, then of the ones above it, then of its partners.
//!
//! Indexes yield candidates by role; each candidate is then decided like an evaluation. A member
//! who may do the action on several paths is listed once, for the first of them.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use shared::{
    domain::{
        AccessPath, Action, CustomerLink, Member, OrgId, Organization, Person, RoleId,
        first_granting, granting_roles,
    },
    http::{AnyObject, ApiError, Call, Json, log_organization},
    store::{
        AccessQuery, Error, Key, List, ListedUser, PageRequest, Position, Slice, Status, Store,
        UserFilter, index,
    },
};

use super::{
    DecisionCaller, SUBJECTS, USER, organization,
    positions::{SourceRank, SubjectPosition},
    search::{Reference, Results, SearchPage},
    wire::{JsonFields, malformed},
};

/// The most roles whose members are read concurrently. With more roles, all members of the
/// organization are read.
const MAX_MERGED_ROLES: usize = 8;
/// The most partners that one page examines.
const MAX_PARTNERS: usize = 10;

/// An organization whose members may reach the resource, and the roles that grant the action.
struct MemberSource {
    rank: SourceRank,
    org: Organization,
    roles: Vec<RoleId>,
}

/// The sources of one page, and the position of the next page if there are more.
struct MemberSources {
    sources: Vec<MemberSource>,
    beyond: Option<SubjectPosition>,
}

/// A member whose role grants the action according to the indexes, and the source of the member.
struct Candidate<'a> {
    source: &'a MemberSource,
    member: Member,
}

/// The candidates of one page, and the position of the next page if there are more.
struct CandidatePage<'a> {
    candidates: Vec<Candidate<'a>>,
    next: Option<SubjectPosition>,
}

pub(super) async fn search(
    call: Call,
    AnyObject(fields): AnyObject,
) -> Result<Json<Results<Reference>>, ApiError> {
    let fields = JsonFields::of(&fields);
    let kind = fields.required_type("subject").map_err(malformed)?;
    let action = fields.required_action().map_err(malformed)?;
    let resource = fields.required_entity("resource").map_err(malformed)?;
    log_organization(organization(&resource));
    let page = SearchPage::new(SUBJECTS, &fields, "subject")?;
    DecisionCaller::of(&call).may_ask_about_everyone()?;
    if page.limit == 0 {
        return Ok(page.pause());
    }
    let known = (Action::find(&action.name), organization(&resource), kind.as_str());
    let (Some(action), Some(org), USER) = known else {
        return Ok(page.end());
    };
    granted_subjects(&call.app.store, action, org, &page, call.context.at).await
}

async fn granted_subjects(
    store: &Store,
    action: Action,
    org: OrgId,
    page: &SearchPage<SubjectPosition>,
    now: Timestamp,
) -> Result<Json<Results<Reference>>, ApiError> {
    let start = SubjectPosition::default();
    let at = page.after.as_ref().unwrap_or(&start);
    let MemberSources { sources, beyond } = sources(store, action, org, at).await?;
    let CandidatePage { candidates, next } = candidates(store, &sources, at, page.limit).await?;
    let query = |candidate: &Candidate<'_>| AccessQuery {
        subject: Person::subject(candidate.member.user_id.clone(), now),
        org,
        actions: vec![action],
    };
    let queries: Vec<_> = candidates.iter().map(query).collect();
    let memberships = store.memberships_on_paths(&queries).await?;
    let found = candidates.into_iter().zip(memberships).filter_map(|(candidate, paths)| {
        let Candidate { source, member } = candidate;
        let first = first_granting(&paths, action)?;
        let is_first_path = first.path == source.rank.path() && first.from() == source.org.id();
        // The membership that grants the action was read by its key.
        let member = first.standing.member.as_ref().unwrap_or(&member);
        is_first_path.then(|| Reference::subject(member))
    });
    Ok(page.answer(found.collect(), next.or(beyond)))
}

/// The sources of `org` from a position on, in the order of their ranks.
async fn sources(
    store: &Store,
    action: Action,
    org: OrgId,
    at: &SubjectPosition,
) -> Result<MemberSources, Error> {
    let mut all = MemberSources { sources: vec![], beyond: None };
    let Some(resource) = store.organization(org).await? else { return Ok(all) };
    let ancestors =
        if AccessPath::Ancestor.supports(action) { resource.path.ancestors() } else { &[] };
    let partners = partners(store, action, org, at).await?;
    if partners.next.is_some() {
        let last = partners.items.last().map(|link| link.partner_id);
        let done = last.map(|id| SourceRank::Partner { id, is_done: true });
        all.beyond = done.map(SubjectPosition::start);
    }
    let partner_ids = partners.items.iter().map(|link| link.partner_id);
    let link_keys = partner_ids.clone().map(|partner| Key::customer(partner, org));
    let ancestor_and_partner_keys =
        ancestors.iter().copied().chain(partner_ids.clone()).map(Key::organization);
    let root_id = resource.path.root_id();
    let needs_root = action.depends_on_root_settings() && root_id != org;
    let root_key = needs_root.then(|| Key::organization(root_id));
    let found = store.get(ancestor_and_partner_keys.chain(link_keys).chain(root_key)).await?;
    let root = found.organization(root_id).cloned();
    let mut add_source = |rank: SourceRank, link, org: Option<Organization>| {
        // Ranks before the position were read by earlier pages.
        let Some(org) = org.filter(|_| rank >= at.rank) else { return };
        let roles = granting_roles(rank.path(), link, &org, root.as_ref(), action);
        if !roles.is_empty() {
            all.sources.push(MemberSource { rank, org, roles });
        }
    };
    add_source(SourceRank::Own, None, Some(resource.clone()));
    for (depth, &ancestor) in ancestors.iter().enumerate() {
        add_source(SourceRank::Ancestor(depth), None, found.organization(ancestor).cloned());
    }
    for partner in partner_ids {
        let link = found.customer(&Key::customer(partner, org))?.map(CustomerLink::access);
        let rank = SourceRank::Partner { id: partner, is_done: false };
        add_source(rank, link, found.organization(partner).cloned());
    }
    Ok(all)
}

/// The partners of a customer from a position on; none if no partner may do the action.
async fn partners(
    store: &Store,
    action: Action,
    org: OrgId,
    at: &SubjectPosition,
) -> Result<Slice<CustomerLink>, Error> {
    if !AccessPath::Partner.supports(action) {
        return Ok(Slice { items: vec![], next: None });
    }
    let partner = match at.rank {
        SourceRank::Partner { id, .. } => Some(id),
        SourceRank::Own | SourceRank::Ancestor(_) => None,
    };
    let page = PageRequest { limit: MAX_PARTNERS, after: None };
    store.page(List::partners(org, partner), page).await
}

/// A page of the members whose roles grant the action according to the indexes.
async fn candidates<'a>(
    store: &Store,
    sources: &'a [MemberSource],
    at: &SubjectPosition,
    limit: usize,
) -> Result<CandidatePage<'a>, Error> {
    let pages = sources.iter().map(|source| {
        let last = at.key.as_deref().filter(|_| source.rank == at.rank);
        let after = last.map(Position::new);
        let roles: &[RoleId] =
            if source.roles.len() > MAX_MERGED_ROLES { &[] } else { &source.roles };
        let active = vec![Status::Active];
        let filter = UserFilter::of_roles(&source.org.path, active, roles.to_vec());
        async move { store.users(&filter, PageRequest { limit, after: after.as_ref() }).await }
    });
    let mut candidates = Vec::new();
    for (source, page) in sources.iter().zip(try_join_all(pages).await?) {
        let rank = source.rank;
        let room = limit - candidates.len();
        if room == 0 && !page.items.is_empty() {
            let next = Some(SubjectPosition::start(rank));
            return Ok(CandidatePage { candidates, next });
        }
        let is_cut = page.items.len() > room;
        let mut last = page.next.map(|next| next.key);
        for user in page.items.into_iter().take(room) {
            if let ListedUser::Active(member) = user {
                if is_cut {
                    last = Some(index::user_by_address(&member.path, &index::address_of(&member)));
                }
                candidates.push(Candidate { source, member });
            }
        }
        if last.is_some() {
            let next = Some(SubjectPosition { rank, key: last });
            return Ok(CandidatePage { candidates, next });
        }
    }
    Ok(CandidatePage { candidates, next: None })
}
