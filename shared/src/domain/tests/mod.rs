//! The rules as sentences. Each test names what it holds; rule ids are those of `docs/rules.md`.

mod event;
mod grants;
mod invitation;
mod member;
mod organization;
mod reach;
mod role;
mod standing;
