//! The rules, and nothing else.
//!
//! Code here decides; it does not read, write, wait, look at the clock or roll dice. Whatever a
//! rule needs is an argument, and its answer is a value. Rule ids (INV3, ROLE7 …) are those of
//! `docs/rules.md`.
//!
//! # Glossary
//!
//! - A **person** ([`Person`]) is somebody the identity provider vouches for.
//! - An **organization** ([`Organization`]) is of a [`Kind`], and stands somewhere in a tree: its
//!   [`OrgPath`] names all above it, the **root** first.
//! - A **member** ([`Member`]) is a person's place in one organization, holding one role.
//! - An **invitation** ([`Invitation`]) is an address's place until somebody accepts it; its
//!   **backer** ([`Backer`]) is whoever sent it last.
//! - An **approved domain** ([`ApprovedDomain`]) lets people with an address in it ask to join; what
//!   they make is a **join request** ([`JoinRequest`]).
//! - A **role object** ([`RoleObject`]) is an area of work, a **level** ([`Level`]) what one may do
//!   there. A **role** ([`RoleId`]) gives a level for each: it is **built-in** ([`BuiltIn`]) or
//!   **custom** ([`CustomRole`]).
//! - A **condition** ([`Condition`]) switches a role object on and off.
//! - A partner's **customer** is an organization that it is linked to ([`CustomerLink`]).
//! - An **operator** is platform staff; the **actor** is who asks; the **target** whom it is about.
//! - A list's **reach** ([`Reach`]) is the organizations it covers.
//! - An actor's **standing** ([`Standing`]) is what they may do in one organization, and why.
//! - A **session** ([`Session`]) is how the actor signed in; an organization's **security**
//!   ([`Security`]) is what it demands of sessions.
//! - An **act** ([`Act`]) is one request that changes something; an **event** ([`Event`]) its trace.
//! - A **notice** ([`Notice`]) is what an event tells somebody by mail; a **letter** ([`Letter`]) is
//!   one with its address.
//! - A **decision** ([`judge`]) is what other services ask for: may somebody do an **action**
//!   ([`Action`]) in an organization? A **way** ([`Way`]) is how they reach it, an **approach**
//!   ([`Approach`]) what they hold where it starts.
//! - A **refusal** ([`Refusal`]) is a rule saying no. There are no other errors here.

mod action;
mod approved_domain;
mod batch;
mod catalogue;
mod critical_alert_user;
mod customer;
mod decision;
mod email;
mod event;
mod id;
mod invitation;
mod join_request;
mod level;
mod mail_domain;
mod member;
mod notice;
mod organization;
mod person;
mod reach;
mod refusal;
mod retire;
mod role;
mod search;
mod security;
mod session;
mod standing;
#[cfg(test)]
mod tests;
mod text;

pub use action::Action;
pub use approved_domain::{ApprovedDomain, MAX_DOMAINS, approve_domain};
pub use batch::{MAX_BATCH, Room, invite_all};
pub use catalogue::{BuiltIn, Condition, Conditions, Lowered, RoleObject, UnknownKey};
pub use critical_alert_user::{
    CriticalAlertUser, MAX_CRITICAL_ALERT_USERS, add_critical_alert_user,
};
pub use customer::{CustomerLink, link_customer};
pub use decision::{Approach, Lacking, Remedy, Way, granting, granting_roles, judge, remedy};
pub use email::{Email, EmailError};
pub use event::{Actor, Event, EventAction, Target};
pub use id::{
    AddressDigest, CustomRoleId, EventId, InvitationId, JoinRequestId, NotAUserId, NotAnId, OrgId,
    PersonDigest, UserId,
};
pub use invitation::{
    Backer, DEFAULT_DAYS, HEADCOUNT_PARTS, Invitation, MAX_DAYS, Offer, Place, accept, invite,
    invite_first_admin, is_for, mine, resend, revoke, still_backed,
};
pub use join_request::{
    JoinRequest, Known, MAX_COMMENT, MAX_JOIN_REQUESTS, RequestStatus, approve_request,
    ask_to_join, asked_before, decides_requests, sees_requests,
};
pub use level::{Level, Levels};
pub use mail_domain::MailDomain;
pub use member::{Member, Source, change_role, join, leave, remove_member, transfer};
pub use notice::{
    Letter, MAX_MANAGERS, Notice, about_invitation, decide, deciding_roles, may_decide,
};
pub use organization::{
    Awaited, Kind, Links, MAX_DEPTH, MAX_ORGANIZATION_NAME, OrgPath, Organization, Profile,
    Settings, Switches, create_sub_organization, found_below_by_operator, switch,
};
pub use person::{Act, Once, Person};
pub use reach::{Coverage, MAX_CHOSEN, Reach, reach};
pub use refusal::Refusal;
pub use retire::{reassign, reoffer, retire_role};
pub use role::{
    CustomRole, IdentityProviderRole, MAX_CUSTOM_ROLES, MAX_ROLE_DESCRIPTION, MAX_ROLE_NAME,
    RoleDraft, RoleId, Users, create_role, delete_role, edit_role, levels_in, may_grant,
};
pub use search::Search;
pub use security::{
    DEFAULT_RETENTION_DAYS, LEAST_SESSION, MAX_NETWORKS, MOST_SESSION, NetworkError, Security,
    parse_network, secure,
};
pub use session::{Presence, Session, multi_factor};
pub use standing::Standing;
pub use text::{Name, TextError, clean_text, fold, is_invisible};
