//! What may come in a body.

use axum::{Router, body::Body, http::Request, routing::post};
use serde::{Deserialize, Serialize};

use super::{Answer, send};
use crate::http::{Json, NoBody, conventions};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Offer {
    role_id: Even,
    #[serde(default)]
    to: Vec<Address>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Address {
    email: String,
}

/// Stands for a value that parses itself.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "u32")]
struct Even(u32);

impl TryFrom<u32> for Even {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, &'static str> {
        if number.is_multiple_of(2) { Ok(Self(number)) } else { Err("is odd") }
    }
}

async fn send_as(content_type: &str, target: &str, body: impl Into<Body>) -> Answer {
    let router = Router::new()
        .route("/offer", post(async |Json(offer): Json<Offer>| Json(offer)))
        .route("/nothing", post(async |_: NoBody| "done"));
    let request = Request::post(target).header("content-type", content_type);
    send(conventions(router), request.body(body.into()).unwrap()).await
}

async fn offer(body: impl Into<Body>) -> Answer {
    send_as("application/json", "/offer", body).await
}

#[tokio::test]
async fn json_comes_in_and_goes_out() {
    let answer = offer(r#" {"role_id": 2, "to": [{"email": "a@b"}]} "#).await;
    assert_eq!(answer.text, r#"{"role_id":2,"to":[{"email":"a@b"}]}"#);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    for good in
        ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
    {
        assert_eq!(send_as(good, "/offer", r#"{"role_id":2}"#).await.status, 200, "{good}");
    }
    for bad in
        ["", "text/plain", "text/json", "application/jsonp", "application/x-www-form-urlencoded"]
    {
        let answer = send_as(bad, "/offer", r#"{"role_id":2}"#).await;
        assert!(answer.verdict().starts_with("415 unsupported-media-type"), "{bad}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_400() {
    let deep = "[".repeat(200);
    for body in [
        "",
        " ",
        "{",
        "nul",
        "{} {}",
        "{'a': 1}",
        "\u{feff}{}",
        "{\"a\":1e999}",
        "\"\\ud800\"",
        &deep,
    ] {
        let answer = offer(body.to_owned()).await;
        assert!(answer.verdict().starts_with("400 unreadable-request"), "{body}");
    }
    assert_eq!(offer(vec![b'"', 0xff, b'"']).await.status, 400);
}

#[tokio::test]
async fn a_member_named_twice_is_400_wherever_it_is() {
    for body in [
        r#"{"role_id":2,"role_id":2}"#,
        r#"{"role_id":2,"role_\u0069d":4}"#,
        r#"{"role_id":2,"to":[{"email":"a","email":"b"}]}"#,
        r#"{"unknown":{"x":{"a":1,"a":1}}}"#,
    ] {
        let said = "400 unreadable-request: the body is not JSON: an object names a member twice";
        assert!(offer(body).await.verdict().starts_with(said), "{body}");
    }
}

#[tokio::test]
async fn what_reads_but_does_not_fit_is_422_and_says_where() {
    let mut seen = Vec::new();
    for body in [
        "{}",
        r#"{"role_id":"2"}"#,
        r#"{"role_id":3}"#,
        r#"{"role_id":2,"rolle":1}"#,
        r#"{"role_id":2,"to":[{"email":"a"},{"email":7}]}"#,
        r#"{"role_id":2,"to":[{}]}"#,
        r#"{"role_id":2,"to":[{"e/~":1}]}"#,
        "[2]",
        "null",
    ] {
        let answer = offer(body).await;
        assert_eq!(answer.status, 422, "{body}");
        seen.push(format!("{body} → {}", answer.json()["errors"]));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
        {} → [{"detail":"missing field `role_id`","pointer":"/role_id"}]
        {"role_id":"2"} → [{"detail":"invalid type: string \"2\", expected u32","pointer":"/role_id"}]
        {"role_id":3} → [{"detail":"is odd","pointer":"/role_id"}]
        {"role_id":2,"rolle":1} → [{"detail":"unknown field `rolle`, expected `role_id` or `to`","pointer":"/rolle"}]
        {"role_id":2,"to":[{"email":"a"},{"email":7}]} → [{"detail":"invalid type: integer `7`, expected a string","pointer":"/to/1/email"}]
        {"role_id":2,"to":[{}]} → [{"detail":"missing field `email`","pointer":"/to/0/email"}]
        {"role_id":2,"to":[{"e/~":1}]} → [{"detail":"unknown field `e/~`, expected `email`","pointer":"/to/0/e~1~0"}]
        [2] → [{"detail":"expected a JSON object","pointer":""}]
        null → [{"detail":"expected a JSON object","pointer":""}]
        "#);
}

#[tokio::test]
async fn a_complaint_never_repeats_a_huge_input() {
    let huge = "x".repeat(60_000);
    for body in [format!(r#"{{"role_id":"{huge}"}}"#), format!(r#"{{"{huge}":1}}"#)] {
        let answer = offer(body).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.len() < 1500, "{}", answer.text.len());
    }
}

#[tokio::test]
async fn a_body_may_be_64_kib_long() {
    let padded = |length: usize| format!(r#"{{"role_id":2{}}}"#, " ".repeat(length - 13));
    assert_eq!(offer(padded(65_536)).await.status, 200);
    let said = "413 body-too-large: a body may be 65536 bytes long";
    assert_eq!(offer(padded(65_537)).await.verdict(), said);
    assert_eq!(send_as("text/plain", "/nothing", padded(65_537)).await.verdict(), said);
}

#[tokio::test]
async fn where_no_body_is_taken_an_empty_object_is_none() {
    for body in ["", " \n", "{}", " { } "] {
        assert_eq!(send_as("text/plain", "/nothing", body).await.text, "done", "{body}");
    }
    for body in ["null", "[]", "{", r#"{"a":1}"#, "0"] {
        assert_eq!(send_as("application/json", "/nothing", body).await.status, 422, "{body}");
    }
}
