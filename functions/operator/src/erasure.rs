//! The erasure of a person (ERA1).

use std::collections::BTreeSet;

use shared::{
    domain::{self, PersonId},
    http::{Answer, ApiError, Call, IfMatch, NoBody, Path},
};

use crate::rounds::Rounds;

/// Erases a person everywhere. Repeats until strongly consistent reads find nothing more. If time
/// runs out, the same request continues.
///
/// What was erased leads to the addresses no more, and others can invite them meanwhile. So each
/// round also looks for the addresses of the rounds before.
pub(crate) async fn erase(
    call: Call,
    Path(id): Path<PersonId>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let mut rounds = Rounds::begin();
    let mut addresses = BTreeSet::new();
    loop {
        let data = app.store.personal_data_and_of(id, &addresses).await?;
        addresses.extend(data.addresses.iter().cloned());
        rounds.check_known(&data)?;
        if data.organizations.is_empty() {
            return Ok(Answer::no_content());
        }
        domain::check_erasable(data.super_admin_of())?;
        if_match.check_untagged()?;
        let round = app.store.erase(&context, &data, &mut rounds.progress).await;
        rounds.end(round)?;
    }
}
