//! Errors on the wire, as RFC 9457 problem details. It never decides what is an error, and never
//! shows a cause.

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

use super::RequestId;

/// An answer that is not the one hoped for.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem as RFC 9457 writes it.
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

/// One place in a request, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901); the parameters of a query count as the members of one object.
    pub pointer: String,
    /// For people.
    pub detail: String,
}

impl Problem {
    /// A problem whose documentation is the page `/problems/<slug>`.
    pub fn new(
        status: StatusCode,
        slug: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let (members, headers) = (Map::new(), Vec::new());
        Self { status, slug, title, detail: detail.into(), members, headers }
    }

    /// Adds a member of the problem's own.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.members.insert(key.to_owned(), value.into());
        self
    }

    /// Adds the places that are wrong.
    #[must_use]
    pub fn errors(self, errors: Vec<FieldError>) -> Self {
        let listed = errors
            .into_iter()
            .map(|FieldError { pointer, detail }| json!({ "pointer": pointer, "detail": detail }));
        self.with("errors", listed.collect::<Vec<_>>())
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Readable, but wrong at one place.
    #[must_use]
    pub fn invalid(error: FieldError) -> Self {
        let detail = format!("{}: {}", error.pointer, error.detail);
        let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "The request is not valid");
        Self::new(status, "invalid-request", title, detail).errors(vec![error])
    }

    /// Not even readable.
    pub fn unreadable(detail: impl Into<String>) -> Self {
        let title = "The request cannot be read";
        Self::new(StatusCode::BAD_REQUEST, "unreadable-request", title, detail)
    }

    /// Nobody vouched for the caller.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let (title, detail) = ("Not signed in", "this needs a valid bearer token");
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", title, detail)
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// There is no such route.
    #[must_use]
    pub fn not_found() -> Self {
        let (title, detail) = ("No such route", "nothing is served at this path");
        Self::new(StatusCode::NOT_FOUND, "no-such-route", title, detail)
    }

    /// The route knows other methods; axum lists them in `Allow`.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail = "this path does not take the method; `Allow` lists those it takes";
        let title = "Method not allowed";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail)
    }

    /// Our fault. The cause is for the log, where it appears once, and never for the caller.
    pub fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "internal error");
        let detail = "something went wrong on our side; the request id finds it in our log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }

    /// What we depend on is busy or away.
    #[must_use]
    pub fn unavailable(retry_after_seconds: u16) -> Self {
        let (title, detail) = ("Temporarily unavailable", "try again in a moment");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title, detail)
            .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The last part of the problem's `type`.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        self.slug
    }

    /// What it says to people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The document itself.
    pub(super) fn document(&self, instance: Option<&RequestId>) -> Body {
        // INVARIANT: strings, numbers and values with string keys always serialize.
        Body::from(serde_json::to_vec(&self.told(instance)).unwrap_or_default())
    }

    /// The document as a part of another answer, which has the request's id itself.
    #[must_use]
    pub fn within(&self) -> Value {
        // INVARIANT: as above.
        serde_json::to_value(self.told(None)).unwrap_or_default()
    }

    fn told<'a>(&'a self, instance: Option<&'a RequestId>) -> Document<'a> {
        Document {
            r#type: format!("/problems/{}", self.slug),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: instance.map(RequestId::as_str),
            members: &self.members,
        }
    }

    /// Points at the place in the request that it is about.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>) -> Self {
        let detail = self.detail.clone();
        self.errors(vec![FieldError { pointer: pointer.into(), detail }])
    }
}

impl IntoResponse for Problem {
    /// The problem travels along as an extension, so that [`complete`](super::complete) can
    /// name the request in it.
    fn into_response(self) -> Response {
        let mut response = Response::new(self.document(None));
        *response.status_mut() = self.status;
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response.headers_mut().extend(self.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}
