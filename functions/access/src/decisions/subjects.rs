//! Who may do an action in an organization: those whose roles grant it there, then above it, then
//! in its partners.
//!
//! Indexes propose, by role; each proposal is then decided like an evaluation. Whoever may by
//! several ways is found once: by the first of them.

use axum::extract::State;
use futures_util::future::try_join_all;
use shared::{
    domain::{
        Action, CustomerLink, Member, OrgId, Organization, RoleId, Way, granting, granting_roles,
    },
    http::{AnyObject, App, Caller, Instead, Json},
    store::{Error, Key, Listing, Question, Status, Store, User, UserFilter, Window, keys},
};

use super::{
    Asker, SUBJECTS, USER, certification, organization,
    search::{Reference, Results, Step},
    wire::{Doing, Entity, Members, bad},
};

/// So many roles at most are looked through side by side; beyond, all members of an organization
/// are, whose roles then decide.
const MERGED: usize = 8;
/// So many partners are looked at in one step.
const PARTNERS: usize = 10;

/// An organization whose members may reach the one that it is about, and by which roles.
struct Source {
    /// Where it stands among all sources.
    rank: String,
    way: Way,
    org: Organization,
    roles: Vec<RoleId>,
}

/// All sources of one step, and where the next one goes on if there are more.
struct Sources {
    sources: Vec<Source>,
    beyond: Option<String>,
}

/// A position: the source, and the place in it.
struct Position<'a> {
    rank: &'a str,
    place: &'a str,
}

pub(super) async fn search(
    State(app): State<App>,
    caller: Caller,
    AnyObject(members): AnyObject,
) -> Result<Json<Results<Reference>>, Instead> {
    let members = Members::of(&members);
    let kind = members.needed_type("subject").map_err(bad)?;
    let action = members.needed_action().map_err(bad)?;
    let resource = members.needed_entity("resource").map_err(bad)?;
    let step = Step::new(SUBJECTS, &members, "subject")?;
    Asker::of(caller).may_ask_about_anybody()?;
    if step.limit == 0 {
        return Ok(step.pause());
    }
    if kind == USER && app.limits.certification && certification::knows(&resource) {
        return Ok(step.slice(certified(&action, &resource)));
    }
    match (Action::find(&action.name), organization(&resource)) {
        (Some(action), Some(org)) if kind == USER => who(&app.store, action, org, &step).await,
        _ => Ok(step.answer(vec![], None)),
    }
}

fn certified(action: &Doing, resource: &Entity) -> Vec<Reference> {
    let people = certification::PEOPLE.into_iter();
    let may = |id: &&str| certification::decide(&certification::entity(USER, id), action, resource);
    people.filter(may).map(|id| Reference::new(USER, &id)).collect()
}

async fn who(
    store: &Store,
    action: Action,
    org: OrgId,
    step: &Step,
) -> Result<Json<Results<Reference>>, Instead> {
    let position = step.after.as_deref().and_then(|after| after.split_once('|'));
    let (rank, place) = position.unwrap_or_default();
    let at = Position { rank, place };
    let Sources { sources, beyond } = sources(store, action, org, &at).await?;
    let (proposed, next) = proposed(store, &sources, &at, step.limit).await?;
    let question = |(_, member): &(&Source, Member)| Question {
        subject: member.user_id.clone(),
        org,
        actions: vec![action],
    };
    let questions: Vec<_> = proposed.iter().map(question).collect();
    let reached = store.approaches(&questions).await?;
    let found = proposed.into_iter().zip(reached).filter_map(|((source, member), approaches)| {
        let first = granting(&approaches, action)?;
        let here = first.way == source.way && first.from() == source.org.id();
        here.then(|| Reference::new(USER, &member.user_id))
    });
    Ok(step.answer(found.collect(), next.or(beyond)))
}

