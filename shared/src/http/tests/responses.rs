//! The conventions of every response, and the access log.

use axum::{
    Router,
    body::Body,
    http::{Request, request::Builder},
    routing,
};
use lambda_http::request::from_str;
use serde_json::{Value, json};

use super::{authorized, get, log, send};
use crate::http::{Problem, RequestId, access_log::hash, conventions};

fn router() -> Router {
    conventions(
        Router::new()
            .route("/id", routing::get(async |id: RequestId| id.shown().to_owned()))
            .route("/panic", routing::get(async || -> String { panic!("the secret cause") }))
            .route("/broken", routing::get(async || Problem::internal("the secret cause")))
            .route("/busy", routing::get(async || Problem::unavailable(2)))
            .route("/own", routing::get(async || Problem::not_found().with("holders", 3)))
            .route("/organizations/{org}", routing::get(async || "here")),
    )
}

fn plain(request: Builder) -> Request<Body> {
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn printable_request_id_is_echoed_and_any_other_replaced_by_the_gateways() {
    let sent = async |request| {
        let answer = send(router(), request).await;
        assert_eq!(answer.header("x-request-id"), answer.text);
        answer.text
    };
    let longest = "i ~!".repeat(64);
    let own = ["my-id/1=", "import of 3 May, row 7", "\"x\"", &longest].map(|id| (id, id));
    let too_long = "i".repeat(257);
    let replaced = ["", "a\tb", "\u{e4}", &too_long].map(|id| (id, "gateway-1"));
    for (id, expected) in own.into_iter().chain(replaced) {
        let request = get("/id").header("x-request-id", id.as_bytes());
        let request = authorized(request, &Value::Null);
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

/// The log lines of a GET of `target` by `auth0|42`, without their durations.
async fn logged(target: &str) -> Vec<Value> {
    logged_request(get(target)).await
}

async fn logged_request(request: Builder) -> Vec<Value> {
    log::taken();
    let request = request.header("x-request-id", "row 7").header("authorization", "Bearer t");
    let claims = json!({ "sub": "auth0|42", "email": "a@b.example" });
    send(router(), authorized(request, &json!({ "jwt": { "claims": claims } }))).await;
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
            "level": "INFO", "message": "request",
            "request_id": "gateway-1", "client_request_id": "row 7", "method": "GET",
            "route": "/organizations/{org}", "status": 422, "problem": "invalid-request",
            "caller": "9b639ed5aa7bff78", "org": "org_01",
            "round_trips": 0, "requests": 1, "refusals": 1,
        })]
    );
}

/// The caller in the log is the output of the command in `docs/guides/deployer.md`:
/// `printf '%s|%s' "$salt" "$sub" | sha256sum | cut -c1-16`.
#[test]
fn hash_of_a_caller_can_be_computed_from_salt_and_sub() {
    for (salt, sub, printed) in [
        ("rolecall", "auth0|42", "9b639ed5aa7bff78"),
        ("466df9e0-0dff-08e3-8e2f-5088487c4896", "auth0|42", "c12dac736ecd4abe"),
        ("466df9e0-0dff-08e3-8e2f-5088487c4896", "ada", "09ef8eaba0eee304"),
    ] {
        assert_eq!(hash(salt, sub), printed);
    }
}

#[tokio::test]
async fn refusal_without_a_caller_or_a_known_method_is_logged_without_them() {
    log::taken();
    send(router(), plain(Request::builder().method("SECRET").uri("/id"))).await;
    let line: Value = serde_json::from_str(&log::taken()).unwrap();
    assert_eq!(line["method"], "other");
    assert_eq!(line["problem"], "method-not-allowed");
    assert_eq!((&line["caller"], &line["client_request_id"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn address_token_and_sub_are_not_logged() {
    for target in
        ["/organizations/a@b.example", "/organizations/org_a@b.example", "/nowhere/a@b.example"]
    {
        let lines = logged(target).await;
        assert_eq!(lines.len(), 1);
        for secret in ["b.example", "Bearer", "auth0"] {
            assert!(!lines[0].to_string().contains(secret), "{target}: {secret}");
        }
    }
}

/// Support gets one id: the client's or API Gateway's.
#[tokio::test]
async fn every_line_about_a_request_has_the_id_of_the_client_and_that_of_api_gateway() {
    let event = json!({
        "version": "2.0", "routeKey": "GET /broken", "rawPath": "/broken", "rawQueryString": "",
        "headers": { "x-request-id": "row 7" },
        "requestContext": {
            "requestId": "JKJaXmPLvHcESHA=", "stage": "$default", "timeEpoch": 1_700_000_000_123_i64,
            "http": { "method": "GET", "path": "/broken", "sourceIp": "192.0.2.1" },
        },
        "isBase64Encoded": false,
    });
    let request = from_str(&event.to_string()).unwrap().map(Body::new);
    log::taken();
    let answer = send(router(), request).await;
    assert_eq!(answer.header("x-request-id"), "row 7");
    assert_eq!(answer.json()["instance"], "row 7");
    let lines = log::taken();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for ids in [&lines[0]["span"], &lines[1]] {
        assert_eq!(ids["request_id"], "JKJaXmPLvHcESHA=", "as in the header apigw-requestid");
        assert_eq!(ids["client_request_id"], "row 7");
    }
}

#[tokio::test]
async fn cause_is_logged_once_with_the_request_id() {
    for target in ["/broken", "/panic"] {
        let lines = logged(target).await;
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["cause"], "the secret cause");
        assert_eq!(lines[0]["span"]["request_id"], "gateway-1");
        assert_eq!(lines[1]["request_id"], "gateway-1");
        assert_eq!(lines[1]["status"], 500);
    }
}
