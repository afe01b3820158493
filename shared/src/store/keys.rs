//! The primary keys of the table. The keys of its indexes are in [`index`](super::index).
//!
//! An organization, its members, the slots of its addresses and its roles share one partition. Its
//! history has a partition of its own, so that IAM can forbid changing events.

use std::{collections::HashMap, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::domain::{
    AddressHash, AlertId, BoundedList, CustomRoleId, DayBudget, DigestRecipient, Email, EventId,
    IdempotencyKey, InvitationId, MailDomain, MemberId, OrgId, PersonHash, PersonId, RoleId,
    Sending, UserId,
};

/// Begins the partitions of organizations.
const ORGANIZATIONS: &str = "ORG#";
/// The sort key of an organization.
const ORGANIZATION: &str = "ORG";
/// In the partition of an organization: its members, and the tombstones of former ones.
pub(super) const MEMBERS: &str = "MEMBER#";
/// In the partition of an organization: the slots of addresses.
pub(super) const ADDRESS_SLOTS: &str = "EMAIL#";
/// Begins the partitions of histories.
pub(super) const EVENTS: &str = "EVENTS#";
/// Begins the partitions of marks and deliveries of mails.
const DELIVERY: &str = "DELIVERY#";
/// The sort key of the mail to the managers of an organization.
const MANAGERS: &str = "MANAGERS";
/// Begins the sort keys of the mails to inviters.
const INVITER: &str = "INVITER#";
/// The sort key of the mail to an address of a person who was offboarded.
const OFFBOARDED: &str = "OFFBOARDED";

/// The primary key of one item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The partition.
    pub pk: String,
    /// The sort key in the partition.
    pub sk: String,
}

impl Key {
    /// An organization: settings, and the levels of its custom roles.
    pub fn organization(org: OrgId) -> Self {
        Self::of(org, ORGANIZATION.to_owned())
    }

    /// The profile of an organization. A separate item, so that other requests do not read it.
    pub fn profile(org: OrgId) -> Self {
        Self::of(org, "PROFILE".to_owned())
    }

    /// A member.
    pub fn member(org: OrgId, member: MemberId) -> Self {
        Self::of(org, format!("{MEMBERS}{}", member.bare()))
    }

    /// The membership of a person.
    pub fn membership(org: OrgId, user: &UserId) -> Self {
        Self::member(org, MemberId::of(org, user))
    }

    /// The slot of an address: a pending invitation, or the member who has the address.
    pub fn address_slot(org: OrgId, address: AddressHash) -> Self {
        Self::of(org, format!("{ADDRESS_SLOTS}{address}"))
    }

    /// A custom role, with the number of its users.
    pub fn role(org: OrgId, role: CustomRoleId) -> Self {
        Self::of(org, format!("ROLE#{}", role.bare()))
    }

    /// The item of a role, if it is a custom one.
    pub fn custom_role(org: OrgId, role: RoleId) -> Option<Self> {
        role.custom().map(|role| Self::role(org, role))
    }

    /// Names, descriptions and levels of all custom roles of an organization.
    pub fn role_names(org: OrgId) -> Self {
        Self::of(org, "ROLENAMES".to_owned())
    }

    /// A partner's link to a customer.
    pub fn customer(partner: OrgId, customer: OrgId) -> Self {
        Self::of(partner, format!("CUSTOMER#{}", customer.bare()))
    }

    /// The counter item of an organization.
    pub fn counts(org: OrgId) -> Self {
        Self::of(org, "COUNTS".to_owned())
    }

    /// An approved domain.
    pub fn approved_domain(org: OrgId, domain: &MailDomain) -> Self {
        Self::list_entry(org, BoundedList::ApprovedDomains, domain)
    }

    /// A person's join request.
    pub fn join_request(org: OrgId, person: PersonHash) -> Self {
        Self::of(org, format!("REQUEST#{person}"))
    }

    /// An address that receives critical alerts.
    pub fn critical_alert_user(org: OrgId, id: AlertId) -> Self {
        Self::list_entry(org, BoundedList::CriticalAlertUsers, &id)
    }

