//! The function `access`: the caller's own organizations and permissions, and AuthZEN decisions for
//! other services (ORG6).

mod decisions;
mod me;
mod permissions;

use axum::{Router, routing::get};
use shared::http::App;

pub use decisions::{MAX_EVALUATIONS, MAX_RESULTS, METADATA};

/// The routes of this function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/me", get(me::me))
        .route("/v1/me/join-requests", get(me::join_requests))
        .route("/v1/organizations/{org}/permissions", get(permissions::permissions))
        .merge(decisions::router())
}
