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
        // What says nothing of its own is not stored.
        let unset = Expression::new("attribute_not_exists(#security)", []);
        let unset = if org.security.is_default() { unset } else { Expression::default() };
        let unchanged =
            unset.or(Expression::new("#security = :was", [("was", attribute(&org.security)?)]));
        let target = ("organization", org.id().to_string());
        let event = Event::new(act, org, EventAction::SecurityUpdated, target)
            .old(json!(org.security))
            .new_value(json!(secured.security));
        let lost = gone_or(Refusal::NoSuchOrganization, Refusal::ChangedMeanwhile);
        let key = Key::organization(org.id());
        let writes = self.transaction(act).still_held(actor)?;
        let writes = if secured.security.is_default() {
            writes.remove(key, Expression::new("#security", []), unchanged, lost)
        } else {
            let values = [("security", attribute(&secured.security)?)];
            writes.set(key, Expression::new("#security = :security", values), unchanged, lost)
        };
        writes.record(event)?.commit(reply).await
    }
}
