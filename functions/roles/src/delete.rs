//! Deletes a role. A role in use is deleted after its users got another role (ROLE6).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, CustomRole, CustomRoleId, OrgId, Refusal, RequestContext, RoleId, Standing, UserCount,
    },
    http::{Answer, ApiError, App, Caller, IfMatch, NoBody, Path, Problem, Query},
    store::{Deadline, FetchedItems, Key, ReassignmentProgress},
};

use crate::editable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteRoleQuery {
    /// The role that the users of the deleted role get.
    reassign_to: Option<RoleId>,
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller { person, context, .. }: Caller,
    Path((org, role)): Path<(OrgId, RoleId)>,
    Query(DeleteRoleQuery { reassign_to }): Query<DeleteRoleQuery>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let roles = [Some(role), reassign_to].into_iter().flatten().filter_map(RoleId::custom);
    let keys = roles.map(|id| Key::role(org, id));
    let (actor, found) = app.store.facts(&person, org, keys).await?;
    let (before, users) = editable(&actor, &found, role)?;
    if_match.check(before.version)?;
    let mut reassigning = before.reassignment.is_some();
    if let Some(target) = reassign_to {
        let marked = judge(&actor, &found, &before, target, &context)?;
        if !reassigning && users != UserCount::default() {
            let begun = app.store.begin_reassignment(&context, &actor, &before, &marked).await;
            if_match.outcome(begun)?;
            reassigning = true;
        }
    } else {
        domain::delete_role(&actor, &before, users)?;
    }
    if reassigning {
        return reassign(&app, &context, org, before.id).await;
    }
    let answer = Answer::no_content();
    if_match.outcome(app.store.delete_role(&context, &actor, &before, &answer).await)?;
    Ok(answer)
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
    org: OrgId,
    role: CustomRoleId,
) -> Result<Answer, ApiError> {
    let deadline = Deadline::begin();
    let progress = app.store.reassign_users(context, org, role, || !deadline.is_left()).await?;
    Ok(match progress {
        ReassignmentProgress::Done => Answer::no_content(),
        ReassignmentProgress::Unfinished { moved, remaining } => {
            Answer::accepted(&ReassignmentView { moved, remaining })
        }
    })
}

fn judge(
    actor: &Standing,
    found: &FetchedItems,
    before: &CustomRole,
    target: RoleId,
    context: &RequestContext,
) -> Result<CustomRole, ApiError> {
    use Refusal::{NoSuchRole, RoleBeingDeleted, SuperAdminNotAssignable};
    let key = target.custom().map(|id| Key::role(actor.org.id(), id));
    let target_role = key.map(|key| found.role(&key)).transpose()?.flatten();
    let target_role = target_role.as_ref().map(|(role, _)| role);
    domain::delete_with_reassignment(actor, before, target, target_role, context.at).map_err(
        |refusal| match refusal {
            NoSuchRole | RoleBeingDeleted(_) | SuperAdminNotAssignable => {
                Problem::from(refusal).at("/reassign_to").into()
            }
            _ => refusal.into(),
        },
    )
}
