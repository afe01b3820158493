//! What decides whether an address can be invited, read in the same way for one address and for many.

use jiff::Timestamp;
use shared::{
    domain::{AddressFacts, Invitation, Organization, RequestContext},
    http::App,
    store::{Error, FetchedItems, Key},
};

/// Adds to the slots in `found` what they depend on. Frees those of members whose access has ended (END1),
/// and reads the members who sent the pending invitations last (INV9). Nothing is read without such
/// slots.
pub(crate) async fn complete_slots(
    app: &App,
    context: &RequestContext,
    org: &Organization,
    slots: &[Key],
    found: FetchedItems,
) -> Result<FetchedItems, Error> {
    let found = app.store.free_ended_slots(context, org, slots, found).await?;
    let mut senders = vec![];
    for slot in slots {
        let pending = found.pending(slot)?.filter(|pending| !pending.expired(context.at));
        let sender = pending.as_ref().and_then(Invitation::sent_by);
        senders.extend(sender.map(|sender| Key::member(org.id(), sender)));
    }
    app.store.get_also(found, senders).await
}

/// The facts about an address whose slot is complete.
pub(crate) fn facts(
    found: &FetchedItems,
    org: &Organization,
    slot: &Key,
    now: Timestamp,
) -> Result<AddressFacts, Error> {
    let pending_is_void = match found.pending(slot)? {
        Some(pending) => !found.inviter_authorized(org, &pending, now)?,
        None => false,
    };
    let (slot, declined_until) = (found.address_slot(slot)?, found.declined_until(slot)?);
    Ok(AddressFacts { slot, declined_until, pending_is_void })
}
