//! Idempotency keys: a repeated POST gets the answer of the first one and changes nothing.

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{Answer, ApiError, App, Problem, body::read_body_of, caller::Caller};
use crate::domain::{IdempotencyKey, UserId};

/// The request header of the key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key, in characters.
pub const MAX_IDEMPOTENCY_KEY: usize = 64;
/// The slugs of the refusals of a sign-in by the security settings of an organization.
const SIGN_IN_REFUSALS: [&str; 3] = ["mfa-required", "session-too-old", "network-not-allowed"];

/// Answers a repeated POST with the recorded answer of the first one.
///
/// A request is processed first. Its transaction finds the record of an earlier one. If the request
/// is refused before, because it meets the changes of the earlier one, the record is looked up.
pub(super) async fn replay_repeats(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    match read_key(request).await {
        Ok((request, None)) => next.run(request).await,
        Ok((request, Some(key))) => run_with_key(app, request, key, next).await,
        Err(problem) => problem.into_response(),
    }
}

/// Runs a request that has a key. If it is refused, looks for the answer of an earlier request with
/// the same key.
async fn run_with_key(app: App, mut request: Request, key: RequestKey, next: Next) -> Response {
    request.extensions_mut().insert(key.clone());
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await;
    let response = next.run(Request::from_parts(parts, body)).await;
    let problem = response.extensions().get::<Problem>().map(Problem::slug);
    // What the sign-in does not allow, a repeat does not allow either (ORG3).
    let by_sign_in = problem.is_some_and(|slug| SIGN_IN_REFUSALS.contains(&slug));
    let refused = matches!(response.status().as_u16(), 403 | 404 | 409 | 422 | 429) && !by_sign_in;
    let (true, Ok(Caller { person, context, .. })) = (refused, caller) else { return response };
    match app.store.answered_before(&key.with_caller(&person.id), context.at).await {
        Ok(None) => response,
        // The record of an export is not an answer. A caller who may no longer read the users keeps
        // the refusal.
        Ok(Some(answer)) => Answer::recorded(&answer).map_or(response, Answer::into_response),
        // If the lookup fails, the refusal may be stale.
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// The parts of an [`IdempotencyKey`] that a request has before its caller is known.
#[derive(Clone, Debug)]
pub(super) struct RequestKey {
    /// The method and path of the request.
    operation: String,
    key: String,
    fingerprint: String,
}

impl RequestKey {
    pub(super) fn with_caller(&self, caller: &UserId) -> IdempotencyKey {
        let Self { operation, key, fingerprint } = self.clone();
        IdempotencyKey { caller: caller.clone(), operation, key, fingerprint }
    }
}

/// Reads the key of a POST. The returned request is the same one: its body was read for the
/// fingerprint and is put back.
pub(super) async fn read_key(request: Request) -> Result<(Request, Option<RequestKey>), Problem> {
    if request.method() != Method::POST {
        return Ok((request, None));
    }
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok((request, None)) };
    let key = key.to_str().unwrap_or_default().to_owned();
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if keys.next().is_some() || !visible || !(1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-idempotency-key",
            "Bad idempotency key",
            format!(
                "`Idempotency-Key` is sent once, with 1 to {MAX_IDEMPOTENCY_KEY} visible ASCII \
                 characters. Send a new one."
            ),
        )
        .with("limit", MAX_IDEMPOTENCY_KEY));
    }
    let (parts, body) = request.into_parts();
    let body = read_body_of(&parts.headers, body).await?;
    let fingerprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&body));
    let operation = format!("{} {}", parts.method, parts.uri.path());
    let request = Request::from_parts(parts, Body::from(body));
    Ok((request, Some(RequestKey { operation, key, fingerprint })))
}
