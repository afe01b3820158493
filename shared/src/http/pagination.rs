//! Pagination: from the `limit` and `cursor` of a request to a page request of the store, and from
//! its slice to a page.

use std::convert::Infallible;

use super::{Cursor, Limit, Page, Problem};
use crate::store::{PageRequest, Position, Slice};

/// The requested page of a list. The list is identified by its kind, its organization, its filters
/// and its order.
#[derive(Clone, Debug)]
pub struct Pagination {
    list: Vec<String>,
    limit: Limit,
    after: Option<Position>,
}

impl Pagination {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    ///
    /// `bad-cursor` (400) for a damaged cursor, or a cursor of another list.
    pub fn new(list: Vec<String>, limit: Limit, cursor: Option<&str>) -> Result<Self, Problem> {
        let after = cursor.map(|cursor| Cursor::decode(cursor, &list)).transpose()?;
        Ok(Self { list, limit, after })
    }

    /// Whether this is the first page.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// The page to request from the store.
    #[must_use]
    pub fn request(&self) -> PageRequest<'_> {
        PageRequest { limit: self.limit.get(), after: self.after.as_ref() }
    }

    /// The page with the items of a slice.
    pub fn page<T, V>(&self, found: Slice<T>, mut show: impl FnMut(T) -> V) -> Page<V> {
        let Ok(page) = self.try_page(found, |item| Ok::<_, Infallible>(show(item)));
        page
    }

    /// The same, if showing an item can fail.
    ///
    /// # Errors
    ///
    /// The first error of `show`.
    pub fn try_page<T, V, E>(
        &self,
        found: Slice<T>,
        show: impl FnMut(T) -> Result<V, E>,
    ) -> Result<Page<V>, E> {
        let next_cursor = found.next.map(|position| Cursor::encode(&self.list, &position));
        let items = found.items.into_iter().map(show).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }
}
