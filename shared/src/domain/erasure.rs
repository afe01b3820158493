//! The erasure of a person by an operator (ERA1).

use super::{NamedOrganization, Organization, Refusal};

/// Checks that a person can be erased who is the Super Admin of `organizations`: of none. Their
/// memberships end, and the Super Admin never goes without a successor (SA1).
///
/// # Errors
/// [`Refusal::SuperAdminOf`] with these organizations.
pub fn check_erasable<'a>(
    organizations: impl IntoIterator<Item = &'a Organization>,
) -> Result<(), Refusal> {
    let named = |org: &Organization| NamedOrganization { id: org.id(), name: org.name.clone() };
    let organizations: Vec<_> = organizations.into_iter().map(named).collect();
    if organizations.is_empty() { Ok(()) } else { Err(Refusal::SuperAdminOf(organizations)) }
}
