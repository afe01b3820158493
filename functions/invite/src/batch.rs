//! Many invitations in one request (INV11).
//!
//! Each is judged and answered as if it had been sent by itself, one after the other; but whoever
//! may not send them all sends none.

use axum::extract::State;
use shared::{
    domain::{
        self, Act, AddressDigest, InvitationId, Offer, OrgId, Person, Place, Refusal, Room,
        Standing,
    },
    http::{Acting, App, Instead, Json, Path, Problem, views},
    store::{Chunk, Error, Found, Key, Patience, Reply},
};

use crate::list::{List, Outcome, Wanted};

/// How often a chunk that lost a race is judged anew.
const ROUNDS: usize = 5;

pub(crate) async fn invite(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Json(wanted): Json<Wanted>,
) -> Result<Reply, Instead> {
    let batch = Batch { app: &app, person: &person, act: &act, org, list: List::of(wanted) };
    let facts = batch.facts(batch.list.offers(), act.once.as_ref().map(Key::once)).await?;
    let begun = act.once.as_ref().map(|once| facts.1.begun(once, act.at)).transpose()?.flatten();
    let (first, mut outcomes) = begun.unwrap_or((0, vec![]));
    batch.authorize(&facts)?;
    let patience = Patience::begin();
    for nth in first..batch.list.chunks() {
        if !patience.is_left() {
            return Err(Problem::unavailable(1).into());
        }
        outcomes = batch.chunk(nth, outcomes, &facts).await?;
    }
    Ok(batch.list.reply(&outcomes))
}

/// Who asks, and what was found.
type Facts = (Standing, Found);

/// A list on its way.
struct Batch<'a> {
    app: &'a App,
    person: &'a Person,
    act: &'a Act,
    org: OrgId,
    list: List,
}

impl Batch<'_> {
    async fn facts(
        &self,
        offers: &[Offer],
        also: impl IntoIterator<Item = Key>,
    ) -> Result<Facts, Error> {
        let places = offers.iter().map(|offer| self.place(offer));
        let keys = places.chain(self.roles()).chain(also);
        self.app.store.facts(self.person, self.org, keys).await
    }

    fn place(&self, offer: &Offer) -> Key {
        Key::place(self.org, AddressDigest::of(self.org, &offer.email))
    }

    /// May the actor send all of it? Also where the address is none: who may not grant a role may
    /// not list it.
    fn authorize(&self, (actor, found): &Facts) -> Result<(), Instead> {
        let mut offered = Vec::new();
        for role in self.list.roles() {
            let known = role.custom().map(|id| found.role(&Key::role(self.org, id))).transpose()?;
            offered.push((role, known.flatten().and_then(|(role, _)| role.retiring)));
        }
        domain::invite_all(actor, offered).map_err(|(place, why)| {
            let at = |place| Problem::from(why.clone()).at(format!("/invitations/{place}/role_id"));
            place.map_or_else(|| why.clone().into(), at).into()
        })
    }

    /// Where the custom roles on offer are.
    fn roles(&self) -> impl Iterator<Item = Key> {
        let roles = self.list.roles().filter_map(domain::RoleId::custom);
        roles.map(|id| Key::role(self.org, id))
    }

    /// Does one chunk, after the `outcomes` of those before. A race cancels all of it, and it is
    /// judged anew, so that only whoever lost is refused. Once something is opened, what refuses a
    /// whole chunk is the outcome of each in it.
    async fn chunk(
        &self,
        nth: u16,
        mut outcomes: Vec<Outcome>,
        facts: &Facts,
    ) -> Result<Vec<Outcome>, Instead> {
        let (offers, cap) = (self.list.chunk(nth), self.app.limits.max_pending);
        let mut tried = self.attempt(nth, &outcomes, facts, None).await;
        let mut lost = Refusal::ChangedMeanwhile;
        for _ in 0..ROUNDS {
            match tried {
                Ok(judged) => {
                    outcomes.extend(judged);
                    return Ok(outcomes);
                }
                Err(Error::Full(_)) => lost = Refusal::TooManyPending(cap),
                Err(Error::Refused(why)) if is_passing(&why) => lost = Refusal::ChangedMeanwhile,
                Err(Error::Refused(why)) if nth > 0 && !is_of_the_key(&why) => {
                    lost = why;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            tried = match self.facts(offers, Key::headcounts(self.org)).await {
                Ok(facts) => {
                    if nth == 0 {
                        self.authorize(&facts)?;
                    }
                    let room = facts.1.room(self.org, cap);
                    self.attempt(nth, &outcomes, &facts, Some(room)).await
                }
                Err(error) => Err(error),
            };
        }
        outcomes.extend(offers.iter().map(|_| Outcome::refused(lost.clone())));
        let reply = self.reply_after(nth, &outcomes);
        self.app.store.open_none(self.act, (self.chunk_of(nth), &reply)).await?;
        Ok(outcomes)
    }

    /// Judges a chunk, and writes it.
    async fn attempt(
        &self,
        nth: u16,
        before: &[Outcome],
        (actor, found): &Facts,
        mut room: Option<Room>,
    ) -> Result<Vec<Outcome>, Error> {
        let (mut judged, mut opened) = (before.to_vec(), Vec::new());
        for offer in self.list.chunk(nth) {
            let place = found.place(&self.place(offer))?;
            let id = InvitationId::of(self.act.at, self.org, &offer.email);
            let mut invited = domain::invite(actor, offer.clone(), place.as_ref(), id, self.act.at);
            let expired = place.and_then(Place::pending);
            if let (Some(room), None) = (&mut room, &expired) {
                invited = invited.and_then(|invitation| room.seat(invitation));
            }
            judged.push(match invited {
                Err(why) => Outcome::refused(why),
                Ok(invitation) => {
                    let view = views::Invitation::of(&invitation, self.act.at);
                    opened.push((invitation, expired));
                    Outcome::opened(&view)
                }
            });
        }
        let reply = self.reply_after(nth, &judged);
        let opened = (opened.as_slice(), self.app.limits.max_pending);
        let chunk = (self.chunk_of(nth), &reply);
        self.app.store.open_invitations(self.act, actor, opened, chunk).await?;
        Ok(judged.split_off(before.len()))
    }

    fn chunk_of(&self, nth: u16) -> Chunk {
        Chunk { nth, last: nth.saturating_add(1) == self.list.chunks() }
    }

    /// What is known of the reply after a chunk; all of it after the last.
    fn reply_after(&self, nth: u16, outcomes: &[Outcome]) -> Reply {
        if self.chunk_of(nth).last { self.list.reply(outcomes) } else { Reply::ok(&outcomes) }
    }
}

/// Who lost a race is told apart by looking again.
fn is_passing(why: &Refusal) -> bool {
    use Refusal::{AlreadyInvited, AlreadyMember, ChangedMeanwhile};
    matches!(why, AlreadyInvited(_) | AlreadyMember | ChangedMeanwhile)
}

/// Another run of the same request answers it.
fn is_of_the_key(why: &Refusal) -> bool {
    matches!(why, Refusal::KeyReused | Refusal::KeyInUse)
}
