// The role objects, their names, and the actions that each level adds. Written by catalogue.mjs: do not edit.
/** @type {Record<string, Types.CatalogueEntry>} */
export const CATALOGUE = {
 "critical_alert_users": {
  "label": "Critical Alert Users",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "critical_alert_users.list"
   ],
   "full_access": [
    "critical_alert_users.add",
    "critical_alert_users.remove"
   ]
  }
 },
 "event_history": {
  "label": "Event History",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "event_history.list",
    "event_history.get"
   ]
  }
 },
 "license_management": {
  "label": "License Management",
  "section": "License Management",
  "actions": {
   "none": [
    "license_management.open_page"
   ],
   "view_only": [
    "license_management.view_active_licenses",
    "license_management.view_full_license_history"
   ],
   "full_access": [
    "license_management.download_active_deployment_report",
    "license_management.edit_license_notes",
    "license_management.view_metadefender_cloud_license"
   ]
  }
 },
 "license_management_sub_organizations": {
  "label": "License Management - Sub Organizations",
  "section": "License Management",
  "actions": {
   "none": [
    "license_management_sub_organizations.view_merged_unattributed"
   ],
   "view_only": [
    "license_management_sub_organizations.list_by_sub_organization",
    "license_management_sub_organizations.view_active_licenses",
    "license_management_sub_organizations.view_full_license_history"
   ],
   "full_access": [
    "license_management_sub_organizations.download_active_deployment_report",
    "license_management_sub_organizations.view_metadefender_cloud_license"
   ],
   "never": [
    "license_management_sub_organizations.edit_license_notes"
   ]
  }
 },
 "license_management_customer_organizations": {
  "label": "License Management - Customer Organizations",
  "section": "License Management",
  "actions": {
   "view_only": [
    "license_management_customer_organizations.view_active_licenses",
    "license_management_customer_organizations.view_full_license_history",
    "license_management_customer_organizations.view_metadefender_cloud_license",
    "license_management_customer_organizations.view_customer_note",
    "license_management_customer_organizations.view_partner_note"
   ],
   "full_access": [
    "license_management_customer_organizations.download_active_deployment_report",
    "license_management_customer_organizations.edit_partner_note"
   ],
   "never": [
    "license_management_customer_organizations.edit_license_notes"
   ]
  }
 },
 "organization_general_information": {
  "label": "Organization General Information",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "organization_general_information.view",
    "approved_domains.list"
   ],
   "full_access": [
    "organization_general_information.update",
    "approved_domains.add",
    "approved_domains.remove"
   ]
  }
 },
 "role_management": {
  "label": "Role Management",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "role_management.list",
    "role_management.get"
   ],
   "full_access": [
    "role_management.create",
    "role_management.update",
    "role_management.delete"
   ]
  }
 },
 "role_management_sub_organizations": {
  "label": "Role Management - Sub Organizations",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "role_management_sub_organizations.list",
    "role_management_sub_organizations.get"
   ]
  }
 },
 "security_management": {
  "label": "Security Management",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "security_management.view"
   ],
   "full_access": [
    "security_management.update"
   ]
  }
 },
 "support_service": {
  "label": "Support Service",
  "section": "Support",
  "actions": {
   "view_only": [
    "support_service.use"
   ],
   "full_access": [
    "support_service.configure_organization_case_access"
   ]
  }
 },
 "support_service_customer_organizations": {
  "label": "Support Service - Customer Organizations",
  "section": "Support",
  "actions": {
   "full_access": [
    "support_service_customer_organizations.submit_case_on_behalf"
   ]
  }
 },
 "user_management": {
  "label": "User Management",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "user_management.list",
    "user_management.get",
    "user_management.search",
    "user_management.export"
   ],
   "full_access": [
    "user_management.invite",
    "user_management.resend_invitation",
    "user_management.revoke_invitation",
    "user_management.update_details",
    "user_management.assign_role",
    "user_management.remove",
    "join_requests.list",
    "join_requests.approve",
    "join_requests.decline"
   ]
  }
 },
 "user_management_sub_organizations": {
  "label": "User Management - Sub Organizations",
  "section": "My Organization",
  "actions": {
   "view_only": [
    "user_management_sub_organizations.list",
    "user_management_sub_organizations.search",
    "user_management_sub_organizations.filter",
    "user_management_sub_organizations.export"
   ],
   "full_access": [
    "user_management_sub_organizations.create_sub_organization"
   ]
  }
 },
 "channel_partner_portal_my_deal_management": {
  "label": "Channel Partner Portal - My Deal Management",
  "section": "Channel Partner Portal",
  "actions": {
   "full_access": [
    "channel_partner_portal_my_deal_management.access_page",
    "channel_partner_portal_my_deal_management.register_deal"
   ]
  }
 },
 "channel_partner_portal_organization_deal_management": {
  "label": "Channel Partner Portal - Organization Deal Management",
  "section": "Channel Partner Portal",
  "actions": {
   "view_only": [
    "channel_partner_portal_organization_deal_management.list_organization_deals"
   ]
  }
 },
 "channel_partner_portal_mdf": {
  "label": "Channel Partner Portal - MDF",
  "section": "Channel Partner Portal",
  "actions": {
   "view_only": [
    "channel_partner_portal_mdf.access_page",
    "channel_partner_portal_mdf.list_organization_mdf"
   ],
   "full_access": [
    "channel_partner_portal_mdf.request_new_fund"
   ]
  }
 },
 "channel_partner_portal_organization_playbook": {
  "label": "Channel Partner Portal - Organization Playbook",
  "section": "Channel Partner Portal",
  "actions": {
   "view_only": [
    "channel_partner_portal_organization_playbook.list",
    "channel_partner_portal_organization_playbook.get"
   ],
   "full_access": [
    "channel_partner_portal_organization_playbook.create",
    "channel_partner_portal_organization_playbook.update",
    "channel_partner_portal_organization_playbook.delete"
   ]
  }
 }
};
