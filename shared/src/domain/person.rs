//! People, and what they do: who acts, when, and in which request.

use jiff::Timestamp;

use super::{Email, Presence, Refusal, UserId};

/// Somebody the identity provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The token's `sub`.
    pub id: UserId,
    /// The token's address, if the provider says that it is verified; otherwise none (INV4).
    pub email: Option<Email>,
    /// What they are called.
    pub name: Option<String>,
    /// Platform staff (OP1). Known by the token's scope, never by membership.
    pub operator: bool,
    /// Do they ask, and signed in how (ORG3)?
    pub presence: Presence,
}

impl Person {
    /// Somebody whom others ask about: known by their id alone, and never as an operator (OP1).
    #[must_use]
    pub fn asked_about(id: UserId) -> Self {
        Self { id, email: None, name: None, operator: false, presence: Presence::AskedAbout }
    }

    /// The verified address, which everything that makes a member needs.
    pub fn verified_email(&self) -> Result<&Email, Refusal> {
        self.email.as_ref().ok_or(Refusal::EmailNotVerified)
    }
}

/// One request that may change something: the part of it that every event records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who acts. Nobody does when the clean-up runs.
    pub by: Option<Person>,
    /// Does the actor use their power as an operator?
    pub as_operator: bool,
    /// When, by the event's own clock.
    pub at: Timestamp,
    /// The request's id.
    pub request_id: String,
    /// Chance, thrown once a request: ids are made of it and of the time.
    pub seed: u128,
    /// What makes a repeat of the request recognizable, if its client cares.
    pub once: Option<Once>,
}

impl Act {
    /// The same request, as the author of its `nth` transaction: the events of each have ids of
    /// their own. A transaction holds fewer than 128.
    #[must_use]
    pub fn nth(&self, nth: u16) -> Self {
        Self { seed: self.seed.wrapping_add(u128::from(nth) << 7), ..self.clone() }
    }
}

/// A client's `Idempotency-Key`, and the request it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Whose key it is.
    pub caller: UserId,
    /// Method and path: a key belongs to one route.
    pub route: String,
    /// The key as it was sent.
    pub key: String,
    /// A digest of the body.
    pub fingerprint: String,
}
