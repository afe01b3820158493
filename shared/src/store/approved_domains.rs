//! Approved domains: an item each, listed in its organization, and found by its name (ORG2).

use serde_json::json;

use super::{
    Error, Key, Listing, Reply, Store, Window, expression::Expression, item::to_item, keys,
    range::Range, tally::Tally, transaction::or,
};
use crate::domain::{
    Act, ApprovedDomain, Event, EventAction, MailDomain, OrgId, Refusal, Standing,
};

impl Store {
    /// Adds a domain.
    pub async fn add_domain(
        &self,
        act: &Act,
        actor: &Standing,
        approved: &ApprovedDomain,
        reply: &Reply,
    ) -> Result<(), Error> {
        let (org, domain) = (actor.org.id(), &approved.domain);
        let key = Key::approved_domain(org, domain);
        let item = to_item(key.clone(), approved, [("identity", keys::mail_domain(domain))])?;
        let event = Event::new(act, &actor.org, EventAction::ApprovedDomainAdded, of(domain))
            .new_value(json!({ "domain": domain }));
        self.transaction(act)
            .still_held(actor)?
            // Somebody was faster: whoever repeats it finds it there.
            .put_new(key, item, Refusal::ChangedMeanwhile)
            .one_more(org, Tally::Domains)
            .record(event)?
            .commit(reply)
            .await
    }

    /// Removes a domain. What was asked before stays open, and cannot be approved.
    pub async fn remove_domain(
        &self,
        act: &Act,
        actor: &Standing,
        domain: &MailDomain,
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let there = Expression::new("attribute_exists(#pk)", []);
        let event = Event::new(act, &actor.org, EventAction::ApprovedDomainRemoved, of(domain))
            .old(json!({ "domain": domain }));
        self.transaction(act)
            .still_held(actor)?
            .delete(Key::approved_domain(org, domain), there, or(Refusal::NoSuchDomain))
            .one_less(org, Tally::Domains)
            .record(event)?
            .commit(reply)
            .await
    }

    /// An organization's approved domains, by name.
    pub async fn domains(
        &self,
        org: OrgId,
        window: Window<'_>,
    ) -> Result<Listing<ApprovedDomain>, Error> {
        let range = Range::of_table(keys::organization(org), keys::DOMAINS);
        self.page(vec![range], window).await
    }

    /// The organizations that have approved a domain.
    pub async fn approvals(
        &self,
        domain: &MailDomain,
        window: Window<'_>,
    ) -> Result<Listing<ApprovedDomain>, Error> {
        let range = Range::of_index("identity", keys::mail_domain(domain), String::new());
        self.page(vec![range], window).await
    }
}

fn of(domain: &MailDomain) -> (&'static str, String) {
    ("approved_domain", domain.to_string())
}
