//! The trusted proxy: which requests pass, and which address is the viewer's.

use axum::{Router, http::request::Builder, middleware, routing};
use serde_json::{Value, json};

use super::{Answer, authorized, get, log, send};
use crate::http::{
    TokenClaims, TrustedProxy, access_log::conventions, caller::Caller,
    trusted_proxy::require_proxy,
};

/// Two hashes in their form.
const HASHES: &str = "4ff4ac7ab3bef87c0b0e2ffc5cd0eba3a5b5f0a8cb5aaeb8d2c6a4a4a0b64d06,\
                      0000000000000000000000000000000000000000000000000000000000000000";

fn hashes(secrets: &[&str]) -> String {
    use sha2::{Digest, Sha256};
    let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
    let hash = |secret: &&str| {
        let hash: [u8; 32] = Sha256::digest(secret).into();
        hash.as_chunks().0.iter().copied().map(hex).collect::<String>()
    };
    secrets.iter().map(hash).collect::<Vec<_>>().join(",")
}

async fn source(Caller { sign_in, .. }: Caller) -> String {
    sign_in.source_ip.unwrap_or_else(|| "unknown".to_owned())
}

fn router(address_header: &str) -> Router {
    let proxy = TrustedProxy::new(address_header, &hashes(&["correct horse", "battery staple"]));
    let proxy: &'static TrustedProxy = Box::leak(Box::new(proxy.unwrap()));
    let router = Router::new().route("/source", routing::get(source));
    let router = router.with_state(TokenClaims::default());
    conventions(router.layer(middleware::from_fn_with_state(proxy, require_proxy)))
}

async fn call(address_header: &str, request: Builder) -> Answer {
    let authorizer = json!({ "jwt": { "claims": { "sub": "ada" } } });
    send(router(address_header), authorized(request, &authorizer)).await
}

fn proxied() -> Builder {
    get("/source").header("x-origin-verify", "correct horse")
}

async fn viewer(address_header: &str, value: &str) -> String {
    call(address_header, proxied().header(address_header, value)).await.text
}

#[tokio::test]
async fn cloudfront_sends_the_address_with_a_port() {
    for (value, seen) in [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8:85a3:0:0:8a2e:370:7334:443", "2001:db8:85a3::8a2e:370:7334"),
        ("2001:db8::1:443", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        // Without a port, the last part of an IPv6 address would be taken for one.
        ("198.51.100.10", "unknown"),
        ("198.51.100.10:", "unknown"),
        ("198.51.100.10:99999", "unknown"),
        ("192.0.2.7:1,198.51.100.10:46532", "unknown"),
        ("evil:443", "unknown"),
        ("", "unknown"),
    ] {
        assert_eq!(viewer("CloudFront-Viewer-Address", value).await, seen, "{value:?}");
    }
}

#[tokio::test]
async fn other_proxies_send_an_address_with_or_without_a_port() {
    for (value, seen) in [
        ("198.51.100.10", "198.51.100.10"),
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1:443", "2001:db8::1:443"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("192.0.2.7, 198.51.100.10", "unknown"),
        ("unknown", "unknown"),
    ] {
        assert_eq!(viewer("CF-Connecting-IP", value).await, seen, "{value:?}");
    }
}

#[tokio::test]
async fn request_without_the_secret_is_refused_whatever_address_it_claims() {
    let forged = || get("/source").header("cloudfront-viewer-address", "203.0.113.9:1");
    for request in [
        forged(),
        forged().header("x-origin-verify", ""),
        forged().header("x-origin-verify", "wrong"),
        forged().header("x-origin-verify", "correct horse "),
        forged().header("x-origin-verify", "Correct horse"),
        forged().header("x-origin-verify", "wrong,correct horse"),
        forged().header("x-origin-verify", "correct horse,correct horse"),
        forged().header("x-origin-verify", "correct horse").header("x-origin-verify", "wrong"),
        forged().header("x-origin-verify", hashes(&["correct horse"])),
        forged().header("x-forwarded-for", "203.0.113.9"),
    ] {
        let answer = call("CloudFront-Viewer-Address", request).await;
        assert_eq!(
            answer.verdict(),
            "403 not-through-proxy: The API cannot be called at this address. Use its public address."
        );
    }
}

/// API Gateway lets only requests for the metadata and preflight requests through without a token.
/// The alarm `ProxyRefused` counts refusals, and a scanner must not fire it.
#[tokio::test]
async fn request_without_a_token_needs_no_proxy() {
    let open = Router::new().route("/source", routing::get(async || "public"));
    let proxy = TrustedProxy::new("CloudFront-Viewer-Address", HASHES).unwrap();
    let proxy: &'static TrustedProxy = Box::leak(Box::new(proxy));
    let router = conventions(open.layer(middleware::from_fn_with_state(proxy, require_proxy)));
    let request = get("/source").header("cloudfront-viewer-address", "203.0.113.9:1");
    let answer = send(router.clone(), authorized(request, &Value::Null)).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, "public"));
    let token = json!({ "jwt": { "claims": { "sub": "ada" } } });
    let answer = send(router, authorized(get("/source"), &token)).await;
    assert_eq!(answer.status, 403);
}

/// While a secret is being replaced, both are accepted.
#[tokio::test]
async fn every_listed_secret_is_accepted() {
    for secret in ["correct horse", "battery staple"] {
        let request = get("/source")
            .header("x-origin-verify", secret)
            .header("cloudfront-viewer-address", "203.0.113.9:1");
        assert_eq!(call("CloudFront-Viewer-Address", request).await.text, "203.0.113.9");
    }
}

/// A viewer's own header, next to that of the proxy, makes the address unknown, and not the
/// viewer's choice.
#[tokio::test]
async fn repeated_or_missing_address_is_unknown() {
    let header = "cloudfront-viewer-address";
    let twice = proxied().header(header, "203.0.113.9:1").header(header, "198.51.100.10:2");
    assert_eq!(call(header, twice).await.text, "unknown");
    assert_eq!(call(header, proxied()).await.text, "unknown");
    let other = proxied().header("x-forwarded-for", "203.0.113.9");
    assert_eq!(call(header, other).await.text, "unknown");
}

#[tokio::test]
async fn log_has_the_viewers_address_and_no_secret() {
    let request = proxied().header("cloudfront-viewer-address", "198.51.100.10:46532");
    call("CloudFront-Viewer-Address", request).await;
    let text = log::taken();
    let line: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(line["viewer_ip"], "198.51.100.10");
    assert!(!text.contains("horse"), "{text}");
}

#[test]
fn invalid_settings_are_refused() {
    assert!(TrustedProxy::new("CloudFront-Viewer-Address", HASHES).is_ok());
    assert!(TrustedProxy::new("X-Real-IP", &HASHES.to_uppercase()).is_ok());
    for (header, hashes) in [
        ("", HASHES),
        ("two words", HASHES),
        ("X-Origin-Verify", HASHES),
        ("X-Real-IP", ""),
        ("X-Real-IP", "correct horse"),
        ("X-Real-IP", &HASHES[1..]),
        ("X-Real-IP", &HASHES.replace("00", "+0")),
        ("X-Real-IP", &format!("{HASHES},")),
    ] {
        assert!(TrustedProxy::new(header, hashes).is_err(), "{header:?} {hashes:?}");
    }
    let shown = format!("{:?}", TrustedProxy::new("X-Real-IP", HASHES).unwrap());
    assert!(!shown.contains("255") && !shown.contains("secrets"), "{shown}");
}
