//! The conventions of every response: a request id, security headers, problem documents, and one
//! line in the access log. The log never contains an e-mail address, a token, a query or a body.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{
        HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tracing::Instrument;

use super::{Problem, RequestId, etag::IfNoneMatch, query::UnreadQuery};
use crate::store::{Cost, metered};

/// Adds the conventions to a router: a request id, the headers of every response, problems for
/// unknown routes, methods and panics, and one access log line a request.
///
/// Apply it once, after all routers are merged: axum cannot merge two routers that both have a
/// fallback.
pub(super) fn conventions(router: Router) -> Router {
    let function: Option<Arc<str>> = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok().map(Arc::from);
    router
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn_with_state(function, apply))
}

async fn apply(
    State(function): State<Option<Arc<str>>>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let is_get = request.method() == Method::GET;
    let if_none_match = IfNoneMatch::of(request.headers()).filter(|_| is_get);
    let unread_query = UnreadQuery::of(request.uri());
    request.extensions_mut().insert(id.clone());
    if let Some(unread) = &unread_query {
        request.extensions_mut().insert(unread.clone());
    }

    let (mut response, cost) = run(request, next, &id).await;
    if is_get
        && response.status().is_success()
        && let Some(Err(problem)) = unread_query.map(|unread| unread.check())
    {
        response = problem.into_response();
    }
    if let Some(tags) = if_none_match {
        tags.apply(&mut response);
    }
    finish(&mut response, &id);
    response.extensions_mut().insert(cost);
    LogLine {
        request_id: &id,
        function: function.as_deref(),
        route: route.as_ref().map(MatchedPath::as_str),
        org: parameters.as_ref().ok().and_then(organization),
        started,
    }
    .write(response.status(), cost);
    response
}

/// Runs the handler and measures its database cost. A panic becomes 500, and its message is logged.
async fn run(request: Request, next: Next, id: &RequestId) -> (Response, Cost) {
    let span = tracing::error_span!("request", request_id = id.as_str());
    let handler = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind();
    let (result, cost) = metered(handler).await;
    let response = result.unwrap_or_else(|panic| {
        span.in_scope(|| Problem::internal(panic_message(panic.as_ref()))).into_response()
    });
    (response, cost)
}

/// Sets the headers of every response, and the request id in a problem's `instance`.
fn finish(response: &mut Response, id: &RequestId) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.body(Some(id));
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    // INVARIANT: a request id is visible ASCII, which is always a valid header value.
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(RequestId::HEADER, id);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// The access log line of a request.
struct LogLine<'a> {
    request_id: &'a RequestId,
    function: Option<&'a str>,
    route: Option<&'a str>,
    org: Option<&'a str>,
    started: Instant,
}

impl LogLine<'_> {
    fn write(&self, status: StatusCode, cost: Cost) {
        let microseconds = u32::try_from(self.started.elapsed().as_micros()).unwrap_or(u32::MAX);
        tracing::info!(
            request_id = self.request_id.as_str(),
            function = self.function,
            route = self.route,
            status = status.as_u16(),
            org = self.org,
            duration_ms = f64::from(microseconds) / 1e3,
            round_trips = cost.round_trips,
            read_units = cost.read_units,
            write_units = cost.write_units + cost.index_write_units,
            "request"
        );
    }
}

/// The organization id in the path, for the log. Anything that does not look like an id is left
/// out: a client can put any text into a path, such as an e-mail address.
fn organization(parameters: &RawPathParams) -> Option<&str> {
    let (_, org) = parameters.iter().find(|(name, _)| *name == "org")?;
    let bytes = org.strip_prefix("org_")?.as_bytes();
    (bytes.len() <= 32 && bytes.iter().all(u8::is_ascii_alphanumeric)).then_some(org)
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panic without a message")
}
