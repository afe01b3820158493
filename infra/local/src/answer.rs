//! The responses of the gateway and the issuer: JSON and problem documents (RFC 9457).

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::json;

/// A 200 response with `value` as JSON to the request with this id.
pub(crate) fn json(id: &str, value: &impl Serialize) -> Response {
    response(StatusCode::OK, "application/json", id, value)
}

/// A problem document (RFC 9457).
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    challenge: Option<&'static str>,
}

impl Problem {
    /// 401: the request has no token.
    pub(crate) fn no_token() -> Self {
        let detail = "Send `Authorization: Bearer <token>`, once.".to_owned();
        Self { challenge: Some("Bearer"), ..Self::unauthenticated(detail) }
    }

    /// 401: the verifier denies the token for `cause`.
    pub(crate) fn bad_token(cause: authorizer::Denied) -> Self {
        let detail = format!("Get a new token: {cause}.");
        Self { challenge: Some(r#"Bearer error="invalid_token""#), ..Self::unauthenticated(detail) }
    }

    fn unauthenticated(detail: String) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required", detail)
    }

    /// 400: the body is not JSON.
    pub(crate) fn unreadable(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable-request", "Unreadable request", detail)
    }

    /// 422: the body is JSON of another shape.
    pub(crate) fn invalid(detail: String) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", "Invalid request", detail)
    }

    /// 413: the body is larger than API Gateway accepts, or shorter than its announced length.
    pub(crate) fn too_large() -> Self {
        let detail =
            "Send at most 10 MB, and as many bytes as `Content-Length` announces.".to_owned();
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "Body too large", detail)
    }

    /// 400: the body has not arrived in time.
    pub(crate) fn too_slow() -> Self {
        Self::unreadable("The body did not arrive in time. Send the request again.".to_owned())
    }

    /// 500: the server failed. The log has the cause.
    pub(crate) fn internal() -> Self {
        let detail = "The server failed. Its log has the cause.".to_owned();
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    fn new(status: StatusCode, slug: &'static str, title: &'static str, detail: String) -> Self {
        Self { status, slug, title, detail, challenge: None }
    }

    /// The response to the request with this id.
    pub(crate) fn respond(self, id: &str) -> Response {
        let body = json!({
            "type": format!("/problems/{}", self.slug),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": id,
        });
        let mut response = response(self.status, "application/problem+json", id, &body);
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// A response with the headers that all of them have.
fn response(status: StatusCode, kind: &'static str, id: &str, body: &impl Serialize) -> Response {
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
