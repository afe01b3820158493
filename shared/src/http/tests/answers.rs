//! Successful answers, and their form in the idempotency record.

use axum::{
    body::to_bytes,
    http::header::{CONTENT_TYPE, ETAG, LOCATION},
    response::IntoResponse,
};
use serde_json::json;

use crate::{domain::Version, fixtures::now, http::Answer, store};

/// Status, location, entity tag, content type and body of the response.
async fn sent(answer: Answer) -> (u16, [String; 3], String) {
    let (parts, body) = answer.into_response().into_parts();
    let header = |name| parts.headers.get(name).map_or("", |value| value.to_str().unwrap());
    let headers = [LOCATION, ETAG, CONTENT_TYPE].map(|name| header(name).to_owned());
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), headers, String::from_utf8(body.to_vec()).unwrap())
}

fn created() -> Answer {
    let version = Version::first(now(), None);
    Answer::created("/v1/things/1".to_owned(), &json!({ "id": 1 })).with_version(version)
}

#[tokio::test]
async fn answer_has_the_headers_of_its_status() {
    let json = || "application/json".to_owned();
    let none = String::new;
    let headers = ["/v1/things/1".to_owned(), r#""1795255200000""#.to_owned(), json()];
    assert_eq!(sent(created()).await, (201, headers, r#"{"id":1}"#.to_owned()));
    let ok = sent(Answer::ok(&json!([]))).await;
    assert_eq!(ok, (200, [none(), none(), json()], "[]".to_owned()));
    let accepted = sent(Answer::accepted(&json!({ "left": 2 }))).await;
    assert_eq!(accepted, (202, [none(), none(), json()], r#"{"left":2}"#.to_owned()));
    assert_eq!(sent(Answer::no_content()).await, (204, [none(), none(), none()], none()));
}

#[test]
fn recorded_answer_is_the_answer_that_was_given() {
    for answer in [created(), Answer::no_content(), Answer::ok(&json!({ "a": "ü" }))] {
        let recorded = serde_json::to_string(&answer).unwrap();
        assert_eq!(Answer::recorded(&recorded).unwrap(), answer);
    }
    let unreadable = Answer::recorded("{}");
    assert!(matches!(unreadable, Err(store::Error::Broken(_))), "{unreadable:?}");
}
