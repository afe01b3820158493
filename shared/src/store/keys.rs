//! Where everything lives: every key format of the table is on this page, and only here.
//!
//! An organization, its members, the places of its addresses and its roles share one partition;
//! its history has one of its own, so that IAM can forbid altering it.

use std::{collections::HashMap, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Error;
use crate::domain::{
    AddressDigest, AlertId, BoundedList, BuiltIn, CustomRoleId, Email, EventId, IdempotencyKey,
    MAX_DEPTH, MailDomain, MemberId, OrgId, OrgPath, PersonDigest, RoleId, UserId,
};

/// The primary key of one item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The partition.
    pub pk: String,
    /// The place in it.
    pub sk: String,
}

impl Key {
    /// An organization: settings and role table.
    #[must_use]
    pub fn organization(org: OrgId) -> Self {
        Self::of(org, "ORG".to_owned())
    }

    /// What an organization says of itself. Apart, so that requests do not read it on their way.
    #[must_use]
    pub fn profile(org: OrgId) -> Self {
        Self::of(org, "PROFILE".to_owned())
    }

    /// A member.
    #[must_use]
    pub fn member(org: OrgId, member: MemberId) -> Self {
        Self::of(org, format!("MEMBER#{}", member.bare()))
    }

    /// The membership of a person.
    #[must_use]
    pub fn membership(org: OrgId, user: &UserId) -> Self {
        Self::member(org, MemberId::of(org, user))
    }

    /// An address's place: a pending invitation, or a member's lock on the address.
    #[must_use]
    pub fn address_slot(org: OrgId, address: AddressDigest) -> Self {
        Self::of(org, format!("EMAIL#{address}"))
    }

    /// A custom role, with the number of its users.
    #[must_use]
    pub fn role(org: OrgId, role: CustomRoleId) -> Self {
        Self::of(org, format!("ROLE#{}", role.bare()))
    }

    /// A lock on a role's name.
    #[must_use]
    pub fn role_name(org: OrgId, folded: &str) -> Self {
        Self::of(org, format!("ROLENAME#{folded}"))
    }

    /// What is said of a role, where anything is: by that it is found.
    #[must_use]
    pub fn role_description(org: OrgId, role: CustomRoleId) -> Self {
        Self::of(org, format!("ROLEABOUT#{}", role.bare()))
    }

    /// A partner's link to a customer.
    #[must_use]
    pub fn customer(partner: OrgId, customer: OrgId) -> Self {
        Self::of(partner, format!("CUSTOMER#{}", customer.bare()))
    }

    /// The counter item of an organization.
    #[must_use]
    pub fn counts(org: OrgId) -> Self {
        Self::of(org, "COUNTS".to_owned())
    }

    /// An approved domain.
    #[must_use]
    pub fn approved_domain(org: OrgId, domain: &MailDomain) -> Self {
        Self::list_entry(org, BoundedList::ApprovedDomains, domain)
    }

    /// A person's request to join.
    #[must_use]
    pub fn join_request(org: OrgId, person: PersonDigest) -> Self {
        Self::of(org, format!("REQUEST#{person}"))
    }

    /// An address that receives critical alerts.
    #[must_use]
    pub fn critical_alert_user(org: OrgId, id: AlertId) -> Self {
        Self::list_entry(org, BoundedList::CriticalAlertUsers, &id)
    }

    /// An entry of a bounded list.
    #[must_use]
    pub fn list_entry(org: OrgId, list: BoundedList, id: &impl fmt::Display) -> Self {
        Self::of(org, format!("{}{id}", entries(list)))
    }

    /// An entry of an organization's history.
    #[must_use]
    pub fn event(org: OrgId, event: EventId) -> Self {
        Self { pk: events(org), sk: event.bare() }
    }

    /// The record of a request that its client may repeat. A route has no `#`.
    #[must_use]
    pub fn idempotency(key: &IdempotencyKey) -> Self {
        Self { pk: format!("IDEMPOTENCY#{}", key.caller), sk: format!("{}#{}", key.route, key.key) }
    }

    /// A mark: the event was told to the bus.
    #[must_use]
    pub fn published(event: EventId) -> Self {
        Self { pk: told(event), sk: "BUS".to_owned() }
    }

