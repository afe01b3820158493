//! The rules as sentences. Each test names what it holds; rule ids are those of `docs/rules.md`.

mod batch;
mod customer;
mod decision;
mod event;
mod grants;
mod invitation;
mod join_request;
mod member;
mod notice;
mod organization;
mod reach;
mod retire;
mod role;
mod security;
mod standing;
