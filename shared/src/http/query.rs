//! Query parameters. It never ignores one: not an unknown one, not the second of two.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, Uri, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_html_form::Deserializer;

use super::{FieldError, Problem, fit::fit};

/// The query as a `T`, whose `Vec` fields may be given several times.
///
/// Types that come in say `#[serde(deny_unknown_fields)]`; lists have the fields of
/// [`PageQuery`](super::PageQuery).
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(unread) = parts.extensions.get::<Unread>() {
            unread.read.store(true, Relaxed);
        }
        let query = parts.uri.query().unwrap_or_default();
        fit(Deserializer::from_bytes(query.as_bytes())).map(Self).map_err(|error| {
            match error.pointer.strip_prefix('/') {
                Some(name)
                    if !error.detail.starts_with("unknown field") && repeats(query, name) =>
                {
                    Problem::unreadable(format!("the parameter `{name}` is given more than once"))
                }
                _ => Problem::invalid(error),
            }
        })
    }
}

/// A query that no handler has asked for yet. Routes without parameters need not say so: what
/// nobody has read is refused before a body is taken, and instead of what a GET would have shown.
#[derive(Clone, Debug)]
pub(super) struct Unread {
    parameter: String,
    read: Arc<AtomicBool>,
}

impl Unread {
    /// The query of a request, if it has any parameter.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let pairs: Vec<(String, String)> =
            serde_html_form::from_str(uri.query()?).unwrap_or_default();
        let (parameter, _) = pairs.into_iter().next()?;
        Some(Self { parameter, read: Arc::default() })
    }

    /// Insists that it was read, if there is one.
    pub(super) fn refuse(extensions: &Extensions) -> Result<(), Problem> {
        extensions.get::<Self>().map_or(Ok(()), Self::check)
    }

    /// Insists that it was read.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.read.load(Relaxed) {
            return Ok(());
        }
        let name: String = self.parameter.chars().take(60).collect();
        let detail = "unknown parameter, this takes none".to_owned();
        Err(Problem::invalid(FieldError { pointer: format!("/{name}"), detail }))
    }
}

/// Whether `query` gives `name` more than once. A bad item of a list is called `/name/1`, which is
/// no name.
fn repeats(query: &str, name: &str) -> bool {
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    pairs.iter().filter(|(key, _)| key == name).count() > 1
}