/// Whose members may reach `org` from this position on.
async fn sources(
    store: &Store,
    action: Action,
    org: OrgId,
    at: &Position<'_>,
) -> Result<Sources, Error> {
    let mut all = Sources { sources: vec![], beyond: None };
    let Some(here) = store.organization(org).await? else { return Ok(all) };
    let above = if Way::Ancestor.carries(action) { here.path.ancestors() } else { &[] };
    let partners = partners(store, action, org, at).await?;
    if partners.next.is_some() {
        all.beyond = partners.items.last().map(|link| format!("2{}~|", link.partner_id.bare()));
    }
    let beside = partners.items.iter().map(|link| link.partner_id);
    let linked = beside.clone().map(|partner| Key::customer(partner, org));
    let around = above.iter().copied().chain(beside.clone()).map(Key::organization);
    let root = here.path.root_id();
    let asked = (action.asks_the_root() && root != org).then(|| Key::organization(root));
    let found = store.look(around.chain(linked).chain(asked)).await?;
    let root = found.organization(root)?;
    let mut add = |rank: String, way, link, org: Option<Organization>| {
        let Some(org) = org.filter(|_| *rank >= *at.rank) else { return };
        let roles = granting_roles(way, link, &org, root.as_ref(), action);
        if !roles.is_empty() {
            all.sources.push(Source { rank, way, org, roles });
        }
    };
    for (depth, &ancestor) in above.iter().enumerate() {
        add(format!("1{depth}"), Way::Ancestor, None, found.organization(ancestor)?);
    }
    for partner in beside {
        let link = found.customer(&Key::customer(partner, org))?.map(|link| link.preferred);
        add(format!("2{}", partner.bare()), Way::Partner, link, found.organization(partner)?);
    }
    add("0".to_owned(), Way::Member, None, Some(here.clone()));
    all.sources.sort_by(|one, other| one.rank.cmp(&other.rank));
    Ok(all)
}

/// The customer's partners from this position on, if what is asked may be granted to one.
async fn partners(
    store: &Store,
    action: Action,
    org: OrgId,
    at: &Position<'_>,
) -> Result<Listing<CustomerLink>, Error> {
    if !Way::Partner.carries(action) {
        return Ok(Listing { items: vec![], next: None });
    }
    // A little before the partner where it goes on, which is thereby among those found.
    let partner = at.rank.strip_prefix('2').map(|bare| bare.trim_end_matches('~'));
    let partner = partner.and_then(|bare| OrgId::from_bare(bare).ok());
    let before = partner.map(|partner| {
        let mut place = keys::organization(partner);
        place.pop();
        place
    });
    store.partners(org, Window { limit: PARTNERS, after: before.as_deref() }).await
}

/// A page of those whose roles grant it, as the indexes have them; and where to go on.
async fn proposed<'a>(
    store: &Store,
    sources: &'a [Source],
    at: &Position<'_>,
    limit: usize,
) -> Result<(Vec<(&'a Source, Member)>, Option<String>), Error> {
    let pages = sources.iter().map(|source| {
        let place = (source.rank == at.rank && !at.place.is_empty()).then_some(at.place);
        let roles: &[RoleId] = if source.roles.len() > MERGED { &[] } else { &source.roles };
        let active = vec![Status::Active];
        let filter = UserFilter::of_roles(&source.org.path, active, roles.to_vec());
        async move { store.users(&filter, Window { limit, after: place }).await }
    });
    let mut proposed = Vec::new();
    for (source, page) in sources.iter().zip(try_join_all(pages).await?) {
        let Source { rank, .. } = source;
        let room = limit - proposed.len();
        if room == 0 && !page.items.is_empty() {
            return Ok((proposed, Some(format!("{rank}|"))));
        }
        let (mut place, more) = (page.next, page.items.len() > room);
        for user in page.items.into_iter().take(room) {
            if let User::Active(member) = user {
                if more {
                    place = Some(keys::place(&member.path, &member.email));
                }
                proposed.push((source, member));
            }
        }
        if let Some(place) = place {
            return Ok((proposed, Some(format!("{rank}|{place}"))));
        }
    }
    Ok((proposed, None))
}
