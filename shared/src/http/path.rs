//! Path parameters. A malformed id gets the 404 of an id that the organization does not have. It
//! depends on the path alone, so it tells a stranger nothing of the organization (U5).

use axum::{
    extract::{
        FromRequestParts, Path as AxumPath,
        path::{ErrorKind, FailedToDeserializePathParams},
        rejection::PathRejection,
    },
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::Problem;
use crate::domain::Refusal;

/// The percent-decoded parameters of the path: one value, a tuple, or a struct, as in axum.
///
/// Rejects with the refusal of an unknown id if a parameter does not parse.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(parameters)) => Ok(Self(parameters)),
            Err(PathRejection::FailedToDeserializePathParams(malformed)) => {
                Err(unknown(&malformed).into())
            }
            Err(_) => Err(Refusal::NoSuchOrganization.into()),
        }
    }
}

/// The refusal of an unknown id in the place of a malformed one.
fn unknown(malformed: &FailedToDeserializePathParams) -> Refusal {
    let ErrorKind::DeserializeError { key, .. } = malformed.kind() else {
        return Refusal::NoSuchOrganization;
    };
    match key.as_str() {
        "alert" => Refusal::NoSuchCriticalAlertUser,
        "domain" => Refusal::NoSuchDomain,
        "evt" => Refusal::NoSuchEvent,
        "inv" => Refusal::NoSuchInvitation,
        "member" => Refusal::NoSuchMember,
        "person" => Refusal::NoSuchPerson,
        "req" => Refusal::NoSuchJoinRequest,
        "role" => Refusal::NoSuchRole,
        _ => Refusal::NoSuchOrganization,
    }
}
