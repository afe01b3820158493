//! The change of the account of a member (OP2).

use serde_json::{Value, json};

use super::{
    Error, Key,
    address_slots::taken_slot,
    continued_members::continued_tombstone,
    expression::Expression,
    item::text,
    members::{access_end_in_event, item, joined, key, name_in_event},
    step::{absent_or, at_version, gone_or, refuse},
    transaction::Transaction,
};
use crate::domain::{
    AddressHash, Event, EventAction, JoinRequest, Member, Organization, Refusal, RoleId, Version,
};

/// A membership that another account of the same person gets.
#[derive(Clone, Copy, Debug)]
pub struct AccountChange<'a> {
    /// The organization.
    pub org: &'a Organization,
    /// The membership with the account that is lost.
    pub before: &'a Member,
    /// The membership with the new account.
    pub after: &'a Member,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
    /// The join request of the new account, which ends.
    pub request: Option<&'a JoinRequest>,
    /// Why the operator trusts the new account.
    pub reason: &'a str,
}

impl Transaction<'_> {
    /// Gives a membership to another account. The member has another id from then on, so an event
    /// about each of the two ids records it.
    ///
    /// # Errors
    ///
    /// [`Refusal::UserAlreadyMember`] if the new account became a member; [`Refusal::NoSuchMember`]
    /// or [`Refusal::ChangedConcurrently`] if the membership is not as the rule saw it.
    pub fn change_account(self, change: AccountChange<'_>) -> Result<Self, Error> {
        let AccountChange { org, before, after, tombstone, request, reason } = change;
        let context = self.context;
        let gone = before.version.next(context.at);
        let lost = gone_or(Refusal::NoSuchMember, Refusal::ChangedConcurrently);
        let event = |target| Event::new(context, org, EventAction::MemberReconnected, target);
        let left = event(before.target(gone))
            .old(kept_in_event(before))
            .new_value(json!({ "member_id": after.id() }))
            .because(reason);
        let former = json!({ "member_id": before.id() });
        let asked = request.map(|request| json!({ "join_request": request.status }));
        let former = joined([Some(former), asked]);
        let taken_over = event(after.target(after.version))
            .old(former)
            .new_value(kept_in_event(after))
            .because(reason);
        let left_behind = continued_tombstone(before, gone, after.id())?;
        self.end_own_request(after, request)?
            .put(key(before), left_behind, at_version(before.version)?, lost)
            .create(
                key(after),
                item(key(after), after)?,
                tombstone,
                absent_or(Refusal::UserAlreadyMember),
            )?
            .move_slot(before, after)?
            .name_account_of_super_admin(change)?
            .record(left)?
            .record(taken_over)
    }

    /// Lets the new account hold the address of the membership. A service has none.
    fn move_slot(self, before: &Member, after: &Member) -> Result<Self, Error> {
        let Some(email) = &after.email else { return Ok(self) };
        let org = after.path.id();
        let slot = Key::address_slot(org, AddressHash::of(org, email));
        let held = Expression::new("#user_id = :lost", [("lost", text(before.user_id.as_str()))]);
        Ok(self.put(
            slot.clone(),
            taken_slot(after, &slot)?,
            held,
            refuse(Refusal::ChangedConcurrently),
        ))
    }

    /// Names the new account where the organization names its Super Admin, and records it there.
    fn name_account_of_super_admin(self, change: AccountChange<'_>) -> Result<Self, Error> {
        let AccountChange { org, before: lost, after: kept, reason, .. } = change;
        if lost.role_id != RoleId::SUPER_ADMIN {
            return Ok(self);
        }
        let context = self.context;
        let renamed = org.with_super_admin(&kept.user_id, context.at);
        let name = |member: &Member| json!({ "super_admin_id": member.id() });
        let event = Event::new(context, &renamed, EventAction::MemberReconnected, renamed.target())
            .old(name(lost))
            .new_value(name(kept))
            .because(reason);
        self.name_successor(org, &renamed, lost, Refusal::ChangedConcurrently)?.record(event)
    }
}

/// What both memberships have in common, as events show it.
fn kept_in_event(member: &Member) -> Value {
    let kept = json!({ "member_id": member.id(), "role_id": member.role_id });
    let name = member.display_name.is_some().then(|| name_in_event(member));
    let end = member.access_expires_at.is_some().then(|| access_end_in_event(member));
    joined([Some(kept), name, end])
}
