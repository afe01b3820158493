//! The appointment of a Super Admin where the former one is gone (SA6).

use serde::Deserialize;
use shared::{
    domain::{self, CriticalAlertUser, FormerSuperAdmin, MAX_REASON, MemberId, OrgId},
    http::{Answer, ApiError, Call, Json, Path, RequiredText, views},
    store::{Committed, Key},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppointSuperAdminRequest {
    member_id: MemberId,
    former: FormerSuperAdmin,
    reason: RequiredText<MAX_REASON>,
}

/// Makes a member the Super Admin, whatever role they hold.
pub(crate) async fn appoint(
    call: Call,
    Path(org): Path<OrgId>,
    Json(AppointSuperAdminRequest { member_id, former, reason }): Json<AppointSuperAdminRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let RequiredText(reason) = reason;
    let org = app.store.organization_for_operator(org).await?;
    let present_id = org.super_admin_user_id.as_ref().map(|user| MemberId::of(org.id(), user));
    let members = present_id.into_iter().chain([member_id]).map(|id| Key::member(org.id(), id));
    let above = org.path.parent().into_iter().chain([org.path.root_id()]);
    let found = app.store.get(members.chain(above.map(Key::organization))).await?;
    let present = present_id.map(|id| found.member(org.id(), id)).transpose()?.flatten();
    let successor = found.member(org.id(), member_id)?;
    let appointment = domain::appoint_super_admin(&org, present, successor, former, context.at)?;
    let super_admin = Some(views::Person::member(&appointment.successor));
    let after = &appointment.org;
    let names =
        views::OrganizationNames { super_admin, ..views::OrganizationNames::of(&found, after)? };
    let conditions = after.conditions(found.root_above(after).as_ref());
    let view = views::Organization::of(after, conditions, names);
    let answer = Answer::ok(&view).with_version(after.version);
    let writes = |alert: Option<&CriticalAlertUser>| {
        app.store.transaction(&context).appoint_super_admin(&org, &appointment, alert, &reason)
    };
    if appointment.demoted.is_some() {
        return answer.commit(writes(None)?).await;
    }
    match app.store.end_membership(&appointment.former, &answer, writes).await? {
        Committed::Now => Ok(answer),
        Committed::Before(recorded) => Ok(Answer::recorded(&recorded)?),
    }
}
