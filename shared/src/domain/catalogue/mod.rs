//! The permission catalogue: the role objects with their levels and actions, and the levels of the
//! built-in roles.
//!
//! `table.rs` is the catalogue as data, `texts.rs` has its texts for user interfaces. The tests
//! compare it with `tests/catalogue.json`, which states the same facts independently, and print it
//! to `docs/internals/catalogue.md`.

mod built_in;
mod conditions;
mod level;
mod levels;
mod role_object;
mod table;
#[cfg(test)]
mod tests;
mod texts;

pub use built_in::BuiltIn;
pub use conditions::{Condition, Conditions, Restriction};
pub use level::Level;
pub use levels::Levels;
pub use role_object::RoleObject;

/// The catalogue has no role object or built-in role with this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the key of a {0}; the permission catalogue lists all keys")]
pub struct UnknownKey(&'static str);
