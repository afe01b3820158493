//! Path parameters. A malformed id gets the same 404 as an unknown one, so that a client cannot
//! tell the two apart (U5).

use axum::{
    extract::{FromRequestParts, Path as AxumPath},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::Problem;
use crate::domain::Refusal;

/// The percent-decoded parameters of the path: one value, a tuple, or a struct, as in axum.
///
/// Rejects with [`Refusal::NoSuchOrganization`] if a parameter does not parse.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(parameters)) => Ok(Self(parameters)),
            Err(_) => Err(Refusal::NoSuchOrganization.into()),
        }
    }
}
