//! The stand-in for API Gateway: verifies the token, limits the body, and adds the request context.
//!
//! It does not parse bodies and does not change a function's response.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use authorizer::{Claims, Verifier, bearer};
use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Uri,
        header::{
            AUTHORIZATION, CONNECTION, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_MATCH,
            IF_NONE_MATCH, LOCATION, RETRY_AFTER, USER_AGENT,
        },
    },
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use jiff::Timestamp;
use lambda_http::{RequestExt, request::RequestContext};
use serde_json::json;
use shared::http::RequestId;
use tokio::time::timeout;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    answer::Problem, console, gateway_context::GatewayContext, issuer, mailbox, reference,
};

/// The largest body that API Gateway accepts, in bytes.
const MAX_BODY: usize = 10_000_000;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);

/// The paths that need no token.
const OPEN: [&str; 4] = [access::METADATA, issuer::DISCOVERY, issuer::JWKS, issuer::TOKEN];

/// The header in which API Gateway sends its own id of the request, in every response.
const GATEWAY_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// The methods, request headers and response headers that pages of other origins may use, and how long browsers keep
/// that. `template.yaml` has the same.
pub const CORS_METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// The request headers.
pub const CORS_REQUEST_HEADERS: [HeaderName; 6] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    IF_MATCH,
    IF_NONE_MATCH,
    HeaderName::from_static("x-request-id"),
];
/// The response headers.
pub const CORS_RESPONSE_HEADERS: [HeaderName; 6] = [
    GATEWAY_ID,
    CONTENT_DISPOSITION,
    ETAG,
    LOCATION,
    RETRY_AFTER,
    HeaderName::from_static("x-request-id"),
];
/// How long browsers keep the answer to a preflight request.
pub const CORS_MAX_AGE: Duration = Duration::from_hours(2);

/// Lets pages of every origin on this machine call `router`.
pub(crate) fn allow_local_origins(router: Router) -> Router {
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _| is_local(origin)))
        .allow_methods(CORS_METHODS)
        .allow_headers(CORS_REQUEST_HEADERS)
        .expose_headers(CORS_RESPONSE_HEADERS)
        .max_age(CORS_MAX_AGE);
    router.layer(cors)
}

/// Whether an origin is on this machine.
fn is_local(origin: &HeaderValue) -> bool {
    let uri = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    let host = uri.as_ref().and_then(Uri::host);
    host.is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"))
}

/// Puts the gateway in front of `router`.
pub fn guard(router: Router, verifier: Verifier) -> Router {
    router.layer(from_fn_with_state(Arc::new(verifier), handle))
}

async fn handle(State(verifier): State<Arc<Verifier>>, request: Request, next: Next) -> Response {
    let arrival = GatewayContext::new(now());
    let id = RequestId::new(request.headers(), Some(&arrival.id));
    let has_body = !request.body().is_end_stream();
    let mut response = match admit(verifier, request, arrival).await {
        // In its own task, a panic ends this request only, and a disconnecting client does not cancel it.
        Ok(request) => tokio::spawn(next.run(request))
            .await
            .unwrap_or_else(|_| Problem::internal().respond(id.shown())),
        Err(problem) => {
            let mut refused = problem.respond(id.shown());
            if has_body {
                // The rest of the body is not read, so the connection cannot carry another request.
                refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            refused
        }
    };
    if let Ok(id) = HeaderValue::from_str(id.gateway()) {
        response.headers_mut().insert(GATEWAY_ID, id);
    }
    response
}

/// Verifies the token of `request` and adds the request context.
///
/// # Errors
///
/// The problem to respond with: no valid token (401), or a body that is too slow (400), too large or incomplete (413).
async fn admit(
    verifier: Arc<Verifier>,
    request: Request,
    arrival: GatewayContext,
) -> Result<Request, Problem> {
    let path = request.uri().path();
    let open = OPEN.contains(&path)
        || [console::is_at, mailbox::is_at, reference::is_at].iter().any(|is_at| is_at(path));
    let claims = if open {
        None
    } else {
        let token = token(request.headers()).ok_or_else(Problem::no_token)?.to_owned();
        // Verification may fetch the issuer's keys.
        let verification =
            tokio::task::spawn_blocking(move || verifier.verify(&token, arrival.now));
        let outcome = verification.await.map_err(|_| Problem::internal())?;
        Some(outcome.map_err(Problem::bad_token)?)
    };
    let context = context(&request, &arrival, claims).map_err(|_| Problem::internal())?;
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Problem::too_large());
    }
    let body = timeout(BODY_TIMEOUT, to_bytes(body, MAX_BODY)).await;
    let body = body.map_err(|_| Problem::too_slow())?.map_err(|_| Problem::too_large())?;
    Ok(Request::from_parts(parts, Body::from(body)).with_request_context(context))
}

/// The token of the only `Authorization` header. `None` if there is no such header, or more than one.
fn token(headers: &HeaderMap) -> Option<&str> {
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    match (headers.next(), headers.next()) {
        (Some(header), None) => header.to_str().ok().map(bearer),
        _ => None,
    }
}

/// The request context of an HTTP API (payload format 2.0).
fn context(
    request: &Request,
    arrival: &GatewayContext,
    claims: Option<Claims>,
) -> serde_json::Result<RequestContext> {
    let extensions = request.extensions();
    let method = request.method().as_str();
    let route = extensions.get::<MatchedPath>().map(|path| format!("{method} {}", path.as_str()));
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip().to_string());
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let context = json!({
        "routeKey": route.as_deref().unwrap_or("$default"),
        "stage": "$default",
        "requestId": arrival.id,
        "timeEpoch": arrival.now.as_millisecond(),
        "http": {
            "method": method,
            "path": request.uri().path(),
            "protocol": format!("{:?}", request.version()),
            "sourceIp": peer,
            "userAgent": agent,
        },
        "authorizer": claims.map(|claims| json!({ "jwt": claims })),
    });
    serde_json::from_value(context).map(RequestContext::ApiGatewayV2)
}

#[expect(clippy::disallowed_methods, reason = "stands in for API Gateway")]
pub(crate) fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}
