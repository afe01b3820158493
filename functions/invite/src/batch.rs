//! Up to 100 invitations in one request (INV11).
//!
//! Each item is checked in order, as if it were sent alone. If the caller may not grant one of the
//! roles, a JSON request is refused as a whole; in a file, the row is.

use serde::Serialize;
use shared::{
    domain::{NewInvitation, OrgId, Person, Refusal, RequestContext, Standing},
    http::{
        Answer, ApiError, App, Attempt, Call, Deployment, JsonOrCsv, Path, Problem,
        retry_lost_races,
    },
    store::{Chunk, Committed, Deadline, EarlierRun, Error, Transaction},
};

use crate::{
    batch_checks::Checked,
    batch_request::{BatchInviteRequest, BatchList, InvitationOffer, Outcome},
    csv,
    invite_facts::InviteFacts,
};

/// The most attempts to write a chunk.
const MAX_CHUNK_ATTEMPTS: usize = 6;

pub(crate) async fn invite(
    call: Call,
    Path(org): Path<OrgId>,
    body: JsonOrCsv<BatchInviteRequest>,
) -> Result<Answer, ApiError> {
    let batch = BatchInvite::read(&call, org, body).await?;
    let deadline = Deadline::begin();
    let facts = batch.first_facts().await?;
    let (first, outcomes) = match batch.earlier_run(&facts)? {
        EarlierRun::None => (0, vec![]),
        EarlierRun::Stopped { chunks, progress } => (chunks, progress),
        EarlierRun::Answered(answer) => return Ok(Answer::recorded(&answer)?),
    };
    batch.authorize(&facts)?;
    let facts = batch.complete(batch.list.offers(), facts).await?;
    batch.write_from(first, outcomes, &facts, deadline).await
}

/// The result of one chunk.
enum ChunkEnd {
    /// The outcomes of all items up to the end of the chunk.
    Written(Vec<Outcome>),
    /// Another run of the same request has finished. Contains its response.
    Repeated(Answer),
}

/// A batch of invitations and its request.
pub(crate) struct BatchInvite<'a> {
    pub(crate) app: &'a App,
    pub(crate) person: &'a Person,
    pub(crate) context: &'a RequestContext,
    pub(crate) org: OrgId,
    pub(crate) list: BatchList,
    /// Whether the request is a file. In a file, a role that the actor may not grant refuses its
    /// row alone. An export of users contains such roles.
    pub(crate) is_file: bool,
}

impl<'a> BatchInvite<'a> {
    /// Reads the body. A file can name roles, whose ids are in the table.
    async fn read(
        Call { app, person, context, .. }: &'a Call,
        org: OrgId,
        body: JsonOrCsv<BatchInviteRequest>,
    ) -> Result<Self, Problem> {
        let (items, is_file) = match body {
            JsonOrCsv::Json(request) => (request.items(), false),
            JsonOrCsv::Csv(file) => (csv::items(app, org, &file).await?, true),
        };
        Ok(Self { app, person, context, org, list: BatchList::parse(items), is_file })
    }
}

