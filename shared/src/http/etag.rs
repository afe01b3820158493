//! Entity tags and `If-Match` (RFC 9110, 8.8.3 and 13.1.1): nobody changes what they have not seen.
//!
//! A tag is a digest of the representation. It is a strong one: whatever a client would see change
//! changes it, also what is derived, such as how many users a role has.

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
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Problem;
use crate::{
    domain::Refusal,
    store::{Found, Reply, Shown, Store},
};

/// A resource by itself, shown with its tag.
#[derive(Clone, Copy, Debug)]
pub struct Tagged<T>(pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        Reply::ok(&self.0).tagged().into_response()
    }
}

/// The tag of a representation.
pub(super) fn tag(representation: &str) -> String {
    let digest = Sha256::digest(representation);
    let digest: Vec<u8> = digest.into_iter().take(16).collect();
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(digest))
}

/// Which state of a resource a client means to change: any, where it does not say.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<Tags>);

/// The tags in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: whichever, as long as it is there.
    Any,
    /// These, each with whether it is a weak one.
    These(Vec<(bool, String)>),
}

impl IfMatch {
    /// Does the client say? Then the representation is needed.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The store to write with. Where the client says what it has seen, that must be what `view`
    /// shows now; and the writes insist that what it shows, of the items `found`, is so still.
    pub fn hold(
        &self,
        view: &impl Serialize,
        store: &Store,
        found: &Found,
        shown: impl IntoIterator<Item = Shown>,
    ) -> Result<Store, Problem> {
        let Some(Tags::These(tags)) = &self.0 else { return Ok(store.clone()) };
        let now = Reply::ok(view).body.as_deref().map(tag);
        // A weak tag is no proof of anything (13.1.1).
        let seen = tags.iter().any(|(weak, tag)| !weak && Some(tag) == now.as_ref());
        if seen { Ok(store.insisting(found, shown)) } else { Err(Refusal::NotAsSeen.into()) }
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
            tags.push((weak.is_some(), format!("\"{tag}\"")));
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
    }
}

/// Which representation a client has already: it need not be sent again (13.1.2).
#[derive(Clone, Debug)]
pub(super) struct Known(Tags);

impl Known {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Tags::of(headers, &IF_NONE_MATCH).flatten().map(Self)
    }

    /// Says so, where the answer would have been what is known.
    pub(super) fn spare(&self, response: &mut Response) {
        let Some(tag) = response.headers().get(ETAG) else { return };
        let known = match &self.0 {
            Tags::Any => true,
            Tags::These(tags) => tags.iter().any(|(_, known)| tag == known.as_str()),
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
