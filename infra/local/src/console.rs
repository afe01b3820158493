//! The console: its files, which the program embeds, and its configuration for this server.

use axum::{
    Router,
    extract::State,
    http::{
        HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::map_response_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tower_http::compression::CompressionLayer;

use crate::args::Args;

/// The files of `infra/console/site`, by path.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));
const PAGE: &str = "/index.html";
const CONFIGURATION: &str = "/config.json";
/// The paths that the console shows by itself: the server answers them and those below with [`PAGE`].
const SCREENS: [&str; 3] = ["/organizations", "/operator", "/signed-in"];

/// The routes of the console.
pub(crate) fn router(args: &Args) -> Router {
    let configuration = configuration(args).to_string();
    let mut router = Router::new().route(
        CONFIGURATION,
        get(async move || ([(CONTENT_TYPE, "application/json")], configuration.clone())),
    );
    for &(path, content) in FILES.iter().filter(|(path, _)| *path != CONFIGURATION) {
        router = router.route(path, get(async move || file(path, content)));
    }
    let page = FILES.iter().find(|(path, _)| *path == PAGE).map_or(&[][..], |(_, content)| content);
    router = router.route("/", get(async move || file(PAGE, page)));
    for screen in SCREENS {
        let show = async move || file(PAGE, page);
        router = router.route(screen, get(show)).route(&format!("{screen}/{{*path}}"), get(show));
    }
    router.layer(map_response_with_state(policy(args), add_headers)).layer(CompressionLayer::new())
}

/// Adds what a static host should add, too: see `infra/console/README.md`.
async fn add_headers(State(policy): State<HeaderValue>, mut response: Response) -> Response {
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

fn file(path: &str, content: &'static [u8]) -> Response {
    let kind = match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    ([(CONTENT_TYPE, kind)], content).into_response()
}
