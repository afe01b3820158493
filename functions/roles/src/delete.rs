//! Deletes a role. The users of a role in use get another role first (ROLE6).

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, OrgId, Refusal, RequestContext, RequestedTarget, RoleDeletionStep, RoleId, Standing,
        UserCount,
    },
    http::{Answer, ApiError, App, Call, IfMatch, NoBody, Path, Problem, Query},
    store::{
        Deadline, Error, FetchedItems, Key, ReassignmentProgress, RoleDeletion, RoleWithUsers,
    },
};

use crate::{MAX_ATTEMPTS, editable};

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
    for attempt in 1..=MAX_ATTEMPTS {
        if let Some(answer) = request.attempt(attempt).await? {
            return Ok(answer);
        }
    }
    Err(Refusal::ChangedConcurrently.into())
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

impl DeleteRole {
    /// Deletes the role, or begins or continues its deletion. `None` if its users changed meanwhile.
    async fn attempt(&self, nth: usize) -> Result<Option<Answer>, ApiError> {
        let Call { app, person, context, .. } = &self.call;
        let roles = [Some(self.role), self.reassign_to].into_iter().flatten();
        let keys = roles.filter_map(|role| Key::custom_role(self.org, role));
        let (actor, found) = app.store.facts(person, self.org, keys).await?;
        let before = editable(&actor, &found, self.role)?;
        let RoleWithUsers { role, users } = &before;
        let step = self.next_step(&actor, &found, &before)?;
        self.if_match.check(role.version)?;
        let writes = app.store.transaction(context);
        match step {
            RoleDeletionStep::Delete => match writes.delete_role(&actor, role)?.commit(&()).await {
                Err(Error::Refused(Refusal::RoleInUse(_))) if self.reassign_to.is_some() => {
                    Ok(None)
                }
                deleted => self.if_match.outcome(deleted).map(|_| Some(Answer::no_content())),
            },
            RoleDeletionStep::Reassign(reassignment) => {
                match app
                    .store
                    .delete_role_with_users(context, &actor, &before, &reassignment)
                    .await
                {
                    Ok(true) => return Ok(Some(Answer::no_content())),
                    Err(Error::Refused(_)) if nth < MAX_ATTEMPTS => return Ok(None),
                    // Many users, or an index that lags: several transactions delete the role.
                    Ok(false) | Err(Error::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                let ending_role = domain::begin_reassignment(role, reassignment, context.at);
                let begun = writes.begin_reassignment(&actor, role, &ending_role)?;
                self.if_match.outcome(begun.commit(&()).await)?;
                let ending = RoleWithUsers { role: ending_role, users: *users };
                let deletion = found.role_deletion(&actor.org, ending)?;
                finish_in_time(app, context, deletion, &self.deadline).await.map(Some)
            }
            RoleDeletionStep::Continue => {
                let deletion = found.role_deletion(&actor.org, before)?;
                // As with the clean-up, the event of the end names no actor.
                let RequestContext { at, ref request_id, seed, .. } = *context;
                let context = RequestContext::without_actor(at, request_id, seed);
                finish_in_time(app, &context, deletion, &self.deadline).await.map(Some)
            }
        }
    }

    /// The next step of the deletion. A refusal of the other role points to its parameter.
    fn next_step(
        &self,
        actor: &Standing,
        found: &FetchedItems,
        RoleWithUsers { role, users }: &RoleWithUsers,
    ) -> Result<RoleDeletionStep, ApiError> {
        use Refusal::{
            NoSuchRole, RoleBeingDeleted, ServiceRoleNotAllowed, SuperAdminNotAssignable,
        };
        let key = self.reassign_to.and_then(|target| Key::custom_role(self.org, target));
        let target_role = key.map(|key| found.role(&key)).transpose()?.flatten();
        let target_role = target_role.as_ref().map(|found| &found.role);
        let target = self.reassign_to.map(|id| RequestedTarget { id, role: target_role });
        let step = domain::delete_role(actor, role, *users, target);
        step.map_err(|refusal| match refusal {
            NoSuchRole | RoleBeingDeleted(_) | SuperAdminNotAssignable | ServiceRoleNotAllowed
                if self.reassign_to.is_some() =>
            {
                Problem::from(refusal).at("/reassign_to").into()
            }
            _ => refusal.into(),
        })
    }
}

/// The progress of a deletion that continues after the response.
#[derive(Serialize)]
struct ReassignmentView {
    moved: UserCount,
    remaining: UserCount,
}

/// Gives users the other role until the request must end. The scheduled clean-up continues.
async fn finish_in_time(
    app: &App,
    context: &RequestContext,
    deletion: RoleDeletion,
    deadline: &Deadline,
) -> Result<Answer, ApiError> {
    let progress = app.store.reassign_users(context, deletion, || deadline.has_passed()).await?;
    Ok(match progress {
        ReassignmentProgress::Done | ReassignmentProgress::AlreadyDeleted => Answer::no_content(),
        ReassignmentProgress::Unfinished { reassigned, remaining } => {
            Answer::accepted(&ReassignmentView { moved: reassigned, remaining })
        }
    })
}
