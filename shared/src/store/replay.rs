//! Idempotency: what a client was told, kept so that it can be told again.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Error, Key, Store,
    item::{Item, from_item, to_item},
};
use crate::domain::{Once, Refusal};

/// How long a key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// An answer, before it is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Where what was created is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The body, as the JSON text that is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl Reply {
    /// 200, with what is there now.
    #[must_use]
    pub fn ok(view: &impl Serialize) -> Self {
        Self { status: 200, location: None, body: Some(json(view)) }
    }

    /// 201, with what was created and where it is.
    #[must_use]
    pub fn created(location: String, view: &impl Serialize) -> Self {
        Self { status: 201, location: Some(location), body: Some(json(view)) }
    }

    /// 204: done, and there is nothing to show.
    #[must_use]
    pub fn done() -> Self {
        Self { status: 204, location: None, body: None }
    }
}

fn json(view: &impl Serialize) -> String {
    // INVARIANT: views are structs with string keys, which always serialize.
    serde_json::to_string(view).unwrap_or_default()
}

/// The first answer to a key, and the request it was given to.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    fingerprint: String,
    reply: Reply,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    until: Timestamp,
}

impl Record {
    /// The record as an item.
    pub(super) fn item(once: &Once, reply: &Reply, now: Timestamp) -> Result<(Key, Item), Error> {
        let until = now.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX);
        let fingerprint = once.fingerprint.clone();
        let key = Key::once(once);
        let mut item =
            to_item(key.clone(), &Self { fingerprint, reply: reply.clone(), until }, [])?;
        item.insert("ttl".to_owned(), AttributeValue::N(until.as_second().to_string()));
        Ok((key, item))
    }

    /// What a repeat is answered, by the record it found.
    pub(super) fn replay(found: Option<Item>, fingerprint: &str) -> Error {
        match found.map(from_item::<Self>) {
            Some(Ok(record)) if record.fingerprint == fingerprint => {
                Error::Replay(Box::new(record.reply))
            }
            Some(Ok(_)) => Refusal::KeyReused.into(),
            Some(Err(error)) => error,
            // Written and gone again while we looked.
            None => Refusal::KeyInUse.into(),
        }
    }
}

impl Store {
    /// Looks whether a request was answered before. A rule that refuses asks this, since a repeat
    /// meets the changes of its own first time.
    pub async fn answered_before(&self, once: &Once, now: Timestamp) -> Result<(), Error> {
        let key = Key::once(once);
        let mut found = self.fetch(vec![key.clone()]).await?;
        let Some(item) = found.remove(&key) else { return Ok(()) };
        let record: Record = from_item(item.clone())?;
        if record.until <= now {
            Ok(())
        } else {
            Err(Record::replay(Some(item), &once.fingerprint))
        }
    }
}
