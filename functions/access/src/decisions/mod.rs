//! OpenID AuthZEN, Authorization API 1.0: other services ask whether a subject may do an action in
//! an organization.
//!
//! A caller may ask about themselves. Questions about others need the scope `decisions`.

mod actions;
mod evaluation;
mod explain;
mod explanation;
mod grantors;
mod metadata;
mod offer;
mod positions;
mod reasons;
mod resources;
mod search;
mod subjects;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};
use shared::{
    domain::{Action, OrgId, Person, Refusal, UserId},
    http::{App, Call, SignIn, is_subject},
    store::AccessQuery,
};

pub use evaluation::MAX_EVALUATIONS;
pub use search::MAX_RESULTS;

use wire::{ActionRequest, Entity};

/// The path of the metadata document, which needs no token.
pub const METADATA: &str = "/.well-known/authzen-configuration";

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";
const EXPLANATIONS: &str = "/v1/organizations/{org}/explanations";

/// The only subject type.
const USER: &str = "user";
/// The only resource type.
const ORGANIZATION: &str = "organization";

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(METADATA, get(metadata::metadata))
        .route(EVALUATION, post(evaluation::one))
        .route(EVALUATIONS, post(evaluation::many))
        .route(SUBJECTS, post(subjects::search))
        .route(RESOURCES, post(resources::search))
        .route(ACTIONS, post(actions::search))
        .route(EXPLANATIONS, get(explain::explain))
}

/// The caller of a decision route, with the right to ask about others.
#[derive(Clone, Debug)]
struct DecisionCaller {
    /// The caller as the subject of their own question, with their sign-in (ORG3). They are no
    /// operator in it, because decisions are about members.
    own: Person,
    /// Whether the token has the scope `decisions`.
    service: bool,
    /// The sign-in, and the claim with its scopes.
    sign_in: SignIn,
    scope_claim: &'static str,
}

impl DecisionCaller {
    fn of(call: &Call) -> Self {
        let service = call.sign_in.has_scope(call.app.claims.decisions_scope);
        let subject = Person::subject(call.person.id.clone(), call.context.at);
        let own = Person { authn: call.person.authn.clone(), ..subject };
        let sign_in = call.sign_in.clone();
        let scope_claim = call.app.claims.scope;
        Self { own, service, sign_in, scope_claim }
    }

    /// Checks that the caller may ask about `subject`.
    ///
    /// # Errors
    ///
    /// [`Refusal::DecisionsScopeRequired`] if it is another person and the token lacks the scope.
    fn may_ask_about(&self, subject: &Entity) -> Result<(), Refusal> {
        let own = subject.kind == USER && subject.id == self.own.id.as_str();
        if own { Ok(()) } else { self.may_ask_about_everyone() }
    }

    /// Checks that the caller may search for subjects.
    ///
    /// # Errors
    ///
    /// [`Refusal::DecisionsScopeRequired`] if the token lacks the scope.
    fn may_ask_about_everyone(&self) -> Result<(), Refusal> {
        if self.service {
            return Ok(());
        }
        self.sign_in.log_unreadable_scopes(self.scope_claim);
        Err(Refusal::DecisionsScopeRequired)
    }

    /// The person of `subject`, if its type and id are valid.
    fn person(&self, subject: &Entity) -> Option<Person> {
        let id = user(subject)?;
        Some(if id == self.own.id { self.own.clone() } else { Person::subject(id, self.own.at) })
    }

    /// The query for the store; none if the subject or the resource cannot exist, which is a
    /// denial.
    fn query(
        &self,
        subject: &Entity,
        resource: &Entity,
        actions: Vec<Action>,
    ) -> Option<AccessQuery> {
        let (subject, org) = (self.person(subject)?, organization(resource)?);
        Some(AccessQuery { subject, org, actions })
    }
}

/// The action with this name, if a level grants it. Any other is denied without a read.
fn grantable(action: &ActionRequest) -> Option<Action> {
    Action::find(&action.name).filter(|action| action.level.is_some())
}

/// The user id of `subject`, if its type and id are valid.
fn user(subject: &Entity) -> Option<UserId> {
    (subject.kind == USER && is_subject(&subject.id)).then(|| UserId::new(&*subject.id))
}

/// The organization id of `resource`, if its type and id are valid.
fn organization(resource: &Entity) -> Option<OrgId> {
    (resource.kind == ORGANIZATION).then(|| resource.id.parse().ok()).flatten()
}
