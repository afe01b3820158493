//! The history of an organization, newest first (ORG5).

use std::collections::{BTreeSet, HashMap};

use axum::{Router, routing::get};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, EventAction, EventId, Level, ListPermissions, MAX_CHOSEN, MemberId, OrgId,
        Organization, Person, PersonLabel, Refusal, RequestedScope, RoleObject, Scope, Standing,
        UserId,
    },
    http::{
        ApiError, App, Call, FieldError, Json, Limit, Page, Pagination, Path, Problem, Query,
        ScopeParam, WithEtag, as_set, chosen, optional_time, views,
    },
    store::{AboutPerson, Error, EventFilter, FetchedItems, Key, List, PageRequest},
};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/events", get(list))
        .route("/v1/organizations/{org}/events/{evt}", get(one))
}

/// The query of the list. `action` and `organization_id` can be repeated.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ListEventsQuery {
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
    /// Only events about this person, of the organization in the path.
    member_id: Option<MemberId>,
    /// Only events of these organizations, which must be the one in the path or below it.
    #[serde(serialize_with = "as_set")]
    organization_id: Vec<OrgId>,
    /// Whether organizations below are included.
    scope: ScopeParam,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// The caller's standing, and the organizations whose events are listed.
struct Histories {
    actor: Standing,
    orgs: HashMap<OrgId, Organization>,
    about: Option<AboutPerson>,
}

impl ListEventsQuery {
    /// The filter for one of the organizations. A person has another id in each.
    fn filter<'a>(&'a self, org: OrgId, about: Option<&'a AboutPerson>) -> EventFilter<'a> {
        let by_sub = |text: &str| MemberId::of(org, &UserId::new(text));
        let actor = self.actor.as_ref().map(|text| text.parse().unwrap_or_else(|_| by_sub(text)));
        let target = self.target.as_deref();
        EventFilter { from: self.from, to: self.to, actor, actions: &self.action, target, about }
    }

    fn check(&self, requested: RequestedScope<'_>, org: OrgId) -> Result<(), Problem> {
        let (from, to) = (self.from, self.to);
        let (pointer, detail) = if from.zip(to).is_some_and(|(from, to)| from >= to) {
            ("/to", "must be later than `from`: events are shown from then until before it")
        } else if self.member_id.is_some() && requested.goes_beyond(org) {
            ("/member_id", "is an id in one organization: leave out `scope` and `organization_id`")
        } else {
            return Ok(());
        };
        let (pointer, detail) = (pointer.to_owned(), detail.to_owned());
        Err(Problem::invalid(FieldError { pointer, detail }))
    }

    /// Checks that the caller may read the chosen histories. Those of other organizations need the
    /// object for all users below, because a history tells of users (SUB4).
    async fn authorize(
        &self,
        app: &App,
        person: &Person,
        org: OrgId,
    ) -> Result<Histories, ApiError> {
        let chosen = chosen(&self.organization_id)?;
        let subtree = self.scope == ScopeParam::Subtree;
        let requested = RequestedScope { subtree, chosen: &chosen };
        self.check(requested, org)?;
        let member = self.member_id.map(|member| Key::member(org, member));
        let also = chosen.iter().map(|&org| Key::organization(org)).chain(member);
        let (actor, found) = if requested.goes_beyond(org) {
            app.store.facts_in_tree(person, org, also).await?
        } else {
            app.store.facts_of_history(person, org, also).await?
        };
        let objects = ListPermissions {
            own: RoleObject::EventHistory,
            below: RoleObject::UserManagementSubOrganizations,
        };
        let scope = domain::resolve_scope(&actor, requested, &found.paths(&chosen), objects)?;
        let orgs = match scope {
            Scope::Subtree(_) => subtree_of(app, &actor.org).await?,
            Scope::Organizations(paths) => {
                paths.iter().filter_map(|path| found.any_organization(path.id()).cloned()).collect()
            }
        };
        let about = self.member_id.map(|member| about(&found, org, member)).transpose()?;
        let by_id = orgs.into_iter().map(|org| (org.id(), org)).collect();
        Ok(Histories { actor, orgs: by_id, about })
    }
}

/// What names a person in the history: their id, and their address if it is known.
fn about(found: &FetchedItems, org: OrgId, member: MemberId) -> Result<AboutPerson, Error> {
    let label = found.label(org, member)?;
    Ok(AboutPerson::new(org, member, label.as_ref().and_then(PersonLabel::email)))
}

/// An organization and all below it, as far as one request can read their histories.
async fn subtree_of(app: &App, top: &Organization) -> Result<Vec<Organization>, ApiError> {
    let page = PageRequest { limit: MAX_CHOSEN - 1, after: None };
    let below = app.store.page(List::below(&top.path), page).await?;
    if below.next.is_some() {
        let detail = format!(
            "more than {MAX_CHOSEN} organizations: choose at most {MAX_CHOSEN} with `organization_id`"
        );
        return Err(Problem::invalid(FieldError { pointer: "/scope".to_owned(), detail }).into());
    }
    Ok([top.clone()].into_iter().chain(below.items).collect())
}

async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListEventsQuery>,
) -> Result<Json<Page<views::Event>>, ApiError> {
    let cursor = query.cursor.as_deref();
    let pagination = Pagination::filtered("events", &org, &query, query.limit, cursor)?;
    let Histories { actor, orgs, about } = query.authorize(&app, &person, org).await?;
    let lists =
        orgs.keys().map(|&org| List::events(org, query.filter(org, about.as_ref()), context.at));
    let found = app.store.merged_page(lists, pagination.request()).await?;
    let names = app.store.names_in(&found.items).await?;
    Ok(Json(pagination.try_page(found, |event| {
        let org = orgs.get(&event.organization_id).unwrap_or(&actor.org);
        views::Event::of(event, org, &names)
    })?))
}

async fn one(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, EventId)>,
) -> Result<WithEtag<views::Event>, ApiError> {
    let key = Key::event(org, id);
    let (actor, found) = app.store.facts_of_history(&person, org, [key.clone()]).await?;
    actor.require(RoleObject::EventHistory, Level::ViewOnly)?;
    let event = found.event(&key, context.at)?.ok_or(Refusal::NoSuchEvent)?;
    let version = event.target.version;
    let names = app.store.names_in(std::slice::from_ref(&event)).await?;
    Ok(WithEtag { view: views::Event::of(event, &actor.org, &names)?, version })
}
