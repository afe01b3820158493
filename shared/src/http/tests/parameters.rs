//! Path and query parameters.

use axum::{Router, body::Body, routing};
use serde::Deserialize;

use super::{Answer, get, send};
use crate::http::{Limit, Path, Query, Time, conventions};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Active,
    Pending,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "printed only")]
struct Filters {
    #[serde(default)]
    status: Vec<Status>,
    scope: Option<Status>,
    q: Option<String>,
    #[serde(default)]
    limit: Limit,
}

async fn send_get(target: &str) -> Answer {
    let router = Router::new()
        .route("/list", routing::get(async |Query(filters): Query<Filters>| format!("{filters:?}")))
        .route("/one/{a}", routing::get(async |Path(one): Path<String>| one))
        .route(
            "/two/{a}/{b}",
            routing::get(async |Path(two): Path<(String, u8)>| format!("{two:?}")),
        );
    send(conventions(router), get(target).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn list_parameter_may_be_repeated() {
    let seen = send_get("/list?status=active&q=a%20b%2Bc&status=pending&limit=100").await.text;
    assert_eq!(
        seen,
        r#"Filters { status: [Active, Pending], scope: None, q: Some("a b+c"), limit: Limit(100) }"#
    );
    let seen = send_get("/list").await.text;
    assert_eq!(seen, "Filters { status: [], scope: None, q: None, limit: Limit(25) }");
}

#[tokio::test]
async fn other_parameter_must_not_be_repeated() {
    for query in ["q=a&q=a", "scope=active&scope=active", "limit=1&status=active&limit=1"] {
        let verdict = send_get(&format!("/list?{query}")).await.verdict();
        assert!(
            verdict.starts_with("400 unreadable-request: Send the parameter `"),
            "{query}: {verdict}"
        );
    }
}

#[tokio::test]
async fn unknown_or_invalid_parameter_is_422_and_named() {
    let mut seen = Vec::new();
    for query in [
        "stauts=active",
        "stauts=a&stauts=b",
        "status=ACTIVE",
        "status=active&status=x",
        "limit=0",
        "limit=101",
        "limit=",
        "limit=-1",
        "limit=1e1",
        "scope=",
    ] {
        let answer = send_get(&format!("/list?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        seen.push(format!("{query} → {}", answer.json()["errors"]));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
        stauts=active → [{"detail":"is unknown: use one of `status`, `scope`, `q`, `limit`","pointer":"/stauts"}]
        stauts=a&stauts=b → [{"detail":"is unknown: use one of `status`, `scope`, `q`, `limit`","pointer":"/stauts"}]
        status=ACTIVE → [{"detail":"must be `active` or `pending`","pointer":"/status/0"}]
        status=active&status=x → [{"detail":"must be `active` or `pending`","pointer":"/status/1"}]
        limit=0 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit=101 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit= → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit=-1 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit=1e1 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        scope= → [{"detail":"must be `active` or `pending`","pointer":"/scope"}]
        "#);
}

#[tokio::test]
async fn path_parameter_is_decoded_once() {
    assert_eq!(send_get("/one/auth0%7C42").await.text, "auth0|42");
    assert_eq!(send_get("/one/a%2Fb").await.text, "a/b");
    assert_eq!(send_get("/one/a%252Fb").await.text, "a%2Fb");
}

#[tokio::test]
async fn malformed_path_parameter_gets_the_404_of_an_unknown_organization() {
    for target in ["/one/%ff", "/two/a/256", "/two/a/b", "/two/%ff/1"] {
        let expected = "404 no-such-organization: There is no such organization, or you are not a member of it. Check the id, or ask an administrator of the organization for an invitation.";
        assert_eq!(send_get(target).await.verdict(), expected, "{target}");
    }
    assert_eq!(send_get("/two/a/255").await.text, r#"("a", 255)"#);
}

#[test]
fn time_has_the_form_and_the_offset_of_rfc_3339() {
    for text in ["2026-12-01T12:00:00Z", "2026-12-01T13:00:00.5+23:59", "2026-12-01 12:00:00-00:30"]
    {
        assert!(Time::parse(text).is_some(), "{text}");
    }
    for text in [
        "2026-12-01T12:00:00+25:00",
        "2026-12-01T12:00:00-24:00",
        "2026-12-01T12:00:00+01",
        "2026-12-01T12:00:00+0100",
        "2026-12-01T12:00:00+01:00:30",
        "2026-12-01T12:00:00",
        "2026-12-01",
    ] {
        assert_eq!(Time::parse(text), None, "{text}");
    }
}
