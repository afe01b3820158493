//! OpenID AuthZEN, Authorization API 1.0: other services ask whether somebody may do something.
//!
//! Everybody may ask about themselves; about others takes the scope `decisions`.

mod certification;
mod evaluation;
mod explanation;
mod metadata;
mod resources;
mod search;
mod subjects;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{
    domain::{Action, OrgId, Refusal, UserId},
    http::{App, Caller, is_subject},
    store::Question,
};

use wire::Entity;

/// Where it is told which routes these are. Nobody needs a token for it.
pub const METADATA: &str = "/.well-known/authzen-configuration";

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";

/// The scope of services that ask about others.
const SCOPE: &str = "decisions";
/// The one type of subjects.
const USER: &str = "user";
/// The one type of resources.
const ORGANIZATION: &str = "organization";

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(METADATA, get(metadata::metadata))
        .route(EVALUATION, post(evaluation::one))
        .route(EVALUATIONS, post(evaluation::many))
        .route(SUBJECTS, post(subjects::search))
        .route(RESOURCES, post(resources::search))
        .route(ACTIONS, post(search::actions))
}

/// About whom a caller may ask, and hear.
#[derive(Clone, Debug)]
struct Asker {
    user: UserId,
    service: bool,
}

impl Asker {
    fn of(caller: Caller) -> Self {
        let service = caller.sign_in.scopes.iter().any(|scope| scope == SCOPE);
        Self { user: caller.person.id, service }
    }

    /// May they ask about `subject`?
    fn may_ask_about(&self, subject: &Entity) -> Result<(), Refusal> {
        let own = subject.kind == USER && subject.id == self.user.as_str();
        if own || self.service { Ok(()) } else { Err(Refusal::NotForDecisions) }
    }

    /// May they ask who may do something?
    fn may_ask_about_anybody(&self) -> Result<(), Refusal> {
        if self.service { Ok(()) } else { Err(Refusal::NotForDecisions) }
    }
}

/// Who `subject` is, if they can be anybody.
fn user(subject: &Entity) -> Option<UserId> {
    (subject.kind == USER && is_subject(&subject.id)).then(|| UserId::new(&*subject.id))
}

/// Which organization `resource` is, if it can be one.
fn organization(resource: &Entity) -> Option<OrgId> {
    (resource.kind == ORGANIZATION).then(|| resource.id.parse().ok()).flatten()
}

/// What is asked of the store, unless the names alone say that nobody may.
fn question(subject: &Entity, resource: &Entity, actions: Vec<Action>) -> Option<Question> {
    Some(Question { subject: user(subject)?, org: organization(resource)?, actions })
}
