//! Deletes a role that is in use, and gives its users the target role (ROLE6).
//!
//! One transaction does it for a few users. For more, the role is marked first, which nobody can be given
//! from then on, and then users are moved, until the last transaction deletes the role. Each leaves
//! everything valid. The scheduled clean-up continues where a request stopped.

use std::time::Duration;

use serde_json::json;

use super::{
    Error, FetchedItems, InvitationChange, Key, MemberChange, PageRequest, Position, RoleWithUsers,
    Status, Store, User, UserFilter,
    counters::{is_number, number_in},
    expression::Expression,
    index,
    item::{Item, attribute},
    roles::shown_role,
    transaction::{Change, OnConditionFailed, Transaction, at_version, refuse},
    user_counts::{Counter, UserKind, user_count},
};
use crate::domain::{
    BuiltIn, CustomRole, CustomRoleId, Event, EventAction, MemberKind, OrgId, Organization,
    Reassignment, Refusal, RequestContext, RoleId, Standing, UserCount, check_service_role,
};

/// How many users get the target role in one transaction. With what ends together with the role, and what
/// allows the caller to delete it, these are at most 90 of the 100 actions that `DynamoDB` accepts.
const MOVED_AT_ONCE: usize = 80;

/// The attribute of a role's item with the number of roles whose users are being moved to it.
const INCOMING: &str = "incoming";

/// A role that is being deleted, as it was found.
#[derive(Clone, Debug)]
pub struct RoleDeletion {
    org: Organization,
    role: CustomRole,
    reassignment: Reassignment,
    /// How many users still have the role. Once the role is marked, the number cannot grow.
    remaining: UserCount,
    /// How many users have the target role by now.
    moved: UserCount,
}

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
    Moved,
    /// The page listed only users who have the target role already. The next page follows.
    Skipped,
    /// Another request changed something. The batch is repeated.
    Conflict,
    /// The index does not list the remaining users yet.
    NothingListed,
}

impl Store {
    /// Deletes a role in one transaction that gives its users the target role. Returns whether it did: a role
    /// with more users than one transaction moves is to be marked.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] or another refusal if something changed meanwhile, or the index does
    /// not list all users yet; [`Error::Unavailable`] if the table cannot be reached.
    pub async fn delete_role_with_users(
        &self,
        context: &RequestContext,
        actor: &Standing,
        RoleWithUsers { role, users: remaining }: &RoleWithUsers,
        reassignment: &Reassignment,
    ) -> Result<bool, Error> {
        let deletion = RoleDeletion {
            org: actor.org.clone(),
            role: role.clone(),
            reassignment: reassignment.clone(),
            remaining: *remaining,
            moved: UserCount::default(),
        };
        let (users, next) = self.users_to_move(&deletion, None).await?;
        if next.is_some() {
            return Ok(false);
        }
        if number_of_users(&users) != *remaining {
            return Err(Refusal::ChangedConcurrently.into());
        }
        let writes = self.transaction(context).still_held(actor)?;
        let writes = writes.still_grantable(&actor.org, reassignment.to)?;
        let writes = writes.reassign_all(&users, reassignment)?.end_reassignment(&deletion)?;
        writes.commit(&()).await.map(|_| true)
    }

    /// Continues the deletion of a role: see [`reassign_users`](Self::reassign_users).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] if the role is not being deleted; [`Error::Unavailable`] if the table
    /// cannot be reached.
    pub async fn continue_role_deletion(
        &self,
        context: &RequestContext,
        org: OrgId,
        role: CustomRoleId,
        out_of_time: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        match self.role_deletion(org, role).await? {
            Some(deletion) => self.reassign_users(context, deletion, out_of_time).await,
            None => Ok(ReassignmentProgress::AlreadyDeleted),
        }
    }

    /// Gives the users of a role that is being deleted the target role, and deletes it, until
    /// `out_of_time` returns true.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be reached.
    pub async fn reassign_users(
        &self,
        context: &RequestContext,
        mut deletion: RoleDeletion,
        out_of_time: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        let (mut idle_steps, mut after) = (0, None);
        loop {
            match self.reassign_batch(context, &deletion, &mut after).await? {
                BatchEnd::Deleted => return Ok(ReassignmentProgress::Done),
                BatchEnd::Moved => idle_steps = 0,
                BatchEnd::Skipped => {}
                BatchEnd::Conflict | BatchEnd::NothingListed => {
                    idle_steps += 1;
                    tokio::time::sleep(IDLE_PAUSE * idle_steps).await;
                }
            }
            let (org, role) = (deletion.org.id(), deletion.role.id);
            let Some(present) = self.role_deletion(org, role).await? else {
                return Ok(ReassignmentProgress::AlreadyDeleted);
            };
            deletion = present;
            let RoleDeletion { moved, remaining, .. } = deletion;
            // If no users remain, the next step deletes the role.
            let stops = idle_steps >= MAX_IDLE_STEPS && !remaining.is_empty();
            if stops || out_of_time() {
                return Ok(ReassignmentProgress::Unfinished { moved, remaining });
            }
        }
    }

