//! The rules as sentences. Each test names what it holds; rule ids are those of `docs/rules.md`.

mod batch;
mod event;
mod grants;
mod invitation;
mod member;
mod organization;
mod retire;
mod role;
mod standing;
