//! The person behind a request, and the context of a request that changes data.

use jiff::Timestamp;

use super::{AuthnContext, Email, EmailError, Refusal, UserId};

/// A person that the identity provider knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The `sub` claim of the token.
    pub id: UserId,
    /// The e-mail address, if the identity provider has verified it (INV4).
    pub email: Option<Email>,
    /// Why the address that the identity provider has verified cannot be used (INV3).
    pub unusable_email: Option<EmailError>,
    /// The name from the identity provider.
    pub name: Option<String>,
    /// Whether the token has the operator scope (OP1). A membership never makes an operator.
    pub operator: bool,
    /// How the caller signed in (ORG3). `None` if the person is the subject of another caller's
    /// request.
    pub authn: Option<AuthnContext>,
}

impl Person {
    /// The subject of another caller's request. It is never an operator (OP1).
    pub fn subject(id: UserId) -> Self {
        let (email, unusable_email, name) = (None, None, None);
        Self { id, email, unusable_email, name, operator: false, authn: None }
    }

    /// The verified e-mail address. Every rule that makes a person a member needs it.
    ///
    /// # Errors
    /// [`Refusal::EmailNotVerified`] if the person has no verified address, and
    /// [`Refusal::EmailUnusable`] if it is no address that mail can carry (INV3).
    pub fn verified_email(&self) -> Result<&Email, Refusal> {
        let unusable = self.unusable_email.map(Refusal::EmailUnusable);
        self.email.as_ref().ok_or(unusable.unwrap_or(Refusal::EmailNotVerified))
    }
}

/// The context of one request that changes data. Every event records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestContext {
    /// The actor. `None` for the scheduled clean-up.
    pub by: Option<Person>,
    /// Whether the actor uses the operator scope.
    pub as_operator: bool,
    /// The time at which the request arrived.
    pub at: Timestamp,
    /// The gateway's id of the request.
    pub request_id: String,
    /// The id that the client chose for the request.
    pub client_request_id: Option<String>,
    /// A random number of the request. New ids are made from it and the time.
    pub seed: u128,
    /// The idempotency key, if the client sent one.
    pub idempotency_key: Option<IdempotencyKey>,
}

impl RequestContext {
    /// The context of work that no person requested.
    pub fn without_actor(at: Timestamp, request_id: &str, seed: u128) -> Self {
        Self {
            by: None,
            as_operator: false,
            at,
            request_id: request_id.to_owned(),
            client_request_id: None,
            seed,
            idempotency_key: None,
        }
    }
}

/// A client's `Idempotency-Key` header with the request that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller that sent the key.
    pub caller: UserId,
    /// The method and path of the request. A key is valid for one route.
    pub route: String,
    /// The value of the header.
    pub key: String,
    /// A digest of the request body.
    pub fingerprint: String,
}
