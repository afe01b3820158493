//! Up to 100 invitations in one request (INV11).
//!
//! Each item is judged in order, as if it were sent alone. If the caller may not grant one of the
//! roles, the whole request is refused.

use serde::Serialize;
use shared::{
    domain::{
        self, AddressDigest, AddressSlot, BatchRefusal, InvitationDraft, InvitationId, OfferedRole,
        OrgId, PendingRoom, Person, Refusal, RequestContext, RoleId, Standing,
    },
    http::{Answer, ApiError, App, Call, Json, Path, Problem, views},
    store::{Chunk, Committed, Deadline, EarlierRun, Error, FetchedItems, Key, NewInvitation},
};

use crate::list::{BatchInviteRequest, BatchList, Outcome};

/// The maximum number of times that a chunk is judged again after a lost race.
const ROUNDS: usize = 5;

pub(crate) async fn invite(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(request): Json<BatchInviteRequest>,
) -> Result<Answer, ApiError> {
    let list = BatchList::of(request);
    let batch = BatchInvite { app: &app, person: &person, context: &context, org, list };
    let key = context.idempotency_key.as_ref();
    let facts = batch.facts(batch.list.drafts(), key.map(Key::idempotency)).await?;
    let earlier = key.map(|key| facts.found.earlier_run(key, context.at)).transpose()?;
    let (first, mut outcomes) = match earlier.unwrap_or(EarlierRun::None) {
        EarlierRun::None => (0, vec![]),
        EarlierRun::Stopped { chunks, progress } => (chunks, progress),
        EarlierRun::Answered(answer) => return Ok(Answer::recorded(&answer)?),
    };
    batch.authorize(&facts)?;
    let deadline = Deadline::begin();
    for nth in first..batch.list.chunks() {
        if deadline.has_passed() {
            return Err(Problem::unavailable(1).into());
        }
        match batch.write_chunk(nth, outcomes, &facts).await? {
            ChunkEnd::Judged(judged) => outcomes = judged,
            ChunkEnd::Repeated(answer) => return Ok(answer),
        }
    }
    Ok(batch.list.answer(&outcomes))
}

/// The facts on which a batch is judged.
struct BatchFacts {
    actor: Standing,
    found: FetchedItems,
}

/// The result of one chunk.
enum ChunkEnd {
    /// The outcomes of all items up to the end of the chunk.
    Judged(Vec<Outcome>),
    /// Another run of the same request has finished. Contains its response.
    Repeated(Answer),
}

/// A batch of invitations and its request.
struct BatchInvite<'a> {
    app: &'a App,
    person: &'a Person,
    context: &'a RequestContext,
    org: OrgId,
    list: BatchList,
}

