//! The start page, the `OpenAPI` document and Swagger UI for it. Only the local server has these routes.

use axum::{
    Router,
    extract::Request,
    http::{Uri, header::CONTENT_TYPE},
    middleware::map_request,
    response::{Html, IntoResponse},
    routing::get,
};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};

/// The path of the start page.
const START: &str = "/";
/// The path of the `OpenAPI` document.
pub const DOCUMENT: &str = "/openapi.yaml";
/// The path of the reference. Its scripts and styles are below it.
pub const PAGE: &str = "/docs";

/// The routes of the start page, the document and the reference. The program embeds all assets, so the page loads nothing from elsewhere.
pub fn router() -> Router {
    let page = ApiDefinition {
        uri_prefix: PAGE,
        api_definition: OpenApiSource::Uri(DOCUMENT),
        title: Some("Rolecall"),
    };
    generate_routes(page)
        .layer(map_request(without_slash_and_query))
        .route(DOCUMENT, get(document))
        .route(START, get(start))
}

/// Whether `path` belongs to the start page, the document or the reference. Those paths need no token.
pub fn is_at(path: &str) -> bool {
    let below =
        path.strip_prefix(PAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below || path == DOCUMENT || path == START
}

/// The reference writes the requested path before the names of its assets, so that path must be [`PAGE`].
async fn without_slash_and_query(mut request: Request) -> Request {
    if request.uri().path().trim_end_matches('/') == PAGE {
        *request.uri_mut() = Uri::from_static(PAGE);
    }
    request
}

async fn start() -> Html<&'static str> {
    Html(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Rolecall</title>\
         <body style=\"font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto\">\
         <h1>Rolecall</h1>\n<p>This is the local server. It is for development only.</p>\n<ul>\n\
         <li><a href=\"/docs\">API reference</a>, with forms to try each request\n\
         <li><a href=\"/openapi.yaml\">OpenAPI document</a>\n\
         <li><a href=\"/local/mailbox\">Mailbox</a>: the mails that would have been sent\n\
         <li><code>POST /local/token</code> with <code>{\"email\": \"ada@example.com\"}</code> returns a token\n\
         </ul>\n",
    )
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml")], include_str!("../../../docs/openapi.yaml"))
}
