//! Idempotency records: the answer of a committed request, kept so that a repeat gets it again. The
//! store keeps an answer as JSON text and never looks into it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Error, FetchedItems, Key, Store,
    expression::Expression,
    item::{Item, expire_at, from_item, number, text, time, to_item},
    step::{OnConditionFailed, Step, Unmet, Write},
};
use crate::domain::{IdempotencyKey, Refusal};

/// How long a key is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// This request made the change.
    Now,
    /// An earlier request with the same idempotency key made the change; this is its answer, as
    /// JSON text.
    Before(String),
}

/// One of the transactions of a request whose work is too much for one. All of them share the
/// record of the request's key: each expects the record as the transaction before left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its position, from 0.
    pub nth: u16,
    /// Whether the answer is complete with it.
    pub last: bool,
}

impl Chunk {
    /// All the work in one transaction.
    pub const ALL: Self = Self { nth: 0, last: true };
}

/// How far an earlier run of the same request came.
#[derive(Debug)]
pub enum EarlierRun<T> {
    /// There was none.
    None,
    /// It stopped before its end, with this progress.
    Stopped {
        /// How many transactions were committed.
        chunks: u16,
        /// The progress that the last of them recorded.
        progress: T,
    },
    /// It ended with this answer, as JSON text.
    Answered(String),
}

/// The answer to a key, and the request it was given to.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    fingerprint: String,
    answer: String,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    until: Timestamp,
    /// How many transactions are done while not all are: then `answer` is the progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chunks: Option<u16>,
}

impl Record {
    /// The write of the record, which fails for a repeat.
    pub(super) fn step(
        key: &IdempotencyKey,
        chunk: Chunk,
        answer: &impl Serialize,
        now: Timestamp,
    ) -> Result<Step, Error> {
        let record = Self {
            fingerprint: key.fingerprint.clone(),
            answer: serde_json::to_string(answer).map_err(Error::broken)?,
            until: now.saturating_add(REMEMBERED).unwrap_or(Timestamp::MAX),
            chunks: (!chunk.last).then_some(chunk.nth.saturating_add(1)),
        };
        let (conditions, fingerprint) =
            (vec![Self::writable_by(key, chunk, now)], key.fingerprint.clone());
        let key = Key::idempotency(key);
        let mut item = to_item(key.clone(), &record, vec![])?;
        expire_at(&mut item, record.until);
        let on_failed: OnConditionFailed = Box::new(move |old| Self::of_repeat(old, &fingerprint));
        Ok(Step { key, write: Write::Put(item), conditions, on_failed })
    }

    /// The record has expired or is absent before the first chunk; later it is as the chunk before
    /// left it.
    fn writable_by(key: &IdempotencyKey, chunk: Chunk, now: Timestamp) -> Expression {
        match chunk.nth {
            0 => {
                Expression::new("attribute_not_exists(#pk) OR #until <= :now", [("now", time(now))])
            }
            nth => Expression::new(
                "#chunks = :nth AND #fingerprint = :fingerprint",
                [("nth", number(nth)), ("fingerprint", text(&key.fingerprint))],
            ),
        }
    }

    /// The outcome of a repeat, given the record that it found.
    fn of_repeat(found: Option<Item>, fingerprint: &str) -> Unmet {
        match found.map(from_item::<Self>) {
            Some(Ok(record)) if record.fingerprint != fingerprint => {
                Refusal::IdempotencyKeyReused.into()
            }
            // Another run of the same request is a step ahead, or the record expired just now.
            Some(Ok(Self { chunks: Some(_), .. })) | None => Refusal::IdempotencyKeyInUse.into(),
            Some(Ok(record)) => Unmet::CommittedBefore(record.answer),
            Some(Err(error)) => error.into(),
        }
    }
}

impl FetchedItems {
    /// How far an earlier run of the same request came.
    ///
    /// # Errors
    ///
    /// [`Refusal::IdempotencyKeyReused`] if the key belongs to another request.
    pub fn earlier_run<T: DeserializeOwned>(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<EarlierRun<T>, Error> {
        let Some(item) = self.item(&Key::idempotency(key)) else { return Ok(EarlierRun::None) };
        let record: Record = from_item(item.clone())?;
        if record.until <= now {
            return Ok(EarlierRun::None);
        }
        if record.fingerprint != key.fingerprint {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        Ok(match record.chunks {
            None => EarlierRun::Answered(record.answer),
            Some(chunks) => {
                let progress = serde_json::from_str(&record.answer).map_err(Error::broken)?;
                EarlierRun::Stopped { chunks, progress }
            }
        })
    }
}

impl Store {
    /// The answer of an earlier request with this key, as JSON text. A refused request asks for it,
    /// because a repeat meets the changes of the first request.
    ///
    /// # Errors
    ///
    /// [`Refusal::IdempotencyKeyReused`] if the key belongs to another request;
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn answered_before(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let found = self.get([Key::idempotency(key)]).await?;
        // A run that stopped in between sent no answer, so the refusal is the answer.
        Ok(match found.earlier_run::<serde_json::Value>(key, now)? {
            EarlierRun::Answered(answer) => Some(answer),
            EarlierRun::None | EarlierRun::Stopped { .. } => None,
        })
    }
}
