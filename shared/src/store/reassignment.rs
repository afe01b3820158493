//! Deletes a role that is in use, and gives its users the replacement role (ROLE6).
//!
//! One transaction does it for a few users. For more, the first transaction begins the
//! reassignment: from then on, the role cannot be granted. The next ones give users the replacement
//! role, and the last one also deletes the role. Each leaves everything valid. The scheduled
//! clean-up continues where a request stopped.

use super::{
    Error, FetchedItems, Key, ListedUser, PageRequest, Position, RoleWithUsers, Status, Store,
    UserFilter, idle_steps::IdleSteps, reassignment_steps::RoleDeletion,
};
use crate::domain::{
    CustomRoleId, MemberKind, OrgId, Reassignment, Refusal, RequestContext, RoleId, Standing,
    UserCount,
};

/// How many users get the replacement role in one transaction. With the other writes and conditions
/// of the deletion, these are at most 90 of the 100 actions that `DynamoDB` accepts.
const USERS_AT_ONCE: usize = 80;

/// The state of a role deletion after some steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReassignmentProgress {
    /// All users have the replacement role, and the role is deleted.
    Done,
    /// Another request deleted the role.
    AlreadyDeleted,
    /// The clean-up continues.
    Unfinished {
        /// How many users have the replacement role by now.
        reassigned: UserCount,
        /// How many still have the deleted role.
        remaining: UserCount,
    },
}

/// The outcome of a deletion in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionAtOnce {
    /// All users have the replacement role, and the role is deleted.
    Deleted,
    /// One transaction cannot change so many users: begin a reassignment.
    TooManyUsers,
}

/// The end of one batch.
enum BatchEnd {
    Deleted,
    /// The next batch is after this position.
    Reassigned(Option<Position>),
    /// The page listed only users who have the replacement role already. The next page follows.
    Skipped(Position),
    /// Another request changed something. The batch is repeated.
    Conflict,
    /// The index does not list the remaining users yet.
    NothingListed,
}

impl Store {
    /// Deletes a role in one transaction that gives its users the replacement role, if they are
    /// few.
    ///
    /// # Errors
    ///
    /// [`Refusal::ChangedConcurrently`] or another refusal if something changed meanwhile, or the
    /// index does not list all users yet; [`Error::Unavailable`] if the table cannot be reached.
    pub async fn delete_role_with_users(
        &self,
        context: &RequestContext,
        actor: &Standing,
        RoleWithUsers { role, users: remaining }: &RoleWithUsers,
        reassignment: &Reassignment,
    ) -> Result<DeletionAtOnce, Error> {
        if remaining.members() + remaining.pending > USERS_AT_ONCE as u64 {
            return Ok(DeletionAtOnce::TooManyUsers);
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
            return Ok(DeletionAtOnce::TooManyUsers);
        }
        if number_of_users(&users) != *remaining {
            return Err(Refusal::ChangedConcurrently.into());
        }
        let writes = self
            .transaction(context)
            .still_held(actor)?
            .still_grantable(&actor.org, reassignment.to)?
            .reassign_all(&users, reassignment)?
            // The caller still acts: a suspension refuses the request.
            .end_reassignment(&deletion)?;
        writes.commit(&()).await.map(|_| DeletionAtOnce::Deleted)
    }

    /// Continues the deletion of a role: see [`reassign_users`](Self::reassign_users).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`] if there is none any more; [`Refusal::NoSuchRole`] if the
    /// role is not being deleted; the errors of [`reassign_users`](Self::reassign_users).
    pub async fn continue_role_deletion(
        &self,
        context: &RequestContext,
        org: OrgId,
        role: CustomRoleId,
        out_of_time: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        match self.read_role_deletion(org, role).await? {
            Some(deletion) => self.reassign_users(context, deletion, out_of_time).await,
            None => Ok(ReassignmentProgress::AlreadyDeleted),
        }
    }

    /// Gives the users of a role that is being deleted the replacement role, and deletes it, until
    /// `out_of_time` returns true.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchOrganization`] if the organization is deleted meanwhile;
    /// [`Refusal::NoSuchRole`] if the role is not being deleted any more; another refusal of a
    /// write that no repetition resolves; [`Error::Unavailable`] if the table cannot be reached.
    pub async fn reassign_users(
        &self,
        context: &RequestContext,
        mut deletion: RoleDeletion,
        out_of_time: impl Fn() -> bool,
    ) -> Result<ReassignmentProgress, Error> {
        let mut idle_steps = IdleSteps::default();
        let mut after = None;
        loop {
            match self.reassign_next_batch(context, &deletion, after.as_ref()).await? {
                BatchEnd::Deleted => return Ok(ReassignmentProgress::Done),
                BatchEnd::Reassigned(next) => {
                    idle_steps = IdleSteps::default();
                    after = next;
                }
                BatchEnd::Skipped(next) => after = Some(next),
                BatchEnd::Conflict => idle_steps.pause().await,
                BatchEnd::NothingListed => {
                    after = None;
                    idle_steps.pause().await;
                }
            }
            let (org, role) = (deletion.org.id(), deletion.role.id);
            let Some(present) = self.read_role_deletion(org, role).await? else {
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

    async fn read_role_deletion(
        &self,
        org: OrgId,
        role: CustomRoleId,
    ) -> Result<Option<RoleDeletion>, Error> {
        let key = Key::role(org, role);
        let found = self.get([Key::organization(org), key.clone()]).await?;
        let org = found.organization(org).cloned().ok_or(Refusal::NoSuchOrganization)?;
        let role = found.role(&key)?;
        Ok(role.map(|role| found.role_deletion(&org, role)).transpose()?)
    }

    /// Gives the users that the index lists after a position the replacement role. A lagging index
    /// still lists users who have the replacement role, but only before the position.
    async fn reassign_next_batch(
        &self,
        context: &RequestContext,
        deletion: &RoleDeletion,
        after: Option<&Position>,
    ) -> Result<BatchEnd, Error> {
        let (current, next) = if deletion.remaining.is_empty() {
            (vec![], None)
        } else {
            self.users_to_reassign(deletion, after).await?
        };
        if current.is_empty() && !deletion.remaining.is_empty() {
            return Ok(next.map_or(BatchEnd::NothingListed, BatchEnd::Skipped));
        }
        conflict_as_end(self.reassign_batch(context, deletion, &current, next).await)
    }

    /// The users of the role among the next ones that the index lists, and the position after
    /// these.
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

    /// Gives these users the replacement role: all of them or none. If no others have the role, the
    /// same transaction deletes it. The next batch begins after `next`.
    async fn reassign_batch(
        &self,
        context: &RequestContext,
        deletion: &RoleDeletion,
        users: &[ListedUser],
        next: Option<Position>,
    ) -> Result<BatchEnd, Error> {
        let writes = self.transaction(context).reassign_all(users, &deletion.reassignment)?;
        let number = number_of_users(users);
        let (writes, end) = if number == deletion.remaining {
            (writes.end_reassignment(deletion)?.even_if_suspended(), BatchEnd::Deleted)
        } else {
            (writes.count_reassigned(deletion, number)?, BatchEnd::Reassigned(next))
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
}
