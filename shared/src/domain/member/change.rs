//! Changes of a membership by a user manager or by the member, up to its end.

use jiff::Timestamp;

use super::service::check_keeper;
use crate::domain::{
    Level, Member, Name, Refusal, RoleId, RoleObject, Service, Standing, UserId, Version,
    check_access_end, check_service_role,
};

/// The fields of a member to change. Absent fields keep their values.
#[derive(Clone, Debug, Default)]
pub struct MemberUpdate {
    /// The new role.
    pub role_id: Option<RoleId>,
    /// The new display name. `Some(None)` removes the present one.
    pub display_name: Option<Option<Name>>,
    /// The new end of the access. `Some(None)` removes the present one (END1).
    pub access_expires_at: Option<Option<Timestamp>>,
    /// The new keeper of a service, if there is such a member: `Some(None)` if not (MACH1).
    pub keeper: Option<Option<Member>>,
}

/// Changes the role, the display name or the end of the access of `target`.
///
/// A user manager names every member, also the Super Admin and themselves (U6): a name grants
/// nothing.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (U4).
/// - The refusals of [`change_role`] for a new role.
/// - The refusals of `change_access_end` for another end of the access.
/// - [`Refusal::NotAService`] for the keeper of a person, [`Refusal::KeeperNotMember`] if a keeper
///   is no person with access here (MACH1).
pub fn update_member(
    actor: &Standing,
    target: &Member,
    update: MemberUpdate,
    now: Timestamp,
) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let with_role = match update.role_id {
        Some(role) => change_role(actor, target, role, now)?,
        None => target.clone(),
    };
    let changed = match update.access_expires_at {
        Some(end) if end != with_role.access_expires_at => {
            change_access_end(actor, &with_role, end, now)?
        }
        _ => with_role,
    };
    let service = match (&update.keeper, target.service) {
        (Some(_), None) => return Err(Refusal::NotAService),
        (Some(keeper), Some(_)) => Some(Service { keeper: check_keeper(keeper.as_ref(), now)? }),
        (None, service) => service,
    };
    let display_name = update.display_name.unwrap_or_else(|| target.display_name.clone());
    let changed = Member { display_name, service, ..changed };
    if changed == *target {
        return Ok(changed);
    }
    Ok(Member { version: target.version.next(now), ..changed })
}

/// Gives `target` another role.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (U4).
/// - [`Refusal::CannotChangeOwnRole`] if the target is the actor (ROLE12).
/// - [`Refusal::SuperAdminProtected`] if the target is the Super Admin (SA3).
/// - [`Refusal::SuperAdminRequired`] if the target is an Admin, and the actor is not the Super
///   Admin (SA4).
/// - The refusal of [`check_service_role`] for a service (MACH1).
/// - The refusals of [`Standing::require_grant`] for the new role (ROLE7, ROLE9).
pub fn change_role(
    actor: &Standing,
    target: &Member,
    role: RoleId,
    now: Timestamp,
) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    if target.user_id == actor.person.id {
        return Err(Refusal::CannotChangeOwnRole);
    }
    if target.role_id == RoleId::SUPER_ADMIN {
        return Err(Refusal::SuperAdminProtected);
    }
    check_admin_changed_by_super_admin(actor, target)?;
    if target.service.is_some() {
        check_service_role(role)?;
    }
    actor.require_grant(role)?;
    Ok(target.with_role(role, now))
}

/// Sets or removes the end of the access of `target`. This needs what granting their role needs.
/// The version does not change.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (U4).
/// - [`Refusal::CannotChangeOwnRole`] if the target is the actor (ROLE12).
/// - [`Refusal::SuperAdminAccessEnd`] if the target is the Super Admin, whose access does not end.
/// - [`Refusal::SuperAdminRequired`] if the target is an Admin, and the actor is not the Super
///   Admin (SA4).
/// - The refusals of [`Standing::require_grant`] for the role of the target (ROLE7, ROLE9).
/// - The refusal of [`check_access_end`].
fn change_access_end(
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
    check_admin_changed_by_super_admin(actor, target)?;
    actor.require_grant(target.role_id)?;
    check_access_end(end, now)?;
    let granted_by = end.map(|_| actor.membership().map(Member::id)).transpose()?;
    Ok(Member { access_expires_at: end, access_granted_by: granted_by, ..target.clone() })
}

/// Checks that an Admin is changed by the Super Admin alone (SA4).
fn check_admin_changed_by_super_admin(actor: &Standing, target: &Member) -> Result<(), Refusal> {
    if target.role_id == RoleId::ADMIN && !actor.is_super_admin() {
        return Err(Refusal::SuperAdminRequired);
    }
    Ok(())
}

/// The membership of `member` with another account of theirs (OP2). `tombstone` is the version of
/// the tombstone, if one was read: the new membership continues from it.
pub fn with_account(
    member: &Member,
    account: UserId,
    tombstone: Option<Version>,
    now: Timestamp,
) -> Member {
    let (continues, version) = (Some(member.id()), Version::first(now, tombstone));
    Member { user_id: account, continues, version, ..member.clone() }
}

/// Checks that the actor may remove `target`.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (SA4).
/// - [`Refusal::SuperAdminProtected`] if the target is the Super Admin (SA3).
pub fn remove_member(actor: &Standing, target: &Member) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    check_not_super_admin(target)
}

/// The membership of an actor who leaves the organization.
///
/// # Errors
/// - The refusal of [`Standing::membership`] if the actor is not a member.
/// - [`Refusal::SuperAdminProtected`] if the actor is the Super Admin (SA5).
pub fn leave(actor: &Standing) -> Result<&Member, Refusal> {
    let member = actor.membership()?;
    check_not_super_admin(member).map(|()| member)
}

fn check_not_super_admin(member: &Member) -> Result<(), Refusal> {
    if member.role_id == RoleId::SUPER_ADMIN { Err(Refusal::SuperAdminProtected) } else { Ok(()) }
}
