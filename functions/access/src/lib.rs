//! What a person may do: who they are to whom, at which level where; and, for other services, whether
//! they may do what the catalogue names (ORG6).

mod decisions;
mod me;
mod permissions;

use axum::{Router, routing::get};
use shared::http::App;

pub use decisions::METADATA;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/me", get(me::me))
        .route("/v1/organizations/{org}/permissions", get(permissions::permissions))
        .merge(decisions::router())
}
