//! The `Idempotency-Key` of a request.

use axum::{
    body::Body,
    extract::Request,
    http::{Method, StatusCode},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{Problem, body::read_body_of};
use crate::domain::{IdempotencyKey, UserId};

/// The request header of the key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key, in characters.
pub const MAX_IDEMPOTENCY_KEY: usize = 64;

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
