//! Digests: mails about several events.
//!
//! Managers get at most one mail an hour about join requests, and inviters about accepted
//! invitations (INV14). Further events wait for a digest. The events of an offboarding wait for
//! each other, and all are in one digest (OP2).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Event, EventId, MemberId, OrgId, PersonId};

/// The shortest time between two mails.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);
/// More than the time between the arrival of a request and its commit.
const LATE: SignedDuration = SignedDuration::from_mins(1);
/// How long the events of an offboarding wait for each other: longer than the request runs that
/// causes them. A later request continues an offboarding that stopped.
const GATHERED: SignedDuration = SignedDuration::from_mins(2);
/// The most people, or events of an offboarding, that a digest names.
pub const MAX_NAMED_IN_DIGEST: usize = 20;

/// The recipient of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestRecipient {
    /// The members who decide about requests to join this organization.
    Managers(OrgId),
    /// A member of this organization, about the invitations that they sent last.
    Inviter(OrgId, MemberId),
    /// An address of a person who was offboarded.
    Offboarded(PersonId),
}

/// An event, by its organization and its id there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReference {
    /// The organization.
    pub organization_id: OrgId,
    /// The event.
    pub event_id: EventId,
}

/// The last mail to a recipient, and the events that wait for the next digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestState {
    /// The time of the last mail.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub sent_at: Timestamp,
    /// The event that the last mail was about. `None` for a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// The time of the next digest, if events wait for it.
    #[serde(
        rename = "expires_at",
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub digest_at: Option<Timestamp>,
    /// The time of the earliest event that waits.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub waiting_since: Option<Timestamp>,
    /// The number of events that wait for the digest. Each new event increases it, so a digest
    /// notices an event that arrives while the digest is sent.
    #[serde(default)]
    pub waiting: u32,
    /// The first people that the waiting events are about, at most [`MAX_NAMED_IN_DIGEST`]. The
    /// digest of join requests reads the open requests instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<MemberId>,
    /// The first events of an offboarding that wait, at most [`MAX_NAMED_IN_DIGEST`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventReference>,
}

/// What becomes of a new event: a mail of its own, or a line in a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DigestStep {
    /// It gets a mail of its own, and this becomes the last mail.
    SendNow(DigestState),
    /// It got its mail before: the event was delivered again.
    SendAgain,
    /// It waits for the digest of this state.
    Wait(DigestState),
}

impl DigestState {
    /// The step for `event`, which is about `person` where the digest names people by it. `last` is
    /// the state before.
    pub fn step(last: Option<&Self>, event: &Event, person: Option<MemberId>) -> DigestStep {
        let id = Some(event.id);
        let own = Self { event: id, ..Self::sent(event.at) };
        let Some(last) = last else { return DigestStep::SendNow(own) };
        if last.event == id {
            return DigestStep::SendAgain;
        }
        let next = hour_after(last.sent_at);
        if last.digest_at.is_none() && next <= event.at {
            return DigestStep::SendNow(own);
        }
        let since = last.waiting_since.map_or(event.at, |since| since.min(event.at));
        let mut wait = last.clone();
        wait.digest_at = Some(last.digest_at.unwrap_or(next));
        wait.waiting_since = Some(since);
        // An event that is delivered again is about a person who waits already.
        if person.is_none_or(|person| !last.people.contains(&person)) {
            wait.waiting = last.waiting.saturating_add(1);
            let named = person.filter(|_| last.people.len() < MAX_NAMED_IN_DIGEST);
            wait.people.extend(named);
        }
        DigestStep::Wait(wait)
    }

    /// The state after `event` of an offboarding was added. `last` is the state before.
    pub fn with_offboarding(last: Option<&Self>, event: &Event) -> Self {
        let mut wait = last.cloned().unwrap_or_else(|| Self::sent(event.at));
        let together = event.at.saturating_add(GATHERED).unwrap_or(Timestamp::MAX);
        wait.digest_at = wait.digest_at.or(Some(together));
        let own = EventReference { organization_id: event.organization_id, event_id: event.id };
        if !wait.events.contains(&own) {
            wait.waiting = wait.waiting.saturating_add(1);
            let named = (wait.events.len() < MAX_NAMED_IN_DIGEST).then_some(own);
            wait.events.extend(named);
        }
        wait
    }

    /// The state after a digest, which was sent unless nothing that waits matters any more.
    pub fn after_digest(&self, sent: bool, now: Timestamp) -> Self {
        Self::sent(if sent { now } else { self.sent_at })
    }

    /// The state after the digest of `before`, during which more events arrived. They wait for the
    /// next one. A digest of join requests also names again what arrived just before.
    pub fn after_interrupted_digest(&self, before: &Self, now: Timestamp) -> Self {
        let since = now.saturating_sub(LATE).unwrap_or(now);
        let people = self.people.iter().filter(|person| !before.people.contains(person));
        let events = self.events.iter().filter(|event| !before.events.contains(event));
        Self {
            digest_at: Some(hour_after(now)),
            waiting_since: Some(since),
            waiting: self.waiting.saturating_sub(before.waiting).max(1),
            people: people.copied().collect(),
            events: events.copied().collect(),
            ..Self::sent(now)
        }
    }

    fn sent(at: Timestamp) -> Self {
        let (event, digest_at, waiting_since) = (None, None, None);
        let (people, events) = (vec![], vec![]);
        Self { sent_at: at, event, digest_at, waiting_since, waiting: 0, people, events }
    }
}

fn hour_after(at: Timestamp) -> Timestamp {
    at.saturating_add(INTERVAL).unwrap_or(Timestamp::MAX)
}