    /// A mark: the event was told to an address, or never can be.
    #[must_use]
    pub fn mailed(event: EventId, to: AddressDigest) -> Self {
        Self { pk: told(event), sk: format!("MAIL#{to}") }
    }

    /// Is it short enough for DynamoDB?
    pub(super) fn fits(&self) -> bool {
        self.pk.len() <= 2048 && self.sk.len() <= 1024
    }

    /// The key in an item.
    pub(super) fn of_item(item: &HashMap<String, AttributeValue>) -> Result<Self, Error> {
        let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        match (part("pk"), part("sk")) {
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

/// Whether a place in an organization is taken for good.
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

    fn word(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Pending => "PENDING",
        }
    }
}

/// The partition of an organization.
#[must_use]
pub fn organization(org: OrgId) -> String {
    format!("ORG#{}", org.bare())
}

/// Whose partition it is.
pub(super) fn owner(pk: &str) -> Result<OrgId, Error> {
    let bare = pk.split_once('#').map(|(_, bare)| bare).unwrap_or_default();
    OrgId::from_bare(bare).map_err(Error::broken)
}

/// The partition of its history.
#[must_use]
pub fn events(org: OrgId) -> String {
    format!("EVENTS#{}", org.bare())
}

/// Is this the partition of a history? What is new there is told to others.
pub(super) fn is_history(pk: &str) -> bool {
    pk.starts_with("EVENTS#")
}

/// The partition of what is known about telling an event: outside of every organization's, so that
/// a mark is nobody's news.
fn told(event: EventId) -> String {
    format!("TOLD#{}", event.bare())
}

/// In the partition of an organization: its custom roles, oldest first.
pub const ROLES: &str = "ROLE#";

/// In the partition of an organization: the entries of a bounded list, by id.
#[must_use]
pub fn entries(list: BoundedList) -> &'static str {
    match list {
        BoundedList::ApprovedDomains => "DOMAIN#",
        BoundedList::CriticalAlertUsers => "ALERT#",
        BoundedList::JoinRequests => "REQUEST#",
    }
}

/// Index `tree`: everybody in a tree who has this status, by path and address.
#[must_use]
pub fn tree(path: &OrgPath, status: Status) -> String {
    format!("ROOT#{}#{}", path.root_id().bare(), status.word())
}

/// Index `tree`: all organizations of a tree, by path.
#[must_use]
pub fn tree_of_organizations(path: &OrgPath) -> String {
    format!("ROOT#{}#ORG", path.root_id().bare())
}

/// Index `tree`: the names of all custom roles of a tree, by path and name.
#[must_use]
pub fn tree_of_roles(path: &OrgPath) -> String {
    format!("ROOT#{}#ROLES", path.root_id().bare())
}

/// Index `tree_prefix`: what is said of the custom roles of a tree.
#[must_use]
pub fn tree_of_descriptions(path: &OrgPath) -> String {
    format!("ROOT#{}#ABOUT", path.root_id().bare())
}

/// The indexes of branches, by the depth of their tops. A branch is an organization below the root,
/// and everything below it; what can be searched stands in those of all branches that it is in.
pub const BRANCHES: [&str; MAX_DEPTH] = [
    "branch_1", "branch_2", "branch_3", "branch_4", "branch_5", "branch_6", "branch_7", "branch_8",
];

/// The index of the branch that begins here. A root has none: it is the whole tree.
#[must_use]
pub fn branch_index(top: &OrgPath) -> Option<&'static str> {
    BRANCHES.get(top.depth().checked_sub(1)?).copied()
}

/// All branches that an organization is in, each with its index, the highest first.
pub fn branches(path: &OrgPath) -> impl Iterator<Item = (&'static str, OrgId)> {
    BRANCHES.into_iter().zip(path.ids().skip(1))
}

/// Index of a branch: the holders of a built-in role there, or of all custom ones.
#[must_use]
pub fn branch(top: OrgId, role: Option<BuiltIn>, status: Status) -> String {
    let role = role.map_or("custom", BuiltIn::key);
    format!("BRANCH#{}#{role}#{}", top.bare(), status.word())
}

