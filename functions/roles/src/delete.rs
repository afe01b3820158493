//! Deletes a role. The users of a role in use get another role first (ROLE6).

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, OrgId, Reassignment, Refusal, RequestContext, RequestedReplacement, RoleDeletionStep,
        RoleId, Standing, UserCount,
    },
    http::{
        Answer, ApiError, Attempt, Call, IfMatch, MAX_ATTEMPTS, NoBody, Path, Problem, Query,
        retry_lost_races,
    },
    store::{
        Deadline, DeletionAtOnce, Error, FetchedItems, Key, ReassignmentProgress, RoleDeletion,
        RoleWithUsers,
    },
};

use crate::editable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteRoleQuery {
    /// The role that the users of the deleted role get.
    reassign_to: Option<RoleId>,
}

pub(crate) async fn delete(
    call: Call,
    Path((org, role)): Path<(OrgId, RoleId)>,
    Query(DeleteRoleQuery { reassign_to }): Query<DeleteRoleQuery>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let deadline = Deadline::begin();
    let request = DeleteRole { call, org, role, reassign_to, if_match, deadline };
    let attempt = |nth| request.attempt(nth);
    retry_lost_races(MAX_ATTEMPTS, attempt).await?.done()
}

/// A request to delete a role.
struct DeleteRole {
    call: Call,
    org: OrgId,
    role: RoleId,
    reassign_to: Option<RoleId>,
    if_match: IfMatch,
    deadline: Deadline,
}

/// What a deletion depends on.
struct DeletionFacts {
    actor: Standing,
    /// With the role that the users get.
    found: FetchedItems,
    before: RoleWithUsers,
}

impl DeleteRole {
    /// Deletes the role, or begins or continues its deletion.
    async fn attempt(&self, nth: usize) -> Result<Attempt<Answer>, ApiError> {
        let facts = self.facts().await?;
        let step = self.next_step(&facts)?;
        self.if_match.check(facts.before.role.version)?;
        match step {
            RoleDeletionStep::Delete => self.delete_unused(&facts).await,
            RoleDeletionStep::Reassign(reassignment) => {
                self.reassign(nth, &facts, reassignment).await
            }
            RoleDeletionStep::Continue => {
                let deletion = facts.found.role_deletion(&facts.actor.org, facts.before)?;
                // As with the clean-up, the event of the end names no actor.
                let context = self.call.context.without_its_actor();
                self.finish_in_time(&context, deletion).await.map(Attempt::Done)
            }
        }
    }

    async fn facts(&self) -> Result<DeletionFacts, ApiError> {
        let Call { app, person, .. } = &self.call;
        let roles = [Some(self.role), self.reassign_to].into_iter().flatten();
        let keys = roles.filter_map(|role| Key::custom_role(self.org, role));
        let (actor, found) = app.store.facts(person, self.org, keys).await?;
        let before = editable(&actor, &found, self.role)?;
        Ok(DeletionFacts { actor, found, before })
    }

    /// Deletes a role without users. It may get some meanwhile.
    async fn delete_unused(
        &self,
        DeletionFacts { actor, before, .. }: &DeletionFacts,
    ) -> Result<Attempt<Answer>, ApiError> {
        let Call { app, context, .. } = &self.call;
        let writes = app.store.transaction(context).delete_role(actor, &before.role)?;
        match writes.commit(&()).await {
            Err(Error::Refused(Refusal::RoleInUse(_))) if self.reassign_to.is_some() => {
                Ok(Attempt::LostRace(Refusal::ChangedConcurrently))
            }
            deleted => self.if_match.outcome(deleted).map(|_| Attempt::Done(Answer::no_content())),
        }
    }

    /// Gives the users of the role another one, and deletes the role: in one transaction, or in
    /// several for many users or an index that lags.
    async fn reassign(
        &self,
        nth: usize,
        DeletionFacts { actor, found, before }: &DeletionFacts,
        reassignment: Reassignment,
    ) -> Result<Attempt<Answer>, ApiError> {
        let Call { app, context, .. } = &self.call;
        match app.store.delete_role_with_users(context, actor, before, &reassignment).await {
            Ok(DeletionAtOnce::Deleted) => return Ok(Attempt::Done(Answer::no_content())),
            Err(Error::Refused(_)) if nth < MAX_ATTEMPTS => {
                return Ok(Attempt::LostRace(Refusal::ChangedConcurrently));
            }
            // A refusal of the last attempt means that the users change all the time, or that the
            // index lags. A deletion in steps copes with both.
            Ok(DeletionAtOnce::TooManyUsers) | Err(Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let RoleWithUsers { role, users } = before;
        let ending = domain::begin_reassignment(role, reassignment, context.at);
        let writes = app.store.transaction(context).begin_reassignment(actor, role, &ending)?;
        self.if_match.outcome(writes.commit(&()).await)?;
        let ending = RoleWithUsers { role: ending, users: *users };
        let deletion = found.role_deletion(&actor.org, ending)?;
        self.finish_in_time(context, deletion).await.map(Attempt::Done)
    }

    /// The next step of the deletion. A refusal of the other role points to its parameter.
    fn next_step(
        &self,
        DeletionFacts { actor, found, before }: &DeletionFacts,
    ) -> Result<RoleDeletionStep, ApiError> {
        use Refusal::{
            NoSuchRole, RoleBeingDeleted, ServiceRoleNotAllowed, SuperAdminNotAssignable,
        };
        let custom = match self.reassign_to {
            Some(id) => found.custom_role(self.org, id)?,
            None => None,
        };
        let role = custom.as_ref().map(|custom| &custom.role);
        let replacement = self.reassign_to.map(|id| RequestedReplacement { id, role });
        let step = domain::delete_role(actor, &before.role, before.users, replacement);
        step.map_err(|refusal| match refusal {
            NoSuchRole | RoleBeingDeleted(_) | SuperAdminNotAssignable | ServiceRoleNotAllowed
                if self.reassign_to.is_some() =>
            {
                Problem::from(refusal).at("/reassign_to").into()
            }
            _ => refusal.into(),
        })
    }

    /// Gives users the other role until the request must end. The scheduled clean-up continues.
    async fn finish_in_time(
        &self,
        context: &RequestContext,
        deletion: RoleDeletion,
    ) -> Result<Answer, ApiError> {
        let stop = || self.deadline.has_passed();
        Ok(match self.call.app.store.reassign_users(context, deletion, stop).await? {
            ReassignmentProgress::Done | ReassignmentProgress::AlreadyDeleted => {
                Answer::no_content()
            }
            ReassignmentProgress::Unfinished { reassigned, remaining } => {
                Answer::accepted(&ReassignmentView { reassigned, remaining })
            }
        })
    }
}

/// The progress of a deletion that continues after the response.
#[derive(Serialize)]
struct ReassignmentView {
    reassigned: UserCount,
    remaining: UserCount,
}
