//! The ids of entities. The service creates them and never uses one again.

use std::{fmt, marker::PhantomData, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::Email;

/// The most characters of a `sub` (`OpenID` Connect Core, section 2).
pub const MAX_USER_ID: usize = 255;

/// The text is not an id of the expected kind. Contains the prefix of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an id: it must start with {0}, followed by 26 characters")]
pub struct NotAnId(&'static str);

/// The text is not a valid `sub` claim (`OpenID` Connect Core, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a user id: it must be 1 to 255 printable ASCII characters, with no space at its ends"
)]
pub struct NotAUserId;

/// The id of a person: the `sub` claim of their token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct UserId(String);

impl UserId {
    /// The id for a `sub` claim from a verified token.
    pub fn new(sub: impl Into<String>) -> Self {
        Self(sub.into())
    }

    /// The value of the claim.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserId {
    type Err = NotAUserId;

    fn from_str(sub: &str) -> Result<Self, NotAUserId> {
        let is_printable = sub.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let fits =
            (1..=MAX_USER_ID).contains(&sub.len()) && is_printable && sub.trim_ascii() == sub;
        if fits { Ok(Self::new(sub)) } else { Err(NotAUserId) }
    }
}

impl TryFrom<String> for UserId {
    type Error = NotAUserId;

    fn try_from(sub: String) -> Result<Self, NotAUserId> {
        sub.parse()
    }
}

/// Whether a byte is a digit of an id: base 32 by Crockford, upper case.
fn is_crockford_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || byte.is_ascii_uppercase() && !b"ILOU".contains(&byte)
}

/// Parses a text while it is deserialized, so that an error knows the place of the text.
pub(super) struct ParsedText<T>(pub(super) PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for ParsedText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            const PREFIX: &str = $prefix;

            /// The id without its prefix: 26 characters.
            pub fn bare(self) -> String {
                self.0.to_string()
            }

            /// Parses the text from [`bare`](Self::bare).
            ///
            /// # Errors
            /// [`NotAnId`] if the text is not 26 characters in upper-case Crockford base 32.
            pub fn from_bare(text: &str) -> Result<Self, NotAnId> {
                // The ULID parser also accepts lower case, lookalikes and numbers that are too
                // large.
                let one_spelling = text.bytes().all(is_crockford_digit);
                let ulid = Ulid::from_string(text).ok().filter(|_| one_spelling && text < "8");
                ulid.map(Self).ok_or(NotAnId(Self::PREFIX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", Self::PREFIX, self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::from_bare(text.strip_prefix(Self::PREFIX).ok_or(NotAnId(Self::PREFIX))?)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(ParsedText(PhantomData))
            }
        }
    )* };
}

ids! {
    /// The id of an organization.
    OrgId = "org_";
    /// The id of an invitation. Its random part is the hash of the address, so the id alone
    /// locates the invitation.
    InvitationId = "inv_";
    /// The id of a join request. Its random part is the hash of the person, so the id alone
    /// locates the request.
    JoinRequestId = "req_";
    /// The id of a custom role.
    CustomRoleId = "role_";
    /// The id of an event.
    EventId = "evt_";
    /// The id of a member: a hash of organization and `sub`. Request paths contain this id, never
    /// the `sub`.
    MemberId = "mem_";
    /// The id of a critical alert user: a hash of organization and address.
    AlertId = "alert_";
    /// The id of a person on the whole platform: a hash of their `sub`. If only their address is
    /// known, a hash of the address. Only operators see it.
    PersonId = "person_";
}

/// Adds a constructor for ids that sort by their time of creation.
macro_rules! time_ordered {
    ($($name:ident),*) => { $(
        impl $name {
            /// A new id. Ids sort by the millisecond of their creation.
            pub fn new(now: Timestamp, entropy: u128) -> Self {
                Self(Ulid::from_parts(millis(now), entropy))
            }
        }
    )* };
}

time_ordered!(OrgId, InvitationId, JoinRequestId, CustomRoleId, EventId, PersonId);

