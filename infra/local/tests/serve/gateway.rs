//! Tokens, request context, limits and open paths.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use local::{args::Args, server::Server};
use serde_json::json;
use shared::http::TokenClaims;
use tokio::task::spawn_blocking;

use super::{args, get_with, send, start_server, stub, token};

#[tokio::test]
async fn claims_of_the_token_are_in_the_request_context() {
    let url = start_server(&args()).await;
    let request = json!({
        "email": "Ada@example.com", "name": "Ada", "scope": "operator decisions",
        "amr": ["pwd", "otp"], "auth_time": 1_795_262_400,
    });
    let response = get_with(&url, "/echo/a%7Cb", &token(&url, request).await).await;
    assert_eq!(response.status, 200);
    let context = response.body;
    let claims = &context["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["iss"], json!(url));
    assert_eq!(claims["aud"], "rolecall");
    assert_eq!(claims["sub"], "local|ada@example.com");
    assert_eq!(claims["email"], "Ada@example.com");
    assert_eq!(claims["email_verified"], "true");
    assert_eq!(claims["amr"], "[pwd otp]");
    assert_eq!(claims["auth_time"], "1795262400");
    assert_eq!(context["authorizer"]["jwt"]["scopes"], json!(["operator", "decisions"]));
    assert_eq!(context["routeKey"], "GET /echo/{name}");
    assert_eq!(context["http"]["path"], "/echo/a%7Cb");
    assert_eq!(context["http"]["protocol"], "HTTP/1.1");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert!(context["timeEpoch"].as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(context["requestId"].as_str().unwrap().len(), 26);
}

/// The built-in issuer writes what the functions read, and no name of a claim replaces the token's own claims.
#[tokio::test]
async fn built_in_issuer_uses_the_names_of_claims_of_the_server() {
    let claims = TokenClaims {
        email: "https://portal.example/email",
        scope: "permissions",
        name: "sub",
        ..TokenClaims::default()
    };
    let url = start_server(&Args { claims, ..args() }).await;
    let request = json!({ "email": "ada@example.com", "name": "Ada", "scope": "operator" });
    let context = get_with(&url, "/echo/x", &token(&url, request).await).await.body;
    let claims = &context["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["https://portal.example/email"], "ada@example.com");
    assert_eq!(claims["permissions"], "operator");
    assert_eq!(claims["sub"], "local|ada@example.com");
    assert_eq!((claims.get("email"), claims.get("scope")), (None, None));
}

#[tokio::test]
async fn token_needs_one_of_the_audiences() {
    let issuer = start_server(&args()).await;
    let token = token(&issuer, json!({ "email": "ada@example.com" })).await;
    for (audiences, status) in
        [(vec!["other", "rolecall"], 200), (vec!["other"], 401), (vec!["rolecall,other"], 401)]
    {
        let audiences = audiences.into_iter().map(str::to_owned).collect();
        let server = Args { issuer: Some(issuer.clone()), audiences, ..args() };
        let url = start_server(&server).await;
        assert_eq!(get_with(&url, "/echo/x", &token).await.status, status);
    }
}

#[tokio::test]
async fn missing_token_is_answered_with_a_problem() {
    let url = start_server(&args()).await;
    let id = [("x-request-id", "mine")];
    let response = send("GET", format!("{url}/echo/x"), &id, "").await;
    assert_eq!(response.status, 401);
    let headers = response.headers;
    assert!(headers.contains(r#""www-authenticate": "Bearer""#), "{headers}");
    assert!(headers.contains("application/problem+json"), "{headers}");
    assert!(headers.contains(r#""x-request-id": "mine""#), "{headers}");
    assert!(headers.contains("\"apigw-requestid\": \""), "{headers}");
    assert_eq!(
        response.body,
        json!({
            "type": "/problems/unauthenticated", "title": "Authentication required", "status": 401,
            "detail": "Send `Authorization: Bearer <token>`, once.", "instance": "mine",
        })
    );
}

/// The functions have the same rule.
/// A client would otherwise send its next request into a connection that the server closes.
#[tokio::test]
async fn refused_request_with_a_body_closes_its_connection() {
    let url = start_server(&args()).await;
    let refused = send("POST", format!("{url}/echo/x"), &[], "{}").await;
    assert_eq!(refused.status, 401);
    assert!(refused.headers.contains(r#""connection": "close""#), "{}", refused.headers);
    let refused = send("GET", format!("{url}/echo/x"), &[], "").await;
    assert!(!refused.headers.contains("connection"), "{}", refused.headers);
}

#[tokio::test]
async fn gateway_echoes_a_request_id_of_up_to_256_printable_characters() {
    let url = start_server(&args()).await;
    let (longest, too_long) = ("i d ".repeat(63) + "last", "i".repeat(257));
    let huge = "i".repeat(60_000);
    for (method, path, status) in [("GET", "/echo/x", 401), ("GET", "/local/jwks.json", 200)] {
        for (sent, is_echoed) in [(&longest, true), (&too_long, false), (&huge, false)] {
            let id = [("x-request-id", sent.as_str())];
            let response = send(method, format!("{url}{path}"), &id, "").await;
            assert_eq!(response.status, status);
            assert_eq!(response.headers.contains(sent), is_echoed, "{}", response.headers);
            assert!(response.headers.len() < 1_000, "{}", response.headers);
            if status == 401 {
                assert_eq!(
                    response.body["instance"] == json!(sent),
                    is_echoed,
                    "{}",
                    response.body
                );
            }
        }
    }
}

/// A client that stops in the head or in the body of a request keeps its connection for 15 seconds only.
#[tokio::test]
async fn half_sent_request_times_out() {
    const HALF_SENT: [(&str, &str); 4] = [
        ("", ""),
        ("GET / HT", ""),
        ("GET / HTTP/1.1\r\nhost: x\r\n", ""),
        ("POST /local/token HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{", "HTTP/1.1 400 "),
    ];
    let url = start_server(&args()).await;
    let address = url.strip_prefix("http://").unwrap().to_owned();
    let clients = (0..40).map(|n| {
        let (address, (sent, answered)) = (address.clone(), HALF_SENT[n % HALF_SENT.len()]);
        spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
            stream.write_all(sent.as_bytes()).unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).unwrap();
            assert!(response.starts_with(answered), "{sent:?}: {response}");
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    assert_eq!(get_with(&url, "/", "").await.status, 200);
}

#[tokio::test]
async fn invalid_or_repeated_token_is_refused() {
    let url = start_server(&args()).await;
    let good = token(&url, json!({ "email": "ada@example.com" })).await;
    let expired = token(&url, json!({ "email": "ada@example.com", "expires_in": -1 })).await;
    let other_url = start_server(&args()).await;
    let other = token(&other_url, json!({ "email": "ada@example.com" })).await;
    let truncated = good.get(..good.len() - 4).unwrap();
    for bad in [truncated, &expired, &other, ""] {
        let response = get_with(&url, "/echo/x", bad).await;
        assert_eq!(response.status, 401);
        assert!(response.headers.contains("invalid_token"), "{}", response.headers);
        assert!(response.body["detail"].as_str().unwrap().starts_with("Get a new token: "));
    }

    let bearer = format!("Bearer {good}");
    let twice = [("authorization", bearer.as_str()), ("authorization", &bearer)];
    assert_eq!(send("GET", format!("{url}/echo/x"), &twice, "").await.status, 401);
}

#[tokio::test]
async fn openapi_document_and_page_need_no_token() {
    let url = start_server(&args()).await;
    let get = async |path: &str| send("GET", format!("{url}{path}"), &[], "").await;
    let document = get("/openapi.yaml").await;
    assert_eq!(document.status, 200);
    assert!(document.headers.contains("application/yaml"), "{}", document.headers);
    assert!(document.body.as_str().unwrap().contains("\nopenapi: 3.1.0\n"));
    let page = get("/docs").await;
    assert_eq!(page.status, 200);
    let html = page.body.as_str().unwrap();
    for asset in [
        "/docs/assets/swagger-ui.css",
        "/docs/assets/swagger-ui-bundle.js",
        "/docs/page.css",
        "/docs/page.js",
    ] {
        assert!(html.contains(asset), "{html}");
        assert_eq!(get(asset).await.status, 200);
    }
    for other in ["/docs/", "/docs?theme=dark"] {
        let same = get(other).await;
        assert_eq!((same.status, same.body), (200, page.body.clone()), "{other}");
    }
    for path in ["/docs2", "/openapi.yaml/x", "/v1"] {
        assert_eq!(get(path).await.status, 401, "{path}");
    }
}

/// The console needs no token: it is a page at every path that it shows, its files, and its configuration.
#[tokio::test]
async fn console_is_served_with_its_configuration_and_a_strict_policy() {
    let url = start_server(&args()).await;
    let get = async |path: &str| send("GET", format!("{url}{path}"), &[], "").await;
    let page = get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.headers.contains("script-src 'self'; style-src 'self'"), "{}", page.headers);
    for screen in ["/organizations/org_1/users?status=active", "/operator", "/signed-in?code=1"] {
        let same = get(screen).await;
        assert_eq!((same.status, same.body), (200, page.body.clone()), "{screen}");
    }
    for file in ["/app/main.js", "/vendor/ui.js", "/style.css", "/icon.svg"] {
        assert_eq!(get(file).await.status, 200, "{file}");
    }
    let configuration = get("/config.json").await.body;
    let expected = json!({ "api": "", "product": "Rolecall", "logo": null, "sign_in": "local" });
    assert_eq!(configuration, expected);
    for path in ["/app/other.js", "/organization", "/operators"] {
        assert_eq!(get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn console_file_that_the_browser_has_is_not_sent_again() {
    let url = start_server(&args()).await;
    for path in ["/", "/app/main.js", "/config.json", "/favicon.ico"] {
        let file = send("GET", format!("{url}{path}"), &[], "").await;
        assert_eq!(file.status, 200, "{path}");
        let (_, tag) = file.headers.split_once("W/\\\"").unwrap();
        let (tag, _) = tag.split_once("\\\"").unwrap();
        let known = format!("\"other\", W/\"{tag}\"");
        let again = send("GET", format!("{url}{path}"), &[("If-None-Match", &known)], "").await;
        assert_eq!((again.status, again.body), (304, json!("")), "{path} {known}");
    }
}

#[tokio::test]
async fn browser_that_opens_an_unknown_path_gets_the_console_with_404() {
    let url = start_server(&args()).await;
    let html = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let get = async |path: &str| send("GET", format!("{url}{path}"), &[html], "").await;
    let page = get("/").await;
    let unknown = get("/organisations").await;
    assert_eq!((unknown.status, unknown.body), (404, page.body));
    assert!(unknown.headers.contains("script-src 'self'"), "{}", unknown.headers);
    for path in ["/v1", "/v1/me", "/v1/other", "/echo/x"] {
        assert_eq!(get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn panic_is_answered_with_500_and_ends_no_other_request() {
    let url = start_server(&args()).await;
    let token = token(&url, json!({ "email": "ada@example.com" })).await;
    let response = get_with(&url, "/panic", &token).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.body["type"], "/problems/internal");
    assert_eq!(get_with(&url, "/echo/x", &token).await.status, 200);
}

#[tokio::test]
async fn body_over_10_mb_is_refused_before_it_is_sent() {
    let url = start_server(&args()).await;
    let token = token(&url, json!({ "email": "ada@example.com" })).await;
    let response = spawn_blocking(move || {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let head = format!(
            "POST /echo/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 10000001\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    });
    let response = response.await.unwrap();
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    assert!(response.contains("/problems/body-too-large"), "{response}");
}

#[tokio::test]
async fn invalid_token_request_is_refused() {
    let url = format!("{}/local/token", start_server(&args()).await);
    for (body, status) in [
        (r#"{"email": "ada@example.com", "admin": true}"#, 422),
        (r#"{"email": "ada@example.com", "email_verified": "yes"}"#, 422),
        ("{}", 422),
        ("email=ada", 400),
        ("", 400),
    ] {
        let response = send("POST", url.clone(), &[], body).await;
        assert_eq!(response.status, status, "{body}");
        assert!(response.headers.contains("application/problem+json"), "{}", response.headers);
    }
}

/// A service has no address (MACH1).
#[tokio::test]
async fn token_of_a_service_has_no_address() {
    let url = start_server(&args()).await;
    let token = token(&url, json!({ "sub": "svc|a" })).await;
    let context = get_with(&url, "/echo/x", &token).await.body;
    let claims = &context["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["sub"], "svc|a");
    assert_eq!([claims.get("email"), claims.get("email_verified")], [None, None]);
}

#[tokio::test]
async fn tokens_of_another_issuer_are_verified_with_its_published_keys() {
    let issuer = start_server(&args()).await;
    let url = start_server(&Args { issuer: Some(issuer.clone()), ..args() }).await;
    let token = token(&issuer, json!({ "email": "ada@example.com" })).await;
    assert_eq!(get_with(&url, "/echo/x", &token).await.status, 200);
    let built_in = get_with(&url, "/local/jwks.json", "").await;
    assert_eq!(built_in.status, 404);

    let unreachable = Args { issuer: Some("http://127.0.0.1:1".to_owned()), ..args() };
    let error = Server::open(&unreachable, stub).await.unwrap_err().to_string();
    assert!(error.contains("http://127.0.0.1:1"), "{error}");
}
