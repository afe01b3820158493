//! The event bus of a deployment.

use aws_sdk_eventbridge::{
    Client,
    error::DisplayErrorContext,
    primitives::DateTime,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};

use crate::{BusEntry, EventBus, PutFuture};

/// A bus of `EventBridge`.
#[derive(Clone, Debug)]
pub struct EventBridge {
    client: Client,
    name: String,
}

impl EventBridge {
    /// The bus with this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    async fn put_events(&self, entries: &[BusEntry]) -> Vec<bool> {
        let entry = |entry: &BusEntry| {
            PutEventsRequestEntry::builder()
                .event_bus_name(&self.name)
                .source("rolecall")
                .detail_type(&entry.detail_type)
                .detail(&entry.detail)
                .time(DateTime::from_millis(entry.time.as_millisecond()))
                .build()
        };
        let sent = self.client.put_events().set_entries(Some(entries.iter().map(entry).collect()));
        match sent.send().await {
            Ok(answer) => {
                let results = answer.entries();
                let codes: Vec<_> =
                    results.iter().filter_map(PutEventsResultEntry::error_code).collect();
                if !codes.is_empty() {
                    tracing::warn!(?codes, "PutEvents rejected entries");
                }
                results.iter().map(|result| result.error_code.is_none()).collect()
            }
            Err(cause) => {
                let cause = DisplayErrorContext(cause);
                tracing::warn!(%cause, "PutEvents failed");
                vec![false; entries.len()]
            }
        }
    }
}

impl EventBus for EventBridge {
    fn put<'a>(&'a self, entries: &'a [BusEntry]) -> PutFuture<'a> {
        Box::pin(self.put_events(entries))
    }
}
