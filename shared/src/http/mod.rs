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
mod body;
mod caller;
mod deserialize;
mod etag;
mod idempotency;
mod input;
mod lists;
mod path;
mod problem;
mod query;
mod refusal;
mod request_id;
mod strict_json;
#[cfg(test)]
mod tests;
pub mod views;

use access_log::conventions;
pub use answer::Answer;
pub use any_object::AnyObject;
pub use body::{Json, MAX_BODY, NoBody, OptionalJson, read_body};
pub use caller::{Call, Now, SignIn, is_subject};
pub use etag::{IfMatch, WithEtag};
pub use idempotency::IDEMPOTENCY_KEY;
pub use input::{
    BoundedInt, BoundedVec, NameField, Networks, RequiredText, Text, WholeNumber, not_null,
    nullable, optional_time,
};
pub use lists::{
    Cursor, Limit, Match, Page, PageQuery, Pagination, ScopeParam, StatusParam, chosen,
};
pub use path::Path;
pub use problem::{FieldError, Problem};
pub use query::Query;
pub use refusal::ApiError;
pub use request_id::RequestId;

use axum::{Router, middleware};

use crate::{domain::Budgets, store::Store};

/// The state of every handler.
#[derive(Clone, Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// The limits of this deployment.
    pub limits: Limits,
}

/// The configuration of a deployment.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Whether everyone may create organizations; if not, only operators may.
    pub self_service: bool,
    /// The most pending invitations of one organization (INV12).
    pub max_pending: u64,
    /// How much mail people can cause, and how many organizations they can found (INV14).
    pub budgets: Budgets,
    /// The URL of the API, for AuthZEN's metadata. It comes from the configuration alone, because
    /// the `Host` header of a request may be forged.
    pub public_url: Option<&'static str>,
}

impl Default for Limits {
    fn default() -> Self {
        let (budgets, public_url) = (Budgets::default(), Some("http://127.0.0.1:9000"));
        Self { self_service: true, max_pending: 1_000, budgets, public_url }
    }
}

/// Completes a function's router: adds its state, idempotent replays, and the conventions of every
/// response.
pub fn complete(router: Router<App>, app: App) -> Router {
    let replay = middleware::from_fn_with_state(app.clone(), idempotency::replay_repeats);
    conventions(router.layer(replay).with_state(app))
}
