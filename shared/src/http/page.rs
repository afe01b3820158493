//! Lists, a page at a time. It never ends a walk early, and never takes a cursor from one list into
//! another.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, de};
use sha2::{Digest, Sha256};

use super::Problem;

/// The longest position in bytes: three sort keys of ours have no more.
const LONGEST_POSITION: usize = 1_500;

/// How many items a page holds at most: 1 to 100, and 25 unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

/// The query of a list without filters. A list with filters has these two fields among its own,
/// spelled out the same way: flattened they would lose their types.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// How many items at most.
    #[serde(default)]
    pub limit: Limit,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// Some items of a list, and where to go on.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; `null` when there is none.
    pub next_cursor: Option<String>,
}

/// Where a walk through a list stands: a digest of the list, and a position in it.
///
/// It holds no secret and carries no signature, because it grants nothing: a position is only ever
/// used below the key prefix of the list that the caller was authorized for in this very request,
/// so a forged one can only skip about in what its forger may read anyway. The digest is for honest
/// mistakes: a cursor taken to another list, or kept while the filters change, is refused instead
/// of giving a page that means nothing.
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
    /// The cursor that goes on after `position` in the list that `binding` names: the kind of list,
    /// its organization, its filters and its order.
    #[must_use]
    pub fn encode(binding: &[&str], position: &str) -> String {
        URL_SAFE_NO_PAD.encode([digest(binding).as_slice(), position.as_bytes()].concat())
    }

    /// The position that `cursor` stands for in the list that `binding` names.
    pub fn decode(cursor: &str, binding: &[&str]) -> Result<String, Problem> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let position = bytes.strip_prefix(digest(binding).as_slice())?;
            let decent = |position: &String| (1..=LONGEST_POSITION).contains(&position.len());
            String::from_utf8(position.to_vec()).ok().filter(decent)
        };
        let detail = "the cursor is malformed, or belongs to another list; start again without one";
        let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad-cursor", "Bad cursor", detail);
        read().ok_or_else(bad)
    }
}

/// Eight bytes. Every part is preceded by its length, so that no two lists of parts read the same.
fn digest(binding: &[&str]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in binding {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into_iter().take(8).collect()
}
