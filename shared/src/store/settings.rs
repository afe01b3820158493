//! Changes of the settings of an organization by operators, and of its security settings.

use serde_json::{Value, json};

use super::{
    Error, Key,
    expression::Expression,
    item::attribute,
    step::{Change, OnConditionFailed, refuse},
    transaction::Transaction,
    user_counts::Counter,
};
use crate::domain::{
    Event, EventAction, Kind, Organization, Refusal, RequestContext, Settings, Standing,
};

impl Transaction<'_> {
    /// Changes the kind and the settings of an organization (SUB1, PAR1).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it, or a user
    /// got a partner role meanwhile.
    pub fn update_settings(
        self,
        before: &Organization,
        after: &Organization,
    ) -> Result<Self, Error> {
        let context = self.context;
        let values = [
            ("settings", attribute(&after.settings)?),
            ("kind", attribute(&after.kind)?),
            ("version", attribute(&after.version)?),
        ];
        let clause = "#settings = :settings, #kind = :kind, #version = :version";
        let changes = vec![Change::Set(Expression::new(clause, values))];
        // A link made meanwhile would be between two organizations of a kind (PAR1).
        let same_links = Expression::new("#links = :links", [("links", attribute(&before.links)?)]);
        let lost = refuse(Refusal::ChangedConcurrently);
        let event = Event::new(context, after, EventAction::SettingsUpdated, after.target())
            .old(settings_in_event(before))
            .new_value(settings_in_event(after));
        self.update_organization(before, changes)?
            .check(Key::organization(before.id()), same_links, lost)
            .write_kind_to_counts(before, after.kind)?
            .keep_mdf_program_for_reassignments(before, after)
            .record(event)
    }

    /// Changes the security settings of an organization (ORG3). They are stored on its item, which
    /// every request reads.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it; the refusals
    /// of `still_held`.
    pub fn update_security(self, actor: &Standing, secured: &Organization) -> Result<Self, Error> {
        let event = security_event(self.context, &actor.org, secured);
        self.still_held(actor)?.put_security(&actor.org, secured)?.record(event)
    }

    /// Removes the sign-in requirements of an organization for an operator, who gives a reason
    /// (ORG3).
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] if the organization is not as the rule saw it.
    pub fn reset_security(
        self,
        before: &Organization,
        after: &Organization,
        reason: &str,
    ) -> Result<Self, Error> {
        let event = security_event(self.context, before, after).because(reason);
        self.put_security(before, after)?.record(event)
    }

    fn put_security(self, before: &Organization, after: &Organization) -> Result<Self, Error> {
        let version = [("version", attribute(&after.version)?)];
        let version = Change::Set(Expression::new("#version = :version", version));
        let security = if after.security.is_default() {
            Change::Remove(Expression::new("#security", []))
        } else {
            let values = [("security", attribute(&after.security)?)];
            Change::Set(Expression::new("#security = :security", values))
        };
        self.update_organization(before, vec![version, security])
    }

    /// Sets the attribute `standard` of the counter item when an organization stops being a
    /// partner, so that no partner role is granted meanwhile. Removes it when an organization
    /// becomes a partner.
    fn write_kind_to_counts(self, before: &Organization, kind: Kind) -> Result<Self, Error> {
        let key = Key::counts(before.id());
        let lost = partner_roles_needed();
        Ok(match (before.kind, kind) {
            (Kind::Partner, Kind::Standard) => {
                let unused = Expression::all(Counter::PARTNER_ROLES.map(Counter::is_zero));
                let standard = Expression::assignments([("standard", attribute(&true)?)]);
                self.set(key, standard, unused, lost)
            }
            (Kind::Standard, Kind::Partner) => {
                let partner = Change::Remove(Expression::new("#standard", []));
                self.update(key, vec![partner], Expression::default(), lost)
            }
            _ => self,
        })
    }

    /// Checks that no reassignment to MDF Admin is in progress if the MDF programme is switched off
    /// (ROLE5, ROLE6).
    fn keep_mdf_program_for_reassignments(
        self,
        before: &Organization,
        after: &Organization,
    ) -> Self {
        if !before.settings.mdf_program || after.settings.mdf_program {
            return self;
        }
        let none = Counter::ReassignmentsToPartnerRoles.is_zero();
        self.check(Key::counts(before.id()), none, partner_roles_needed())
    }
}

/// Why partner roles, or the MDF programme, cannot be switched off.
fn partner_roles_needed() -> OnConditionFailed {
    Box::new(|counts| match Counter::ReassignmentsToPartnerRoles.number_on(counts.as_ref()) {
        0 => Refusal::ChangedConcurrently.into(),
        _ => Refusal::RoleIsReplacement.into(),
    })
}

/// The event of changed security settings. The retention until now applies to it.
fn security_event(context: &RequestContext, before: &Organization, after: &Organization) -> Event {
    Event::new(context, before, EventAction::SecurityUpdated, after.target())
        .old(json!(before.security))
        .new_value(json!(after.security))
}

fn settings_in_event(org: &Organization) -> Value {
    let Settings { manage_sub_organizations, mdf_program } = org.settings;
    json!({
        "kind": org.kind,
        "manage_sub_organizations": manage_sub_organizations,
        "mdf_program": mdf_program,
    })
}
