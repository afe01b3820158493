//! The rules as sentences. Each test names what it holds; rule ids are those of `docs/rules.md`.

mod event;
mod grants;
mod invitation;
mod join_request;
mod member;
mod organization;
mod role;
mod security;
mod standing;
