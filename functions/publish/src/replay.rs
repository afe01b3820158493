//! Publishes events of the history again, as they are published from the stream.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_dynamo::{AttributeValue, Item};
use shared::store::published;

use crate::{BusEntry, EventBus, bus};

/// Items of the history, as the table holds them.
#[derive(Debug, Deserialize)]
pub struct Replay {
    items: Vec<Item>,
    /// Whether the events say that they are published again, so that they cause no mail.
    replayed: bool,
}

/// The result of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The number of events that are on the bus.
    pub published: usize,
    /// The number of events that the bus rejected, or that come after such an event.
    pub rejected: usize,
    /// The number of items whose retention has passed, so that the table deletes them soon.
    pub expired: usize,
    /// The sort keys of items that are no event.
    pub damaged: Vec<String>,
}

/// Publishes the events of items in order, without those whose retention has passed at `now`.
pub async fn replay(request: Replay, bus: &dyn EventBus, now: Timestamp) -> Replayed {
    let mut result = Replayed::default();
    let mut entries = Vec::new();
    for item in request.items {
        if ends(&item).is_some_and(|end| end <= now.as_second()) {
            result.expired += 1;
            continue;
        }
        let sort_key = text(&item, "sk");
        let Some(Ok(mut event)) = published(&item.clone(), item) else {
            tracing::error!(sort_key, "history event is damaged");
            result.damaged.push(sort_key);
            continue;
        };
        if let Some(detail) = event.detail.as_object_mut().filter(|_| request.replayed) {
            detail.insert("replayed".to_owned(), true.into());
        }
        entries.push(BusEntry::of(&event));
    }
    let events = entries.len();
    result.published = bus::publish(bus, entries).await;
    result.rejected = events - result.published;
    result
}

/// The end of the retention of an event, in seconds.
fn ends(item: &Item) -> Option<i64> {
    match item.get("ttl")? {
        AttributeValue::N(seconds) => seconds.parse().ok(),
        _ => None,
    }
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    }
}
