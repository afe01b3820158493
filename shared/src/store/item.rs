//! From values to items and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, Key};

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// `value`'s fields as attributes, at `key`, and the index attributes that list it.
pub(super) fn to_item(
    key: Key,
    value: &impl Serialize,
    indexed: impl IntoIterator<Item = (&'static str, String)>,
) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(Error::broken)?;
    item.extend(Item::from(key));
    let indexed = indexed.into_iter();
    item.extend(indexed.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))));
    Ok(item)
}

/// The value in an item, whatever its key.
pub(super) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    serde_dynamo::from_item(item).map_err(Error::broken)
}

/// A value as an attribute.
pub(super) fn attribute(value: &impl Serialize) -> Result<AttributeValue, Error> {
    serde_dynamo::to_attribute_value(value).map_err(Error::broken)
}

/// A text as an attribute.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number as an attribute.
pub(super) fn number(value: impl Copy + ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time as an attribute: milliseconds, as all stored times are.
pub(super) fn time(at: Timestamp) -> AttributeValue {
    number(at.as_millisecond())
}
