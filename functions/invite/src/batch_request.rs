//! The request and the response of a batch of invitations.

use std::collections::{HashMap, hash_map::Entry};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    domain::{Budget, DEFAULT_DAYS, Email, Language, MAX_BATCH, MAX_DAYS, Refusal, RoleId},
    http::{Answer, BoundedInt, BoundedVec, FieldError, Problem, Time, views},
    store::CREATED_AT_ONCE,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchInviteRequest {
    invitations: BoundedVec<BatchInviteItem, MAX_BATCH>,
}

/// One item of a JSON body. People type addresses, so a malformed address is refused in the outcome
/// of its item. Any other malformed field refuses the request.
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
    pub(crate) fn items(self) -> Vec<InvitationItem> {
        let BoundedVec(items) = self.invitations;
        let item = |(nth, item)| {
            let BatchInviteItem { email, role_id, expires_in_days, access_expires_at, language } =
                item;
            let access_expires_at = access_expires_at.map(|Time(end)| end);
            let days = expires_in_days.map_or(DEFAULT_DAYS, |BoundedInt(days)| days);
            let terms = Ok(Terms { role_id, days, access_expires_at, language });
            InvitationItem { place: ItemPlace::Element(nth), email, terms }
        };
        items.into_iter().enumerate().map(item).collect()
    }
}

/// Where an item is in the request.
#[derive(Clone, Copy)]
pub(crate) enum ItemPlace {
    /// The element of a JSON body with this index.
    Element(usize),
    /// The row of a file with this number, as a spreadsheet counts.
    Row(u64),
}

impl ItemPlace {
    /// The JSON pointer of the item.
    fn pointer(self) -> String {
        match self {
            Self::Element(nth) => format!("/invitations/{nth}"),
            Self::Row(nth) => format!("/rows/{nth}"),
        }
    }

    /// The problem of an item that a rule refuses. In a file, it names the row and the cell.
    pub(crate) fn refused(self, refusal: Refusal) -> Problem {
        let column = column(&refusal);
        let problem = Problem::from(refusal);
        match self {
            Self::Element(_) => problem.in_item(&self.pointer()),
            Self::Row(_) => problem.located(self.pointer() + column),
        }
    }

    fn row(self) -> Option<u64> {
        match self {
            Self::Element(_) => None,
            Self::Row(nth) => Some(nth),
        }
    }
}

/// The end of the pointer to the cell that a refusal concerns. Empty if it concerns no single cell.
fn column(refusal: &Refusal) -> &'static str {
    use Refusal as R;
    match refusal {
        R::NoSuchRole
        | R::ExceedsOwnPermissions(..)
        | R::SuperAdminNotAssignable
        | R::SuperAdminRequired
        | R::MdfProgramRequired
        | R::RoleBeingDeleted(_) => "/role",
        R::AccessEndOutOfRange => "/access_expires_at",
        R::AlreadyInvited(_)
        | R::AlreadyMember
        | R::InvitationDeclined(_)
        | R::BudgetSpent { budget: Budget::InvitationsPerAddress, .. } => "/email",
        _ => "",
    }
}

/// One item of a batch.
pub(crate) struct InvitationItem {
    pub(crate) place: ItemPlace,
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
pub(crate) struct InvitationOffer {
    pub(crate) place: ItemPlace,
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

