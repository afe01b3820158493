//! The function `publish`: publishes every history event on the event bus.
//!
//! The history is a transactional outbox. Each event is written with its change. The table's stream
//! delivers it here at least once and in order, so a crash loses no event. Mail is a consumer of
//! the bus like any other, so the bus never waits for it.
//!
//! `infra/replay` invokes the function with items of the history, to publish them again.

mod bus;
#[cfg(feature = "aws")]
mod eventbridge;
mod replay;

use aws_lambda_events::{
    dynamodb::{Event as Records, EventRecord},
    streams::DynamoDbBatchItemFailure,
};
use shared::store::{PublishedEvent, published};

pub use aws_lambda_events::streams::DynamoDbEventResponse as BatchFailures;
pub use bus::{BusEntry, EventBus, PutFuture};
#[cfg(feature = "aws")]
pub use eventbridge::EventBridge;
pub use replay::{Replay, Replayed, replay};

/// A history event of the stream.
struct StreamEvent {
    sequence_number: Option<String>,
    /// The event; `None` if it is damaged.
    event: Option<PublishedEvent>,
}

/// Publishes a batch of the stream in order. Returns the first event that is not on the bus, from
/// which the stream must deliver again.
pub async fn handle(batch: Records, bus: &dyn EventBus) -> BatchFailures {
    let events: Vec<_> = batch.records.into_iter().filter_map(StreamEvent::from_record).collect();
    // Nothing overtakes a damaged event: the stream delivers it again, and gives it up in the end.
    let entries = events.iter().map_while(|it| it.event.as_ref()).map(BusEntry::of).collect();
    let on_bus = bus::publish(bus, entries).await;
    let mut failures = BatchFailures::default();
    if let Some(failed) = events.get(on_bus) {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier.clone_from(&failed.sequence_number);
        failures.batch_item_failures.push(failure);
    }
    failures
}

impl StreamEvent {
    /// The event of a record, if the record inserts one. The stream's filter in the deployment
    /// selects the same records.
    fn from_record(EventRecord { event_name, change, .. }: EventRecord) -> Option<Self> {
        let sequence_number = change.sequence_number;
        let event = published(&change.keys, change.new_image).filter(|_| event_name == "INSERT")?;
        if let Err(cause) = &event {
            tracing::error!(sequence_number, %cause, "history event is damaged");
        }
        Some(Self { sequence_number, event: event.ok() })
    }
}
