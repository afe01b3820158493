//! The id and time that the gateway assigns to a request.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use jiff::Timestamp;
use lambda_http::{RequestExt, request::RequestContext};
use shared::http::RequestId;
use ulid::Ulid;

/// The id and time of a request. Handlers of this server extract it: then, the id is the one that the response shows.
#[derive(Clone, Debug)]
pub(crate) struct GatewayContext {
    /// The request id: a ULID, or the client's own id.
    pub(crate) id: String,
    /// The arrival time.
    pub(crate) now: Timestamp,
}

impl GatewayContext {
    /// The context of a request that arrives at `now`, with a new id.
    pub(crate) fn new(now: Timestamp) -> Self {
        let ulid = Ulid::from_parts(now.as_millisecond().cast_unsigned(), rand::random());
        Self { id: ulid.to_string(), now }
    }
}

impl<S: Sync> FromRequestParts<S> for GatewayContext {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let Some(RequestContext::ApiGatewayV2(context)) = parts.request_context_ref() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let now = Timestamp::from_millisecond(context.time_epoch);
        let now = now.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        let id = RequestId::new(&parts.headers, context.request_id.as_deref());
        Ok(Self { id: id.shown().to_owned(), now })
    }
}
