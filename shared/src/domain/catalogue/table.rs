//! The catalogue's table: one row a role object, all of it data; it never decides anything.
//!
//! The order of the rows is the order of [`RoleObject`]'s variants.

use super::{Condition, Level, RoleObject};
use Level::{FullAccess as Full, None as Nothing, ViewOnly as View};

/// What the catalogue says about one role object.
pub(super) struct Row {
    /// Its name in the API.
    pub(super) key: &'static str,
    /// Its name for people.
    pub(super) name: &'static str,
    /// Is it for partner organizations alone?
    pub(super) partner_only: bool,
    /// When it is shown, in the kinds it is for (ROLE5).
    pub(super) shown_when: Condition,
    /// Which object must be held, and at which level, for this one to count (ROLE4).
    pub(super) prerequisite: Option<(RoleObject, Level)>,
    /// The levels it accepts (ROLE3).
    pub(super) levels: &'static [Level],
    /// The level in a custom role that leaves it out (ROLE2).
    pub(super) custom_role_default: Level,
    /// May a custom role depart from that (ROLE3)?
    pub(super) editable_in_custom_roles: bool,
    /// What Super Admin, Admin, User, MDF Admin and Partner User hold (ROLE1).
    pub(super) built_in: [Level; 5],
    /// The actions that everybody may do.
    pub(super) nothing: &'static [&'static str],
    /// The actions that `view_only` adds.
    pub(super) view: &'static [&'static str],
    /// The actions that `full_access` adds.
    pub(super) full: &'static [&'static str],
    /// The actions that no level ever grants.
    pub(super) never: &'static [&'static str],
}

/// What a row says unless it says otherwise. It says its own names and `built_in`.
const ORDINARY: Row = Row {
    key: "",
    name: "",
    partner_only: false,
    shown_when: Condition::Always,
    prerequisite: None,
    levels: &[Nothing, View, Full],
    custom_role_default: Nothing,
    editable_in_custom_roles: true,
    built_in: [Nothing; 5],
    nothing: &[],
    view: &[],
    full: &[],
    never: &[],
};

