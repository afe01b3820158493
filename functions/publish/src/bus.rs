//! Sends events to the event bus: in order, at most ten in a call. When the bus rejects an event to
//! the end, no later event is sent. `docs/events.md` documents the format of an event.

use std::{pin::Pin, time::Duration};

use jiff::Timestamp;
use shared::store::PublishedEvent;

/// The most events in one call. `EventBridge` accepts ten.
const MAX_ENTRIES: usize = 10;
/// The most bytes of all details in one call. `EventBridge` accepts 256 KiB together with the other
/// fields.
const MAX_DETAIL_BYTES: usize = 200_000;
/// How often the rejected events of a call are sent before the stream must deliver them again.
const TRIES: u32 = 3;
/// The pause before the second try. It doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// The event bus: `EventBridge` in a deployment, a stand-in in tests and in the local server.
pub trait EventBus: Send + Sync {
    /// Sends at most ten entries. Returns for each whether the bus accepted it; all are rejected if
    /// the call fails.
    fn put<'a>(&'a self, entries: &'a [BusEntry]) -> PutFuture<'a>;
}

/// The result of [`EventBus::put`].
pub type PutFuture<'a> = Pin<Box<dyn Future<Output = Vec<bool>> + Send + 'a>>;

/// An event in the form of the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusEntry {
    /// The action of the event.
    pub detail_type: String,
    /// The event as JSON.
    pub detail: String,
    /// The time of the event.
    pub time: Timestamp,
}

impl BusEntry {
    pub(crate) fn of(event: &PublishedEvent) -> Self {
        let detail = event.detail.to_string();
        Self { detail_type: event.action.clone(), detail, time: event.at }
    }
}

/// Publishes entries in order. Returns the number of entries before the first one that the bus did
/// not accept. Later calls are not made, so that later events do not overtake it.
pub(crate) async fn publish(bus: &dyn EventBus, entries: Vec<BusEntry>) -> usize {
    let mut rest = entries.as_slice();
    while !rest.is_empty() {
        let (call, later) = rest.split_at(entries_in_one_call(rest));
        if let Some(rejected) = first_rejected(bus, call).await {
            return entries.len() - rest.len() + rejected;
        }
        rest = later;
    }
    entries.len()
}

/// Sends the entries of one call, and the rejected ones again. Returns the index of the first that
/// was rejected to the end.
async fn first_rejected(bus: &dyn EventBus, entries: &[BusEntry]) -> Option<usize> {
    let mut left: Vec<usize> = (0..entries.len()).collect();
    for tried in 0..TRIES {
        if tried > 0 {
            tokio::time::sleep(PAUSE.saturating_mul(1 << (tried - 1))).await;
        }
        let call: Vec<_> = left.iter().filter_map(|&nth| entries.get(nth)).cloned().collect();
        let mut accepted = bus.put(&call).await.into_iter();
        left.retain(|_| !accepted.next().unwrap_or(false));
        if left.is_empty() {
            return None;
        }
        tracing::warn!(rejected = left.len(), "the event bus rejected events");
    }
    left.first().copied()
}

/// The number of entries that fit into one call, at least 1.
fn entries_in_one_call(entries: &[BusEntry]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&BusEntry| {
        bytes += entry.detail.len();
        bytes <= MAX_DETAIL_BYTES
    };
    entries.iter().take(MAX_ENTRIES).take_while(fits).count().max(1)
}
