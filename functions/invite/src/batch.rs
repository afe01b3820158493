//! Many invitations in one request (INV11).
//!
//! Each is judged and answered as if it had been sent by itself, one after the other; but whoever
//! may not send them all sends none.

use std::collections::HashMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    domain::{
        self, Act, AddressDigest, DEFAULT_DAYS, Email, InvitationId, MAX_BATCH, MAX_DAYS, Offer,
        OrgId, Person, Place, Refusal, RoleId, Room, Standing,
    },
    http::{Acting, App, FieldError, Instead, Json, Path, Problem, Several, Within, views},
    store::{Chunk, Error, Found, Key, OPENED_AT_ONCE, Patience, Reply},
};

/// How often a chunk that lost a race is judged anew.
const ROUNDS: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    invitations: Several<Element, MAX_BATCH>,
}

/// One line of a list that people type: an address that is none is the outcome of its line. All
/// else that does not fit is a program's mistake, and refuses the request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    email: String,
    role_id: RoleId,
    expires_in_days: Option<Within<1, MAX_DAYS>>,
}

pub(crate) async fn invite(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Json(Wanted { invitations: Several(elements) }): Json<Wanted>,
) -> Result<Reply, Instead> {
    let batch = Batch { app: &app, person: &person, act: &act, list: List::of(org, elements) };
    let facts = batch.facts(&batch.list.offers, act.once.as_ref().map(Key::once)).await?;
    let begun = act.once.as_ref().map(|once| facts.1.begun(once, act.at)).transpose()?.flatten();
    let (first, mut outcomes) = begun.unwrap_or((0, vec![]));
    batch.list.authorize(&facts)?;
    let patience = Patience::begin();
    for nth in first..batch.list.chunks() {
        if !patience.is_left() {
            return Err(Problem::unavailable(1).into());
        }
        outcomes = batch.chunk(nth, outcomes, &facts).await?;
    }
    Ok(batch.list.reply(&outcomes))
}

/// What became of an offer.
#[derive(Clone, Serialize, Deserialize)]
struct Outcome {
    status: u16,
    #[serde(flatten)]
    what: What,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Invitation(Value),
    Problem(Value),
}

impl Outcome {
    fn opened(invitation: &views::Invitation) -> Self {
        // INVARIANT: views are structs with string keys, which always serialize.
        let view = serde_json::to_value(invitation).unwrap_or_default();
        Self { status: 201, what: What::Invitation(view) }
    }

    fn refused(why: impl Into<Problem>) -> Self {
        let problem = why.into();
        Self { status: problem.status().as_u16(), what: What::Problem(problem.within()) }
    }

    /// What becomes of the same address further down the list.
    fn again(&self) -> Self {
        let opened = match &self.what {
            What::Invitation(view) => view.get("id").and_then(Value::as_str),
            What::Problem(_) => None,
        };
        let opened = opened.and_then(|id| id.parse().ok()).map(Refusal::AlreadyInvited);
        opened.map_or_else(|| self.clone(), Self::refused)
    }
}

/// A list, read.
struct List {
    org: OrgId,
    /// Each element: its address as it was sent, its role, and what it comes to.
    elements: Vec<(String, RoleId, Reads)>,
    /// What is offered, each address once.
    offers: Vec<Offer>,
}

enum Reads {
    /// The offer of this place.
    Offer(usize),
    /// Once more the address of that offer.
    Again(usize),
    /// An address that is none.
    Wrong(Problem),
}

