//! Walking a list: from a request's `limit` and `cursor` to a window of the store, and back.

use std::convert::Infallible;

use super::{Cursor, Limit, Page, Problem};
use crate::store::{PageRequest, Slice};

/// One step of a walk through a list. The list is named by everything that makes it what it is:
/// its kind, its organization, its filters and its order.
#[derive(Clone, Debug)]
pub struct Pagination {
    list: Vec<String>,
    limit: Limit,
    after: Option<String>,
}

impl Pagination {
    /// Takes a request's parameters, and refuses a cursor of another list.
    pub fn new(list: Vec<String>, limit: Limit, cursor: Option<&str>) -> Result<Self, Problem> {
        let binding: Vec<&str> = list.iter().map(String::as_str).collect();
        let after = cursor.map(|cursor| Cursor::decode(cursor, &binding)).transpose()?;
        Ok(Self { list, limit, after })
    }

    /// Is this the first step?
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// What to ask the store for.
    #[must_use]
    pub fn window(&self) -> PageRequest<'_> {
        PageRequest { limit: self.limit.get(), after: self.after.as_deref() }
    }

    /// The page that shows what was found.
    pub fn page<T, V>(&self, found: Slice<T>, mut show: impl FnMut(T) -> V) -> Page<V> {
        let Ok(page) = self.try_page(found, |item| Ok::<_, Infallible>(show(item)));
        page
    }

    /// The same, where showing may fail.
    pub fn try_page<T, V, E>(
        &self,
        found: Slice<T>,
        show: impl FnMut(T) -> Result<V, E>,
    ) -> Result<Page<V>, E> {
        let binding: Vec<&str> = self.list.iter().map(String::as_str).collect();
        let next_cursor = found.next.map(|position| Cursor::encode(&binding, &position));
        let items = found.items.into_iter().map(show).collect::<Result<_, _>>()?;
        Ok(Page { items, next_cursor })
    }
}
