//! The ids of a request: the gateway's, and the one that the client chose.
//!
//! The log and the history keep both. The response and its problem show the client's id if there is
//! one, else the gateway's. A client's id proves nothing: two requests can have the same one.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Request, request::Parts},
};
use lambda_http::{RequestExt, request::RequestContext};

use super::Problem;

/// The longest id of a client, in characters.
pub const MAX_CLIENT_ID: usize = 256;

/// The ids of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    gateway: String,
    client: Option<String>,
}

impl RequestId {
    /// The header that carries the client's id in a request, and the shown id in a response.
    pub const HEADER: &str = "x-request-id";

    /// The ids of a request with these headers, to which the gateway gave the id `gateway`.
    ///
    /// The client's id counts if it has 1 to [`MAX_CLIENT_ID`] printable ASCII characters, spaces
    /// included. Without a gateway, a random id takes the place of the gateway's.
    pub fn new(headers: &HeaderMap, gateway: Option<&str>) -> Self {
        let is_printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        let is_valid =
            |id: &&str| (1..=MAX_CLIENT_ID).contains(&id.len()) && id.bytes().all(is_printable);
        let client = headers.get(Self::HEADER).and_then(|value| value.to_str().ok());
        let client = client.filter(is_valid).map(str::to_owned);
        let gateway = gateway.filter(is_valid).map(str::to_owned);
        Self {
            gateway: gateway.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>())),
            client,
        }
    }

    /// The ids of a request with its context of API Gateway.
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let gateway = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_deref(),
            _ => None,
        };
        Self::new(request.headers(), gateway)
    }

    /// The id that the response shows: the client's, else the gateway's.
    pub fn shown(&self) -> &str {
        self.client().unwrap_or(&self.gateway)
    }

    /// The gateway's id.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The client's id, if the client sent a valid one.
    pub fn client(&self) -> Option<&str> {
        self.client.as_deref()
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let id = parts.extensions.get::<Self>().cloned();
        id.ok_or_else(|| Problem::internal("the router was not wrapped by `http::complete`"))
    }
}
