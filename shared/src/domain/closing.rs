//! The suspension of an organization by an operator, and the deletion of an organization (SA7).

use jiff::Timestamp;

use super::{Closure, MemberId, Name, Organization, Refusal, Standing, Suspension};

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
