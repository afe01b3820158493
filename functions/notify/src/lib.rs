//! The function `notify`: publishes every history event on the event bus, and sends mail about some.
//!
//! The history is a transactional outbox. Each event is written with its change, and the table's
//! stream delivers it here at least once, so a crash loses no event. Marks in the table record the
//! published events and the sent mails; a retry skips them.
//!
//! A schedule sends the digests of requests to join.

mod batch;
mod bus;
mod digests;
mod mail;
mod mails;

use aws_lambda_events::dynamodb;
pub use aws_lambda_events::streams::DynamoDbEventResponse as BatchFailures;
use shared::store::{Key, Store};

use batch::{StreamBatch, StreamEvent};
pub use bus::Bus;
pub use digests::{ScheduledRun, Summary, send_digests};
pub use mail::{Mailer, Portal};

/// The destinations of events.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// The table with the marks.
    pub store: Store,
    /// The event bus.
    pub bus: Bus,
    /// The mail service.
    pub mailer: Mailer,
}

/// Processes a batch of the stream. Returns the first event that is not finished, from which the
/// stream must deliver again.
///
/// It publishes before it sends mail, so that other services do not wait for mail. It stops sending
/// once `out_of_time` returns true.
pub async fn handle(
    batch: dynamodb::Event,
    outbox: &Outbox,
    out_of_time: impl Fn() -> bool,
) -> BatchFailures {
    let mut batch = StreamBatch::of(batch);
    outbox.publish(&mut batch).await;
    outbox.send_mails(&mut batch, out_of_time).await;
    outbox.mark_published(&batch).await;
    batch.failures()
}

impl Outbox {
    /// Publishes the events that are not on the bus, in stream order, up to the first failure.
    async fn publish(&self, batch: &mut StreamBatch) {
        let marks = batch.entries.iter().filter_map(StreamEvent::published_mark).collect();
        // Without the marks, events are published again; listeners expect that.
        let marked = self.store.marked(marks).await.unwrap_or_default();
        for entry in &mut batch.entries {
            entry.published = entry.published_mark().is_some_and(|mark| marked.contains(&mark));
        }
        let mut pending: Vec<_> =
            batch.entries.iter_mut().filter(|entry| entry.needs_publishing()).collect();
        let events: Vec<_> = pending.iter().filter_map(|entry| entry.event.as_ref()).collect();
        let accepted = self.bus.publish(&events).await;
        for (entry, accepted) in pending.iter_mut().zip(accepted) {
            entry.published = accepted;
        }
    }

    /// Sends the mails of each event. An event with a defect is skipped; a failure of a service ends
    /// the loop, because later mails would fail too.
    async fn send_mails(&self, batch: &mut StreamBatch, out_of_time: impl Fn() -> bool) {
        for entry in &mut batch.entries {
            let Some(event) = &entry.event else { continue };
            if out_of_time() {
                return;
            }
            // Boxed: the future is large, and most events have no mail.
            match Box::pin(self.send_pending(event)).await {
                Ok(()) => entry.mailed = true,
                Err(MailError::Event(cause)) => {
                    tracing::error!(event = %event.id, cause, "event has a defect: no mail sent");
                }
                Err(MailError::Service(cause)) => {
                    tracing::warn!(event = %event.id, cause, "mail delayed");
                    return;
                }
            }
        }
    }

    /// Marks the published events that the stream will deliver again.
    async fn mark_published(&self, batch: &StreamBatch) {
        for entry in batch.entries.iter().skip_while(|entry| entry.is_finished()) {
            if let (true, Some(event)) = (entry.published, &entry.event)
                && let Err(cause) = self.store.mark(event, Key::published(event.id)).await
            {
                tracing::warn!(event = %event.id, %cause, "event will be published again");
            }
        }
    }
}

/// The reason why the mails of an event were not sent.
#[derive(Debug)]
enum MailError {
    /// The event has a defect. Other events are not affected.
    Event(String),
    /// The mail service or the table fails. Mails of other events would fail too.
    Service(String),
}

impl From<shared::store::Error> for MailError {
    fn from(error: shared::store::Error) -> Self {
        match error {
            shared::store::Error::Broken(cause) => Self::Event(cause),
            other => Self::Service(other.to_string()),
        }
    }
}
