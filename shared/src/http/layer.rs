//! What every answer has, whichever handler gives it. It never touches what a handler says, and
//! never logs an e-mail address, a token, a query or a body.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{
        HeaderValue, Method,
        header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use tracing::Instrument;

use super::{Problem, RequestId, etag::Known, query::Unread};
use crate::store::metered;

/// Gives a complete router its conventions: a request id, the headers of every answer, problems for
/// unknown routes, methods and panics, and one line in the log.
///
/// Merge routers first, and apply this once: two routers that have both been given a fallback
/// cannot be merged.
pub(super) fn conventions(router: Router) -> Router {
    let function: Option<Arc<str>> = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok().map(Arc::from);
    router
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn_with_state(function, keep))
}

async fn keep(
    State(function): State<Option<Arc<str>>>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());
    let unread = Unread::of(request.uri());
    if let Some(unread) = &unread {
        request.extensions_mut().insert(unread.clone());
    }
    let reads = request.method() == Method::GET;
    let known = Known::of(request.headers()).filter(|_| reads);

    let span = tracing::error_span!("request", request_id = id.as_str());
    let running = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind();
    let (handled, cost) = metered(running).await;
    let mut response = handled.unwrap_or_else(|panic| {
        span.in_scope(|| Problem::internal(message(panic.as_ref()))).into_response()
    });
    if let (true, true, Some(unread)) = (reads, response.status().is_success(), unread)
        && let Err(problem) = unread.check()
    {
        response = problem.into_response();
    }
    if let Some(known) = known {
        known.spare(&mut response);
    }
    finish(&mut response, &id);

    response.extensions_mut().insert(cost);
    tracing::info!(
        request_id = id.as_str(),
        function = function.as_deref(),
        route = route.as_ref().map(MatchedPath::as_str),
        status = response.status().as_u16(),
        org = parameters.as_ref().ok().and_then(organization),
        duration_ms =
            f64::from(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX)) / 1e3,
        round_trips = cost.round_trips,
        read_units = cost.read_units,
        write_units = cost.write_units + cost.index_write_units,
        "request"
    );
    response
}

fn finish(response: &mut Response, id: &RequestId) {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        *response.body_mut() = problem.document(Some(id));
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    // INVARIANT: an id is visible ASCII, which is always a header value.
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(RequestId::HEADER, id);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// The organization in the path, if it looks like an id of ours: anybody can put anything into a
/// path, addresses included.
fn organization(parameters: &RawPathParams) -> Option<&str> {
    let (_, org) = parameters.iter().find(|(name, _)| *name == "org")?;
    let bytes = org.strip_prefix("org_")?.as_bytes();
    (bytes.len() <= 32 && bytes.iter().all(u8::is_ascii_alphanumeric)).then_some(org)
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}
