//! Field types of requests: each normalizes its input and checks its bounds.

use std::{collections::BTreeSet, fmt};

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{self, Unexpected, Visitor},
};

use crate::domain::{Name, TextError, clean_text, parse_network};

/// A name of 1 to `MAX` characters, normalized by [`Name::parse`].
#[derive(Clone, Debug)]
pub struct NameField<const MAX: usize>(pub Name);

impl<'de, const MAX: usize> Deserialize<'de> for NameField<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Name::parse(&text, MAX).map(Self).map_err(de::Error::custom)
    }
}

/// A text of 0 to `MAX` characters, normalized by [`clean_text`].
#[derive(Clone, Debug, Default)]
pub struct Text<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        clean_text(&text, MAX).map(Self).map_err(de::Error::custom)
    }
}

/// The URL of a website, of at most `MAX` characters, or an empty text. Portals link it, so it must
/// not be a script.
#[derive(Clone, Debug, Default)]
pub struct Website<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Website<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(url) = Text::<MAX>::deserialize(deserializer)?;
        let rest = ["https://", "http://"].into_iter().find_map(|scheme| {
            let (start, rest) = url.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let is_url =
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
        if url.is_empty() || is_url {
            return Ok(Self(url));
        }
        Err(de::Error::custom("must be a URL such as https://acme.example, or empty"))
    }
}

/// A whole number in JSON, in every spelling of JSON Schema's `integer`: `7`, `7.0` and `7e0`.
/// Numbers beyond 64 bits become the nearest one of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeNumber(pub i64);

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeNumberVisitor).map(Self)
    }
}

struct WholeNumberVisitor;

impl Visitor<'_> for WholeNumberVisitor {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E>(self, number: u64) -> Result<i64, E> {
        Ok(i64::try_from(number).unwrap_or(i64::MAX))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the cast gives the nearest number")]
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() == 0.0 {
            Ok(number as i64)
        } else {
            Err(E::invalid_type(Unexpected::Float(number), &self))
        }
    }
}

/// A text of 1 to `MAX` characters, normalized by [`clean_text`].
#[derive(Clone, Debug)]
pub struct RequiredText<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for RequiredText<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::<MAX>::deserialize(deserializer)?;
        if text.is_empty() { Err(de::Error::custom(TextError::Empty)) } else { Ok(Self(text)) }
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug)]
pub struct BoundedInt<const MIN: u32, const MAX: u32>(pub u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for BoundedInt<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let WholeNumber(number) = WholeNumber::deserialize(deserializer)?;
        let fits = u32::try_from(number).ok().filter(|number| (MIN..=MAX).contains(number));
        let bounds = || de::Error::custom(format!("must be a whole number from {MIN} to {MAX}"));
        fits.map(Self).ok_or_else(bounds)
    }
}

/// An array of 1 to `MAX` items.
#[derive(Clone, Debug)]
pub struct BoundedVec<T, const MAX: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for BoundedVec<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::deserialize(deserializer)?;
        match items.len() {
            0 => Err(de::Error::custom(format!("must have 1 to {MAX} items, and has none"))),
            count if count > MAX => Err(de::Error::custom(format!(
                "must have 1 to {MAX} items, and has {count}: send the others in another request"
            ))),
            _ => Ok(Self(items)),
        }
    }
}

/// At most `MAX` networks in CIDR notation, without repetitions.
#[derive(Clone, Debug)]
pub struct Networks<const MAX: usize>(pub BTreeSet<IpNet>);

impl<'de, const MAX: usize> Deserialize<'de> for Networks<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let networks = Vec::<Network>::deserialize(deserializer)?;
        if networks.len() > MAX {
            return Err(de::Error::custom(format!(
                "must have at most {MAX} networks, and has {}: join neighbouring ones into a larger one",
                networks.len()
            )));
        }
        Ok(Self(networks.into_iter().map(|Network(network)| network).collect()))
    }
}

struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_network(&text).map(Self).map_err(de::Error::custom)
    }
}

/// Deserializes a field that can be absent but not `null`, for
/// `#[serde(default, deserialize_with = …)]`.
///
/// # Errors
///
/// Those of `T`, also for `null`.
pub fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Deserializes a field that can be absent or `null`, for
/// `#[serde(default, deserialize_with = …)]`. `Some(None)` is `null`.
///
/// # Errors
///
/// Those of `T`.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A time in the form of RFC 3339, in whole milliseconds, as the table stores times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Time {
    /// The time in a text. `None` if the text has another form.
    pub fn parse(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok().filter(|_| has_rfc_3339_form(text))?;
        Timestamp::from_millisecond(at.as_millisecond()).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(TIME_INSTRUCTION))
    }
}

/// How to write a time.
const TIME_INSTRUCTION: &str = "must be a time such as 2026-11-21T12:00:00Z";

/// Deserializes an optional RFC 3339 time, for `#[serde(default, deserialize_with = …)]`.
///
/// # Errors
///
/// An instruction how to write a time, if the text is not one.
pub fn optional_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let parse = |text: String| text.parse().ok().filter(|_| has_rfc_3339_form(&text));
    let time = text.map(|text| parse(text).ok_or_else(|| de::Error::custom(TIME_INSTRUCTION)));
    time.transpose()
}

/// Whether a time that the library can read has the form of RFC 3339, and none of ISO 8601's
/// others.
fn has_rfc_3339_form(time: &str) -> bool {
    let at = |index: usize| time.as_bytes().get(index).copied();
    let separators = [at(4), at(7), at(13), at(16)] == [b'-', b'-', b':', b':'].map(Some);
    separators
        && matches!(at(10), Some(b'T' | b't' | b' '))
        && !time.contains([',', '['])
        && has_rfc_3339_offset(time)
}

/// Whether a time ends with `Z`, or with an offset from `-23:59` to `+23:59`. The library also
/// reads offsets of more than a day, and shorter ones.
fn has_rfc_3339_offset(time: &str) -> bool {
    match time.as_bytes().last_chunk() {
        Some([b'+' | b'-', tens, ones, b':', b'0'..=b'5', b'0'..=b'9']) => {
            matches!([tens, ones], [b'0' | b'1', b'0'..=b'9'] | [b'2', b'0'..=b'3'])
        }
        _ => time.ends_with(['Z', 'z']),
    }
}
