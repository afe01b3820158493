//! HTTP: extractors for requests, and the form of responses. This module makes no authorization
//! decisions.
//!
//! axum runs the extractors in the order of a handler's arguments; the first that fails ends the
//! request. Write them in this order, so that an unauthenticated client gets 401 and no 400 or 404
//! that reveals more: [`Call`] (401), [`Now`] and [`RequestId`], [`Path`] (404), [`Query`] (400,
//! 422), [`IfMatch`] (400), and the body last: [`Json`] or [`NoBody`] (400, 413, 415, 422).

mod access_log;
mod answer;
mod any_object;
mod base_path;
mod body;
mod caller;
mod claims;
mod deserialize;
mod etag;
mod idempotency;
mod input;
mod lists;
mod path;
mod problem;
mod public_url;
mod query;
mod read_checks;
mod refusal;
mod request_id;
mod retry;
mod strict_json;
#[cfg(test)]
mod tests;
mod trusted_proxy;
pub mod views;

use access_log::conventions;
pub use access_log::log_organization;
pub use answer::Answer;
pub use any_object::AnyObject;
pub use base_path::{BasePath, NotABasePath, serve_below};
pub use body::{Json, JsonOrCsv, MAX_BODY, MAX_CSV, NoBody, OptionalJson, read_body};
pub use caller::{Call, MAX_CLOCK_SKEW, Now, SignIn, is_subject};
pub(crate) use claims::is_scope;
pub use claims::{EmailsVerified, TokenClaims, TokenClaimsError};
pub use etag::{IfMatch, WithEtag};
pub use idempotency::{IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY};
pub use input::{
    BoundedInt, BoundedVec, NameField, Networks, RequiredText, Text, Time, Website, WholeNumber,
    not_null, nullable, optional_time,
};
pub use lists::{
    CountedPage, Cursor, Limit, MAX_PAGE, Match, Page, PageQuery, Pagination, ScopeParam,
    StatusParam, as_set, chosen, chosen_roles,
};
pub use path::Path;
pub use problem::{FieldError, Problem};
pub use public_url::PublicUrl;
pub use query::Query;
pub use refusal::ApiError;
pub use request_id::{MAX_CLIENT_ID, RequestId};
pub use retry::{Attempt, MAX_ATTEMPTS, retry_lost_races};
pub use trusted_proxy::TrustedProxy;

use axum::{Router, middleware};

use crate::{domain::Budgets, store::Store};

/// The state of every handler.
#[derive(Clone, Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The configuration of this deployment.
    pub deployment: Deployment,
    /// The names of claims and scopes in the tokens of its issuer.
    pub claims: TokenClaims,
}

/// The configuration of a deployment.
#[derive(Clone, Copy, Debug)]
pub struct Deployment {
    /// Whether everyone may create organizations; if not, only operators may.
    pub self_service: bool,
    /// The most pending invitations of one organization (INV12).
    pub max_pending: u64,
    /// How much mail people can cause, and how many organizations they can create (INV14).
    pub budgets: Budgets,
    /// The URL of the API, for AuthZEN's metadata. It comes from the configuration alone, because
    /// the `Host` header of a request may be forged.
    pub public_url: Option<&'static str>,
    /// The domain of the endpoints of all APIs in the region, such as
    /// `execute-api.eu-central-1.amazonaws.com`. Without a [`Self::public_url`], the URL of the API
    /// is its id before this domain.
    pub endpoint_domain: Option<&'static str>,
    /// The proxy through which all requests must come.
    pub trusted_proxy: Option<&'static TrustedProxy>,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            self_service: true,
            max_pending: 1_000,
            budgets: Budgets::default(),
            public_url: Some("http://127.0.0.1:9000"),
            endpoint_domain: None,
            trusted_proxy: None,
        }
    }
}

/// Completes a function's router: adds its state, idempotent replays, the check of a trusted proxy,
/// and the conventions of every response.
pub fn complete(router: Router<App>, app: App) -> Router {
    let replay = middleware::from_fn_with_state(app.clone(), idempotency::replay_repeats);
    let mut router = router.layer(replay);
    if let Some(proxy) = app.deployment.trusted_proxy {
        router = router.layer(middleware::from_fn_with_state(proxy, trusted_proxy::require_proxy));
    }
    conventions(router.with_state(app))
}
