//! The suspension of an organization by an operator (SA7).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Organization, Refusal};

/// Why an organization is closed to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Closure {
    /// An operator has suspended the organization.
    Suspended(Suspension),
}

/// The suspension of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// Why the operator suspended the organization. Members see it.
    pub reason: String,
    /// The time from which the organization is suspended.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub since: Timestamp,
}

impl Closure {
    /// The refusal of what members of the organization ask for.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Suspended(Suspension { reason, .. }) => {
                Refusal::OrganizationSuspended(reason.clone())
            }
        }
    }
}

impl Organization {
    /// The suspension of the organization, if it is suspended.
    pub fn suspension(&self) -> Option<&Suspension> {
        match &self.closure {
            Some(Closure::Suspended(suspension)) => Some(suspension),
            None => None,
        }
    }

    /// Checks that the organization is not suspended.
    ///
    /// # Errors
    /// [`Refusal::OrganizationSuspended`].
    pub fn check_open(&self) -> Result<(), Refusal> {
        self.closure.as_ref().map_or(Ok(()), |closure| Err(closure.refusal()))
    }
}

/// Suspends `org` for this reason, or changes the reason. The organization keeps its version if it is
/// suspended for this reason already.
pub fn suspend(org: &Organization, reason: String, now: Timestamp) -> Organization {
    let since = org.suspension().map_or(now, |suspension| suspension.since);
    closed(org, Some(Closure::Suspended(Suspension { reason, since })), now)
}

/// Ends the suspension of `org`. The organization keeps its version if it is not suspended.
pub fn resume(org: &Organization, now: Timestamp) -> Organization {
    closed(org, None, now)
}

fn closed(org: &Organization, closure: Option<Closure>, now: Timestamp) -> Organization {
    if closure == org.closure {
        return org.clone();
    }
    Organization { closure, version: org.version.next(now), ..org.clone() }
}
