//! Stands between a function and the Runtime API, and tells it each request as API Gateway would.

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

/// Starts the function with a Runtime API of our own, which forwards to the real one.
pub async fn stand_before(function: &Path, runtime: &str) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let ours = listener.local_addr()?.to_string();
    let mut child = Command::new(function).env("AWS_LAMBDA_RUNTIME_API", ours).spawn()?;
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
    let asks_for_event = head.uri.path().ends_with("/invocation/next");
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match task::spawn_blocking(move || ask(&runtime, &head, &body)).await {
        Ok(Ok((head, body))) => {
            let body = if asks_for_event { told(&body, now()) } else { body };
            let mut answer = (head.status, body).into_response();
            *answer.headers_mut() = of_the_message(&head.headers);
            answer
        }
        Ok(Err(failure)) => (StatusCode::BAD_GATEWAY, failure.to_string()).into_response(),
        Err(failure) => (StatusCode::BAD_GATEWAY, failure.to_string()).into_response(),
    }
}

/// Asks the real Runtime API, for as long as it takes it to have an event.
fn ask(
    runtime: &str,
    head: &request::Parts,
    body: &[u8],
) -> Result<(response::Parts, Vec<u8>), ureq::Error> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut call = http::Request::new(body);
    *call.uri_mut() = format!("http://{runtime}{}", head.uri).parse().map_err(http::Error::from)?;
    *call.method_mut() = head.method.clone();
    *call.headers_mut() = of_the_message(&head.headers);
    let answer =
        if head.method == Method::GET { agent.run(call.map(|_| ())) } else { agent.run(call) };
    let (head, mut body) = answer?.into_parts();
    Ok((head, body.with_config().limit(u64::MAX).read_to_vec()?))
}

/// The headers that go on with a message; the others belong to one connection.
fn of_the_message(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in
        [header::CONNECTION, header::CONTENT_LENGTH, header::HOST, header::TRANSFER_ENCODING]
    {
        headers.remove(name);
    }
    headers
}

/// The event as the gateway would tell it: `authorizer.lambda` become `authorizer.jwt`, and the time in milliseconds,
/// where `sam local` gives the second in which it was started. Anything that is not a request stays as it was.
fn told(event: &[u8], now: Duration) -> Vec<u8> {
    let Ok(mut told) = serde_json::from_slice::<Value>(event) else { return event.to_vec() };
    let Some(context) = told.get_mut("requestContext").and_then(Value::as_object_mut) else {
        return event.to_vec();
    };
    context.insert("timeEpoch".to_owned(), json!(now.as_millis()));
    if let Some(authorizer) = context.get_mut("authorizer")
        && let Some(mut claims) = authorizer.get_mut("lambda").map(Value::take)
    {
        claims.as_object_mut().and_then(|claims| claims.remove("principalId")); // SAM's own addition.
        *authorizer = json!({ "jwt": { "claims": claims, "scopes": null } });
    }
    told.to_string().into_bytes()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where, locally, the event's time comes from"
)]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1_800_000_000_123);

    fn context(before: &Value) -> Value {
        let event = json!({ "requestContext": before }).to_string();
        let told: Value = serde_json::from_slice(&told(event.as_bytes(), NOW)).unwrap();
        told.get("requestContext").unwrap().clone()
    }

    #[test]
    fn claims_move_to_where_the_gateway_puts_them() {
        let told =
            context(&json!({ "authorizer": { "lambda": { "sub": "ada", "principalId": "sam" } } }));
        assert_eq!(
            told.get("authorizer").unwrap(),
            &json!({ "jwt": { "claims": { "sub": "ada" }, "scopes": null } })
        );
    }

    #[test]
    fn the_clock_goes_and_counts_milliseconds() {
        let told = context(&json!({ "routeKey": "GET /v1/me", "timeEpoch": 1_700_000_000 }));
        assert_eq!(told, json!({ "routeKey": "GET /v1/me", "timeEpoch": 1_800_000_000_123_u64 }));
    }

    #[test]
    fn nobody_gets_claims_from_nowhere() {
        let told = context(&json!({ "authorizer": {} }));
        assert_eq!(told.get("authorizer").unwrap(), &json!({}));
    }

    #[test]
    fn what_is_no_request_stays_as_it_was() {
        let event = br#"{"time": "2026-01-01T00:00:00Z"}"#;
        assert_eq!(told(event, NOW), event);
    }
}
