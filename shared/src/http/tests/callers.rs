//! Who is asking, and who only says so.

use axum::{Router, routing};
use serde_json::{Value, json};

use super::{Answer, get, send, vouched};
use crate::http::{Caller, Now, layer::conventions};

async fn who(Caller { person, sign_in }: Caller, Now(now): Now) -> String {
    let email = person.email.map(|email| email.to_string());
    format!("{} {email:?} {:?} {} {sign_in:?} {now}", person.id, person.name, person.operator)
}

fn router() -> Router {
    Router::new().route("/who", routing::get(who))
}

async fn ask(authorizer: &Value) -> Answer {
    send(conventions(router()), vouched(get("/who"), authorizer)).await
}

fn jwt(claims: &Value) -> Value {
    json!({ "jwt": { "claims": claims, "scopes": null } })
}

#[tokio::test]
async fn a_signed_in_person_is_known_by_their_claims() {
    let claims = json!({
        "sub": "auth0|42", "email": "ann@example.com", "email_verified": "true", "name": "Ann",
        "scope": "openid operator", "amr": "[pwd mfa]", "auth_time": "1699999990",
    });
    let seen = ask(&jwt(&claims)).await.text;
    insta::assert_snapshot!(seen, @r#"auth0|42 Some("ann@example.com") Some("Ann") true SignIn { scopes: ["openid", "operator"], amr: ["pwd", "mfa"], auth_time: Some(1699999990), source_ip: Some("192.0.2.1") } 2023-11-14T22:13:20.123Z"#);
}

#[tokio::test]
async fn nobody_is_told_to_sign_in() {
    for authorizer in [json!(null), json!({}), jwt(&json!({})), json!({ "lambda": { "sub": "u" } })]
    {
        let answer = ask(&authorizer).await;
        assert_eq!(answer.verdict(), "401 unauthenticated: this needs a valid bearer token");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_subject_is_1_to_255_visible_characters() {
    let longest = "s".repeat(255);
    assert_eq!(ask(&jwt(&json!({ "sub": longest }))).await.status, 200);
    for sub in ["", " ", "a b", "a\n", "\u{e4}", &"s".repeat(256)] {
        assert_eq!(ask(&jwt(&json!({ "sub": sub }))).await.status, 401, "{sub:?}");
    }
}

/// CVE-2026-53514: an address counts only if its verification is beyond doubt.
#[tokio::test]
async fn an_address_counts_only_if_verified_is_exactly_true() {
    for verified in ["false", "0", "1", "TRUE", "True", "true ", " true", "[true]", "", "yes"] {
        let claims = json!({ "sub": "u", "email": "a@b.example", "email_verified": verified });
        let seen = ask(&jwt(&claims)).await.text;
        assert!(seen.starts_with("u None "), "{verified}: {seen}");
    }
    let unsaid = json!({ "sub": "u", "email": "a@b.example" });
    assert!(ask(&jwt(&unsaid)).await.text.starts_with("u None "));
    let claims = json!({ "sub": "u", "email": "a@b.example", "email_verified": "true" });
    assert!(ask(&jwt(&claims)).await.text.starts_with("u Some(\"a@b.example\") "));
}

/// Nobody but a JWT authorizer is believed: not another kind of authorizer, and not a header.
#[tokio::test]
async fn a_context_that_is_no_tokens_names_nobody() {
    let context = json!({ "lambda": { "sub": "context" } });
    assert_eq!(ask(&context).await.status, 401);
    let both = json!({ "jwt": { "claims": { "sub": "token" } }, "lambda": { "sub": "context" } });
    assert!(ask(&both).await.text.starts_with("token "));
}

#[tokio::test]
async fn an_operator_has_the_scope_as_a_whole_word() {
    for (scope, operator) in
        [("operator", true), ("a operator", true), ("operators", false), ("Operator", false)]
    {
        let answer = ask(&jwt(&json!({ "sub": "u", "scope": scope }))).await;
        assert!(answer.text.starts_with(&format!("u None None {operator} ")), "{scope}");
    }
}

#[tokio::test]
async fn without_the_time_nothing_goes_on() {
    use axum::{body::Body, http::Request};
    use lambda_http::{RequestExt, request::RequestContext};

    let context = json!({ "authorizer": jwt(&json!({ "sub": "u" })), "http": { "method": "GET" } });
    let context = RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap());
    let request = Request::get("/who").body(Body::empty()).unwrap().with_request_context(context);
    let answer = send(conventions(router()), request).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("time"), "{}", answer.text);
}
