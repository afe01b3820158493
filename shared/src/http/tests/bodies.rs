//! Request and response bodies.

use axum::{Router, body::Body, http::Request, routing::post};
use serde::{Deserialize, Serialize};

use super::{Answer, send};
use crate::http::{BoundedInt, Json, NoBody, conventions};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct InvitationDraft {
    role_id: Even,
    #[serde(default)]
    to: Vec<Address>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Address {
    email: String,
}

/// A field type with an error message of its own.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "u32")]
struct Even(u32);

impl TryFrom<u32> for Even {
    type Error = &'static str;

    fn try_from(number: u32) -> Result<Self, &'static str> {
        if number.is_multiple_of(2) { Ok(Self(number)) } else { Err("must be even") }
    }
}

async fn send_as(content_type: &str, target: &str, body: impl Into<Body>) -> Answer {
    let router = Router::new()
        .route("/draft", post(async |Json(draft): Json<InvitationDraft>| Json(draft)))
        .route("/empty", post(async |_: NoBody| "done"));
    let request = Request::post(target).header("content-type", content_type);
    send(conventions(router), request.body(body.into()).unwrap()).await
}

async fn send_draft(body: impl Into<Body>) -> Answer {
    send_as("application/json", "/draft", body).await
}

#[tokio::test]
async fn json_is_parsed_and_serialized() {
    let answer = send_draft(r#" {"role_id": 2, "to": [{"email": "a@b"}]} "#).await;
    assert_eq!(answer.text, r#"{"role_id":2,"to":[{"email":"a@b"}]}"#);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn content_type_must_be_json() {
    for good in
        ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
    {
        assert_eq!(send_as(good, "/draft", r#"{"role_id":2}"#).await.status, 200, "{good}");
    }
    for bad in
        ["", "text/plain", "text/json", "application/jsonp", "application/x-www-form-urlencoded"]
    {
        let answer = send_as(bad, "/draft", r#"{"role_id":2}"#).await;
        assert!(answer.verdict().starts_with("415 unsupported-media-type"), "{bad}");
    }
}

#[tokio::test]
async fn request_without_a_body_learns_which_field_is_missing() {
    for content_type in ["", "text/plain"] {
        let answer = send_as(content_type, "/draft", "").await;
        assert_eq!(answer.status, 422, "{content_type}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/role_id");
    }
}

#[tokio::test]
async fn unparseable_body_is_400() {
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
        let answer = send_draft(body.to_owned()).await;
        assert!(answer.verdict().starts_with("400 unreadable-request"), "{body}");
    }
    assert_eq!(send_draft(vec![b'"', 0xff, b'"']).await.status, 400);
}

#[tokio::test]
async fn repeated_member_is_400_at_any_depth() {
    for body in [
        r#"{"role_id":2,"role_id":2}"#,
        r#"{"role_id":2,"role_\u0069d":4}"#,
        r#"{"role_id":2,"to":[{"email":"a","email":"b"}]}"#,
        r#"{"unknown":{"x":{"a":1,"a":1}}}"#,
    ] {
        let expected = "400 unreadable-request: An object has two members of the same name";
        assert!(send_draft(body).await.verdict().starts_with(expected), "{body}");
    }
}

#[tokio::test]
async fn invalid_field_is_422_with_pointer_and_instruction() {
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
        let answer = send_draft(body).await;
        assert_eq!(answer.status, 422, "{body}");
        seen.push(format!("{body} → {}", answer.json()["errors"]));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
        {} → [{"detail":"is required","pointer":"/role_id"}]
        {"role_id":"2"} → [{"detail":"must be a whole number, 0 or more","pointer":"/role_id"}]
        {"role_id":3} → [{"detail":"must be even","pointer":"/role_id"}]
        {"role_id":2,"rolle":1} → [{"detail":"is unknown: use `role_id` or `to`","pointer":"/rolle"}]
        {"role_id":2,"to":[{"email":"a"},{"email":7}]} → [{"detail":"must be a string","pointer":"/to/1/email"}]
        {"role_id":2,"to":[{}]} → [{"detail":"is required","pointer":"/to/0/email"}]
        {"role_id":2,"to":[{"e/~":1}]} → [{"detail":"is unknown: use `email`","pointer":"/to/0/e~1~0"}]
        [2] → [{"detail":"must be a JSON object","pointer":""}]
        null → [{"detail":"must be a JSON object","pointer":""}]
        "#);
}

/// JSON Schema's `integer` includes them.
#[test]
fn whole_number_can_have_a_zero_fraction_or_an_exponent() {
    let read = |text: &str| {
        let value = serde_json::from_str::<serde_json::Value>(text).unwrap();
        let number = BoundedInt::<1, 30>::deserialize(value);
        number.map(|BoundedInt(number)| number).map_err(|error| error.to_string())
    };
    for (text, number) in [("7", 7), ("7.0", 7), ("7e0", 7), ("0.7e1", 7), ("30.000", 30)] {
        assert_eq!(read(text), Ok(number), "{text}");
    }
    let bounds = "must be a whole number from 1 to 30";
    for text in ["0", "0.0", "-0.0", "-7.0", "31.0", "1e300", "-1e300", "18446744073709551615"] {
        assert_eq!(read(text), Err(bounds.to_owned()), "{text}");
    }
    for text in ["7.5", "1e-1", "\"7\"", "true", "null", "[7]"] {
        let error = read(text).unwrap_err();
        assert!(error.ends_with(", expected a whole number"), "{text}: {error}");
    }
}

#[tokio::test]
async fn problem_repeats_little_of_a_huge_input() {
    let huge = "x".repeat(60_000);
    for body in [format!(r#"{{"role_id":"{huge}"}}"#), format!(r#"{{"{huge}":1}}"#)] {
        let answer = send_draft(body).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.len() < 1500, "{}", answer.text.len());
    }
}

#[tokio::test]
async fn body_is_limited_to_64_kib() {
    let padded = |length: usize| format!(r#"{{"role_id":2{}}}"#, " ".repeat(length - 13));
    assert_eq!(send_draft(padded(65_536)).await.status, 200);
    let expected =
        "413 body-too-large: Send at most 65536 bytes in one request, and the rest in another.";
    assert_eq!(send_draft(padded(65_537)).await.verdict(), expected);
    let answer = send_as("text/plain", "/empty", padded(65_537)).await;
    assert_eq!((answer.verdict().as_str(), &answer.json()["limit"]), (expected, &65_536.into()));
}

#[tokio::test]
async fn csv_file_is_limited_to_512_kib() {
    let expected =
        "413 body-too-large: Send a file of at most 524288 bytes: fewer rows, or fewer columns.";
    let send = |length: usize| send_as("text/csv; charset=utf-8", "/empty", " ".repeat(length));
    assert_eq!(send(512 * 1024).await.status, 200);
    assert_eq!(send(512 * 1024 + 1).await.verdict(), expected);
}

#[tokio::test]
async fn empty_object_counts_as_no_body() {
    for body in ["", " \n", "{}", " { } "] {
        assert_eq!(send_as("text/plain", "/empty", body).await.text, "done", "{body}");
    }
    for body in ["null", "[]", "{", r#"{"a":1}"#, "0"] {
        assert_eq!(send_as("application/json", "/empty", body).await.status, 422, "{body}");
    }
}
