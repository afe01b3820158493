//! Links between partners and their customers.

use serde_json::{Value, json};

use super::{
    Error, FetchedItems, Key,
    expression::Expression,
    index,
    item::{attribute, to_item},
    step::{at_version, gone_or, refuse},
    transaction::Transaction,
};
use crate::domain::{
    CustomerLink, Event, EventAction, OrgId, Organization, Refusal, Standing, Target, TargetKind,
    Version,
};

impl FetchedItems {
    /// A partner's link to a customer.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn customer(&self, key: &Key) -> Result<Option<CustomerLink>, Error> {
        self.get(key)
    }
}

/// A link between a partner and a customer before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct LinkChange<'a> {
    /// The partner.
    pub partner: &'a Organization,
    /// The customer.
    pub customer: &'a Organization,
    /// The link as the rule saw it.
    pub before: Option<CustomerLink>,
    /// The link as it becomes; none if it is removed.
    pub after: Option<CustomerLink>,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
}

impl Transaction<'_> {
    /// Changes the link between a partner and a customer as a member of the customer: suspends or
    /// resumes it (PAR3).
    ///
    /// # Errors
    ///
    /// Those of [`link_customer`](Self::link_customer); the refusals of `still_held`.
    pub fn suspend_link(self, actor: &Standing, change: LinkChange<'_>) -> Result<Self, Error> {
        self.still_held(actor)?.change_link(change, Some(change.customer.id()))
    }

    /// Changes the link between a partner and a customer: both organizations count it, and both
    /// histories record it.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the link or one of the organizations is not as the rule
    /// saw it.
    pub fn link_customer(self, change: LinkChange<'_>) -> Result<Self, Error> {
        self.change_link(change, None)
    }

    /// Changes a link. `home` is the organization of the member who changes it. The history of the
    /// other one does not name them.
    pub(super) fn change_link(
        self,
        change: LinkChange<'_>,
        home: Option<OrgId>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let LinkChange { partner, customer, before, after, .. } = change;
        let (version, mut writes) = self.write_link(change)?;
        let counted = [
            (partner, partner.links.of_partner(before, after)),
            (customer, customer.links.of_customer(before, after)),
        ];
        for (org, links) in counted.into_iter().filter(|(org, links)| org.links != *links) {
            writes = writes.set(
                Key::organization(org.id()),
                Expression::new("#links = :links", [("links", attribute(&links)?)]),
                same_links(org)?,
                gone_or(Refusal::NoSuchOrganization, Refusal::ChangedConcurrently),
            );
        }
        let action = match (before, after) {
            (None, _) => EventAction::CustomerLinkAdded,
            (Some(before), Some(after)) => match (before.suspended, after.suspended) {
                (false, true) => EventAction::CustomerLinkSuspended,
                (true, false) => EventAction::CustomerLinkResumed,
                _ => EventAction::CustomerLinkUpdated,
            },
            (Some(_), None) => EventAction::CustomerLinkRemoved,
        };
        for (org, other) in [(partner, customer.id()), (customer, partner.id())] {
            let target = Target::new(TargetKind::CustomerLink, &other, version);
            let event = Event::new(context, org, action, target)
                .old(link_in_event(before))
                .new_value(link_in_event(after));
            let is_foreign = home.is_some_and(|home| org.id() != home);
            let recorded = if is_foreign { event.by_another_organization() } else { event };
            writes = writes.record(recorded)?;
        }
        Ok(writes)
    }

    /// Writes the item of a link, and gives the version after the change.
    fn write_link(self, change: LinkChange<'_>) -> Result<(Version, Self), Error> {
        let LinkChange { partner, customer, before, after, tombstone } = change;
        let key = Key::customer(partner.id(), customer.id());
        let lost = refuse(Refusal::ChangedConcurrently);
        let item = |link: &CustomerLink| to_item(key.clone(), link, index::customer_link(link));
        Ok(match (before, after) {
            (None, None) => (tombstone.unwrap_or_default(), self),
            (None, Some(link)) => {
                (link.version, self.create(key.clone(), item(&link)?, tombstone, lost)?)
            }
            (Some(seen), Some(link)) => {
                let put = self.put(key.clone(), item(&link)?, at_version(seen.version)?, lost);
                (link.version, put)
            }
            (Some(seen), None) => {
                let gone = seen.version.next(self.context.at);
                (gone, self.replace_with_tombstone(key, seen.version, gone, lost)?)
            }
        })
    }
}

/// The organization is of the kind, and linked, as the rule saw it.
fn same_links(org: &Organization) -> Result<Expression, Error> {
    let values = [("before", attribute(&org.links)?), ("kind", attribute(&org.kind)?)];
    Ok(Expression::new("#links = :before AND #kind = :kind", values))
}

fn link_in_event(link: Option<CustomerLink>) -> Value {
    let fields = |link: CustomerLink| {
        let CustomerLink { partner_id, customer_id, preferred, suspended, .. } = link;
        json!({
            "partner_id": partner_id,
            "customer_id": customer_id,
            "preferred": preferred,
            "suspended": suspended,
        })
    };
    link.map_or(Value::Null, fields)
}
