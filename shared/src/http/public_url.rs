//! The URL at which clients reach the API.

use axum::{extract::FromRequestParts, http::request::Parts};
use lambda_http::{RequestExt, request::RequestContext as GatewayContext};

use super::{App, Deployment, Problem};

/// The URL of the API, without a slash at its end: the configured one, or else that of the API's
/// own endpoint.
///
/// A function cannot know the endpoint from its environment, because the API refers to the
/// function. API Gateway names the API in each event by its id. Unlike a host, no client can choose
/// this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(pub String);

impl FromRequestParts<App> for PublicUrl {
    /// 404: the URL is not known.
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Deployment { public_url, endpoint_domain, .. } = app.deployment;
        if let Some(url) = public_url {
            return Ok(Self(url.trim_end_matches('/').to_owned()));
        }
        let domain = endpoint_domain.ok_or_else(Problem::not_found)?;
        let Some(GatewayContext::ApiGatewayV2(context)) = parts.request_context_ref() else {
            return Err(Problem::not_found());
        };
        let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|it| it.is_ascii_alphanumeric());
        let id = context.apiid.as_deref().filter(is_id).ok_or_else(Problem::not_found)?;
        Ok(Self(format!("https://{id}.{domain}")))
    }
}
