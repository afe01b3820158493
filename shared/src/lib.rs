//! Everything the functions share: the rules, the table, and the way in and out.
//!
//! Dependencies point one way: [`http`] → [`store`] → [`domain`].
//! The domain knows nothing of the other two.

pub mod domain;
#[cfg(test)]
mod fixtures;
pub mod http;
pub mod lambda;
#[cfg(test)]
mod printed;
pub mod store;