impl OrgId {
    /// The 16 bytes of the id. They sort like the id.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_bytes()
    }

    /// The time at which the organization was created.
    pub fn created_at(self) -> Timestamp {
        let millisecond = i64::try_from(self.0.timestamp_ms()).unwrap_or_default();
        Timestamp::from_millisecond(millisecond).unwrap_or_default()
    }

    /// The id with these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Ulid::from_bytes(bytes))
    }
}

impl MemberId {
    /// The id of `user` as a member of `org`. A person who joins again gets the same id.
    pub fn of(org: OrgId, user: &UserId) -> Self {
        Self(Ulid(hash(org, user.as_str(), 16)))
    }

    /// The id as a number.
    pub fn to_number(self) -> u128 {
        self.0.0
    }
}

impl PersonId {
    /// The id of the person with this `sub`.
    pub fn of(user: &UserId) -> Self {
        Self::of_text("SUB", user.as_str())
    }

    /// The id of the person with this address, as long as no more is known of them: they were
    /// invited, or receive critical alerts.
    pub fn of_address(email: &Email) -> Self {
        Self::of_text("ADDRESS", email.as_str())
    }

    /// A `sub` can be an address, so the kind of text is part of the hash.
    fn of_text(kind: &str, text: &str) -> Self {
        let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(text);
        Self(Ulid(leading(&hash.finalize(), 16)))
    }
}

impl AlertId {
    /// The id of the critical alert user with this address in `org`.
    pub fn of(org: OrgId, email: &Email) -> Self {
        Self(Ulid(hash(org, email.as_str(), 16)))
    }
}

impl InvitationId {
    /// The id of an invitation of `email` into `org`.
    pub fn of(now: Timestamp, org: OrgId, email: &Email) -> Self {
        Self::new(now, AddressHash::of(org, email).0)
    }

    /// The hash of the invited address.
    pub fn address_hash(self) -> AddressHash {
        AddressHash(self.0.random())
    }
}

impl JoinRequestId {
    /// The id of a join request of `user` for `org`.
    pub fn of(now: Timestamp, org: OrgId, user: &UserId) -> Self {
        Self::new(now, PersonHash::of(org, user).0)
    }

    /// The hash of the person.
    pub fn person_hash(self) -> PersonHash {
        PersonHash(self.0.random())
    }
}

/// The number of characters of a bare id that hold its time.
const TIME_CHARS: usize = 10;

/// An 80-bit hash of an address in one organization. It locates an invitation by its address or
/// by its id, without an index.
///
/// Hashes can collide, so the reader of an invitation must compare the address (INV4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressHash(u128);

impl AddressHash {
    /// The hash of an address in `org`. The same address has different hashes in different
    /// organizations.
    pub fn of(org: OrgId, email: &Email) -> Self {
        Self::of_text(org, email.as_str())
    }

    /// The hash of a text that replaces an address in `org`.
    pub fn of_text(org: OrgId, text: &str) -> Self {
        Self(hash(org, text, 10))
    }

    /// The hash as ids of invitations contain it.
    pub fn in_ids(self) -> String {
        let id = InvitationId(Ulid::from_parts(0, self.0)).bare();
        id.chars().skip(TIME_CHARS).collect()
    }

    /// The hash as a number.
    pub fn to_number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for AddressHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020x}", self.0)
    }
}

/// An 80-bit hash of a person in one organization. It locates a join request by its person or by
/// its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PersonHash(u128);

impl PersonHash {
    /// The hash of a person in `org`.
    pub fn of(org: OrgId, user: &UserId) -> Self {
        Self(hash(org, user.as_str(), 10))
    }
}

impl fmt::Display for PersonHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020x}", self.0)
    }
}

/// The first `bytes` bytes (at most 16) of the hash of a text in an organization. The id of an
/// organization has a fixed length, so different inputs cannot concatenate to the same text.
fn hash(org: OrgId, text: &str, bytes: usize) -> u128 {
    leading(&Sha256::new().chain_update(org.bare()).chain_update(text).finalize(), bytes)
}

/// The first bytes of a hash as a number.
fn leading(hash: &[u8], bytes: usize) -> u128 {
    hash.iter().take(bytes).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

fn millis(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests/id.rs"]
mod tests;
