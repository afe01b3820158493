//! The six indexes of the table, and the attributes by which each entity is listed in them.
//!
//! Every entity that a list shows is in the index of each order that the list offers. The number of
//! indexes does not depend on the depth of the tree: a range key of `by_path`, `by_time` and
//! `by_role` begins with the path of the organization, so a subtree is the range of its path.

use base64::{
    Engine,
    alphabet::Alphabet,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};
use jiff::Timestamp;

use super::Status;
use crate::domain::{
    AddressHash, CustomRoleId, CustomerLink, Email, Invitation, JoinRequest, ListEntry, ListValue,
    Member, OrgId, OrgPath, Organization, PersonId, RoleId, UserId,
};

/// How many characters of its name lead to an organization.
pub const NAME_CHARACTERS: usize = 3;

/// An index of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// Users by organization and address; organizations and role names by path.
    ByPath,
    /// Users by organization and time.
    ByTime,
    /// Users of a tree by address and organization. People who are no members, but known, by
    /// address.
    ByEmail,
    /// Users of a role by organization and address; child organizations; open join requests.
    ByRole,
    /// Memberships and requests of a person, invitations of an address, what else is known of a
    /// person or address, partners of a customer, organizations that approve a domain, or whose
    /// names begin alike; by organization.
    ByIdentity,
    /// Invitations by expiry; members by the end of their access; roles and organizations that are
    /// being deleted.
    ByDue,
}

impl Index {
    /// Every index.
    pub const ALL: [Self; 6] =
        [Self::ByPath, Self::ByTime, Self::ByEmail, Self::ByRole, Self::ByIdentity, Self::ByDue];

    /// The name of the index.
    pub fn name(self) -> &'static str {
        match self {
            Self::ByPath => "by_path",
            Self::ByTime => "by_time",
            Self::ByEmail => "by_email",
            Self::ByRole => "by_role",
            Self::ByIdentity => "by_identity",
            Self::ByDue => "by_due",
        }
    }

    /// The attribute of its hash key.
    pub fn hash(self) -> &'static str {
        match self {
            Self::ByPath | Self::ByTime | Self::ByEmail => IndexAttribute::Tree.name(),
            Self::ByRole => IndexAttribute::Group.name(),
            Self::ByIdentity => IndexAttribute::Identity.name(),
            Self::ByDue => IndexAttribute::Due.name(),
        }
    }

    /// The attribute of its range key.
    pub fn range(self) -> &'static str {
        match self {
            Self::ByPath | Self::ByRole => IndexAttribute::Path.name(),
            Self::ByTime => IndexAttribute::Time.name(),
            Self::ByEmail => IndexAttribute::EmailOrg.name(),
            Self::ByIdentity => "pk",
            Self::ByDue => IndexAttribute::ExpiresAt.name(),
        }
    }
}

/// An attribute that is a key of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexAttribute {
    /// A tree and a kind of item; of a former member, a hash of their address.
    Tree,
    /// A role, a parent or another group.
    Group,
    /// The path of an organization, and what follows it; of an open join request, its id.
    Path,
    /// The path of an organization, and a time.
    Time,
    /// An address and an organization.
    EmailOrg,
    /// A hash of a person or address, or another identity.
    Identity,
    /// A shard of what is due.
    Due,
    /// When it is due. Invitations have it as a field.
    ExpiresAt,
}

impl IndexAttribute {
    /// The name of the attribute.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Group => "group",
            Self::Path => "path",
            Self::Time => "time",
            Self::EmailOrg => "email_org",
            Self::Identity => "identity",
            Self::Due => "due",
            Self::ExpiresAt => "expires_at",
        }
    }
}

/// The attributes by which an item is listed.
pub(super) type Attributes = Vec<(IndexAttribute, String)>;

/// The attributes of a member.
pub(super) fn member(member: &Member) -> Attributes {
    let Member { path, role_id, user_id, joined_at, .. } = member;
    let (role, at) = (*role_id, *joined_at);
    let address = &address_of(member);
    let user = IndexedUser { path, address, role, status: Status::Active, at };
    let mut all = user.attributes();
    all.push((IndexAttribute::Identity, person(PersonId::of(user_id))));
    if member.access_expires_at.is_some() {
        all.push((IndexAttribute::Due, due(due_shard(member.id().to_number()))));
    }
    all
}

/// The attributes of an invitation.
pub(super) fn invitation(invitation: &Invitation) -> Attributes {
    let Invitation { path, email, role_id, id, created_at, .. } = invitation;
    let user = IndexedUser {
        path,
        address: email.as_str(),
        role: *role_id,
        status: Status::Pending,
        at: *created_at,
    };
    let mut all = user.attributes();
    all.push((IndexAttribute::Identity, address(PersonId::of_address(email))));
    all.push((IndexAttribute::Due, due(due_shard(id.address_hash().to_number()))));
    all
}

