//! Up to 100 invitations in one request (INV11).
//!
//! Each item is checked in order, as if it were sent alone. If the caller may not grant one of the
//! roles, a JSON request is refused as a whole; in a file, the row is.

use serde::Serialize;
use shared::{
    domain::{
        self, AddressDigest, BatchRefusal, BudgetLeft, DayBudget, InvitationDraft, InvitationId,
        NewInvitation, OfferedRole, OrgId, PendingRoom, Person, Refusal, RequestContext, RoleId,
        Standing,
    },
    http::{Answer, ApiError, App, Call, Deployment, JsonOrCsv, Path, Problem, views},
    store::{Chunk, Committed, Deadline, EarlierRun, Error, FetchedItems, Key, Transaction},
};

use crate::{
    address,
    batch_request::{BatchInviteRequest, BatchList, InvitationOffer, Outcome, Terms},
    csv,
};

/// The maximum number of times that a chunk is checked again after a lost race.
const ROUNDS: usize = 5;

pub(crate) async fn invite(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    body: JsonOrCsv<BatchInviteRequest>,
) -> Result<Answer, ApiError> {
    let (items, is_file) = match body {
        JsonOrCsv::Json(request) => (request.items(), false),
        JsonOrCsv::Csv(file) => (csv::items(&app, org, &file).await?, true),
    };
    let list = BatchList::parse(items);
    let batch = BatchInvite { app: &app, person: &person, context: &context, org, list, is_file };
    let deadline = Deadline::begin();
    let key = context.idempotency_key.as_ref();
    let facts = batch.facts(batch.list.offers(), key.map(Key::idempotency)).await?;
    let earlier = key.map(|key| facts.found.earlier_run(key, context.at)).transpose()?;
    let (first, mut outcomes) = match earlier.unwrap_or(EarlierRun::None) {
        EarlierRun::None => (0, vec![]),
        EarlierRun::Stopped { chunks, progress } => (chunks, progress),
        EarlierRun::Answered(answer) => return Ok(Answer::recorded(&answer)?),
    };
    batch.authorize(&facts)?;
    let facts = batch.complete(batch.list.offers(), facts).await?;
    for nth in first..batch.list.chunks() {
        if deadline.has_passed() {
            return Err(Problem::unavailable(1).into());
        }
        match batch.write_chunk(nth, outcomes, &facts).await? {
            ChunkEnd::Written(written) => outcomes = written,
            ChunkEnd::Repeated(answer) => return Ok(answer),
        }
    }
    Ok(batch.list.answer(&outcomes))
}

/// The facts on which a batch depends.
struct BatchFacts {
    actor: Standing,
    found: FetchedItems,
}

/// The result of one chunk.
enum ChunkEnd {
    /// The outcomes of all items up to the end of the chunk.
    Written(Vec<Outcome>),
    /// Another run of the same request has finished. Contains its response.
    Repeated(Answer),
}

/// How many more invitations the organization can create.
struct InvitationRoom {
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

/// A batch of invitations and its request.
struct BatchInvite<'a> {
    app: &'a App,
    person: &'a Person,
    context: &'a RequestContext,
    org: OrgId,
    list: BatchList,
    /// Whether the request is a file. In a file, a role that the actor may not grant refuses its
    /// row alone. An export of users contains such roles.
    is_file: bool,
}

