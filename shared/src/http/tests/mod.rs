//! What clients see of extractors and responses, through small routers and simulated gateway
//! events.

mod answers;
mod bodies;
mod callers;
mod log;
mod metrics;
mod pages;
mod parameters;
mod problems;
mod proxy;
mod responses;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, request::Builder},
};
use lambda_http::{RequestExt, request::RequestContext};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A problem's status, slug and detail.
    fn verdict(&self) -> String {
        let problem = self.json();
        let slug = problem["type"].as_str().unwrap().trim_start_matches("/problems/");
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(self.header("content-type"), "application/problem+json");
        format!("{} {slug}: {detail}", self.status.as_u16())
    }
}

async fn send(router: Router, request: Request<Body>) -> Answer {
    log::start();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

fn get(target: &str) -> Builder {
    Request::get(target)
}

/// A request as API Gateway passes it on, with `authorizer` in its context.
fn authorized(request: Builder, authorizer: &Value) -> Request<Body> {
    let context = serde_json::from_value(json!({
        "requestId": "gateway-1",
        "timeEpoch": 1_700_000_000_123_i64,
        "authorizer": authorizer,
        "http": { "method": "GET", "path": "/", "sourceIp": "192.0.2.1" },
    }));
    request
        .body(Body::empty())
        .unwrap()
        .with_request_context(RequestContext::ApiGatewayV2(context.unwrap()))
}
