//! Changes of the security settings of an organization (ORG3).

use jiff::Timestamp;

use super::{Level, Organization, Refusal, RoleObject, Security, Standing};

/// Changes the security settings of the actor's organization.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `security_management`.
/// - [`Refusal::WouldLockOutCaller`] if the actor's own sign-in does not satisfy the new settings.
pub fn update_security(
    actor: &Standing,
    update: Security,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    actor.require(RoleObject::SecurityManagement, Level::FullAccess)?;
    let org = secured(&actor.org, update, now);
    Standing { org: org.clone(), ..actor.clone() }
        .check_sign_in()
        .map_err(|why| Refusal::WouldLockOutCaller(Box::new(why)))?;
    Ok(org)
}

/// Removes the sign-in requirements of an organization for an operator, so that its members can
/// sign in again (ORG3). The event retention stays.
pub fn reset_security(org: &Organization, now: Timestamp) -> Organization {
    let event_retention_days = org.security.event_retention_days;
    secured(org, Security { event_retention_days, ..Security::default() }, now)
}

/// The organization with these settings. It keeps its version if nothing changes.
fn secured(org: &Organization, security: Security, now: Timestamp) -> Organization {
    if security == org.security {
        return org.clone();
    }
    Organization { security, version: org.version.next(now), ..org.clone() }
}
