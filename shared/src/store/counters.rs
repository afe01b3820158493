//! Numbers in items, read and compared in one way. An absent number is 0.

use super::{
    expression::Expression,
    item::{Item, number},
};
use crate::domain::Refusal;

/// The number of an item.
pub(super) fn number_in(item: Option<&Item>, attribute: &str) -> u64 {
    let number = item.and_then(|item| item.get(attribute)?.as_n().ok()?.parse().ok());
    number.unwrap_or_default()
}

/// The number is `n`.
pub(super) fn is_number(attribute: &str, n: u64) -> Expression {
    let mut text = format!("#{attribute} = :{attribute}_is");
    if n == 0 {
        text = format!("attribute_not_exists(#{attribute}) OR {text}");
    }
    Expression::new(&text, [(&*format!("{attribute}_is"), number(n))])
}

/// A number that a write increases, and that has a limit.
#[derive(Clone, Debug)]
pub(super) struct BoundedCounter {
    /// The attribute that holds the number.
    pub(super) attribute: String,
    /// The highest number.
    pub(super) cap: u64,
    /// By how much the write increases it.
    pub(super) more: u64,
    /// The refusal of a write that exceeds the limit.
    pub(super) refusal: Refusal,
}

impl BoundedCounter {
    /// The number stays within its limit.
    pub(super) fn fits(&self) -> Expression {
        let Self { attribute, cap, more, .. } = self;
        let value = format!("below_{attribute}");
        let below = i128::from(*cap) + 1 - i128::from(*more);
        let mut text = format!("#{attribute} < :{value}");
        // An absent number is below the bound unless the bound is 0 or less.
        if below > 0 {
            text = format!("attribute_not_exists(#{attribute}) OR {text}");
        }
        Expression::new(&text, [(value.as_str(), number(below))])
    }

    /// Whether the number in an item is the reason that the condition failed.
    pub(super) fn is_exceeded(&self, item: Option<&Item>) -> bool {
        number_in(item, &self.attribute).saturating_add(self.more) > self.cap
    }
}
