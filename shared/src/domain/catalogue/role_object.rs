//! Role objects: the functional areas that permissions apply to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    BuiltIn, Condition, Level, UnknownKey,
    table::{CATALOGUE, Row},
    texts::{TEXTS, Texts},
};

/// A functional area that a permission applies to.
///
/// Stored roles depend on the order of the variants. Append new variants; never reorder or remove
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleObject {
    /// The addresses that receive critical alerts.
    CriticalAlertUsers,
    /// The history of changes.
    EventHistory,
    /// The organization's own licences.
    LicenseManagement,
    /// The licences of sub-organizations.
    LicenseManagementSubOrganizations,
    /// The licences of a partner's linked customers.
    LicenseManagementCustomerOrganizations,
    /// Name, address, contact and approved domains.
    OrganizationGeneralInformation,
    /// The custom roles.
    RoleManagement,
    /// The custom roles of sub-organizations.
    RoleManagementSubOrganizations,
    /// The sign-in requirements for members.
    SecurityManagement,
    /// Support cases.
    SupportService,
    /// Support cases on behalf of a customer.
    SupportServiceCustomerOrganizations,
    /// Members, invitations and join requests.
    UserManagement,
    /// The users of sub-organizations, and the creation of sub-organizations.
    UserManagementSubOrganizations,
    /// The deals that the member registered.
    ChannelPartnerPortalMyDealManagement,
    /// All deals of the partner organization.
    ChannelPartnerPortalOrganizationDealManagement,
    /// Market development funds.
    ChannelPartnerPortalMdf,
    /// The partner organization's playbook.
    ChannelPartnerPortalOrganizationPlaybook,
}

impl RoleObject {
    /// All role objects in the order of the catalogue.
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

    #[expect(clippy::indexing_slicing, reason = "there is one entry for each variant")]
    fn texts(self) -> &'static Texts {
        &TEXTS[self as usize]
    }

    /// The name of the role object in the API.
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// The name of the role object in user interfaces.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The part of the portal in which the role object applies, for user interfaces.
    pub fn section(self) -> &'static str {
        self.texts().section
    }

    /// What the role object is about: a sentence for user interfaces.
    pub fn description(self) -> &'static str {
        self.texts().description
    }

    /// What a holder of `level` can do: sentences for user interfaces. `None` if the role object
    /// does not accept `level`.
    pub fn meaning_of(self, level: Level) -> Option<&'static str> {
        self.texts().sentence(level)
    }

    /// Whether only partner organizations have the role object.
    pub fn partner_only(self) -> bool {
        self.row().partner_only
    }

    /// The levels that the role object accepts, lowest first (ROLE3).
    pub fn levels(self) -> &'static [Level] {
        self.row().levels
    }

    /// Whether the role object accepts `level` (ROLE3).
    pub fn allows(self, level: Level) -> bool {
        self.levels().contains(&level)
    }

    /// The level in a custom role that does not set the role object (ROLE2).
    pub fn custom_role_default(self) -> Level {
        self.row().custom_role_default
    }

    /// Whether a custom role can set a level other than the default (ROLE3).
    pub fn editable_in_custom_roles(self) -> bool {
        self.row().editable_in_custom_roles
    }

    /// The condition under which the role object is shown, settable and effective (ROLE5).
    pub fn shown_when(self) -> Condition {
        self.row().shown_when
    }

    /// The role object that a role must hold, and its lowest level, for this one to be effective
    /// (ROLE4).
    pub fn prerequisite(self) -> Option<(Self, Level)> {
        self.row().prerequisite
    }

    /// The actions that `level` adds to those of the lower levels. `None` if the role object does
    /// not accept `level`.
    pub fn actions_added_by(self, level: Level) -> Option<&'static [&'static str]> {
        self.allows(level).then_some(match level {
            Level::None => self.row().none_actions,
            Level::ViewOnly => self.row().view_actions,
            Level::FullAccess => self.row().full_actions,
        })
    }

    /// The actions that no level grants.
    pub(in crate::domain) fn never_granted(self) -> &'static [&'static str] {
        self.row().never_granted
    }

    /// The level of the built-in `role` on this role object (ROLE1).
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
