//! Entities as clients see them, with the field names of the contract.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{
    self, Actor, AlertId, BuiltIn, Conditions, CustomRole, Delivery, DeliveryRecord, Email,
    EventAction, EventId, IdentityProviderRole, InvitationId, JoinRequestId, Kind, Level, Levels,
    MailDomain, MemberId, Name, OrgId, RequestStatus, RoleId, RoleObject, RoleSummary, Settings,
    Source, Target, UserCount, UserId,
};

/// An organization.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    id: OrgId,
    name: Name,
    kind: Kind,
    parent_id: Option<OrgId>,
    path: Vec<OrgId>,
    depth: usize,
    super_admin_user_id: Option<UserId>,
    settings: Settings,
    created_at: Timestamp,
}

impl Organization {
    /// Shows `org` with the settings that apply there.
    pub fn of(org: &domain::Organization, conditions: Conditions) -> Self {
        let Conditions { manage_sub_organizations, mdf_program, .. } = conditions;
        Self {
            id: org.id(),
            name: org.name.clone(),
            kind: org.kind,
            parent_id: org.path.parent(),
            path: org.path.ids().collect(),
            depth: org.path.depth(),
            super_admin_user_id: org.super_admin_user_id.clone(),
            settings: Settings { manage_sub_organizations, mdf_program },
            created_at: org.created_at,
        }
    }
}

/// A member.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    id: MemberId,
    user_id: UserId,
    organization_id: OrgId,
    email: Email,
    name: Option<String>,
    /// The name that is shown instead of `name` (U6).
    display_name: Option<Name>,
    role_id: RoleId,
    role_name: String,
    status: &'static str,
    identity_provider_role: IdentityProviderRole,
    source: Source,
    joined_at: Timestamp,
}

impl Member {
    /// Shows `member`; `custom` is their role, if it is a custom one.
    pub fn of(member: &domain::Member, custom: Option<&RoleSummary>) -> Self {
        Self {
            id: member.id(),
            user_id: member.user_id.clone(),
            organization_id: member.path.id(),
            email: member.email.clone(),
            name: member.name.clone(),
            display_name: member.display_name.clone(),
            role_id: member.role_id,
            role_name: role_name(member.role_id, custom),
            status: "active",
            identity_provider_role: identity_provider_role(member.role_id, custom),
            source: member.source,
            joined_at: member.joined_at,
        }
    }
}

/// An invitation.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    id: InvitationId,
    organization_id: OrgId,
    email: Email,
    role_id: RoleId,
    status: &'static str,
    expires_at: Timestamp,
    expired: bool,
    invited_by: UserId,
    created_at: Timestamp,
    sent_at: Timestamp,
    send_count: u32,
}

impl Invitation {
    /// Shows `invitation` as it is at `now` (INV5).
    pub fn of(invitation: &domain::Invitation, now: Timestamp) -> Self {
        Self {
            id: invitation.id,
            organization_id: invitation.path.id(),
            email: invitation.email.clone(),
            role_id: invitation.role_id,
            status: "pending",
            expires_at: invitation.expires_at,
            expired: invitation.expired(now),
            invited_by: invitation.invited_by.clone(),
            created_at: invitation.created_at,
            sent_at: invitation.sent_at,
            send_count: invitation.send_count,
        }
    }
}

/// An invitation as the organization that sent it sees it: with the delivery of its last mail.
#[derive(Clone, Debug, Serialize)]
pub struct SentInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    delivery: Delivery,
}

impl SentInvitation {
    /// Shows `invitation` as it is at `now`. `known` is what is known of its mails.
    pub fn of(
        invitation: &domain::Invitation,
        known: Option<DeliveryRecord>,
        now: Timestamp,
    ) -> Self {
        let delivery = invitation.delivery(known);
        Self { invitation: Invitation::of(invitation, now), delivery }
    }

    /// Shows an invitation that is sent `now`: its mail has not left.
    pub fn new(invitation: &domain::Invitation, now: Timestamp) -> Self {
        Self::of(invitation, None, now)
    }
}

/// A request to join.
#[derive(Clone, Debug, Serialize)]
pub struct JoinRequest {
    id: JoinRequestId,
    organization_id: OrgId,
    user_id: UserId,
    email: Email,
    name: Option<String>,
    comment: String,
    status: RequestStatus,
    created_at: Timestamp,
}

impl JoinRequest {
    /// Shows `request`.
    pub fn of(request: domain::JoinRequest) -> Self {
        let domain::JoinRequest { id, organization_id, user_id, email, .. } = request;
        let domain::JoinRequest { name, comment, status, created_at, .. } = request;
        Self { id, organization_id, user_id, email, name, comment, status, created_at }
    }
}

/// An address that receives critical alerts.
#[derive(Clone, Debug, Serialize)]
pub struct CriticalAlertUser {
    id: AlertId,
    email: Email,
    added_by: UserId,
    added_at: Timestamp,
}

