//! Role objects: the functional areas that a permission applies to. They never know who holds it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    BuiltIn, Condition, Level, UnknownKey,
    table::{CATALOGUE, Row},
};

/// A functional area that a permission applies to.
///
/// Roles are stored in this order: append, never reorder or remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleObject {
    /// Who receives critical alerts.
    CriticalAlertUsers,
    /// What has been changed, and by whom.
    EventHistory,
    /// The organization's own licences.
    LicenseManagement,
    /// The licences of the organizations below.
    LicenseManagementSubOrganizations,
    /// The licences of a partner's linked customers.
    LicenseManagementCustomerOrganizations,
    /// Name, address, contact and approved domains.
    OrganizationGeneralInformation,
    /// The roles themselves.
    RoleManagement,
    /// The roles of the organizations below.
    RoleManagementSubOrganizations,
    /// How members must sign in.
    SecurityManagement,
    /// Support cases.
    SupportService,
    /// Support cases on behalf of a customer.
    SupportServiceCustomerOrganizations,
    /// Members, invitations and requests to join.
    UserManagement,
    /// The users of the organizations below, and creating such organizations.
    UserManagementSubOrganizations,
    /// The partner's own deals.
    ChannelPartnerPortalMyDealManagement,
    /// All deals of the partner organization.
    ChannelPartnerPortalOrganizationDealManagement,
    /// Market development funds.
    ChannelPartnerPortalMdf,
    /// The partner organization's playbook.
    ChannelPartnerPortalOrganizationPlaybook,
}

impl RoleObject {
    /// All of them, in the catalogue's order.
    pub const ALL: [Self; 17] = [
        Self::CriticalAlertUsers,
        Self::EventHistory,
        Self::LicenseManagement,
        Self::LicenseManagementSubOrganizations,
        Self::LicenseManagementCustomerOrganizations,
        Self::OrganizationGeneralInformation,
        Self::RoleManagement,
        Self::RoleManagementSubOrganizations,
        Self::SecurityManagement,
        Self::SupportService,
        Self::SupportServiceCustomerOrganizations,
        Self::UserManagement,
        Self::UserManagementSubOrganizations,
        Self::ChannelPartnerPortalMyDealManagement,
        Self::ChannelPartnerPortalOrganizationDealManagement,
        Self::ChannelPartnerPortalMdf,
        Self::ChannelPartnerPortalOrganizationPlaybook,
    ];

    #[expect(clippy::indexing_slicing, reason = "there is one row for each variant")]
    fn row(self) -> &'static Row {
        &CATALOGUE[self as usize]
    }

    /// Its name in the API.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Is it for partner organizations alone?
    #[must_use]
    pub fn partner_only(self) -> bool {
        self.row().partner_only
    }

    /// The levels it accepts, lowest first (ROLE3).
    #[must_use]
    pub fn levels(self) -> &'static [Level] {
        self.row().levels
    }

    /// Does it accept `level` (ROLE3)?
    #[must_use]
    pub fn allows(self, level: Level) -> bool {
        self.levels().contains(&level)
    }

    /// Its level in a custom role that leaves it out (ROLE2).
    #[must_use]
    pub fn custom_role_default(self) -> Level {
        self.row().custom_role_default
    }

    /// May a custom role depart from its default (ROLE3)?
    #[must_use]
    pub fn editable_in_custom_roles(self) -> bool {
        self.row().editable_in_custom_roles
    }

    /// When it is shown, settable and effective, in the kinds it is for (ROLE5).
    #[must_use]
    pub fn shown_when(self) -> Condition {
        self.row().shown_when
    }

    /// Which object must be held, and at which level at least, for this one to count (ROLE4).
    #[must_use]
    pub fn prerequisite(self) -> Option<(Self, Level)> {
        self.row().prerequisite
    }

    /// The actions that `level` adds to the levels below it; nothing if it does not accept `level`.
    #[must_use]
    pub fn meaning(self, level: Level) -> Option<&'static [&'static str]> {
        self.allows(level).then_some(match level {
            Level::None => self.row().nothing,
            Level::ViewOnly => self.row().view,
            Level::FullAccess => self.row().full,
        })
    }

    /// The actions that no level ever grants.
    pub(in crate::domain) fn never(self) -> &'static [&'static str] {
        self.row().never
    }

    /// The level that `role` holds on it (ROLE1).
    pub(super) fn held_by(self, role: BuiltIn) -> Level {
        let [super_admin, admin, user, mdf_admin, partner_user] = self.row().built_in;
        match role {
            BuiltIn::SuperAdmin => super_admin,
            BuiltIn::Admin => admin,
            BuiltIn::User => user,
            BuiltIn::MdfAdmin => mdf_admin,
            BuiltIn::PartnerUser => partner_user,
        }
    }
}

impl fmt::Display for RoleObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

impl FromStr for RoleObject {
    type Err = UnknownKey;

    fn from_str(key: &str) -> Result<Self, UnknownKey> {
        Self::ALL.into_iter().find(|object| object.key() == key).ok_or(UnknownKey("role object"))
    }
}
