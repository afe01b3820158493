//! The Super Admin role: given to the first Admin, transferred, and appointed by an operator.

use serde_json::{Value, json};

use super::{
    Error, Key,
    expression::Expression,
    item::{attribute, text},
    members::MemberChange,
    removed_members::removed_event,
    step::{Change, OnConditionFailed, at_version, gone_or_if, refuse},
    transaction::Transaction,
};
use crate::domain::{
    CriticalAlertUser, Event, EventAction, FormerSuperAdmin, Member, Organization, Refusal,
    Standing, SuperAdminAppointment, SuperAdminTransfer,
};

impl Transaction<'_> {
    /// Makes `member`, who accepts the first Admin's invitation, the Super Admin of an organization
    /// that has none (SA1, INV8), and records it.
    pub(super) fn first_super_admin(
        self,
        org: &Organization,
        member: &Member,
    ) -> Result<Self, Error> {
        let after = org.with_super_admin(&member.user_id, self.context.at);
        let target = after.target();
        let event = Event::new(self.context, org, EventAction::SuperAdminAssigned, target);
        let event = event.new_value(json!({ "super_admin_id": member.id() }));
        let changed = refuse(Refusal::ChangedConcurrently);
        self.name_super_admin(org, &after, Expression::default(), changed)?.record(event)
    }

    /// Names the Super Admin of an organization that has none, if `vacant` holds.
    pub(super) fn name_super_admin(
        self,
        before: &Organization,
        after: &Organization,
        vacant: Expression,
        on_failed: OnConditionFailed,
    ) -> Result<Self, Error> {
        let values = [
            ("user", attribute(&after.super_admin_user_id)?),
            ("version", attribute(&after.version)?),
        ];
        let set = Expression::new("#super_admin = :user, #version = :version", values);
        let changes =
            vec![Change::Set(set), Change::Remove(Expression::new("#pending_first_admin", []))];
        let none = Expression::new("attribute_not_exists(#super_admin)", []);
        let condition = none.and(at_version(before.version)?).and(vacant);
        Ok(self.update(Key::organization(before.id()), changes, condition, on_failed))
    }

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
