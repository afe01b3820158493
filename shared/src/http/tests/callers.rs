//! The caller: claims that are trusted, and claims that are not.

use axum::{Router, routing};
use serde_json::{Value, json};

use super::{Answer, authorized, get, send};
use crate::http::{Now, access_log::conventions, caller::Caller};

async fn describe(Caller { person, sign_in, .. }: Caller, Now(now): Now) -> String {
    let email = person.email.map(|email| email.to_string());
    format!("{} {email:?} {:?} {} {sign_in:?} {now}", person.id, person.name, person.operator)
}

fn router() -> Router {
    Router::new().route("/caller", routing::get(describe))
}

async fn call(authorizer: &Value) -> Answer {
    send(conventions(router()), authorized(get("/caller"), authorizer)).await
}

fn jwt(claims: &Value) -> Value {
    json!({ "jwt": { "claims": claims, "scopes": null } })
}

#[tokio::test]
async fn caller_is_read_from_the_claims() {
    let claims = json!({
        "sub": "auth0|42", "email": "ann@example.com", "email_verified": "true", "name": "Ann",
        "scope": "openid operator", "amr": "[pwd mfa]", "auth_time": "1699999990",
    });
    let seen = call(&jwt(&claims)).await.text;
    insta::assert_snapshot!(seen, @r#"auth0|42 Some("ann@example.com") Some("Ann") true SignIn { scopes: ["openid", "operator"], amr: ["pwd", "mfa"], auth_time: Some(1699999990), source_ip: Some("192.0.2.1") } 2023-11-14T22:13:20.123Z"#);
}

/// Only the claims of a JWT authorizer count, not the context of another authorizer.
#[tokio::test]
async fn request_without_claims_is_401() {
    let context = json!({ "sub": "context" });
    for authorizer in [json!(null), json!({}), jwt(&json!({})), json!({ "lambda": context })] {
        let answer = call(&authorizer).await;
        assert_eq!(
            answer.verdict(),
            "401 unauthenticated: Sign in, and send a valid bearer token in the `Authorization` header."
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let both = json!({ "jwt": { "claims": { "sub": "token" } }, "lambda": context });
    assert!(call(&both).await.text.starts_with("token "));
}

#[tokio::test]
async fn subject_is_1_to_255_visible_characters() {
    let longest = "s".repeat(255);
    assert_eq!(call(&jwt(&json!({ "sub": longest }))).await.status, 200);
    for sub in ["", " ", "a b", "a\n", "\u{e4}", &"s".repeat(256)] {
        assert_eq!(call(&jwt(&json!({ "sub": sub }))).await.status, 401, "{sub:?}");
    }
}

/// CVE-2026-53514: only `email_verified` = `true` makes an address count.
#[tokio::test]
async fn address_counts_only_if_email_verified_is_exactly_true() {
    let seen = async |verified: Value| {
        let claims = json!({ "sub": "u", "email": "a@b.example", "email_verified": verified });
        let mut claims = claims.as_object().unwrap().clone();
        claims.retain(|_, claim| !claim.is_null());
        call(&jwt(&claims.into())).await.text
    };
    assert!(seen(json!("true")).await.starts_with("u Some(\"a@b.example\") "));
    assert!(seen(Value::Null).await.starts_with("u None "), "without the claim");
    for verified in ["false", "0", "1", "TRUE", "True", "true ", " true", "[true]", "", "yes"] {
        assert!(seen(json!(verified)).await.starts_with("u None "), "{verified}");
    }
}

#[tokio::test]
async fn operator_scope_must_match_as_a_whole_word() {
    for (scope, operator) in
        [("operator", true), ("a operator", true), ("operators", false), ("Operator", false)]
    {
        let answer = call(&jwt(&json!({ "sub": "u", "scope": scope }))).await;
        assert!(answer.text.starts_with(&format!("u None None {operator} ")), "{scope}");
    }
}

#[tokio::test]
async fn request_without_time_is_500() {
    use axum::{body::Body, http::Request};
    use lambda_http::{RequestExt, request::RequestContext};

    let context = json!({ "authorizer": jwt(&json!({ "sub": "u" })), "http": { "method": "GET" } });
    let context = RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap());
    let request =
        Request::get("/caller").body(Body::empty()).unwrap().with_request_context(context);
    let answer = send(conventions(router()), request).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("time"), "{}", answer.text);
}