impl CriticalAlertUser {
    /// Shows `user`.
    pub fn of(user: domain::CriticalAlertUser) -> Self {
        let domain::CriticalAlertUser { organization_id, value: email, .. } = user;
        let id = AlertId::of(organization_id, &email);
        Self { id, email, added_by: user.added_by, added_at: user.added_at }
    }
}

/// An approved domain.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovedDomain {
    domain: MailDomain,
    added_by: UserId,
    added_at: Timestamp,
}

impl ApprovedDomain {
    /// Shows `approved`.
    pub fn of(approved: domain::ApprovedDomain) -> Self {
        let domain::ApprovedDomain { value: domain, added_by, added_at, .. } = approved;
        Self { domain, added_by, added_at }
    }
}

/// A role.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
pub struct Role {
    id: RoleId,
    organization_id: OrgId,
    name: String,
    description: String,
    built_in: bool,
    permissions: BTreeMap<RoleObject, Level>,
    users: UserCount,
    identity_provider_role: IdentityProviderRole,
    /// The role that the users get, while the role is being deleted (ROLE6).
    #[serde(skip_serializing_if = "Option::is_none")]
    reassign_to: Option<RoleId>,
}

impl Role {
    /// Shows an organization's own role, as far as its role objects are shown there (ROLE5).
    pub fn custom(org: OrgId, role: &CustomRole, users: UserCount, conditions: Conditions) -> Self {
        Self {
            id: RoleId::Custom(role.id),
            organization_id: org,
            name: role.name.as_str().to_owned(),
            description: role.description.clone(),
            built_in: false,
            permissions: shown(role.levels, conditions),
            users,
            identity_provider_role: IdentityProviderRole::of(role.levels),
            reassign_to: role.reassignment.as_ref().map(|begun| begun.to),
        }
    }

    /// Shows a built-in role.
    pub fn built_in(org: OrgId, role: BuiltIn, users: UserCount, conditions: Conditions) -> Self {
        Self {
            id: RoleId::BuiltIn(role),
            organization_id: org,
            name: role.name().to_owned(),
            description: String::new(),
            built_in: true,
            permissions: shown(role.levels(), conditions),
            users,
            identity_provider_role: IdentityProviderRole::of(role.levels()),
            reassign_to: None,
        }
    }
}

/// A partner's relation to a customer.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerLink {
    partner_id: OrgId,
    customer_id: OrgId,
    preferred: bool,
    suspended: bool,
    linked_at: Timestamp,
}

impl CustomerLink {
    /// Shows `link`.
    pub fn of(link: domain::CustomerLink) -> Self {
        let domain::CustomerLink { partner_id, customer_id, preferred, suspended, .. } = link;
        Self { partner_id, customer_id, preferred, suspended, linked_at: link.linked_at }
    }
}

/// A linked customer as the members of the partner see it, or a linked partner as the members of the
/// customer do (PAR3).
#[derive(Clone, Debug, Serialize)]
pub struct LinkedOrganization {
    id: OrgId,
    name: Option<Name>,
    preferred: bool,
    suspended: bool,
    /// The role objects whose actions the link allows the members of the partner.
    allows: Vec<RoleObject>,
    linked_at: Timestamp,
}

impl LinkedOrganization {
    /// Shows the organization `id` with this name at the other end of `link`.
    pub fn of(link: &domain::CustomerLink, id: OrgId, name: Option<Name>) -> Self {
        let domain::CustomerLink { preferred, suspended, linked_at, .. } = *link;
        Self { id, name, preferred, suspended, allows: link.access().role_objects(), linked_at }
    }
}

/// An entry of the history.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    id: EventId,
    at: Timestamp,
    organization_id: OrgId,
    actor: Actor,
    action: EventAction,
    target: Target,
    old: serde_json::Value,
    new: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    request_id: String,
    client_request_id: Option<String>,
}

impl Event {
    /// Shows `event`.
    pub fn of(event: domain::Event) -> Self {
        let domain::Event { id, at, organization_id, actor, action, target, .. } = event;
        let domain::Event { old, new, reason, request_id, client_request_id, .. } = event;
        Self {
            id,
            at,
            organization_id,
            actor,
            action,
            target,
            old,
            new,
            reason,
            request_id,
            client_request_id,
        }
    }
}

/// What a role is called.
pub fn role_name(role: RoleId, custom: Option<&RoleSummary>) -> String {
    match role {
        RoleId::BuiltIn(role) => role.name().to_owned(),
        RoleId::Custom(id) => custom.map_or_else(|| id.to_string(), |role| role.name.to_string()),
    }
}

/// The role for the identity provider (ROLE11).
pub fn identity_provider_role(role: RoleId, custom: Option<&RoleSummary>) -> IdentityProviderRole {
    match (role, custom) {
        (RoleId::BuiltIn(role), _) => IdentityProviderRole::of(role.levels()),
        (RoleId::Custom(_), Some(role)) => IdentityProviderRole::of(role.levels),
        (RoleId::Custom(_), None) => IdentityProviderRole::User,
    }
}

fn shown(levels: Levels, conditions: Conditions) -> BTreeMap<RoleObject, Level> {
    levels.iter().filter(|&(object, _)| conditions.shows(object)).collect()
}
