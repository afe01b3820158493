//! The name of one request, in its answer, its problem and its log lines. It proves nothing: a
//! client may choose it.

use std::fmt;

use axum::{
    extract::FromRequestParts,
    http::{Request, request::Parts},
};
use lambda_http::{RequestExt, request::RequestContext};

use super::Problem;

/// What [`complete`](super::complete) names the request by: 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The header that carries it, both ways.
    pub const HEADER: &str = "x-request-id";

    /// The client's choice if it is a decent one, else the gateway's, else one of our own.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let sent = request.headers().get(Self::HEADER).and_then(|value| value.to_str().ok());
        let given = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_deref(),
            _ => None,
        };
        let decent = |id: &&str| {
            (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let known = sent.filter(decent).or(given.filter(decent));
        Self(known.map_or_else(|| format!("{:032x}", rand::random::<u128>()), str::to_owned))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = parts.extensions.get::<Self>().cloned();
        id.ok_or_else(|| Problem::internal("the router lacks its conventions"))
    }
}
