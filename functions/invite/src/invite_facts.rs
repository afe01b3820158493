//! What decides whether an address can be invited, read in the same way for one address and for
//! many.

use jiff::Timestamp;
use shared::{
    domain::{AddressFacts, AddressSlot, Invitation, RequestContext, Standing},
    http::{App, views},
    store::{Error, FetchedItems, Key},
};

/// The caller, and what was read about the addresses and the roles.
pub(crate) struct InviteFacts {
    pub(crate) actor: Standing,
    pub(crate) found: FetchedItems,
}

impl InviteFacts {
    /// Adds what the addresses of `slots` depend on. Frees the slots of members whose access has
    /// ended (END1), and reads the members who sent the pending invitations last (INV9). Nothing is
    /// read without such slots.
    pub(crate) async fn complete(
        self,
        app: &App,
        context: &RequestContext,
        slots: &[Key],
    ) -> Result<Self, Error> {
        let Self { actor, found } = self;
        // Boxed: the future is large.
        let freed = Box::pin(app.store.free_ended_slots(context, &actor.org, slots, found));
        let found = freed.await?;
        let mut senders = vec![];
        for slot in slots {
            let pending = found.pending(slot)?.filter(|pending| !pending.expired(context.at));
            let sender = pending.as_ref().and_then(Invitation::sent_by);
            senders.extend(sender.map(|sender| Key::member(actor.org.id(), sender)));
        }
        Ok(Self { found: app.store.get_also(found, senders).await?, actor })
    }

    /// The facts about an address whose slot is complete.
    pub(crate) fn address(&self, slot: &Key, now: Timestamp) -> Result<AddressFacts, Error> {
        let Self { actor, found } = self;
        let declined_until = found.declined_until(slot)?;
        let slot = found.address_slot(slot)?;
        let pending_is_void = match &slot {
            Some(AddressSlot::Pending(pending)) => {
                !found.inviter_authorized(&actor.org, pending, now)?
            }
            Some(AddressSlot::Taken(_)) | None => false,
        };
        Ok(AddressFacts { slot, declined_until, pending_is_void })
    }

    /// Shows an invitation that the caller creates.
    pub(crate) fn show(
        &self,
        invitation: &Invitation,
        now: Timestamp,
    ) -> Result<views::SentInvitation, Error> {
        let Self { actor, found } = self;
        let role = found.role_summary(actor.org.id(), invitation.role_id)?;
        let people = views::InvitationPeople::only(views::Person::caller(actor));
        Ok(views::SentInvitation::new(invitation, &actor.org, role.as_ref(), people, now))
    }
}
