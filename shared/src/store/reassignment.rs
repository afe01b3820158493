//! Deletes a role that is in use: marks it, gives its users the target role, then deletes it (ROLE6).
//! Each step is one transaction that leaves everything valid. The scheduled clean-up continues
//! where a request stopped.

use std::time::Duration;

use serde_json::json;

use super::{
    Error, FetchedItems, InvitationChange, Key, MemberChange, PageRequest, Position, RoleWithUsers,
    Status, Store, User, UserFilter,
    expression::Expression,
    index,
    item::{Item, attribute, number, text, time},
    roles::shown_role,
    transaction::{Change, OnConditionFailed, Transaction, at_version, refuse},
    user_counts::Counter,
};
use crate::domain::{
    BuiltIn, CustomRole, CustomRoleId, Event, EventAction, MemberKind, OrgId, Organization,
    Reassignment, Refusal, RequestContext, RoleId, Standing, UserCount, check_service_role,
};

/// How many users get the target role in one transaction. With the deleted role, and the target role
/// or the counter item, these are at most 82 of the 100 actions that `DynamoDB` accepts.
const MOVED_AT_ONCE: usize = 80;

/// The state of a role deletion after some steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReassignmentProgress {
    /// All users have the target role, and the role is deleted.
    Done,
    /// Another request deleted the role.
    AlreadyDeleted,
    /// The clean-up continues.
    Unfinished {
        /// How many users have the target role by now.
        moved: UserCount,
        /// How many still have the deleted role.
        remaining: UserCount,
    },
}

/// How many steps in a row may have no effect before the clean-up continues: other requests change
/// the users, or the index does not list them yet.
const MAX_IDLE_STEPS: u32 = 6;
/// The pause after a step without effect. It grows with each, and exceeds the usual lag of an index.
const IDLE_PAUSE: Duration = Duration::from_millis(30);

/// The end of one batch.
enum BatchEnd {
    Deleted,
    AlreadyDeleted,
    Moved,
    /// The page listed only users who have the target role already. The next page follows.
    Skipped,
    /// Another request changed something. The batch is repeated.
    Conflict,
    /// The index does not list the remaining users yet.
    NothingListed,
}

impl Store {
    /// Gives the users of a role that is being deleted the target role, and deletes it, until
    /// `out_of_time` returns true.
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
        out_of_time: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        let mut idle_steps = 0;
        let mut after = None;
        loop {
            match self.reassign_batch(context, org, role, &mut after).await? {
                BatchEnd::Deleted => return Ok(ReassignmentProgress::Done),
                BatchEnd::AlreadyDeleted => return Ok(ReassignmentProgress::AlreadyDeleted),
                BatchEnd::Moved | BatchEnd::Skipped => idle_steps = 0,
                BatchEnd::Conflict | BatchEnd::NothingListed => {
                    idle_steps += 1;
                    tokio::time::sleep(IDLE_PAUSE * idle_steps).await;
                }
            }
            if idle_steps < MAX_IDLE_STEPS && !out_of_time() {
                continue;
            }
            let key = Key::role(org, role);
            let found = self.get([key.clone()]).await?;
            let Some(RoleWithUsers { users: remaining, .. }) = found.role(&key)? else {
                return Ok(ReassignmentProgress::AlreadyDeleted);
            };
            // If no users remain, the next step deletes the role.
            if !remaining.is_empty() || out_of_time() {
                let moved = found.moved(&key);
                return Ok(ReassignmentProgress::Unfinished { moved, remaining });
            }
        }
    }

    /// Moves the users that the index lists after a position, and sets the position of the next
    /// ones. A lagging index still lists users that were moved, but only before the position.
    async fn reassign_batch(
        &self,
        context: &RequestContext,
        org: OrgId,
        role: CustomRoleId,
        after: &mut Option<Position>,
    ) -> Result<BatchEnd, Error> {
        let keys = [Key::organization(org), Key::role(org, role)];
        let found = self.get(keys.clone()).await?;
        let organization = found.organization(org).ok_or(Refusal::NoSuchOrganization)?;
        let found_role = found.role(&Key::role(org, role))?;
        let Some(RoleWithUsers { role: deleted, users }) = found_role else {
            return Ok(BatchEnd::AlreadyDeleted);
        };
        let reassignment = deleted.reassignment.clone().ok_or(Refusal::NoSuchRole)?;
        if users.is_empty() {
            let moved = found.moved(&Key::role(org, role));
            let done = self.end_reassignment(context, &organization, &deleted, moved).await;
            return conflict_as_end(done, BatchEnd::Deleted);
        }
        let role = RoleId::Custom(role);
        let filter = UserFilter::of_roles(&organization.path, Status::ALL.to_vec(), vec![role]);
        let page = PageRequest { limit: MOVED_AT_ONCE, after: after.as_ref() };
        let listed = self.users(&filter, page).await?;
        let current = self.get(listed.items.iter().map(User::key)).await?;
        let current = current.users_of(role, &listed.items)?;
        if current.is_empty() {
            let is_end = listed.next.is_none();
            *after = listed.next;
            return Ok(if is_end { BatchEnd::NothingListed } else { BatchEnd::Skipped });
        }
        let moved =
            self.move_users(context, &organization, &deleted, &reassignment, &current).await;
        if moved.is_ok() {
            *after = listed.next;
        }
        conflict_as_end(moved, BatchEnd::Moved)
    }

    /// Gives these users the target role: all of them or none. The event of the deletion counts them.
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
                    match before.kind() {
                        MemberKind::Person => moved.active += 1,
                        MemberKind::Service => moved.services += 1,
                    }
                    let after = &reassignment.member(before, now);
                    let change = MemberChange { before, after };
                    writes.replace_member(change, Refusal::ChangedConcurrently)?
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
            Change::add("moved_services", count(moved.services)),
        ];
        writes
            .update(
                Key::role(org.id(), role.id),
                changes,
                at_version(role.version)?,
                role_changed(),
            )
            .commit(&())
            .await
            .map(drop)
    }

    /// Deletes a role whose users all have the target role.
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
                "services": moved.services,
            }));
        let writes = self.transaction(context).remove_role(org, role)?.record(event)?;
        writes.even_if_suspended().commit(&()).await.map(drop)
    }
}

