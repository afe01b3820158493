//! Entries of the short lists of an organization: approved domains (ORG2) and critical alert users
//! (ORG4). Administrators add and remove entries, up to a limit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    AlertId, Email, EventAction, Level, MAX_JOIN_REQUESTS, MailDomain, MemberId, OrgId, Refusal,
    RoleObject, Standing, TargetKind, Version,
};

/// The highest number of approved domains in an organization.
pub const MAX_DOMAINS: u64 = 20;
/// The highest number of critical alert users in an organization.
pub const MAX_CRITICAL_ALERT_USERS: u64 = 100;

/// A list with a limit on the number of its entries in one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundedList {
    /// Approved domains.
    ApprovedDomains,
    /// Critical alert users.
    CriticalAlertUsers,
    /// Open join requests.
    JoinRequests,
}

impl BoundedList {
    /// The highest number of entries.
    pub fn limit(self) -> u64 {
        match self {
            Self::ApprovedDomains => MAX_DOMAINS,
            Self::CriticalAlertUsers => MAX_CRITICAL_ALERT_USERS,
            Self::JoinRequests => MAX_JOIN_REQUESTS,
        }
    }

    /// The refusal of an entry beyond the limit.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::ApprovedDomains => Refusal::ApprovedDomainLimit(self.limit()),
            Self::CriticalAlertUsers => Refusal::CriticalAlertUserLimit(self.limit()),
            Self::JoinRequests => Refusal::JoinRequestLimit(self.limit()),
        }
    }
}

/// The value of a list entry, with the properties of its list.
pub trait ListValue: Clone + Serialize + DeserializeOwned {
    /// The list.
    const LIST: BoundedList;
    /// The kind of event target.
    const TARGET: TargetKind;
    /// The event of an added entry.
    const ADDED: EventAction;
    /// The event of a removed entry.
    const REMOVED: EventAction;
    /// The refusal if the entry does not exist.
    const MISSING: Refusal;

    /// The id of the entry, in keys and events.
    fn id(&self, org: OrgId) -> String;

    /// The value as events show it. An address is personal, so events do not show it (ERA1).
    fn shown(&self) -> serde_json::Value;

    /// The address, if the value is one.
    fn address(&self) -> Option<&Email> {
        None
    }
}

impl ListValue for MailDomain {
    const LIST: BoundedList = BoundedList::ApprovedDomains;
    const TARGET: TargetKind = TargetKind::ApprovedDomain;
    const ADDED: EventAction = EventAction::ApprovedDomainAdded;
    const REMOVED: EventAction = EventAction::ApprovedDomainRemoved;
    const MISSING: Refusal = Refusal::NoSuchDomain;

    fn id(&self, _: OrgId) -> String {
        self.to_string()
    }

    fn shown(&self) -> serde_json::Value {
        json!({ "domain": self })
    }
}

impl ListValue for Email {
    const LIST: BoundedList = BoundedList::CriticalAlertUsers;
    const TARGET: TargetKind = TargetKind::CriticalAlertUser;
    const ADDED: EventAction = EventAction::CriticalAlertUserAdded;
    const REMOVED: EventAction = EventAction::CriticalAlertUserRemoved;
    const MISSING: Refusal = Refusal::NoSuchCriticalAlertUser;

    fn id(&self, org: OrgId) -> String {
        AlertId::of(org, self).to_string()
    }

    fn shown(&self) -> serde_json::Value {
        json!({})
    }

    fn address(&self) -> Option<&Email> {
        Some(self)
    }
}

/// An entry of a list of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEntry<T> {
    /// The organization.
    pub organization_id: OrgId,
    /// The domain or the address.
    pub value: T,
    /// The member who added it.
    pub added_by: MemberId,
    /// The time at which it was added.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub added_at: Timestamp,
    /// The version of the entry.
    pub version: Version,
}

/// A domain. A person with an address in it may ask to join the organization (ORG2).
pub type ApprovedDomain = ListEntry<MailDomain>;
/// An address that receives the organization's critical alerts (ORG4).
pub type CriticalAlertUser = ListEntry<Email>;

impl<T> ListEntry<T> {
    fn new(
        actor: &Standing,
        value: T,
        tombstone: Option<Version>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            organization_id: actor.org.id(),
            value,
            added_by: actor.membership()?.id(),
            added_at: now,
            version: Version::first(now, tombstone),
        })
    }
}

/// Approves a domain. `tombstone` is the version of the tombstone, if one was read: the new entry
/// continues from it.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to
///   `organization_general_information`.
/// - [`Refusal::EmailNotVerified`] if the actor has no verified address.
/// - [`Refusal::DomainNotOwn`] unless the domain is exactly that of the actor's address.
/// - [`Refusal::PublicEmailDomain`] if the domain belongs to a public mail provider.
pub fn approve_domain(
    actor: &Standing,
    domain: Option<MailDomain>,
    tombstone: Option<Version>,
    now: Timestamp,
) -> Result<ApprovedDomain, Refusal> {
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    let own = MailDomain::of(actor.person.verified_email()?);
    let domain = domain.filter(|domain| *domain == own).ok_or(Refusal::DomainNotOwn)?;
    if domain.is_public() {
        return Err(Refusal::PublicEmailDomain);
    }
    ListEntry::new(actor, domain, tombstone, now)
}

/// Adds an address to those that receive critical alerts. `tombstone` is the version of the
/// tombstone, if one was read: the new entry continues from it.
///
/// # Errors
/// The refusals of [`Standing::require`] without full access to `critical_alert_users`.
pub fn add_critical_alert_user(
    actor: &Standing,
    email: Email,
    tombstone: Option<Version>,
    now: Timestamp,
) -> Result<CriticalAlertUser, Refusal> {
    actor.require(RoleObject::CriticalAlertUsers, Level::FullAccess)?;
    ListEntry::new(actor, email, tombstone, now)
}
