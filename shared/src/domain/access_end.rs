//! Access that ends at a time (END1).

use jiff::{SignedDuration, Timestamp};

use super::{Level, Member, Refusal, RoleId, RoleObject, Standing};

/// The longest time from a request until the end of access that it sets, in days: 10 years.
pub const MAX_ACCESS_DAYS: i64 = 3653;

/// Checks a new end of access. `None` is access without an end.
///
/// # Errors
/// [`Refusal::AccessEndOutOfRange`] if it is not later than `now`, or more than [`MAX_ACCESS_DAYS`]
/// later.
pub fn check_access_end(end: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    let latest = now.saturating_add(SignedDuration::from_hours(24 * MAX_ACCESS_DAYS));
    let latest = latest.unwrap_or(Timestamp::MAX);
    match end {
        Some(end) if end <= now || end > latest => Err(Refusal::AccessEndOutOfRange),
        _ => Ok(()),
    }
}

/// Sets or removes the end of the access of `target`. This needs what granting their role needs. The
/// version does not change.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (U4).
/// - [`Refusal::CannotChangeOwnRole`] if the target is the actor (ROLE12).
/// - [`Refusal::SuperAdminAccessEnd`] if the target is the Super Admin, whose access does not end.
/// - [`Refusal::SuperAdminRequired`] if the target is an Admin, and the actor is not the Super
///   Admin (SA4).
/// - The refusals of [`Standing::require_grant`] for the role of the target (ROLE7, ROLE9).
/// - The refusal of [`check_access_end`].
pub(super) fn change_access_end(
    actor: &Standing,
    target: &Member,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    if target.role_id == RoleId::SUPER_ADMIN {
        return Err(Refusal::SuperAdminAccessEnd);
    }
    if target.user_id == actor.person.id {
        return Err(Refusal::CannotChangeOwnRole);
    }
    if target.role_id == RoleId::ADMIN && !actor.is_super_admin() {
        return Err(Refusal::SuperAdminRequired);
    }
    actor.require_grant(target.role_id)?;
    check_access_end(end, now)?;
    let granted_by = end.map(|_| actor.membership().map(Member::id)).transpose()?;
    Ok(Member { access_expires_at: end, access_granted_by: granted_by, ..target.clone() })
}
