//! The code that all functions share: the rules ([`domain`]), the table ([`store`]), requests and
//! responses ([`http`]), and the Lambda runtime ([`lambda`]).
//!
//! Dependencies point one way: [`http`] → [`store`] → [`domain`].

pub mod domain;
#[cfg(test)]
mod fixtures;
pub mod http;
pub mod lambda;
#[cfg(test)]
mod printed;
pub mod store;
