//! Security settings: on the organization's item, which every request reads anyway (ORG3).

use serde_json::json;

use super::{
    Error, Key, Reply, Store, expression::Expression, item::attribute, transaction::gone_or,
};
use crate::domain::{Act, Event, EventAction, Organization, Refusal, Standing};

impl Store {
    /// Sets what `secured` says, where the organization still says what the rule saw.
    pub async fn secure(
        &self,
        act: &Act,
        actor: &Standing,
        secured: &Organization,
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = &actor.org;
        let clause =
            Expression::new("#security = :security", [("security", attribute(&secured.security)?)]);
        // What says nothing of its own is not stored at first.
        let unset = Expression::new("attribute_not_exists(#security)", []);
        let unset = if org.security.is_default() { unset } else { Expression::default() };
        let unchanged =
            unset.or(Expression::new("#security = :was", [("was", attribute(&org.security)?)]));
        let target = ("organization", org.id().to_string());
        let event = Event::new(act, org, EventAction::SecurityUpdated, target)
            .old(json!(org.security))
            .new_value(json!(secured.security));
        let lost = gone_or(Refusal::NoSuchOrganization, Refusal::ChangedMeanwhile);
        self.transaction(act)
            .still_held(actor)?
            .set(Key::organization(org.id()), clause, unchanged, lost)
            .record(event)?
            .commit(reply)
            .await
    }
}
