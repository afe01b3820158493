//! A batch of the stream, and how far it was told.

use aws_lambda_events::{
    dynamodb::{Event as Records, EventRecord, StreamRecord},
    streams::DynamoDbBatchItemFailure,
};
use shared::{
    domain::Event,
    store::{Key, recorded},
};

use crate::Unfinished;

/// The new events of a batch, in its order.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
}

/// One event, and what was told of it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place in the stream.
    sequence: Option<String>,
    /// What happened; none if that cannot be read.
    pub(crate) event: Option<Event>,
    pub(crate) published: bool,
    pub(crate) mailed: bool,
}

impl Batch {
    /// Takes the new events out of a batch, and leaves everything else.
    pub(crate) fn of(records: Records) -> Self {
        Self { entries: records.records.into_iter().filter_map(Entry::of).collect() }
    }

    /// Where the stream has to begin again. What comes after that place comes again too, so one
    /// place is enough.
    pub(crate) fn unfinished(&self) -> Unfinished {
        let mut answer = Unfinished::default();
        if let Some(entry) = self.entries.iter().find(|entry| !entry.finished()) {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier.clone_from(&entry.sequence);
            answer.batch_item_failures.push(failure);
        }
        answer
    }
}

impl Entry {
    /// The record's event, if it is a new entry of a history. The stream's filter asks the same; it
    /// is part of the deployment, and this is not.
    fn of(EventRecord { event_name, change, .. }: EventRecord) -> Option<Self> {
        let StreamRecord { keys, new_image, sequence_number: sequence, .. } = change;
        let event = recorded(&keys, new_image).filter(|_| event_name == "INSERT")?;
        if let Err(cause) = &event {
            tracing::error!(sequence, %cause, "the history has an entry that cannot be read");
        }
        Some(Self { sequence, event: event.ok(), published: false, mailed: false })
    }

    /// Was everything told?
    pub(crate) fn finished(&self) -> bool {
        self.published && self.mailed
    }

    /// Can it be published, and is not yet?
    pub(crate) fn waits_for_bus(&self) -> bool {
        self.event.is_some() && !self.published
    }

    /// The mark that it is on the bus.
    pub(crate) fn published_mark(&self) -> Option<Key> {
        self.event.as_ref().map(|event| Key::published(event.id))
    }
}
