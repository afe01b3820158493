//! The slot of an address in an organization. A pending invitation or a member holds it (INV2).
//!
//! A slot whose invitation or membership has ended is free. It is a tombstone with the address, for
//! the events that name it by the id of the invitation (ORG5). After an invitation, it also has the
//! time of its sending: a person who was invited may ask to join, although their request was
//! declined before (ORG2). If they declined, it has the time until which the organization cannot
//! invite them again (INV14).

use jiff::Timestamp;
use serde_json::json;

use super::{
    Error, FetchedItems, Key,
    expression::Expression,
    index::{self, IndexAttribute},
    item::{Item, from_item, list, text, time, to_item},
    kept_names::NAME_KEPT,
    step::{OnConditionFailed, live, tombstone},
};
use crate::domain::{
    self, AddressSlot, Email, Invitation, Member, PersonId, Refusal, Version, check_not_declined,
};

/// The attribute of the time at which an ended invitation was sent.
const SENT_AT: &str = "sent_at";
/// The attribute of the time until which an address that declined cannot be invited (INV14).
const DECLINED_UNTIL: &str = "declined_until";

impl FetchedItems {
    /// The time at which the last invitation was sent to the address of a slot. The invitation can
    /// be pending, or have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn invited_at(&self, slot: &Key) -> Result<Option<Timestamp>, Error> {
        if let Some(pending) = self.address_slot(slot)?.and_then(AddressSlot::pending) {
            return Ok(Some(pending.sent_at));
        }
        let ended = self.items.get(slot).and_then(|item| item.get(SENT_AT)?.as_n().ok());
        let sent_at = ended.map(|text| text.parse().map_err(Error::broken)).transpose()?;
        let sent_at = sent_at.map(|at| Timestamp::from_millisecond(at).map_err(Error::broken));
        sent_at.transpose()
    }

    /// The time until which the address of a slot cannot be invited, if its person declined an
    /// invitation (INV14).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn declined_until(&self, slot: &Key) -> Result<Option<Timestamp>, Error> {
        self.items.get(slot).and_then(declined_until).transpose()
    }
}

/// The time until which the address of a slot cannot be invited.
fn declined_until(slot: &Item) -> Option<Result<Timestamp, Error>> {
    slot.get(DECLINED_UNTIL)?.as_n().ok().map(|text| {
        let millisecond = text.parse().map_err(Error::broken)?;
        Timestamp::from_millisecond(millisecond).map_err(Error::broken)
    })
}

/// The address can be invited: it did not decline an invitation, or that was long ago (INV14).
pub(super) fn not_declined(now: Timestamp) -> Expression {
    let condition = "attribute_not_exists(#declined_until) OR #declined_until <= :now_declined";
    Expression::new(condition, [("now_declined", time(now))])
}

/// The slot of an invitation that ended `now`.
pub(super) fn ended_slot(key: Key, invitation: &Invitation, now: Timestamp) -> Result<Item, Error> {
    let mut slot = former_slot(key, &invitation.email, invitation.version.next(now))?;
    slot.insert(SENT_AT.to_owned(), time(invitation.sent_at));
    Ok(slot)
}

/// The slot of an invitation that its person declined `now`.
pub(super) fn declined_slot(
    key: Key,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<Item, Error> {
    let mut slot = ended_slot(key, invitation, now)?;
    slot.insert(DECLINED_UNTIL.to_owned(), time(domain::declined_until(now)));
    Ok(slot)
}

/// The slot of an address whose invitation or membership ended at the version `gone`.
pub(super) fn former_slot(key: Key, address: &Email, gone: Version) -> Result<Item, Error> {
    let mut slot = tombstone(key, gone, NAME_KEPT)?;
    let known = index::known_address(PersonId::of_address(address));
    list(&mut slot, vec![(IndexAttribute::Identity, known)]);
    slot.insert("email".to_owned(), text(address.as_str()));
    Ok(slot)
}

/// The slot of an address that a member has.
pub(super) fn taken_slot(member: &Member, key: &Key) -> Result<Item, Error> {
    let value = json!({ "status": "taken", "email": member.email });
    let address = member.email.as_ref().map(PersonId::of_address);
    let known = |address| (IndexAttribute::Identity, index::known_address(address));
    let identity = address.map(known);
    let mut item = to_item(key.clone(), &value, identity.into_iter().collect())?;
    item.insert("user_id".to_owned(), text(member.user_id.as_str()));
    Ok(item)
}

/// The refusal for a slot that is not free, by its present holder, for a request at `now`.
pub(super) fn taken_by_another(now: Timestamp) -> OnConditionFailed {
    Box::new(move |old| {
        if let Some(Ok(until)) = old.as_ref().and_then(declined_until) {
            let refused = check_not_declined(until, now);
            return refused.err().unwrap_or(Refusal::ChangedConcurrently).into();
        }
        // The invitation to replace ended meanwhile.
        let Some(old) = live(old) else { return Refusal::ChangedConcurrently.into() };
        let pending = from_item::<Invitation>(old).ok();
        pending.map_or(Refusal::AlreadyMember, |open| Refusal::AlreadyInvited(open.id)).into()
    })
}
