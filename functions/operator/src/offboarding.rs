//! The offboarding of a person who may not come back: all that gives them access ends everywhere
//! (OP2).

use serde::Serialize;
use shared::{
    domain::{Name, OrgId, Organization, PersonId, RequestContext},
    http::{Answer, ApiError, Call, NoBody, Path},
    store::{EndedAccess, PersonalData},
};

use crate::rounds::Rounds;

/// What an offboarding ended, and what it left.
#[derive(Serialize)]
struct Offboarded {
    ended: EndedAccess,
    /// The organizations of which the person is still the Super Admin.
    super_admin_of: Vec<LeftOrganization>,
}

impl Offboarded {
    fn of(data: &PersonalData, ended: EndedAccess) -> Self {
        Self { ended, super_admin_of: data.super_admin_of().map(LeftOrganization::of).collect() }
    }
}

/// An organization that keeps the person, because it would lose its Super Admin (SA3).
#[derive(Serialize)]
struct LeftOrganization {
    id: OrgId,
    name: Name,
}

impl LeftOrganization {
    fn of(org: &Organization) -> Self {
        Self { id: org.id(), name: org.name.clone() }
    }
}

/// Offboards a person everywhere. Repeats until strongly consistent reads find nothing more to end.
/// If time runs out, the same request continues. Only the last transaction keeps the answer for the
/// idempotency key.
pub(crate) async fn offboard(
    call: Call,
    Path(id): Path<PersonId>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let mut rounds = Rounds::begin();
    let steps = RequestContext { idempotency_key: None, ..context.clone() };
    loop {
        let data = app.store.personal_data(id).await?;
        rounds.check_known(&data)?;
        let progress = &mut rounds.progress;
        let before = progress.organizations;
        let round = app.store.offboard(&steps, &data, progress).await;
        if matches!(round, Ok(true)) && progress.organizations == before {
            let answer = Answer::ok(&Offboarded::of(&data, progress.ended));
            return answer.commit(app.store.transaction(&context)).await;
        }
        rounds.end(round)?;
    }
}
