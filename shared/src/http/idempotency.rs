//! Idempotency keys: a repeated POST gets the answer of the first one and changes nothing.

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    Answer, ApiError, App, Problem,
    caller::Caller,
    idempotency_key::{RequestKey, read_key},
};

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
