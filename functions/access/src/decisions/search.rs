//! What searches have in common, and the one for actions.

use axum::extract::State;
use serde::Serialize;
use shared::{
    domain::{Action, granting},
    http::{AnyObject, App, Caller, Cursor, Instead, Json, Problem},
    store::Error,
};

use super::{
    ACTIONS, Asker, certification, question,
    wire::{Doing, Entity, Members, bad},
};

/// So many results at once at most, and unless a request wants less.
const MOST: u64 = 100;

/// What was found, and where to go on: nowhere, if the token is empty.
#[derive(Serialize)]
pub(super) struct Results<T> {
    results: Vec<T>,
    page: NextPage,
}

#[derive(Serialize)]
struct NextPage {
    next_token: String,
}

/// A subject or resource that was found.
#[derive(Serialize)]
pub(super) struct Reference {
    r#type: &'static str,
    id: String,
}

/// An action that was found.
#[derive(Serialize)]
pub(super) struct Named {
    name: &'static str,
}

impl Reference {
    pub(super) fn new(r#type: &'static str, id: &impl ToString) -> Self {
        Self { r#type, id: id.to_string() }
    }
}

/// One step of a walk through the results of a search, which is named by all that it was asked.
#[derive(Debug)]
pub(super) struct Step {
    search: Vec<String>,
    /// So many results at most.
    pub(super) limit: usize,
    /// Where the step before ended.
    pub(super) after: Option<String>,
}

impl Step {
    /// Reads the page that is wanted. A token goes on with the very search it was given for, and
    /// keeps its limit.
    pub(super) fn new(route: &str, members: &Members<'_>, searched: &str) -> Result<Self, Problem> {
        members.explain().map_err(bad)?;
        let (token, wanted) = members.page().map_err(bad)?;
        let wanted = wanted.map(|limit| limit.min(MOST));
        let search = vec![route.to_owned(), members.bound(searched)];
        let token = token.filter(|token| !token.is_empty());
        let Some(token) = token else {
            let limit = usize::try_from(wanted.unwrap_or(MOST)).unwrap_or_default();
            return Ok(Self { search, limit, after: None });
        };
        let changed = || {
            Problem::unreadable(
                "`/page/token` is not of this search; repeat everything else as it was, or start again without it",
            )
        };
        let binding: Vec<&str> = search.iter().map(String::as_str).collect();
        let position = Cursor::decode(&token, &binding).map_err(|_| changed())?;
        let (limit, after) = position.split_once(' ').ok_or_else(changed)?;
        let same = |limit: &u64| *limit <= MOST && wanted.is_none_or(|wanted| wanted == *limit);
        let limit = limit.parse().ok().filter(same);
        let limit = usize::try_from(limit.ok_or_else(changed)?).unwrap_or_default();
        let after = (!after.is_empty()).then(|| after.to_owned());
        Ok(Self { search, limit, after })
    }

    /// The answer with these results, going on after `next`.
    pub(super) fn answer<T>(&self, results: Vec<T>, next: Option<String>) -> Json<Results<T>> {
        let binding: Vec<&str> = self.search.iter().map(String::as_str).collect();
        let token = |next| Cursor::encode(&binding, &format!("{} {next}", self.limit));
        let page = NextPage { next_token: next.map(token).unwrap_or_default() };
        Json(Results { results, page })
    }

    /// The answer to who wants nothing for now, and could go on from here.
    pub(super) fn pause<T>(&self) -> Json<Results<T>> {
        self.answer(vec![], Some(self.after.clone().unwrap_or_default()))
    }

    /// The answer with so many of `all` results as are wanted.
    pub(super) fn slice<T>(&self, all: Vec<T>) -> Json<Results<T>> {
        let from = self.after.as_ref().and_then(|after| after.parse().ok()).unwrap_or(0_usize);
        let to = from.saturating_add(self.limit);
        let next = (to < all.len()).then(|| to.to_string());
        self.answer(all.into_iter().skip(from).take(self.limit).collect(), next)
    }
}

/// What may the subject do there?
pub(super) async fn actions(
    State(app): State<App>,
    caller: Caller,
    AnyObject(members): AnyObject,
) -> Result<Json<Results<Named>>, Instead> {
    let members = Members::of(&members);
    let subject = members.needed_entity("subject").map_err(bad)?;
    let resource = members.needed_entity("resource").map_err(bad)?;
    let step = Step::new(ACTIONS, &members, "action")?;
    Asker::of(caller).may_ask_about(&subject)?;
    let names = if app.limits.certification && certification::knows(&resource) {
        let may = |name: &&str| {
            let action = Doing { name: (*name).to_owned(), properties: serde_json::Map::new() };
            certification::decide(&subject, &action, &resource)
        };
        certification::ACTIONS.into_iter().filter(may).collect()
    } else {
        possible(&app, &subject, &resource).await?
    };
    Ok(step.slice(names.into_iter().map(|name| Named { name }).collect()))
}

async fn possible(
    app: &App,
    subject: &Entity,
    resource: &Entity,
) -> Result<Vec<&'static str>, Error> {
    let actions: Vec<_> = Action::all().filter(|action| action.level.is_some()).collect();
    let Some(question) = question(subject, resource, actions) else { return Ok(vec![]) };
    let approaches = app.store.approaches(std::slice::from_ref(&question)).await?;
    let approaches = approaches.into_iter().next().unwrap_or_default();
    let may = |action: &&Action| granting(&approaches, **action).is_some();
    Ok(question.actions.iter().filter(may).map(|action| action.name).collect())
}
