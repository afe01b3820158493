//! Names for things: never reused, never guessed from a request's body.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use super::Email;

/// A text that is not an id of the kind wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an id: expected `{0}` and 26 characters")]
pub struct NotAnId(&'static str);

/// Why a text is nobody's `sub`: `OpenID` Connect's limits, within which it also fits into a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a user id: expected 1 to 255 visible ASCII characters")]
pub struct NotAUserId;

/// The `sub` claim of a signed-in person: the only identity there is. Opaque to us.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct UserId(String);

impl UserId {
    /// Wraps a `sub` claim.
    #[must_use]
    pub fn new(sub: impl Into<String>) -> Self {
        Self(sub.into())
    }

    /// The claim as it came.
    #[must_use]
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
        let fits =
            (1..=255).contains(&sub.len()) && sub.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self::new(sub)) } else { Err(NotAUserId) }
    }
}

impl TryFrom<String> for UserId {
    type Error = NotAUserId;

    fn try_from(sub: String) -> Result<Self, NotAUserId> {
        sub.parse()
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            const PREFIX: &str = $prefix;

            /// A new id, sortable by the millisecond it was made in.
            #[must_use]
            pub fn new(now: Timestamp, entropy: u128) -> Self {
                Self(Ulid::from_parts(millis(now), entropy))
            }

            /// The id without its prefix, as it stands in keys: 26 characters.
            #[must_use]
            pub fn bare(self) -> String {
                self.0.to_string()
            }

            /// Reads [`bare`](Self::bare) back.
            pub fn from_bare(text: &str) -> Result<Self, NotAnId> {
                let ulid = Ulid::from_string(text).map_err(|_| NotAnId(Self::PREFIX))?;
                // One spelling an id: lower case and look-alike letters are somebody's mistake.
                if ulid.to_string() == text { Ok(Self(ulid)) } else { Err(NotAnId(Self::PREFIX)) }
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
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )* };
}

ids! {
    /// An organization, wherever in a tree it stands.
    OrgId = "org_";
    /// An invitation. Its random part is the address's digest, so that the id alone locates it.
    InvitationId = "inv_";
    /// A request to join. Its random part is the person's digest, so that the id alone locates it.
    JoinRequestId = "req_";
    /// A custom role.
    CustomRoleId = "role_";
    /// An entry in an organization's history.
    EventId = "evt_";
}

impl InvitationId {
    /// The id of an invitation of `email` into `org`.
    #[must_use]
    pub fn of(now: Timestamp, org: OrgId, email: &Email) -> Self {
        Self::new(now, AddressDigest::of(org, email).0)
    }

    /// Where its address has its place.
    #[must_use]
    pub fn digest(self) -> AddressDigest {
        AddressDigest(self.0.random())
    }
}

impl JoinRequestId {
    /// The id of a request of `user` to join `org`.
    #[must_use]
    pub fn of(now: Timestamp, org: OrgId, user: &UserId) -> Self {
        Self::new(now, PersonDigest::of(org, user).0)
    }

    /// Where its person's request has its place.
    #[must_use]
    pub fn digest(self) -> PersonDigest {
        PersonDigest(self.0.random())
    }
}

/// An address in one organization, in the 80 bits that an id has room for: what locates an
/// invitation from its address and from its id alike, without an index.
///
/// It is a locator, not a proof: whoever uses it compares the address it finds (INV4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressDigest(u128);

impl AddressDigest {
    /// Digests an address. The organization is part of it, so that equal addresses do not look
    /// equal across organizations.
    #[must_use]
    pub fn of(org: OrgId, email: &Email) -> Self {
        Self(digest(org, email.as_str()))
    }

    /// One of `parts` equal parts of all addresses.
    #[must_use]
    pub fn part(self, parts: u8) -> u8 {
        u8::try_from(self.0 % u128::from(parts.max(1))).unwrap_or_default()
    }
}

impl fmt::Display for AddressDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020x}", self.0)
    }
}

/// A person in one organization, in as many bits: what locates their request to join from their
/// token and from its id alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PersonDigest(u128);

impl PersonDigest {
    /// Digests a person.
    #[must_use]
    pub fn of(org: OrgId, user: &UserId) -> Self {
        Self(digest(org, user.as_str()))
    }
}

impl fmt::Display for PersonDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020x}", self.0)
    }
}

/// 80 bits of a text in an organization. Its id has always the same length, so the two do not run
/// into each other.
fn digest(org: OrgId, text: &str) -> u128 {
    let digest = Sha256::new().chain_update(org.bare()).chain_update(text).finalize();
    digest.iter().take(10).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

fn millis(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_fits_into_a_key() {
        assert_eq!("auth0|42".parse(), Ok(UserId::new("auth0|42")));
        for other in ["", "a b", "é", "a\n", &"s".repeat(256)] {
            assert_eq!(other.parse::<UserId>(), Err(NotAUserId), "{other}");
            assert!(serde_json::from_value::<UserId>(other.into()).is_err(), "{other}");
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = OrgId::new(Timestamp::UNIX_EPOCH, 77);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for other in [text.to_lowercase(), text.replace("org_", "inv_"), format!("{text}0")] {
            assert!(other.parse::<OrgId>().is_err(), "{other}");
        }
    }
}
