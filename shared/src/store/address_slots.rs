//! The place of an address in an organization: an invitation's, or a member's for good (INV2).

use serde_json::json;

use super::{
    Error, Key,
    item::{Item, from_item, text, to_item},
    transaction::OnConditionFailed,
};
use crate::domain::{Invitation, Member, Refusal};

/// The lock that a member has on their address.
pub(super) fn taken(member: &Member, key: &Key) -> Result<Item, Error> {
    let mut item = to_item(key.clone(), &json!({ "status": "taken" }), [])?;
    item.insert("user_id".to_owned(), text(member.user_id.as_str()));
    Ok(item)
}

/// Whoever has the place now: the refusal names them as the rule would have.
pub(super) fn taken_by_another() -> OnConditionFailed {
    Box::new(|old| {
        let pending = old.and_then(|item| from_item::<Invitation>(item).ok());
        pending.map_or(Refusal::AlreadyMember, |open| Refusal::AlreadyInvited(open.id)).into()
    })
}
