//! What may come in a path and in a query.

use axum::{Router, body::Body, routing};
use serde::Deserialize;

use super::{Answer, get, send};
use crate::http::{Limit, Path, Query, conventions};

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

async fn ask(target: &str) -> Answer {
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
async fn a_list_parameter_repeats() {
    let seen = ask("/list?status=active&q=a%20b%2Bc&status=pending&limit=100").await.text;
    assert_eq!(
        seen,
        r#"Filters { status: [Active, Pending], scope: None, q: Some("a b+c"), limit: Limit(100) }"#
    );
    let seen = ask("/list").await.text;
    assert_eq!(seen, "Filters { status: [], scope: None, q: None, limit: Limit(25) }");
}

#[tokio::test]
async fn any_other_parameter_comes_once() {
    for query in ["q=a&q=a", "scope=active&scope=active", "limit=1&status=active&limit=1"] {
        let verdict = ask(&format!("/list?{query}")).await.verdict();
        assert!(
            verdict.starts_with("400 unreadable-request: the parameter `"),
            "{query}: {verdict}"
        );
    }
}

#[tokio::test]
async fn a_parameter_that_is_unknown_or_wrong_is_422_and_named() {
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
        let answer = ask(&format!("/list?{query}")).await;
        assert_eq!(answer.status, 422, "{query}");
        seen.push(format!("{query} → {}", answer.json()["errors"]));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
        stauts=active → [{"detail":"unknown field `stauts`, expected one of `status`, `scope`, `q`, `limit`","pointer":"/stauts"}]
        stauts=a&stauts=b → [{"detail":"unknown field `stauts`, expected one of `status`, `scope`, `q`, `limit`","pointer":"/stauts"}]
        status=ACTIVE → [{"detail":"unknown variant `ACTIVE`, expected `active` or `pending`","pointer":"/status/0"}]
        status=active&status=x → [{"detail":"unknown variant `x`, expected `active` or `pending`","pointer":"/status/1"}]
        limit=0 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit=101 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit= → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit=-1 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        limit=1e1 → [{"detail":"must be a whole number from 1 to 100","pointer":"/limit"}]
        scope= → [{"detail":"unknown variant ``, expected `active` or `pending`","pointer":"/scope"}]
        "#);
}

#[tokio::test]
async fn a_path_parameter_is_decoded_once() {
    assert_eq!(ask("/one/auth0%7C42").await.text, "auth0|42");
    assert_eq!(ask("/one/a%2Fb").await.text, "a/b");
    assert_eq!(ask("/one/a%252Fb").await.text, "a%2Fb");
}

#[tokio::test]
async fn a_path_that_cannot_exist_is_answered_like_one_that_does_not() {
    for target in ["/one/%ff", "/two/a/256", "/two/a/b", "/two/%ff/1"] {
        let said = "404 no-such-organization: There is no such organization, or you are not in it. Check the id, or ask one of its administrators for an invitation.";
        assert_eq!(ask(target).await.verdict(), said, "{target}");
    }
    assert_eq!(ask("/two/a/255").await.text, r#"("a", 255)"#);
}
