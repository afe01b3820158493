//! Tells others what happened: everything to the event bus, and some of it to people by mail.
//!
//! The history is the outbox. An event is written with its change, and the table's stream brings it
//! here at least once; so nothing is lost, whatever dies between the change and the telling. What
//! was told is marked, so that a second time only what is missing is told.

mod batch;
mod bus;
mod letters;
mod mail;

use aws_lambda_events::dynamodb;
pub use aws_lambda_events::streams::DynamoDbEventResponse as Unfinished;
use shared::store::{Key, Store};

use batch::{Batch, Entry};
pub use bus::Bus;
pub use mail::{Portal, Post};

/// Where everything goes.
#[derive(Clone, Debug)]
pub struct Outbox {
    /// The table, which knows what was told already.
    pub store: Store,
    /// Where other services listen.
    pub bus: Bus,
    /// Where mail is taken.
    pub post: Post,
}

/// Tells what a batch of the stream brings, and answers where the stream has to begin again: at the
/// first event of which something is still to be told. `enough` says that time runs out.
///
/// The bus comes first, so that other services do not wait for the mail.
pub async fn handle(
    batch: dynamodb::Event,
    outbox: &Outbox,
    enough: impl Fn() -> bool,
) -> Unfinished {
    let mut batch = Batch::of(batch);
    outbox.publish(&mut batch).await;
    outbox.send(&mut batch, enough).await;
    outbox.remember(&batch).await;
    batch.unfinished()
}

impl Outbox {
    /// Puts on the bus what is not there yet, in the order of the stream, up to the first failure.
    async fn publish(&self, batch: &mut Batch) {
        let marks = batch.entries.iter().filter_map(Entry::published_mark).collect();
        // Not to know what was published only means to publish it again.
        let marked = self.store.marked(marks).await.unwrap_or_default();
        for entry in &mut batch.entries {
            entry.published = entry.published_mark().is_some_and(|mark| marked.contains(&mark));
        }
        let mut waiting: Vec<_> =
            batch.entries.iter_mut().filter(|it| it.waits_for_bus()).collect();
        let events: Vec<_> = waiting.iter().filter_map(|entry| entry.event.as_ref()).collect();
        let accepted = self.bus.publish(&events).await;
        for (entry, accepted) in waiting.iter_mut().zip(accepted) {
            entry.published = accepted;
        }
    }

    /// Sends the mails of each event, up to the first that cannot be sent now: neither could those
    /// after it. An event that has a defect of its own only keeps itself.
    async fn send(&self, batch: &mut Batch, enough: impl Fn() -> bool) {
        for entry in &mut batch.entries {
            let Some(event) = &entry.event else { continue };
            if enough() {
                return;
            }
            // Boxed: most events are told to nobody by mail, and what sends one is large.
            match Box::pin(self.tell(event)).await {
                Ok(()) => entry.mailed = true,
                Err(Stop::Here(cause)) => {
                    tracing::error!(event = %event.id, cause, "an event cannot be told by mail");
                }
                Err(Stop::Everywhere(cause)) => {
                    tracing::warn!(event = %event.id, cause, "mail has to wait");
                    return;
                }
            }
        }
    }

    /// Marks what is on the bus and will come here again.
    async fn remember(&self, batch: &Batch) {
        for entry in batch.entries.iter().skip_while(|entry| entry.finished()) {
            if let (true, Some(event)) = (entry.published, &entry.event)
                && let Err(cause) = self.store.mark(event, Key::published(event.id)).await
            {
                tracing::warn!(event = %event.id, %cause, "an event will be published again");
            }
        }
    }
}

/// Why mail was not sent.
#[derive(Debug)]
enum Stop {
    /// This event is to blame.
    Here(String),
    /// No other could be told now, either.
    Everywhere(String),
}

impl From<shared::store::Error> for Stop {
    fn from(error: shared::store::Error) -> Self {
        match error {
            shared::store::Error::Broken(cause) => Self::Here(cause),
            other => Self::Everywhere(other.to_string()),
        }
    }
}
