//! Deletes a role that is in use, and gives its users the target role (ROLE6).
//!
//! One transaction does it for a few users. For more, the first transaction begins the reassignment: from then
//! on, the role cannot be granted. The next ones give users the target role, and the last one also deletes the
//! role. Each leaves everything valid. The scheduled clean-up continues where a request stopped.

use serde_json::json;

use super::{
    Error, FetchedItems, InvitationChange, Key, ListedUser, MemberChange, PageRequest, Position,
    RoleWithUsers, Status, Store, UserFilter,
    counters::{is_number, number_in},
    expression::Expression,
    idle_steps::IdleSteps,
    index,
    item::attribute,
    roles::{is_no_target, role_changed, shown_role},
    step::{Change, at_version},
    transaction::Transaction,
    user_counts::{UserKind, user_count},
};
use crate::domain::{
    CustomRole, CustomRoleId, Event, EventAction, MemberKind, OrgId, Organization, Reassignment,
    Refusal, RequestContext, RoleId, Standing, UserCount, check_service_role,
};

/// How many users get the target role in one transaction. With the other writes and conditions of
/// the deletion, these are at most 90 of the 100 actions that `DynamoDB` accepts.
const USERS_AT_ONCE: usize = 80;

/// A role that is being deleted, as it was found.
#[derive(Clone, Debug)]
pub struct RoleDeletion {
    org: Organization,
    role: CustomRole,
    reassignment: Reassignment,
    /// How many users still have the role. Once the reassignment has begun, the number cannot grow.
    remaining: UserCount,
    /// How many users have the target role by now.
    reassigned: UserCount,
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
        reassigned: UserCount,
        /// How many still have the deleted role.
        remaining: UserCount,
    },
}

/// The end of one batch.
enum BatchEnd {
    Deleted,
    Reassigned,
    /// The page listed only users who have the target role already. The next page follows.
    Skipped,
    /// Another request changed something. The batch is repeated.
    Conflict,
    /// The index does not list the remaining users yet.
    NothingListed,
}

