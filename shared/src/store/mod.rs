//! The table.
//!
//! The store makes no decisions. Reads get the facts that a rule needs. A write is one transaction,
//! whose conditions repeat those facts, so a change by another request cannot bypass the rule.
//!
//! | topic | files |
//! |---|---|
//! | keys | `keys` of the table, `index`: keys of its indexes |
//! | items | `item`; `schema`, `schema_steps`, `migration`: items of earlier versions |
//! | reads by key | `fetch` reads, `fetched_items` has what was found |
//! | reads of lists | `lists`: one range each; `range` reads them, `meter` counts what is read |
//! | writes | `transaction`, of a `step` for each item with an `expression`; `commit` sends it |
//! | conditions of many writes | `repeated_facts`, `suspension`; `idempotency`: repeats |
//! | numbers | `counters`, `user_counts`, `count_changes`; `budgets` |
//! | work in many transactions | `deadline`, `idle_steps`; `due`: what the clean-up finds |
//! | invitations | `invitation_item`, `invitations`, `acceptance`, `ended_invitations` |
//! | address slots | `address_slots` |
//! | members | `members`, `super_admins`; `removed_members`, `ended_access` |
//! | members with another account | `accounts`, `continued_members` |
//! | the users list | `users`, `role_name_search`, `whole_list`, `export` |
//! | roles | `roles`, `role_names`, `role_lists` |
//! | deletion of a role with users | `reassignment`, `reassignment_steps` |
//! | organizations | `organizations`, `settings`, `joins_from_above`, `customers` |
//! | deletion of an organization | `deletion`, `deletion_steps` |
//! | join requests | `join_requests` |
//! | short lists | `list_entries`: approved domains, critical alert users |
//! | decisions | `decisions` |
//! | a person in all organizations | `identities`, `personal_data`, `erasure`, `offboarding` |
//! | names | `names`: what ids name; `kept_names`: names of what is gone |
//! | events and mails | `history`, `outbox`; `deliveries`, `digest`, `reminders` |

mod acceptance;
mod accounts;
mod address_slots;
mod budgets;
mod commit;
mod continued_members;
mod count_changes;
mod counters;
mod customers;
mod deadline;
mod decisions;
mod deletion;
mod deletion_steps;
mod deliveries;
mod digest;
mod due;
mod ended_access;
mod ended_invitations;
mod erasure;
mod export;
mod expression;
mod fetch;
mod fetched_items;
mod history;
mod idempotency;
mod identities;
mod idle_steps;
pub mod index;
mod invitation_item;
mod invitations;
mod item;
mod join_requests;
mod joins_from_above;
mod kept_names;
pub mod keys;
mod list_entries;
mod lists;
mod members;
mod meter;
mod migration;
mod names;
mod offboarding;
mod organizations;
mod outbox;
mod personal_data;
mod range;
mod reassignment;
mod reassignment_steps;
mod reminders;
mod removed_members;
mod repeated_facts;
mod role_lists;
mod role_name_search;
mod role_names;
mod roles;
mod schema;
mod schema_steps;
mod settings;
mod step;
mod super_admins;
mod suspension;
#[cfg(test)]
mod tests;
mod transaction;
mod user_counts;
mod users;
mod whole_list;

use aws_sdk_dynamodb::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
};

use crate::{domain::Refusal, metrics::Metric};

pub use acceptance::{Acceptance, InviteeFacts};
pub use accounts::AccountChange;
pub use continued_members::MAX_CHANGES;
pub use customers::LinkChange;
pub use deadline::{Deadline, TIME_LIMIT};
pub use decisions::AccessQuery;
pub use deletion::{DeletionProgress, OrganizationDeletion};
pub use deliveries::{Claim, MAIL_CLAIM};
pub use due::{DueItem, DueItems};
pub use export::UserStream;
pub use fetched_items::{FetchedItems, RoleWithUsers};
pub use history::{AboutPerson, EventFilter};
pub use idempotency::{Chunk, Committed, EarlierRun};
pub use index::Index;
pub use invitations::{CREATED_AT_ONCE, InvitationChange};
pub use join_requests::RequestApproval;
pub use keys::{Key, Reminded, Status};
pub use lists::List;
pub use members::MemberChange;
pub(crate) use meter::milliseconds;
pub use meter::{Cost, metered};
pub use migration::Migration;
pub use offboarding::{EndedAccess, EndingProgress};
pub use organizations::{NewOrganization, ProfileChange};
pub use outbox::{PublishedEvent, published};
pub use personal_data::{FormerPerson, KnownAddress, KnownIn, PersonalData};
pub use range::{Direction, MAX_FILTER_UNITS, PageRequest, Position, Slice};
pub use reassignment::{DeletionAtOnce, ReassignmentProgress};
pub use reassignment_steps::RoleDeletion;
pub use reminders::Expiring;
pub use role_lists::{RoleEntry, RoleFilter, RoleSelection};
pub use role_names::{RoleNames, RoleSummaries};
pub use roles::RoleChange;
pub use schema::{READABLE_SCHEMA, WRITTEN_SCHEMA, upgraded};
pub use transaction::Transaction;
pub use user_counts::OrganizationCounts;
pub use users::{ListedUser, Order, SortKey, UserFilter};

/// The table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// Opens `table` with `client`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Opens the connection by reading an item that never exists.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn open(&self) -> Result<(), Error> {
        let nothing = Key { pk: "NOTHING".to_owned(), sk: "NOTHING".to_owned() };
        self.get([nothing]).await.map(drop)
    }
}

/// The failure of a store operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A condition failed whose refusal this is.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database throttles or cannot be reached. A write may or may not have happened.
    #[error("{0}")]
    Unavailable(String),
    /// A defect: `DynamoDB` rejected a call as invalid, or an item cannot be read.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    fn broken(error: impl std::error::Error) -> Self {
        Self::Broken(DisplayErrorContext(error).to_string())
    }

    /// The error of a failed read: unavailable, unless a repeat cannot succeed.
    fn from_read<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let code = error.as_service_error().map(|error| error.code().unwrap_or_default());
        let is_throttle = code.is_some_and(|code| THROTTLES.contains(&code));
        if is_throttle {
            Metric::Throttles.add(1.0);
        }
        let is_passing = is_throttle || code == Some("InternalServerError") || failing(&error);
        if code.is_none() || is_passing { Self::unavailable(error) } else { Self::broken(error) }
    }

    fn unavailable(error: impl std::error::Error) -> Self {
        Self::Unavailable(DisplayErrorContext(error).to_string())
    }
}

/// The codes of a throttled call.
const THROTTLES: [&str; 3] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"];

/// Whether the server failed. The response then need not come from DynamoDB itself, and a write may
/// have happened.
fn failing<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_server_error())
}
