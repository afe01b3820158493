//! Query parameters. Unknown parameters and repeated single-valued parameters are refused.

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

use super::{FieldError, Problem, deserialize};

/// The longest parameter name that a problem repeats, in characters.
const MAX_NAME: usize = 60;

/// The query as a `T`. A `Vec` field accepts its parameter several times.
///
/// Query types carry `#[serde(deny_unknown_fields)]`; lists have the fields of
/// [`PageQuery`](super::PageQuery). Rejects with 400 if a parameter is repeated, and with 422 if it
/// is unknown or invalid.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(unread) = parts.extensions.get::<UnreadQuery>() {
            unread.read.store(true, Relaxed);
        }
        let query = parts.uri.query().unwrap_or_default();
        deserialize::parse(Deserializer::from_bytes(query.as_bytes())).map(Self).map_err(|error| {
            match error.pointer.strip_prefix('/') {
                Some(name) if !error.detail.starts_with("is unknown") && repeats(query, name) => {
                    Problem::unreadable(format!("Send the parameter `{name}` only once."))
                }
                _ => Problem::invalid(error),
            }
        })
    }
}

/// A query that no extractor has read so far.
///
/// A handler without a [`Query`] extractor accepts no parameters. The body extractors refuse an
/// unread query before they read a body, and the access log layer replaces the response to a GET.
#[derive(Clone, Debug)]
pub(super) struct UnreadQuery {
    parameter: String,
    read: Arc<AtomicBool>,
}

impl UnreadQuery {
    /// The query of a request, if it has at least one parameter.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let (parameter, _) = pairs(uri.query()?).into_iter().next()?;
        Some(Self { parameter, read: Arc::default() })
    }

    /// Checks the request's query, if it has one.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub(super) fn require_read(extensions: &Extensions) -> Result<(), Problem> {
        extensions.get::<Self>().map_or(Ok(()), Self::check)
    }

    /// Checks that an extractor has read the query.
    ///
    /// # Errors
    ///
    /// 422 that names the first parameter, if none has.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.read.load(Relaxed) {
            return Ok(());
        }
        let name: String = self.parameter.chars().take(MAX_NAME).collect();
        let detail = "is unknown: this route takes no parameters".to_owned();
        Err(Problem::invalid(FieldError { pointer: format!("/{name}"), detail }))
    }
}

/// Whether `query` has the parameter `name` more than once. The name of an invalid list item, such
/// as `status/1`, is no parameter's name.
fn repeats(query: &str, name: &str) -> bool {
    pairs(query).iter().filter(|(key, _)| key == name).count() > 1
}

fn pairs(query: &str) -> Vec<(String, String)> {
    serde_html_form::from_str(query).unwrap_or_default()
}
