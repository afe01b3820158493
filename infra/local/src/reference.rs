//! The `OpenAPI` document, and a page for it with Swagger UI. Only the local server has these routes.

use axum::{
    Router,
    http::{HeaderValue, header::CONTENT_TYPE},
    middleware::map_response_with_state,
    response::IntoResponse,
    routing::{MethodRouter, get},
};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};

use crate::console::add_headers;

/// The path of the `OpenAPI` document.
pub const DOCUMENT: &str = "/openapi.yaml";
/// The path of the reference. Its scripts and styles are below it.
pub const PAGE: &str = "/docs";
/// The path below which Swagger UI is.
const ASSETS: &str = "/docs/assets";
/// What the page may load. Swagger UI writes styles into its elements, and has its pictures as `data:` URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'self'",
);

/// The routes of the document and the reference. The program embeds all assets, so the page loads nothing from elsewhere.
pub fn router() -> Router {
    let swagger = ApiDefinition {
        uri_prefix: ASSETS,
        api_definition: OpenApiSource::Uri(DOCUMENT),
        title: Some("Rolecall"),
    };
    let page = || asset("text/html; charset=utf-8", include_str!("reference/page.html"));
    generate_routes(swagger)
        .route(DOCUMENT, asset("application/yaml", include_str!("../../../docs/openapi.yaml")))
        .route(PAGE, page())
        .route("/docs/", page())
        .route("/docs/page.css", asset("text/css", include_str!("reference/page.css")))
        .route("/docs/page.js", asset("text/javascript", include_str!("reference/page.js")))
        .layer(map_response_with_state(POLICY, add_headers))
}

/// Whether `path` belongs to the document or the reference. Those paths need no token.
pub fn is_at(path: &str) -> bool {
    let below =
        path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || path == DOCUMENT
}

fn asset(kind: &'static str, content: &'static str) -> MethodRouter {
    get(async move || ([(CONTENT_TYPE, kind)], content).into_response())
}
