//! A search text, normalized in the way that e-mail addresses and names are compared.

use super::{Email, fold};

/// A search text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    address: String,
    name: String,
    anywhere: bool,
}

impl Search {
    /// Normalizes a search text. `None` if nothing is left of it.
    ///
    /// The search matches the beginning of an address or name, or any part of it if `anywhere` is
    /// true.
    #[must_use]
    pub fn parse(text: &str, anywhere: bool) -> Option<Self> {
        let (address, name) = (Email::prefix(text), fold(text));
        let is_empty = address.is_empty() || name.is_empty();
        (!is_empty).then_some(Self { address, name, anywhere })
    }

    /// The text in the normal form of an e-mail address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The text in the folded form of a name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the search matches any part of an address or name, not the beginning alone.
    #[must_use]
    pub fn anywhere(&self) -> bool {
        self.anywhere
    }

    /// Whether the search matches this name.
    #[must_use]
    pub fn finds(&self, name: &str) -> bool {
        let folded = fold(name);
        if self.anywhere { folded.contains(&self.name) } else { folded.starts_with(&self.name) }
    }
}
