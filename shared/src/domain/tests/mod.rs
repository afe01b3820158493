//! Tests of the rules. Rule ids such as INV3 refer to `docs/internals/rules.md`.

mod access_end;
mod batch;
mod customer;
mod decision;
mod event;
mod grants;
mod invitation;
mod join_request;
mod member;
mod notification;
mod organization;
mod permissions;
mod reassignment;
mod role;
mod scope;
mod security;
mod standing;
