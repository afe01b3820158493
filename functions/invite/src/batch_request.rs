//! The request and the response of a batch of invitations.

use std::collections::{HashMap, hash_map::Entry};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    domain::{DEFAULT_DAYS, Email, Language, MAX_BATCH, MAX_DAYS, Refusal, RoleId},
    http::{Answer, BoundedInt, BoundedVec, FieldError, Problem, Time, views},
    store::CREATED_AT_ONCE,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchInviteRequest {
    invitations: BoundedVec<BatchInviteItem, MAX_BATCH>,
}

/// One item of a JSON body. People type addresses, so a malformed address is refused in the outcome of
/// its item. Any other malformed field refuses the request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchInviteItem {
    email: String,
    role_id: RoleId,
    expires_in_days: Option<BoundedInt<1, MAX_DAYS>>,
    access_expires_at: Option<Time>,
    language: Option<Language>,
}

impl BatchInviteRequest {
    /// The items of the body.
    pub(crate) fn items(self) -> Vec<BatchItem> {
        let BoundedVec(items) = self.invitations;
        let item = |(place, item)| {
            let BatchInviteItem { email, role_id, expires_in_days, access_expires_at, language } =
                item;
            let access_expires_at = access_expires_at.map(|Time(end)| end);
            let days = expires_in_days.map_or(DEFAULT_DAYS, |BoundedInt(days)| days);
            let pointer = format!("/invitations/{place}");
            BatchItem {
                pointer,
                email,
                terms: Ok(Terms { role_id, days, access_expires_at, language }),
            }
        };
        items.into_iter().enumerate().map(item).collect()
    }
}

/// One item of a batch.
pub(crate) struct BatchItem {
    /// Locates the item in the request.
    pub(crate) pointer: String,
    /// The address as it was sent.
    pub(crate) email: String,
    /// What the invitation offers, or why the item is malformed.
    pub(crate) terms: Result<Terms, Problem>,
}

/// What an invitation offers.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) role_id: RoleId,
    pub(crate) days: u32,
    /// The end of the offered access, if it has one (END1).
    pub(crate) access_expires_at: Option<Timestamp>,
    /// The language of the mails; that of the organization if none is given.
    pub(crate) language: Option<Language>,
}

/// An invitation to create. The first item with its address decides what it offers.
pub(crate) struct Offer {
    /// Locates the item in the request.
    pub(crate) pointer: String,
    pub(crate) email: Email,
    pub(crate) terms: Result<Terms, Problem>,
}

/// The outcome of one item.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    status: u16,
    #[serde(flatten)]
    what: OutcomeBody,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeBody {
    Invitation(Value),
    Problem(Value),
}

impl Outcome {
    pub(crate) fn created(invitation: &views::SentInvitation) -> Self {
        // INVARIANT: views are structs with string keys, which always serialize.
        let view = serde_json::to_value(invitation).unwrap_or_default();
        Self { status: 201, what: OutcomeBody::Invitation(view) }
    }

    pub(crate) fn refused(why: impl Into<Problem>) -> Self {
        let problem = why.into();
        Self { status: problem.status().as_u16(), what: OutcomeBody::Problem(problem.to_value()) }
    }

    /// The outcome of a later item with the same address.
    fn again(&self) -> Self {
        let created = match &self.what {
            OutcomeBody::Invitation(view) => view.get("id").and_then(Value::as_str),
            OutcomeBody::Problem(_) => None,
        };
        let created = created.and_then(|id| id.parse().ok()).map(Refusal::AlreadyInvited);
        created.map_or_else(|| self.clone(), Self::refused)
    }
}

/// A parsed batch.
pub(crate) struct BatchList {
    /// The items, in the order of the request.
    items: Vec<ListedItem>,
    /// The invitations to create, one for each address. They depend on the request alone, so that a
    /// repeat of an interrupted request continues in the same order.
    offers: Vec<Offer>,
}

struct ListedItem {
    /// The address as it was sent.
    email: String,
    role: Option<RoleId>,
    parsed: ParsedItem,
}

enum ParsedItem {
    /// The invitation with this index.
    Offer(usize),
    /// The address of the invitation with this index, again.
    Again(usize),
    /// A malformed address.
    Wrong(Problem),
}

impl BatchList {
    pub(crate) fn of(items: Vec<BatchItem>) -> Self {
        let mut list = Self { items: vec![], offers: vec![] };
        let mut known = HashMap::new();
        for BatchItem { pointer, email: sent, terms } in items {
            let role = terms.as_ref().ok().map(|terms| terms.role_id);
            let parsed = match Email::parse(&sent) {
                Err(error) => {
                    let (pointer, detail) = (format!("{pointer}/email"), error.to_string());
                    let malformed = Problem::invalid(FieldError { pointer, detail });
                    // A row of a file without an address says why in its own words.
                    ParsedItem::Wrong(terms.err().filter(|_| sent.is_empty()).unwrap_or(malformed))
                }
                Ok(email) => match known.entry(email.clone()) {
                    Entry::Occupied(first) => ParsedItem::Again(*first.get()),
                    Entry::Vacant(first) => {
                        let nth = *first.insert(list.offers.len());
                        list.offers.push(Offer { pointer, email, terms });
                        ParsedItem::Offer(nth)
                    }
                },
            };
            list.items.push(ListedItem { email: sent, role, parsed });
        }
        list
    }

    /// The invitations to create, one for each address.
    pub(crate) fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// The role of each item, including items with a malformed address.
    pub(crate) fn roles(&self) -> impl Iterator<Item = RoleId> {
        self.items.iter().filter_map(|item| item.role)
    }

    /// The number of transactions. The last one records the response, so there is at least one.
    pub(crate) fn chunks(&self) -> u16 {
        let chunks = self.offers.len().div_ceil(CREATED_AT_ONCE).max(1);
        u16::try_from(chunks).unwrap_or(u16::MAX)
    }

    pub(crate) fn chunk(&self, nth: u16) -> &[Offer] {
        self.offers.chunks(CREATED_AT_ONCE).nth(usize::from(nth)).unwrap_or_default()
    }

    /// The response with the outcome of each item, in the order of the request.
    pub(crate) fn answer(&self, outcomes: &[Outcome]) -> Answer {
        #[derive(Serialize)]
        struct OutcomeLine<'a> {
            email: &'a str,
            #[serde(flatten)]
            outcome: Outcome,
        }
        #[derive(Serialize)]
        struct Outcomes<'a> {
            outcomes: Vec<OutcomeLine<'a>>,
        }
        let lines = self.items.iter().filter_map(|ListedItem { email, parsed, .. }| {
            let outcome = match parsed {
                ParsedItem::Offer(nth) => outcomes.get(*nth)?.clone(),
                ParsedItem::Again(nth) => outcomes.get(*nth)?.again(),
                ParsedItem::Wrong(problem) => Outcome::refused(problem.clone()),
            };
            Some(OutcomeLine { email, outcome })
        });
        Answer::ok(&Outcomes { outcomes: lines.collect() })
    }
}
