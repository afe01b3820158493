//! How often the managers of an organization get mail about requests to join: at once after an hour
//! without one, else in a digest at the end of the hour (INV14).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Event, EventId};

/// The shortest time between two mails.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

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
}

/// What a new request to join means for the mail to the managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagerMailStep {
    /// It gets a mail of its own, and this becomes the last mail.
    SendNow(ManagerMail),
    /// It got its mail before: the event was delivered again.
    SendAgain,
    /// It waits for a digest that is to be set up.
    Wait(ManagerMail),
    /// It waits for a digest that is set up.
    Waits,
}

impl ManagerMail {
    /// The step for the request to join that `event` records. `last` is the state before.
    pub fn step(last: Option<&Self>, event: &Event) -> ManagerMailStep {
        let own = Self { sent_at: event.at, event: Some(event.id), digest_at: None };
        let Some(last) = last else { return ManagerMailStep::SendNow(own) };
        if last.event == Some(event.id) {
            return ManagerMailStep::SendAgain;
        }
        if last.digest_at.is_some() {
            return ManagerMailStep::Waits;
        }
        let next = last.sent_at.saturating_add(INTERVAL).unwrap_or(Timestamp::MAX);
        if next <= event.at {
            return ManagerMailStep::SendNow(own);
        }
        ManagerMailStep::Wait(Self { digest_at: Some(next), ..last.clone() })
    }

    /// The state after a digest, which was sent unless no request was open any more.
    pub fn after_digest(&self, sent: bool, now: Timestamp) -> Self {
        if sent {
            return Self { sent_at: now, event: None, digest_at: None };
        }
        Self { digest_at: None, ..self.clone() }
    }
}
