//! The transfer of the Super Admin role, and the appointment of a Super Admin by an operator (SA2,
//! SA6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{Member, Organization, Refusal, RoleId, Standing, check_service_role};

/// The changes of a transfer of the Super Admin role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperAdminTransfer {
    /// The former Super Admin after the transfer, as an Admin.
    pub demoted: Member,
    /// The new Super Admin before the transfer, as an Admin.
    pub member: Member,
    /// The new Super Admin after the transfer.
    pub successor: Member,
    /// The organization with its new Super Admin.
    pub org: Organization,
}

/// Transfers the Super Admin role to the member `successor` (SA2).
///
/// # Errors
/// - [`Refusal::SuperAdminRequired`] if the actor is not the Super Admin.
/// - [`Refusal::NoSuchMember`] if there is no successor, [`Refusal::MemberAccessExpired`] if their
///   access has ended (END1).
/// - [`Refusal::TargetNotAdmin`] if the successor does not hold the built-in Admin role.
///
/// The access of the new Super Admin has no end (END1).
pub fn transfer(
    actor: &Standing,
    successor: Option<Member>,
    now: Timestamp,
) -> Result<SuperAdminTransfer, Refusal> {
    let former = actor.membership()?;
    if former.role_id != RoleId::SUPER_ADMIN {
        return Err(Refusal::SuperAdminRequired);
    }
    let successor = successor.ok_or(Refusal::NoSuchMember)?;
    successor.check_present(now)?;
    if successor.role_id != RoleId::ADMIN {
        return Err(Refusal::TargetNotAdmin);
    }
    Ok(SuperAdminTransfer {
        demoted: former.with_role(RoleId::ADMIN, now),
        org: succeeded(&actor.org, &successor, now),
        successor: successor.with_role(RoleId::SUPER_ADMIN, now),
        member: successor,
    })
}

/// What an operator does with the former Super Admin when they appoint another one (SA6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormerSuperAdmin {
    /// They become an Admin.
    Admin,
    /// They are removed from the organization.
    Removed,
}

/// The changes of the appointment of a Super Admin by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperAdminAppointment {
    /// The former Super Admin before the appointment.
    pub former: Member,
    /// The former Super Admin as an Admin. `None` if they are removed.
    pub demoted: Option<Member>,
    /// The new Super Admin before the appointment.
    pub member: Member,
    /// The new Super Admin after the appointment.
    pub successor: Member,
    /// The organization with its new Super Admin.
    pub org: Organization,
}

/// Makes `successor` the Super Admin of `org` for an operator, whatever role they hold (SA6).
///
/// `former` is the Super Admin that `org` names. An organization without one has no members (SA1),
/// so it has no successor either.
///
/// # Errors
/// - [`Refusal::NoMemberToAppoint`] if there is no successor, [`Refusal::MemberAccessExpired`] if
///   their access has ended (END1).
/// - [`Refusal::AlreadySuperAdmin`] if the successor is the Super Admin.
/// - The refusal of [`check_service_role`] for a service (MACH1).
/// - [`Refusal::SuperAdminChanged`] if `former` is not the Super Admin any more.
pub fn appoint_super_admin(
    org: &Organization,
    former: Option<Member>,
    successor: Option<Member>,
    then: FormerSuperAdmin,
    now: Timestamp,
) -> Result<SuperAdminAppointment, Refusal> {
    let member = successor.ok_or(Refusal::NoMemberToAppoint)?;
    member.check_present(now)?;
    if org.super_admin_user_id.as_ref() == Some(&member.user_id) {
        return Err(Refusal::AlreadySuperAdmin);
    }
    if member.service.is_some() {
        check_service_role(RoleId::SUPER_ADMIN)?;
    }
    let is_super_admin = |member: &Member| member.role_id == RoleId::SUPER_ADMIN;
    let former = former.filter(is_super_admin).ok_or(Refusal::SuperAdminChanged)?;
    Ok(SuperAdminAppointment {
        demoted: (then == FormerSuperAdmin::Admin).then(|| former.with_role(RoleId::ADMIN, now)),
        org: succeeded(org, &member, now),
        successor: member.with_role(RoleId::SUPER_ADMIN, now),
        former,
        member,
    })
}

/// The organization with its new Super Admin. The event of this change ends the end of the
/// successor's access, too (END1), so it comes after the last change of their membership.
fn succeeded(org: &Organization, successor: &Member, now: Timestamp) -> Organization {
    org.with_super_admin(&successor.user_id, successor.version.next(now).at())
}
