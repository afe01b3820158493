//! Partners and their customers: linked, told apart, unlinked.

use serde_json::{Value, json};

use super::{
    Error, Found, Key, Listing, Reply, Store, Window,
    expression::Expression,
    item::{attribute, to_item},
    keys,
    range::Range,
    transaction::{gone_or, or},
};
use crate::domain::{Act, CustomerLink, Event, EventAction, Links, OrgId, Organization, Refusal};

impl Found {
    /// A partner's link to a customer.
    pub fn customer(&self, key: &Key) -> Result<Option<CustomerLink>, Error> {
        self.get(key)
    }
}

impl Store {
    /// Makes the link between a partner and a customer what it is `now`: both organizations count
    /// it, and both histories tell of it.
    pub async fn link_customer(
        &self,
        act: &Act,
        (partner, customer): (&Organization, &Organization),
        (was, now): (Option<CustomerLink>, Option<CustomerLink>),
        reply: &Reply,
    ) -> Result<(), Error> {
        let (here, there) = (partner.id(), customer.id());
        let key = Key::customer(here, there);
        let as_read = match was {
            None => Expression::new("attribute_not_exists(#pk)", []),
            Some(was) => Expression::new(
                "#preferred = :preferred",
                [("preferred", attribute(&was.preferred)?)],
            ),
        };
        let lost = or(Refusal::ChangedMeanwhile);
        let writes = self.transaction(act);
        let mut writes = match now {
            None => writes.delete(key, as_read, lost),
            Some(link) => {
                let indexed = [("identity", keys::customer(there))];
                writes.put(key.clone(), to_item(key, &link, indexed)?, as_read, lost)
            }
        };
        for (org, links) in [
            (partner, partner.links.of_partner(was, now)),
            (customer, customer.links.of_customer(was, now)),
        ] {
            writes = writes.set(
                Key::organization(org.id()),
                Expression::new("#links = :links", [("links", attribute(&links)?)]),
                same_links(org, org.links)?,
                gone_or(Refusal::NoSuchOrganization, Refusal::ChangedMeanwhile),
            );
        }
        let action = match (was, now) {
            (None, _) => EventAction::CustomerLinkAdded,
            (Some(_), Some(_)) => EventAction::CustomerLinkUpdated,
            (Some(_), None) => EventAction::CustomerLinkRemoved,
        };
        for (org, other) in [(partner, there), (customer, here)] {
            let event = Event::new(act, org, action, ("organization", other.to_string()));
            writes = writes.record(event.old(told(was)).new_value(told(now)))?;
        }
        writes.commit(reply).await
    }

    /// A partner's customers, the longest-standing organization first.
    pub async fn customers(
        &self,
        partner: OrgId,
        window: Window<'_>,
    ) -> Result<Listing<CustomerLink>, Error> {
        let range = Range::of_table(keys::organization(partner), keys::CUSTOMERS);
        self.page(vec![range], window).await
    }

    /// A customer's partners, the longest-standing organization first.
    pub async fn partners(
        &self,
        customer: OrgId,
        window: Window<'_>,
    ) -> Result<Listing<CustomerLink>, Error> {
        let range = Range::of_index("identity", keys::customer(customer), String::new());
        self.page(vec![range], window).await
    }
}

/// The organization is still of its kind, and linked as it was.
fn same_links(org: &Organization, links: Links) -> Result<Expression, Error> {
    let values = [("was", attribute(&links)?), ("kind", attribute(&org.kind)?)];
    Ok(Expression::new("#links = :was AND #kind = :kind", values))
}

fn told(link: Option<CustomerLink>) -> Value {
    let told = |CustomerLink { partner_id, customer_id, preferred, .. }| json!({ "partner_id": partner_id, "customer_id": customer_id, "preferred": preferred });
    link.map_or(Value::Null, told)
}
