//! The event bus: every event, in the shape that `docs/events.md` promises.

use aws_sdk_eventbridge::{
    Client,
    primitives::DateTime,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};
use serde::Serialize;
use shared::{domain::Event, http::views};

/// `EventBridge` takes so many events a call.
const MOST: usize = 10;
/// And so many bytes, of which some are for what stands around an event.
const ROOM: usize = 200_000;
/// The version of an event's shape.
const VERSION: &str = "1";

/// The bus.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

/// What listeners get.
#[derive(Serialize)]
struct Detail {
    version: &'static str,
    #[serde(flatten)]
    event: views::Event,
}

impl Bus {
    /// The bus of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Publishes events in their order. Answers which were accepted: after a call that failed, even
    /// in part, there is no further one, so that the rest does not overtake what is missing.
    pub(crate) async fn publish(&self, events: &[&Event]) -> Vec<bool> {
        let entries: Vec<_> = events.iter().map(|event| self.entry(event)).collect();
        let mut accepted = Vec::new();
        let mut rest = entries.as_slice();
        while !rest.is_empty() {
            let (call, later) = rest.split_at(fitting(rest));
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
                    tracing::warn!(failed, ?codes, "the bus did not take every event");
                }
                results.iter().map(accepted).collect()
            }
            Err(cause) => {
                let cause = aws_sdk_eventbridge::error::DisplayErrorContext(cause);
                tracing::warn!(%cause, "the bus took no event");
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

/// How many of these go into one call: one at least.
fn fitting(entries: &[PutEventsRequestEntry]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&PutEventsRequestEntry| {
        bytes += entry.detail().map_or(0, str::len);
        bytes <= ROOM
    };
    entries.iter().take(MOST).take_while(fits).count().max(1)
}
