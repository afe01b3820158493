//! The permission catalogue as data: one row for each role object, in the order of the
//! [`RoleObject`] variants.

use super::{Condition, Level, RoleObject};
use Level::{FullAccess as Full, None as Nothing, ViewOnly as View};

/// The catalogue entry of one role object.
pub(super) struct Row {
    /// The name in the API.
    pub(super) key: &'static str,
    /// The name in user interfaces.
    pub(super) name: &'static str,
    /// Whether only partner organizations have the role object.
    pub(super) partner_only: bool,
    /// The condition under which the role object is shown (ROLE5).
    pub(super) shown_when: Condition,
    /// The role object that a role must hold for this one to be effective, and its lowest level
    /// (ROLE4).
    pub(super) prerequisite: Option<(RoleObject, Level)>,
    /// The levels that the role object accepts, lowest first (ROLE3).
    pub(super) levels: &'static [Level],
    /// The level in a custom role that does not set the role object (ROLE2).
    pub(super) custom_role_default: Level,
    /// Whether a custom role can set another level than that (ROLE3).
    pub(super) editable_in_custom_roles: bool,
    /// The levels of Super Admin, Admin, User, MDF Admin and Partner User (ROLE1).
    pub(super) built_in: [Level; 5],
    /// The actions that `none` grants.
    pub(super) none_actions: &'static [&'static str],
    /// The actions that `view_only` adds.
    pub(super) view_actions: &'static [&'static str],
    /// The actions that `full_access` adds.
    pub(super) full_actions: &'static [&'static str],
    /// The actions that no level grants.
    pub(super) never_granted: &'static [&'static str],
}

/// The default values of a row. Each row sets at least its names and `built_in`.
const DEFAULTS: Row = Row {
    key: "",
    name: "",
    partner_only: false,
    shown_when: Condition::Always,
    prerequisite: None,
    levels: &[Nothing, View, Full],
    custom_role_default: Nothing,
    editable_in_custom_roles: true,
    built_in: [Nothing; 5],
    none_actions: &[],
    view_actions: &[],
    full_actions: &[],
    never_granted: &[],
};