    async fn role_deletion(
        &self,
        org: OrgId,
        role: CustomRoleId,
    ) -> Result<Option<RoleDeletion>, Error> {
        let key = Key::role(org, role);
        let found = self.get([Key::organization(org), key.clone()]).await?;
        let org = found.organization(org).ok_or(Refusal::NoSuchOrganization)?;
        let role = found.role(&key)?;
        Ok(role.map(|role| found.role_deletion(&org, role)).transpose()?)
    }

    /// Moves the users that the index lists after a position, and sets the position of the next
    /// ones. A lagging index still lists users that were moved, but only before the position.
    async fn reassign_batch(
        &self,
        context: &RequestContext,
        deletion: &RoleDeletion,
        after: &mut Option<Position>,
    ) -> Result<BatchEnd, Error> {
        if deletion.remaining.is_empty() {
            return conflict_as_end(self.move_users(context, deletion, &[]).await);
        }
        let (current, next) = self.users_to_move(deletion, after.as_ref()).await?;
        if current.is_empty() {
            let is_end = next.is_none();
            *after = next;
            return Ok(if is_end { BatchEnd::NothingListed } else { BatchEnd::Skipped });
        }
        let end = conflict_as_end(self.move_users(context, deletion, &current).await)?;
        if matches!(end, BatchEnd::Moved) {
            *after = next;
        }
        Ok(end)
    }

    /// The users of the role among the next ones that the index lists, and the position after these.
    async fn users_to_move(
        &self,
        deletion: &RoleDeletion,
        after: Option<&Position>,
    ) -> Result<(Vec<User>, Option<Position>), Error> {
        let (path, role) = (&deletion.org.path, RoleId::Custom(deletion.role.id));
        let filter = UserFilter::of_roles(path, Status::ALL.to_vec(), vec![role]);
        let listed = self.users(&filter, PageRequest { limit: MOVED_AT_ONCE, after }).await?;
        let found = self.get(listed.items.iter().map(User::key)).await?;
        Ok((found.users_of(role, &listed.items)?, listed.next))
    }

    /// Gives these users the target role: all of them or none. If no others have the role, the same
    /// transaction deletes it.
    async fn move_users(
        &self,
        context: &RequestContext,
        deletion: &RoleDeletion,
        users: &[User],
    ) -> Result<BatchEnd, Error> {
        let writes = self.transaction(context).reassign_all(users, &deletion.reassignment)?;
        let moved = number_of_users(users);
        let (writes, end) = if moved == deletion.remaining {
            (writes.end_reassignment(deletion)?.even_if_suspended(), BatchEnd::Deleted)
        } else {
            (writes.count_moved(deletion, moved)?, BatchEnd::Moved)
        };
        writes.commit(&()).await.map(|_| end)
    }
}

fn number_of_users(users: &[User]) -> UserCount {
    let mut count = UserCount::default();
    for user in users {
        *match user {
            User::Pending(_) => &mut count.pending,
            User::Active(member) => match member.kind() {
                MemberKind::Person => &mut count.persons,
                MemberKind::Service => &mut count.services,
            },
        } += 1;
    }
    count
}

