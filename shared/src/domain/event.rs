//! The history: one entry a change, written with the change, never altered (ORG5).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Act, Email, EventId, OrgId, Organization, UserId};

macro_rules! actions {
    ($($name:ident = $key:literal,)*) => {
        /// What happened: object first, past tense.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EventAction {
            $(#[doc = concat!("`", $key, "`")] #[serde(rename = $key)] $name,)*
        }

        impl EventAction {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it stands in the history.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }
    };
}

actions! {
    OrganizationCreated = "organization.created",
    OrganizationUpdated = "organization.updated",
    SubOrganizationCreated = "sub_organization.created",
    InvitationCreated = "invitation.created",
    InvitationResent = "invitation.resent",
    InvitationRoleChanged = "invitation.role_changed",
    InvitationAccepted = "invitation.accepted",
    InvitationDeclined = "invitation.declined",
    InvitationRevoked = "invitation.revoked",
    InvitationExpired = "invitation.expired",
    MemberAdded = "member.added",
    MemberRoleChanged = "member.role_changed",
    MemberRemoved = "member.removed",
    MemberLeft = "member.left",
    MembersExported = "members.exported",
    RoleCreated = "role.created",
    RoleUpdated = "role.updated",
    RoleDeleted = "role.deleted",
    SuperAdminAssigned = "super_admin.assigned",
    SuperAdminTransferred = "super_admin.transferred",
    JoinRequestCreated = "join_request.created",
    JoinRequestCancelled = "join_request.cancelled",
    JoinRequestApproved = "join_request.approved",
    JoinRequestDeclined = "join_request.declined",
    SettingsUpdated = "settings.updated",
    CustomerLinkAdded = "customer_link.added",
    CustomerLinkUpdated = "customer_link.updated",
    CustomerLinkRemoved = "customer_link.removed",
    SecurityUpdated = "security.updated",
    ApprovedDomainAdded = "approved_domain.added",
    ApprovedDomainRemoved = "approved_domain.removed",
    CriticalAlertUserAdded = "critical_alert_user.added",
    CriticalAlertUserRemoved = "critical_alert_user.removed",
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person; none when the clean-up ran.
    pub user_id: Option<UserId>,
    /// Their verified address then.
    pub email: Option<Email>,
    /// Did they act as the platform's operator (OP1)?
    pub operator: bool,
}

/// What it was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// `organization`, `invitation`, `member`, `role`, `join_request`, `approved_domain` or
    /// `critical_alert_user`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, in order of time.
    pub id: EventId,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub at: Timestamp,
    /// In which organization.
    pub organization_id: OrgId,
    /// By whom.
    pub actor: Actor,
    /// What.
    pub action: EventAction,
    /// To what.
    pub target: Target,
    /// What it was before, as far as it changed.
    pub old: serde_json::Value,
    /// What it is now.
    pub new: serde_json::Value,
    /// In which request.
    pub request_id: String,
    /// Until when it is kept: fixed when it is written, whatever the organization sets later.
    #[serde(rename = "ttl", with = "jiff::fmt::serde::timestamp::second::required")]
    pub kept_until: Timestamp,
}

impl Event {
    /// Records `action`, done by `act` in `org`, for as long as that keeps its events (ORG5).
    #[must_use]
    pub fn new(
        act: &Act,
        org: &Organization,
        action: EventAction,
        (kind, target): (&str, String),
    ) -> Self {
        let by = act.by.as_ref();
        let days = i64::from(org.security.event_retention_days);
        let kept_until = act.at.saturating_add(SignedDuration::from_hours(24 * days));
        Self {
            id: EventId::new(act.at, act.seed),
            at: act.at,
            organization_id: org.id(),
            actor: Actor {
                user_id: by.map(|person| person.id.clone()),
                email: by.and_then(|person| person.email.clone()),
                operator: act.as_operator,
            },
            action,
            target: Target { kind: kind.to_owned(), id: target },
            old: serde_json::Value::Null,
            new: serde_json::Value::Null,
            request_id: act.request_id.clone(),
            kept_until: kept_until.unwrap_or(Timestamp::MAX),
        }
    }

    /// The `nth` event of its request, from 0: each has an id of its own.
    #[must_use]
    pub fn nth(self, act: &Act, nth: u128) -> Self {
        Self { id: EventId::new(act.at, act.seed.wrapping_add(nth)), ..self }
    }

    /// Adds what it was before.
    #[must_use]
    pub fn old(self, old: serde_json::Value) -> Self {
        Self { old, ..self }
    }

    /// Adds what it is now.
    #[must_use]
    pub fn new_value(self, new: serde_json::Value) -> Self {
        Self { new, ..self }
    }
}