    /// The name of a custom role or a critical alert user that was deleted, by its id.
    pub fn former_name(org: OrgId, id: &impl fmt::Display) -> Self {
        Self::of(org, format!("NAME#{id}"))
    }

    /// An entry of a bounded list.
    pub fn list_entry(org: OrgId, list: BoundedList, id: &impl fmt::Display) -> Self {
        Self::of(org, format!("{}{id}", entries(list)))
    }

    /// An entry of an organization's history.
    pub fn event(org: OrgId, event: EventId) -> Self {
        Self { pk: events(org), sk: event.bare() }
    }

    /// The counter of a budget in its day (INV14).
    pub fn budget(budget: &DayBudget) -> Self {
        let DayBudget { budget, holder, day, .. } = budget;
        Self { pk: format!("BUDGET#{}#{holder}", budget.key()), sk: day.to_string() }
    }

    /// The record of an idempotency key. An operation contains no `#`.
    pub fn idempotency(key: &IdempotencyKey) -> Self {
        Self { pk: idempotency(&key.caller), sk: format!("{}#{}", key.operation, key.key) }
    }

    /// The mark of the mail of an event to an address.
    pub fn mailed(event: EventId, to: AddressHash) -> Self {
        Self { pk: format!("{DELIVERY}{}", event.bare()), sk: format!("MAIL#{to}") }
    }

    /// The delivery of an invitation's mail.
    pub fn delivery(invitation: InvitationId) -> Self {
        Self { pk: format!("{DELIVERY}{}", invitation.bare()), sk: "INVITATION".to_owned() }
    }

    /// The state of the digests to a recipient.
    pub fn digest(recipient: DigestRecipient) -> Self {
        let (holder, sk) = match recipient {
            DigestRecipient::Managers(org) => (org.bare(), MANAGERS.to_owned()),
            DigestRecipient::Inviter(org, member) => {
                (org.bare(), format!("{INVITER}{}", member.bare()))
            }
            DigestRecipient::Offboarded(person) => (person.bare(), OFFBOARDED.to_owned()),
        };
        Self { pk: format!("{DELIVERY}{holder}"), sk }
    }

    /// The mark of the mail of a digest of this time to an address.
    pub fn digest_mailed(recipient: DigestRecipient, digest_at: Timestamp, to: &Email) -> Self {
        let at = digest_at.as_millisecond();
        let (about, org) = match recipient {
            DigestRecipient::Managers(org) => ("DIGEST", org),
            DigestRecipient::Inviter(org, _) => ("ACCEPTED", org),
            // Its holder is the address.
            DigestRecipient::Offboarded(person) => {
                let pk = format!("{DELIVERY}{}", person.bare());
                return Self { pk, sk: format!("{OFFBOARDED}#{at}") };
            }
        };
        let to = AddressHash::of(org, to);
        Self { pk: format!("{DELIVERY}{}", org.bare()), sk: format!("{about}#{at}#{to}") }
    }

    /// The mark of the mail before the end of an invitation, one for each of its sendings.
    pub fn reminded(sending: Sending) -> Self {
        let Sending { invitation, number } = sending;
        Self { pk: format!("{DELIVERY}{}", invitation.bare()), sk: format!("REMINDED#{number}") }
    }

    /// The mark of the mail to `to` before this end of the access of a member.
    pub fn access_reminded(org: OrgId, member: MemberId, end: Timestamp, to: &Email) -> Self {
        let to = AddressHash::of(org, to);
        let sk = format!("ACCESS#{}#{}#{to}", member.bare(), end.as_millisecond());
        Self { pk: format!("{DELIVERY}{}", org.bare()), sk }
    }

    /// How far the mails before the ends of invitations or of access have come.
    pub(super) fn reminders(kind: Reminded) -> Self {
        let sk = match kind {
            Reminded::Invitations => "REMINDERS",
            Reminded::Members => "ACCESS_REMINDERS",
        };
        Self { pk: format!("{DELIVERY}REMINDERS"), sk: sk.to_owned() }
    }

