//! Changes of the settings of an organization by operators (SUB1, PAR1).

use jiff::Timestamp;

use crate::domain::{Kind, LinkCounts, Organization, Refusal, Settings, UserCount};

/// The changes that an operator asks for. `None` leaves a value unchanged.
#[derive(Clone, Copy, Debug, Default)]
pub struct SettingsUpdate {
    /// The new kind of the organization.
    pub kind: Option<Kind>,
    /// The new value of [`Settings::manage_sub_organizations`].
    pub manage_sub_organizations: Option<bool>,
    /// The new value of [`Settings::mdf_program`].
    pub mdf_program: Option<bool>,
}

/// Changes the kind and settings of an organization. An organization that stops being a partner
/// also leaves the MDF programme.
///
/// `root` is the root organization of the tree, if `org` is not the root. `partner_role_users` is
/// the number of users with the roles that only partners have.
///
/// # Errors
/// - [`Refusal::RootSettingOnly`] if `manage_sub_organizations` is set below the root.
/// - [`Refusal::KindInherited`] if a sub-organization would differ in kind from its root (SUB2).
/// - [`Refusal::PartnerRolesInUse`] if partner roles have users, and the kind is not partner.
/// - [`Refusal::OrganizationLinked`] if the kind changes, and there are links (PAR1).
/// - [`Refusal::MdfPartnerOnly`] if a standard organization would join the MDF programme.
pub fn update_settings(
    org: &Organization,
    root: Option<&Organization>,
    partner_role_users: UserCount,
    update: SettingsUpdate,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    let SettingsUpdate { kind, manage_sub_organizations, mdf_program } = update;
    if manage_sub_organizations.is_some() && !org.path.is_root() {
        return Err(Refusal::RootSettingOnly);
    }
    let kind = kind.unwrap_or(org.kind);
    if kind != org.kind && root.is_some_and(|root| root.kind != kind) {
        return Err(Refusal::KindInherited);
    }
    if kind != Kind::Partner && !partner_role_users.is_empty() {
        return Err(Refusal::PartnerRolesInUse(partner_role_users));
    }
    let LinkCounts { customers, partners, .. } = org.links;
    if kind != org.kind && (customers > 0 || partners > 0) {
        return Err(Refusal::OrganizationLinked { customers, partners });
    }
    if mdf_program == Some(true) && kind != Kind::Partner {
        return Err(Refusal::MdfPartnerOnly);
    }
    let before = org.settings;
    let settings = Settings {
        manage_sub_organizations: manage_sub_organizations
            .unwrap_or(before.manage_sub_organizations),
        mdf_program: kind == Kind::Partner && mdf_program.unwrap_or(before.mdf_program),
    };
    if (kind, settings) == (org.kind, org.settings) {
        return Ok(org.clone());
    }
    Ok(Organization { kind, settings, version: org.version.next(now), ..org.clone() })
}
