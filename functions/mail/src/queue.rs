//! A batch of messages of the queues, as SQS passes it to a function.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::domain::{EventId, OrgId};

use crate::feedback::Feedback;

/// The messages of a batch.
#[derive(Clone, Debug, Deserialize)]
pub struct Messages {
    /// The messages, in no order.
    #[serde(rename = "Records")]
    pub messages: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The id. It stays the same when the message is delivered again.
    pub message_id: String,
    /// The content.
    pub body: String,
    /// What SQS knows of the message.
    #[serde(default)]
    pub attributes: MessageAttributes,
}

/// What SQS knows of a message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttributes {
    /// The time at which the message was sent, in milliseconds since the epoch.
    sent_timestamp: Option<String>,
}

/// The messages that the queue must deliver again. It deletes all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchFailures {
    /// One entry for each message.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A message that the queue must deliver again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// The id of the message.
    pub item_identifier: String,
}

/// What a message asks for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Task {
    /// The mails of an event, as the rule's input transformer names it.
    Mails(EventKey),
    /// The same, in the form of the bus. The rule's dead-letter queue has this form.
    BusEvent {
        /// The event.
        detail: BusDetail,
    },
    /// A report of the mail service.
    Feedback(Box<Feedback>),
}

/// Where an event is stored. The queues hold no more of it, and no address.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct EventKey {
    /// The organization.
    pub organization_id: OrgId,
    /// The event.
    pub event_id: EventId,
}

/// The part of an event on the bus that is read.
#[derive(Debug, Deserialize)]
pub(crate) struct BusDetail {
    organization_id: OrgId,
    id: EventId,
}

impl BusDetail {
    pub(crate) fn key(&self) -> EventKey {
        EventKey { organization_id: self.organization_id, event_id: self.id }
    }
}

impl Message {
    /// A message with this content.
    pub fn new(id: impl Into<String>, body: impl Into<String>) -> Self {
        let attributes = MessageAttributes::default();
        Self { message_id: id.into(), body: body.into(), attributes }
    }

    /// How long the message has been on the queue at `now`, in seconds.
    pub(crate) fn age(&self, now: Timestamp) -> i64 {
        let sent = self.attributes.sent_timestamp.as_ref();
        let sent = sent.and_then(|at| Timestamp::from_millisecond(at.parse().ok()?).ok());
        sent.map_or(0, |sent| now.duration_since(sent).as_secs().max(0))
    }
}

impl BatchFailures {
    pub(crate) fn add(&mut self, message: &Message) {
        let item_identifier = message.message_id.clone();
        self.batch_item_failures.push(ItemFailure { item_identifier });
    }
}
