//! The events of API Gateway, made safe for `lambda_http`.

use axum::http::header::HOST;
use lambda_http::{LambdaEvent, request::LambdaRequest};

/// Removes from an event everything that makes `lambda_http` panic when it builds a URL: an invalid
/// `Host`, and characters that a URL must encode. API Gateway decodes paths.
///
/// The host is always removed, so that no link can be built from a forged one.
pub(super) fn sanitize(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove(HOST);
        request.request_context.domain_name = None;
        let path = percent_encode(request.raw_path.as_deref().unwrap_or_default(), "");
        request.raw_path = Some(if path.starts_with('/') { path } else { format!("/{path}") });
        request.raw_query_string =
            request.raw_query_string.take().map(|query| percent_encode(&query, "?"));
    }
    event
}

/// Percent-encodes every byte that a path must not contain. It keeps `%`, because it introduces an
/// encoded byte, and the bytes of `keep`.
fn percent_encode(text: &str, keep: &str) -> String {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"%-._~!$&'()*+,;=:@/".contains(&byte);
    let encode = |byte: u8| {
        if is_allowed(byte) || keep.as_bytes().contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::Body,
        extract::OriginalUri,
        http::{Uri, header::LOCATION},
        routing::get,
    };
    use lambda_http::{Context, tower::ServiceExt};
    use serde_json::json;

    use super::*;
    use crate::http::serve_below;

    async fn uri_of(host: &str, path: &str, query: &str) -> String {
        let event: LambdaRequest = serde_json::from_value(json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": { "host": host, "x-forwarded-proto": "https" },
            "requestContext": {
                "stage": "$default",
                "domainName": "also bad",
                "http": { "method": "GET", "path": path },
            },
        }))
        .unwrap();
        let request = lambda_http::Request::from(
            sanitize(LambdaEvent::new(event, Context::default())).payload,
        );
        let echo = get(async |OriginalUri(uri): OriginalUri| uri.to_string());
        let answer = Router::new().fallback(echo).oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 4096).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn host_is_removed_from_the_uri() {
        for host in ["", "a b", "evil.example:99999", "[::1", "evil.example/%2e", "ex\u{e4}mple"] {
            assert_eq!(uri_of(host, "/v1/me", "").await, "/v1/me", "{host:?}");
        }
    }

    #[tokio::test]
    async fn decoded_path_is_encoded_again() {
        let uri = uri_of("h", "/v1/members/a?b#c|d\\e \u{fc}\n\"<>[]", "").await;
        assert_eq!(uri, "/v1/members/a%3Fb%23c%7Cd%5Ce%20%C3%BC%0A%22%3C%3E%5B%5D");
        assert_eq!(uri_of("h", "@evil.example:99999", "").await, "/@evil.example:99999");
        assert_eq!(uri_of("h", "", "").await, "/");
    }

    #[tokio::test]
    async fn encoded_path_is_not_encoded_twice() {
        assert_eq!(
            uri_of("h", "/v1/members/auth0%7C1", "q=a%20b").await,
            "/v1/members/auth0%7C1?q=a%20b"
        );
    }

    #[tokio::test]
    async fn query_with_invalid_characters_is_encoded() {
        assert_eq!(
            uri_of("h", "/v1/me", "q=\"a b\"<\u{fc}#&r=?").await,
            "/v1/me?q=%22a%20b%22%3C%C3%BC%23&r=?"
        );
    }

    /// The path that the router sees, and the `Location` that the client gets, below a base path.
    async fn below(base: &str, path: &str) -> (String, String) {
        let event: LambdaRequest = serde_json::from_value(json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "limit=5",
            "headers": {},
            "requestContext": { "stage": "$default", "http": { "method": "GET", "path": path } },
        }))
        .unwrap();
        let request = lambda_http::Request::from(
            sanitize(LambdaEvent::new(event, Context::default())).payload,
        );
        let echo = get(async |uri: Uri| ([(LOCATION, uri.path().to_owned())], uri.to_string()));
        let router = serve_below(base.parse().unwrap(), Router::new().fallback(echo));
        let answer = router.oneshot(request).await.unwrap();
        let location = answer.headers()[LOCATION].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 4096).await.unwrap();
        (String::from_utf8(body.to_vec()).unwrap(), location)
    }

    #[tokio::test]
    async fn base_path_is_removed_from_the_path_and_added_to_the_location() {
        for (base, path, seen, location) in [
            ("team", "/team/v1/me", "/v1/me?limit=5", "/team/v1/me"),
            ("/a/b/", "/a/b/v1/me", "/v1/me?limit=5", "/a/b/v1/me"),
            ("team", "/team", "/?limit=5", "/team/"),
            ("team", "/team/", "/?limit=5", "/team/"),
            ("team", "/team/a?b", "/a%3Fb?limit=5", "/team/a%3Fb"),
            // Once only, and only a whole segment.
            ("team", "/team/team/v1/me", "/team/v1/me?limit=5", "/team/team/v1/me"),
            ("team", "/teams/v1/me", "/teams/v1/me?limit=5", "/teams/v1/me"),
            ("team", "/TEAM/v1/me", "/TEAM/v1/me?limit=5", "/TEAM/v1/me"),
            // At the endpoint of the API itself.
            ("team", "/v1/me", "/v1/me?limit=5", "/v1/me"),
        ] {
            let expected = (seen.to_owned(), location.to_owned());
            assert_eq!(below(base, path).await, expected, "{path} below {base}");
        }
    }
}
