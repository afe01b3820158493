//! The texts of the permission catalogue for user interfaces: one entry for each role object, in
//! the order of the [`RoleObject`] variants.

use super::{Level, RoleObject};

/// The texts of one role object.
pub(super) struct Texts {
    /// The part of the portal in which the role object applies.
    pub(super) section: &'static str,
    /// What the role object is about.
    pub(super) description: &'static str,
    /// What `none` gives. `None` if the role object does not accept the level; so below.
    none: Option<&'static str>,
    /// What `view_only` gives.
    view: Option<&'static str>,
    /// What `full_access` gives.
    full: Option<&'static str>,
}

impl Texts {
    /// What `level` gives. `None` if the role object does not accept it.
    pub(super) fn sentence(&self, level: Level) -> Option<&'static str> {
        match level {
            Level::None => self.none,
            Level::ViewOnly => self.view,
            Level::FullAccess => self.full,
        }
    }
}

const MY_ORGANIZATION: &str = "My Organization";
const LICENSE_MANAGEMENT: &str = "License Management";
const SUPPORT: &str = "Support";
const CHANNEL_PARTNER_PORTAL: &str = "Channel Partner Portal";

/// The texts of all role objects.
pub(super) static TEXTS: [Texts; RoleObject::ALL.len()] = [
    // critical_alert_users
    Texts {
        section: MY_ORGANIZATION,
        description: "The e-mail addresses that receive critical alerts.",
        none: Some("Cannot see who receives critical alerts."),
        view: Some("Sees the addresses that receive critical alerts, and changes nothing."),
        full: Some("Sees the addresses that receive critical alerts, adds and removes addresses."),
    },
    // event_history
    Texts {
        section: MY_ORGANIZATION,
        description: "The record of every change in the organization.",
        none: Some("Cannot see the history."),
        view: Some("Reads every event of the history. No one can change an event."),
        full: None,
    },
    // license_management
    Texts {
        section: LICENSE_MANAGEMENT,
        description: "The licences of this organization.",
        none: Some("Opens the licence page, but sees no licence of the organization there."),
        view: Some("Sees the active licences and the full licence history."),
        full: Some(
            "Also downloads the active deployment report, edits licence notes, and sees the MetaDefender Cloud licence.",
        ),
    },
    // license_management_sub_organizations
    Texts {
        section: LICENSE_MANAGEMENT,
        description: "The licences of sub-organizations.",
        none: Some(
            "Sees these licences only together with those of the organization, in one list that does not show the sub-organization of a licence.",
        ),
        view: Some(
            "Sees the licences by sub-organization, with active licences and the full licence history.",
        ),
        full: Some(
            "Also downloads the active deployment report, and sees the MetaDefender Cloud licence. Cannot edit licence notes of sub-organizations.",
        ),
    },
    // license_management_customer_organizations
    Texts {
        section: LICENSE_MANAGEMENT,
        description: "The licences of customers that are linked to this partner.",
        none: Some("Cannot see the licences of customers."),
        view: Some(
            "Sees the customers, their active licences, full licence history and MetaDefender Cloud licence, and the notes of customer and partner.",
        ),
        full: Some(
            "Also downloads the active deployment report, and edits the partner's note. Cannot edit licence notes of customers.",
        ),
    },
    // organization_general_information
    Texts {
        section: MY_ORGANIZATION,
        description: "Name, website, address, contact and approved mail domains of the organization.",
        none: Some("Cannot see the general information."),
        view: Some("Sees the general information and the approved domains, and changes nothing."),
        full: Some(
            "Also changes the general information, adds and removes approved domains, and sees partners and suspends links with them.",
        ),
    },
    // role_management
    Texts {
        section: MY_ORGANIZATION,
        description: "The roles of the organization.",
        none: Some("Cannot see the roles."),
        view: Some("Sees the roles and their levels, and changes nothing."),
        full: Some("Also creates, edits and deletes custom roles."),
    },
    // role_management_sub_organizations
    Texts {
        section: MY_ORGANIZATION,
        description: "The roles of sub-organizations.",
        none: Some("Cannot see the roles of sub-organizations."),
        view: Some("Sees the roles of sub-organizations, and changes nothing."),
        full: None,
    },
    // security_management
    Texts {
        section: MY_ORGANIZATION,
        description: "The requirements for the sign-in of members, and the retention of events.",
        none: Some("Cannot see the security settings."),
        view: Some("Sees the security settings, and changes nothing."),
        full: Some("Also changes the security settings."),
    },
    // support_service
    Texts {
        section: SUPPORT,
        description: "Support cases of the organization.",
        none: None,
        view: Some("Uses support, but cannot set who in the organization has access to its cases."),
        full: Some(
            "Uses all of support, and sets who in the organization has access to its cases.",
        ),
    },
    // support_service_customer_organizations
    Texts {
        section: SUPPORT,
        description: "Support cases for customers whose preferred partner this organization is.",
        none: Some("Cannot open support cases for customers."),
        view: None,
        full: Some("Opens support cases on behalf of these customers."),
    },
    // user_management
    Texts {
        section: MY_ORGANIZATION,
        description: "The users of the organization: members, invitations and requests to join.",
        none: Some("Cannot see the users."),
        view: Some("Sees, searches, filters and exports the users, and changes nothing."),
        full: Some(
            "Also invites and removes users, changes their roles and details, and decides requests to join.",
        ),
    },
    // user_management_sub_organizations
    Texts {
        section: MY_ORGANIZATION,
        description: "The users of sub-organizations, and new sub-organizations.",
        none: Some("Cannot see the users of sub-organizations."),
        view: Some("Sees, searches, filters and exports the users of sub-organizations."),
        full: Some("Also creates sub-organizations below this organization."),
    },
    // channel_partner_portal_my_deal_management
    Texts {
        section: CHANNEL_PARTNER_PORTAL,
        description: "The registration of deals by the member.",
        none: Some("Cannot open the page for deal registration."),
        view: None,
        full: Some("Opens the page for deal registration, and registers deals."),
    },
    // channel_partner_portal_organization_deal_management
    Texts {
        section: CHANNEL_PARTNER_PORTAL,
        description: "The deals that members of the organization have registered.",
        none: Some("Cannot see the deals of the organization."),
        view: Some("Sees every deal that the organization has registered."),
        full: None,
    },
    // channel_partner_portal_mdf
    Texts {
        section: CHANNEL_PARTNER_PORTAL,
        description: "Market development funds of the organization.",
        none: Some("Cannot see the market development funds."),
        view: Some("Opens the page, and sees every fund that the organization has requested."),
        full: Some("Also requests a new fund."),
    },
    // channel_partner_portal_organization_playbook
    Texts {
        section: CHANNEL_PARTNER_PORTAL,
        description: "The playbooks that the organization shares with its members.",
        none: None,
        view: Some("Reads the playbooks."),
        full: Some("Reads the playbooks, creates, edits and deletes them."),
    },
];
