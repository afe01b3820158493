//! The names of attributes that several files of the store use. Those of the indexes are in
//! [`index`](super::index).

/// The end of the access of a member, also in the tombstone of a former one.
pub(super) const ACCESS_EXPIRES_AT: &str = "access_expires_at";
/// The folded name of an organization, which a search finds (OP2).
pub(super) const FOLDED_NAME: &str = "folded_name";
/// The folded names of a member, which a search finds (SUB6).
pub(super) const FOLDED_NAMES: &str = "folded_names";