fn conflict_as_end(written: Result<BatchEnd, Error>) -> Result<BatchEnd, Error> {
    use Refusal::{ChangedConcurrently, NoSuchInvitation, NoSuchMember, NoSuchRole, RoleInUse};
    match written {
        Err(Error::Refused(
            ChangedConcurrently | NoSuchInvitation | NoSuchMember | NoSuchRole | RoleInUse(_),
        )) => Ok(BatchEnd::Conflict),
        written => written,
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

    /// The deletion of a role that was found with these users, and that is marked now.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] if the role is not being deleted.
    pub fn role_deletion(
        &self,
        org: &Organization,
        RoleWithUsers { role, users: remaining }: RoleWithUsers,
    ) -> Result<RoleDeletion, Refusal> {
        let reassignment = role.reassignment.clone().ok_or(Refusal::NoSuchRole)?;
        let moved = self.item(&Key::role(org.id(), role.id));
        let moved = user_count(|kind| number_in(moved, moved_attribute(kind)));
        Ok(RoleDeletion { org: org.clone(), role, reassignment, remaining, moved })
    }
}

/// The attribute of a role's item with the number of users who have the target role.
fn moved_attribute(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Person => "moved_active",
        UserKind::Invitation => "moved_pending",
        UserKind::Service => "moved_services",
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
        let values =
            [("reassignment", attribute(reassignment)?), ("version", attribute(&after.version)?)];
        let mark = Expression::assignments(values);
        let due = Change::list_as_due(index::due_of_role(after.id), context.at);
        let event = Event::new(context, &actor.org, EventAction::RoleUpdated, after.target())
            .old(json!({ "reassign_to": null }))
            .new_value(json!({ "reassign_to": reassignment.to }));
        let allowed = check_service_role(reassignment.to).is_ok();
        self.still_held(actor)?
            .still_grantable(&actor.org, reassignment.to)?
            .count_incoming(org, reassignment.to, 1)
            .update(
                Key::role(org, after.id),
                vec![Change::Set(mark), due],
                at_version(before.version)?
                    .and(receives_no_users())
                    .and(no_services_unless(allowed)),
                role_changed(),
            )
            .record(event)
    }

    /// Gives users of the deleted role the target role.
    fn reassign_all(self, users: &[User], reassignment: &Reassignment) -> Result<Self, Error> {
        users.iter().try_fold(self, |writes, user| writes.reassign(user, reassignment))
    }

    /// Gives a user of the deleted role the target role.
    fn reassign(self, user: &User, reassignment: &Reassignment) -> Result<Self, Error> {
        let now = self.context.at;
        match user {
            User::Active(before) => {
                let after = &reassignment.member(before, now);
                let change = MemberChange { before, after };
                self.replace_member(change, Refusal::ChangedConcurrently)
            }
            User::Pending(before) => {
                let (org, after) = (before.path.id(), &reassignment.invitation(before, now));
                let change = InvitationChange { before, after };
                Ok(self
                    .update_invitation(change)?
                    .count(org, before.role_id, UserKind::Invitation, -1)
                    .count(org, after.role_id, UserKind::Invitation, 1))
            }
        }
    }

    /// Counts these users as moved. The event of the deletion has their number.
    fn count_moved(self, deletion: &RoleDeletion, moved: UserCount) -> Result<Self, Error> {
        let add = |kind: UserKind| {
            let by = i64::try_from(kind.of(moved)).unwrap_or_default();
            Change::add(moved_attribute(kind), by)
        };
        let key = Key::role(deletion.org.id(), deletion.role.id);
        let seen = at_version(deletion.role.version)?;
        let counted = self.update(key, UserKind::ALL.map(add).into(), seen, role_changed());
        // No event of the batch names the organization.
        Ok(counted.while_present(deletion.org.id()))
    }

    /// Deletes the role. The transaction moves the users that remain, and no others moved meanwhile, so
    /// the number in the event is exact.
    fn end_reassignment(self, deletion: &RoleDeletion) -> Result<Self, Error> {
        let RoleDeletion { org, role, reassignment, remaining, moved } = deletion;
        let gone = role.version.next(self.context.at);
        let all = |kind: UserKind| kind.of(*remaining) + kind.of(*moved);
        let event = Event::new(self.context, org, EventAction::RoleDeleted, role.target_at(gone))
            .old(shown_role(role))
            .new_value(json!({
                "reassign_to": reassignment.to,
                "members": all(UserKind::Person),
                "invitations": all(UserKind::Invitation),
                "services": all(UserKind::Service),
            }));
        let unmoved = |kind: UserKind| is_number(moved_attribute(kind), kind.of(*moved));
        let as_seen = Expression::all(UserKind::ALL.map(unmoved));
        self.remove_role(org, role, *remaining)?
            .also(&Key::role(org.id(), role.id), as_seen)
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
        let changes = vec![Change::add(INCOMING, by)];
        self.update(Key::role(org, id), changes, exists, refuse(Refusal::ChangedConcurrently))
    }
}

/// No users of another role are being moved to this role.
pub(super) fn receives_no_users() -> Expression {
    is_number(INCOMING, 0)
}

/// The role has no services, unless these may get the role that its users get (MACH1).
fn no_services_unless(allowed: bool) -> Expression {
    if allowed {
        return Expression::default();
    }
    is_number(UserKind::Service.attribute(), 0)
}

/// Why a role is not as the rule saw it.
pub(super) fn role_changed() -> OnConditionFailed {
    Box::new(|old| match old {
        None => Refusal::NoSuchRole.into(),
        Some(role) if receives_users(&role) => Refusal::ReassignmentTarget.into(),
        Some(_) => Refusal::ChangedConcurrently.into(),
    })
}

pub(super) fn receives_users(role: &Item) -> bool {
    number_in(Some(role), INCOMING) > 0
}
