//! Links between partners and customers.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    domain::{self, Name, OrgId, RoleObject},
    store::FetchedItems,
};

/// A partner's relation to a customer.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerLink {
    partner_id: OrgId,
    partner_name: Option<Name>,
    customer_id: OrgId,
    customer_name: Option<Name>,
    preferred: bool,
    suspended: bool,
    linked_at: Timestamp,
}

impl CustomerLink {
    /// Shows `link`. `names` has the two organizations.
    pub fn of(link: domain::CustomerLink, names: &FetchedItems) -> Self {
        let domain::CustomerLink { partner_id, customer_id, preferred, suspended, .. } = link;
        let name = |org| names.organization(org).map(|org| org.name.clone());
        Self {
            partner_id,
            partner_name: name(partner_id),
            customer_id,
            customer_name: name(customer_id),
            preferred,
            suspended,
            linked_at: link.linked_at,
        }
    }
}

/// A linked customer as the members of the partner see it, or a linked partner as the members of
/// the customer do (PAR3).
#[derive(Clone, Debug, Serialize)]
pub struct LinkedOrganization {
    id: OrgId,
    name: Option<Name>,
    preferred: bool,
    suspended: bool,
    /// The role objects whose actions the link allows the members of the partner.
    allows: Vec<RoleObject>,
    linked_at: Timestamp,
}

impl LinkedOrganization {
    /// Shows the organization `id` with this name at the other end of `link`.
    pub fn of(link: &domain::CustomerLink, id: OrgId, name: Option<Name>) -> Self {
        let domain::CustomerLink { preferred, suspended, linked_at, .. } = *link;
        Self { id, name, preferred, suspended, allows: link.access().role_objects(), linked_at }
    }
}
