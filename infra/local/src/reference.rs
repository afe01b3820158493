//! The HTTP contract, to be read and tried: the document, and a page that shows it. Nothing deployed serves either.

use axum::{Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};

/// Where the document is.
pub const DOCUMENT: &str = "/openapi.yaml";
/// Where the page is. What it is made of is below.
pub const PAGE: &str = "/docs";

/// The routes. All of it is in the program: the page asks no other server for anything.
pub fn router() -> Router {
    let page = ApiDefinition {
        uri_prefix: PAGE,
        api_definition: OpenApiSource::Uri(DOCUMENT),
        title: Some("Rolecall"),
    };
    generate_routes(page).route(DOCUMENT, get(document))
}

/// Is `path` one of them? They need no token.
#[must_use]
pub fn is_at(path: &str) -> bool {
    let below =
        path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || path == DOCUMENT
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml")], include_str!("../../../docs/openapi.yaml"))
}
