//! The gateway's own answers; it never touches those of the functions.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::json;

/// `value` as JSON.
pub(crate) fn json(id: &str, value: &impl Serialize) -> Response {
    answer(StatusCode::OK, "application/json", id, value)
}

/// An answer that is not the one hoped for (RFC 9457).
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    challenge: Option<&'static str>,
}

impl Problem {
    /// There is no token.
    pub(crate) fn no_token() -> Self {
        let detail = "Send `Authorization: Bearer <token>`, once.".to_owned();
        Self { challenge: Some("Bearer"), ..Self::unauthenticated(detail) }
    }

    /// There is a token, but it is no good, because of `cause`.
    pub(crate) fn bad_token(cause: authorizer::Denied) -> Self {
        let detail = format!("Get a new token: {cause}.");
        Self { challenge: Some(r#"Bearer error="invalid_token""#), ..Self::unauthenticated(detail) }
    }

    fn unauthenticated(detail: String) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Who are you?", detail)
    }

    /// The body is not JSON.
    pub(crate) fn unreadable(detail: String) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unreadable-request",
            "The request cannot be read",
            detail,
        )
    }

    /// The body is JSON, but not the right one.
    pub(crate) fn invalid(detail: String) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid-request",
            "The request is not valid",
            detail,
        )
    }

    /// The body is larger than API Gateway takes.
    pub(crate) fn too_large() -> Self {
        let detail = "Send at most 10 MB, and all that was announced.".to_owned();
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "The request is too large",
            detail,
        )
    }

    /// Our fault. The cause is in the log.
    pub(crate) fn internal() -> Self {
        let detail = "This is not your fault. The server's log has the cause.".to_owned();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong", detail)
    }

    fn new(status: StatusCode, slug: &'static str, title: &'static str, detail: String) -> Self {
        Self { status, slug, title, detail, challenge: None }
    }

    /// The answer to request `id`.
    pub(crate) fn answer(self, id: &str) -> Response {
        let body = json!({
            "type": format!("/problems/{}", self.slug),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": id,
        });
        let mut response = answer(self.status, "application/problem+json", id, &body);
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn answer(status: StatusCode, kind: &'static str, id: &str, body: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    response
}
