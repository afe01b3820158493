//! The suspension of an organization (SA7), and the condition by which every write depends on it
//! and on the deletion of the organization.
//!
//! The organization's item and its counter item both have the attribute `closure` while the
//! organization is suspended, and from its deletion on. A transaction that writes one of the two
//! has the condition on it. All others check the counter item, which stays small: the
//! organization's item grows with its roles.

use serde_json::{Value, json};

use super::{
    Error, Key,
    expression::Expression,
    item::{Item, attribute, text},
    step::{Change, OnConditionFailed, Step, Write, refuse},
    transaction::Transaction,
};
use crate::domain::{Closure, Event, EventAction, OrgId, Organization, Refusal};

/// The attribute of the two items.
const CLOSURE: &str = "closure";

impl Transaction<'_> {
    /// Suspends an organization for an operator, or ends its suspension.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it.
    pub fn change_suspension(
        self,
        before: &Organization,
        after: &Organization,
        reason: &str,
    ) -> Result<Self, Error> {
        let action = match after.suspension() {
            Some(_) => EventAction::OrganizationSuspended,
            None => EventAction::OrganizationResumed,
        };
        let event = Event::new(self.context, after, action, after.target())
            .old(state_in_event(before))
            .new_value(state_in_event(after))
            .because(reason);
        self.change_closure(before, after)?.record(event)
    }

    /// Changes the closure on the organization's item and on its counter item.
    pub(super) fn change_closure(
        self,
        before: &Organization,
        after: &Organization,
    ) -> Result<Self, Error> {
        let change = || {
            Ok::<_, Error>(match &after.closure {
                Some(closure) => Change::Set(Expression::new(
                    "#closure = :closure",
                    [(CLOSURE, attribute(closure)?)],
                )),
                None => Change::Remove(Expression::new("#closure", [])),
            })
        };
        let version = [("version", attribute(&after.version)?)];
        let version = Change::Set(Expression::new("#version = :version", version));
        Ok(self.update_organization(before, vec![change()?, version])?.update(
            Key::counts(after.id()),
            vec![change()?],
            Expression::default(),
            refuse(Refusal::ChangedConcurrently),
        ))
    }

    /// Makes the commit fail if an organization in which the caller acts is suspended. The caller
    /// acts where an event names them, and where the transaction says so itself. Makes it fail if
    /// another organization with an event is deleted.
    pub(super) fn in_open_organizations(mut self) -> Self {
        if self.even_deleted {
            return self;
        }
        let acts_in = std::mem::take(&mut self.acts_in);
        for org in std::mem::take(&mut self.recorded_in).difference(&acts_in) {
            let suspended = [("suspended", text("suspended"))];
            let present = "attribute_not_exists(#closure) OR #closure.#state = :suspended";
            self.require(*org, Expression::new(present, suspended), is_deleted);
        }
        for org in acts_in {
            self.require(org, Expression::new("attribute_not_exists(#closure)", []), |_| true);
        }
        self
    }

    /// Makes the commit fail if `org` is deleted. For an organization without an event.
    pub(super) fn while_present(mut self, org: OrgId) -> Self {
        self.recorded_in.insert(org);
        self
    }

    /// Completes what a member has begun, or ends what a person outside has, also in a suspended
    /// organization.
    pub(super) fn even_if_suspended(mut self) -> Self {
        self.acts_in.clear();
        self
    }

    /// Keeps the reason of a suspension from the caller, who is outside the organization.
    pub(super) fn by_outsider(mut self) -> Self {
        self.by_outsider = true;
        self
    }

    /// Adds a condition on the closure of an organization. `refuses` says of which closures it is.
    fn require(&mut self, org: OrgId, open: Expression, refuses: fn(&Closure) -> bool) {
        let keys = [Key::counts(org), Key::organization(org)];
        let refusal = if self.by_outsider { Closure::refusal_of_entry } else { Closure::refusal };
        let closed_or = |other| closed_or(other, refuses, refusal);
        let Some(step) = self.steps.iter_mut().find(|step| keys.contains(&step.key)) else {
            // An organization without numbers has no counter item, and is open.
            let [key, _] = keys;
            let on_failed = closed_or(refuse(Refusal::NoSuchOrganization));
            let conditions = vec![open];
            self.steps.push(Step { key, write: Write::Check, conditions, on_failed });
            return;
        };
        step.conditions.push(open);
        let on_failed =
            std::mem::replace(&mut step.on_failed, refuse(Refusal::ChangedConcurrently));
        step.on_failed = closed_or(on_failed);
    }
}

fn is_deleted(closure: &Closure) -> bool {
    matches!(closure, Closure::Deleted { .. })
}

/// Gives the refusal of a closed organization, if the item is closed and the condition is about
/// that. While the organization is suspended, an operator's write can also fail for another reason.
fn closed_or(
    other: OnConditionFailed,
    refuses: fn(&Closure) -> bool,
    refusal: fn(&Closure) -> Refusal,
) -> OnConditionFailed {
    Box::new(move |item| match item.as_ref().and_then(closure).filter(refuses) {
        Some(closure) => refusal(&closure).into(),
        None => other(item),
    })
}

fn closure(item: &Item) -> Option<Closure> {
    serde_dynamo::from_attribute_value(item.get(CLOSURE)?.clone()).ok()
}

fn state_in_event(org: &Organization) -> Value {
    json!({ "suspended": org.suspension().is_some() })
}
