//! The person behind a request, and the context of a request that changes data.

use jiff::Timestamp;

use super::{AuthnContext, Email, EmailError, MissingClaim, Refusal, UserId};

/// The subject of a token, a person or a service, or the subject of another caller's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The `sub` claim of the token.
    pub id: UserId,
    /// The e-mail address, if the identity provider has verified it (INV4).
    pub email: Option<Email>,
    /// The address in the token, whether it counts or not. Only the caller sees it (INV15).
    pub claimed_email: Option<Email>,
    /// Why the token has no address that counts.
    pub email_fault: Option<EmailFault>,
    /// The name from the identity provider.
    pub name: Option<String>,
    /// Whether the token has the operator scope (OP1). A membership never makes an operator.
    pub operator: bool,
    /// How the caller signed in (ORG3). `None` if the person is the subject of another caller's
    /// request.
    pub authn: Option<AuthnContext>,
    /// The time of the request. It decides whether the person's access has ended (END1).
    pub at: Timestamp,
}

impl Person {
    /// The subject of another caller's request at the time `at`. It is never an operator (OP1).
    pub fn subject(id: UserId, at: Timestamp) -> Self {
        let (email, claimed_email, email_fault, name) = (None, None, None, None);
        Self { id, email, claimed_email, email_fault, name, operator: false, authn: None, at }
    }

    /// The verified e-mail address. Every rule that makes a person a member needs it.
    ///
    /// # Errors
    /// - [`Refusal::EmailMissing`] if the token has no address.
    /// - [`Refusal::EmailVerificationUnknown`] if it does not say whether the address is verified.
    /// - [`Refusal::EmailSaidUnverified`] if it says that the address is not verified.
    /// - [`Refusal::EmailNotVerified`] if the person has no verified address for another reason.
    /// - [`Refusal::EmailUnusable`] if it is no address that mail can carry (INV3).
    pub fn verified_email(&self) -> Result<&Email, Refusal> {
        let refusal = self.email_fault.map_or(Refusal::EmailNotVerified, Refusal::from);
        self.email.as_ref().ok_or(refusal)
    }

    /// The verified e-mail address, for requests about one invitation. A person without one cannot
    /// know of any invitation (INV4).
    ///
    /// # Errors
    /// - [`Refusal::EmailMissing`] if the token has no address. It reveals nothing of invitations.
    /// - [`Refusal::NoInvitationForCaller`] if the address does not count for another reason.
    pub fn invited_email(&self) -> Result<&Email, Refusal> {
        self.email.as_ref().ok_or_else(|| match self.email_fault {
            Some(EmailFault::Missing(claim)) => Refusal::EmailMissing(claim),
            _ => self.not_invited(),
        })
    }

    /// Refuses a request about an invitation that is not for this person. It names what their own
    /// token says of them, so that they can correct their sign-in. It is the same whether the
    /// invitation exists or not (INV4, INV15).
    pub fn not_invited(&self) -> Refusal {
        Refusal::NoInvitationForCaller {
            signed_in_as: self.claimed_email.clone(),
            email_verified: self.email.is_some(),
        }
    }
}

/// What a person is called in one organization, as the history and the lists show it (ORG5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonLabel {
    /// The person is a member, or was known there before.
    Known {
        /// The display name that a user manager gave them, or the name from the identity provider.
        name: Option<String>,
        /// Their address there.
        email: Email,
    },
    /// The member is a service (MACH1).
    Service {
        /// Its display name, or its name.
        name: String,
    },
    /// An operator has erased the person (ERA1).
    Erased,
}

impl PersonLabel {
    /// The address, if it is a person who was not erased.
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::Known { email, .. } => Some(email),
            Self::Service { .. } | Self::Erased => None,
        }
    }
}

/// Why a token has no address that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailFault {
    /// The token has no address.
    Missing(MissingClaim),
    /// The token does not say whether the identity provider has verified the address.
    VerificationUnknown(MissingClaim),
    /// The token says that the address is not verified.
    NotVerified {
        /// The claim that says it.
        claim: &'static str,
    },
    /// The address is none that mail can carry (INV3).
    Unusable(EmailError),
}

impl From<EmailFault> for Refusal {
    fn from(fault: EmailFault) -> Self {
        match fault {
            EmailFault::Missing(claim) => Self::EmailMissing(claim),
            EmailFault::VerificationUnknown(claim) => Self::EmailVerificationUnknown(claim),
            EmailFault::NotVerified { claim } => Self::EmailSaidUnverified { claim },
            EmailFault::Unusable(error) => Self::EmailUnusable(error),
        }
    }
}

/// The context of one request that changes data. Every event records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestContext {
    /// The actor. `None` for changes that no one is recorded for. These are the changes of the
    /// clean-up, the end of an expired access, and the end of a role deletion that another request
    /// began.
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
    /// The context of a change that is recorded without an actor.
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

    /// The context of a change by the same request that is recorded without an actor.
    pub fn without_its_actor(&self) -> Self {
        Self::without_actor(self.at, &self.request_id, self.seed)
    }
}

/// The key by which a client repeats a request without a second effect, and the request that it
/// belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller that sent the key.
    pub caller: UserId,
    /// What the client asks for. It can use the same key again for another operation.
    pub operation: String,
    /// The client's key.
    pub key: String,
    /// A hash of the content of the request.
    pub fingerprint: String,
}
