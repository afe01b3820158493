//! What API Gateway does to a request before a function sees it; it never looks into a body, and leaves a
//! function's answer as it is.

use std::{net::SocketAddr, sync::Arc, time::SystemTime};

use authorizer::{Claims, Verifier, bearer};
use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{
        HeaderMap,
        header::{AUTHORIZATION, USER_AGENT},
    },
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use jiff::Timestamp;
use lambda_http::{RequestExt, request::RequestContext};
use serde_json::json;

use crate::{answer::Problem, issuer, mailbox, reference, told::Told};

/// What API Gateway takes.
const LIMIT: usize = 10_000_000;

/// Paths for which no token is needed.
const OPEN: [&str; 4] = [access::METADATA, issuer::DISCOVERY, issuer::JWKS, issuer::TOKEN];

/// Puts the gateway before `router`.
pub fn guard(router: Router, verifier: Verifier) -> Router {
    router.layer(from_fn_with_state(Arc::new(verifier), pass))
}

async fn pass(State(verifier): State<Arc<Verifier>>, request: Request, next: Next) -> Response {
    let told = Told::by(now());
    let echo = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let id = echo.unwrap_or(&told.id).to_owned();
    let request = match admit(verifier, request, told).await {
        Ok(request) => request,
        Err(problem) => return problem.answer(&id),
    };
    // A task of its own: a panic ends it and nothing else, and it goes on if the client does not wait.
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::internal().answer(&id),
    }
}

async fn admit(verifier: Arc<Verifier>, request: Request, told: Told) -> Result<Request, Problem> {
    let path = request.uri().path();
    let open = OPEN.contains(&path) || mailbox::is_open(path) || reference::is_at(path);
    let claims = if open {
        None
    } else {
        let token = token(request.headers()).ok_or_else(Problem::no_token)?.to_owned();
        let answer = tokio::task::spawn_blocking(move || verifier.verify(&token, told.now));
        let answer = answer.await.map_err(|_| Problem::internal())?;
        Some(answer.map_err(Problem::bad_token)?)
    };
    let context = context(&request, &told, claims).map_err(|_| Problem::internal())?;
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > LIMIT as u64 {
        return Err(Problem::too_large());
    }
    let body = to_bytes(body, LIMIT).await.map_err(|_| Problem::too_large())?;
    Ok(Request::from_parts(parts, Body::from(body)).with_request_context(context))
}

/// The token, if there is exactly one.
fn token(headers: &HeaderMap) -> Option<&str> {
    let mut headers = headers.get_all(AUTHORIZATION).iter();
    match (headers.next(), headers.next()) {
        (Some(header), None) => header.to_str().ok().map(bearer),
        _ => None,
    }
}

fn context(
    request: &Request,
    told: &Told,
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
        "requestId": told.id,
        "timeEpoch": told.now.as_millisecond(),
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

#[expect(clippy::disallowed_methods, reason = "we are the gateway here")]
pub(crate) fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}
