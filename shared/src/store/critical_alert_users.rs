//! Who receives critical alerts: an item an address (ORG4).

use serde_json::json;

use super::{
    Error, Key, Listing, Reply, Store, Window, expression::Expression, item::to_item, keys,
    range::Range, tally::Tally, transaction::or,
};
use crate::domain::{Act, CriticalAlertUser, Email, Event, EventAction, OrgId, Refusal, Standing};

impl Store {
    /// Adds an address.
    pub async fn add_critical_alert_user(
        &self,
        act: &Act,
        actor: &Standing,
        user: &CriticalAlertUser,
        reply: &Reply,
    ) -> Result<(), Error> {
        let (org, email) = (actor.org.id(), &user.email);
        let key = Key::critical_alert_user(org, email);
        let item = to_item(key.clone(), user, [])?;
        let event = Event::new(act, &actor.org, EventAction::CriticalAlertUserAdded, of(email))
            .new_value(json!({ "email": email }));
        self.transaction(act)
            .still_held(actor)?
            // Somebody was faster: whoever repeats it finds it there.
            .put_new(key, item, Refusal::ChangedMeanwhile)
            .one_more(org, Tally::CriticalAlertUsers)
            .record(event)?
            .commit(reply)
            .await
    }

    /// Removes an address.
    pub async fn remove_critical_alert_user(
        &self,
        act: &Act,
        actor: &Standing,
        email: &Email,
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let there = Expression::new("attribute_exists(#pk)", []);
        let gone = or(Refusal::NoSuchCriticalAlertUser);
        let event = Event::new(act, &actor.org, EventAction::CriticalAlertUserRemoved, of(email))
            .old(json!({ "email": email }));
        self.transaction(act)
            .still_held(actor)?
            .delete(Key::critical_alert_user(org, email), there, gone)
            .one_less(org, Tally::CriticalAlertUsers)
            .record(event)?
            .commit(reply)
            .await
    }

    /// Who receives an organization's critical alerts, by address.
    pub async fn critical_alert_users(
        &self,
        org: OrgId,
        window: Window<'_>,
    ) -> Result<Listing<CriticalAlertUser>, Error> {
        let range = Range::of_table(keys::organization(org), keys::CRITICAL_ALERT_USERS);
        self.page(vec![range], window).await
    }
}

fn of(email: &Email) -> (&'static str, String) {
    ("critical_alert_user", email.to_string())
}
