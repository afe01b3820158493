//! Why an organization is closed to its members: it is suspended or deleted (SA7).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MemberId, Refusal};

/// Why an organization is closed to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Closure {
    /// An operator has suspended the organization.
    Suspended(Suspension),
    /// The organization is deleted. What belongs to it ends, and its history stays for its retention.
    Deleted {
        /// The time of the deletion.
        #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
        at: Timestamp,
        /// The Super Admin who deleted it. `None`: an operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<MemberId>,
        /// The time at which everything but the history had ended. `None` until then.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "jiff::fmt::serde::timestamp::millisecond::optional"
        )]
        ended: Option<Timestamp>,
    },
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

/// How far the deletion of an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The time of the deletion.
    pub at: Timestamp,
    /// The time at which everything but the history had ended.
    pub ended: Option<Timestamp>,
}

impl Closure {
    /// The refusal of what members of the organization ask for.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Suspended(Suspension { reason, .. }) => {
                Refusal::OrganizationSuspended(reason.clone())
            }
            Self::Deleted { .. } => Refusal::NoSuchOrganization,
        }
    }

    /// The refusal of what a person outside the organization asks for. The reason of a suspension is for members.
    pub fn refusal_of_entry(&self) -> Refusal {
        match self {
            Self::Suspended(_) => Refusal::EntrySuspended,
            Self::Deleted { .. } => Refusal::NoSuchOrganization,
        }
    }
}
