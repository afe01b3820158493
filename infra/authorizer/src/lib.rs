//! Verifies bearer tokens as API Gateway's JWT authorizer does; it never decides what the bearer may do, and
//! never reads a clock. The local server verifies with it, and so does `sam local`, whose emulator enforces no
//! JWT authorizer: there [`gateway`] moves the claims to where API Gateway writes them, so that the functions need
//! not know, and there is nothing in them that a deployed one could be talked into.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde::Serialize;
use serde_json::{Map, Value};

pub mod gateway;
mod keys;

pub use keys::{Keys, KeysError};

/// Whose tokens are good here, and for whom they must have been made.
#[derive(Debug)]
pub struct Verifier {
    issuer: String,
    audience: String,
    keys: Keys,
}

/// Why there can be no verifier: an empty issuer or audience would stand for "any".
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the {0} is not set")]
pub struct Unset(pub(crate) &'static str);

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Denied {
    /// Not three parts, not JSON, `alg` something else, or a time that is not a number.
    #[error("the token is not a JWT signed with RS256")]
    Unreadable,
    /// `kid` is missing, or the issuer has no such key.
    #[error("the token is signed with a key that its issuer does not have")]
    UnknownKey,
    /// The key is the issuer's, the signature is not.
    #[error("the token's signature is wrong")]
    Signature,
    /// `iss` is missing or someone else.
    #[error("the token is from another issuer")]
    Issuer,
    /// Neither `aud`, nor in its absence `client_id`, names us.
    #[error("the token is for another audience")]
    Audience,
    /// `exp` is past or missing.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is to come.
    #[error("the token is not valid yet")]
    NotYetValid,
}

/// What a good token says, in the form in which API Gateway hands it on: every claim a string.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claims {
    /// By name.
    pub claims: BTreeMap<String, String>,
    /// The words of `scope`.
    pub scopes: Option<Vec<String>>,
}

/// The token in an `Authorization` header, with or without the word `Bearer`.
#[must_use]
pub fn bearer(header: &str) -> &str {
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header,
    }
}

impl Verifier {
    /// Accepts tokens that `issuer` made for `audience` and signed with one of `keys`.
    pub fn new(issuer: &str, audience: &str, keys: Keys) -> Result<Self, Unset> {
        match (issuer, audience) {
            ("", _) => Err(Unset("issuer")),
            (_, "") => Err(Unset("audience")),
            _ => Ok(Self { issuer: issuer.to_owned(), audience: audience.to_owned(), keys }),
        }
    }

    /// What `token` says, if it is good at `now`. Blocks while keys are fetched.
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
        self.is_for_us(&claims)?;
        is_in_time(&claims, now)?;
        Ok(Claims::from(&claims))
    }

    fn is_for_us(&self, claims: &Map<String, Value>) -> Result<(), Denied> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(Denied::Issuer);
        }
        let names_us = match claims.get("aud").or_else(|| claims.get("client_id")) {
            Some(Value::String(audience)) => *audience == self.audience,
            Some(Value::Array(audiences)) => audiences.iter().any(|one| *one == self.audience),
            _ => false,
        };
        if names_us { Ok(()) } else { Err(Denied::Audience) }
    }
}

/// The library looks at the signature only: of times it would ask the machine's clock, and it lets a missing
/// issuer or audience pass.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

fn is_in_time(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Denied> {
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
        let scope = claims.get("scope").and_then(Value::as_str);
        Self {
            claims: claims.iter().map(|(name, value)| (name.clone(), rendered(value))).collect(),
            scopes: scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect()),
        }
    }
}

fn rendered(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string().trim_end_matches(".0").to_owned(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(rendered).collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