/// What members and invitations have in common in the users list (U3).
struct IndexedUser<'a> {
    path: &'a OrgPath,
    /// The address; of a service, its id after the prefix of all services.
    address: &'a str,
    role: RoleId,
    status: Status,
    at: Timestamp,
}

impl IndexedUser<'_> {
    fn attributes(&self) -> Attributes {
        let Self { path, address, role, status, at } = *self;
        vec![
            (IndexAttribute::Tree, users(path, status)),
            (IndexAttribute::Path, user_by_address(path, address)),
            (IndexAttribute::Time, user_by_time(path, at, address)),
            (IndexAttribute::EmailOrg, email_in(address, path.id())),
            (IndexAttribute::Group, users_of_role(path, role, status)),
        ]
    }
}

/// The attributes of a person who is no member of an organization, but known there: by account and
/// by address.
pub(super) fn no_member(user: &UserId, email: Option<&Email>, org: OrgId) -> Attributes {
    let mut all = vec![(IndexAttribute::Identity, known_person(PersonId::of(user)))];
    if let Some(email) = email {
        all.push((IndexAttribute::Tree, known_address(PersonId::of_address(email))));
        all.push((IndexAttribute::EmailOrg, id(org)));
    }
    all
}

/// The attributes of an organization.
pub(super) fn organization(org: &Organization) -> Attributes {
    vec![
        (IndexAttribute::Tree, organizations(&org.path)),
        (IndexAttribute::Group, children(org.path.parent())),
        (IndexAttribute::Path, path(&org.path)),
        (IndexAttribute::Identity, organizations_named(&org.name.folded())),
    ]
}

/// The attributes of a join request. The organization lists it while it is open, its person also
/// after it was declined.
pub(super) fn join_request(request: &JoinRequest) -> Attributes {
    let mut all = vec![(IndexAttribute::Identity, requests_of(PersonId::of(&request.user_id)))];
    if request.is_pending() {
        all.push((IndexAttribute::Group, join_requests(request.organization_id)));
        all.push((IndexAttribute::Path, request.id.bare()));
    }
    all
}

/// The attributes of an entry of a bounded list: a domain, or the address of a critical alert user.
pub(super) fn list_entry<T: ListValue>(entry: &ListEntry<T>) -> Attributes {
    let identity = match entry.value.address() {
        Some(address) => known_address(PersonId::of_address(address)),
        None => domain(&entry.value.id(entry.organization_id)),
    };
    vec![(IndexAttribute::Identity, identity)]
}

/// The attributes of a link to a customer.
pub(super) fn customer_link(link: &CustomerLink) -> Attributes {
    vec![(IndexAttribute::Identity, customer(link.customer_id))]
}

/// The number of shards of the index `by_due`.
pub const DUE_SHARDS: u8 = 4;

/// The shard of a member or an address, by the number of its id or hash.
pub fn due_shard(number: u128) -> u8 {
    u8::try_from(number % u128::from(DUE_SHARDS)).unwrap_or_default()
}

// Hash keys of `tree`: the root organization and the kind of item.

/// The users of a tree who have this status.
pub fn users(org: &OrgPath, status: Status) -> String {
    format!("{}#{}", id(org.root_id()), status.name())
}

/// The organizations of a tree.
pub fn organizations(org: &OrgPath) -> String {
    format!("{}#ORGS", id(org.root_id()))
}

/// The names of the custom roles of a tree.
pub fn roles(org: &OrgPath) -> String {
    format!("{}#ROLES", id(org.root_id()))
}

// Hash keys of `group`.

/// The users of a role in a tree.
pub fn users_of_role(org: &OrgPath, role: RoleId, status: Status) -> String {
    let role = match role {
        RoleId::BuiltIn(role) => role.key().to_owned(),
        RoleId::Custom(id) => id.bare(),
    };
    format!("{}#{role}#{}", id(org.root_id()), status.name())
}

/// The organizations directly below one; without a parent all roots.
pub fn children(parent: Option<OrgId>) -> String {
    parent.map_or_else(|| "ROOTS".to_owned(), |org| format!("CHILDREN#{}", id(org)))
}

/// The open requests to join an organization.
pub fn join_requests(org: OrgId) -> String {
    format!("REQUESTS#{}", id(org))
}

// Hash keys of `identity`.

// Identities are hashes, so no index holds a `sub` or an address twice.

/// The memberships of a person.
pub fn person(user: PersonId) -> String {
    format!("USER#{}", user.bare())
}

/// The organizations that know a person who is no member there: a former member, or a person who
/// asked to join or declined an invitation.
pub fn known_person(user: PersonId) -> String {
    format!("KNOWNUSER#{}", user.bare())
}

/// The requests of a person to join.
pub fn requests_of(user: PersonId) -> String {
    format!("ASKED#{}", user.bare())
}

/// The pending invitations of an address.
pub fn address(address: PersonId) -> String {
    format!("EMAIL#{}", address.bare())
}

