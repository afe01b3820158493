//! The history of an organization, newest first (ORG5).

use std::collections::BTreeSet;

use axum::{Router, routing::get};
use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    domain::{EventAction, EventId, Level, MemberId, OrgId, Refusal, RoleObject, UserId},
    http::{
        ApiError, App, Call, FieldError, Json, Limit, Page, Pagination, Path, Problem, Query,
        WithEtag, optional_time, views,
    },
    store::{EventFilter, Key, List},
};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/events", get(list))
        .route("/v1/organizations/{org}/events/{evt}", get(one))
}

/// The query of the list. `action` can be repeated.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListQuery {
    /// Only events at this time or later.
    #[serde(deserialize_with = "optional_time")]
    from: Option<Timestamp>,
    /// Only events before this time.
    #[serde(deserialize_with = "optional_time")]
    to: Option<Timestamp>,
    /// Only events whose actor has this id as a member, or this user id.
    actor: Option<String>,
    action: BTreeSet<EventAction>,
    /// Only events whose target has this id.
    target: Option<String>,
    limit: Limit,
    cursor: Option<String>,
}

impl ListQuery {
    /// The organization and the filters. A cursor is valid only for the same ones.
    fn names(&self, org: OrgId) -> Vec<String> {
        let Self { from, to, actor, action, target, .. } = self;
        let filters = format!("{from:?} {to:?} {actor:?} {action:?} {target:?}");
        vec!["events".to_owned(), org.to_string(), filters]
    }

    fn filter(&self, org: OrgId) -> Result<EventFilter<'_>, Problem> {
        let (from, to) = (self.from, self.to);
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            let detail = "must be later than `from`: events are shown from then until before it";
            let (pointer, detail) = ("/to".to_owned(), detail.to_owned());
            return Err(Problem::invalid(FieldError { pointer, detail }));
        }
        let by_sub = |text: &str| MemberId::of(org, &UserId::new(text));
        let actor = self.actor.as_ref().map(|text| text.parse().unwrap_or_else(|_| by_sub(text)));
        let target = self.target.as_deref();
        Ok(EventFilter { from, to, actor, actions: &self.action, target })
    }
}

async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<views::Event>>, ApiError> {
    let pagination = Pagination::new(query.names(org), query.limit, query.cursor.as_deref())?;
    let filter = query.filter(org)?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::EventHistory, Level::ViewOnly)?;
    let events = List::events(org, filter, context.at);
    let found = app.store.page(events, pagination.request()).await?;
    let names = app.store.names_in(&found.items).await?;
    Ok(Json(pagination.try_page(found, |event| views::Event::of(event, &actor.org, &names))?))
}

async fn one(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, EventId)>,
) -> Result<WithEtag<views::Event>, ApiError> {
    let key = Key::event(org, id);
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    actor.require(RoleObject::EventHistory, Level::ViewOnly)?;
    let event = found.event(&key, context.at)?.ok_or(Refusal::NoSuchEvent)?;
    let version = event.target.version;
    let names = app.store.names_in(std::slice::from_ref(&event)).await?;
    Ok(WithEtag { view: views::Event::of(event, &actor.org, &names)?, version })
}
