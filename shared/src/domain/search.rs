//! What somebody looks for, in the forms in which addresses and names are compared.

use super::{Email, fold};

/// A text to look for. There is none without anything to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    address: String,
    name: String,
    anywhere: bool,
}

impl Search {
    /// Looks for `text` at the beginning, or `anywhere`.
    #[must_use]
    pub fn parse(text: &str, anywhere: bool) -> Option<Self> {
        let (address, name) = (Email::prefix(text), fold(text));
        let nothing = address.is_empty() || name.is_empty();
        (!nothing).then_some(Self { address, name, anywhere })
    }

    /// As it would stand in an address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// As it would stand in a folded name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Not only at the beginning?
    #[must_use]
    pub fn anywhere(&self) -> bool {
        self.anywhere
    }

    /// Is it in this name?
    #[must_use]
    pub fn finds(&self, name: &str) -> bool {
        let folded = fold(name);
        if self.anywhere { folded.contains(&self.name) } else { folded.starts_with(&self.name) }
    }
}
