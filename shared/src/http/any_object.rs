//! Bodies of a protocol that has rules of its own (AuthZEN): what is unknown is ignored, and what is
//! wrong is 400, the content type too.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderValue, header::CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::{Problem, document, query::Unread, read_body};

/// The members of a JSON object, whatever they are; none of them twice.
#[derive(Clone, Debug)]
pub struct AnyObject(pub Map<String, Value>);

impl<S: Sync> FromRequest<S> for AnyObject {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        // There is no 422 in this protocol.
        Unread::refuse(request.extensions())
            .map_err(|problem| Problem::unreadable(problem.detail()))?;
        if !request.headers().get(CONTENT_TYPE).is_some_and(is_json) {
            let detail = "the body must be JSON, and `content-type: application/json` must say so";
            return Err(Problem::unreadable(detail));
        }
        let text = read_body(request.into_body()).await?;
        match document::read(&text) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Problem::unreadable("the body must be a JSON object")),
            Err(why) => Err(Problem::unreadable(format!("the body is not JSON: {why}"))),
        }
    }
}

/// `application/json` and nothing like it; parameters do not matter.
fn is_json(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}
