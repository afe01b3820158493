//! Lists: query parameters, pages and cursors.

use std::{collections::BTreeSet, fmt::Display};

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use super::{FieldError, Problem};
use crate::{
    domain::{MAX_CHOSEN, MAX_CHOSEN_ROLES, OrgId, RoleId},
    store::{PageRequest, Position, Slice, Status},
};

/// The longest key of a position in bytes, which `DynamoDB` also has for sort keys.
const MAX_KEY: usize = 1024;
/// The most items that a client can ask for on a page.
pub const MAX_PAGE: u8 = 100;
/// The length of the checksum in a cursor, in bytes.
const CHECKSUM: usize = 8;

/// The most items of a page: 1 to [`MAX_PAGE`], 25 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u8);

/// The query of a list without filters. The query of a list with filters repeats the two fields:
/// with serde's `flatten`, unknown parameters would not be refused.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageQuery {
    /// The most items.
    pub limit: Limit,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The pagination of the list with this name and owner. A cursor fits no other list.
    ///
    /// # Errors
    ///
    /// `bad-cursor` (400) for a damaged cursor, or a cursor of another list.
    pub fn pagination(&self, list: &str, owner: &impl Display) -> Result<Pagination, Problem> {
        let list = vec![list.to_owned(), owner.to_string()];
        Pagination::new(list, self.limit, self.cursor.as_deref())
    }
}

/// Some items of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The `cursor` of the next page; `null` after the last one.
    pub next_cursor: Option<String>,
}

/// Some items of a list whose length a counter knows.
#[derive(Clone, Debug, Serialize)]
pub struct CountedPage<T> {
    /// The page.
    #[serde(flatten)]
    pub page: Page<T>,
    /// The number of items on all pages; `null` where it is not known without counting.
    pub total: Option<u64>,
}

/// The text of a position in a list.
///
/// It contains a checksum over the list and the position: a damaged cursor, or a cursor of another
/// list or other filters, is refused. A cursor is not a secret: a position only narrows a range
/// that the caller was authorized for in the same request.
#[derive(Clone, Copy, Debug)]
pub struct Cursor;

impl Limit {
    /// The number of items.
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
        let number = text.parse().ok().filter(|number| (1..=MAX_PAGE).contains(number));
        let bounds = format!("must be a whole number from 1 to {MAX_PAGE}");
        number.map(Self).ok_or_else(|| de::Error::custom(bounds))
    }
}

impl<T> Page<T> {
    /// The page with other items.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, next_cursor } = self;
        Page { items: items.into_iter().map(into).collect(), next_cursor }
    }
}

impl<T> Page<Option<T>> {
    /// The page without the items that are not shown. It can be short.
    pub fn flatten(self) -> Page<T> {
        let Self { items, next_cursor } = self;
        Page { items: items.into_iter().flatten().collect(), next_cursor }
    }
}

impl Cursor {
    /// The cursor for `position` in the list that `list` identifies: by its kind, its organization,
    /// its filters and its order.
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

/// The requested page of a list. The list is identified by its kind, its organization, its filters
/// and its order.
#[derive(Clone, Debug)]
pub struct Pagination {
    list: Vec<String>,
    limit: Limit,
    after: Option<Position>,
}

impl Pagination {
    /// The page of a list with filters. A cursor is valid only for the same `filters` in the same
    /// order of the list.
    ///
    /// `filters` serializes to what selects and sorts the items, in the words of the contract: the
    /// names of Rust's variants are no part of a cursor. Filters whose order does not matter
    /// serialize with [`as_set`].
    ///
    /// # Errors
    ///
    /// `bad-cursor` (400) for a damaged cursor, or a cursor of another list.
    pub fn filtered(
        list: &str,
        owner: &impl Display,
        filters: &impl Serialize,
        limit: Limit,
        cursor: Option<&str>,
    ) -> Result<Self, Problem> {
        // A value sorts the names of the filters, so the order of the fields does not matter.
        let filters = serde_json::to_value(filters).map_err(Problem::internal)?;
        let list = vec![list.to_owned(), owner.to_string(), filters.to_string()];
        Self::new(list, limit, cursor)
    }

    fn new(list: Vec<String>, limit: Limit, cursor: Option<&str>) -> Result<Self, Problem> {
        let after = cursor.map(|cursor| Cursor::decode(cursor, &list)).transpose()?;
        Ok(Self { list, limit, after })
    }

    /// Whether this is the first page.
    pub fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// The page to request from the store.
    pub fn request(&self) -> PageRequest<'_> {
        PageRequest { limit: self.limit.get(), after: self.after.as_ref() }
    }

    /// The page of these items.
    pub fn finish<T>(&self, Slice { items, next }: Slice<T>) -> Page<T> {
        let next_cursor = next.map(|position| Cursor::encode(&self.list, &position));
        Page { items, next_cursor }
    }

    /// The page of the items that were found.
    pub fn page<T, V>(&self, found: Slice<T>, show: impl FnMut(T) -> V) -> Page<V> {
        self.finish(found).map(show)
    }

    /// A page of the items that were found, where showing an item can fail.
    ///
    /// # Errors
    ///
    /// The first error of `show`.
    pub fn try_page<T, V, E>(
        &self,
        found: Slice<T>,
        show: impl FnMut(T) -> Result<V, E>,
    ) -> Result<Page<V>, E> {
        let Page { items, next_cursor } = self.finish(found);
        let items = items.into_iter().map(show).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }
}

/// The organization alone, or its subtree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeParam {
    /// The organization alone.
    #[default]
    Organization,
    /// The organization and all below it.
    Subtree,
}

/// The status of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusParam {
    /// Members.
    Active,
    /// Pending invitations.
    Pending,
}

impl From<StatusParam> for Status {
    fn from(status: StatusParam) -> Self {
        match status {
            StatusParam::Active => Self::Active,
            StatusParam::Pending => Self::Pending,
        }
    }
}

/// How a search text matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// At the beginning.
    #[default]
    Prefix,
    /// Anywhere.
    Contains,
}

/// Serializes the values of a filter in ascending order, each once: the order in which a client
/// names them does not matter.
///
/// # Errors
///
/// Those of the serializer.
pub fn as_set<T: Ord + Serialize, S: Serializer>(
    values: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().collect::<BTreeSet<_>>())
}

/// The chosen organizations without duplicates.
///
/// # Errors
///
/// `invalid-request` for more than [`MAX_CHOSEN`].
pub fn chosen(organization_id: &[OrgId]) -> Result<BTreeSet<OrgId>, Problem> {
    if organization_id.len() > MAX_CHOSEN {
        let detail = format!("choose at most {MAX_CHOSEN} organizations");
        let pointer = "/organization_id".to_owned();
        return Err(Problem::invalid(FieldError { pointer, detail }));
    }
    Ok(organization_id.iter().copied().collect())
}

/// The chosen roles without duplicates.
///
/// # Errors
///
/// `invalid-request` for more than [`MAX_CHOSEN_ROLES`].
pub fn chosen_roles(role_id: &[RoleId]) -> Result<BTreeSet<RoleId>, Problem> {
    if role_id.len() > MAX_CHOSEN_ROLES {
        let detail = format!("choose at most {MAX_CHOSEN_ROLES} roles");
        return Err(Problem::invalid(FieldError { pointer: "/role_id".to_owned(), detail }));
    }
    Ok(role_id.iter().copied().collect())
}

/// The first bytes of a hash. Each part of `list` is preceded by its length, so different lists
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
