//! Changes of a pending invitation: it is sent again, changed or revoked (INV7, INV13).

use jiff::{SignedDuration, Timestamp};

use super::expiry;
use crate::domain::{
    Budget, Budgets, Invitation, Inviter, Language, Level, Refusal, RoleId, RoleObject, Standing,
    budget::{Day, seconds_until},
    check_access_end,
};

/// Sends an invitation again. It keeps its id, gets a new time of expiry, and the actor becomes its
/// inviter (INV7).
///
/// An expired invitation, or one whose inviter may no longer grant the role, becomes valid again
/// (INV9).
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management`.
/// - The refusals of [`Standing::require_grant`] for the role.
/// - [`Refusal::ChangedConcurrently`] if the role no longer exists. Its deletion has changed the
///   invitation as well.
/// - [`Refusal::OfferedAccessExpired`] if the access that it offers has ended (END1).
/// - [`Refusal::BudgetSpent`] shortly after the last sending, or after too many in a day (INV14).
pub fn resend(
    actor: &Standing,
    invitation: &Invitation,
    budgets: &Budgets,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    actor.require_grant(invitation.role_id).map_err(|refusal| match refusal {
        Refusal::NoSuchRole => Refusal::ChangedConcurrently,
        other => other,
    })?;
    invitation.check_offered_access(now)?;
    Ok(Invitation {
        expires_at: expiry(now, invitation.days, invitation.access_expires_at),
        sent_at: now,
        send_count: invitation.send_count.saturating_add(1),
        sent_that_day: sendings_with(invitation, budgets, now)?,
        version: invitation.version.next(now),
        ..invitation.with_inviter(Inviter::of(actor.membership()?))
    })
}

/// The values of a pending invitation to change. Absent ones stay.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvitationUpdate {
    /// The role to offer instead.
    pub role_id: Option<RoleId>,
    /// The time to live in days since the last sending, from 1 to
    /// [`MAX_DAYS`](crate::domain::MAX_DAYS).
    pub days: Option<u32>,
    /// The end of the offered access. `Some(None)` removes the present one (END1).
    pub access_expires_at: Option<Option<Timestamp>>,
    /// The language of its mails. `Some(None)` for that of the organization.
    pub language: Option<Option<Language>>,
}

/// Changes an invitation without sending it. The actor becomes its inviter (INV13). An update that
/// changes nothing returns an equal invitation.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management`.
/// - [`Refusal::ExceedsOwnPermissions`] if the actor could not grant the levels of the present role
///   (ROLE7). Every user manager may take MDF Admin away (ROLE9).
/// - The refusals of [`Standing::require_grant`] for the role to offer.
/// - [`Refusal::ChangedConcurrently`] if the present role no longer exists.
/// - The refusal of [`check_access_end`] for another end of the offered access.
pub fn update_invitation(
    actor: &Standing,
    invitation: &Invitation,
    update: InvitationUpdate,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    match actor.require_grant(invitation.role_id) {
        Err(refusal @ Refusal::ExceedsOwnPermissions(..)) => return Err(refusal),
        Err(Refusal::NoSuchRole) => return Err(Refusal::ChangedConcurrently),
        _ => {}
    }
    let role_id = update.role_id.unwrap_or(invitation.role_id);
    actor.require_grant(role_id)?;
    let days = update.days.unwrap_or(invitation.days);
    let end = update.access_expires_at.unwrap_or(invitation.access_expires_at);
    if end != invitation.access_expires_at {
        check_access_end(end, now)?;
    }
    let language = update.language.unwrap_or(invitation.language);
    let updated = Invitation {
        role_id,
        days,
        access_expires_at: end,
        language,
        // Not from now on, so that a repeated request changes nothing.
        expires_at: expiry(invitation.sent_at, days, end),
        ..invitation.clone()
    };
    if updated == *invitation {
        return Ok(updated);
    }
    let version = invitation.version.next(now);
    Ok(Invitation { version, ..updated.with_inviter(Inviter::of(actor.membership()?)) })
}

/// Checks that the actor may revoke an invitation (INV7).
///
/// # Errors
/// - [`Refusal::OperatorInvitationsOnly`] if the actor is an operator without a membership: they
///   have a route of their own.
/// - The refusals of [`Standing::require`] without full access to `user_management`.
pub fn revoke(actor: &Standing) -> Result<(), Refusal> {
    let required = actor.require(RoleObject::UserManagement, Level::FullAccess);
    required.map_err(|refusal| match refusal {
        Refusal::OperatorReadOnly => Refusal::OperatorInvitationsOnly,
        other => other,
    })
}

/// Checks that an operator may revoke an invitation: an operator sent it last (OP1).
///
/// # Errors
/// [`Refusal::OperatorInvitationsOnly`] if a member sent it.
pub fn revoke_as_operator(invitation: &Invitation) -> Result<(), Refusal> {
    invitation.sent_by().map_or(Ok(()), |_| Err(Refusal::OperatorInvitationsOnly))
}

/// The number of sendings of an invitation in the day of `now`, with the one `now` (INV14).
fn sendings_with(
    invitation: &Invitation,
    budgets: &Budgets,
    now: Timestamp,
) -> Result<u32, Refusal> {
    let limit = budgets.sending_interval_seconds;
    let interval = SignedDuration::from_secs(limit.into());
    let next = invitation.sent_at.saturating_add(interval).unwrap_or(Timestamp::MAX);
    // Without an interval, a request that arrives late comes before the last sending.
    if limit > 0 && now < next {
        let retry_after_seconds = seconds_until(next, now);
        return Err(Refusal::BudgetSpent {
            budget: Budget::SendingInterval,
            limit,
            retry_after_seconds,
        });
    }
    let day = |at| Day::of(at, Timestamp::UNIX_EPOCH);
    let (last, today) = (day(invitation.sent_at), day(now));
    let before = if last.number == today.number { invitation.sent_that_day } else { 0 };
    let limit = budgets.sendings_per_invitation;
    if before >= limit {
        let retry_after_seconds = seconds_until(today.ends_at, now);
        let budget = Budget::SendingsPerInvitation;
        return Err(Refusal::BudgetSpent { budget, limit, retry_after_seconds });
    }
    Ok(before.saturating_add(1))
}
