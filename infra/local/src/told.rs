//! What the gateway tells the functions, and whoever else answers here, about a request.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use jiff::Timestamp;
use lambda_http::{RequestExt, request::RequestContext};
use ulid::Ulid;

/// What the gateway tells about a request.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Its id.
    pub(crate) id: String,
    /// When it came.
    pub(crate) now: Timestamp,
}

impl Told {
    /// A request that comes now.
    pub(crate) fn by(now: Timestamp) -> Self {
        let ulid = Ulid::from_parts(now.as_millisecond().cast_unsigned(), rand::random());
        Self { id: ulid.to_string(), now }
    }
}

impl<S: Sync> FromRequestParts<S> for Told {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let Some(RequestContext::ApiGatewayV2(context)) = parts.request_context_ref() else {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let now = Timestamp::from_millisecond(context.time_epoch);
        let now = now.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        Ok(Self { id: context.request_id.clone().unwrap_or_default(), now })
    }
}
