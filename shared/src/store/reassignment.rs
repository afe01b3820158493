//! Deleting a role that is in use: it is marked, its users get another role, it is deleted (ROLE6).
//! Each step is one transaction that leaves everything valid; the scheduled clean-up continues
//! where a request stopped.

use serde_json::json;

use super::{
    Error, FetchedItems, InvitationChange, Key, MemberChange, PageRequest, Status, Store, User,
    UserFilter,
    expression::Expression,
    item::{Item, attribute, number, text, time},
    keys,
    roles::shown_role,
    transaction::{Change, OnConditionFailed, Transaction, at_version, or},
    user_counts::Counter,
};
use crate::domain::{
    BuiltIn, CustomRole, CustomRoleId, Event, EventAction, OrgId, Organization, Reassignment,
    Refusal, RequestContext, RoleId, Standing, UserCount,
};

/// How many users get the other role in one transaction. Each is an item; with the roles, the
/// counter item and the checks that makes at most 86 of the 100 actions that `DynamoDB` takes.
const MOVED_AT_ONCE: usize = 80;

/// How far the deletion of a role came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReassignmentProgress {
    /// All users have the other role, and the role is deleted.
    Done,
    /// The clean-up continues.
    Unfinished {
        /// How many users have the other role by now.
        moved: UserCount,
        /// How many still have the deleted role.
        remaining: UserCount,
    },
}

/// How many steps in a row may lose against other requests before the clean-up continues.
const LOST_AT_MOST: u32 = 10;

/// The end of one step.
enum Step {
    Deleted,
    Moved,
    /// Another request changed something; the step is repeated.
    Lost,
    /// The index does not list the remaining users yet.
    NothingListed,
}

impl Store {
    /// Marks a role as being deleted: from now on nobody is given it, because every write that
    /// grants a role has a condition on its item.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] or [`Refusal::ChangedConcurrently`] if the role is not as the rule saw
    /// it; [`Refusal::ReassignmentTarget`] if users of another role are moved to it; the refusals of
    /// `still_granted` for the target.
    pub async fn begin_reassignment(
        &self,
        context: &RequestContext,
        actor: &Standing,
        before: &CustomRole,
        after: &CustomRole,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let reassignment = after.reassignment.as_ref().ok_or(Refusal::ChangedConcurrently)?;
        let values = [
            ("reassignment", attribute(reassignment)?),
            ("version", attribute(&after.version)?),
            ("due", text(keys::due(keys::role_shard(after.id)))),
            ("due_at", time(context.at)),
        ];
        let mark = Expression::new(
            "#reassignment = :reassignment, #version = :version, #due = :due, #expires_at = :due_at",
            values,
        );
        let event = Event::new(context, &actor.org, EventAction::RoleUpdated, after.target())
            .old(json!({ "reassign_to": null }))
            .new_value(json!({ "reassign_to": reassignment.to }));
        self.transaction(context)
            .still_held(actor)?
            .still_granted(&actor.org, reassignment.to)?
            .count_incoming(org, reassignment.to, 1)
            .update(
                Key::role(org, after.id),
                vec![Change::Set(mark)],
                at_version(before.version)?.and(not_a_target()),
                role_lost(),
            )
            .record(event)?
            .commit(&())
            .await
            .map(drop)
    }

    /// Gives the users of a role that is being deleted the other role, and deletes it, until
    /// `enough` says that time has run out.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] if the role is not being deleted; [`Error::Unavailable`] if the table
    /// cannot be reached.
    pub async fn reassign_users(
        &self,
        context: &RequestContext,
        org: OrgId,
        role: CustomRoleId,
        enough: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        let mut lost = 0;
        loop {
            match self.reassign_some(context, org, role).await? {
                Step::Deleted => return Ok(ReassignmentProgress::Done),
                Step::Moved => lost = 0,
                Step::Lost => lost += 1,
                Step::NothingListed => lost = LOST_AT_MOST,
            }
            if lost < LOST_AT_MOST && !enough() {
                continue;
            }
            let key = Key::role(org, role);
            let found = self.get([key.clone()]).await?;
            let Some((_, remaining)) = found.role(&key)? else {
                return Ok(ReassignmentProgress::Done);
            };
            // Another request moved the last users, so only the deletion is left.
            if remaining != UserCount::default() || enough() {
                return Ok(ReassignmentProgress::Unfinished {
                    moved: found.moved(&key),
                    remaining,
                });
            }
        }
    }

    async fn reassign_some(
        &self,
        context: &RequestContext,
        org: OrgId,
        role: CustomRoleId,
    ) -> Result<Step, Error> {
        let keys = [Key::organization(org), Key::role(org, role)];
        let found = self.get(keys.clone()).await?;
        let organization = found.organization(org)?.ok_or(Refusal::NoSuchOrganization)?;
        let Some((deleted, users)) = found.role(&Key::role(org, role))? else {
            return Ok(Step::Deleted);
        };
        let reassignment = deleted.reassignment.clone().ok_or(Refusal::NoSuchRole)?;
        if users == UserCount::default() {
            let moved = found.moved(&Key::role(org, role));
            let done = self.end_reassignment(context, &organization, &deleted, moved).await;
            return step(done, Step::Deleted);
        }
        let role = RoleId::Custom(role);
        let filter = UserFilter::of_roles(&organization.path, Status::ALL.to_vec(), vec![role]);
        let page = PageRequest { limit: MOVED_AT_ONCE, after: None };
        let listed = self.users(&filter, page).await?.items;
        let real = self.get(listed.iter().map(User::key)).await?.users_of(role, &listed)?;
        if real.is_empty() {
            return Ok(Step::NothingListed);
        }
        let moved = self.move_users(context, &organization, &deleted, &reassignment, &real).await;
        step(moved, Step::Moved)
    }

