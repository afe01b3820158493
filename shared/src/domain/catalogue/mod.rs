//! The permission catalogue: what roles can allow, and what the built-in ones do. It never asks
//! who is acting.
//!
//! `table.rs` is the catalogue itself, `docs/catalogue.md` prints it, and the tests hold it to
//! `tests/catalogue.json`, where it is stated a second time.

mod built_in;
mod conditions;
mod role_object;
mod table;
#[cfg(test)]
mod tests;

pub use built_in::BuiltIn;
pub use conditions::{Condition, Conditions, Lowered};
pub use role_object::RoleObject;

use super::Level;

/// A key that is not in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {0} has this key; the catalogue lists them all")]
pub struct UnknownKey(&'static str);
