//! What API Gateway vouches for: who is asking, and when. It never looks at a token, a header or a
//! clock itself.

use axum::{extract::FromRequestParts, http::request::Parts};
use jiff::Timestamp;
use lambda_http::{
    RequestExt, aws_lambda_events::apigw::ApiGatewayV2httpRequestContext, request::RequestContext,
};
use serde_json::Value;

use super::Problem;
use crate::domain::{Email, Person, UserId};

/// The person who asks, as the authorizer saw them.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// How they proved it.
    pub sign_in: SignIn,
}

/// How and from where the caller signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// What the token may be used for (`scope`).
    pub scopes: Vec<String>,
    /// The authentication methods (`amr`).
    pub amr: Vec<String>,
    /// When it happened, in seconds since the epoch (`auth_time`).
    pub auth_time: Option<i64>,
    /// The caller's address on the network.
    pub source_ip: Option<String>,
}

/// An extension that says: this process runs under SAM's local emulator, which knows no JWT
/// authorizer.
///
/// Then, and only then, the claims are taken from the context of a Lambda authorizer. The
/// environment is asked once, at start-up; a client cannot send an extension.
#[derive(Clone, Copy, Debug)]
pub struct SamLocal;

/// The time of the request: the only clock there is.
#[derive(Clone, Copy, Debug)]
pub struct Now(pub Timestamp);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let emulated = parts.extensions.get::<SamLocal>().is_some();
        let context = context(parts).ok_or_else(Problem::unauthenticated)?;
        let authorizer = context.authorizer.as_ref().ok_or_else(Problem::unauthenticated)?;
        let claim = |name: &str| match &authorizer.jwt {
            Some(jwt) => jwt.claims.get(name).cloned().map(Value::String),
            None if emulated => authorizer.fields.get(name).cloned(),
            None => None,
        };

        let id = claim("sub").and_then(text).filter(|sub| is_subject(sub));
        let id = id.map(UserId::new).ok_or_else(Problem::unauthenticated)?;
        let verified = claim("email_verified").is_some_and(|claim| is_true(&claim));
        let email = claim("email").and_then(text).filter(|_| verified);
        let email = email.and_then(|email| Email::parse(&email).ok());
        let name = claim("name").and_then(text).filter(|name| !name.trim().is_empty());

        let scopes = claim("scope").map(words).unwrap_or_default();
        let sign_in = SignIn {
            amr: claim("amr").map(words).unwrap_or_default(),
            auth_time: claim("auth_time").and_then(|claim| seconds(&claim)),
            source_ip: context.http.source_ip.clone(),
            scopes,
        };
        let operator = sign_in.scopes.iter().any(|scope| scope == "operator");
        Ok(Self { person: Person { id, email, name, operator }, sign_in })
    }
}

impl<S: Sync> FromRequestParts<S> for Now {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A context without the time reads as 1970.
        let millisecond = context(parts).map(|context| context.time_epoch).filter(|&at| at > 0);
        let millisecond =
            millisecond.ok_or_else(|| Problem::internal("the event does not tell the time"))?;
        Timestamp::from_millisecond(millisecond).map(Self).map_err(Problem::internal)
    }
}

fn context(parts: &Parts) -> Option<&ApiGatewayV2httpRequestContext> {
    match parts.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    }
}

/// The specification's limits for a `sub`; the length also keeps it inside a key.
fn is_subject(sub: &str) -> bool {
    (1..=255).contains(&sub.len()) && sub.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A verified address opens invitations, so nothing that merely looks like "yes" will do. The
/// gateway hands booleans on as strings.
fn is_true(claim: &Value) -> bool {
    matches!(claim, Value::Bool(true)) || claim.as_str() == Some("true")
}

fn text(claim: Value) -> Option<String> {
    if let Value::String(text) = claim { Some(text) } else { None }
}

/// A list, whether it is one, or `a b`, or as the gateway prints one: `[a b]`.
fn words(claim: Value) -> Vec<String> {
    match claim {
        Value::Array(items) => items.into_iter().filter_map(text).collect(),
        Value::String(line) => {
            let bare = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
            bare.unwrap_or(&line).split_whitespace().map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn seconds(claim: &Value) -> Option<i64> {
    claim.as_i64().or_else(|| claim.as_str()?.parse().ok())
}
