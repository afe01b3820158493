//! The local server over HTTP and as a process.
#![cfg(test)]

use std::{fs, future::pending, net::SocketAddr, path::PathBuf};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use axum::{Router, extract::Request, routing::get};
use lambda_http::{RequestExt, request::RequestContext};
use local::{TABLE, args::Args, server::Server};
use serde_json::Value;
use tokio::task::spawn_blocking;

mod gateway;
mod mail;
mod process;
mod table;

/// Stands in for the functions: one route returns its request context, the other panics.
fn stub(_: Client) -> Router {
    Router::new().route("/echo/{name}", get(echo).post(echo)).route("/panic", get(panicking))
}

async fn echo(request: Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => serde_json::to_string(context).unwrap(),
        _ => String::new(),
    }
}

async fn panicking() {
    panic!("a test expects this panic");
}

/// Options for a server in memory on a free port.
fn args() -> Args {
    Args { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data: None, ..Args::default() }
}

/// The path of a directory that does not exist yet.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&directory).ok();
    directory
}

/// Runs a server with the stub functions, and returns its URL.
async fn start_server(args: &Args) -> String {
    let server = Server::open(args, stub).await.unwrap();
    let url = server.url.clone();
    tokio::spawn(server.run(pending()));
    url
}

/// A response: the headers as one text, the body as JSON or, if it is none, as a string.
struct Response {
    status: u16,
    headers: String,
    body: Value,
}

async fn send(
    method: &str,
    url: String,
    headers: &[(&str, &str)],
    body: impl Into<String>,
) -> Response {
    let mut builder = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(body.into()).unwrap();
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let agent = ureq::Agent::from(config);
    spawn_blocking(move || {
        let mut response = agent.run(request).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        Response {
            status: response.status().as_u16(),
            headers: format!("{:?}", response.headers()),
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    })
    .await
    .unwrap()
}

/// A token of the issuer of the server at `url`.
async fn token(url: &str, request: Value) -> String {
    let response = send("POST", format!("{url}/local/token"), &[], request.to_string()).await;
    assert_eq!(response.status, 200, "{}", response.body);
    response.body["access_token"].as_str().unwrap().to_owned()
}

/// Sends a GET request with a token.
async fn get_with(url: &str, path: &str, token: &str) -> Response {
    let bearer = format!("Bearer {token}");
    send("GET", format!("{url}{path}"), &[("authorization", &bearer)], "").await
}

/// Puts an item with this `pk`.
async fn put_item(client: &Client, pk: &str) {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let put = client.put_item().table_name(TABLE).item("pk", key(pk)).item("sk", key("-"));
    put.send().await.unwrap();
}

/// Whether the table has an item with this `pk`.
async fn has_item(client: &Client, pk: &str) -> bool {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let get = client.get_item().table_name(TABLE).key("pk", key(pk)).key("sk", key("-"));
    get.send().await.unwrap().item.is_some()
}
