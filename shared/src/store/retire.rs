//! The users of a role that is on its way to be deleted, given another one (ROLE6).

use super::{
    Error, Found, Key, Reply, Status, Store, User, UserFilter, Window,
    expression::Expression,
    item::attribute,
    roles::{as_seen, edited, lost},
    transaction::or,
};
use crate::domain::{Act, CustomRole, Place, Refusal, RoleId, Standing, reassign, reoffer};

/// How many users are given the other role at once. Each is an item and an event; with what they
/// share that makes at most 70 of the 100 actions that DynamoDB takes.
const MOVED_AT_ONCE: usize = 30;

impl User {
    /// Where they are.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Pending(invitation) => Key::place(invitation.path.id(), invitation.id.digest()),
            Self::Active(member) => Key::member(member.path.id(), &member.user_id),
        }
    }
}

impl Found {
    /// Those of `users` who are users of the role, as they were found.
    pub fn users_of(&self, role: RoleId, users: &[User]) -> Result<Vec<User>, Error> {
        let mut real = Vec::new();
        for user in users {
            let now = match user {
                User::Active(member) => {
                    self.member(member.path.id(), &member.user_id)?.map(User::Active)
                }
                User::Pending(_) => {
                    self.place(&user.key())?.and_then(Place::pending).map(User::Pending)
                }
            };
            real.extend(now.filter(|now| now.role() == role));
        }
        Ok(real)
    }
}

impl Store {
    /// Some users of a role, as an index shows them: nothing is decided by that.
    pub async fn some_users(&self, actor: &Standing, role: RoleId) -> Result<Vec<User>, Error> {
        let path = &actor.org.path;
        let filter = UserFilter::of_roles(path, Status::ALL.to_vec(), vec![role]);
        Ok(self.users(&filter, Window { limit: MOVED_AT_ONCE, after: None }).await?.items)
    }

    /// Marks a role as on its way to be deleted: from now on nobody is given it, since every
    /// write that gives a role has a condition on its item.
    pub async fn begin_to_retire(
        &self,
        act: &Act,
        actor: &Standing,
        (was, role): (&CustomRole, &CustomRole),
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let target = role.retiring.ok_or(Refusal::ChangedMeanwhile)?;
        let clause = Expression::new("#retiring = :to", [("to", attribute(&target)?)]);
        self.transaction(act)
            .still_held(actor)?
            .still_given(&actor.org, target)?
            .set(Key::role(org, role.id), clause, as_seen(was)?, lost())
            .record(edited(act, &actor.org, (was, role), |_| false))?
            .commit(&Reply::done())
            .await
    }

    /// Gives users of a role that retires the other one: all of them or none.
    pub async fn move_users(
        &self,
        act: &Act,
        actor: &Standing,
        (role, target): (&CustomRole, RoleId),
        users: &[User],
    ) -> Result<(), Error> {
        let retiring = Expression::new("#retiring = :to", [("to", attribute(&target)?)]);
        let role = Key::role(actor.org.id(), role.id);
        let mut writes = self
            .transaction(act)
            .still_held(actor)?
            .still_given(&actor.org, target)?
            .check(role, retiring, or(Refusal::ChangedMeanwhile));
        for user in users {
            writes = match user {
                User::Active(member) => {
                    writes.change_role(&actor.org, (member, &reassign(member, target)))?
                }
                User::Pending(open) => {
                    writes.reoffer(&actor.org, (open, &reoffer(actor, open, target)?))?
                }
            };
        }
        writes.commit(&Reply::done()).await
    }
}
