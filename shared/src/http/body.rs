//! Bodies, in and out. It never guesses: not at a content type, not at a field, not at which of two
//! members counts.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{FieldError, Problem, document, fit::fit, query::Unread};

/// The longest body that is read, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// A JSON body: in, a single object that fits `T` exactly; out, whatever `T` is.
///
/// Types that come in say `#[serde(deny_unknown_fields)]`, so that a misspelt field is never
/// silently ignored.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// A JSON body of which nothing is needed: without one it is what the empty object would be.
#[derive(Clone, Debug)]
pub struct OptionalJson<T>(pub T);

/// No body, or the empty object that some clients send for none.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

/// The bytes of a body of decent length.
pub async fn read_body(body: Body) -> Result<Bytes, Problem> {
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "The body is too large",
            format!("a body may be {MAX_BODY} bytes long"),
        )),
        Err(_) => Err(Problem::unreadable("the body ended too early")),
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Unread::refuse(request.extensions())?;
        if !is_json(request.headers()) {
            return Err(not_json());
        }
        object(&read_body(request.into_body()).await?).map(Self)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Unread::refuse(request.extensions())?;
        let json = is_json(request.headers());
        let text = read_body(request.into_body()).await?;
        if text.trim_ascii().is_empty() {
            return object(b"{}").map(Self);
        }
        if json { object(&text).map(Self) } else { Err(not_json()) }
    }
}

/// Reads an object that fits `T` exactly.
fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let read = document::read(text);
    let value = read.map_err(|why| Problem::unreadable(format!("the body is not JSON: {why}")))?;
    // A derived `Deserialize` would take an array for an object, member by member.
    if !value.is_object() {
        return Err(Problem::invalid(at_the_top("expected a JSON object")));
    }
    fit(value).map_err(Problem::invalid)
}

fn not_json() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "Unsupported media type",
        "the body must be JSON, and `content-type: application/json` must say so",
    )
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(text) => {
                let content_type = HeaderValue::from_static("application/json");
                ([(CONTENT_TYPE, content_type)], text).into_response()
            }
            Err(cause) => Problem::internal(cause).into_response(),
        }
    }
}

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Unread::refuse(request.extensions())?;
        let text = read_body(request.into_body()).await?;
        let is_empty_object =
            |value: Value| value.as_object().is_some_and(serde_json::Map::is_empty);
        if text.trim_ascii().is_empty() || document::read(&text).is_ok_and(is_empty_object) {
            Ok(Self)
        } else {
            Err(Problem::invalid(at_the_top("this takes no body")))
        }
    }
}

fn at_the_top(detail: &str) -> FieldError {
    FieldError { pointer: String::new(), detail: detail.to_owned() }
}

/// `application/json`, or a media type built on it; parameters do not matter.
fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}
