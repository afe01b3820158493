//! Valid and invalid tokens. The tests use no network.

use std::sync::LazyLock;

use jsonwebtoken::{EncodingKey, Header, encode, jwk::Jwk};
use rsa::{
    RsaPrivateKey,
    pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey, LineEnding},
    rand_core::OsRng,
};
use serde_json::json;

use super::*;

const NOW: i64 = 1_795_262_400; // 2026-11-21T12:00:00Z
const ISSUER: &str = "https://id.example.com";

static KEY: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut OsRng, 2048).unwrap());

fn signing(key: &RsaPrivateKey) -> EncodingKey {
    EncodingKey::from_rsa_der(key.to_pkcs1_der().unwrap().as_bytes())
}

fn verifier() -> Verifier {
    let mut jwk = Jwk::from_encoding_key(&signing(&KEY), Algorithm::RS256).unwrap();
    jwk.common.key_id = Some("ours".to_owned());
    let keys = Keys::from_jwks(&json!({ "keys": [jwk] }).to_string()).unwrap();
    Verifier::new(ISSUER, "rolecall", keys).unwrap()
}

fn header() -> Header {
    Header { kid: Some("ours".to_owned()), ..Header::new(Algorithm::RS256) }
}

/// The claims of a valid token with `changes`. `null` removes a claim.
fn claims(changes: Value) -> Map<String, Value> {
    let good = json!({
        "iss": ISSUER, "aud": "rolecall", "sub": "ada", "iat": NOW, "nbf": NOW, "exp": NOW + 60,
    });
    let Value::Object(changes) = changes else { unreachable!() };
    let Value::Object(good) = good else { unreachable!() };
    good.into_iter()
        .chain(changes)
        .collect::<Map<_, _>>()
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}

fn token(changes: Value) -> String {
    encode(&header(), &claims(changes), &signing(&KEY)).unwrap()
}

fn verify(token: &str) -> Result<Claims, Denied> {
    verifier().verify(token, Timestamp::from_second(NOW).unwrap())
}

fn denied(token: &str) -> Denied {
    verify(token).unwrap_err()
}

#[test]
fn valid_token_returns_its_claims() {
    let token_claims = verify(&token(json!({}))).unwrap();
    assert_eq!(token_claims.claims.get("sub").unwrap(), "ada");
    assert_eq!(token_claims.scopes, None);
}

#[test]
fn claims_are_returned_as_strings() {
    let token_claims = verify(&token(json!({
        "email_verified": true, "auth_time": NOW, "half": 0.5, "whole": 2.0,
        "amr": ["pwd", "otp"], "none": [], "scope": "operator  decisions",
    })));
    let token_claims = token_claims.unwrap();
    let claim = |name| token_claims.claims.get(name).map(String::as_str);
    assert_eq!(claim("email_verified"), Some("true"));
    assert_eq!(claim("auth_time"), Some("1795262400"));
    assert_eq!(claim("half"), Some("0.5"));
    assert_eq!(claim("whole"), Some("2"));
    assert_eq!(claim("amr"), Some("[pwd otp]"));
    assert_eq!(claim("none"), Some("[]"));
    assert_eq!(token_claims.scopes.unwrap(), ["operator", "decisions"]);
}

#[test]
fn signature_of_another_key_is_denied() {
    let other = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
    let forged = encode(&header(), &claims(json!({})), &signing(&other)).unwrap();
    assert_eq!(denied(&forged), Denied::Signature);
}

#[test]
fn changed_claims_are_denied() {
    let (original, changed) = (token(json!({})), token(json!({ "sub": "eve" })));
    let mut parts: Vec<_> = original.split('.').collect();
    parts.splice(1..2, changed.split('.').skip(1).take(1));
    assert_eq!(denied(&parts.join(".")), Denied::Signature);
}

#[test]
fn unknown_or_missing_kid_is_denied() {
    for kid in [Some("theirs".to_owned()), None] {
        let token = encode(&Header { kid, ..header() }, &claims(json!({})), &signing(&KEY));
        assert_eq!(denied(&token.unwrap()), Denied::UnknownKey);
    }
}

#[test]
fn unsigned_token_is_denied() {
    let (_, rest) =
        token(json!({})).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let payload = rest.split('.').next().unwrap();
    // {"alg":"none","kid":"ours"}
    let header = "eyJhbGciOiJub25lIiwia2lkIjoib3VycyJ9";
    assert_eq!(denied(&format!("{header}.{payload}.")), Denied::Unreadable);
}

#[test]
fn public_key_as_hmac_secret_is_denied() {
    let pem = KEY.to_public_key().to_pkcs1_pem(LineEnding::LF).unwrap();
    let header = Header { kid: Some("ours".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = encode(&header, &claims(json!({})), &EncodingKey::from_secret(pem.as_bytes()));
    assert_eq!(denied(&forged.unwrap()), Denied::Unreadable);
}

#[test]
fn other_issuer_is_denied() {
    for issuer in [json!("https://id.example.com/"), json!([ISSUER]), json!(null)] {
        assert_eq!(denied(&token(json!({ "iss": issuer }))), Denied::Issuer);
    }
}

#[test]
fn other_audience_is_denied() {
    for audience in [json!("other"), json!(["other"]), json!([]), json!(1), json!(null)] {
        assert_eq!(denied(&token(json!({ "aud": audience }))), Denied::Audience);
    }
    let both = token(json!({ "aud": "other", "client_id": "rolecall" }));
    assert_eq!(denied(&both), Denied::Audience);
}

#[test]
fn one_of_several_audiences_or_client_id_is_accepted() {
    assert!(verify(&token(json!({ "aud": ["other", "rolecall"] }))).is_ok());
    assert!(verify(&token(json!({ "aud": null, "client_id": "rolecall" }))).is_ok());
}

#[test]
fn token_is_valid_from_its_start_until_its_expiry() {
    assert_eq!(denied(&token(json!({ "exp": NOW }))), Denied::Expired);
    assert_eq!(denied(&token(json!({ "exp": null }))), Denied::Expired);
    assert_eq!(denied(&token(json!({ "nbf": NOW + 1 }))), Denied::NotYetValid);
    assert_eq!(denied(&token(json!({ "iat": NOW + 1 }))), Denied::NotYetValid);
    assert_eq!(denied(&token(json!({ "exp": "tomorrow" }))), Denied::Unreadable);
    assert!(verify(&token(json!({ "nbf": null, "iat": null, "exp": NOW + 1 }))).is_ok());
}

#[test]
fn malformed_token_is_denied() {
    for token in ["", ".", "..", "a.b.c", "x", "Bearer"] {
        assert_eq!(denied(token), Denied::Unreadable, "{token}");
    }
}

#[test]
fn empty_issuer_or_audience_is_refused() {
    let keys = || Keys::from_jwks(r#"{"keys": []}"#).unwrap();
    assert_eq!(Verifier::new("", "rolecall", keys()).unwrap_err(), Unset("issuer"));
    assert_eq!(Verifier::new(ISSUER, "", keys()).unwrap_err(), Unset("audience"));
}

#[test]
fn bearer_scheme_is_optional_and_case_insensitive() {
    for header in ["Bearer t", "bearer t", "BEARER  t", "t"] {
        assert_eq!(bearer(header), "t");
    }
}
