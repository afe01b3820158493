//! Deletes a role. It moves the users of a role in use to another role first (ROLE6).

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, CustomRole, OrgId, ReassignmentTarget, Refusal, RequestContext, RoleDeletionStep,
        RoleId, Standing, UserCount,
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
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, RoleId)>,
    Query(DeleteRoleQuery { reassign_to }): Query<DeleteRoleQuery>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let deadline = Deadline::begin();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let roles = [Some(id), reassign_to].into_iter().flatten();
        let keys = roles.filter_map(|role| Key::custom_role(org, role));
        let (actor, found) = app.store.facts(&person, org, keys).await?;
        let RoleWithUsers { role, users } = editable(&actor, &found, id)?;
        let step = next_step(&actor, &found, &role, users, reassign_to, &context)?;
        if_match.check(role.version)?;
        let writes = app.store.transaction(&context);
        let (marked, context) = match step {
            RoleDeletionStep::Delete => {
                match writes.delete_role(&actor, &role)?.commit(&()).await {
                    // The role got its first user meanwhile, who gets the other role.
                    Err(Error::Refused(Refusal::RoleInUse(_)))
                        if reassign_to.is_some() && attempts < MAX_ATTEMPTS =>
                    {
                        continue;
                    }
                    deleted => return if_match.outcome(deleted).map(|_| Answer::no_content()),
                }
            }
            RoleDeletionStep::Mark(marked) => {
                let writes = writes.begin_reassignment(&actor, &role, &marked)?;
                if_match.outcome(writes.commit(&()).await)?;
                (marked, context)
            }
            // As with the clean-up, the event of the end names no actor.
            RoleDeletionStep::MoveUsers => {
                (role, RequestContext::without_actor(context.at, &context.request_id, context.seed))
            }
        };
        let marked = RoleWithUsers { role: marked, users };
        let deletion = found.role_deletion(&actor.org, marked)?;
        return move_users(&app, &context, deletion, &deadline).await;
    }
}

/// The next step of the deletion. A refusal of the other role points to its parameter.
fn next_step(
    actor: &Standing,
    found: &FetchedItems,
    role: &CustomRole,
    users: UserCount,
    reassign_to: Option<RoleId>,
    context: &RequestContext,
) -> Result<RoleDeletionStep, ApiError> {
    use Refusal::{NoSuchRole, RoleBeingDeleted, ServiceRoleNotAllowed, SuperAdminNotAssignable};
    let key = reassign_to.and_then(|target| Key::custom_role(actor.org.id(), target));
    let target_role = key.map(|key| found.role(&key)).transpose()?.flatten();
    let target_role = target_role.as_ref().map(|found| &found.role);
    let target = reassign_to.map(|id| ReassignmentTarget { id, role: target_role });
    domain::delete_role(actor, role, users, target, context.at).map_err(|refusal| match refusal {
        NoSuchRole | RoleBeingDeleted(_) | SuperAdminNotAssignable | ServiceRoleNotAllowed
            if reassign_to.is_some() =>
        {
            Problem::from(refusal).at("/reassign_to").into()
        }
        _ => refusal.into(),
    })
}

/// The progress of a deletion that continues after the response.
#[derive(Serialize)]
struct ReassignmentView {
    moved: UserCount,
    remaining: UserCount,
}

/// Moves users until the request must end. The scheduled clean-up moves the rest.
async fn move_users(
    app: &App,
    context: &RequestContext,
    deletion: RoleDeletion,
    deadline: &Deadline,
) -> Result<Answer, ApiError> {
    let progress = app.store.reassign_users(context, deletion, || deadline.has_passed()).await?;
    Ok(match progress {
        ReassignmentProgress::Done | ReassignmentProgress::AlreadyDeleted => Answer::no_content(),
        ReassignmentProgress::Unfinished { moved, remaining } => {
            Answer::accepted(&ReassignmentView { moved, remaining })
        }
    })
}
