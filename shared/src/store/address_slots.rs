//! The slot of an address in an organization. A pending invitation or a member holds it (INV2).

use serde_json::json;

use super::{
    Error, Key,
    item::{Item, from_item, text, to_item},
    transaction::OnConditionFailed,
};
use crate::domain::{Invitation, Member, Refusal};

/// The lock that a member has on their address.
pub(super) fn taken(member: &Member, key: &Key) -> Result<Item, Error> {
    let mut item = to_item(key.clone(), &json!({ "status": "taken" }), vec![])?;
    item.insert("user_id".to_owned(), text(member.user_id.as_str()));
    Ok(item)
}

/// The refusal for a slot that is not free, by its present holder.
pub(super) fn taken_by_another() -> OnConditionFailed {
    Box::new(|old| {
        let pending = old.and_then(|item| from_item::<Invitation>(item).ok());
        pending.map_or(Refusal::AlreadyMember, |open| Refusal::AlreadyInvited(open.id)).into()
    })
}
