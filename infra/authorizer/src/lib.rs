//! Verifies bearer tokens as the JWT authorizer of API Gateway does.
//!
//! It reads no clock and decides nothing about permissions. The local server uses it as a library. `sam local`, which
//! enforces no JWT authorizer, runs it as a Lambda authorizer. There, [`gateway`] moves the claims to where API Gateway
//! writes them, so that the functions need no switch for local use.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde::Serialize;
use serde_json::{Map, Value};

pub mod gateway;
mod keys;

pub use keys::{Keys, KeysError};

/// Accepts the tokens of one issuer for some audiences.
#[derive(Debug)]
pub struct Verifier {
    issuer: String,
    audiences: Vec<String>,
    keys: Keys,
}

/// A setting is empty. An empty issuer or audience would accept any.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the {0} is not set")]
pub struct Unset(pub(crate) &'static str);

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Denied {
    /// Not three parts, not JSON, an `alg` other than RS256, or a time that is not a number.
    #[error("the token is not a JWT signed with RS256")]
    Unreadable,
    /// `kid` is missing, or the issuer has no key with this id.
    #[error("the token is signed with a key that its issuer does not have")]
    UnknownKey,
    /// The signature does not match the key.
    #[error("the token's signature is wrong")]
    Signature,
    /// `iss` is missing or differs.
    #[error("the token is from another issuer")]
    Issuer,
    /// Neither `aud` nor, without an `aud`, `client_id` is one of the audiences.
    #[error("the token is for another audience")]
    Audience,
    /// `exp` has passed or is missing.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// The claims of a valid token in the form of API Gateway: every claim is a string.
///
/// AWS documents the form of no other claims than strings. Measurements by others: lists are `[a b]`, objects are JSON,
/// and a claim that is `null` is left out. Numbers with a fraction or an exponent, and `null` in a list, are not verified.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claims {
    /// The claims by name.
    pub claims: BTreeMap<String, String>,
    /// The scopes of `scope` (a text) and `scp` (a text or a list).
    pub scopes: Option<Vec<String>>,
}

/// The token in an `Authorization` header, with or without the word `Bearer`.
pub fn bearer(header: &str) -> &str {
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header,
    }
}

impl Verifier {
    /// A verifier of tokens from `issuer` for one of `audiences`, signed with one of `keys`.
    ///
    /// # Errors
    ///
    /// `issuer` is empty, `audiences` has no item, or one of them is empty.
    pub fn new(issuer: &str, audiences: &[impl AsRef<str>], keys: Keys) -> Result<Self, Unset> {
        let audiences: Vec<_> = audiences.iter().map(|it| it.as_ref().to_owned()).collect();
        if issuer.is_empty() {
            return Err(Unset("issuer"));
        }
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(Unset("audience"));
        }
        Ok(Self { issuer: issuer.to_owned(), audiences, keys })
    }

    /// The claims of `token` if it is valid at `now`. Blocks while it fetches keys.
    ///
    /// # Errors
    ///
    /// The reason why the token is not valid.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Denied> {
        let header = decode_header(token).map_err(|_| Denied::Unreadable)?;
        if header.alg != Algorithm::RS256 || header.crit.is_some() {
            return Err(Denied::Unreadable);
        }
        let kid = header.kid.ok_or(Denied::UnknownKey)?;
        let key = self.keys.get(&kid, now).ok_or(Denied::UnknownKey)?;
        let claims = decode::<Map<String, Value>>(token, &key, &signature_only())
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => Denied::Signature,
                _ => Denied::Unreadable,
            })?
            .claims;
        self.check_issuer_and_audience(&claims)?;
        check_times(&claims, now)?;
        Ok(Claims::from(&claims))
    }

    fn check_issuer_and_audience(&self, claims: &Map<String, Value>) -> Result<(), Denied> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Denied::Issuer);
        }
        let accepts = |audience: &Value| {
            audience.as_str().is_some_and(|audience| self.audiences.iter().any(|it| it == audience))
        };
        let matches = match claims.get("aud").or_else(|| claims.get("client_id")) {
            Some(Value::Array(audiences)) => audiences.iter().any(accepts),
            Some(audience) => accepts(audience),
            None => false,
        };
        if matches { Ok(()) } else { Err(Denied::Audience) }
    }
}

/// Restricts the library to the signature. It would compare times with the system clock, and accept a token without
/// issuer or audience. The verifier checks those itself.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Denied> {
    let now = now.as_duration().as_secs_f64();
    let time = |name| claims.get(name).map(|time| time.as_f64().ok_or(Denied::Unreadable));
    if time("exp").transpose()?.is_none_or(|exp| exp <= now) {
        return Err(Denied::Expired);
    }
    for name in ["nbf", "iat"] {
        if time(name).transpose()?.is_some_and(|start| start > now) {
            return Err(Denied::NotYetValid);
        }
    }
    Ok(())
}

impl From<&Map<String, Value>> for Claims {
    fn from(claims: &Map<String, Value>) -> Self {
        Self {
            scopes: scopes(claims),
            claims: claims
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name.clone(), claim_text(value)))
                .collect(),
        }
    }
}

/// The scopes that API Gateway compares with those of a route. `None` if the token has neither claim.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>
fn scopes(claims: &Map<String, Value>) -> Option<Vec<String>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let scope = claims.get("scope").and_then(Value::as_str).map(words);
    let scp = match claims.get("scp") {
        Some(Value::String(text)) => Some(words(text)),
        Some(Value::Array(items)) => {
            Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        _ => None,
    };
    match (scope, scp) {
        (None, None) => None,
        (scope, scp) => Some([scope.unwrap_or_default(), scp.unwrap_or_default()].concat()),
    }
}

/// The text of a claim as API Gateway writes it: lists as `[a b]`.
fn claim_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(claim_text).collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
