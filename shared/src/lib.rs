//! The code that all functions share: the rules ([`domain`]), the table ([`store`]), requests and
//! responses ([`http`]), and the Lambda runtime ([`lambda`]).
//!
//! Dependencies point one way: [`http`] → [`store`] → [`domain`]. Requests and runs leave a line in
//! the [`log`], with their [`metrics`].

pub mod domain;
#[cfg(test)]
mod fixtures;
pub mod http;
pub mod lambda;
pub mod log;
pub mod metrics;
#[cfg(test)]
mod printed;
pub mod store;
