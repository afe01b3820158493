//! A list of invitations: as it is sent, and as it is answered.

use std::collections::{HashMap, hash_map::Entry};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    domain::{DEFAULT_DAYS, Email, MAX_BATCH, MAX_DAYS, Offer, Refusal, RoleId},
    http::{FieldError, Problem, Several, Within, views},
    store::{OPENED_AT_ONCE, Reply},
};

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

/// What became of an offer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
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
    pub(crate) fn opened(invitation: &views::Invitation) -> Self {
        // INVARIANT: views are structs with string keys, which always serialize.
        let view = serde_json::to_value(invitation).unwrap_or_default();
        Self { status: 201, what: What::Invitation(view) }
    }

    pub(crate) fn refused(why: impl Into<Problem>) -> Self {
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
pub(crate) struct List {
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
    pub(crate) fn of(Wanted { invitations: Several(elements) }: Wanted) -> Self {
        let mut list = Self { elements: vec![], offers: vec![] };
        let mut known = HashMap::new();
        for (place, element) in elements.into_iter().enumerate() {
            let Element { email: sent, role_id, expires_in_days } = element;
            let reads = match Email::parse(&sent) {
                Err(error) => {
                    let pointer = format!("/invitations/{place}/email");
                    let detail = error.to_string();
                    Reads::Wrong(Problem::invalid(FieldError { pointer, detail }))
                }
                Ok(email) => match known.entry(email.clone()) {
                    Entry::Occupied(first) => Reads::Again(*first.get()),
                    Entry::Vacant(first) => {
                        let nth = *first.insert(list.offers.len());
                        let days = expires_in_days.map_or(DEFAULT_DAYS, |Within(days)| days);
                        list.offers.push(Offer { email, role_id, days });
                        Reads::Offer(nth)
                    }
                },
            };
            list.elements.push((sent, role_id, reads));
        }
        list
    }

    /// What is offered, each address once.
    pub(crate) fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// The role of each element, also where the address is none.
    pub(crate) fn roles(&self) -> impl Iterator<Item = RoleId> {
        self.elements.iter().map(|(_, role, _)| *role)
    }

    /// How many transactions it takes. The last one records the reply, so there is always one.
    pub(crate) fn chunks(&self) -> u16 {
        let chunks = self.offers.len().div_ceil(OPENED_AT_ONCE).max(1);
        u16::try_from(chunks).unwrap_or(u16::MAX)
    }

    pub(crate) fn chunk(&self, nth: u16) -> &[Offer] {
        self.offers.chunks(OPENED_AT_ONCE).nth(usize::from(nth)).unwrap_or_default()
    }

    /// What became of each element, in the order in which they were sent.
    pub(crate) fn reply(&self, outcomes: &[Outcome]) -> Reply {
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
