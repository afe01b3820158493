//! Request and response bodies. Parsing is strict: the content type must be JSON, unknown fields
//! are refused, and no member may be repeated.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{FieldError, Problem, deserialize, query::UnreadQuery, strict_json};

/// The longest accepted body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// The longest accepted CSV file, in bytes. Exports of directories have many columns that are
/// ignored.
pub const MAX_CSV: usize = 512 * 1024;

const CSV: &str = "text/csv";

/// How to correct a request with another content type.
const SEND_JSON: &str = "Send JSON with `content-type: application/json`.";

/// A JSON body. As an extractor it accepts one JSON object that matches `T`; as a response it
/// serializes any `T`.
///
/// Request types carry `#[serde(deny_unknown_fields)]`, so that a misspelt field is refused.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

/// A JSON body, or a file of comma-separated values (RFC 4180).
#[derive(Clone, Debug)]
pub enum JsonOrCsv<T> {
    /// A JSON object that matches `T`.
    Json(T),
    /// The file.
    Csv(Bytes),
}

/// A JSON body in which every field is optional; no body counts as `{}`.
#[derive(Clone, Debug)]
pub struct OptionalJson<T>(pub T);

/// No body. An empty object is accepted too, because some clients send one with every POST.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        UnreadQuery::require_read(request.extensions())?;
        let is_json = is_json(request.headers());
        let text = read_body(request).await?;
        if is_json {
            return parse_object(&text).map(Self);
        }
        // Clients send no content type without a body. What is missing is the first field then.
        let missing =
            if text.trim_ascii().is_empty() { parse_object::<T>(b"{}").err() } else { None };
        Err(missing.unwrap_or_else(|| unsupported_media_type(SEND_JSON)))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for JsonOrCsv<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if essence(request.headers()) == CSV {
            UnreadQuery::require_read(request.extensions())?;
            return read_body(request).await.map(Self::Csv);
        }
        if !is_json(request.headers()) {
            return Err(unsupported_media_type(
                "Send JSON with `content-type: application/json`, or a file with `content-type: text/csv`.",
            ));
        }
        Json::from_request(request, state).await.map(|Json(body)| Self::Json(body))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        UnreadQuery::require_read(request.extensions())?;
        let is_json = is_json(request.headers());
        let text = read_body(request).await?;
        if text.trim_ascii().is_empty() {
            return parse_object(b"{}").map(Self);
        }
        if is_json { parse_object(&text).map(Self) } else { Err(unsupported_media_type(SEND_JSON)) }
    }
}

impl<S: Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        UnreadQuery::require_read(request.extensions())?;
        let text = read_body(request).await?;
        let is_empty_object =
            |value: Value| value.as_object().is_some_and(serde_json::Map::is_empty);
        if text.trim_ascii().is_empty() || strict_json::read(&text).is_ok_and(is_empty_object) {
            Ok(Self)
        } else {
            Err(Problem::invalid(whole_body("must be empty: this route takes no body")))
        }
    }
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

/// Reads the body of a request: at most [`MAX_BODY`] bytes, or [`MAX_CSV`] of a CSV file.
///
/// # Errors
///
/// 413 if the body is longer, 400 if the connection ends before the body does.
pub async fn read_body(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    read_body_of(&parts.headers, body).await
}

/// Reads the body of a request with these headers, as [`read_body`] does.
pub(super) async fn read_body_of(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let is_csv = essence(headers) == CSV;
    let limit = if is_csv { MAX_CSV } else { MAX_BODY };
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(cause) if cause.is::<LengthLimitError>() => {
            let detail = if is_csv {
                format!("Send a file of at most {limit} bytes: fewer rows, or fewer columns.")
            } else {
                format!("Send at most {limit} bytes in one request, and the rest in another.")
            };
            let (status, title) = (StatusCode::PAYLOAD_TOO_LARGE, "Body too large");
            Err(Problem::new(status, "body-too-large", title, detail).with("limit", limit))
        }
        Err(_) => Err(Problem::unreadable("The body ended too early. Send the request again.")),
    }
}

/// Parses a JSON object that matches `T`.
fn parse_object<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let value = strict_json::read(text)?;
    // A derived `Deserialize` also accepts an array, member by member.
    if !value.is_object() {
        return Err(Problem::invalid(whole_body("must be a JSON object")));
    }
    deserialize::parse(value).map_err(Problem::invalid)
}

fn unsupported_media_type(detail: &str) -> Problem {
    let title = "Unsupported media type";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", title, detail)
}

fn whole_body(detail: &str) -> FieldError {
    FieldError { pointer: String::new(), detail: detail.to_owned() }
}

/// Whether the content type is `application/json` or `application/…+json`, with or without
/// parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The content type without parameters, in lower case.
fn essence(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