fn conflict_as_end(written: Result<(), Error>, done: BatchEnd) -> Result<BatchEnd, Error> {
    use Refusal::{ChangedConcurrently, NoSuchInvitation, NoSuchMember, NoSuchRole, RoleInUse};
    match written {
        Ok(()) => Ok(done),
        Err(Error::Refused(
            ChangedConcurrently | NoSuchInvitation | NoSuchMember | NoSuchRole | RoleInUse(_),
        )) => Ok(BatchEnd::Conflict),
        Err(error) => Err(error),
    }
}

impl FetchedItems {
    /// Those of `users` who have the role, as they were found.
    fn users_of(&self, role: RoleId, users: &[User]) -> Result<Vec<User>, Error> {
        let mut current = Vec::new();
        for user in users {
            let found = match user {
                User::Active(member) => {
                    self.member(member.path.id(), member.id())?.map(User::Active)
                }
                User::Pending(_) => self.pending(&user.key())?.map(User::Pending),
            };
            current.extend(found.filter(|user| user.role() == role));
        }
        Ok(current)
    }

    /// How many users of a role that is being deleted have the target role by now.
    fn moved(&self, role: &Key) -> UserCount {
        let number = |name: &str| self.item(role)?.get(name)?.as_n().ok()?.parse().ok();
        UserCount {
            active: number("moved_active").unwrap_or_default(),
            pending: number("moved_pending").unwrap_or_default(),
            services: number("moved_services").unwrap_or_default(),
        }
    }
}

impl Transaction<'_> {
    /// Marks a role as being deleted. It cannot be granted from then on, because every write that
    /// grants a role has a condition on its item.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] or [`Refusal::ChangedConcurrently`] if the role is not as the rule saw
    /// it; [`Refusal::ReassignmentTarget`] if users of another role are moved to it; the refusals of
    /// `still_grantable` for the target.
    pub fn begin_reassignment(
        self,
        actor: &Standing,
        before: &CustomRole,
        after: &CustomRole,
    ) -> Result<Self, Error> {
        let context = self.context;
        let org = actor.org.id();
        let reassignment = after.reassignment.as_ref().ok_or(Refusal::ChangedConcurrently)?;
        let values = [
            ("reassignment", attribute(reassignment)?),
            ("version", attribute(&after.version)?),
            ("due", text(index::due_of_role(after.id))),
            ("due_at", time(context.at)),
        ];
        let mark = Expression::new(
            "#reassignment = :reassignment, #version = :version, #due = :due, #expires_at = :due_at",
            values,
        );
        let event = Event::new(context, &actor.org, EventAction::RoleUpdated, after.target())
            .old(json!({ "reassign_to": null }))
            .new_value(json!({ "reassign_to": reassignment.to }));
        let allowed = check_service_role(reassignment.to).is_ok();
        self.still_held(actor)?
            .still_grantable(&actor.org, reassignment.to)?
            .count_incoming(org, reassignment.to, 1)
            .update(
                Key::role(org, after.id),
                vec![Change::Set(mark)],
                at_version(before.version)?.and(not_a_target()).and(no_services_unless(allowed)),
                role_changed(),
            )
            .record(event)
    }

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
        self.update(Key::role(org, id), changes, exists, refuse(Refusal::ChangedConcurrently))
    }
}

/// No other role's users are being moved to this role.
pub(super) fn not_a_target() -> Expression {
    let values = [("no_incoming", number(0))];
    Expression::new("attribute_not_exists(#incoming) OR #incoming = :no_incoming", values)
}

/// The role has no services, unless these may get the role that its users get (MACH1).
fn no_services_unless(allowed: bool) -> Expression {
    if allowed {
        return Expression::default();
    }
    let values = [("no_services", number(0))];
    Expression::new("attribute_not_exists(#services) OR #services = :no_services", values)
}

/// Why a role is not as the rule saw it.
pub(super) fn role_changed() -> OnConditionFailed {
    Box::new(|old| match old {
        None => Refusal::NoSuchRole.into(),
        Some(role) if is_target(&role) => Refusal::ReassignmentTarget.into(),
        Some(_) => Refusal::ChangedConcurrently.into(),
    })
}

pub(super) fn is_target(role: &Item) -> bool {
    role.get("incoming").and_then(|count| count.as_n().ok()).is_some_and(|count| count != "0")
}