impl Store {
    /// Deletes a role in one transaction that gives its users the target role. Returns false
    /// for a role with more users than one transaction can change: begin a reassignment.
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
        if remaining.members() + remaining.pending > USERS_AT_ONCE as u64 {
            return Ok(false);
        }
        let deletion = RoleDeletion {
            org: actor.org.clone(),
            role: role.clone(),
            reassignment: reassignment.clone(),
            remaining: *remaining,
            reassigned: UserCount::default(),
        };
        let (users, next) = self.users_to_reassign(&deletion, None).await?;
        if next.is_some() {
            return Ok(false);
        }
        if number_of_users(&users) != *remaining {
            return Err(Refusal::ChangedConcurrently.into());
        }
        let writes = self.transaction(context).still_held(actor)?;
        let writes = writes.still_grantable(&actor.org, reassignment.to)?;
        // The caller still acts: a suspension refuses the request.
        let writes = writes.reassign_all(&users, reassignment)?.end_reassignment(&deletion)?;
        writes.commit(&()).await.map(|_| true)
    }

    /// Continues the deletion of a role: see [`reassign_users`](Self::reassign_users).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`] if there is none any more; [`Refusal::NoSuchRole`] if the role is not being
    /// deleted; the errors of [`reassign_users`](Self::reassign_users).
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
    /// [`Refusal::NoSuchOrganization`] if the organization is deleted meanwhile; [`Refusal::NoSuchRole`] if the role is
    /// not being deleted any more; another refusal of a write that no repetition resolves; [`Error::Unavailable`] if
    /// the table cannot be reached.
    pub async fn reassign_users(
        &self,
        context: &RequestContext,
        mut deletion: RoleDeletion,
        out_of_time: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        let (mut idle_steps, mut after) = (IdleSteps::default(), None);
        loop {
            match self.reassign_next_batch(context, &deletion, &mut after).await? {
                BatchEnd::Deleted => return Ok(ReassignmentProgress::Done),
                BatchEnd::Reassigned => idle_steps = IdleSteps::default(),
                BatchEnd::Skipped => {}
                BatchEnd::Conflict | BatchEnd::NothingListed => idle_steps.pause().await,
            }
            let (org, role) = (deletion.org.id(), deletion.role.id);
            let Some(present) = self.role_deletion(org, role).await? else {
                return Ok(ReassignmentProgress::AlreadyDeleted);
            };
            deletion = present;
            let RoleDeletion { reassigned, remaining, .. } = deletion;
            // If no users remain, the next step deletes the role.
            let stops = idle_steps.are_too_many() && !remaining.is_empty();
            if stops || out_of_time() {
                return Ok(ReassignmentProgress::Unfinished { reassigned, remaining });
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

    /// Gives the users that the index lists after a position the target role, and sets the position of the
    /// next ones. A lagging index still lists users who have the target role, but only before the position.
    async fn reassign_next_batch(
        &self,
        context: &RequestContext,
        deletion: &RoleDeletion,
        after: &mut Option<Position>,
    ) -> Result<BatchEnd, Error> {
        let (current, next) = if deletion.remaining.is_empty() {
            (vec![], None)
        } else {
            self.users_to_reassign(deletion, after.as_ref()).await?
        };
        if current.is_empty() && !deletion.remaining.is_empty() {
            let is_end = next.is_none();
            *after = next;
            return Ok(if is_end { BatchEnd::NothingListed } else { BatchEnd::Skipped });
        }
        let end = conflict_as_end(self.reassign_batch(context, deletion, &current).await)?;
        if matches!(end, BatchEnd::Reassigned) {
            *after = next;
        }
        Ok(end)
    }

    /// The users of the role among the next ones that the index lists, and the position after these.
    async fn users_to_reassign(
        &self,
        deletion: &RoleDeletion,
        after: Option<&Position>,
    ) -> Result<(Vec<ListedUser>, Option<Position>), Error> {
        let (path, role) = (&deletion.org.path, RoleId::Custom(deletion.role.id));
        let filter = UserFilter::of_roles(path, Status::ALL.to_vec(), vec![role]);
        let listed = self.users(&filter, PageRequest { limit: USERS_AT_ONCE, after }).await?;
        let found = self.get(listed.items.iter().map(ListedUser::key)).await?;
        Ok((found.users_of(role, &listed.items)?, listed.next))
    }

    /// Gives these users the target role: all of them or none. If no others have the role, the same
    /// transaction deletes it.
    async fn reassign_batch(
        &self,
        context: &RequestContext,
        deletion: &RoleDeletion,
        users: &[ListedUser],
    ) -> Result<BatchEnd, Error> {
        let writes = self.transaction(context).reassign_all(users, &deletion.reassignment)?;
        let number = number_of_users(users);
        let (writes, end) = if number == deletion.remaining {
            (writes.end_reassignment(deletion)?.even_if_suspended(), BatchEnd::Deleted)
        } else {
            (writes.count_reassigned(deletion, number)?, BatchEnd::Reassigned)
        };
        writes.commit(&()).await.map(|_| end)
    }
}

fn number_of_users(users: &[ListedUser]) -> UserCount {
    let mut count = UserCount::default();
    for user in users {
        *match user {
            ListedUser::Pending(_) => &mut count.pending,
            ListedUser::Active(member) => match member.kind() {
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
    fn users_of(&self, role: RoleId, users: &[ListedUser]) -> Result<Vec<ListedUser>, Error> {
        let mut current = Vec::new();
        for user in users {
            let found = match user {
                ListedUser::Active(member) => {
                    self.member(member.path.id(), member.id())?.map(ListedUser::Active)
                }
                ListedUser::Pending(_) => self.pending(&user.key())?.map(ListedUser::Pending),
            };
            current.extend(found.filter(|user| user.role() == role));
        }
        Ok(current)
    }

    /// The deletion of a role that was found with these users, and whose reassignment has begun.
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
        let item = self.item(&Key::role(org.id(), role.id));
        let reassigned = user_count(|kind| number_in(item, reassigned_attribute(kind)));
        Ok(RoleDeletion { org: org.clone(), role, reassignment, remaining, reassigned })
    }
}

/// The attribute of a role's item with the number of users who have the target role.
fn reassigned_attribute(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Person => "moved_active",
        UserKind::Invitation => "moved_pending",
        UserKind::Service => "moved_services",
    }
}

impl Transaction<'_> {
    /// Begins the deletion of a role with users. It cannot be granted from then on, because every write that
    /// grants a role has a condition on its item.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] or [`Refusal::ChangedConcurrently`] if the role is not as the rule saw
    /// it; [`Refusal::RoleIsReassignmentTarget`] if users of another role get it; the refusals of
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
            .count_reassignment_to(org, reassignment.to, 1)
            .update(
                Key::role(org, after.id),
                vec![Change::Set(mark), due],
                at_version(before.version)?.and(is_no_target()).and(no_services_unless(allowed)),
                role_changed(),
            )
            .record(event)
    }

    /// Gives users of the deleted role the target role.
    fn reassign_all(
        self,
        users: &[ListedUser],
        reassignment: &Reassignment,
    ) -> Result<Self, Error> {
        users.iter().try_fold(self, |writes, user| writes.reassign(user, reassignment))
    }

    /// Gives a user of the deleted role the target role.
    fn reassign(self, user: &ListedUser, reassignment: &Reassignment) -> Result<Self, Error> {
        let now = self.context.at;
        match user {
            ListedUser::Active(before) => {
                let after = &reassignment.member(before, now);
                let change = MemberChange { before, after };
                self.replace_member(change, Refusal::ChangedConcurrently)
            }
            ListedUser::Pending(before) => {
                let (org, after) = (before.path.id(), &reassignment.invitation(before, now));
                let change = InvitationChange { before, after };
                Ok(self
                    .update_invitation(change)?
                    .count(org, before.role_id, UserKind::Invitation, -1)
                    .count(org, after.role_id, UserKind::Invitation, 1))
            }
        }
    }

    /// Counts users who got the target role. The event of the deletion has their number.
    fn count_reassigned(self, deletion: &RoleDeletion, users: UserCount) -> Result<Self, Error> {
        let add = |kind: UserKind| {
            let by = i64::try_from(kind.number_in(users)).unwrap_or_default();
            Change::add(reassigned_attribute(kind), by)
        };
        let key = Key::role(deletion.org.id(), deletion.role.id);
        let seen = at_version(deletion.role.version)?;
        let counted = self.update(key, UserKind::ALL.map(add).into(), seen, role_changed());
        // No event of the batch names the organization.
        Ok(counted.while_present(deletion.org.id()))
    }

    /// Deletes the role. The transaction gives the remaining users the target role, and no others got it
    /// meanwhile, so the number in the event is exact.
    fn end_reassignment(self, deletion: &RoleDeletion) -> Result<Self, Error> {
        let RoleDeletion { org, role, reassignment, remaining, reassigned } = deletion;
        let gone = role.version.next(self.context.at);
        let all = |kind: UserKind| kind.number_in(*remaining) + kind.number_in(*reassigned);
        let event = Event::new(self.context, org, EventAction::RoleDeleted, role.target_at(gone))
            .old(shown_role(role))
            .new_value(json!({
                "reassign_to": reassignment.to,
                "members": all(UserKind::Person),
                "invitations": all(UserKind::Invitation),
                "services": all(UserKind::Service),
            }));
        let same =
            |kind: UserKind| is_number(reassigned_attribute(kind), kind.number_in(*reassigned));
        let as_seen = Expression::all(UserKind::ALL.map(same));
        self.remove_role(org, role, *remaining)?
            .also(&Key::role(org.id(), role.id), as_seen)
            .record(event)
    }
}

/// The role has no services, unless these may get the role that its users get (MACH1).
fn no_services_unless(allowed: bool) -> Expression {
    if allowed {
        return Expression::default();
    }
    is_number(UserKind::Service.attribute(), 0)
}