impl BatchInvite<'_> {
    async fn facts(
        &self,
        offers: &[InvitationOffer],
        also: impl IntoIterator<Item = Key>,
    ) -> Result<BatchFacts, Error> {
        let slots = offers.iter().map(|offer| self.slot(offer));
        let budgets = offers.iter().map(|offer| Key::budget(&self.budget_of_address(offer)));
        let of_organization =
            self.app.deployment.budgets.of_organization_later(self.org, self.context.at);
        let shared = [Key::counts(self.org), Key::budget(&of_organization)];
        let keys = slots.chain(budgets).chain(self.roles()).chain(shared).chain(also);
        let store = &self.app.store;
        let (actor, found) = store.facts(self.person, self.org, keys).await?;
        Ok(BatchFacts { actor, found })
    }

    /// The facts about some of the offers, read again after a lost race.
    async fn facts_again(&self, offers: &[InvitationOffer]) -> Result<BatchFacts, Error> {
        self.complete(offers, self.facts(offers, None).await?).await
    }

    /// Adds what the addresses of `offers` depend on.
    async fn complete(
        &self,
        offers: &[InvitationOffer],
        facts: BatchFacts,
    ) -> Result<BatchFacts, Error> {
        let BatchFacts { actor, found } = facts;
        let slots: Vec<_> = offers.iter().map(|offer| self.slot(offer)).collect();
        let (app, context) = (self.app, self.context);
        let found = address::complete_slots(app, context, &actor.org, &slots, found).await?;
        Ok(BatchFacts { actor, found })
    }

    fn slot(&self, offer: &InvitationOffer) -> Key {
        Key::address_slot(self.org, AddressDigest::of(self.org, &offer.email))
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
    fn authorize(&self, facts: &BatchFacts) -> Result<(), ApiError> {
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
    fn offered(&self, id: RoleId, facts: &BatchFacts) -> Result<OfferedRole, Error> {
        let key = Key::custom_role(self.org, id);
        let role = key.map(|key| facts.found.role(&key)).transpose()?.flatten();
        let reassigned_to = role.and_then(|found| Some(found.role.reassignment?.target()));
        Ok(OfferedRole { id, reassigned_to })
    }

    /// The keys of the custom roles in the batch.
    fn roles(&self) -> impl Iterator<Item = Key> {
        let roles = self.list.roles().filter_map(RoleId::custom);
        roles.map(|id| Key::role(self.org, id))
    }

    /// Writes one chunk, after the `outcomes` of the chunks before. After a lost race, or if a limit is
    /// reached meanwhile, reads the facts again and checks the chunk again, at most `ROUNDS` times. After
    /// the first chunk, a refusal of a whole chunk becomes the outcome of each of its items.
    async fn write_chunk(
        &self,
        nth: u16,
        outcomes: Vec<Outcome>,
        facts: &BatchFacts,
    ) -> Result<ChunkEnd, ApiError> {
        let offers = self.list.chunk(nth);
        let mut written = self.attempt(nth, &outcomes, facts).await;
        let mut refusal = Refusal::ChangedConcurrently;
        for round in 0..=ROUNDS {
            match written {
                Ok(end) => return Ok(end),
                Err(Error::Refused(
                    why @ (Refusal::PendingInvitationLimit(_) | Refusal::BudgetSpent { .. }),
                )) => refusal = why,
                Err(Error::Refused(why)) if is_lost_race(&why) => {
                    refusal = Refusal::ChangedConcurrently;
                }
                Err(Error::Refused(why)) if nth > 0 && !concerns_idempotency_key(&why) => {
                    refusal = why;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            if round == ROUNDS {
                break;
            }
            written = match Box::pin(self.facts_again(offers)).await {
                Ok(facts) => {
                    // Only the first chunk may refuse the whole request.
                    if nth == 0 {
                        self.authorize(&facts)?;
                    }
                    self.attempt(nth, &outcomes, &facts).await
                }
                Err(error) => Err(error),
            };
        }
        self.refuse_chunk(nth, outcomes, &refusal).await
    }

    /// Records the refusal of a whole chunk as the outcome of each of its items.
    async fn refuse_chunk(
        &self,
        nth: u16,
        mut outcomes: Vec<Outcome>,
        refusal: &Refusal,
    ) -> Result<ChunkEnd, ApiError> {
        let refused =
            |offer: &InvitationOffer| Outcome::refused(offer.place.refused(refusal.clone()));
        outcomes.extend(self.list.chunk(nth).iter().map(refused));
        let (chunk, progress) = (self.chunk_of(nth), self.progress(nth, &outcomes));
        let writes = self.app.store.transaction(self.context);
        Ok(chunk_end(writes.commit_chunk(chunk, &progress).await?, outcomes)?)
    }

    /// Checks a chunk and writes it once.
    async fn attempt(
        &self,
        nth: u16,
        before: &[Outcome],
        facts: &BatchFacts,
    ) -> Result<ChunkEnd, Error> {
        let (mut outcomes, mut created) = (before.to_vec(), Vec::new());
        let Deployment { max_pending, budgets, .. } = self.app.deployment;
        let of_organization = budgets.of_organization(&facts.actor.org, self.context.at);
        let used = facts.found.used(&of_organization);
        let mut room = InvitationRoom {
            pending: facts.found.pending_room(self.org, max_pending),
            today: of_organization.left(used),
        };
        for offer in self.list.chunk(nth) {
            match self.check(offer, facts, &mut room)? {
                Ok(new) => {
                    let role = facts.found.role_summary(self.org, new.invitation.role_id)?;
                    let view = views::SentInvitation::new(
                        &new.invitation,
                        &facts.actor.org,
                        role.as_ref(),
                        views::InvitationPeople::only(views::Person::caller(&facts.actor)),
                        self.context.at,
                    );
                    outcomes.push(Outcome::created(&view));
                    created.push(new);
                }
                Err(problem) => outcomes.push(Outcome::refused(problem)),
            }
        }
        let (chunk, progress) = (self.chunk_of(nth), self.progress(nth, &outcomes));
        let writes = self.writes(&facts.actor, &created, chunk)?;
        chunk_end(writes.commit_chunk(chunk, &progress).await?, outcomes)
    }

    /// The transaction that creates the invitations of a chunk, and uses up the budgets.
    fn writes(
        &self,
        actor: &Standing,
        created: &[NewInvitation],
        chunk: Chunk,
    ) -> Result<Transaction<'_>, Error> {
        let Deployment { max_pending, budgets, .. } = self.app.deployment;
        let writes = self.app.store.transaction(self.context);
        let mut writes = writes.create_invitations(actor, created, max_pending, chunk)?;
        for NewInvitation { invitation, .. } in created {
            let of_address = budgets.of_address(&invitation.email, self.context.at);
            writes = writes.spend(&of_address, 1);
        }
        let of_organization = budgets.of_organization(&actor.org, self.context.at);
        Ok(writes.spend(&of_organization, u32::try_from(created.len()).unwrap_or(u32::MAX)))
    }

    /// Checks one item. The outer error is a failed read; the inner one is the outcome of the item.
    fn check(
        &self,
        offer: &InvitationOffer,
        facts: &BatchFacts,
        room: &mut InvitationRoom,
    ) -> Result<Result<NewInvitation, Problem>, Error> {
        let (now, found) = (self.context.at, &facts.found);
        let Terms { role_id, days, access_expires_at, language } = match &offer.terms {
            Ok(terms) => *terms,
            Err(problem) => return Ok(Err(problem.clone())),
        };
        let email = offer.email.clone();
        let draft = InvitationDraft { email, role_id, days, access_expires_at, language };
        let role = domain::check_offer(&facts.actor, self.offered(role_id, facts)?);
        let address = address::facts(found, &facts.actor.org, &self.slot(offer), now)?;
        let id = InvitationId::of(now, self.org, &offer.email);
        let of_address = self.budget_of_address(offer);
        let left = of_address.clone().left(found.used(&of_address));
        let invited = role.and_then(|()| domain::invite(&facts.actor, draft, address, id, now));
        let invited = invited.and_then(|new| {
            left.check()?;
            room.take(new.replaces.is_some())?;
            Ok(new)
        });
        Ok(invited.map_err(|refusal| offer.place.refused(refusal)))
    }

    fn chunk_of(&self, nth: u16) -> Chunk {
        Chunk { nth, last: nth.saturating_add(1) == self.list.chunks() }
    }

    /// The content of the idempotency record after a chunk.
    fn progress<'a>(&self, nth: u16, outcomes: &'a [Outcome]) -> Progress<'a> {
        if self.chunk_of(nth).last {
            Progress::Complete(self.list.answer(outcomes))
        } else {
            Progress::SoFar(outcomes)
        }
    }
}

/// The content of the idempotency record after a chunk.
#[derive(Serialize)]
#[serde(untagged)]
enum Progress<'a> {
    /// After the last chunk: the response.
    Complete(Answer),
    /// After an earlier chunk: the outcomes so far.
    SoFar(&'a [Outcome]),
}

fn chunk_end(committed: Committed, outcomes: Vec<Outcome>) -> Result<ChunkEnd, Error> {
    match committed {
        Committed::Now => Ok(ChunkEnd::Written(outcomes)),
        Committed::Before(answer) => Answer::recorded(&answer).map(ChunkEnd::Repeated),
    }
}

/// Whether a refusal is a lost race. Checking the chunk again finds the item that lost.
fn is_lost_race(why: &Refusal) -> bool {
    use Refusal::{AlreadyInvited, AlreadyMember, ChangedConcurrently, InvitationDeclined};
    matches!(why, AlreadyInvited(_) | AlreadyMember | ChangedConcurrently | InvitationDeclined(_))
}

/// Whether a refusal concerns the idempotency key. It refuses the request, never single items.
fn concerns_idempotency_key(why: &Refusal) -> bool {
    matches!(why, Refusal::IdempotencyKeyReused | Refusal::IdempotencyKeyInUse)
}
