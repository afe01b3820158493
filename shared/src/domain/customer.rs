//! Links between a partner and its customers (PAR1, PAR2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, LinkCounts, OrgId, Organization, Refusal, Version};

/// The link between a partner and one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerLink {
    /// The partner.
    pub partner_id: OrgId,
    /// The customer.
    pub customer_id: OrgId,
    /// Whether the partner is the customer's preferred one.
    pub preferred: bool,
    /// The time at which they were linked.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub linked_at: Timestamp,
    /// The version of the link.
    pub version: Version,
}

/// Links a customer to a partner, or changes whether the partner is preferred (PAR1).
///
/// `existing` is the present link, if there is one. `deleted` is the version of a link of the two
/// that was removed a short time ago.
///
/// # Errors
/// - [`Refusal::PartnerRequired`] if `partner` is not a partner organization.
/// - [`Refusal::CustomerMustBeStandard`] if `customer` is not a standard organization.
pub fn link_customer(
    partner: &Organization,
    customer: &Organization,
    existing: Option<CustomerLink>,
    deleted: Option<Version>,
    preferred: bool,
    now: Timestamp,
) -> Result<CustomerLink, Refusal> {
    if partner.kind != Kind::Partner {
        return Err(Refusal::PartnerRequired);
    }
    if customer.kind != Kind::Standard {
        return Err(Refusal::CustomerMustBeStandard);
    }
    Ok(match existing {
        Some(link) if link.preferred == preferred => link,
        Some(link) => CustomerLink { preferred, version: link.version.next(now), ..link },
        None => CustomerLink {
            partner_id: partner.id(),
            customer_id: customer.id(),
            preferred,
            linked_at: now,
            version: Version::first(now, deleted),
        },
    })
}

impl LinkCounts {
    /// The counts of the partner after a change of one of its links.
    pub fn of_partner(self, before: Option<CustomerLink>, after: Option<CustomerLink>) -> Self {
        let count = |number, counts: fn(&CustomerLink) -> bool| {
            recount(number, before.filter(counts), after.filter(counts))
        };
        Self {
            customers: count(self.customers, |_| true),
            preferred: count(self.preferred, |link| link.preferred),
            ..self
        }
    }

    /// The counts of the customer after a change of one of its links.
    pub fn of_customer(self, before: Option<CustomerLink>, after: Option<CustomerLink>) -> Self {
        Self { partners: recount(self.partners, before, after), ..self }
    }
}

/// The number of links after one of them changed. `None`: there is no link.
fn recount(number: u32, before: Option<CustomerLink>, after: Option<CustomerLink>) -> u32 {
    let one_if = |link: Option<CustomerLink>| u32::from(link.is_some());
    number.saturating_sub(one_if(before)).saturating_add(one_if(after))
}