impl BatchInvite<'_> {
    /// The progress of an earlier run of the same request.
    fn earlier_run(&self, facts: &InviteFacts) -> Result<EarlierRun<Vec<Outcome>>, Error> {
        match &self.context.idempotency_key {
            Some(key) => facts.found.earlier_run(key, self.context.at),
            None => Ok(EarlierRun::None),
        }
    }

    /// Writes the chunks from `first` on, after the `outcomes` of the chunks before. Returns the
    /// response.
    ///
    /// # Errors
    ///
    /// 503 if time is over, so that a repeat continues; the errors of a chunk.
    async fn write_from(
        &self,
        first: u16,
        mut outcomes: Vec<Outcome>,
        facts: &InviteFacts,
        deadline: Deadline,
    ) -> Result<Answer, ApiError> {
        for nth in first..self.list.chunks() {
            if deadline.has_passed() {
                return Err(Problem::unavailable(1).into());
            }
            match self.write_chunk(nth, &outcomes, facts).await? {
                ChunkEnd::Written(written) => outcomes = written,
                ChunkEnd::Repeated(answer) => return Ok(answer),
            }
        }
        Ok(self.list.answer(&outcomes))
    }

    /// Writes one chunk, after the outcomes of the chunks `before`. After a lost race, or if a
    /// limit is reached meanwhile, reads the facts again and checks the chunk again. If no attempt
    /// succeeds, the refusal becomes the outcome of each item.
    async fn write_chunk(
        &self,
        nth: u16,
        before: &[Outcome],
        facts: &InviteFacts,
    ) -> Result<ChunkEnd, ApiError> {
        let attempt = |attempt| self.attempt(attempt, nth, before, facts);
        match retry_lost_races(MAX_CHUNK_ATTEMPTS, attempt).await? {
            Attempt::Done(end) => Ok(end),
            Attempt::LostRace(refusal) => self.refuse_chunk(nth, before, refusal).await,
        }
    }

    /// One attempt to write a chunk: the first on `facts`, a later one on facts that are read
    /// again. A limit that was reached meanwhile is a lost race. After the first chunk, another
    /// refusal of a whole chunk becomes the outcome of each of its items.
    async fn attempt(
        &self,
        attempt: usize,
        nth: u16,
        before: &[Outcome],
        facts: &InviteFacts,
    ) -> Result<Attempt<ChunkEnd>, ApiError> {
        let written = if attempt == 1 {
            self.write(nth, before, facts).await
        } else {
            self.write_again(nth, before).await?
        };
        match written {
            Ok(end) => Ok(Attempt::Done(end)),
            Err(Error::Refused(
                limit @ (Refusal::PendingInvitationLimit(_) | Refusal::BudgetSpent { .. }),
            )) => Ok(Attempt::LostRace(limit)),
            Err(Error::Refused(why)) if is_lost_race(&why) => {
                Ok(Attempt::LostRace(Refusal::ChangedConcurrently))
            }
            Err(Error::Refused(why)) if nth > 0 && !concerns_idempotency_key(&why) => {
                self.refuse_chunk(nth, before, why).await.map(Attempt::Done)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a chunk on facts that are read again. The inner error is that of the reads or of the
    /// write.
    ///
    /// # Errors
    ///
    /// The refusal of the whole request. Only the first chunk may refuse it.
    async fn write_again(
        &self,
        nth: u16,
        before: &[Outcome],
    ) -> Result<Result<ChunkEnd, Error>, ApiError> {
        let facts = match self.facts_again(self.list.offers_of(nth)).await {
            Ok(facts) => facts,
            Err(error) => return Ok(Err(error)),
        };
        if nth == 0 {
            self.authorize(&facts)?;
        }
        Ok(self.write(nth, before, &facts).await)
    }

    /// Records the refusal of a whole chunk as the outcome of each of its items.
    async fn refuse_chunk(
        &self,
        nth: u16,
        before: &[Outcome],
        refusal: Refusal,
    ) -> Result<ChunkEnd, ApiError> {
        let refused =
            |offer: &InvitationOffer| Outcome::refused(offer.place.refused(refusal.clone()));
        let outcomes = before.iter().cloned().chain(self.list.offers_of(nth).iter().map(refused));
        let writes = self.app.store.transaction(self.context);
        Ok(self.commit(nth, writes, outcomes.collect()).await?)
    }

    /// Checks a chunk and writes it once.
    async fn write(
        &self,
        nth: u16,
        before: &[Outcome],
        facts: &InviteFacts,
    ) -> Result<ChunkEnd, Error> {
        let mut outcomes = before.to_vec();
        let mut created = Vec::new();
        let mut room = self.room(facts);
        for offer in self.list.offers_of(nth) {
            match self.check(offer, facts, &mut room)? {
                Checked::Invited(new) => {
                    let view = facts.show(&new.invitation, self.context.at)?;
                    outcomes.push(Outcome::created(&view));
                    created.push(new);
                }
                Checked::Refused(problem) => outcomes.push(Outcome::refused(problem)),
            }
        }
        let writes = self.creation(&facts.actor, &created, self.chunk(nth))?;
        self.commit(nth, writes, outcomes).await
    }

    /// The transaction that creates the invitations of a chunk, and uses up the budgets.
    fn creation(
        &self,
        actor: &Standing,
        created: &[NewInvitation],
        chunk: Chunk,
    ) -> Result<Transaction<'_>, Error> {
        let Deployment { max_pending, budgets, .. } = &self.app.deployment;
        let writes = self.app.store.transaction(self.context);
        let writes = writes.create_invitations(actor, created, *max_pending, chunk)?;
        let addresses = created.iter().map(|new| &new.invitation.email);
        Ok(writes.spend_on_mail(budgets, &actor.org, addresses))
    }

    /// Commits a chunk with the `outcomes` of all items up to its end.
    async fn commit(
        &self,
        nth: u16,
        writes: Transaction<'_>,
        outcomes: Vec<Outcome>,
    ) -> Result<ChunkEnd, Error> {
        let chunk = self.chunk(nth);
        let progress = if chunk.last {
            Progress::Complete(self.list.answer(&outcomes))
        } else {
            Progress::SoFar(&outcomes)
        };
        match writes.commit_chunk(chunk, &progress).await? {
            Committed::Now => Ok(ChunkEnd::Written(outcomes)),
            Committed::Before(answer) => Answer::recorded(&answer).map(ChunkEnd::Repeated),
        }
    }

    fn chunk(&self, nth: u16) -> Chunk {
        Chunk { nth, last: nth.saturating_add(1) == self.list.chunks() }
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

/// Whether a refusal is a lost race. Checking the chunk again finds the item that lost.
fn is_lost_race(why: &Refusal) -> bool {
    use Refusal::{AlreadyInvited, AlreadyMember, ChangedConcurrently, InvitationDeclined};
    matches!(why, AlreadyInvited(_) | AlreadyMember | ChangedConcurrently | InvitationDeclined(_))
}

/// Whether a refusal concerns the idempotency key. It refuses the request, never single items.
fn concerns_idempotency_key(why: &Refusal) -> bool {
    matches!(why, Refusal::IdempotencyKeyReused | Refusal::IdempotencyKeyInUse)
}
