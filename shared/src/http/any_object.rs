//! JSON bodies of a protocol with rules of its own (AuthZEN): unknown members are ignored, and
//! every error is 400, also a wrong content type.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, header::CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::{Problem, query::UnreadQuery, read_body, strict_json};

/// A JSON object with any members, each at most once.
#[derive(Clone, Debug)]
pub struct AnyObject(pub Map<String, Value>);

impl<S: Sync> FromRequest<S> for AnyObject {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        // The protocol has no 422.
        UnreadQuery::require_read(request.extensions())
            .map_err(|problem| Problem::unreadable(problem.detail()))?;
        if !request.headers().get(CONTENT_TYPE).is_some_and(is_json) {
            return Err(Problem::unreadable("Send JSON with `content-type: application/json`."));
        }
        match strict_json::read(&read_body(request).await?)? {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(Problem::unreadable("Send a JSON object.")),
        }
    }
}

/// Whether a content type is `application/json`, with or without parameters.
fn is_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
