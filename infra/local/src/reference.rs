//! The `OpenAPI` document and Swagger UI for it. Only the local server has these routes.

use axum::{
    Router,
    extract::Request,
    http::{Uri, header::CONTENT_TYPE},
    middleware::map_request,
    response::IntoResponse,
    routing::get,
};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};

/// The path of the `OpenAPI` document.
pub const DOCUMENT: &str = "/openapi.yaml";
/// The path of the reference. Its scripts and styles are below it.
pub const PAGE: &str = "/docs";

/// The routes of the document and the reference. The program embeds all assets, so the page loads nothing from elsewhere.
pub fn router() -> Router {
    let page = ApiDefinition {
        uri_prefix: PAGE,
        api_definition: OpenApiSource::Uri(DOCUMENT),
        title: Some("Rolecall"),
    };
    generate_routes(page).layer(map_request(without_slash_and_query)).route(DOCUMENT, get(document))
}

/// Whether `path` belongs to the document or the reference. Those paths need no token.
pub fn is_at(path: &str) -> bool {
    let below =
        path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || path == DOCUMENT
}

/// The reference writes the requested path before the names of its assets, so that path must be [`PAGE`].
async fn without_slash_and_query(mut request: Request) -> Request {
    if request.uri().path().trim_end_matches('/') == PAGE {
        *request.uri_mut() = Uri::from_static(PAGE);
    }
    request
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml")], include_str!("../../../docs/openapi.yaml"))
}
