//! A JSON reader that refuses an object with two members of the same name.
//!
//! Parsers disagree about which of two equal members counts. A document that another component has
//! validated could otherwise mean something else here.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::Problem;

/// Parses `text` as JSON.
///
/// # Errors
///
/// 400 if it is empty, is not JSON, or repeats a member; the detail says at which line and column.
pub(super) fn read(text: &[u8]) -> Result<Value, Problem> {
    if text.trim_ascii().is_empty() {
        return Err(Problem::unreadable("The body is empty. Send JSON."));
    }
    serde_json::from_slice(text).map(|StrictValue(value)| value).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Problem::unreadable(if error.is_data() {
            format!("An object has two members of the same name ({place}). Send each member once.")
        } else {
            format!("The body is not valid JSON ({place}). Correct it there.")
        })
    })
}

struct StrictValue(Value);

impl<'de> Deserialize<'de> for StrictValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(StrictValue(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("repeated member"));
            }
            let StrictValue(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}
