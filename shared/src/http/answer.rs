//! Successful answers, in a form that the idempotency record can keep.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{ApiError, Attempt};
use crate::{
    domain::{Refusal, Version},
    store::{self, Committed, Transaction},
};

/// A successful answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl Answer {
    /// 200 with a representation.
    pub fn ok(view: &impl Serialize) -> Self {
        Self { status: 200, location: None, version: None, body: Some(json(view)) }
    }

    /// 201 with the created resource and its location.
    pub fn created(location: String, view: &impl Serialize) -> Self {
        Self { status: 201, location: Some(location), ..Self::ok(view) }
    }

    /// 202 with the progress of work that continues by itself.
    pub fn accepted(progress: &impl Serialize) -> Self {
        Self { status: 202, ..Self::ok(progress) }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { status: 204, location: None, version: None, body: None }
    }

    /// The same with the version of the resource as its `ETag`.
    pub fn with_version(self, version: Version) -> Self {
        Self { version: Some(version), ..self }
    }

    /// Commits the transaction of the request. Returns this answer; or, if the request repeats a
    /// committed one, the answer of that one.
    ///
    /// # Errors
    ///
    /// The error of the commit.
    pub async fn commit(self, writes: Transaction<'_>) -> Result<Self, ApiError> {
        let committed = writes.commit(&self).await?;
        Ok(self.or_recorded(committed)?)
    }

    /// Commits the transaction of an attempt, and returns its answer.
    ///
    /// # Errors
    ///
    /// The error of the commit. [`Refusal::ChangedConcurrently`] is a lost race.
    pub async fn attempt(self, writes: Transaction<'_>) -> Result<Attempt<Self>, ApiError> {
        match writes.commit(&self).await {
            Err(store::Error::Refused(lost @ Refusal::ChangedConcurrently)) => {
                Ok(Attempt::LostRace(lost))
            }
            committed => Ok(Attempt::Done(self.or_recorded(committed?)?)),
        }
    }

    /// This answer, if its request has just made the change; else the one of the earlier request
    /// that made it.
    ///
    /// # Errors
    ///
    /// Those of [`recorded`](Self::recorded).
    pub fn or_recorded(self, committed: Committed) -> Result<Self, store::Error> {
        match committed {
            Committed::Now => Ok(self),
            Committed::Before(answer) => Self::recorded(&answer),
        }
    }

    /// Reads an answer that the idempotency record kept.
    ///
    /// # Errors
    ///
    /// [`store::Error::Broken`] if it cannot be read.
    pub fn recorded(answer: &str) -> Result<Self, store::Error> {
        serde_json::from_str(answer).map_err(|error| store::Error::Broken(error.to_string()))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = status.into_response();
        let headers = response.headers_mut();
        if let Some(location) = self.location.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(LOCATION, location);
        }
        if let Some(tag) = self.version.and_then(|it| HeaderValue::try_from(entity_tag(it)).ok()) {
            headers.insert(ETAG, tag);
        }
        if let Some(body) = self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *response.body_mut() = Body::from(body);
        }
        response
    }
}

fn json(view: &impl Serialize) -> String {
    // INVARIANT: views are structs with string keys, which always serialize.
    serde_json::to_string(view).unwrap_or_default()
}

/// The entity tag of a version.
pub(super) fn entity_tag(version: Version) -> String {
    format!("\"{}\"", version.as_millisecond())
}
