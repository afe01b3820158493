//! The `OpenAPI` document and Swagger UI for it. Only the local server has these routes.

use axum::{Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};

/// The path of the `OpenAPI` document.
pub const DOCUMENT: &str = "/openapi.yaml";
/// The path of the page. Its scripts and styles are below it.
pub const PAGE: &str = "/docs";

/// The routes of the document and the page. The program embeds all assets, so the page loads nothing from elsewhere.
pub fn router() -> Router {
    let page = ApiDefinition {
        uri_prefix: PAGE,
        api_definition: OpenApiSource::Uri(DOCUMENT),
        title: Some("Rolecall"),
    };
    generate_routes(page).route(DOCUMENT, get(document))
}

/// Whether `path` belongs to the document or the page. Those paths need no token.
pub fn is_at(path: &str) -> bool {
    let below =
        path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || path == DOCUMENT
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml")], include_str!("../../../docs/openapi.yaml"))
}
