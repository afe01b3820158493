//! The offboarding of a person who may not come back: all that gives them access ends everywhere (OP2).

use serde::Serialize;
use shared::{
    domain::{Name, OrgId, Organization, PersonId, Refusal, RequestContext},
    http::{Answer, ApiError, Call, NoBody, Path},
    store::Access,
};

use crate::people::Rounds;

/// What an offboarding ended, and what it left.
#[derive(Serialize)]
struct Offboarded {
    ended: Access,
    /// The organizations of which the person is still the Super Admin.
    super_admin_of: Vec<LeftOrganization>,
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

/// Offboards a person everywhere. Repeats until strongly consistent reads find nothing more to end. If time
/// runs out, the same request continues.
pub(crate) async fn offboard(
    call: Call,
    Path(id): Path<PersonId>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let mut rounds = Rounds::begin();
    // The last transaction keeps the answer for the key.
    let steps = RequestContext { idempotency_key: None, ..context.clone() };
    loop {
        let data = app.store.personal_data(id).await?;
        let Rounds { deadline, progress, .. } = &mut rounds;
        if data.organizations.is_empty() && progress.organizations == 0 {
            return Err(Refusal::NoSuchPerson.into());
        }
        let before = progress.organizations;
        let round = app.store.offboard(&steps, &data, progress, deadline).await;
        if matches!(round, Ok(true)) && progress.organizations == before {
            let super_admin_of = data.super_admin_of().map(LeftOrganization::of);
            let (ended, super_admin_of) = (progress.ended, super_admin_of.collect());
            let answer = Answer::ok(&Offboarded { ended, super_admin_of });
            return answer.commit(app.store.transaction(&context)).await;
        }
        rounds.end(round)?;
    }
}
