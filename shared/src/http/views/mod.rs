//! Entities as clients see them, with the field names of the contract.

mod customer_link;
mod event;
mod invitation;
mod join_request;
mod list_entry;
mod member;
mod organization;
mod person;
mod role;

pub use customer_link::{CustomerLink, LinkedOrganization};
pub use event::Event;
pub use invitation::{Invitation, InvitationPeople, SentInvitation};
pub use join_request::{JoinRequest, OwnJoinRequest};
pub use list_entry::{ApprovedDomain, CriticalAlertUser};
pub use member::Member;
pub use organization::{Organization, OrganizationNames};
pub use person::Person;
pub use role::{Role, identity_provider_role};
