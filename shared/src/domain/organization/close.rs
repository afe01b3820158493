//! The suspension of an organization by an operator, and the deletion of an organization (SA7).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{MemberId, Name, Organization, Refusal, Standing};

/// Why an organization is closed to its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Closure {
    /// An operator has suspended the organization.
    Suspended(Suspension),
    /// The organization is deleted. What belongs to it ends, and its history stays for its
    /// retention.
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

    /// The refusal of what a person outside the organization asks for. The reason of a suspension
    /// is for members.
    pub fn refusal_of_entry(&self) -> Refusal {
        match self {
            Self::Suspended(_) => Refusal::EntrySuspended,
            Self::Deleted { .. } => Refusal::NoSuchOrganization,
        }
    }
}

/// Suspends `org` for this reason, or changes the reason. The organization keeps its version if it
/// is suspended for this reason already.
pub fn suspend(org: &Organization, reason: String, now: Timestamp) -> Organization {
    let since = org.suspension().map_or(now, |suspension| suspension.since);
    closed(org, Some(Closure::Suspended(Suspension { reason, since })), now)
}

/// Ends the suspension of `org`. The organization keeps its version if it is not suspended.
pub fn resume(org: &Organization, now: Timestamp) -> Organization {
    closed(org, None, now)
}

/// Deletes the actor's organization. `name` is the name that the actor typed, `below` the number of
/// organizations right below.
///
/// # Errors
/// - The refusal of [`Standing::membership`] if the actor is not a member.
/// - [`Refusal::SuperAdminRequired`] if the actor is not the Super Admin.
/// - The refusals of [`delete_as_operator`].
pub fn delete_organization(
    actor: &Standing,
    name: &Name,
    below: u64,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    let by = actor.membership()?.id();
    if !actor.is_super_admin() {
        return Err(Refusal::SuperAdminRequired);
    }
    deleted(&actor.org, name, below, now, Some(by))
}

/// Deletes `org` for an operator. `name` and `below` are as in [`delete_organization`].
///
/// # Errors
/// - [`Refusal::OrganizationNameDiffers`] if the typed name is another one.
/// - [`Refusal::HasSubOrganizations`] while there are organizations below.
pub fn delete_as_operator(
    org: &Organization,
    name: &Name,
    below: u64,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    deleted(org, name, below, now, None)
}

fn deleted(
    org: &Organization,
    name: &Name,
    below: u64,
    at: Timestamp,
    by: Option<MemberId>,
) -> Result<Organization, Refusal> {
    if *name != org.name {
        return Err(Refusal::OrganizationNameDiffers);
    }
    if below > 0 {
        return Err(Refusal::HasSubOrganizations(below));
    }
    Ok(closed(org, Some(Closure::Deleted { at, by, ended: None }), at))
}

fn closed(org: &Organization, closure: Option<Closure>, now: Timestamp) -> Organization {
    if closure == org.closure {
        return org.clone();
    }
    Organization { closure, version: org.version.next(now), ..org.clone() }
}
