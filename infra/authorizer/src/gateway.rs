//! A proxy between a function and the Runtime API that rewrites each event to the form of API Gateway.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{self, HeaderMap, Method, StatusCode, header, request, response},
    response::{IntoResponse, Response},
};
use lambda_http::Error;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task};

/// Starts `function` with this proxy as its Runtime API. Ends the process with the exit code of the function.
///
/// # Errors
///
/// The proxy cannot listen, or the function cannot be started.
pub async fn run_behind_gateway(function: &Path, runtime: &str) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let mut child = Command::new(function).env("AWS_LAMBDA_RUNTIME_API", address).spawn()?;
    thread::spawn(move || {
        let status = child.wait().ok().and_then(|status| status.code());
        std::process::exit(status.unwrap_or(1));
    });
    let runtime = runtime.to_owned();
    axum::serve(listener, Router::new().fallback(forward).with_state(runtime)).await?;
    Ok(())
}

async fn forward(State(runtime): State<String>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let is_next = head.uri.path().ends_with("/invocation/next");
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match task::spawn_blocking(move || call_runtime(&runtime, &head, &body)).await {
        Ok(Ok((head, body))) => {
            let body = if is_next { as_gateway_event(&body, now()) } else { body };
            let mut response = (head.status, body).into_response();
            *response.headers_mut() = end_to_end(&head.headers);
            response
        }
        Ok(Err(failure)) => (StatusCode::BAD_GATEWAY, failure.to_string()).into_response(),
        Err(failure) => (StatusCode::BAD_GATEWAY, failure.to_string()).into_response(),
    }
}

/// Forwards a call to the real Runtime API. `next` blocks until there is an event.
fn call_runtime(
    runtime: &str,
    head: &request::Parts,
    body: &[u8],
) -> Result<(response::Parts, Vec<u8>), ureq::Error> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut call = http::Request::new(body);
    *call.uri_mut() = format!("http://{runtime}{}", head.uri).parse().map_err(http::Error::from)?;
    *call.method_mut() = head.method.clone();
    *call.headers_mut() = end_to_end(&head.headers);
    let response =
        if head.method == Method::GET { agent.run(call.map(|_| ())) } else { agent.run(call) };
    let (head, mut body) = response?.into_parts();
    Ok((head, body.with_config().limit(u64::MAX).read_to_vec()?))
}

/// The headers without those that belong to one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in
        [header::CONNECTION, header::CONTENT_LENGTH, header::HOST, header::TRANSFER_ENCODING]
    {
        headers.remove(name);
    }
    headers
}

/// Rewrites a request event: `authorizer.lambda` becomes `authorizer.jwt`, and `timeEpoch` becomes `now` in milliseconds.
/// `sam local` sends the second at which it started. Other events stay unchanged.
fn as_gateway_event(event: &[u8], now: Duration) -> Vec<u8> {
    let Ok(mut rewritten) = serde_json::from_slice::<Value>(event) else { return event.to_vec() };
    let Some(context) = rewritten.get_mut("requestContext").and_then(Value::as_object_mut) else {
        return event.to_vec();
    };
    context.insert("timeEpoch".to_owned(), json!(now.as_millis()));
    if let Some(authorizer) = context.get_mut("authorizer")
        && let Some(mut claims) = authorizer.get_mut("lambda").map(Value::take)
    {
        claims.as_object_mut().and_then(|claims| claims.remove("principalId")); // SAM adds it.
        *authorizer = json!({ "jwt": { "claims": claims, "scopes": null } });
    }
    rewritten.to_string().into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "stands in for API Gateway")]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1_800_000_000_123);

    /// The request context that the function receives for one from SAM.
    fn rewritten_context(context: &Value) -> Value {
        let event = json!({ "requestContext": context }).to_string();
        let rewritten: Value =
            serde_json::from_slice(&as_gateway_event(event.as_bytes(), NOW)).unwrap();
        rewritten["requestContext"].clone()
    }

    #[test]
    fn lambda_authorizer_context_becomes_jwt_claims() {
        let context = rewritten_context(
            &json!({ "authorizer": { "lambda": { "sub": "ada", "principalId": "sam" } } }),
        );
        assert_eq!(
            context["authorizer"],
            json!({ "jwt": { "claims": { "sub": "ada" }, "scopes": null } })
        );
    }

    #[test]
    fn time_is_that_of_the_request_in_milliseconds() {
        let context =
            rewritten_context(&json!({ "routeKey": "GET /v1/me", "timeEpoch": 1_700_000_000 }));
        assert_eq!(
            context,
            json!({ "routeKey": "GET /v1/me", "timeEpoch": 1_800_000_000_123_u64 })
        );
    }

    #[test]
    fn request_without_authorizer_context_has_no_claims() {
        let context = rewritten_context(&json!({ "authorizer": {} }));
        assert_eq!(context["authorizer"], json!({}));
    }

    #[test]
    fn other_events_stay_unchanged() {
        let event = br#"{"time": "2026-01-01T00:00:00Z"}"#;
        assert_eq!(as_gateway_event(event, NOW), event);
    }
}
