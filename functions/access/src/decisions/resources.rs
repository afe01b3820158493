//! Where a subject may do an action: in the organizations whose member they are, then in those
//! below these, or linked to them.
//!
//! Indexes propose; each proposal is then decided like an evaluation. What is reached by several
//! ways is found once: by the first of them.

use axum::extract::State;
use shared::{
    domain::{Action, Approach, OrgId, OrgPath, Standing, UserId, Way, granting, judge},
    http::{AnyObject, App, Caller, Instead, Json},
    store::{Error, Question, Scope, Store, Window, keys},
};

use super::{
    Asker, ORGANIZATION, RESOURCES, certification,
    search::{Reference, Results, Step},
    user,
    wire::{Doing, Entity, Members, bad},
};

/// So many memberships are looked at in one step, where they lead elsewhere.
const MEMBERSHIPS: usize = 10;
/// So many of them are followed.
const FOLLOWED: usize = 4;

/// An organization that may be reached, by this way from there.
type Proposal = (OrgId, Way, OrgId);

pub(super) async fn search(
    State(app): State<App>,
    caller: Caller,
    AnyObject(members): AnyObject,
) -> Result<Json<Results<Reference>>, Instead> {
    let members = Members::of(&members);
    let subject = members.needed_entity("subject").map_err(bad)?;
    let action = members.needed_action().map_err(bad)?;
    let kind = members.needed_type("resource").map_err(bad)?;
    let step = Step::new(RESOURCES, &members, "resource")?;
    Asker::of(caller).may_ask_about(&subject)?;
    if step.limit == 0 {
        return Ok(step.pause());
    }
    if app.limits.certification && kind == certification::RECORD {
        return Ok(step.slice(certified(&subject, &action)));
    }
    let action = Action::find(&action.name).filter(|action| action.level.is_some());
    match (action, user(&subject)) {
        (Some(action), Some(subject)) if kind == ORGANIZATION => {
            whereabouts(&app.store, action, &subject, &step).await
        }
        _ => Ok(step.answer(vec![], None)),
    }
}

fn certified(subject: &Entity, action: &Doing) -> Vec<Reference> {
    let entity = |id: &str| certification::entity(certification::RECORD, id);
    let may = |id: &&str| certification::decide(subject, action, &entity(id));
    let records = certification::RECORDS.into_iter().filter(may);
    records.map(|id| Reference::new(certification::RECORD, &id)).collect()
}

async fn whereabouts(
    store: &Store,
    action: Action,
    subject: &UserId,
    step: &Step,
) -> Result<Json<Results<Reference>>, Instead> {
    let after = step.after.as_deref().unwrap_or("own|");
    let (mut proposed, mut next) = (Vec::new(), Some(after.to_owned()));
    if let Some(after) = after.strip_prefix("own|") {
        (proposed, next) = own(store, subject, after, step.limit).await?;
    }
    let beyond = [Way::Ancestor, Way::Partner].into_iter().find(|way| way.carries(action));
    let room = step.limit - proposed.len();
    next = match (next, beyond) {
        (Some(next), Some(way)) if !next.starts_with("own|") && room > 0 => {
            let from = Expedition { store, subject, action, way };
            let (found, next) = from.proposed(next.trim_start_matches("beyond|"), room).await?;
            proposed.extend(found);
            next
        }
        (Some(next), None) if !next.starts_with("own|") => None,
        (next, _) => next,
    };
    let question =
        |&(org, ..): &Proposal| Question { subject: subject.clone(), org, actions: vec![action] };
    let questions: Vec<_> = proposed.iter().map(question).collect();
    let reached = store.approaches(&questions).await?;
    let found = proposed.into_iter().zip(reached).filter_map(|((org, way, from), approaches)| {
        let first = granting(&approaches, action)?;
        (first.way == way && first.from() == from).then(|| Reference::new(ORGANIZATION, &org))
    });
    Ok(step.answer(found.collect(), next))
}

/// A page of the organizations whose member they are.
async fn own(
    store: &Store,
    subject: &UserId,
    after: &str,
    limit: usize,
) -> Result<(Vec<Proposal>, Option<String>), Error> {
    let window = Window { limit, after: (!after.is_empty()).then_some(after) };
    let found = store.memberships(subject, window).await?;
    let next = found.next.map_or_else(|| "beyond|".to_owned(), |next| format!("own|{next}"));
    let orgs = found.items.into_iter().map(|member| member.path.id());
    Ok((orgs.map(|org| (org, Way::Member, org)).collect(), Some(next)))
}

/// A search for organizations beyond those whose member somebody is.
struct Expedition<'a> {
    store: &'a Store,
    subject: &'a UserId,
    action: Action,
    way: Way,
}

impl Expedition<'_> {
    /// A page of what their memberships lead to; and where to go on. A position is a membership,
    /// and how far it has been followed.
    async fn proposed(
        &self,
        position: &str,
        limit: usize,
    ) -> Result<(Vec<Proposal>, Option<String>), Error> {
        let (done, inner) = position.split_once('|').unwrap_or((position, ""));
        let (mut done, mut inner) = (done.to_owned(), inner.to_owned());
        let window = Window { limit: MEMBERSHIPS, after: (!done.is_empty()).then_some(&*done) };
        let memberships = self.store.memberships(self.subject, window).await?;
        let paths: Vec<_> = memberships.items.into_iter().map(|member| member.path).collect();
        let standings = self.store.standings(self.subject, &paths).await?;
        let (mut proposed, mut followed) = (Vec::new(), 0);
        for (path, standing) in paths.iter().zip(standings) {
            if standing.is_some_and(|standing| self.leads_on(standing)) {
                let room = limit - proposed.len();
                if room == 0 || followed == FOLLOWED {
                    return Ok((proposed, Some(format!("beyond|{done}|"))));
                }
                followed += 1;
                let after = (!inner.is_empty()).then_some(&*inner);
                let (found, more) = self.follow(path, Window { limit: room, after }).await?;
                proposed.extend(found.into_iter().map(|org| (org, self.way, path.id())));
                if let Some(more) = more {
                    return Ok((proposed, Some(format!("beyond|{done}|{more}"))));
                }
            }
            (done, inner) = (keys::organization(path.id()), String::new());
        }
        Ok((proposed, memberships.next.map(|next| format!("beyond|{next}|"))))
    }

    /// Might this membership grant it elsewhere?
    fn leads_on(&self, standing: Standing) -> bool {
        let approach = Approach { way: self.way, standing, link: Some(true) };
        judge(&approach, self.action).is_ok()
    }

    async fn follow(
        &self,
        path: &OrgPath,
        window: Window<'_>,
    ) -> Result<(Vec<OrgId>, Option<String>), Error> {
        if self.way == Way::Partner {
            let found = self.store.customers(path.id(), window).await?;
            return Ok((
                found.items.into_iter().map(|link| link.customer_id).collect(),
                found.next,
            ));
        }
        let found = self.store.below(path, Scope::Subtree, window).await?;
        Ok((found.items.into_iter().map(|org| org.id()).collect(), found.next))
    }
}