    /// The recipient of the digests whose state is stored at the key.
    pub(super) fn digest_recipient(&self) -> Result<DigestRecipient, Error> {
        if self.sk == OFFBOARDED {
            let bare = self.pk.strip_prefix(DELIVERY).unwrap_or_default();
            let person = PersonId::from_bare(bare).map_err(Error::broken)?;
            return Ok(DigestRecipient::Offboarded(person));
        }
        let org = owner(&self.pk)?;
        match self.sk.strip_prefix(INVITER) {
            Some(member) => {
                let member = MemberId::from_bare(member).map_err(Error::broken)?;
                Ok(DigestRecipient::Inviter(org, member))
            }
            None => Ok(DigestRecipient::Managers(org)),
        }
    }

    /// Where the migration of the table to this schema stopped. One to another schema begins anew.
    pub(super) fn migration(schema: u32) -> Self {
        Self { pk: "MIGRATION".to_owned(), sk: schema.to_string() }
    }

    /// Whether an organization is stored at the key.
    pub(super) fn is_organization(&self) -> bool {
        self.sk == ORGANIZATION
    }

    /// Whether a member is stored at the key.
    pub(super) fn is_member(&self) -> bool {
        self.sk.starts_with(MEMBERS)
    }

    /// Whether the key is short enough for DynamoDB.
    pub(super) fn fits(&self) -> bool {
        self.pk.len() <= 2048 && self.sk.len() <= 1024
    }

    /// The key in an item.
    pub(super) fn of_item(item: &HashMap<String, AttributeValue>) -> Result<Self, Error> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        match (text("pk"), text("sk")) {
            (Some(pk), Some(sk)) => Ok(Self { pk, sk }),
            _ => Err(Error::Broken("an item came without its key".to_owned())),
        }
    }

    fn of(org: OrgId, sk: String) -> Self {
        Self { pk: organization(org), sk }
    }
}

#[expect(clippy::implicit_hasher, reason = "the SDK takes this map and no other")]
impl From<Key> for HashMap<String, AttributeValue> {
    fn from(Key { pk, sk }: Key) -> Self {
        Self::from([
            ("pk".to_owned(), AttributeValue::S(pk)),
            ("sk".to_owned(), AttributeValue::S(sk)),
        ])
    }
}

/// The status of a user of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// A member.
    Active,
    /// A pending invitation.
    Pending,
}

impl Status {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Active, Self::Pending];

    /// The status in a key.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Pending => "PENDING",
        }
    }
}

/// What has a mail before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reminded {
    /// Invitations.
    Invitations,
    /// Members whose access ends.
    Members,
}

/// The partition of an organization.
pub fn organization(org: OrgId) -> String {
    format!("{ORGANIZATIONS}{}", org.bare())
}

/// The organization of a partition.
pub(super) fn owner(pk: &str) -> Result<OrgId, Error> {
    let bare = pk.split_once('#').map(|(_, bare)| bare).unwrap_or_default();
    OrgId::from_bare(bare).map_err(Error::broken)
}

/// The partition of the idempotency keys of a person.
pub(super) fn idempotency(caller: &UserId) -> String {
    format!("IDEMPOTENCY#{}", PersonId::of(caller).bare())
}

/// Whether this is the partition of an organization.
pub(super) fn is_organization(pk: &str) -> bool {
    pk.starts_with(ORGANIZATIONS)
}

/// The partition of an organization's history.
pub fn events(org: OrgId) -> String {
    format!("{EVENTS}{}", org.bare())
}

/// Whether this is the partition of a history. New items there are published.
pub(super) fn is_history(pk: &str) -> bool {
    pk.starts_with(EVENTS)
}

/// In the partition of an organization: its custom roles, oldest first.
pub const ROLES: &str = "ROLE#";

/// In the partition of an organization: the entries of a bounded list, by id.
pub fn entries(list: BoundedList) -> &'static str {
    match list {
        BoundedList::ApprovedDomains => "DOMAIN#",
        BoundedList::CriticalAlertUsers => "ALERT#",
        BoundedList::JoinRequests => "REQUEST#",
    }
}

/// In the partition of a partner: its customers, oldest organization first.
pub const CUSTOMERS: &str = "CUSTOMER#";
