//! Texts in requests, normalized and bounded before anybody sees them.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};

use crate::domain::{Name, clean_text, parse_network};

/// A name of 1 to `MAX` characters.
#[derive(Clone, Debug)]
pub struct Named<const MAX: usize>(pub Name);

impl<'de, const MAX: usize> Deserialize<'de> for Named<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Name::parse(&text, MAX).map(Self).map_err(de::Error::custom)
    }
}

/// A text of at most `MAX` characters, which may be empty.
#[derive(Clone, Debug, Default)]
pub struct Text<const MAX: usize>(pub String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        clean_text(&text, MAX).map(Self).map_err(de::Error::custom)
    }
}

/// A number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug)]
pub struct Within<const LEAST: u32, const MOST: u32>(pub u32);

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        let fits = u32::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number));
        let bounds = || de::Error::custom(format!("must be a whole number from {LEAST} to {MOST}"));
        fits.map(Self).ok_or_else(bounds)
    }
}

/// A list of 1 to `MOST` things.
#[derive(Clone, Debug)]
pub struct Several<T, const MOST: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Several<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let things = Vec::deserialize(deserializer)?;
        if (1..=MOST).contains(&things.len()) {
            return Ok(Self(things));
        }
        let has = things.len();
        Err(de::Error::custom(format!("must have 1 to {MOST} items, and has {has}")))
    }
}

/// Whether a member was given as `null`, the only value it takes: for what can only be taken back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nulled(pub bool);

impl<'de> Deserialize<'de> for Nulled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let null = <()>::deserialize(deserializer);
        null.map(|()| Self(true)).map_err(|_| de::Error::custom("can only be set to null"))
    }
}

/// At most `MAX` networks in CIDR notation.
#[derive(Clone, Debug)]
pub struct Networks<const MAX: usize>(pub BTreeSet<IpNet>);

impl<'de, const MAX: usize> Deserialize<'de> for Networks<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let networks = Vec::<Network>::deserialize(deserializer)?;
        if networks.len() > MAX {
            return Err(de::Error::custom(format!("must be at most {MAX} networks")));
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
