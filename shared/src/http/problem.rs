//! Error responses as RFC 9457 problem details. A problem never shows its internal cause.

use std::fmt::Display;

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// An error response: a status, the slug of its documentation page, a title, a detail that says
/// what to do, and members of its own.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One invalid field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901). The parameters of a query count as the members of one object.
    pub pointer: String,
    /// How to correct the field, for people.
    pub detail: String,
}

impl FieldError {
    /// The detail after the place of the field, as the detail of a problem.
    pub fn located_detail(&self) -> String {
        format!("{}: {}", self.place(), self.detail)
    }

    /// Where the field is, for people: `row 2, role` of a file, or `invitations[0].email` of a
    /// body.
    fn place(&self) -> String {
        if let Some(cell) = self.pointer.strip_prefix("/rows/") {
            return format!("row {}", cell.replacen('/', ", ", 1));
        }
        let segments = self.pointer.split('/').skip(1);
        let place = segments.fold(String::new(), |place, segment| {
            match (place.is_empty(), segment.parse::<usize>()) {
                (true, _) => segment.to_owned(),
                (false, Ok(index)) => format!("{place}[{index}]"),
                (false, Err(_)) => format!("{place}.{segment}"),
            }
        });
        if place.is_empty() { "the body".to_owned() } else { place }
    }
}

impl Problem {
    /// A problem that is documented at `/problems/<slug>`.
    pub fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let (members, headers) = (Map::new(), Vec::new());
        Self { status, slug, title, detail: detail.into(), members, headers }
    }

    /// Adds an extension member.
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(key.to_owned(), value.into());
        self
    }

    /// Adds the member `errors`, which lists the invalid fields.
    pub fn errors(self, errors: &[FieldError]) -> Self {
        self.with("errors", json!(errors))
    }

    /// Adds a response header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 422: one field of the request is invalid.
    pub fn invalid(error: FieldError) -> Self {
        let detail = error.located_detail();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", "Invalid request", detail)
            .errors(&[error])
    }

    /// 400: the request cannot be parsed.
    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable-request", "Unreadable request", detail)
    }

    /// 401: the request has no verified token.
    pub fn unauthenticated() -> Self {
        let detail = "Sign in, and send a valid bearer token in the `Authorization` header.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required", detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 401: the token is verified, but a claim of it cannot be used. `wrong` says which and why.
    pub fn unusable_token(wrong: &str) -> Self {
        let detail = format!("{wrong} Ask the operator of your identity provider to correct it.");
        let challenge = HeaderValue::from_static(r#"Bearer error="invalid_token""#);
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Authentication required", detail)
            .with_header(WWW_AUTHENTICATE, challenge)
    }

    /// 404: no route matches the path.
    pub fn not_found() -> Self {
        let detail = "No route matches this path. Compare it with the API reference.";
        Self::new(StatusCode::NOT_FOUND, "no-such-route", "No such route", detail)
    }

    /// 405: the path does not support the method. axum lists the supported ones in `Allow`.
    pub fn method_not_allowed() -> Self {
        let detail = "This path does not support the method. Use one that `Allow` lists.";
        let title = "Method not allowed";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail)
    }

    /// 500: a defect of ours. Logs `cause`; the client does not see it.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "internal error");
        let detail =
            "The server has a defect. Report the request id, which finds the cause in its log.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// 503: a service that this one depends on is busy or cannot be reached.
    pub fn unavailable(retry_after_seconds: u16) -> Self {
        let (title, detail) = ("Temporarily unavailable", "Try again in a moment.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
            .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// Adds the header `Retry-After` (RFC 9110, section 10.2.3) and the same number as the member
    /// `retry_after`.
    pub fn retry_after(self, seconds: i64) -> Self {
        self.with("retry_after", seconds).with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The last part of the problem's `type`.
    pub fn slug(&self) -> &'static str {
        self.slug
    }

    /// What happened and what to do, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The response body, with the request id as its `instance`.
    pub(super) fn body(&self, instance: Option<&str>) -> Body {
        // INVARIANT: strings, numbers and values with string keys always serialize.
        Body::from(serde_json::to_vec(&self.document(instance)).unwrap_or_default())
    }

    /// The problem without `instance`, as a part of a response to a batch.
    pub fn to_value(&self) -> Value {
        // INVARIANT: as above.
        serde_json::to_value(self.document(None)).unwrap_or_default()
    }

    fn document<'a>(&'a self, instance: Option<&'a str>) -> Document<'a> {
        Document {
            r#type: format!("/problems/{}", self.slug),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            members: &self.members,
        }
    }

    /// Adds `errors` with this problem's detail at one field.
    pub fn at(self, pointer: impl Into<String>) -> Self {
        let detail = self.detail.clone();
        self.errors(&[FieldError { pointer: pointer.into(), detail }])
    }

    /// Adds `errors` with this problem's detail at one field, and names the field in the detail.
    pub fn located(mut self, pointer: impl Into<String>) -> Self {
        let error = FieldError { pointer: pointer.into(), detail: self.detail };
        self.detail = error.located_detail();
        self.errors(&[error])
    }

    /// Puts the pointer of an item of a batch before the pointers of `errors`, which locate fields
    /// in it.
    pub fn in_item(mut self, item: &str) -> Self {
        let errors = self.members.get_mut("errors").and_then(Value::as_array_mut);
        for error in errors.into_iter().flatten() {
            if let Some(Value::String(pointer)) = error.get_mut("pointer") {
                pointer.insert_str(0, item);
            }
        }
        self
    }
}

impl IntoResponse for Problem {
    /// Also stores the problem as an extension, so that [`complete`](super::complete) can add the
    /// request id.
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body(None));
        *response.status_mut() = self.status;
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

/// A problem as RFC 9457 serializes it.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}
