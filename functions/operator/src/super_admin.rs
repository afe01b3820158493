//! The appointment of a Super Admin where the former one is gone (SA6).

use serde::Deserialize;
use shared::{
    domain::{
        self, CriticalAlertUser, FormerSuperAdmin, MAX_REASON, Member, MemberId, OrgId,
        Organization, SuperAdminAppointment,
    },
    http::{Answer, ApiError, Call, Json, Path, RequiredText, views},
    store::{FetchedItems, Key, Store},
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
    Json(request): Json<AppointSuperAdminRequest>,
) -> Result<Answer, ApiError> {
    let AppointSuperAdminRequest { member_id, former, reason: RequiredText(reason) } = request;
    let Call { app, context, .. } = call.as_operator()?;
    let org = app.store.organization_for_operator(org).await?;
    let AppointmentFacts { present, successor, names } =
        AppointmentFacts::read(&app.store, &org, member_id).await?;
    let appointment = domain::appoint_super_admin(&org, present, successor, former, context.at)?;
    let answer = answer(&appointment, &names);
    let writes = |alert: Option<&CriticalAlertUser>| {
        app.store.transaction(&context).appoint_super_admin(&org, &appointment, alert, &reason)
    };
    if appointment.demoted.is_some() {
        return answer.commit(writes(None)?).await;
    }
    let committed =
        app.store.commit_end_of_membership(&appointment.former, &answer, writes).await?;
    Ok(answer.or_recorded(committed)?)
}

/// The members in an appointment, and the items whose names the answer shows.
struct AppointmentFacts {
    present: Option<Member>,
    successor: Option<Member>,
    names: FetchedItems,
}

impl AppointmentFacts {
    async fn read(
        store: &Store,
        org: &Organization,
        successor: MemberId,
    ) -> Result<Self, ApiError> {
        let id = org.id();
        let present_id = org.super_admin_user_id.as_ref().map(|user| MemberId::of(id, user));
        let members =
            present_id.into_iter().chain([successor]).map(|member| Key::member(id, member));
        let above = org.path.parent().into_iter().chain([org.path.root_id()]);
        let names = store.get(members.chain(above.map(Key::organization))).await?;
        let present = present_id.map(|present| names.member(id, present)).transpose()?.flatten();
        Ok(Self { present, successor: names.member(id, successor)?, names })
    }
}

fn answer(
    SuperAdminAppointment { org, successor, .. }: &SuperAdminAppointment,
    names: &FetchedItems,
) -> Answer {
    let shown = views::OrganizationNames::with_super_admin(names, org, successor);
    let conditions = org.conditions(names.root_above(org).as_ref());
    let view = views::Organization::of(org, conditions, shown);
    Answer::ok(&view).with_version(org.version)
}
