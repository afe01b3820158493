//! How often the managers of an organization get mail about requests to join: at once after an hour
//! without one, else in a digest at the end of the hour (INV14).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Event, EventId};

/// The shortest time between two mails.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);
/// More than the time between the arrival of a request and its commit.
const LATE: SignedDuration = SignedDuration::from_mins(1);

/// The last mail to the managers of an organization about requests to join, and the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagerMail {
    /// The time of the last mail.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub sent_at: Timestamp,
    /// The request to join that the last mail was about. `None` for a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// The time of the next digest, if requests wait for it.
    #[serde(
        rename = "expires_at",
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub digest_at: Option<Timestamp>,
    /// The time of the earliest request that waits.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub waiting_since: Option<Timestamp>,
    /// The number of requests that were told to wait. It changes with each, so that a digest notices
    /// one that arrives while it is sent.
    #[serde(default)]
    pub waiting: u32,
}

/// What a new request to join means for the mail to the managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerMailStep {
    /// It gets a mail of its own, and this becomes the last mail.
    SendNow(ManagerMail),
    /// It got its mail before: the event was delivered again.
    SendAgain,
    /// It waits for the digest of this state.
    Wait(ManagerMail),
}

impl ManagerMail {
    /// The step for the request to join that `event` records. `last` is the state before.
    pub fn step(last: Option<&Self>, event: &Event) -> ManagerMailStep {
        let id = Some(event.id);
        let own = Self { event: id, ..Self::sent(event.at) };
        let Some(last) = last else { return ManagerMailStep::SendNow(own) };
        if last.event == id {
            return ManagerMailStep::SendAgain;
        }
        let next = hour_after(last.sent_at);
        if last.digest_at.is_none() && next <= event.at {
            return ManagerMailStep::SendNow(own);
        }
        let since = last.waiting_since.map_or(event.at, |since| since.min(event.at));
        ManagerMailStep::Wait(Self {
            digest_at: Some(last.digest_at.unwrap_or(next)),
            waiting_since: Some(since),
            waiting: last.waiting.saturating_add(1),
            ..last.clone()
        })
    }

    /// The state after a digest, which was sent unless no request was open any more.
    pub fn after_digest(&self, sent: bool, now: Timestamp) -> Self {
        Self::sent(if sent { now } else { self.sent_at })
    }

    /// The state after a digest during which more requests arrived. They wait for the next one. It
    /// also names again what arrived just before.
    pub fn after_interrupted_digest(now: Timestamp) -> Self {
        let since = now.saturating_sub(LATE).unwrap_or(now);
        let digest_at = Some(hour_after(now));
        Self { digest_at, waiting_since: Some(since), waiting: 1, ..Self::sent(now) }
    }

    fn sent(at: Timestamp) -> Self {
        let (event, digest_at, waiting_since) = (None, None, None);
        Self { sent_at: at, event, digest_at, waiting_since, waiting: 0 }
    }
}

fn hour_after(at: Timestamp) -> Timestamp {
    at.saturating_add(INTERVAL).unwrap_or(Timestamp::MAX)
}
