//! The caller and the time of a request, from API Gateway's request context. Tokens are verified
//! there; this module reads no token, header or clock.

use std::net::IpAddr;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{Request, request::Parts},
};
use jiff::{SignedDuration, Timestamp};
use lambda_http::{
    RequestExt, aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    request::RequestContext as GatewayContext,
};

use super::{
    App, Problem, RequestId,
    claims::{Token, TokenClaims},
    idempotency::RequestKey,
};
use crate::domain::{
    AuthnContext, MAX_PERSON_NAME, MissingClaim, Name, NotAUserId, Person, Refusal, RequestContext,
    UserId, is_multi_factor,
};

/// The caller, from the claims that the authorizer verified.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The person.
    pub person: Person,
    /// Their sign-in.
    pub sign_in: SignIn,
    /// The time, the id and the idempotency key of the request.
    pub context: RequestContext,
}

/// A call of the API by a person who is signed in: the [`App`], and the caller.
#[derive(Clone, Debug)]
pub struct Call {
    /// The table and the configuration of the deployment.
    pub app: App,
    /// The person.
    pub person: Person,
    /// Their sign-in.
    pub sign_in: SignIn,
    /// The time, the id and the idempotency key of the request.
    pub context: RequestContext,
}

impl Call {
    /// The same call, made by the scope `operator` of the person's token (OP1).
    ///
    /// # Errors
    ///
    /// [`Refusal::OperatorScopeRequired`] if the token does not have the scope.
    pub fn as_operator(self) -> Result<Self, Refusal> {
        if !self.person.operator {
            self.sign_in.log_unreadable_scopes(self.app.claims.scope);
            return Err(Refusal::OperatorScopeRequired);
        }
        let context = RequestContext { as_operator: true, ..self.context };
        Ok(Self { context, ..self })
    }
}

impl FromRequestParts<App> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Caller { person, sign_in, context } = Caller::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), person, sign_in, context })
    }
}

/// The sign-in of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The scopes of the token.
    pub scopes: Vec<String>,
    /// The authentication methods (RFC 8176). Empty if the token does not say.
    pub amr: Vec<String>,
    /// The time of the sign-in, in seconds since the epoch. `None` if the token does not say.
    pub auth_time: Option<i64>,
    /// The caller's IP address.
    pub source_ip: Option<String>,
}

impl SignIn {
    /// Whether the token has the scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }

    /// Writes a line if the token has no scopes in `claim`, or has them in a form that is not read.
    /// A claim with commas is one scope (RFC 6749, section 3.3), which no client asks for.
    pub fn log_unreadable_scopes(&self, claim: &str) {
        if self.scopes.iter().all(|scope| scope.contains(',')) {
            tracing::info!(claim, "the claim of the scopes is absent or cannot be read");
        }
    }

    /// The facts for the security rules, at the time of the request (ORG3).
    fn authn_context(&self, names: TokenClaims, now: Timestamp) -> AuthnContext {
        let says_how = !self.amr.is_empty();
        let at = self.auth_time.and_then(|at| Timestamp::from_second(at).ok());
        let age = at.map(|at| now.duration_since(at)).filter(|age| *age >= -MAX_CLOCK_SKEW);
        let from = self.source_ip.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
        AuthnContext {
            multi_factor: says_how
                .then(|| is_multi_factor(&self.amr))
                .ok_or(MissingClaim(names.amr)),
            sign_in_age: age.ok_or(MissingClaim(names.auth_time)),
            // Treat IPv4-mapped IPv6 addresses as IPv4.
            source_ip: from.map(|ip| ip.to_canonical()),
        }
    }
}

/// How far the identity provider's clock may be ahead. A sign-in later than that is none (ORG3).
pub const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The time of the request. Handlers use no other clock.
#[derive(Clone, Copy, Debug)]
pub struct Now(pub Timestamp);

impl<S: Sync> FromRequestParts<S> for Caller
where
    TokenClaims: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = context(parts).ok_or_else(Problem::unauthenticated)?;
        let authorizer = context.authorizer.as_ref().ok_or_else(Problem::unauthenticated)?;
        let jwt = authorizer.jwt.as_ref().ok_or_else(Problem::unauthenticated)?;
        let token = Token { names: TokenClaims::from_ref(state), claims: &jwt.claims };
        let names = token.names;

        let id = subject_of(token.claim("sub"))?;
        let (email, email_fault) = match token.email() {
            Ok(email) => (Some(email), None),
            Err(fault) => (None, Some(fault)),
        };
        let claimed_email = token.address();
        // Other people see the name.
        let name = token.claim(names.name).and_then(|name| Name::cleaned(name, MAX_PERSON_NAME));
        let name = name.map(|name| name.to_string());

        let sign_in = SignIn {
            scopes: token.scopes(),
            amr: token.amr(),
            auth_time: token.auth_time(),
            source_ip: context.http.source_ip.clone(),
        };
        let operator = sign_in.has_scope(names.operator_scope);
        let Now(now) = Now::from_request_parts(parts, state).await?;
        let authn = Some(sign_in.authn_context(names, now));
        let at = now;
        let person = Person { id, email, claimed_email, email_fault, name, operator, authn, at };
        let ids = RequestId::from_request_parts(parts, state).await?;
        let key = parts.extensions.get::<RequestKey>();
        let context = RequestContext {
            by: Some(person.clone()),
            as_operator: false,
            at: now,
            request_id: ids.gateway().to_owned(),
            client_request_id: ids.client().map(str::to_owned),
            seed: rand::random(),
            idempotency_key: key.map(|key| key.with_caller(&person.id)),
        };
        Ok(Self { person, sign_in, context })
    }
}

impl<S: Sync> FromRequestParts<S> for Now {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A context without the time reads as 1970.
        let millisecond = context(parts).map(|context| context.time_epoch).filter(|&at| at > 0);
        let millisecond = millisecond.ok_or_else(|| Problem::internal("the event has no time"))?;
        Timestamp::from_millisecond(millisecond).map(Self).map_err(Problem::internal)
    }
}

/// The time of a request as the gateway states it.
pub(super) fn time<B>(request: &Request<B>) -> Option<Timestamp> {
    let GatewayContext::ApiGatewayV2(context) = request.request_context_ref()? else {
        return None;
    };
    Timestamp::from_millisecond(context.time_epoch).ok().filter(|time| time.as_second() > 0)
}

/// The `sub` that the authorizer verified. It can be one that no person may have.
pub(super) fn subject<B>(request: &Request<B>) -> Option<&str> {
    let GatewayContext::ApiGatewayV2(context) = request.request_context_ref()? else {
        return None;
    };
    let jwt = context.authorizer.as_ref()?.jwt.as_ref()?;
    jwt.claims.get("sub").map(String::as_str)
}

/// Whether the text is a valid `sub`.
pub fn is_subject(sub: &str) -> bool {
    sub.parse::<UserId>().is_ok()
}

/// The person of a token.
///
/// # Errors
///
/// 401 that says what is wrong with the claim `sub`.
fn subject_of(claim: Option<&str>) -> Result<UserId, Problem> {
    let wrong = match claim.map(str::parse) {
        Some(Ok(id)) => return Ok(id),
        Some(Err(NotAUserId)) => {
            "The claim `sub` of your token cannot be used. It must have 1 to 255 printable ASCII \
             characters, with no space at its ends."
        }
        None => "Your token has no claim `sub`, which says who you are.",
    };
    Err(Problem::unusable_token(wrong))
}

fn context(parts: &Parts) -> Option<&ApiGatewayV2httpRequestContext> {
    match parts.request_context_ref() {
        Some(GatewayContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    }
}