/// The permission catalogue.
pub(super) static CATALOGUE: [Row; RoleObject::ALL.len()] = [
    Row {
        key: "critical_alert_users",
        name: "Critical Alert Users",
        built_in: [Full, Full, View, Full, View],
        view_actions: &["critical_alert_users.list"],
        full_actions: &["critical_alert_users.add", "critical_alert_users.remove"],
        ..DEFAULTS
    },
    Row {
        key: "event_history",
        name: "Event History",
        levels: &[Nothing, View],
        built_in: [View, View, View, View, View],
        view_actions: &["event_history.list", "event_history.get"],
        ..DEFAULTS
    },
    Row {
        key: "license_management",
        name: "License Management",
        built_in: [Full, Full, View, Full, View],
        none_actions: &["license_management.open_page"],
        view_actions: &[
            "license_management.view_active_licenses",
            "license_management.view_full_license_history",
        ],
        full_actions: &[
            "license_management.download_active_deployment_report",
            "license_management.edit_license_notes",
            "license_management.view_metadefender_cloud_license",
        ],
        ..DEFAULTS
    },
    Row {
        key: "license_management_sub_organizations",
        name: "License Management - Sub Organizations",
        shown_when: Condition::ManageSubOrganizations,
        prerequisite: Some((RoleObject::LicenseManagement, View)),
        built_in: [Full, Full, Nothing, Full, Nothing],
        none_actions: &["license_management_sub_organizations.view_merged_unattributed"],
        view_actions: &[
            "license_management_sub_organizations.list_by_sub_organization",
            "license_management_sub_organizations.view_active_licenses",
            "license_management_sub_organizations.view_full_license_history",
        ],
        full_actions: &[
            "license_management_sub_organizations.download_active_deployment_report",
            "license_management_sub_organizations.view_metadefender_cloud_license",
        ],
        never_granted: &["license_management_sub_organizations.edit_license_notes"],
        ..DEFAULTS
    },
    Row {
        key: "license_management_customer_organizations",
        name: "License Management - Customer Organizations",
        partner_only: true,
        shown_when: Condition::LinkedCustomer,
        built_in: [Full, Full, Nothing, Full, View],
        view_actions: &[
            "license_management_customer_organizations.view_active_licenses",
            "license_management_customer_organizations.view_full_license_history",
            "license_management_customer_organizations.view_metadefender_cloud_license",
            "license_management_customer_organizations.view_customer_note",
            "license_management_customer_organizations.view_partner_note",
        ],
        full_actions: &[
            "license_management_customer_organizations.download_active_deployment_report",
            "license_management_customer_organizations.edit_partner_note",
        ],
        never_granted: &["license_management_customer_organizations.edit_license_notes"],
        ..DEFAULTS
    },
    Row {
        key: "organization_general_information",
        name: "Organization General Information",
        built_in: [Full, Full, View, Full, View],
        view_actions: &["organization_general_information.view", "approved_domains.list"],
        full_actions: &[
            "organization_general_information.update",
            "approved_domains.add",
            "approved_domains.remove",
        ],
        ..DEFAULTS
    },
    Row {
        key: "role_management",
        name: "Role Management",
        built_in: [Full, Full, View, View, View],
        view_actions: &["role_management.list", "role_management.get"],
        full_actions: &[
            "role_management.create",
            "role_management.update",
            "role_management.delete",
        ],
        ..DEFAULTS
    },
    Row {
        key: "role_management_sub_organizations",
        name: "Role Management - Sub Organizations",
        shown_when: Condition::ManageSubOrganizations,
        prerequisite: Some((RoleObject::RoleManagement, View)),
        levels: &[Nothing, View],
        built_in: [View, View, Nothing, View, Nothing],
        view_actions: &[
            "role_management_sub_organizations.list",
            "role_management_sub_organizations.get",
        ],
        ..DEFAULTS
    },
    Row {
        key: "security_management",
        name: "Security Management",
        built_in: [Full, Full, View, Full, View],
        view_actions: &["security_management.view"],
        full_actions: &["security_management.update"],
        ..DEFAULTS
    },
    Row {
        key: "support_service",
        name: "Support Service",
        levels: &[View, Full],
        custom_role_default: View,
        built_in: [Full, Full, View, Full, View],
        view_actions: &["support_service.use"],
        full_actions: &["support_service.configure_organization_case_access"],
        ..DEFAULTS
    },
    Row {
        key: "support_service_customer_organizations",
        name: "Support Service - Customer Organizations",
        partner_only: true,
        shown_when: Condition::PreferredPartnerCustomer,
        levels: &[Nothing, Full],
        built_in: [Full, Full, Nothing, Full, Nothing],
        full_actions: &["support_service_customer_organizations.submit_case_on_behalf"],
        ..DEFAULTS
    },
    Row {
        key: "user_management",
        name: "User Management",
        built_in: [Full, Full, View, View, View],
        view_actions: &[
            "user_management.list",
            "user_management.get",
            "user_management.search",
            "user_management.export",
        ],
        full_actions: &[
            "user_management.invite",
            "user_management.resend_invitation",
            "user_management.revoke_invitation",
            "user_management.update_details",
            "user_management.assign_role",
            "user_management.remove",
            "join_requests.list",
            "join_requests.approve",
            "join_requests.decline",
        ],
        ..DEFAULTS
    },
    Row {
        key: "user_management_sub_organizations",
        name: "User Management - Sub Organizations",
        shown_when: Condition::ManageSubOrganizations,
        prerequisite: Some((RoleObject::UserManagement, View)),
        built_in: [Full, Full, Nothing, View, Nothing],
        view_actions: &[
            "user_management_sub_organizations.list",
            "user_management_sub_organizations.search",
            "user_management_sub_organizations.filter",
            "user_management_sub_organizations.export",
        ],
        full_actions: &["user_management_sub_organizations.create_sub_organization"],
        ..DEFAULTS
    },
    Row {
        key: "channel_partner_portal_my_deal_management",
        name: "Channel Partner Portal - My Deal Management",
        partner_only: true,
        levels: &[Nothing, Full],
        editable_in_custom_roles: false,
        built_in: [Full, Full, Nothing, Full, Full],
        full_actions: &[
            "channel_partner_portal_my_deal_management.access_page",
            "channel_partner_portal_my_deal_management.register_deal",
        ],
        ..DEFAULTS
    },
    Row {
        key: "channel_partner_portal_organization_deal_management",
        name: "Channel Partner Portal - Organization Deal Management",
        partner_only: true,
        levels: &[Nothing, View],
        editable_in_custom_roles: false,
        built_in: [View, View, Nothing, View, Nothing],
        view_actions: &[
            "channel_partner_portal_organization_deal_management.list_organization_deals",
        ],
        ..DEFAULTS
    },
    Row {
        key: "channel_partner_portal_mdf",
        name: "Channel Partner Portal - MDF",
        partner_only: true,
        shown_when: Condition::MdfProgram,
        editable_in_custom_roles: false,
        built_in: [Full, Full, Nothing, Full, View],
        view_actions: &[
            "channel_partner_portal_mdf.access_page",
            "channel_partner_portal_mdf.list_organization_mdf",
        ],
        full_actions: &["channel_partner_portal_mdf.request_new_fund"],
        ..DEFAULTS
    },
    Row {
        key: "channel_partner_portal_organization_playbook",
        name: "Channel Partner Portal - Organization Playbook",
        partner_only: true,
        levels: &[View, Full],
        custom_role_default: View,
        built_in: [Full, Full, View, Full, View],
        view_actions: &[
            "channel_partner_portal_organization_playbook.list",
            "channel_partner_portal_organization_playbook.get",
        ],
        full_actions: &[
            "channel_partner_portal_organization_playbook.create",
            "channel_partner_portal_organization_playbook.update",
            "channel_partner_portal_organization_playbook.delete",
        ],
        ..DEFAULTS
    },
];
