//! Who may grant which role (ROLE7).

use crate::domain::{BuiltIn, Kind, Levels, Organization, Refusal, RoleId};

/// Checks that a member with the role `granter` may grant `role` in `org`. User and Partner User
/// can always be granted.
///
/// # Errors
/// - [`Refusal::NoSuchRole`] if the organization has no such role.
/// - [`Refusal::SuperAdminNotAssignable`] for Super Admin (SA3).
/// - [`Refusal::SuperAdminRequired`] for MDF Admin, unless the granter is the Super Admin (ROLE9).
/// - [`Refusal::MdfProgramRequired`] for MDF Admin outside the MDF programme (ROLE5).
/// - [`Refusal::ExceedsOwnPermissions`] if the role has a higher level than the granter may grant
///   (ROLE7).
pub fn may_grant(
    org: &Organization,
    granter: RoleId,
    granter_levels: Levels,
    role: RoleId,
) -> Result<(), Refusal> {
    let levels = levels_in(org, role).ok_or(Refusal::NoSuchRole)?;
    match role {
        RoleId::BuiltIn(BuiltIn::SuperAdmin) => Err(Refusal::SuperAdminNotAssignable),
        RoleId::BuiltIn(BuiltIn::User | BuiltIn::PartnerUser) => Ok(()),
        RoleId::BuiltIn(BuiltIn::MdfAdmin) if granter != RoleId::SUPER_ADMIN => {
            Err(Refusal::SuperAdminRequired)
        }
        RoleId::BuiltIn(BuiltIn::MdfAdmin) if !org.settings.mdf_program => {
            Err(Refusal::MdfProgramRequired)
        }
        _ => check_no_escalation(granter_levels, levels),
    }
}

/// The present levels of a role in `org`. `None` if the organization has no such role.
pub fn levels_in(org: &Organization, role: RoleId) -> Option<Levels> {
    match role {
        RoleId::BuiltIn(role) if role.partner_only() && org.kind != Kind::Partner => None,
        RoleId::BuiltIn(role) => Some(role.levels()),
        RoleId::Custom(id) => org.roles.get(&id).copied(),
    }
}

/// Checks that `levels` are nowhere higher than those of the granter or of the built-in User
/// (ROLE7).
///
/// It compares stored levels, because a level whose condition does not hold yet is granted as well.
pub(super) fn check_no_escalation(granter: Levels, levels: Levels) -> Result<(), Refusal> {
    let grantable = granter.higher(BuiltIn::User.levels());
    grantable
        .check_covers(levels)
        .map_err(|(object, level)| Refusal::ExceedsOwnPermissions(object, level))
}
