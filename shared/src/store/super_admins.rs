//! The Super Admin role, transferred by who holds it or appointed by an operator.

use serde_json::{Value, json};

use super::{
    Error, Key,
    expression::Expression,
    item::{attribute, text},
    members::MemberChange,
    removed_members::removed_event,
    step::{at_version, gone_or_if},
    transaction::Transaction,
};
use crate::domain::{
    CriticalAlertUser, Event, EventAction, FormerSuperAdmin, Member, Organization, Refusal,
    Standing, SuperAdminAppointment, SuperAdminTransfer,
};

impl Transaction<'_> {
    /// Transfers the Super Admin role. The two members and the organization change in one
    /// transaction, so there is exactly one Super Admin at any time (SA1, SA2).
    ///
    /// # Errors
    ///
    /// [`Refusal::SuperAdminChanged`], [`Refusal::NoSuchMember`] or [`Refusal::TargetNotAdmin`] if
    /// one of the three is not as the rule saw it.
    pub fn transfer(self, actor: &Standing, transfer: &SuperAdminTransfer) -> Result<Self, Error> {
        let context = self.context;
        let SuperAdminTransfer { demoted, member, successor, org } = transfer;
        let former = actor.membership()?;
        let demotion = MemberChange { before: former, after: demoted };
        let promotion = MemberChange { before: member, after: successor };
        let event = Event::new(context, org, EventAction::SuperAdminTransferred, org.target())
            .old(named_super_admin(former))
            .new_value(named_super_admin(successor));
        self.replace_member(demotion, Refusal::SuperAdminChanged)?
            .replace_member(promotion, Refusal::TargetNotAdmin)?
            .name_successor(&actor.org, org, former, Refusal::SuperAdminChanged)?
            .record(event)
    }

    /// Appoints a Super Admin for an operator, who gives a reason (SA6). The former one becomes an
    /// Admin, or leaves as in [`remove_member`](Self::remove_member), with `alert` as there.
    ///
    /// # Errors
    ///
    /// [`Refusal::SuperAdminChanged`], [`Refusal::NoSuchMember`] or
    /// [`Refusal::ChangedConcurrently`] if the organization or one of the two members is not as the
    /// rule saw it, or the entry is another one.
    pub fn appoint_super_admin(
        self,
        before: &Organization,
        appointment: &SuperAdminAppointment,
        alert: Option<&CriticalAlertUser>,
        reason: &str,
    ) -> Result<Self, Error> {
        let context = self.context;
        let SuperAdminAppointment { former, demoted, member, successor, org } = appointment;
        let promotion = MemberChange { before: member, after: successor };
        let event = Event::new(context, org, EventAction::SuperAdminAppointed, org.target())
            .old(json!({
                "super_admin_id": former.id(),
                "successor_role_id": member.role_id,
            }))
            .new_value(json!({
                "super_admin_id": successor.id(),
                "former": if demoted.is_some() { FormerSuperAdmin::Admin } else { FormerSuperAdmin::Removed },
            }))
            .because(reason);
        let writes = self
            .name_successor(before, org, former, Refusal::SuperAdminChanged)?
            .replace_member(promotion, Refusal::ChangedConcurrently)?
            .record(event)?;
        if let Some(after) = demoted {
            let demotion = MemberChange { before: former, after };
            return writes.replace_member(demotion, Refusal::SuperAdminChanged);
        }
        let gone = former.version.next(context.at);
        let event = removed_event(context, org, EventAction::MemberRemoved, former, gone);
        writes
            .end_membership(former, gone)?
            .record(event.because(reason))?
            .end_alerts(org, former, alert)
    }

    /// Names another Super Admin, if the organization is as the rule saw it and names the former
    /// one. `another_one` is the refusal if it names another.
    pub(super) fn name_successor(
        self,
        before: &Organization,
        after: &Organization,
        former: &Member,
        another_one: Refusal,
    ) -> Result<Self, Error> {
        let user = text(former.user_id.as_str());
        let names_former = Expression::new("#super_admin = :former", [("former", user.clone())]);
        let changed = gone_or_if(Refusal::NoSuchOrganization, another_one, move |old| {
            old.get("super_admin") != Some(&user)
        });
        let named = [
            ("successor", attribute(&after.super_admin_user_id)?),
            ("version", attribute(&after.version)?),
        ];
        Ok(self.set(
            Key::organization(after.id()),
            Expression::new("#super_admin = :successor, #version = :version", named),
            names_former.and(at_version(before.version)?),
            changed,
        ))
    }
}

/// The Super Admin, as events show them.
fn named_super_admin(member: &Member) -> Value {
    json!({ "super_admin_id": member.id() })
}
