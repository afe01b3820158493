//! What an organization knows of an address: whether it can be invited (INV2, INV14).

use jiff::{SignedDuration, Timestamp};

use crate::domain::{Invitation, Refusal, UserId, budget::seconds_until};

/// The use of an address in an organization: a pending invitation or a member (INV2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a request has one value, so its size does not matter"
)]
pub enum AddressSlot {
    /// The address has a pending invitation, which can have expired.
    Pending(Invitation),
    /// The address belongs to this member.
    Taken(UserId),
}

impl AddressSlot {
    /// The invitation, if there is one.
    pub fn pending(self) -> Option<Invitation> {
        match self {
            Self::Pending(invitation) => Some(invitation),
            Self::Taken(_) => None,
        }
    }
}

/// Checks that an address is free, or has only an expired invitation (INV2).
///
/// # Errors
///
/// [`Refusal::AlreadyMember`] or [`Refusal::AlreadyInvited`].
pub(in crate::domain) fn check_free(
    slot: Option<&AddressSlot>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match slot {
        Some(AddressSlot::Taken(_)) => Err(Refusal::AlreadyMember),
        Some(AddressSlot::Pending(pending)) if !pending.expired(now) => {
            Err(Refusal::AlreadyInvited(pending.id))
        }
        _ => Ok(()),
    }
}

/// How long an address that declined an invitation cannot be invited by the same organization, in
/// days (INV14).
pub const DECLINED_INVITATION_DAYS: i64 = 30;

/// What is known of an address in an organization that wants to invite it.
#[derive(Clone, Debug, Default)]
pub struct AddressFacts {
    /// The present use of the address.
    pub slot: Option<AddressSlot>,
    /// The time until which it cannot be invited, if its person declined an invitation.
    pub declined_until: Option<Timestamp>,
    /// Whether its pending invitation cannot be accepted, because the inviter may no longer grant
    /// the role (INV9).
    pub pending_is_void: bool,
}

/// The time until which an address that declines `now` cannot be invited.
pub fn declined_until(now: Timestamp) -> Timestamp {
    let days = SignedDuration::from_hours(24 * DECLINED_INVITATION_DAYS);
    now.saturating_add(days).unwrap_or(Timestamp::MAX)
}

/// Checks that an address which declined an invitation can be invited again (INV14).
///
/// # Errors
///
/// [`Refusal::InvitationDeclined`] before `until`.
pub fn check_not_declined(until: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if now < until {
        return Err(Refusal::InvitationDeclined(seconds_until(until, now)));
    }
    Ok(())
}
