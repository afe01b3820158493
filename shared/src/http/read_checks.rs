//! The checks of a read that follow its handler.

use axum::{
    extract::Request,
    http::Method,
    response::{IntoResponse, Response},
};

use super::{etag::IfNoneMatch, query::UnreadQuery};

/// What a read is checked for: parameters that the handler did not read, and a version that the
/// client has. Other requests have neither.
pub(super) struct ReadChecks {
    unread_query: Option<UnreadQuery>,
    if_none_match: Option<IfNoneMatch>,
}

impl ReadChecks {
    /// The checks of a request. Every handler finds the parameters that are unread in its
    /// extensions.
    pub(super) fn of(request: &mut Request) -> Self {
        let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
        let unread_query = UnreadQuery::of(request.uri());
        let if_none_match = IfNoneMatch::of(request.headers()).filter(|_| is_read);
        if let Some(unread) = &unread_query {
            request.extensions_mut().insert(unread.clone());
        }
        Self { unread_query: unread_query.filter(|_| is_read), if_none_match }
    }

    /// The response, or what replaces it.
    pub(super) fn apply(self, mut response: Response) -> Response {
        if response.status().is_success()
            && let Some(Err(problem)) = self.unread_query.map(|unread| unread.check())
        {
            response = problem.into_response();
        }
        if let Some(tags) = self.if_none_match {
            tags.apply(&mut response);
        }
        response
    }
}
