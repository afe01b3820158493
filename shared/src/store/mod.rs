//! The table: one file an entity, one method an access pattern.
//!
//! Nothing here decides anything. Reads gather the facts a rule needs; a write is one transaction
//! whose conditions repeat those facts, so that a rule cannot be outrun by a race.

mod approved_domains;
mod batch;
mod commit;
mod critical_alert_users;
mod customers;
mod decisions;
mod export;
mod expression;
mod facts;
mod headcount;
mod history;
mod invitations;
mod item;
mod join_requests;
pub mod keys;
mod listed;
mod lists;
mod members;
mod meter;
mod organizations;
mod outbox;
mod patience;
mod places;
mod range;
mod replay;
mod retire;
mod role_lists;
mod roles;
mod security;
mod shown;
mod tally;
#[cfg(test)]
mod tests;
mod transaction;
mod user_search;
mod users;

use std::sync::Arc;

use aws_sdk_dynamodb::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::domain::Refusal;

pub use batch::OPENED_AT_ONCE;
pub use decisions::Question;
pub use export::Sweep;
pub use facts::Found;
pub use headcount::Headcount;
pub use history::EventFilter;
pub use invitations::Overdue;
pub use keys::{Key, Status};
pub use lists::Scope;
pub use meter::{Cost, metered};
pub use organizations::{Founding, StoredProfile};
pub use outbox::recorded;
pub use patience::Patience;
pub use range::{Listing, Window};
pub use replay::{Chunk, Reply};
pub use role_lists::{RoleEntry, RoleFilter};
pub use shown::Shown;
pub use users::{By, Order, User, UserFilter};

/// The one table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    /// What its writes insist on, because a client has seen it.
    seen: Arc<[shown::Seen]>,
}

impl Store {
    /// Opens `table` with `client`.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), seen: Arc::default() }
    }

    /// Opens the connection, by looking for what is never there.
    pub async fn open(&self) -> Result<(), Error> {
        let nothing = Key { pk: "NOTHING".to_owned(), sk: "NOTHING".to_owned() };
        self.look([nothing]).await.map(drop)
    }
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A condition failed; it stood for this rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request is a repeat: this is what its first time was answered.
    #[error("this request was answered before")]
    Replay(Box<Reply>),
    /// This part of the headcount has no room for another pending invitation (INV12).
    #[error("part {0} of the headcount is full")]
    Full(u8),
    /// The database throttles or cannot be reached. A write may or may not have happened.
    #[error("{0}")]
    Unavailable(String),
    /// The database refused what should never be refused, or holds something we cannot read.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    fn broken(error: impl std::error::Error) -> Self {
        Self::Broken(DisplayErrorContext(error).to_string())
    }

    /// A failed read: harmless, and worth another try unless it can never work.
    fn from_read<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let passing = [
            "InternalServerError",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "ThrottlingException",
        ];
        match error.as_service_error().map(|error| error.code().unwrap_or_default()) {
            Some(code) if !passing.contains(&code) && !failing(&error) => Self::broken(error),
            _ => Self::unavailable(error),
        }
    }

    fn unavailable(error: impl std::error::Error) -> Self {
        Self::Unavailable(DisplayErrorContext(error).to_string())
    }
}

/// Did the database, or what stands before it, fail by itself? Then its answer need not be one of
/// DynamoDB's, and a write may have happened.
fn failing<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_server_error())
}
