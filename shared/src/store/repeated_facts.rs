//! Conditions that repeat the facts about roles that a rule relied on.

use super::{
    Error, Key,
    expression::Expression,
    item::{attribute, text},
    step::{OnConditionFailed, has_access, lost_membership, not_grantable, refuse},
    transaction::Transaction,
};
use crate::domain::{BuiltIn, MemberId, Organization, Refusal, RoleId, Standing};

impl Transaction<'_> {
    /// Adds the condition that the actor still holds the role that the rule saw, and that their
    /// access has not ended (END1). A custom role must still give the same levels.
    pub(super) fn still_held(self, actor: &Standing) -> Result<Self, Error> {
        let (org, member) = (&actor.org, actor.membership()?);
        let on_failed = lost_membership(self.context.at);
        self.member_still_holds(org, member.id(), member.role_id, on_failed)
    }

    /// Adds the condition that a member holds this role, which gives the levels that the rule saw,
    /// and that their access has not ended (END1).
    pub(super) fn member_still_holds(
        self,
        org: &Organization,
        member: MemberId,
        role: RoleId,
        on_failed: OnConditionFailed,
    ) -> Result<Self, Error> {
        let held = Expression::new("#role_id = :role", [("role", text(role.to_string()))]);
        let held = held.and(has_access(self.context.at));
        self.check(Key::member(org.id(), member), held, on_failed).role_still_gives(org, role)
    }

    /// Adds the condition that a custom role gives the levels that the rule saw. Built-in roles
    /// never change.
    pub(super) fn role_still_gives(self, org: &Organization, role: RoleId) -> Result<Self, Error> {
        self.role_as_checked(org, role, "#levels = :levels")
    }

    /// Adds the condition that a role may still be granted. For MDF Admin: the organization is in
    /// the MDF programme (ROLE5, INV9). For a custom role: it has the levels that the rule saw, and
    /// is not being deleted (ROLE6). Other roles need no condition.
    pub(super) fn still_grantable(self, org: &Organization, role: RoleId) -> Result<Self, Error> {
        if role != RoleId::BuiltIn(BuiltIn::MdfAdmin) {
            let granted = "#levels = :levels AND attribute_not_exists(#reassignment)";
            return self.role_as_checked(org, role, granted);
        }
        let on = Expression::new("#settings.#mdf_program = :on", [("on", attribute(&true)?)]);
        Ok(self.check(Key::organization(org.id()), on, refuse(Refusal::ChangedConcurrently)))
    }

    fn role_as_checked(
        self,
        org: &Organization,
        role: RoleId,
        condition: &str,
    ) -> Result<Self, Error> {
        let RoleId::Custom(id) = role else { return Ok(self) };
        let levels = attribute(org.roles.get(&id).ok_or(Refusal::NoSuchRole)?)?;
        let condition = Expression::new(condition, [("levels", levels.clone())]);
        let on_failed: OnConditionFailed = Box::new(move |old| match old {
            Some(old) if old.get("levels") != Some(&levels) => Refusal::ChangedConcurrently.into(),
            old => not_grantable(old.as_ref()).into(),
        });
        Ok(self.check(Key::role(org.id(), id), condition, on_failed))
    }
}
