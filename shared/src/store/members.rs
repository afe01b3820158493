//! Members: who is in, as what, and who is out.

use serde_json::json;

use super::{
    Error, Key, Reply, Status, Store,
    expression::Expression,
    item::{number, text, to_item},
    listed,
    places::{taken, taken_by_another},
    transaction::{Transaction, gone_or, or},
};
use crate::domain::{
    Act, AddressDigest, Event, EventAction, IdentityProviderRole, Member, Organization, Refusal,
    RoleId, Standing, levels_in,
};

impl Store {
    /// Gives `target` the role of `changed`.
    pub async fn change_role(
        &self,
        act: &Act,
        actor: &Standing,
        (target, changed): (&Member, &Member),
        reply: &Reply,
    ) -> Result<(), Error> {
        self.transaction(act)
            .still_held(actor)?
            .still_given(&actor.org, changed.role_id)?
            .change_role(&actor.org, (target, changed))?
            .commit(reply)
            .await
    }

    /// Removes `target`.
    pub async fn remove_member(
        &self,
        act: &Act,
        actor: &Standing,
        target: &Member,
        reply: &Reply,
    ) -> Result<(), Error> {
        let event = gone(act, &actor.org, EventAction::MemberRemoved, target);
        self.transaction(act).still_held(actor)?.unseat(target).record(event)?.commit(reply).await
    }

    /// Lets the member go.
    pub async fn leave(
        &self,
        act: &Act,
        org: &Organization,
        member: &Member,
        reply: &Reply,
    ) -> Result<(), Error> {
        let event = gone(act, org, EventAction::MemberLeft, member);
        self.transaction(act).unseat(member).record(event)?.commit(reply).await
    }

    /// Hands the Super Admin role on: the two members and the organization change together, so
    /// that nobody ever sees two, or none (SA1, SA2).
    pub async fn transfer(
        &self,
        act: &Act,
        actor: &Standing,
        (former, heir): (&Member, &Member),
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let event = Event::new(act, &actor.org, EventAction::SuperAdminTransferred, of(heir))
            .old(json!({ "super_admin_user_id": former.user_id }))
            .new_value(json!({ "super_admin_user_id": heir.user_id }));
        let was_admin = Member { role_id: RoleId::ADMIN, ..heir.clone() };
        let was = text(former.user_id.as_str());
        let handed = [("heir", text(heir.user_id.as_str()))];
        self.transaction(act)
            .reassign(actor.membership()?, former.role_id, Refusal::TransferredMeanwhile)
            .and_set(Expression::new("#part = :part", [("part", number(former.part))]))
            .reassign(&was_admin, heir.role_id, Refusal::NotAnAdmin)
            .set(
                Key::organization(org),
                Expression::new("#super_admin = :heir", handed),
                Expression::new("#super_admin = :was", [("was", was)]),
                or(Refusal::TransferredMeanwhile),
            )
            .record(event)?
            .commit(reply)
            .await
    }
}

impl Transaction<'_> {
    /// Seats a new member, who has no place yet, and locks their address (INV2).
    pub(super) fn seat(self, member: &Member) -> Result<Self, Error> {
        let org = member.path.id();
        let lock = Key::place(org, digest(member));
        let taken = taken(member, &lock)?;
        let free = Expression::new("attribute_not_exists(#pk)", []);
        Ok(self.seat_only(member)?.put(lock, taken, free, taken_by_another()))
    }

    /// Seats a new member whose address has a place that somebody else turns into the lock.
    pub(super) fn seat_only(self, member: &Member) -> Result<Self, Error> {
        let org = member.path.id();
        let key = Key::member(org, &member.user_id);
        let item = to_item(key.clone(), member, listed::member(member))?;
        Ok(self.put_new(key, item, Refusal::AlreadyMember).count(
            org,
            member.part,
            member.role_id,
            Status::Active,
            1,
        ))
    }

    /// Takes a member's seat, as they hold it, and frees their address. The Super Admin's seat is
    /// never taken: whoever gets it in between does not hold the role read.
    fn unseat(self, member: &Member) -> Self {
        let org = member.path.id();
        self.delete(
            Key::member(org, &member.user_id),
            holds(member),
            gone_or(Refusal::NoSuchMember, Refusal::ChangedMeanwhile),
        )
        .delete(
            Key::place(org, digest(member)),
            Expression::new("#user_id = :user", [("user", text(member.user_id.as_str()))]),
            or(Refusal::ChangedMeanwhile),
        )
        .count(org, member.part, member.role_id, Status::Active, -1)
    }

    /// Gives a member another role, counts them there, and records it.
    pub(super) fn change_role(
        self,
        org: &Organization,
        (was, changed): (&Member, &Member),
    ) -> Result<Self, Error> {
        let told = |role: RoleId| {
            let levels = levels_in(org, role);
            json!({
                "role_id": role,
                "identity_provider_role": levels.map(IdentityProviderRole::of),
            })
        };
        let event = Event::new(self.act(), org, EventAction::MemberRoleChanged, of(was))
            .old(told(was.role_id))
            .new_value(told(changed.role_id));
        self.reassign(was, changed.role_id, Refusal::ChangedMeanwhile)
            .count(org.id(), was.part, was.role_id, Status::Active, -1)
            .count(org.id(), was.part, changed.role_id, Status::Active, 1)
            .record(event)
    }

    /// Gives a member another role, where they still hold the one read.
    fn reassign(self, member: &Member, role: RoleId, lost: Refusal) -> Self {
        let clause = Expression::new("#role_id = :role", [("role", text(role.to_string()))]);
        let listed = listed::in_role((&member.path, Status::Active), role);
        let key = Key::member(member.path.id(), &member.user_id);
        self.set(key, clause, holds(member), gone_or(Refusal::NoSuchMember, lost))
            .and_set(Expression::texts(listed))
    }
}

fn digest(member: &Member) -> AddressDigest {
    AddressDigest::of(member.path.id(), &member.email)
}

/// The member holds the role read, and is counted where they were then: who held it, handed it on
/// and got it back may be counted elsewhere.
fn holds(member: &Member) -> Expression {
    Expression::new(
        "#role_id = :held AND #part = :part",
        [("held", text(member.role_id.to_string())), ("part", number(member.part))],
    )
}

fn of(member: &Member) -> (&'static str, String) {
    ("member", member.user_id.to_string())
}

fn gone(act: &Act, org: &Organization, action: EventAction, member: &Member) -> Event {
    Event::new(act, org, action, of(member)).old(json!({
        "user_id": member.user_id,
        "email": member.email,
        "role_id": member.role_id,
    }))
}