/// The organizations where an address belongs to a member, a former member, an invitation that
/// ended or a critical alert user. In `tree`, those that know a person with this address who is no
/// member.
pub fn known_address(address: PersonId) -> String {
    format!("KNOWNEMAIL#{}", address.bare())
}

/// The organizations whose folded names have the same first characters: no more of them than one
/// search can read through.
pub fn organizations_named(folded: &str) -> String {
    let first: String = folded.chars().take(NAME_CHARACTERS).collect();
    format!("NAME#{first}")
}

/// The deleted organizations whose folded names had the same first characters.
pub fn deleted_organizations_named(folded: &str) -> String {
    format!("DELETED#{}", organizations_named(folded))
}

/// The partners of a customer.
pub fn customer(customer: OrgId) -> String {
    format!("CUSTOMER#{}", id(customer))
}

/// The organizations that have approved a domain.
pub fn domain(domain: &str) -> String {
    format!("DOMAIN#{domain}")
}

// Hash keys of `due`.

/// What is due in one shard.
pub fn due(shard: u8) -> String {
    format!("DUE#{shard}")
}

/// The digests of mail to managers and inviters.
pub fn due_digests() -> String {
    "DIGESTS".to_owned()
}

/// The shard of a role that is being deleted.
pub fn due_of_role(role: CustomRoleId) -> String {
    due(role.bare().bytes().last().unwrap_or_default() % DUE_SHARDS)
}

/// The shard of an organization that is being deleted.
pub fn due_of_organization(org: OrgId) -> String {
    due(org.bare().bytes().last().unwrap_or_default() % DUE_SHARDS)
}

// Range keys.

/// Separates the path of an organization from what follows. It sorts before `/`, so what belongs to
/// an organization comes before the organizations below it.
const END_OF_PATH: char = '#';

/// Sorts after every character that a key contains.
pub(super) const LAST: char = '\u{10FFFF}';

/// The path of an organization. The keys of all items in its subtree begin with it.
pub fn path(org: &OrgPath) -> String {
    org.ids().map(id).collect::<Vec<_>>().join("/")
}

/// The beginning of the keys of what belongs to one organization.
pub fn in_organization(org: &OrgPath) -> String {
    format!("{}{END_OF_PATH}", path(org))
}

/// The beginnings of the keys of what belongs to an organization, or to one below it.
pub fn in_subtree(org: &OrgPath) -> [String; 2] {
    [in_organization(org), format!("{}/", path(org))]
}

/// After the keys of all that belongs to one organization.
pub fn after_organization(org: &OrgPath) -> String {
    format!("{}{LAST}", in_organization(org))
}

/// Begins what stands for the address of a service. No address begins with it.
pub const SERVICES: &str = ":";

/// The address by which a member is listed. A service has none, so its id stands for it.
pub fn address_of(member: &Member) -> String {
    match &member.email {
        Some(email) => email.as_str().to_owned(),
        None => format!("{SERVICES}{}", member.id().bare()),
    }
}

/// The beginning of the keys of the services of an organization, by address.
pub fn services_in(org: &OrgPath) -> String {
    format!("{}{SERVICES}", in_organization(org))
}

/// A user in an organization, by address.
pub fn user_by_address(org: &OrgPath, address: &str) -> String {
    format!("{}{address}", in_organization(org))
}

/// A user in an organization, by time. The first 32 bits of the hash of their address distinguish
/// users of the same millisecond.
pub fn user_by_time(org: &OrgPath, at: Timestamp, address: &str) -> String {
    let hash = AddressHash::of_text(org.id(), address).to_string();
    let hash = hash.get(..8).unwrap_or_default();
    format!("{}{:015}#{hash}", in_organization(org), at.as_millisecond())
}

/// A user in a tree, by address.
pub fn email_in(address: &str, org: OrgId) -> String {
    format!("{address}#{}", id(org))
}

/// The path at the beginning of a range key; none if it begins with no path.
pub fn path_of(range: &str) -> Option<OrgPath> {
    let path = range.split(END_OF_PATH).next().unwrap_or_default();
    let ids = path.split('/').map(parse_id).collect::<Option<Vec<_>>>()?;
    OrgPath::try_from(ids).ok()
}

/// The digits of an id in a key: base 64 in the order of ASCII, so that ids sort by time here too.
const DIGITS: &str = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

const ID: GeneralPurpose = GeneralPurpose::new(
    &match Alphabet::new(DIGITS) {
        Ok(alphabet) => alphabet,
        Err(_) => panic!("64 distinct characters of ASCII are an alphabet"),
    },
    NO_PAD,
);

/// An id in 22 characters, so that an item at depth 8 stays below 1 KB.
pub fn id(org: OrgId) -> String {
    ID.encode(org.to_bytes())
}

fn parse_id(text: &str) -> Option<OrgId> {
    let bytes = ID.decode(text).ok()?;
    Some(OrgId::from_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
#[path = "tests/index.rs"]
mod tests;
