//! The path below which a custom domain serves the API. API Gateway matches routes without it, but
//! passes the whole path to functions.

use std::str::FromStr;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, Uri, header::LOCATION},
    middleware::{self, Next},
    response::Response,
};

/// The first segments of the API's own paths. A base path that begins with one would be ambiguous.
const OWN: [&str; 3] = ["v1", "access", ".well-known"];

/// A base path such as `/team/rolecall`: it begins with a slash and does not end with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasePath(&'static str);

/// The text is not a base path: segments of letters, digits, `-` and `_`, separated by slashes, of
/// which the first is not `v1` or `access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotABasePath;

impl FromStr for BasePath {
    type Err = NotABasePath;

    fn from_str(text: &str) -> Result<Self, NotABasePath> {
        let text = text.trim_matches('/');
        let is_segment = |segment: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !segment.is_empty() && segment.bytes().all(is_allowed)
        };
        let first = text.split('/').next().unwrap_or_default();
        if OWN.contains(&first) || !text.split('/').all(is_segment) {
            return Err(NotABasePath);
        }
        // Leaked once a process, so that a `Deployment` is `Copy`.
        Ok(Self(format!("/{text}").leak()))
    }
}

impl BasePath {
    /// The path with its leading slash.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The URI without the base path; `None` if its path is not below it.
    fn strip(self, uri: &Uri) -> Option<Uri> {
        let rest = uri.path_and_query()?.as_str().strip_prefix(self.0)?;
        let rest = match rest.chars().next() {
            None => "/".to_owned(),
            Some('?') => format!("/{rest}"),
            Some('/') => rest.to_owned(),
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(rest.parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}

/// Serves a router below the base path, and also without it, as the API's own endpoint does.
/// `Location` begins with the base path if the request did.
pub fn serve_below(base: BasePath, router: Router) -> Router {
    // A router matches before its layers run, so the path changes in an outer router.
    Router::new().fallback_service(router).layer(middleware::from_fn_with_state(base, rewrite))
}

async fn rewrite(State(base): State<BasePath>, mut request: Request, next: Next) -> Response {
    let Some(uri) = base.strip(request.uri()) else { return next.run(request).await };
    *request.uri_mut() = uri;
    let mut response = next.run(request).await;
    if let Some(location) = response.headers_mut().get_mut(LOCATION)
        && let Some(path) = location.to_str().ok().filter(|path| path.starts_with('/'))
        && let Ok(below) = HeaderValue::try_from(format!("{}{path}", base.as_str()))
    {
        *location = below;
    }
    response
}
