//! The item of an invitation: its key, its attributes, conditions on it, and what events show of
//! it.

use serde_json::{Value, json};

use super::{
    Error, Key,
    expression::Expression,
    index,
    item::{Item, attribute, text, to_item},
};
use crate::domain::{Invitation, Organization, PendingFirstAdmin};

/// The key of the slot of its address.
pub(super) fn slot(invitation: &Invitation) -> Key {
    Key::address_slot(invitation.path.id(), invitation.id.address_hash())
}

/// The item in that slot.
pub(super) fn item(invitation: &Invitation) -> Result<Item, Error> {
    let attributes = index::invitation(invitation);
    let mut item = to_item(slot(invitation), invitation, attributes)?;
    item.insert("status".to_owned(), text("pending"));
    Ok(item)
}

/// The slot holds this invitation, as the rule saw it.
pub(super) fn same(invitation: &Invitation) -> Result<Expression, Error> {
    let values =
        [("id", attribute(&invitation.id)?), ("seen_version", attribute(&invitation.version)?)];
    Ok(Expression::new("#id = :id AND #version = :seen_version", values))
}

/// The organization waits for the invitation that the rule saw, or for none.
pub(super) fn waits_for_same(org: &Organization) -> Result<Expression, Error> {
    Ok(match org.pending_first_admin {
        None => Expression::new("attribute_not_exists(#pending_first_admin)", []),
        Some(PendingFirstAdmin { invitation, .. }) => Expression::new(
            "#pending_first_admin.#invitation = :waits_for",
            [("waits_for", attribute(&invitation)?)],
        ),
    })
}

/// The invitation, as events show it.
pub(super) fn invitation_in_event(invitation: &Invitation) -> Value {
    let mut fields = json!({
        "role_id": invitation.role_id,
        "expires_at": invitation.expires_at,
        "expires_in_days": invitation.days,
    });
    if let (Some(language), Some(fields)) = (invitation.language, fields.as_object_mut()) {
        fields.insert("language".to_owned(), json!(language));
    }
    if let (Some(end), Some(fields)) = (invitation.access_expires_at, fields.as_object_mut()) {
        fields.insert("access_expires_at".to_owned(), json!(end));
    }
    fields
}
