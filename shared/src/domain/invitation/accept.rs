//! The acceptance of an invitation by the address holder (INV4, INV7, INV9).

use jiff::Timestamp;

use crate::domain::{
    AddressHash, AddressSlot, Invitation, InvitationId, Inviter, Member, OrgId, Organization,
    Person, Refusal, RoleId, Source, Version, levels_in, may_grant,
};

/// The facts that an acceptance depends on, in addition to the person and the organization.
#[derive(Clone, Copy, Debug)]
pub struct AcceptanceFacts<'a> {
    /// The invitation.
    pub invitation: &'a Invitation,
    /// The inviter as stored in the invitation or as read since. The write checks that they still
    /// hold the role.
    pub inviter: Option<&'a Inviter>,
    /// The version of the tombstone, if one was read: the new membership continues from it.
    pub tombstone: Option<Version>,
}

/// Accepts an invitation (INV7). In an organization without Super Admin, the new member becomes its
/// Super Admin (INV8).
///
/// # Errors
/// - [`Refusal::EntrySuspended`] while the organization is suspended (SA7).
/// - [`Refusal::OfferedAccessExpired`] if the access that it offers has ended (END1).
/// - [`Refusal::InvitationExpired`] if the invitation has expired (INV5).
/// - The refusals of [`inviter_may_grant`], unless an operator sent the invitation (INV9).
/// - [`Refusal::EmailNotVerified`] if the person has no verified address.
pub fn accept(
    person: &Person,
    org: &Organization,
    facts: AcceptanceFacts<'_>,
    now: Timestamp,
) -> Result<Member, Refusal> {
    let AcceptanceFacts { invitation, inviter, tombstone } = facts;
    org.check_entry()?;
    invitation.check_offered_access(now)?;
    if invitation.expired(now) {
        return Err(Refusal::InvitationExpired(invitation.expires_at));
    }
    if invitation.inviter.is_some() {
        inviter_may_grant(org, invitation.role_id, inviter.map(|inviter| inviter.role_id))?;
    }
    let first = org.super_admin_user_id.is_none();
    let role = if first { RoleId::SUPER_ADMIN } else { invitation.role_id };
    let member = Member::new(person, org, role, Source::Invitation, now)?.continuing(tombstone);
    // The access of the Super Admin does not end.
    let access_expires_at = invitation.access_expires_at.filter(|_| !first);
    let access_granted_by = inviter.filter(|_| access_expires_at.is_some());
    let access_granted_by = access_granted_by.map(|inviter| inviter.member_id);
    let language = invitation.language;
    Ok(Member { access_expires_at, access_granted_by, language, ..member })
}

/// Checks that a person who accepts with one address is no member yet, with another. `membership`
/// is theirs, if they have one.
///
/// # Errors
/// - [`Refusal::CallerIsService`] if it is a service's (MACH1).
/// - [`Refusal::CallerAlreadyMember`] if it is a person's.
pub fn check_no_member(membership: Option<&Member>) -> Result<(), Refusal> {
    match membership {
        Some(member) if member.service.is_some() => Err(Refusal::CallerIsService),
        Some(_) => Err(Refusal::CallerAlreadyMember),
        None => Ok(()),
    }
}

/// Whether the inviter of an invitation may still grant its role (INV9). `inviter` is the present
/// member, if there is one. An operator's invitation depends on no inviter.
pub fn inviter_authorized(
    org: &Organization,
    invitation: &Invitation,
    inviter: Option<&Member>,
    now: Timestamp,
) -> bool {
    let role = inviter.filter(|member| member.has_access(now)).map(|member| member.role_id);
    invitation.inviter.is_none() || inviter_may_grant(org, invitation.role_id, role).is_ok()
}

/// Checks that the inviter may still grant `role` (INV9). `inviter_role` is their present role, if
/// they are still a member.
///
/// # Errors
/// - [`Refusal::InviterNotAuthorized`] if they may no longer grant it, or the role no longer
///   exists.
/// - [`Refusal::MdfProgramRequired`] for MDF Admin outside the MDF programme.
pub fn inviter_may_grant(
    org: &Organization,
    role: RoleId,
    inviter_role: Option<RoleId>,
) -> Result<(), Refusal> {
    let granter = inviter_role.ok_or(Refusal::InviterNotAuthorized)?;
    let levels = levels_in(org, granter).ok_or(Refusal::InviterNotAuthorized)?;
    match may_grant(org, granter, levels, role) {
        Err(Refusal::MdfProgramRequired) => Err(Refusal::MdfProgramRequired),
        Err(_) => Err(Refusal::InviterNotAuthorized),
        Ok(()) => Ok(()),
    }
}

/// Whether the id is that of a present or past invitation of `org` to this person's address.
pub fn was_issued_to(person: &Person, org: OrgId, id: InvitationId) -> bool {
    let hash = |email| AddressHash::of(org, email);
    person.email.as_ref().map(hash) == Some(id.address_hash())
}

/// The invitation with this id, if it is for the person's verified address (INV4).
///
/// # Errors
/// [`Refusal::NoInvitationForCaller`] if there is none, or if it is for another address (INV15).
pub fn own_invitation(
    person: &Person,
    id: InvitationId,
    slot: Option<AddressSlot>,
) -> Result<Invitation, Refusal> {
    slot.and_then(AddressSlot::pending)
        .filter(|invitation| invitation.id == id)
        .filter(|invitation| person.email.as_ref() == Some(&invitation.email))
        .ok_or_else(|| person.not_invited())
}
