//! Events: the history of an organization. Each change writes one event in its transaction, and no
//! request alters an event (ORG5).
//!
//! Events name people by ids, and hold no name and no address. What people are called is read when
//! an event is shown, so the erasure of a person also erases them from the history (ERA1).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{EventId, MemberId, OrgId, Organization, RequestContext, Target};

macro_rules! actions {
    ($($name:ident = $key:literal,)*) => {
        /// The kind of change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EventAction {
            $(#[doc = concat!("`", $key, "`")] #[serde(rename = $key)] $name,)*
        }

        impl EventAction {
            /// All actions.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the action in the API.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }
    };
}

actions! {
    OrganizationCreated = "organization.created",
    OrganizationUpdated = "organization.updated",
    OrganizationSuspended = "organization.suspended",
    OrganizationResumed = "organization.resumed",
    OrganizationDeleted = "organization.deleted",
    SubOrganizationCreated = "sub_organization.created",
    SubOrganizationDeleted = "sub_organization.deleted",
    InvitationCreated = "invitation.created",
    InvitationUpdated = "invitation.updated",
    InvitationResent = "invitation.resent",
    InvitationAccepted = "invitation.accepted",
    InvitationDeclined = "invitation.declined",
    InvitationRevoked = "invitation.revoked",
    InvitationExpired = "invitation.expired",
    MemberAdded = "member.added",
    MemberUpdated = "member.updated",
    MemberRoleChanged = "member.role_changed",
    MemberReconnected = "member.reconnected",
    MemberRemoved = "member.removed",
    MemberLeft = "member.left",
    MemberExpired = "member.expired",
    MembersExported = "members.exported",
    RoleCreated = "role.created",
    RoleUpdated = "role.updated",
    RoleDeleted = "role.deleted",
    SuperAdminAssigned = "super_admin.assigned",
    SuperAdminTransferred = "super_admin.transferred",
    SuperAdminAppointed = "super_admin.appointed",
    JoinRequestCreated = "join_request.created",
    JoinRequestCancelled = "join_request.cancelled",
    JoinRequestApproved = "join_request.approved",
    JoinRequestDeclined = "join_request.declined",
    SettingsUpdated = "settings.updated",
    CustomerLinkAdded = "customer_link.added",
    CustomerLinkUpdated = "customer_link.updated",
    CustomerLinkRemoved = "customer_link.removed",
    CustomerLinkSuspended = "customer_link.suspended",
    CustomerLinkResumed = "customer_link.resumed",
    SecurityUpdated = "security.updated",
    ApprovedDomainAdded = "approved_domain.added",
    ApprovedDomainRemoved = "approved_domain.removed",
    CriticalAlertUserAdded = "critical_alert_user.added",
    CriticalAlertUserRemoved = "critical_alert_user.removed",
    PersonErased = "person.erased",
}

/// The person who made a change, as an event records them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The id of the person in the organization, member or not. Of the Super Admin who deleted a
    /// sub-organization, their id there: see [`Event::organization_of_actor`]. `None` for a member
    /// of another organization, and for changes that no one is recorded for: see
    /// [`RequestContext::by`](super::RequestContext::by).
    pub member_id: Option<MemberId>,
    /// Whether the person used the operator scope (OP1).
    pub operator: bool,
}

impl Actor {
    /// The member who made the change, unless they used the operator scope.
    pub fn acting_member(&self) -> Option<MemberId> {
        self.member_id.filter(|_| !self.operator)
    }
}

/// One change in an organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The id. Ids are ordered by time.
    pub id: EventId,
    /// The time of the change.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub at: Timestamp,
    /// The organization.
    pub organization_id: OrgId,
    /// The person who made the change.
    pub actor: Actor,
    /// The kind of change.
    pub action: EventAction,
    /// The changed entity.
    pub target: Target,
    /// The changed values before the change.
    pub old: serde_json::Value,
    /// The changed values after the change.
    pub new: serde_json::Value,
    /// Why an operator made the change, where they must say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the change is part of the offboarding of a person everywhere (OP2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offboarding: bool,
    /// The gateway's id of the request.
    pub request_id: String,
    /// The id that the client chose for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// The end of the retention. A later change of the organization's retention does not affect it.
    /// The name `ttl` is that of the table, which drops the event then. It is here and not in the
    /// store, so that a page of events is read in one pass.
    #[serde(rename = "ttl", with = "jiff::fmt::serde::timestamp::second::required")]
    pub kept_until: Timestamp,
}

impl Event {
    /// The event of `action` on `target`, with the present event retention of `org` (ORG5).
    ///
    /// The time of the event is the version of its target. So the list of events and the chain of
    /// one target have the same order, even if a request is committed late.
    pub fn new(
        context: &RequestContext,
        org: &Organization,
        action: EventAction,
        target: Target,
    ) -> Self {
        let by = context.by.as_ref();
        let at = target.version.at();
        let days = i64::from(org.security.event_retention_days);
        let kept_until = at.saturating_add(SignedDuration::from_hours(24 * days));
        Self {
            id: EventId::new(at, context.seed),
            at,
            organization_id: org.id(),
            actor: Actor {
                member_id: by.map(|person| MemberId::of(org.id(), &person.id)),
                operator: context.as_operator,
            },
            action,
            target,
            old: serde_json::Value::Null,
            new: serde_json::Value::Null,
            reason: None,
            offboarding: false,
            request_id: context.request_id.clone(),
            client_request_id: context.client_request_id.clone(),
            kept_until: kept_until.unwrap_or(Timestamp::MAX),
        }
    }

    /// The same event with the id of the `nth` event of its request, from 0.
    pub fn nth(self, context: &RequestContext, nth: u128) -> Self {
        Self { id: EventId::new(self.at, context.seed.wrapping_add(nth)), ..self }
    }

    /// The event without the person who made the change. Its readers may not know the members of
    /// another organization (U5).
    pub fn by_another_organization(self) -> Self {
        Self { actor: Actor { member_id: None, operator: false }, ..self }
    }

    /// The event with the person who made the change, as the organization `org` knows them.
    pub fn by_member_of(self, org: OrgId, context: &RequestContext) -> Self {
        let member_id = context.by.as_ref().map(|person| MemberId::of(org, &person.id));
        Self { actor: Actor { member_id, ..self.actor }, ..self }
    }

    /// The organization in which the actor's id names a person. It is another one than that of the
    /// history only if the Super Admin of a sub-organization deleted it.
    pub fn organization_of_actor(&self) -> OrgId {
        let below = match self.action {
            EventAction::SubOrganizationDeleted => self.target.id.parse().ok(),
            _ => None,
        };
        below.unwrap_or(self.organization_id)
    }

    /// The event with the values before the change.
    pub fn old(self, old: serde_json::Value) -> Self {
        Self { old, ..self }
    }

    /// The event with the reason of the operator.
    pub fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    /// The event with the values after the change.
    pub fn new_value(self, new: serde_json::Value) -> Self {
        Self { new, ..self }
    }
}
