//! The caller: claims that are trusted, and claims that are not.

use axum::{Router, routing};
use serde_json::{Value, json};

use super::{Answer, authorized, get, send};
use crate::http::{EmailsVerified, Now, TokenClaims, access_log::conventions, caller::Caller};

async fn describe(Caller { person, sign_in, .. }: Caller, Now(now): Now) -> String {
    let email = person.email.map(|email| email.to_string());
    format!("{} {email:?} {:?} {} {sign_in:?} {now}", person.id, person.name, person.operator)
}

fn router(claims: TokenClaims) -> Router {
    Router::new().route("/caller", routing::get(describe)).with_state(claims)
}

async fn call(authorizer: &Value) -> Answer {
    call_with(TokenClaims::default(), authorizer).await
}

/// A call in a deployment with these names of claims.
async fn call_with(claims: TokenClaims, authorizer: &Value) -> Answer {
    send(conventions(router(claims)), authorized(get("/caller"), authorizer)).await
}

fn jwt(claims: &Value) -> Value {
    json!({ "jwt": { "claims": claims, "scopes": null } })
}

#[tokio::test]
async fn caller_is_read_from_the_claims() {
    let claims = json!({
        "sub": "auth0|42", "email": "ann@example.com", "email_verified": "true", "name": "Ann",
        "scope": "openid operator", "amr": "[pwd mfa]", "auth_time": "1699999990.5",
    });
    let seen = call(&jwt(&claims)).await.text;
    insta::assert_snapshot!(seen, @r#"auth0|42 Some("ann@example.com") Some("Ann") true SignIn { scopes: ["openid", "operator"], amr: ["pwd", "mfa"], auth_time: Some(1699999990), source_ip: Some("192.0.2.1") } 2023-11-14T22:13:20.123Z"#);
}

/// Only the claims of a JWT authorizer count, not the context of another authorizer.
#[tokio::test]
async fn request_without_claims_is_401() {
    let context = json!({ "sub": "context" });
    for authorizer in [json!(null), json!({}), json!({ "lambda": context })] {
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
async fn subject_is_1_to_255_printable_characters() {
    let longest = "s".repeat(255);
    for sub in [&*longest, "a b", "CN=Ada Lovelace, O=Acme", "auth0|42"] {
        assert_eq!(call(&jwt(&json!({ "sub": sub }))).await.status, 200, "{sub:?}");
    }
    for sub in ["", " ", " a", "a ", "a\n", "a\0b", "\u{e4}", &"s".repeat(256)] {
        let answer = call(&jwt(&json!({ "sub": sub }))).await;
        assert_eq!(
            answer.verdict(),
            "401 unauthenticated: The claim `sub` of your token cannot be used. It must have 1 to 255 printable ASCII characters, with no space at its ends. Ask the operator of your identity provider to correct it.",
            "{sub:?}"
        );
        assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
    }
    let answer = call(&jwt(&json!({}))).await;
    assert_eq!(
        answer.verdict(),
        "401 unauthenticated: Your token has no claim `sub`, which says who you are. Ask the operator of your identity provider to correct it."
    );
    assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#);
}

/// INV3: such an address is none, so it opens no invitation of the address that it resembles.
#[tokio::test]
async fn unusable_address_is_no_address() {
    for email in
        ["\u{212A}im@example.com", "jos\u{e9}@example.com", "x@\u{2605}.example", "x", "a\0@b.c"]
    {
        let claims = json!({ "sub": "u", "email": email, "email_verified": "true" });
        assert!(call(&jwt(&claims)).await.text.starts_with("u None "), "{email}");
    }
}

#[tokio::test]
async fn name_is_cleaned_instead_of_dropped() {
    for (name, shown) in [
        ("Ada \u{2764}\u{FE0F}", Some("Ada \u{2764}\u{FE0F}")),
        ("A\0d\u{200D}a\u{202E}", Some("Ada")),
        ("Ada https://evil.example", Some("Ada https:evil.example")),
        ("\u{200B}", None),
    ] {
        let seen = call(&jwt(&json!({ "sub": "u", "name": name }))).await.text;
        assert!(seen.starts_with(&format!("u None {shown:?} false ")), "{name:?}: {seen}");
    }
}

/// CVE-2026-53514: only `email_verified` = `true` makes an address count, or `1`, as Entra ID
/// writes it.
#[tokio::test]
async fn address_counts_only_if_email_verified_is_exactly_true_or_1() {
    let seen = async |verified: Value| {
        let claims = json!({ "sub": "u", "email": "a@b.example", "email_verified": verified });
        let mut claims = claims.as_object().unwrap().clone();
        claims.retain(|_, claim| !claim.is_null());
        call(&jwt(&claims.into())).await.text
    };
    for verified in ["true", "1"] {
        assert!(seen(json!(verified)).await.starts_with("u Some(\"a@b.example\") "), "{verified}");
    }
    assert!(seen(Value::Null).await.starts_with("u None "), "without the claim");
    for verified in
        ["false", "0", "1.0", "01", "[1]", "TRUE", "True", "true ", " true", "[true]", "", "yes"]
    {
        assert!(seen(json!(verified)).await.starts_with("u None "), "{verified}");
    }
}

/// INV4: a token that says `false` is believed in every deployment.
#[tokio::test]
async fn address_of_a_silent_token_counts_only_where_all_are_verified() {
    let always = TokenClaims { emails_verified: EmailsVerified::Always, ..TokenClaims::default() };
    let silent = json!({ "sub": "u", "email": "a@b.example" });
    assert!(call(&jwt(&silent)).await.text.starts_with("u None "));
    assert!(call_with(always, &jwt(&silent)).await.text.starts_with("u Some(\"a@b.example\") "));
    for verified in ["false", "0", "", "TRUE", "[true]"] {
        let claims = json!({ "sub": "u", "email": "a@b.example", "email_verified": verified });
        let seen = call_with(always, &jwt(&claims)).await.text;
        assert!(seen.starts_with("u None "), "{verified:?}: {seen}");
    }
}

/// The gateway writes a list as `[a b]` and does not mark where an item ends.
#[tokio::test]
async fn first_of_a_list_of_addresses_counts() {
    let names = TokenClaims { email: "emails", ..TokenClaims::default() };
    for (emails, expected) in [
        ("a@x.example", Some("a@x.example")),
        ("[a@x.example]", Some("a@x.example")),
        ("[a@x.example b@x.example]", Some("a@x.example")),
        ("[]", None),
        ("", None),
        ("[ ]", None),
        ("[a@x.example  b@x.example]", None),
        ("[a@x.example b c@x.example]", None),
        ("[Ada Lovelace <a@x.example>]", None),
        ("[a@x.example", None),
        ("a@x.example b@x.example", None),
        ("[[a@x.example] b@x.example]", None),
        ("[a@x.example true]", None),
    ] {
        let claims = json!({
            "sub": "u", "email": "other@x.example", "emails": emails, "email_verified": "true",
        });
        let seen = call_with(names, &jwt(&claims)).await.text;
        assert!(seen.starts_with(&format!("u {expected:?} ")), "{emails:?}: {seen}");
    }
}

/// OP1: another claim that has the scope makes no operator.
#[tokio::test]
async fn only_the_named_claim_holds_scopes() {
    let names = TokenClaims { scope: "permissions", ..TokenClaims::default() };
    for (claim, operator) in [("permissions", true), ("scope", false), ("scp", false)] {
        let claims = json!({ "sub": "u", claim: "[operator decisions]" });
        let seen = call_with(names, &jwt(&claims)).await.text;
        assert!(seen.starts_with(&format!("u None None {operator} ")), "{claim}: {seen}");
    }
}

/// RFC 6749, section 3.3; the gateway writes a JSON array as `[a b]`. An item that is no scope
/// hides no other.
#[tokio::test]
async fn operator_scope_is_an_item_of_a_well_formed_list() {
    for (case, scope, operator) in [
        ("alone", "operator", true),
        ("among others", "openid operator email", true),
        ("beside every character of a scope", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~ operator", true),
        ("array", "[x operator]", true),
        ("array of one", "[operator]", true),
        ("longer word", "operators", false),
        ("other case", "Operator", false),
        ("empty", "", false),
        ("empty array", "[]", false),
        ("no-break space", "x\u{a0}operator", false),
        ("tab", "x\toperator", false),
        ("two spaces", "x  operator", true),
        ("space before", " operator", true),
        ("space after", "operator ", true),
        ("space in an array", "[ operator]", true),
        ("begun array", "[x operator", false),
        ("ended array", "x operator]", false),
        ("nested array", "[x [a operator b]]", false),
        ("object", r#"{"a":" operator "}"#, false),
        ("object in Go's form", "map[a: operator b:c]", false),
        ("object in an array", "[map[a: operator b:c]]", false),
        ("quotation mark", "\" operator", true),
        ("backslash", "\\ operator", true),
        ("U+0000", "x\0 operator", true),
        ("object with a quotation in an array", r#"[{"a":" operator "}]"#, false),
        ("group in another script", "[Verkäufer operator]", true),
        ("group with a quotation mark", "[operator R&D \"x\"]", true),
        ("group with two spaces", "[operator my  team]", true),
        ("empty item", "[operator ]", true),
        ("item with a quotation mark", "[\"operator\"]", false),
        ("letter beyond ASCII", "\u{e9} operator", true),
    ] {
        let answer = call(&jwt(&json!({ "sub": "u", "scope": scope }))).await;
        assert!(answer.text.starts_with(&format!("u None None {operator} ")), "{case}");
        let amr = call(&jwt(&json!({ "sub": "u", "amr": scope }))).await.text;
        assert_eq!(amr.contains(r#""operator""#), operator, "{case}");
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
    let answer = send(conventions(router(TokenClaims::default())), request).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("time"), "{}", answer.text);
}