    /// The outcome of a later item with the same address. In a file, its problem names both rows.
    fn again(&self, first: ItemPlace, place: ItemPlace) -> Self {
        let created = match &self.what {
            OutcomeBody::Invitation(view) => view.get("id").and_then(Value::as_str),
            OutcomeBody::Problem(_) => None,
        };
        let created = created.and_then(|id| id.parse().ok()).map(Refusal::AlreadyInvited);
        let end = if created.is_some() { "invited" } else { "refused, for the reason given there" };
        let mut again = created.map_or_else(|| self.clone(), Self::refused);
        if let (Some(first), OutcomeBody::Problem(Value::Object(problem))) =
            (first.row(), &mut again.what)
        {
            let pointer = place.pointer() + "/email";
            let detail = format!(
                "repeats the address of row {first}, which was {end}. Keep one of the two rows"
            );
            let error = FieldError { pointer, detail };
            problem.insert("detail".to_owned(), error.located_detail().into());
            problem.insert("errors".to_owned(), json!([error]));
        }
        again
    }
}

/// A parsed batch.
pub(crate) struct BatchList {
    /// The items, in the order of the request.
    items: Vec<ListedItem>,
    /// The invitations to create, one for each address. They depend on the request alone, so that a
    /// repeat of an interrupted request continues in the same order.
    offers: Vec<InvitationOffer>,
}

struct ListedItem {
    place: ItemPlace,
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
    pub(crate) fn parse(items: Vec<InvitationItem>) -> Self {
        let mut list = Self { items: vec![], offers: vec![] };
        let mut known = HashMap::new();
        for InvitationItem { place, email: sent, terms } in items {
            let role = terms.as_ref().ok().map(|terms| terms.role_id);
            let parsed = match Email::parse(&sent) {
                Err(error) => {
                    let (pointer, detail) = (place.pointer() + "/email", error.to_string());
                    let malformed = Problem::invalid(FieldError { pointer, detail });
                    // A row of a file without an address says why in its own words.
                    ParsedItem::Wrong(terms.err().filter(|_| sent.is_empty()).unwrap_or(malformed))
                }
                Ok(email) => match known.entry(email.clone()) {
                    Entry::Occupied(first) => ParsedItem::Again(*first.get()),
                    Entry::Vacant(first) => {
                        let nth = *first.insert(list.offers.len());
                        list.offers.push(InvitationOffer { place, email, terms });
                        ParsedItem::Offer(nth)
                    }
                },
            };
            list.items.push(ListedItem { place, email: sent, role, parsed });
        }
        list
    }

    /// The invitations to create, one for each address.
    pub(crate) fn offers(&self) -> &[InvitationOffer] {
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

    /// The offers of a chunk.
    pub(crate) fn offers_of(&self, nth: u16) -> &[InvitationOffer] {
        self.offers.chunks(CREATED_AT_ONCE).nth(usize::from(nth)).unwrap_or_default()
    }

    /// The response with the outcome of each item, in the order of the request.
    pub(crate) fn answer(&self, outcomes: &[Outcome]) -> Answer {
        #[derive(Serialize)]
        struct OutcomeLine<'a> {
            /// The number of the row in a file.
            #[serde(skip_serializing_if = "Option::is_none")]
            row: Option<u64>,
            /// The number of the earlier row with the same address.
            #[serde(skip_serializing_if = "Option::is_none")]
            repeats_row: Option<u64>,
            email: &'a str,
            #[serde(flatten)]
            outcome: Outcome,
        }
        #[derive(Serialize)]
        struct Outcomes<'a> {
            outcomes: Vec<OutcomeLine<'a>>,
        }
        let lines = self.items.iter().filter_map(|ListedItem { place, email, parsed, .. }| {
            let first = match parsed {
                ParsedItem::Again(nth) => Some(self.offers.get(*nth)?.place),
                ParsedItem::Offer(_) | ParsedItem::Wrong(_) => None,
            };
            let outcome = match parsed {
                ParsedItem::Offer(nth) | ParsedItem::Again(nth) => {
                    let outcome = outcomes.get(*nth)?;
                    first.map_or_else(|| outcome.clone(), |first| outcome.again(first, *place))
                }
                ParsedItem::Wrong(problem) => Outcome::refused(problem.clone()),
            };
            let row = place.row();
            let repeats_row = first.and_then(ItemPlace::row);
            Some(OutcomeLine { row, repeats_row, email, outcome })
        });
        Answer::ok(&Outcomes { outcomes: lines.collect() })
    }
}