/// Everything that a role may allow, and what the built-in roles do allow.
pub(super) static CATALOGUE: [Row; RoleObject::ALL.len()] = [
    Row {
        key: "critical_alert_users",
        name: "Critical Alert Users",
        built_in: [Full, Full, View, Full, View],
        view: &["critical_alert_users.list"],
        full: &["critical_alert_users.add", "critical_alert_users.remove"],
        ..ORDINARY
    },
    Row {
        key: "event_history",
        name: "Event History",
        levels: &[Nothing, View],
        built_in: [View, View, View, View, View],
        view: &["event_history.list", "event_history.get"],
        ..ORDINARY
    },
    Row {
        key: "license_management",
        name: "License Management",
        built_in: [Full, Full, View, Full, View],
        nothing: &["license_management.open_page"],
        view: &[
            "license_management.view_active_licenses",
            "license_management.view_full_license_history",
        ],
        full: &[
            "license_management.download_active_deployment_report",
            "license_management.edit_license_notes",
            "license_management.view_metadefender_cloud_license",
        ],
        ..ORDINARY
    },
    Row {
        key: "license_management_sub_organizations",
        name: "License Management - Sub Organizations",
        shown_when: Condition::ManageSubOrganizations,
        prerequisite: Some((RoleObject::LicenseManagement, View)),
        built_in: [Full, Full, Nothing, Full, Nothing],
        nothing: &["license_management_sub_organizations.view_merged_unattributed"],
        view: &[
            "license_management_sub_organizations.list_by_sub_organization",
            "license_management_sub_organizations.view_active_licenses",
            "license_management_sub_organizations.view_full_license_history",
        ],
        full: &[
            "license_management_sub_organizations.download_active_deployment_report",
            "license_management_sub_organizations.view_metadefender_cloud_license",
        ],
        never: &["license_management_sub_organizations.edit_license_notes"],
        ..ORDINARY
    },
    Row {
        key: "license_management_customer_organizations",
        name: "License Management - Customer Organizations",
        partner_only: true,
        shown_when: Condition::LinkedCustomer,
        built_in: [Full, Full, Nothing, Full, View],
        view: &[
            "license_management_customer_organizations.view_active_licenses",
            "license_management_customer_organizations.view_full_license_history",
            "license_management_customer_organizations.view_metadefender_cloud_license",
            "license_management_customer_organizations.view_customer_note",
            "license_management_customer_organizations.view_partner_note",
        ],
        full: &[
            "license_management_customer_organizations.download_active_deployment_report",
            "license_management_customer_organizations.edit_partner_note",
        ],
        never: &["license_management_customer_organizations.edit_license_notes"],
        ..ORDINARY
    },
    Row {
        key: "organization_general_information",
        name: "Organization General Information",
        built_in: [Full, Full, View, Full, View],
        view: &["organization_general_information.view", "approved_domains.list"],
        full: &[
            "organization_general_information.update",
            "approved_domains.add",
            "approved_domains.remove",
        ],
        ..ORDINARY
    },
    Row {
        key: "role_management",
        name: "Role Management",
        built_in: [Full, Full, View, View, View],
        view: &["role_management.list", "role_management.get"],
        full: &["role_management.create", "role_management.update", "role_management.delete"],
        ..ORDINARY
    },
    Row {
        key: "role_management_sub_organizations",
        name: "Role Management - Sub Organizations",
        shown_when: Condition::ManageSubOrganizations,
        prerequisite: Some((RoleObject::RoleManagement, View)),
        levels: &[Nothing, View],
        built_in: [View, View, Nothing, View, Nothing],
        view: &["role_management_sub_organizations.list", "role_management_sub_organizations.get"],
        ..ORDINARY
    },
    Row {
        key: "security_management",
        name: "Security Management",
        built_in: [Full, Full, View, Full, View],
        view: &["security_management.view"],
        full: &["security_management.update"],
        ..ORDINARY
    },
    Row {
        key: "support_service",
        name: "Support Service",
        levels: &[View, Full],
        custom_role_default: View,
        built_in: [Full, Full, View, Full, View],
        view: &["support_service.use"],
        full: &["support_service.configure_organization_case_access"],
        ..ORDINARY
    },
    Row {
        key: "support_service_customer_organizations",
        name: "Support Service - Customer Organizations",
        partner_only: true,
        shown_when: Condition::PreferredPartnerCustomer,
        levels: &[Nothing, Full],
        built_in: [Full, Full, Nothing, Full, Nothing],
        full: &["support_service_customer_organizations.submit_case_on_behalf"],
        ..ORDINARY
    },
    Row {
        key: "user_management",
        name: "User Management",
        built_in: [Full, Full, View, View, View],
        view: &[
            "user_management.list",
            "user_management.get",
            "user_management.search",
            "user_management.export",
        ],
        full: &[
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
        ..ORDINARY
    },
    Row {
        key: "user_management_sub_organizations",
        name: "User Management - Sub Organizations",
        shown_when: Condition::ManageSubOrganizations,
        prerequisite: Some((RoleObject::UserManagement, View)),
        built_in: [Full, Full, Nothing, View, Nothing],
        view: &[
            "user_management_sub_organizations.list",
            "user_management_sub_organizations.search",
            "user_management_sub_organizations.filter",
            "user_management_sub_organizations.export",
        ],
        full: &["user_management_sub_organizations.create_sub_organization"],
        ..ORDINARY
    },
    Row {
        key: "channel_partner_portal_my_deal_management",
        name: "Channel Partner Portal - My Deal Management",
        partner_only: true,
        levels: &[Nothing, Full],
        editable_in_custom_roles: false,
        built_in: [Full, Full, Nothing, Full, Full],
        full: &[
            "channel_partner_portal_my_deal_management.access_page",
            "channel_partner_portal_my_deal_management.register_deal",
        ],
        ..ORDINARY
    },
    Row {
        key: "channel_partner_portal_organization_deal_management",
        name: "Channel Partner Portal - Organization Deal Management",
        partner_only: true,
        levels: &[Nothing, View],
        editable_in_custom_roles: false,
        built_in: [View, View, Nothing, View, Nothing],
        view: &["channel_partner_portal_organization_deal_management.list_organization_deals"],
        ..ORDINARY
    },
    Row {
        key: "channel_partner_portal_mdf",
        name: "Channel Partner Portal - MDF",
        partner_only: true,
        shown_when: Condition::MdfProgram,
        editable_in_custom_roles: false,
        built_in: [Full, Full, Nothing, Full, View],
        view: &[
            "channel_partner_portal_mdf.access_page",
            "channel_partner_portal_mdf.list_organization_mdf",
        ],
        full: &["channel_partner_portal_mdf.request_new_fund"],
        ..ORDINARY
    },
    Row {
        key: "channel_partner_portal_organization_playbook",
        name: "Channel Partner Portal - Organization Playbook",
        partner_only: true,
        levels: &[View, Full],
        custom_role_default: View,
        built_in: [Full, Full, View, Full, View],
        view: &[
            "channel_partner_portal_organization_playbook.list",
            "channel_partner_portal_organization_playbook.get",
        ],
        full: &[
            "channel_partner_portal_organization_playbook.create",
            "channel_partner_portal_organization_playbook.update",
            "channel_partner_portal_organization_playbook.delete",
        ],
        ..ORDINARY
    },
];
