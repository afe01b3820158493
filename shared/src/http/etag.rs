//! Entity tags, `If-Match` and `If-None-Match` (RFC 9110, 8.8.3, 13.1.1, 13.1.2).
//!
//! The tag of a resource is the version of its item. Figures that are derived, such as the number
//! of users of a role, and names of other entities are no part of the version.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{Answer, ApiError, Problem, answer::entity_tag};
use crate::{
    domain::{Refusal, Version},
    store::{self, Transaction},
};

/// A single resource with its version as the `ETag`.
#[derive(Clone, Copy, Debug)]
pub struct WithEtag<T> {
    /// The representation.
    pub view: T,
    /// The version of the resource.
    pub version: Version,
}

impl<T: Serialize> IntoResponse for WithEtag<T> {
    fn into_response(self) -> Response {
        Answer::ok(&self.view).with_version(self.version).into_response()
    }
}

/// The `If-Match` precondition of a request (RFC 9110, 13.1.1). Without the header any version
/// matches.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<Tags>);

/// The tags in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: any existing version.
    Any,
    /// One of these versions.
    These(Vec<Tag>),
}

/// One tag of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    tag: String,
    weak: bool,
}

impl IfMatch {
    /// Refuses a change of a resource whose version the client has not seen.
    ///
    /// # Errors
    ///
    /// [`Refusal::PreconditionFailed`] if `If-Match` names other versions only. A weak tag names
    /// none (RFC 9110, 13.1.1).
    pub fn check(&self, version: Version) -> Result<(), Refusal> {
        let Some(Tags::These(tags)) = &self.0 else { return Ok(()) };
        let now = entity_tag(version);
        let seen = tags.iter().any(|seen| !seen.weak && seen.tag == now);
        if seen { Ok(()) } else { Err(Refusal::PreconditionFailed) }
    }

    /// Refuses a change of a resource without a tag if the client names one: only `*` matches.
    ///
    /// # Errors
    ///
    /// [`Refusal::PreconditionFailed`] if `If-Match` names any tag.
    pub fn check_untagged(&self) -> Result<(), Refusal> {
        match &self.0 {
            Some(Tags::These(_)) => Err(Refusal::PreconditionFailed),
            Some(Tags::Any) | None => Ok(()),
        }
    }

    /// Commits the transaction of a change, and returns its answer.
    ///
    /// # Errors
    ///
    /// Those of [`outcome`](Self::outcome).
    pub async fn commit(
        &self,
        answer: Answer,
        writes: Transaction<'_>,
    ) -> Result<Answer, ApiError> {
        let committed = self.outcome(writes.commit(&answer).await)?;
        Ok(answer.or_recorded(committed)?)
    }

    /// The outcome of the write. If the client named a version, a lost race means that the resource
    /// has another version now: 412.
    ///
    /// # Errors
    ///
    /// The error of the write.
    pub fn outcome<T>(&self, written: Result<T, store::Error>) -> Result<T, ApiError> {
        let named = matches!(self.0, Some(Tags::These(_)));
        written.map_err(|error| match error {
            store::Error::Refused(Refusal::ChangedConcurrently) if named => {
                Refusal::PreconditionFailed.into()
            }
            error => error.into(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let detail = "`If-Match` is `*`, or a list of entity tags as `ETag` gave them";
        let tags = Tags::of(&parts.headers, &IF_MATCH);
        tags.map(Self).ok_or_else(|| Problem::unreadable(detail))
    }
}

impl Tags {
    /// Reads a header: `Some(None)` where it was not sent, `None` where it cannot be read.
    #[expect(clippy::option_option, reason = "not sent and not readable are two things")]
    fn of(headers: &HeaderMap, name: &HeaderName) -> Option<Option<Self>> {
        let lines = headers.get_all(name).iter().map(HeaderValue::to_str);
        let text = lines.collect::<Result<Vec<_>, _>>().ok()?.join(",");
        if !headers.contains_key(name) {
            return Some(None);
        }
        if text.trim() == "*" {
            return Some(Some(Self::Any));
        }
        let (mut tags, mut rest) = (Vec::new(), text.as_str());
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return (!tags.is_empty()).then_some(Some(Self::These(tags)));
            }
            let weak = rest.strip_prefix("W/");
            let (tag, after) = weak.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
            if !tag.bytes().all(|byte| byte.is_ascii_graphic()) {
                return None;
            }
            tags.push(Tag { tag: format!("\"{tag}\""), weak: weak.is_some() });
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
    }
}

/// The `If-None-Match` precondition of a request (RFC 9110, 13.1.2).
#[derive(Clone, Debug)]
pub(super) struct IfNoneMatch(Tags);

impl IfNoneMatch {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Tags::of(headers, &IF_NONE_MATCH).flatten().map(Self)
    }

    /// Replaces a 200 response with 304 if the client has this version.
    pub(super) fn apply(&self, response: &mut Response) {
        let Some(tag) = response.headers().get(ETAG) else { return };
        let known = match &self.0 {
            Tags::Any => true,
            Tags::These(tags) => tags.iter().any(|known| tag == known.tag.as_str()),
        };
        if known && response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
    }
}

#[cfg(test)]
#[path = "tests/etag.rs"]
mod tests;