impl BatchInvite<'_> {
    async fn facts(
        &self,
        drafts: &[InvitationDraft],
        also: impl IntoIterator<Item = Key>,
    ) -> Result<BatchFacts, Error> {
        let slots = drafts.iter().map(|draft| self.slot(draft));
        let keys = slots.chain(self.roles()).chain([Key::counts(self.org)]).chain(also);
        let (actor, found) = self.app.store.facts(self.person, self.org, keys).await?;
        Ok(BatchFacts { actor, found })
    }

    fn slot(&self, draft: &InvitationDraft) -> Key {
        Key::address_slot(self.org, AddressDigest::of(self.org, &draft.email))
    }

    /// Checks that the actor may grant every role in the batch, including the roles of items with a
    /// malformed address.
    ///
    /// # Errors
    ///
    /// The refusal of the first role that the actor may not grant, at its position.
    fn authorize(&self, facts: &BatchFacts) -> Result<(), ApiError> {
        let mut offered = Vec::new();
        for id in self.list.roles() {
            let key = id.custom().map(|id| Key::role(self.org, id));
            let role = key.map(|key| facts.found.role(&key)).transpose()?.flatten();
            let reassigned_to = role.and_then(|found| Some(found.role.reassignment?.to));
            offered.push(OfferedRole { id, reassigned_to });
        }
        domain::check_batch(&facts.actor, offered).map_err(|BatchRefusal { position, refusal }| {
            let problem = Problem::from(refusal);
            match position {
                Some(position) => problem.at(format!("/invitations/{position}/role_id")).into(),
                None => problem.into(),
            }
        })
    }

    /// The keys of the custom roles in the batch.
    fn roles(&self) -> impl Iterator<Item = Key> {
        let roles = self.list.roles().filter_map(RoleId::custom);
        roles.map(|id| Key::role(self.org, id))
    }

    /// Writes one chunk, after the `outcomes` of the chunks before. After a lost race, or if the
    /// limit of pending invitations is reached meanwhile, reads the facts again and judges the chunk
    /// again, at most `ROUNDS` times. After the first chunk, a refusal of a whole chunk becomes the
    /// outcome of each of its items.
    async fn write_chunk(
        &self,
        nth: u16,
        mut outcomes: Vec<Outcome>,
        facts: &BatchFacts,
    ) -> Result<ChunkEnd, ApiError> {
        let drafts = self.list.chunk(nth);
        let mut written = self.attempt(nth, &outcomes, facts).await;
        let mut refusal = Refusal::ChangedConcurrently;
        for round in 0..=ROUNDS {
            match written {
                Ok(end) => return Ok(end),
                Err(Error::Refused(why @ Refusal::PendingInvitationLimit(_))) => refusal = why,
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
            written = match self.facts(drafts, None).await {
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
        outcomes.extend(drafts.iter().map(|_| Outcome::refused(refusal.clone())));
        let (chunk, progress) = (self.chunk_of(nth), self.progress(nth, &outcomes));
        let writes = self.app.store.transaction(self.context);
        Ok(chunk_end(writes.commit_chunk(chunk, &progress).await?, outcomes)?)
    }

    /// Judges a chunk and writes it once.
    async fn attempt(
        &self,
        nth: u16,
        before: &[Outcome],
        facts: &BatchFacts,
    ) -> Result<ChunkEnd, Error> {
        let (mut judged, mut opened) = (before.to_vec(), Vec::new());
        let cap = self.app.limits.max_pending;
        let mut room = facts.found.pending_room(self.org, cap);
        for draft in self.list.chunk(nth) {
            match self.judge(draft, facts, &mut room)? {
                Ok(new) => {
                    let view = views::Invitation::of(&new.invitation, self.context.at);
                    judged.push(Outcome::opened(&view));
                    opened.push(new);
                }
                Err(refusal) => judged.push(Outcome::refused(refusal)),
            }
        }
        let (chunk, progress) = (self.chunk_of(nth), self.progress(nth, &judged));
        let writes = self.app.store.transaction(self.context);
        let writes = writes.open_invitations(&facts.actor, &opened, cap, chunk)?;
        chunk_end(writes.commit_chunk(chunk, &progress).await?, judged)
    }

    /// Judges one item. The outer error is a failed read; the inner one is the outcome of the item.
    fn judge(
        &self,
        draft: &InvitationDraft,
        facts: &BatchFacts,
        room: &mut PendingRoom,
    ) -> Result<Result<NewInvitation, Refusal>, Error> {
        let now = self.context.at;
        let slot = facts.found.address_slot(&self.slot(draft))?;
        let id = InvitationId::of(now, self.org, &draft.email);
        let invited = domain::invite(&facts.actor, draft.clone(), slot.as_ref(), id, now);
        let replaces = slot.and_then(AddressSlot::pending);
        let invited = match (invited, &replaces) {
            (Ok(invitation), None) => room.take().map(|()| invitation),
            (invited, _) => invited,
        };
        Ok(invited.map(|invitation| NewInvitation { invitation, replaces }))
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
        Committed::Now => Ok(ChunkEnd::Judged(outcomes)),
        Committed::Before(answer) => Answer::recorded(&answer).map(ChunkEnd::Repeated),
    }
}

/// Whether a refusal is a lost race. Judging the chunk again finds the invitation that lost.
fn is_lost_race(why: &Refusal) -> bool {
    use Refusal::{AlreadyInvited, AlreadyMember, ChangedConcurrently};
    matches!(why, AlreadyInvited(_) | AlreadyMember | ChangedConcurrently)
}

/// Whether a refusal concerns the idempotency key. It refuses the request, never single items.
fn concerns_idempotency_key(why: &Refusal) -> bool {
    matches!(why, Refusal::IdempotencyKeyReused | Refusal::IdempotencyKeyInUse)
}
