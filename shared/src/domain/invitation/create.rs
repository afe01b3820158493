//! The invitation of an address by a member, and of an Admin by an operator (INV1, OP1).

use jiff::Timestamp;

use super::address_slot::check_free;
use crate::domain::{
    AddressFacts, AddressSlot, FirstAdmin, Invitation, InvitationDraft, InvitationId, Inviter,
    Level, Organization, Refusal, RoleObject, Standing, check_access_end, check_not_declined,
};

/// A new invitation, and the one that holds its address, if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The invitation that it replaces: an expired one (INV2), or one whose inviter may no longer
    /// grant the role (INV9).
    pub replaces: Option<Invitation>,
}

/// Invites an address. The new invitation replaces an expired one, and one whose inviter may no
/// longer grant the role.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (INV1).
/// - The refusals of [`Standing::require_grant`] for the role (ROLE7, ROLE9, SA3).
/// - The refusal of [`check_access_end`] for the end of the offered access.
/// - [`Refusal::AlreadyMember`] or [`Refusal::AlreadyInvited`] if the address is in use (INV2).
/// - [`Refusal::InvitationDeclined`] if its person declined an invitation a short time ago (INV14).
pub fn invite(
    actor: &Standing,
    draft: InvitationDraft,
    address: AddressFacts,
    id: InvitationId,
    now: Timestamp,
) -> Result<NewInvitation, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    actor.require_grant(draft.role_id)?;
    check_access_end(draft.access_expires_at, now)?;
    match &address.slot {
        Some(AddressSlot::Pending(_)) if address.pending_is_void => {}
        slot => check_free(slot.as_ref(), now)?,
    }
    address.declined_until.map_or(Ok(()), |until| check_not_declined(until, now))?;
    let invitation =
        Invitation::new(id, &actor.org, draft, Some(Inviter::of(actor.membership()?)), now);
    Ok(NewInvitation { invitation, replaces: address.slot.and_then(AddressSlot::pending) })
}

/// Invites an Admin for an operator (INV8, OP1, SA6): the first one of an organization without
/// Super Admin. If the Super Admin is the only person, the one to appoint.
///
/// `persons` is the number of members who are persons, and `slot` the present use of the address.
///
/// # Errors
/// - [`Refusal::SuperAdminExists`] if the organization has a Super Admin and other persons.
/// - [`Refusal::AlreadyMember`] if the address is the Super Admin's.
pub fn invite_first_admin(
    org: &Organization,
    persons: u64,
    slot: Option<&AddressSlot>,
    first: FirstAdmin,
    now: Timestamp,
) -> Result<Invitation, Refusal> {
    if org.super_admin_user_id.is_some() && persons > 1 {
        return Err(Refusal::SuperAdminExists);
    }
    if let Some(AddressSlot::Taken(_)) = slot {
        return Err(Refusal::AlreadyMember);
    }
    Ok(Invitation::of_first_admin(org, first, now))
}
