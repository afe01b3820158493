//! Pages of lists and their cursors.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, de};
use sha2::{Digest, Sha256};

use super::Problem;
use crate::store::Position;

/// The longest key of a position in bytes, which `DynamoDB` also has for sort keys.
const MAX_KEY: usize = 1024;
/// The length of the checksum in a cursor, in bytes.
const CHECKSUM: usize = 8;

/// The most items of a page: 1 to 100, 25 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

/// The query of a list without filters. The query of a list with filters repeats the two fields,
/// because flattened fields would lose their types.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The most items.
    #[serde(default)]
    pub limit: Limit,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Some items of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The `cursor` of the next page; `null` after the last one.
    pub next_cursor: Option<String>,
}

/// The text of a position in a list.
///
/// It contains a checksum over the list and the position: a damaged cursor, or a cursor of another
/// list or other filters, is refused. It is no secret, because a position only narrows a range that
/// the caller was authorized for in the same request.
#[derive(Clone, Copy, Debug)]
pub struct Cursor;

impl Limit {
    /// The number of items.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(25)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse().ok().filter(|number| (1..=100).contains(number));
        let bounds = "must be a whole number from 1 to 100";
        number.map(Self).ok_or_else(|| de::Error::custom(bounds))
    }
}

impl<T> Page<T> {
    /// The same page of other items.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, next_cursor } = self;
        Page { items: items.into_iter().map(into).collect(), next_cursor }
    }
}

impl Cursor {
    /// The cursor for `position` in the list that `list` identifies: by its kind, its organization,
    /// its filters and its order.
    #[must_use]
    pub fn encode(list: &[impl AsRef<str>], position: &Position) -> String {
        let Position { part, key } = position;
        let payload = [&[*part], key.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode([checksum(list, &payload).as_slice(), &payload].concat())
    }

    /// The position in the list that `list` identifies.
    ///
    /// # Errors
    ///
    /// `bad-cursor` (400) for a damaged cursor, or a cursor of another list.
    pub fn decode(cursor: &str, list: &[impl AsRef<str>]) -> Result<Position, Problem> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (sum, payload) = bytes.split_at_checked(CHECKSUM)?;
            let (part, key) = payload.split_first()?;
            let valid = key.len() <= MAX_KEY && sum == checksum(list, payload);
            let key = String::from_utf8(key.to_vec()).ok().filter(|_| valid)?;
            Some(Position { part: *part, key })
        };
        let detail = "The cursor is damaged, or belongs to another list. Start again without it.";
        let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad-cursor", "Bad cursor", detail);
        read().ok_or_else(bad)
    }
}

/// The first bytes of a digest. Each part of `list` is preceded by its length, so different lists
/// have different input.
fn checksum(list: &[impl AsRef<str>], payload: &[u8]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in list {
        hasher.update(part.as_ref().len().to_be_bytes());
        hasher.update(part.as_ref());
    }
    hasher.update(payload);
    hasher.finalize().into_iter().take(CHECKSUM).collect()
}
