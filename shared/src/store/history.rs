//! Lists of an organization's history (ORG5).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    Direction, List,
    expression::Expression,
    item::{number, text},
    keys,
    range::Range,
};
use crate::domain::{AddressHash, AlertId, Email, Event, EventAction, EventId, MemberId, OrgId};

/// The filters of a list of events. An event must pass all of them.
#[derive(Clone, Copy, Debug)]
pub struct EventFilter<'a> {
    /// Events at this time or later.
    pub from: Option<Timestamp>,
    /// Events before this time.
    pub to: Option<Timestamp>,
    /// Events by this person.
    pub actor: Option<MemberId>,
    /// Events with one of these actions; empty for any.
    pub actions: &'a BTreeSet<EventAction>,
    /// Events whose target has this id.
    pub target: Option<&'a str>,
    /// Events about this person.
    pub about: Option<&'a AboutPerson>,
}

/// A person in an organization. Their events are what they did, and what was done to them, to their
/// invitations, requests and critical alerts, and to the services they keep.
#[derive(Clone, Debug)]
pub struct AboutPerson {
    member: MemberId,
    address: Option<AboutAddress>,
}

/// The ids that belong to the address of a person.
#[derive(Clone, Debug)]
struct AboutAddress {
    /// The hash at the end of the ids of their invitations.
    invitation: String,
    /// Their id as a critical alert user.
    alert: AlertId,
}

impl AboutPerson {
    /// The person with this id in `org`. Without an address, their invitations are found by their
    /// acceptance alone, and their critical alerts not at all.
    pub fn new(org: OrgId, member: MemberId, email: Option<&Email>) -> Self {
        let address = email.map(|email| AboutAddress {
            invitation: AddressHash::of(org, email).in_ids(),
            alert: AlertId::of(org, email),
        });
        Self { member, address }
    }

    fn condition(&self) -> Expression {
        let member = "#actor.#member_id = :about OR #target.#id = :about OR #old.#member_id = :about \
                      OR #new.#member_id = :about OR #old.#super_admin_id = :about \
                      OR #new.#super_admin_id = :about OR #old.#keeper_id = :about \
                      OR #new.#keeper_id = :about";
        let member = Expression::new(member, [("about", text(self.member.to_string()))]);
        let Some(AboutAddress { invitation, alert }) = &self.address else { return member };
        let ids = [("invitation", text(invitation.clone())), ("alert", text(alert.to_string()))];
        member
            .or(Expression::new("contains(#target.#id, :invitation) OR #target.#id = :alert", ids))
    }
}

impl List<Event> {
    /// An organization's history, newest first, without events whose retention has passed.
    ///
    /// Times are a range of keys, the other filters apply to that range. A page can be short; its
    /// cursor then continues.
    pub fn events(org: OrgId, filter: EventFilter<'_>, now: Timestamp) -> Self {
        // Keys have milliseconds: the first one at or after `from`, and the last one before `to`.
        let (from, to) = (filter.from.unwrap_or_default(), filter.to.unwrap_or(Timestamp::MAX));
        let oldest = from.saturating_add(SignedDuration::from_nanos(999_999)).unwrap_or(from);
        let newest = to.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(to);
        let [newest, oldest] =
            [(newest, u128::MAX), (oldest, 0)].map(|(at, rest)| EventId::new(at, rest).bare());
        let kept = Expression::new("#ttl > :now", [("now", number(now.as_second()))]);
        let range = Range::of_table(keys::events(org), "")
            .not_before(Some(oldest))
            .not_after(Some(newest))
            .in_direction(Direction::Descending)
            .filtered(kept.and(filter.condition()));
        Self::of(range)
    }
}

impl EventFilter<'_> {
    /// The filters other than time.
    fn condition(&self) -> Expression {
        let actor = self
            .actor
            .map(|id| ("actor", text(id.to_string())))
            .map(|actor| Expression::new("#actor.#member_id = :actor", [actor]));
        let target =
            self.target.map(|id| Expression::new("#target.#id = :target", [("target", text(id))]));
        let actions = self.actions.iter().enumerate().map(|(nth, action)| {
            let name = format!("action{nth}");
            let is = format!("#action = :{name}");
            Expression::new(&is, [(name.as_str(), text(action.key()))])
        });
        let actions = actions.fold(Expression::default(), Expression::or);
        let about = self.about.map(AboutPerson::condition);
        Expression::all(actor.into_iter().chain(target).chain(about).chain([actions]))
    }
}
