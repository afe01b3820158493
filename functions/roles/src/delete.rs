//! Deletes a role. It moves the users of a role in use to another role first (ROLE6).

use serde::{Deserialize, Serialize};
use shared::{
    domain::{self, CustomRole, OrgId, Refusal, RequestContext, RoleId, Standing, UserCount},
    http::{Answer, ApiError, App, Call, IfMatch, NoBody, Path, Problem, Query},
    store::{
        Deadline, Error, FetchedItems, Key, ReassignmentProgress, RoleDeletion, RoleWithUsers,
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
    Call { app, person, context, .. }: Call,
    Path((org, role)): Path<(OrgId, RoleId)>,
    Query(DeleteRoleQuery { reassign_to }): Query<DeleteRoleQuery>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let deadline = Deadline::begin();
    let roles = [Some(role), reassign_to].into_iter().flatten();
    let keys = roles.filter_map(|role| Key::custom_role(org, role));
    let (actor, found) = app.store.facts(&person, org, keys).await?;
    let RoleWithUsers { role, users } = editable(&actor, &found, role)?;
    let marked = if let Some(target) = reassign_to {
        marked_role(&actor, &found, &role, users, target, &context)?
    } else {
        domain::delete_role(&actor, &role, users)?;
        role.clone()
    };
    if_match.check(role.version)?;
    if role.reassignment.is_none() && users.is_empty() {
        let writes = app.store.transaction(&context).delete_role(&actor, &role)?;
        match writes.commit(&()).await {
            // The role got its first user meanwhile.
            Err(Error::Refused(Refusal::RoleInUse(_))) if reassign_to.is_some() => {}
            deleted => return if_match.outcome(deleted).map(|_| Answer::no_content()),
        }
    }
    let context = if role.reassignment.is_none() {
        let writes = app.store.transaction(&context).begin_reassignment(&actor, &role, &marked)?;
        if_match.outcome(writes.commit(&()).await)?;
        context
    } else {
        // Another request began the deletion. As with the clean-up, the event of its end names no actor.
        RequestContext::without_actor(context.at, &context.request_id, context.seed)
    };
    let marked = RoleWithUsers { role: marked, users };
    reassign(&app, &context, found.role_deletion(&actor.org, marked)?, &deadline).await
}

/// The progress of a deletion that continues after the response.
#[derive(Serialize)]
struct ReassignmentView {
    moved: UserCount,
    remaining: UserCount,
}

/// Moves users until the request must end. The scheduled clean-up moves the rest.
async fn reassign(
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

/// The role as it is while its users get the role `target`.
fn marked_role(
    actor: &Standing,
    found: &FetchedItems,
    role: &CustomRole,
    users: UserCount,
    target: RoleId,
    context: &RequestContext,
) -> Result<CustomRole, ApiError> {
    use Refusal::{NoSuchRole, RoleBeingDeleted, ServiceRoleNotAllowed, SuperAdminNotAssignable};
    let key = Key::custom_role(actor.org.id(), target);
    let target_role = key.map(|key| found.role(&key)).transpose()?.flatten();
    let target_role = target_role.as_ref().map(|found| &found.role);
    domain::delete_with_reassignment(actor, role, users, target, target_role, context.at).map_err(
        |refusal| match refusal {
            NoSuchRole | RoleBeingDeleted(_) | SuperAdminNotAssignable | ServiceRoleNotAllowed => {
                Problem::from(refusal).at("/reassign_to").into()
            }
            _ => refusal.into(),
        },
    )
}