/// Index of a branch: the names of all its custom roles.
#[must_use]
pub fn branch_of_roles(top: OrgId) -> String {
    format!("BRANCH#{}#ROLES", top.bare())
}

/// Index of a branch: what is said of its custom roles.
#[must_use]
pub fn branch_of_descriptions(top: OrgId) -> String {
    format!("BRANCH#{}#ABOUT", top.bare())
}

/// Index `group`: the holders of a role in a tree, by path and address.
#[must_use]
pub fn holders(path: &OrgPath, role: RoleId, status: Status) -> String {
    let role = match role {
        RoleId::BuiltIn(role) => role.key().to_owned(),
        RoleId::Custom(id) => id.bare(),
    };
    format!("ROOT#{}#ROLE#{role}#{}", path.root_id().bare(), status.word())
}

/// Index `group`: the organizations right below one, or all roots.
#[must_use]
pub fn children(parent: Option<OrgId>) -> String {
    parent.map_or_else(|| "ROOTS".to_owned(), |org| format!("CHILDREN#{}", org.bare()))
}

/// Index `group`: the open requests to join an organization, oldest first.
#[must_use]
pub fn join_requests(org: OrgId) -> String {
    format!("REQUESTS#{}", org.bare())
}

/// Sorts within `tree` and `group`: a subtree is the range of a path, an organization that of its
/// path and `#`.
#[must_use]
pub fn place(path: &OrgPath, email: &Email) -> String {
    format!("{path}#{email}")
}

/// Sorts within `tree_since` and `group_since`, as `place` does elsewhere: by the time when somebody
/// joined or was invited.
#[must_use]
pub fn since(path: &OrgPath, at: Timestamp, address: AddressDigest) -> String {
    format!("{path}#{:015}#{address}", at.as_millisecond())
}

/// Sorts within `tree_prefix`, `group_prefix` and the branches: what begins alike is one range.
#[must_use]
pub fn by_address(email: &Email, org: OrgId) -> String {
    format!("{email}#{}", org.bare())
}

/// As much of a folded name as keys hold: the rest is compared where the whole is.
#[must_use]
pub fn beginning(folded: &str) -> String {
    folded.chars().take(40).collect()
}

/// Sorts the names of roles within `tree`.
#[must_use]
pub fn place_of_role(path: &OrgPath, folded: &str, role: CustomRoleId) -> String {
    format!("{path}#{}", by_name(folded, role))
}

/// Sorts the names of roles, and what is said of them, within `tree_prefix` and the branches.
#[must_use]
pub fn by_name(folded: &str, role: CustomRoleId) -> String {
    format!("{}#{}", beginning(folded), role.bare())
}

/// Index `identity`: a person's memberships.
#[must_use]
pub fn user(user: &UserId) -> String {
    format!("USER#{user}")
}

/// Index `identity`: where a custom role is, and what it is called.
#[must_use]
pub fn name_of(role: CustomRoleId) -> String {
    format!("ROLE#{}", role.bare())
}

/// Index `identity`: an address's pending invitations.
#[must_use]
pub fn address(email: &Email) -> String {
    format!("EMAIL#{email}")
}

/// In the partition of a partner: its customers, oldest organization first.
pub const CUSTOMERS: &str = "CUSTOMER#";

/// Index `identity`: a customer's partners.
#[must_use]
pub fn customer(customer: OrgId) -> String {
    format!("CUSTOMER#{}", customer.bare())
}

/// Index `identity`: the organizations that have approved a domain.
#[must_use]
pub fn mail_domain(domain: &(impl fmt::Display + ?Sized)) -> String {
    format!("DOMAIN#{domain}")
}

/// Into how many parts the due invitations of all organizations are split.
pub const DUE_SHARDS: u8 = 4;

/// The shard of a role in the index `due`.
#[must_use]
pub fn role_shard(role: CustomRoleId) -> u8 {
    role.bare().bytes().last().unwrap_or_default() % DUE_SHARDS
}

/// Index `due`: pending invitations by expiry.
#[must_use]
pub fn due(shard: u8) -> String {
    format!("DUE#{shard}")
}
