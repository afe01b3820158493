//! The conventions of every response, and the access log.

use axum::{Router, body::Body, http::Request, routing};
use serde_json::{Value, json};

use super::{authorized, get, log, send};
use crate::http::{Problem, RequestId, conventions};

fn router() -> Router {
    conventions(
        Router::new()
            .route("/id", routing::get(async |id: RequestId| id.to_string()))
            .route("/panic", routing::get(async || -> String { panic!("the secret cause") }))
            .route("/broken", routing::get(async || Problem::internal("the secret cause")))
            .route("/busy", routing::get(async || Problem::unavailable(2)))
            .route("/own", routing::get(async || Problem::not_found().with("holders", 3)))
            .route("/organizations/{org}", routing::get(async || "here")),
    )
}

fn plain(request: axum::http::request::Builder) -> Request<Body> {
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn valid_request_id_is_echoed_and_an_invalid_one_replaced_by_the_gateways() {
    let sent = async |request| {
        let answer = send(router(), request).await;
        assert_eq!(answer.header("x-request-id"), answer.text);
        answer.text
    };
    let (longest, too_long) = ("i".repeat(128), "i".repeat(129));
    let own = [("my-id/1=", "my-id/1="), (&longest, &longest)];
    let replaced = ["", "a b", "a\tb", &too_long].map(|id| (id, "gateway-1"));
    for (id, expected) in own.into_iter().chain(replaced) {
        let request = authorized(get("/id").header("x-request-id", id), &Value::Null);
        assert_eq!(sent(request).await, expected);
    }
    assert_eq!(sent(plain(get("/id"))).await.len(), 32, "generated without a gateway");
}

#[tokio::test]
async fn every_response_has_its_headers_and_every_problem_its_instance() {
    let mut seen = Vec::new();
    for target in ["/id", "/nowhere", "/panic", "/broken", "/busy", "/own"] {
        let answer = send(router(), plain(get(target).header("x-request-id", "i"))).await;
        assert_eq!(answer.header("x-request-id"), "i");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        seen.push(format!(
            "{target} {} {} {}",
            answer.status,
            answer.header("retry-after"),
            answer.text
        ));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
        /id 200 OK  i
        /nowhere 404 Not Found  {"type":"/problems/no-such-route","title":"No such route","status":404,"detail":"No route matches this path. Compare it with the API reference.","instance":"i"}
        /panic 500 Internal Server Error  {"type":"/problems/internal","title":"Internal error","status":500,"detail":"The server has a defect. Report the request id, which finds the cause in its log.","instance":"i"}
        /broken 500 Internal Server Error  {"type":"/problems/internal","title":"Internal error","status":500,"detail":"The server has a defect. Report the request id, which finds the cause in its log.","instance":"i"}
        /busy 503 Service Unavailable 2 {"type":"/problems/unavailable","title":"Temporarily unavailable","status":503,"detail":"Try again in a moment.","instance":"i"}
        /own 404 Not Found  {"type":"/problems/no-such-route","title":"No such route","status":404,"detail":"No route matches this path. Compare it with the API reference.","instance":"i","holders":3}
        "#);
}

#[tokio::test]
async fn unsupported_method_gets_allow_header() {
    let answer = send(router(), plain(Request::delete("/id").header("x-request-id", "i"))).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET,HEAD"));
    assert!(answer.verdict().starts_with("405 method-not-allowed"));
    assert_eq!(answer.json()["instance"], "i");
    assert_eq!(answer.header("content-length"), answer.text.len().to_string());
}

/// The log lines of a GET of `target`, without their durations.
async fn logged(target: &str) -> Vec<Value> {
    log::taken();
    let request = get(target).header("x-request-id", "i").header("authorization", "Bearer t");
    send(router(), plain(request)).await;
    let text = log::taken();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let duration = line.as_object_mut().unwrap().remove("duration_ms");
        assert!(duration.is_none_or(|duration| duration.is_number()));
        line
    });
    lines.collect()
}

#[tokio::test]
async fn request_is_one_access_log_line() {
    let lines = logged("/organizations/org_01?email=a@b.example").await;
    assert_eq!(
        lines,
        [json!({
            "level": "INFO", "target": "shared::http::access_log", "message": "request", "request_id": "i",
            "route": "/organizations/{org}", "status": 422, "org": "org_01",
            "round_trips": 0, "read_units": 0.0, "write_units": 0.0,
        })]
    );
}

#[tokio::test]
async fn address_in_a_path_is_not_logged() {
    for target in
        ["/organizations/a@b.example", "/organizations/org_a@b.example", "/nowhere/a@b.example"]
    {
        let lines = logged(target).await;
        assert_eq!(lines.len(), 1);
        assert!(!lines[0].to_string().contains("b.example"), "{target}");
    }
}

#[tokio::test]
async fn cause_is_logged_once_with_the_request_id() {
    for target in ["/broken", "/panic"] {
        let lines = logged(target).await;
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["cause"], "the secret cause");
        assert_eq!(lines[0]["span"]["request_id"], "i");
        assert_eq!(lines[1]["status"], 500);
    }
}