impl List {
    fn of(org: OrgId, elements: Vec<Element>) -> Self {
        let mut list = Self { org, elements: vec![], offers: vec![] };
        let mut known = HashMap::new();
        for (place, element) in elements.into_iter().enumerate() {
            let Element { email: sent, role_id, expires_in_days } = element;
            let reads = match Email::parse(&sent) {
                Err(error) => {
                    let pointer = format!("/invitations/{place}/email");
                    let detail = error.to_string();
                    Reads::Wrong(Problem::invalid(FieldError { pointer, detail }))
                }
                Ok(email) => match known.get(&email) {
                    Some(nth) => Reads::Again(*nth),
                    None => {
                        known.insert(email.clone(), list.offers.len());
                        let days = expires_in_days.map_or(DEFAULT_DAYS, |Within(days)| days);
                        list.offers.push(Offer { email, role_id, days });
                        Reads::Offer(list.offers.len().saturating_sub(1))
                    }
                },
            };
            list.elements.push((sent, role_id, reads));
        }
        list
    }

    /// All of them, also where the address is none: who may not grant a role may not list it.
    fn authorize(&self, (actor, found): &Facts) -> Result<(), Instead> {
        let mut offered = Vec::new();
        for (_, role, _) in &self.elements {
            let known = role.custom().map(|id| found.role(&Key::role(self.org, id))).transpose()?;
            offered.push((*role, known.flatten().and_then(|(role, _)| role.retiring)));
        }
        domain::invite_all(actor, offered).map_err(|(place, why)| {
            let at = |place| Problem::from(why.clone()).at(format!("/invitations/{place}/role_id"));
            place.map_or_else(|| why.clone().into(), at).into()
        })
    }

    /// Where the custom roles on offer are.
    fn roles(&self) -> impl Iterator<Item = Key> {
        let roles = self.elements.iter().filter_map(|(_, role, _)| role.custom());
        roles.map(|id| Key::role(self.org, id))
    }

    /// How many transactions it takes. The last one records the reply, so there is always one.
    fn chunks(&self) -> u16 {
        let chunks = self.offers.len().div_ceil(OPENED_AT_ONCE).max(1);
        u16::try_from(chunks).unwrap_or(u16::MAX)
    }

    fn chunk(&self, nth: u16) -> &[Offer] {
        self.offers.chunks(OPENED_AT_ONCE).nth(usize::from(nth)).unwrap_or_default()
    }

    /// What became of each element, in the order in which they were sent.
    fn reply(&self, outcomes: &[Outcome]) -> Reply {
        #[derive(Serialize)]
        struct Line<'a> {
            email: &'a str,
            #[serde(flatten)]
            outcome: Outcome,
        }
        #[derive(Serialize)]
        struct Answer<'a> {
            outcomes: Vec<Line<'a>>,
        }
        let lines = self.elements.iter().filter_map(|(email, _, reads)| {
            let outcome = match reads {
                Reads::Offer(nth) => outcomes.get(*nth)?.clone(),
                Reads::Again(nth) => outcomes.get(*nth)?.again(),
                Reads::Wrong(problem) => Outcome::refused(problem.clone()),
            };
            Some(Line { email, outcome })
        });
        Reply::ok(&Answer { outcomes: lines.collect() })
    }
}

/// Who asks, and what was found.
type Facts = (Standing, Found);

/// A list on its way.
struct Batch<'a> {
    app: &'a App,
    person: &'a Person,
    act: &'a Act,
    list: List,
}

impl Batch<'_> {
    async fn facts(
        &self,
        offers: &[Offer],
        also: impl IntoIterator<Item = Key>,
    ) -> Result<Facts, Error> {
        let places = offers.iter().map(|offer| self.place(offer));
        let keys = places.chain(self.list.roles()).chain(also);
        self.app.store.facts(self.person, self.list.org, keys).await
    }

    fn place(&self, offer: &Offer) -> Key {
        Key::place(self.list.org, AddressDigest::of(self.list.org, &offer.email))
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
            tried = match self.facts(offers, Key::headcounts(self.list.org)).await {
                Ok(facts) => {
                    if nth == 0 {
                        self.list.authorize(&facts)?;
                    }
                    let room = facts.1.room(self.list.org, cap);
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
            let id = InvitationId::of(self.act.at, self.list.org, &offer.email);
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
