//! Query parameters. It never ignores one: not an unknown one, not the second of two.

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::de::DeserializeOwned;
use serde_html_form::Deserializer;

use super::{Problem, fit::fit};

/// The query as a `T`, whose `Vec` fields may be given several times.
///
/// Types that come in say `#[serde(deny_unknown_fields)]`; lists have the fields of
/// [`PageQuery`](super::PageQuery).
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
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

/// Whether `query` gives `name` more than once. A bad item of a list is called `/name/1`, which is
/// no name.
fn repeats(query: &str, name: &str) -> bool {
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    pairs.iter().filter(|(key, _)| key == name).count() > 1
}
