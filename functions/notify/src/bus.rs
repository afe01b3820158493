//! The event bus. `docs/events.md` documents the format of an event.

use aws_sdk_eventbridge::{
    Client,
    primitives::DateTime,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};
use serde::Serialize;
use shared::{domain::Event, http::views};

/// The most events in one `PutEvents` call.
const MAX_ENTRIES: usize = 10;
/// The most bytes of all details in one call. `EventBridge` accepts 256 KiB together with the other
/// fields.
const MAX_DETAIL_BYTES: usize = 200_000;
/// The version of the event format.
const VERSION: &str = "1";

/// An event bus of `EventBridge`.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

/// The `detail` of an event on the bus.
#[derive(Serialize)]
struct Detail {
    version: &'static str,
    #[serde(flatten)]
    event: views::Event,
}

impl Bus {
    /// The bus with this name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Publishes events in order. Returns which were accepted; events that were not tried are left
    /// out. After a call in which an event failed there is no further call, so that the later events
    /// do not overtake it.
    pub(crate) async fn publish(&self, events: &[&Event]) -> Vec<bool> {
        let entries: Vec<_> = events.iter().map(|event| self.entry(event)).collect();
        let mut accepted = Vec::new();
        let mut rest = entries.as_slice();
        while !rest.is_empty() {
            let (call, later) = rest.split_at(entries_in_one_call(rest));
            accepted.extend(self.put(call).await);
            if accepted.contains(&false) {
                break;
            }
            rest = later;
        }
        accepted
    }

    async fn put(&self, entries: &[PutEventsRequestEntry]) -> Vec<bool> {
        let sent = self.client.put_events().set_entries(Some(entries.to_vec())).send().await;
        match sent {
            Ok(answer) => {
                let failed = answer.failed_entry_count;
                let accepted = |entry: &PutEventsResultEntry| entry.error_code.is_none();
                let results = answer.entries();
                if failed > 0 {
                    let codes: Vec<_> =
                        results.iter().filter_map(PutEventsResultEntry::error_code).collect();
                    tracing::warn!(failed, ?codes, "event bus rejected some events");
                }
                results.iter().map(accepted).collect()
            }
            Err(cause) => {
                let cause = aws_sdk_eventbridge::error::DisplayErrorContext(cause);
                tracing::warn!(%cause, "event bus call failed");
                vec![false]
            }
        }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        let detail = Detail { version: VERSION, event: views::Event::of(event.clone()) };
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source("rolecall")
            .detail_type(event.action.key())
            // INVARIANT: a struct with string keys always serializes.
            .detail(serde_json::to_string(&detail).unwrap_or_default())
            .time(DateTime::from_millis(event.at.as_millisecond()))
            .build()
    }
}

/// The number of entries that fit into one call, at least 1.
fn entries_in_one_call(entries: &[PutEventsRequestEntry]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&PutEventsRequestEntry| {
        bytes += entry.detail().map_or(0, str::len);
        bytes <= MAX_DETAIL_BYTES
    };
    entries.iter().take(MAX_ENTRIES).take_while(fits).count().max(1)
}
