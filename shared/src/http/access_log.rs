//! The conventions of every response: a request id, security headers, problem documents, and one
//! line in the access log, with the metrics of the request. The log never contains an e-mail
//! address, a `sub`, a token, a query or a body.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    Router,
    extract::{MatchedPath, RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{
        HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::{Problem, RequestId, caller, read_checks::ReadChecks, trusted_proxy::ViewerAddress};
use crate::{
    domain::OrgId,
    lambda::setting,
    log,
    metrics::{Metric, Metrics, Namespace, collected},
    store::{Cost, metered, milliseconds},
};

/// The salt of hashes where the environment sets none, as on the local server.
const DEFAULT_SALT: &str = "rolecall";
/// The bytes of a hash in the log, which shows two characters for each.
const HASH_BYTES: usize = 8;

tokio::task_local! {
    static ORGANIZATION: Arc<OnceLock<OrgId>>;
}

/// Names the organization of this request in its log line, for a route that has it in the body. The
/// first one counts.
pub fn log_organization(org: Option<OrgId>) {
    if let Some(org) = org {
        // Outside of a request there is no log line.
        let _ = ORGANIZATION.try_with(|named| named.set(org));
    }
}

/// The parts of a log line that are the same for every request.
#[derive(Debug)]
pub(super) struct LogSettings {
    /// The name of the Lambda function.
    pub(super) function: Option<String>,
    /// The name of a gradual deployment (`RELEASE`), by which it tells failures of the new version.
    pub(super) release: Option<String>,
    /// The salt of hashes of callers (`LOG_SALT`).
    pub(super) salt: String,
    /// The namespace of the metrics.
    pub(super) namespace: Namespace,
}

impl LogSettings {
    fn from_environment() -> Self {
        Self {
            function: setting("AWS_LAMBDA_FUNCTION_NAME"),
            release: setting("RELEASE"),
            salt: setting("LOG_SALT").unwrap_or_else(|| DEFAULT_SALT.to_owned()),
            namespace: Namespace::from_environment(),
        }
    }
}

/// Adds the conventions to a router: a request id, the headers of every response, problems for
/// unknown routes, methods and panics, and one access log line a request.
///
/// Apply it once, after all routers are merged: axum cannot merge two routers that both have a
/// fallback.
pub(super) fn conventions(router: Router) -> Router {
    conventions_with(router, LogSettings::from_environment())
}

pub(super) fn conventions_with(router: Router, settings: LogSettings) -> Router {
    router
        .fallback(async |request| unmatched(&request, Problem::not_found))
        .method_not_allowed_fallback(async |request| {
            unmatched(&request, Problem::method_not_allowed)
        })
        .layer(middleware::from_fn_with_state(Arc::new(settings), apply))
}

/// Answers a request that no handler matches: a browser's preflight request with success, because
/// API Gateway adds the headers that allow it, and any other with the problem.
fn unmatched(request: &Request, problem: fn() -> Problem) -> Result<StatusCode, Problem> {
    let names_method = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() == Method::OPTIONS && names_method {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(problem())
}

async fn apply(
    State(settings): State<Arc<LogSettings>>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let caller = caller::subject(&request).map(|sub| hash(&settings.salt, sub));
    let at = caller::time(&request);
    let checks = ReadChecks::of(&mut request);
    request.extensions_mut().insert(id.clone());

    let Finished { response, cost, metrics, named } = run_measured(request, next, &id).await;
    let mut response = checks.apply(response);
    let problem = finish(&mut response, &id);
    response.extensions_mut().insert(cost);
    let status = response.status();
    let metrics = metrics_of(metrics, status, problem, cost).publish(&settings.namespace, at);
    log::line(&LogLine {
        level: "INFO",
        message: "request",
        request_id: id.gateway(),
        client_request_id: id.client(),
        function: settings.function.as_deref(),
        release: settings.release.as_deref(),
        method: method_name(&method),
        route: route.as_ref().map(MatchedPath::as_str),
        status: status.as_u16(),
        problem,
        caller: caller.as_deref(),
        viewer_ip: viewer_ip(&response),
        org: parameters.as_ref().ok().and_then(organization).or(named.as_deref()),
        duration_ms: milliseconds(started.elapsed()),
        round_trips: cost.round_trips,
        metrics,
    });
    response
}

/// The response of a handler, and what the log says of its work.
struct Finished {
    response: Response,
    cost: Cost,
    metrics: Metrics,
    /// The organization that the handler named for the log.
    named: Option<String>,
}

async fn run_measured(request: Request, next: Next, id: &RequestId) -> Finished {
    let organization = Arc::default();
    let work = collected(run(request, next, id));
    let ((response, cost), metrics) = ORGANIZATION.scope(Arc::clone(&organization), work).await;
    Finished { response, cost, metrics, named: organization.get().map(OrgId::to_string) }
}

/// The address of the viewer, as a trusted proxy states it.
fn viewer_ip(response: &Response) -> Option<String> {
    let viewer = response.extensions().get::<ViewerAddress>();
    viewer.map(|ViewerAddress(address)| address.to_string())
}

/// Runs the handler and measures its database cost. A panic becomes 500, and its message is logged.
async fn run(request: Request, next: Next, id: &RequestId) -> (Response, Cost) {
    let (request_id, client_request_id) = (id.gateway(), id.client());
    let span = tracing::error_span!("request", request_id, client_request_id);
    let handler = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind();
    let (result, cost) = metered(handler).await;
    let response = result.unwrap_or_else(|panic| {
        span.in_scope(|| Problem::internal(panic_message(panic.as_ref()))).into_response()
    });
    (response, cost)
}

/// Sets the headers of every response, and the request id in a problem's `instance`. Returns the
/// slug of the problem.
fn finish(response: &mut Response, id: &RequestId) -> Option<&'static str> {
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        *response.body_mut() = problem.body(Some(id.shown()));
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    let headers = response.headers_mut();
    // INVARIANT: a request id is printable ASCII, which is always a valid header value.
    if let Ok(id) = HeaderValue::from_str(id.shown()) {
        headers.insert(RequestId::HEADER, id);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    problem.map(|problem| problem.slug())
}

/// The access log line of a request.
#[derive(Serialize)]
struct LogLine<'a> {
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<&'a str>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'a str>,
    status: u16,
    /// The slug of the problem, which is also the dimension of [`Metric::Refusals`].
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
    /// The hash of the caller's `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'a str>,
    /// The address in front of a trusted proxy. API Gateway's log has that of the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    viewer_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<&'a str>,
    duration_ms: f64,
    round_trips: u32,
    #[serde(flatten)]
    metrics: Metrics,
}

/// Adds the metrics that every request has. A refusal needs a problem, which is its dimension.
fn metrics_of(metrics: Metrics, status: StatusCode, problem: Option<&str>, cost: Cost) -> Metrics {
    let one_if = |is: bool| if is { 1.0 } else { 0.0 };
    metrics
        .with(Metric::Requests, 1.0)
        .with(Metric::Failures, one_if(status.is_server_error()))
        .with(Metric::Refusals, one_if(status.is_client_error() && problem.is_some()))
        .with(Metric::ReadUnits, cost.read_units)
        .with(Metric::WriteUnits, cost.write_units + cost.index_write_units)
}

/// The method for the log. A client can send any word as a method.
fn method_name(method: &Method) -> &str {
    let standard = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    if standard.contains(method) { method.as_str() } else { "other" }
}

/// The hash of a `sub` for the log: the first bytes of SHA-256 over the salt, `|` and the `sub`,
/// in hexadecimal. The deployer guide shows how to compute it.
pub(super) fn hash(salt: &str, sub: &str) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update("|").chain_update(sub).finalize();
    let number = hash.iter().take(HASH_BYTES).fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    format!("{number:016x}")
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
