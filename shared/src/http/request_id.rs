//! The id of a request, as it appears in the response, in problems and in the log. A client may
//! choose it, so it proves nothing.

use std::fmt;

use axum::{
    extract::FromRequestParts,
    http::{Request, request::Parts},
};
use lambda_http::{RequestExt, request::RequestContext};

use super::Problem;

/// A request id: 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The header that carries the id in requests and responses.
    pub const HEADER: &str = "x-request-id";

    /// The client's id if it is valid, else API Gateway's, else a random one.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let clients = request.headers().get(Self::HEADER).and_then(|value| value.to_str().ok());
        let gateways = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_deref(),
            _ => None,
        };
        let is_valid = |id: &&str| {
            (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        let id = clients.filter(is_valid).or(gateways.filter(is_valid));
        Self(id.map_or_else(|| format!("{:032x}", rand::random::<u128>()), str::to_owned))
    }

    /// The id as text.
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
        id.ok_or_else(|| Problem::internal("the router was not wrapped by `http::complete`"))
    }
}
