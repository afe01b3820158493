//! The console: its files, which the program embeds, and its configuration for this server.

use axum::{
    Router,
    body::Bytes,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{Next, from_fn_with_state, map_response_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower_http::compression::CompressionLayer;

use crate::args::Args;

/// The files of `infra/console/site`, by path.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));
const PAGE: &str = "/index.html";
const CONFIGURATION: &str = "/config.json";
const ICON: &str = "/icon.svg";
/// Where browsers look for the icon of a page that names none, such as the reference and the mailbox.
const DEFAULT_ICON: &str = "/favicon.ico";
/// The paths that the console shows by itself: the server answers them and those below with [`PAGE`].
const SCREENS: [&str; 3] = ["/organizations", "/operator", "/signed-in"];

/// The routes of the console.
pub(crate) fn router(args: &Args) -> Router {
    let configuration = SiteFile::new(CONFIGURATION, configuration(args).to_string());
    let mut router = Router::new().route(CONFIGURATION, configuration.route());
    for &(path, content) in FILES.iter().filter(|(path, _)| *path != CONFIGURATION) {
        router = router.route(path, SiteFile::new(path, content).route());
    }
    let page = SiteFile::embedded(PAGE);
    router = router.route("/", page.route()).route(DEFAULT_ICON, SiteFile::embedded(ICON).route());
    for screen in SCREENS {
        router =
            router.route(screen, page.route()).route(&format!("{screen}/{{*path}}"), page.route());
    }
    router.layer(map_response_with_state(policy(args), add_headers)).layer(CompressionLayer::new())
}

/// Answers browsers that open an unknown path of `router` with 404 and the console, which says that there is no such page.
pub(crate) fn answer_unknown_pages(router: Router, args: &Args) -> Router {
    router.layer(from_fn_with_state((SiteFile::embedded(PAGE), policy(args)), answer_unknown_page))
}

async fn answer_unknown_page(
    State((page, policy)): State<(SiteFile, HeaderValue)>,
    request: Request,
    next: Next,
) -> Response {
    if !is_unknown_page(&request) {
        return next.run(request).await;
    }
    let response = (StatusCode::NOT_FOUND, page.respond(&HeaderMap::new())).into_response();
    add_headers(State(policy), response).await
}

/// Whether a browser opens a path that no route has. Clients of the API get its problems.
fn is_unknown_page(request: &Request) -> bool {
    let (path, headers) = (request.uri().path(), request.headers());
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let known = request.extensions().get::<MatchedPath>().is_some() || is_at(path);
    request.method() == Method::GET
        && accept.is_some_and(|accept| accept.contains("text/html"))
        && !headers.contains_key(AUTHORIZATION)
        && !known
        && path != "/v1"
        && !path.starts_with("/v1/")
}

/// Adds what a static host should add, too: see `infra/console/README.md`.
pub(crate) async fn add_headers(
    State(policy): State<HeaderValue>,
    mut response: Response,
) -> Response {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ] {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Whether `path` belongs to the console. Its paths need no token.
pub(crate) fn is_at(path: &str) -> bool {
    let is_screen = |screen: &str| {
        path.strip_prefix(screen).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    path == "/"
        || path == DEFAULT_ICON
        || FILES.iter().any(|(file, _)| *file == path)
        || SCREENS.iter().any(|it| is_screen(it))
}

/// What `config.json` says: the API on this server, and how people sign in.
fn configuration(args: &Args) -> Value {
    let sign_in = match &args.issuer {
        None => json!("local"),
        // Most providers write the id of the client into the audience of its tokens.
        Some(issuer) => json!({ "issuer": issuer, "client_id": args.audiences.first() }),
    };
    json!({ "api": "", "product": args.brand.product(), "logo": args.brand.logo(), "sign_in": sign_in })
}

/// The console loads nothing from elsewhere, but the logo. It calls this server, and the OpenID provider.
fn policy(args: &Args) -> HeaderValue {
    let provider =
        if args.issuer.is_some() { " https: http://127.0.0.1:* http://localhost:*" } else { "" };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'{provider}; \
         base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// A file as it is served. Its entity tag is weak, because the body may be compressed.
#[derive(Clone, Debug)]
struct SiteFile {
    kind: &'static str,
    content: Bytes,
    tag: String,
}

impl SiteFile {
    fn new(path: &str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let kind = match path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("json") => "application/json",
            Some("svg") => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
        let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(&content)));
        Self { kind, content, tag }
    }

    /// The file of [`FILES`] at `path`.
    fn embedded(path: &str) -> Self {
        let found = FILES.iter().find(|(file, _)| *file == path);
        Self::new(path, found.map_or(&[][..], |(_, content)| content))
    }

    /// A route that serves the file.
    fn route(&self) -> MethodRouter {
        let file = self.clone();
        get(async move |headers: HeaderMap| file.respond(&headers))
    }

    /// The file; or 304 without it, if `If-None-Match` has its tag.
    fn respond(&self, headers: &HeaderMap) -> Response {
        let tag = [(ETAG, self.tag.clone())];
        let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|known| known.to_str().ok());
        if known.flat_map(|known| known.split(',')).any(|known| known.trim() == self.tag) {
            return (StatusCode::NOT_MODIFIED, tag).into_response();
        }
        (tag, [(CONTENT_TYPE, self.kind)], self.content.clone()).into_response()
    }
}
