//! Idempotency: what a client was told, kept so that it can be told again.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Error, Found, Key, Store,
    expression::Expression,
    item::{Item, from_item, number, text, time, to_item},
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
    /// Is the body what a GET of the resource shows, so that it has the same entity tag?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tagged: bool,
}

impl Reply {
    /// 200, with what is there now.
    #[must_use]
    pub fn ok(view: &impl Serialize) -> Self {
        Self { status: 200, location: None, body: Some(json(view)), tagged: false }
    }

    /// 201, with what was created and where it is.
    #[must_use]
    pub fn created(location: String, view: &impl Serialize) -> Self {
        Self { status: 201, location: Some(location), body: Some(json(view)), tagged: false }
    }

    /// The same, as what a GET of the resource shows.
    #[must_use]
    pub fn tagged(self) -> Self {
        Self { tagged: true, ..self }
    }

    /// 202: begun, and to be repeated until it is done.
    #[must_use]
    pub fn begun(view: &impl Serialize) -> Self {
        Self { status: 202, location: None, body: Some(json(view)), tagged: false }
    }

    /// 204: done, and there is nothing to show.
    #[must_use]
    pub fn done() -> Self {
        Self { status: 204, location: None, body: None, tagged: false }
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
    /// How many of its transactions are done, as long as not all are: the reply is none yet then,
    /// but what is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chunks: Option<u16>,
}

/// Which of a request's transactions one is, where the work is too much for one. They share the
/// record of the request's key: each finds it as the one before left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Which, from 0.
    pub nth: u16,
    /// Is the reply whole with it?
    pub last: bool,
}

impl Chunk {
    /// All the work at once.
    pub const ALL: Self = Self { nth: 0, last: true };
}

impl Record {
    /// The record as an item.
    pub(super) fn item(
        once: &Once,
        (chunk, reply): (Chunk, &Reply),
        now: Timestamp,
    ) -> Result<(Key, Item), Error> {
        let until = now.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX);
        let fingerprint = once.fingerprint.clone();
        let chunks = (!chunk.last).then_some(chunk.nth.saturating_add(1));
        let key = Key::once(once);
        let mut item =
            to_item(key.clone(), &Self { fingerprint, reply: reply.clone(), until, chunks }, [])?;
        item.insert("ttl".to_owned(), AttributeValue::N(until.as_second().to_string()));
        Ok((key, item))
    }

    /// Whether the key is this chunk's to record: free or lapsed before the first, and afterwards
    /// where the chunk before left it.
    pub(super) fn turn(once: &Once, chunk: Chunk, now: Timestamp) -> Expression {
        match chunk.nth {
            0 => {
                Expression::new("attribute_not_exists(#pk) OR #until <= :now", [("now", time(now))])
            }
            nth => Expression::new(
                "#chunks = :nth AND #fingerprint = :fingerprint",
                [("nth", number(nth)), ("fingerprint", text(&once.fingerprint))],
            ),
        }
    }

    /// What a repeat is answered, by the record it found.
    pub(super) fn replay(found: Option<Item>, fingerprint: &str) -> Error {
        match found.map(from_item::<Self>) {
            Some(Ok(record)) if record.fingerprint != fingerprint => Refusal::KeyReused.into(),
            // Another run of the same request is under way and a step ahead; or the record was
            // written and gone again while we looked.
            Some(Ok(Self { chunks: Some(_), .. })) | None => Refusal::KeyInUse.into(),
            Some(Ok(record)) => Error::Replay(Box::new(record.reply)),
            Some(Err(error)) => error,
        }
    }
}

impl Found {
    /// How far an earlier run of the same request came, and what it knew of its reply. Where it
    /// came to its end, that is the answer now.
    pub fn begun<T: DeserializeOwned>(
        &self,
        once: &Once,
        now: Timestamp,
    ) -> Result<Option<(u16, T)>, Error> {
        let Some(item) = self.item(&Key::once(once)) else { return Ok(None) };
        let record: Record = from_item(item.clone())?;
        match (record.chunks, &record.reply.body) {
            _ if record.until <= now => Ok(None),
            (Some(chunks), Some(body)) if record.fingerprint == once.fingerprint => {
                let known = serde_json::from_str(body).map_err(Error::broken)?;
                Ok(Some((chunks, known)))
            }
            _ => Err(Record::replay(Some(item.clone()), &once.fingerprint)),
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
        // What was begun and never ended was answered nobody: a refusal is the truth by now.
        let unended = record.chunks.is_some() && record.fingerprint == once.fingerprint;
        if record.until <= now || unended {
            Ok(())
        } else {
            Err(Record::replay(Some(item), &once.fingerprint))
        }
    }
}