    /// Gives these users the other role: all of them or none. The event of the deletion counts them.
    async fn move_users(
        &self,
        context: &RequestContext,
        org: &Organization,
        role: &CustomRole,
        reassignment: &Reassignment,
        users: &[User],
    ) -> Result<(), Error> {
        let (now, mut moved) = (context.at, UserCount::default());
        let mut writes = self.transaction(context);
        for user in users {
            writes = match user {
                User::Active(before) => {
                    moved.active += 1;
                    let after = &reassignment.member(before, now);
                    let change = MemberChange { before, after };
                    writes.change_role(change, Refusal::ChangedConcurrently)?
                }
                User::Pending(before) => {
                    moved.pending += 1;
                    let after = &reassignment.invitation(before, now);
                    let change = InvitationChange { before, after };
                    writes
                        .update_invitation(change)?
                        .count(org.id(), before.role_id, Status::Pending, -1)
                        .count(org.id(), after.role_id, Status::Pending, 1)
                }
            };
        }
        let count = |by: u64| i64::try_from(by).unwrap_or_default();
        let changes = vec![
            Change::add("moved_active", count(moved.active)),
            Change::add("moved_pending", count(moved.pending)),
        ];
        writes
            .update(Key::role(org.id(), role.id), changes, at_version(role.version)?, role_lost())
            .commit(&())
            .await
            .map(drop)
    }

    /// Deletes a role whose users all have the other role.
    async fn end_reassignment(
        &self,
        context: &RequestContext,
        org: &Organization,
        role: &CustomRole,
        moved: UserCount,
    ) -> Result<(), Error> {
        let reassignment = role.reassignment.as_ref().ok_or(Refusal::NoSuchRole)?;
        let gone = role.version.next(context.at);
        let event = Event::new(context, org, EventAction::RoleDeleted, role.target_at(gone))
            .old(shown_role(role))
            .new_value(json!({
                "reassign_to": reassignment.to,
                "members": moved.active,
                "invitations": moved.pending,
            }));
        self.transaction(context).delete_role(org, role)?.record(event)?.commit(&()).await.map(drop)
    }
}

fn step(written: Result<(), Error>, done: Step) -> Result<Step, Error> {
    use Refusal::{ChangedConcurrently, NoSuchInvitation, NoSuchMember, NoSuchRole, RoleInUse};
    match written {
        Ok(()) => Ok(done),
        Err(Error::Refused(
            ChangedConcurrently | NoSuchInvitation | NoSuchMember | NoSuchRole | RoleInUse(_),
        )) => Ok(Step::Lost),
        Err(error) => Err(error),
    }
}

impl User {
    /// The key of the user's item.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Pending(open) => Key::address_slot(open.path.id(), open.id.digest()),
            Self::Active(member) => Key::member(member.path.id(), member.id()),
        }
    }
}

impl FetchedItems {
    /// Those of `users` who have the role, as they were found.
    fn users_of(&self, role: RoleId, users: &[User]) -> Result<Vec<User>, Error> {
        let mut real = Vec::new();
        for user in users {
            let found = match user {
                User::Active(member) => {
                    self.member(member.path.id(), member.id())?.map(User::Active)
                }
                User::Pending(_) => self.pending(&user.key())?.map(User::Pending),
            };
            real.extend(found.filter(|user| user.role() == role));
        }
        Ok(real)
    }

    /// How many users of a role that is being deleted have the other role by now.
    fn moved(&self, role: &Key) -> UserCount {
        let number = |name: &str| self.item(role)?.get(name)?.as_n().ok()?.parse().ok();
        UserCount {
            active: number("moved_active").unwrap_or_default(),
            pending: number("moved_pending").unwrap_or_default(),
        }
    }
}

impl Transaction<'_> {
    /// Counts the roles whose users are being moved to `target`. While there are any, a custom role
    /// cannot be deleted itself, and the settings that a partner role needs cannot be switched off.
    pub(super) fn count_incoming(self, org: OrgId, target: RoleId, by: i64) -> Self {
        let id = match target {
            RoleId::Custom(id) => id,
            RoleId::BuiltIn(BuiltIn::MdfAdmin | BuiltIn::PartnerUser) => {
                return self.count_number(org, Counter::MovesToPartnerRoles, by);
            }
            RoleId::BuiltIn(_) => return self,
        };
        let exists = Expression::new("attribute_exists(#pk)", []);
        let changes = vec![Change::add("incoming", by)];
        self.update(Key::role(org, id), changes, exists, or(Refusal::ChangedConcurrently))
    }
}

/// No other role's users are being moved to this role.
pub(super) fn not_a_target() -> Expression {
    let values = [("no_incoming", number(0))];
    Expression::new("attribute_not_exists(#incoming) OR #incoming = :no_incoming", values)
}

/// Why a role is not as the rule saw it.
pub(super) fn role_lost() -> OnConditionFailed {
    Box::new(|old| match old {
        None => Refusal::NoSuchRole.into(),
        Some(role) if is_target(&role) => Refusal::ReassignmentTarget.into(),
        Some(_) => Refusal::ChangedConcurrently.into(),
    })
}

pub(super) fn is_target(role: &Item) -> bool {
    role.get("incoming").and_then(|count| count.as_n().ok()).is_some_and(|count| count != "0")
}
