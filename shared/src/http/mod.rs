//! The way in and out: who asks, when, for what, and how answers look. It decides nothing about
//! anybody's rights.
//!
//! Extractors run in the order of a handler's arguments, and the first one that fails answers.
//! Write them in this order, or a stranger learns from a 400 or a 404 what only a 401 should have
//! told him: [`Caller`] (401), [`Now`] and [`RequestId`], [`Path`] (404), [`Query`] (400, 422),
//! [`IfMatch`] (400), and the body last: [`Json`] or [`NoBody`] (400, 413, 415, 422).

mod act;
mod any_object;
mod body;
mod caller;
mod document;
mod etag;
mod fit;
mod input;
mod layer;
mod page;
mod path;
mod problem;
mod query;
mod refusal;
mod request_id;
mod search;
#[cfg(test)]
mod tests;
pub mod views;
mod window;

pub use act::{Acting, IDEMPOTENCY_KEY};
pub use any_object::AnyObject;
pub use body::{Json, MAX_BODY, NoBody, OptionalJson, read_body};
pub use caller::{Caller, Now, SignIn, is_subject};
pub use etag::{IfMatch, Tagged};
pub use input::{Named, Networks, Nulled, Several, Text, Within};
use layer::conventions;
pub use page::{Cursor, Limit, Page, PageQuery};
pub use path::Path;
pub use problem::{FieldError, Problem};
pub use query::Query;
pub use refusal::Instead;
pub use request_id::RequestId;
pub use search::{Match, ScopeName, chosen};
pub use window::Walk;

use axum::{Router, middleware};

use crate::store::Store;

/// What every handler can reach.
#[derive(Clone, Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// What this deployment allows.
    pub limits: Limits,
}

/// What a deployment sets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// May everybody create organizations, or operators alone?
    pub self_service: bool,
    /// How many pending invitations an organization may have (INV12).
    pub max_pending: u64,
    /// Where clients reach the API, for those who ask where decisions are made; nobody else hears
    /// of it, and no request can tell it (`Host` may be forged).
    pub public_url: Option<&'static str>,
    /// Are the fixtures of AuthZEN's certification served beside real organizations?
    pub certification: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            self_service: true,
            max_pending: 1_000,
            public_url: Some("http://127.0.0.1:9000"),
            certification: false,
        }
    }
}

/// A function's router, complete: with what it reaches, and with the conventions of every answer.
pub fn complete(router: Router<App>, app: App) -> Router {
    let once = middleware::from_fn_with_state(app.clone(), act::once);
    conventions(router.layer(once).with_state(app))
}
