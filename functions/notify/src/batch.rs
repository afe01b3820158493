//! A batch of the table's stream, and how far each of its events has been processed.

use aws_lambda_events::{
    dynamodb::{Event as Records, EventRecord, StreamRecord},
    streams::DynamoDbBatchItemFailure,
};
use shared::{
    domain::Event,
    store::{Key, recorded},
};

use crate::BatchFailures;

/// The new history events of a batch, in stream order.
#[derive(Debug)]
pub(crate) struct StreamBatch {
    pub(crate) entries: Vec<StreamEvent>,
}

/// One history event of the stream.
#[derive(Debug)]
pub(crate) struct StreamEvent {
    sequence_number: Option<String>,
    /// The event; none if it cannot be parsed.
    pub(crate) event: Option<Event>,
    /// Whether the event is on the bus.
    pub(crate) published: bool,
    /// Whether all mails of the event have been sent.
    pub(crate) mailed: bool,
}

impl StreamBatch {
    /// Takes the new history events out of `records` and ignores all other changes.
    pub(crate) fn of(records: Records) -> Self {
        Self { entries: records.records.into_iter().filter_map(StreamEvent::of).collect() }
    }

    /// The first unfinished event. The stream delivers it again together with all later ones, so one
    /// failure is enough.
    pub(crate) fn failures(&self) -> BatchFailures {
        let mut failures = BatchFailures::default();
        if let Some(entry) = self.entries.iter().find(|entry| !entry.is_finished()) {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier.clone_from(&entry.sequence_number);
            failures.batch_item_failures.push(failure);
        }
        failures
    }
}

impl StreamEvent {
    /// The event of a record, if the record inserts one. The stream's filter in the deployment
    /// selects the same records.
    fn of(EventRecord { event_name, change, .. }: EventRecord) -> Option<Self> {
        let StreamRecord { keys, new_image, sequence_number, .. } = change;
        let event = recorded(&keys, new_image).filter(|_| event_name == "INSERT")?;
        if let Err(cause) = &event {
            tracing::error!(sequence_number, %cause, "history event cannot be parsed");
        }
        Some(Self { sequence_number, event: event.ok(), published: false, mailed: false })
    }

    /// Whether the event is on the bus and all its mails have been sent.
    pub(crate) fn is_finished(&self) -> bool {
        self.published && self.mailed
    }

    /// Whether the event can be published and has not been.
    pub(crate) fn needs_publishing(&self) -> bool {
        self.event.is_some() && !self.published
    }

    /// The key of the item that marks the event as published.
    pub(crate) fn published_mark(&self) -> Option<Key> {
        self.event.as_ref().map(|event| Key::published(event.id))
    }
}
