//! From values to items and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{
    Serialize,
    de::{DeserializeOwned, IntoDeserializer, value::MapDeserializer},
};

use super::{
    Error, Key,
    index::{self, Attributes, IndexAttribute},
};
use crate::domain::OrgPath;

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The fields of `value` as attributes, at `key`, with the attributes of the indexes that list it.
///
/// A listed item stores the path of its organization once, at the beginning of a range key.
pub(super) fn to_item(
    key: Key,
    value: &impl Serialize,
    indexed: Attributes,
) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(Error::broken)?;
    item.extend(Item::from(key));
    list(&mut item, indexed);
    Ok(item)
}

/// Adds the attributes of the indexes that list an item.
pub(super) fn list(item: &mut Item, indexed: Attributes) {
    let indexed = indexed.into_iter().map(|(key, value)| (key.name().to_owned(), text(value)));
    item.extend(indexed);
}

/// The value in an item, whatever its key.
pub(super) fn from_item<T: DeserializeOwned>(mut item: Item) -> Result<T, Error> {
    if let Some(path) = path_of(&item) {
        item.insert(IndexAttribute::Path.name().to_owned(), attribute::<OrgPath>(&path)?);
    }
    // Not by `serde_dynamo::from_item`, which first builds a map of its own: 7 % of a list page.
    let attributes = item.into_iter().map(|(name, value)| (name, Attribute(value)));
    T::deserialize(MapDeserializer::new(attributes)).map_err(Error::broken)
}

/// The path of the organization that an item belongs to.
pub(super) fn path_of(item: &Item) -> Option<OrgPath> {
    index::path_of(item.get(IndexAttribute::Path.name())?.as_s().ok()?)
}

/// A value to deserialize.
struct Attribute(AttributeValue);

impl IntoDeserializer<'_, serde_dynamo::Error> for Attribute {
    type Deserializer = serde_dynamo::Deserializer;

    fn into_deserializer(self) -> Self::Deserializer {
        serde_dynamo::Deserializer::from_attribute_value(self.0.into())
    }
}

/// A value as an attribute.
pub(super) fn attribute<T: Serialize>(value: &T) -> Result<AttributeValue, Error> {
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

/// Lets the table drop an item at this time.
pub(super) fn expire_at(item: &mut Item, at: Timestamp) {
    item.insert("ttl".to_owned(), number(at.as_second()));
}

/// A time as an attribute: milliseconds, as all stored times are.
pub(super) fn time(at: Timestamp) -> AttributeValue {
    number(at.as_millisecond())
}
