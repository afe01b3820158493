//! The facts on which a batch depends, and the check of its items.

use shared::{
    domain::{
        self, AddressHash, BatchRefusal, BudgetLeft, DayBudget, InvitationDraft, InvitationId,
        NewInvitation, OfferedRole, PendingRoom, Refusal, RoleId,
    },
    http::{ApiError, Deployment, Problem},
    store::{Error, Key},
};

use crate::{
    batch::BatchInvite,
    batch_request::{InvitationOffer, Terms},
    invite_facts::InviteFacts,
};

/// The result of the check of one item.
#[expect(clippy::large_enum_variant, reason = "one at a time, which is taken apart at once")]
pub(crate) enum Checked {
    Invited(NewInvitation),
    Refused(Problem),
}

/// How many more invitations the organization can create.
pub(crate) struct InvitationRoom {
    /// At the same time (INV12).
    pending: PendingRoom,
    /// In the present day (INV14).
    today: BudgetLeft,
}

impl InvitationRoom {
    /// Counts an invitation. One that replaces another is pending in its place.
    fn take(&mut self, replaces: bool) -> Result<(), Refusal> {
        self.today.check()?;
        if !replaces {
            self.pending.take()?;
        }
        self.today.take();
        Ok(())
    }
}

impl BatchInvite<'_> {
    /// The facts about all items, and the progress of an earlier run.
    pub(crate) async fn first_facts(&self) -> Result<InviteFacts, Error> {
        let earlier_run = self.context.idempotency_key.as_ref().map(Key::idempotency);
        self.facts(self.list.offers(), earlier_run).await
    }

    async fn facts(
        &self,
        offers: &[InvitationOffer],
        also: impl IntoIterator<Item = Key>,
    ) -> Result<InviteFacts, Error> {
        let slots = offers.iter().map(|offer| self.slot(offer));
        let budgets = offers.iter().map(|offer| Key::budget(&self.budget_of_address(offer)));
        let of_organization =
            self.app.deployment.budgets.of_organization_later(self.org, self.context.at);
        let shared = [Key::counts(self.org), Key::budget(&of_organization)];
        let keys = slots.chain(budgets).chain(self.roles()).chain(shared).chain(also);
        let store = &self.app.store;
        let (actor, found) = store.facts(self.person, self.org, keys).await?;
        Ok(InviteFacts { actor, found })
    }

    /// The facts about some of the offers, read again after a lost race.
    pub(crate) async fn facts_again(
        &self,
        offers: &[InvitationOffer],
    ) -> Result<InviteFacts, Error> {
        self.complete(offers, self.facts(offers, None).await?).await
    }

    /// Adds what the addresses of `offers` depend on.
    pub(crate) async fn complete(
        &self,
        offers: &[InvitationOffer],
        facts: InviteFacts,
    ) -> Result<InviteFacts, Error> {
        let slots: Vec<_> = offers.iter().map(|offer| self.slot(offer)).collect();
        facts.complete(self.app, self.context, &slots).await
    }

    fn slot(&self, offer: &InvitationOffer) -> Key {
        Key::address_slot(self.org, AddressHash::of(self.org, &offer.email))
    }

    fn budget_of_address(&self, offer: &InvitationOffer) -> DayBudget {
        self.app.deployment.budgets.of_address(&offer.email, self.context.at)
    }

    /// Checks that the actor may invite. Unless the request is a file, also checks that they may
    /// grant every role in it, including the roles of items with a malformed address.
    ///
    /// # Errors
    ///
    /// The refusal of the first role that the actor may not grant, at its position.
    pub(crate) fn authorize(&self, facts: &InviteFacts) -> Result<(), ApiError> {
        let roles = self.list.roles().filter(|_| !self.is_file);
        let offered = roles.map(|id| self.offered(id, facts));
        let offered = offered.collect::<Result<Vec<_>, _>>()?;
        domain::check_batch(&facts.actor, offered).map_err(|BatchRefusal { position, refusal }| {
            let problem = Problem::from(refusal);
            match position {
                Some(position) => problem.at(format!("/invitations/{position}/role_id")).into(),
                None => problem.into(),
            }
        })
    }

    /// A role as the actor offers it.
    fn offered(&self, id: RoleId, facts: &InviteFacts) -> Result<OfferedRole, Error> {
        let role = facts.found.custom_role(self.org, id)?;
        let reassigned_to = role.and_then(|found| Some(found.role.reassignment?.replacement()));
        Ok(OfferedRole { id, reassigned_to })
    }

    /// The keys of the custom roles in the batch.
    fn roles(&self) -> impl Iterator<Item = Key> {
        let roles = self.list.roles().filter_map(RoleId::custom);
        roles.map(|id| Key::role(self.org, id))
    }

    /// How many more invitations the organization can create.
    pub(crate) fn room(&self, InviteFacts { actor, found }: &InviteFacts) -> InvitationRoom {
        let Deployment { max_pending, budgets, .. } = self.app.deployment;
        let today = budgets.of_organization(&actor.org, self.context.at);
        let used = found.used(&today);
        InvitationRoom {
            pending: found.pending_room(self.org, max_pending),
            today: today.left(used),
        }
    }

    /// Checks one item.
    ///
    /// # Errors
    ///
    /// A failed read. A refusal is the outcome of the item.
    pub(crate) fn check(
        &self,
        offer: &InvitationOffer,
        facts: &InviteFacts,
        room: &mut InvitationRoom,
    ) -> Result<Checked, Error> {
        let now = self.context.at;
        let Terms { role_id, days, access_expires_at, language } = match &offer.terms {
            Ok(terms) => *terms,
            Err(problem) => return Ok(Checked::Refused(problem.clone())),
        };
        let email = offer.email.clone();
        let draft = InvitationDraft { email, role_id, days, access_expires_at, language };
        let role = domain::check_offer(&facts.actor, self.offered(role_id, facts)?);
        let address = facts.address(&self.slot(offer), now)?;
        let id = InvitationId::of(now, self.org, &offer.email);
        let of_address = self.budget_of_address(offer);
        let left = of_address.clone().left(facts.found.used(&of_address));
        let invited = role.and_then(|()| domain::invite(&facts.actor, draft, address, id, now));
        let invited = invited.and_then(|new| {
            left.check()?;
            room.take(new.replaces.is_some())?;
            Ok(new)
        });
        Ok(match invited {
            Ok(new) => Checked::Invited(new),
            Err(refusal) => Checked::Refused(offer.place.refused(refusal)),
        })
    }
}
