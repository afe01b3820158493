//! Services: members that are no persons, known by the `sub` of their own token (MACH1).

use jiff::Timestamp;

use crate::domain::{
    Level, Member, MemberId, Name, Refusal, RoleId, RoleObject, Service, Source, Standing, UserId,
    Version, check_access_end,
};

/// The longest name of a service, in characters.
pub const MAX_SERVICE_NAME: usize = 100;

/// The values of a new service.
#[derive(Clone, Debug)]
pub struct ServiceDraft {
    /// The `sub` of its token.
    pub user_id: UserId,
    /// Its name.
    pub name: Name,
    /// Its role.
    pub role_id: RoleId,
    /// Its keeper, if there is such a member. Without a choice, the actor.
    pub keeper: Option<Member>,
    /// The end of its access (END1).
    pub access_expires_at: Option<Timestamp>,
}

/// Checks that a service may hold a role. Decisions about roles and the organization stay with
/// persons.
///
/// # Errors
/// [`Refusal::ServiceRoleNotAllowed`] for Super Admin, Admin and MDF Admin.
pub fn check_service_role(role: RoleId) -> Result<(), Refusal> {
    match role {
        RoleId::SUPER_ADMIN | RoleId::ADMIN | RoleId::MDF_ADMIN => {
            Err(Refusal::ServiceRoleNotAllowed)
        }
        _ => Ok(()),
    }
}

/// Adds a service. `tombstone` is the version of the tombstone, if one was read: the new membership
/// continues from it.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management`.
/// - The refusal of [`check_service_role`].
/// - The refusals of [`Standing::require_grant`] for the role (ROLE7).
/// - The refusal of [`check_access_end`].
/// - [`Refusal::KeeperNotMember`] if the keeper is no person with access here.
pub fn add_service(
    actor: &Standing,
    draft: ServiceDraft,
    tombstone: Option<Version>,
    now: Timestamp,
) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    check_service_role(draft.role_id)?;
    actor.require_grant(draft.role_id)?;
    check_access_end(draft.access_expires_at, now)?;
    let keeper = check_keeper(draft.keeper.as_ref(), now)?;
    let granted_by = actor.membership()?.id();
    Ok(Member {
        user_id: draft.user_id,
        path: actor.org.path.clone(),
        email: None,
        name: Some(draft.name.to_string()),
        display_name: None,
        role_id: draft.role_id,
        source: Source::Added,
        service: Some(Service { keeper }),
        joined_at: now,
        access_expires_at: draft.access_expires_at,
        access_granted_by: draft.access_expires_at.map(|_| granted_by),
        version: Version::first(now, tombstone),
        language: None,
        continues: None,
    })
}

/// The id of a keeper.
///
/// # Errors
/// [`Refusal::KeeperNotMember`] unless they are a person whose access has not ended at `now`.
pub(super) fn check_keeper(keeper: Option<&Member>, now: Timestamp) -> Result<MemberId, Refusal> {
    let keeper = keeper.filter(|keeper| keeper.can_keep(now));
    keeper.map(Member::id).ok_or(Refusal::KeeperNotMember)
}
