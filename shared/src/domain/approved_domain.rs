//! Domains whose people may ask to join an organization (ORG2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Level, MailDomain, OrgId, Refusal, RoleObject, Standing, UserId};

/// How many an organization may have.
pub const MAX_DOMAINS: u64 = 20;

/// A domain that an organization has approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedDomain {
    /// Which organization.
    pub organization_id: OrgId,
    /// Which domain.
    pub domain: MailDomain,
    /// Who added it, by an address of their own in it.
    pub added_by: UserId,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub added_at: Timestamp,
}

/// Approves a domain, or says why not.
///
/// 1. The actor has `organization_general_information` full.
/// 2. It is, exactly, the domain of the actor's own verified address.
/// 3. It is no public provider's.
pub fn approve_domain(
    actor: &Standing,
    domain: Option<MailDomain>,
    now: Timestamp,
) -> Result<ApprovedDomain, Refusal> {
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    let own = MailDomain::of(actor.person.verified_email()?);
    let domain = domain.filter(|domain| *domain == own).ok_or(Refusal::NotYourDomain)?;
    if domain.is_public() {
        return Err(Refusal::PublicMailDomain);
    }
    let added_by = actor.membership()?.user_id.clone();
    Ok(ApprovedDomain { organization_id: actor.org.id(), domain, added_by, added_at: now })
}
