//! Partners and their customers: which organization works for which (PAR1, PAR2).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Links, OrgId, Organization, Refusal};

/// A partner's relation to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerLink {
    /// Who works for the customer.
    pub partner_id: OrgId,
    /// For whom.
    pub customer_id: OrgId,
    /// Is it the customer's preferred partner?
    pub preferred: bool,
    /// Since when they are linked.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub linked_at: Timestamp,
}

/// Links a customer to a partner, or says anew whether it is preferred (PAR1).
///
/// 1. Only a partner has customers.
/// 2. A customer is a standard organization.
pub fn link_customer(
    partner: &Organization,
    customer: &Organization,
    was: Option<CustomerLink>,
    preferred: bool,
    now: Timestamp,
) -> Result<CustomerLink, Refusal> {
    if partner.kind != Kind::Partner {
        return Err(Refusal::OnlyPartnersHaveCustomers);
    }
    if customer.kind != Kind::Standard {
        return Err(Refusal::CustomersAreStandard);
    }
    let linked_at = was.map_or(now, |was| was.linked_at);
    let (partner_id, customer_id) = (partner.id(), customer.id());
    Ok(CustomerLink { partner_id, customer_id, preferred, linked_at })
}

impl Links {
    /// The partner's links once one of them is `now` what it `was`.
    #[must_use]
    pub fn of_partner(self, was: Option<CustomerLink>, now: Option<CustomerLink>) -> Self {
        let preferred = |link: Option<CustomerLink>| link.is_some_and(|link| link.preferred);
        Self {
            customers: moved(self.customers, was.is_some(), now.is_some()),
            preferred: moved(self.preferred, preferred(was), preferred(now)),
            ..self
        }
    }

    /// The same for the customer.
    #[must_use]
    pub fn of_customer(self, was: Option<CustomerLink>, now: Option<CustomerLink>) -> Self {
        Self { partners: moved(self.partners, was.is_some(), now.is_some()), ..self }
    }
}

/// A count of those for whom something holds, when for one of them it held and now holds.
fn moved(count: u32, held: bool, holds: bool) -> u32 {
    count.saturating_sub(u32::from(held)).saturating_add(u32::from(holds))
}
