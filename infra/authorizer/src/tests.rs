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
    Verifier::new(ISSUER, &["rolecall", "portal"], keys).unwrap()
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
fn claims_are_returned_as_strings() {
    let changes = json!({
        "email_verified": true, "half": 0.5, "whole": 2.0, "amr": ["pwd", "otp"], "none": [],
        "scope": "operator  decisions",
    });
    let expected = [
        ("amr", "[pwd otp]"),
        ("aud", "rolecall"),
        ("email_verified", "true"),
        ("exp", "1795262460"),
        ("half", "0.5"),
        ("iat", "1795262400"),
        ("iss", ISSUER),
        ("nbf", "1795262400"),
        ("none", "[]"),
        ("scope", "operator  decisions"),
        ("sub", "ada"),
        ("whole", "2"),
    ];
    let claims = expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let scopes = Some(vec!["operator".to_owned(), "decisions".to_owned()]);
    assert_eq!(verify(&token(changes)), Ok(Claims { claims, scopes }));
    assert_eq!(verify(&token(json!({}))).unwrap().scopes, None);
    for (changes, expected) in [
        (json!({ "scp": "a b" }), ["a", "b"]),
        (json!({ "scp": ["a", "b"] }), ["a", "b"]),
        (json!({ "scope": "a", "scp": ["b"] }), ["a", "b"]),
    ] {
        let scopes = verify(&token(changes.clone())).unwrap().scopes.unwrap();
        assert_eq!(scopes, expected, "{changes}");
    }
}

/// The form of API Gateway as others measured it: <https://github.com/floci-io/floci/pull/2011>.
#[test]
fn claims_that_are_not_strings_have_the_form_of_api_gateway() {
    let mut claims = claims(json!({}));
    claims.extend([
        ("name".to_owned(), Value::Null),
        ("email".to_owned(), Value::Null),
        ("groups".to_owned(), json!(["admin", "power user", 7, true, []])),
        ("address".to_owned(), json!({ "country": "JP", "lines": ["1", "2"], "zip": null })),
        ("auth_time".to_owned(), json!(1.7e9)),
        ("email_verified".to_owned(), json!(false)),
    ]);
    let token = encode(&header(), &claims, &signing(&KEY)).unwrap();
    let claims = verify(&token).unwrap().claims;
    let text = |name: &str| claims.get(name).map(String::as_str);
    assert_eq!((text("name"), text("email")), (None, None), "null is left out");
    assert_eq!(text("groups"), Some("[admin power user 7 true []]"));
    assert_eq!(text("address"), Some(r#"{"country":"JP","lines":["1","2"],"zip":null}"#));
    assert_eq!(text("auth_time"), Some("1700000000"));
    assert_eq!(text("email_verified"), Some("false"));
}

#[test]
fn forged_token_is_denied() {
    let encoded =
        |header: &Header, key: &EncodingKey| encode(header, &claims(json!({})), key).unwrap();
    let ours = signing(&KEY);
    let other = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
    assert_eq!(denied(&encoded(&header(), &signing(&other))), Denied::Signature);

    let (original, changed) = (token(json!({})), token(json!({ "sub": "eve" })));
    let [head, _, signature] = original.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let payload = changed.split('.').nth(1).unwrap();
    assert_eq!(denied(&format!("{head}.{payload}.{signature}")), Denied::Signature);
    let unsigned = "eyJhbGciOiJub25lIiwia2lkIjoib3VycyJ9"; // {"alg":"none","kid":"ours"}
    assert_eq!(denied(&format!("{unsigned}.{payload}.")), Denied::Unreadable);

    for kid in [Some("theirs".to_owned()), None] {
        assert_eq!(denied(&encoded(&Header { kid, ..header() }, &ours)), Denied::UnknownKey);
    }
    // The public key as the secret of another algorithm.
    let pem = KEY.to_public_key().to_pkcs1_pem(LineEnding::LF).unwrap();
    let symmetric = Header { kid: Some("ours".to_owned()), ..Header::new(Algorithm::HS256) };
    let forged = encoded(&symmetric, &EncodingKey::from_secret(pem.as_bytes()));
    assert_eq!(denied(&forged), Denied::Unreadable);
    for token in ["", ".", "..", "a.b.c", "x", "Bearer"] {
        assert_eq!(denied(token), Denied::Unreadable, "{token}");
    }
}

#[test]
fn issuer_audience_and_times_must_match() {
    let accepted = [
        json!({ "aud": ["other", "rolecall"] }),
        json!({ "aud": "portal" }),
        json!({ "aud": null, "client_id": "rolecall" }),
        json!({ "nbf": null, "iat": null, "exp": NOW + 1 }),
    ];
    for changes in accepted {
        assert!(verify(&token(changes.clone())).is_ok(), "{changes}");
    }
    let cases = [
        (json!({ "iss": "https://id.example.com/" }), Denied::Issuer),
        (json!({ "iss": [ISSUER] }), Denied::Issuer),
        (json!({ "iss": null }), Denied::Issuer),
        (json!({ "aud": "other" }), Denied::Audience),
        (json!({ "aud": ["other"] }), Denied::Audience),
        (json!({ "aud": [] }), Denied::Audience),
        (json!({ "aud": 1 }), Denied::Audience),
        (json!({ "aud": null }), Denied::Audience),
        (json!({ "aud": "other", "client_id": "rolecall" }), Denied::Audience),
        (json!({ "exp": NOW }), Denied::Expired),
        (json!({ "exp": null }), Denied::Expired),
        (json!({ "nbf": NOW + 1 }), Denied::NotYetValid),
        (json!({ "iat": NOW + 1 }), Denied::NotYetValid),
        (json!({ "exp": "tomorrow" }), Denied::Unreadable),
    ];
    for (changes, reason) in cases {
        assert_eq!(denied(&token(changes.clone())), reason, "{changes}");
    }
}

#[test]
fn empty_issuer_or_audience_is_refused() {
    let keys = || Keys::from_jwks(r#"{"keys": []}"#).unwrap();
    assert_eq!(Verifier::new("", &["rolecall"], keys()).unwrap_err(), Unset("issuer"));
    for audiences in [&[][..], &[""], &["rolecall", ""]] {
        let refused = Verifier::new(ISSUER, audiences, keys()).unwrap_err();
        assert_eq!(refused, Unset("audience"), "{audiences:?}");
    }
}

#[test]
fn bearer_scheme_is_optional_and_case_insensitive() {
    for header in ["Bearer t", "bearer t", "BEARER  t", "t"] {
        assert_eq!(bearer(header), "t");
    }
}
