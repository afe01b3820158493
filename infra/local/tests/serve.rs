//! The stand-in as its users meet it: over HTTP, and as a process.
#![cfg(test)]

use std::{
    fs,
    future::pending,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeValue, DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate,
        StreamViewType,
    },
};
use axum::{Router, extract::Request, routing::get};
use dynoxide::storage::Storage;
use lambda_http::{RequestExt, request::RequestContext};
use local::{
    EVENTS, TABLE,
    args::Args,
    engine::client,
    server::Server,
    table::{create_table, stream as stream_table},
};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::spawn_blocking};

/// The router of functions that do not exist: one says what it was told, the other falls over.
fn stub(_: Client) -> Router {
    Router::new().route("/echo/{name}", get(echo).post(echo)).route("/panic", get(fall_over))
}

async fn echo(request: Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => serde_json::to_string(context).unwrap(),
        _ => String::new(),
    }
}

async fn fall_over() {
    panic!("this panic is meant to happen");
}

fn args() -> Args {
    Args { listen: SocketAddr::from(([127, 0, 0, 1], 0)), data: None, ..Args::default() }
}

/// An empty directory.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&directory).ok();
    directory
}

async fn served(args: &Args) -> String {
    let server = Server::open(args, stub).await.unwrap();
    let url = server.url.clone();
    tokio::spawn(server.run(pending()));
    url
}

/// Status, headers as one text, and body.
type Answer = (u16, String, Value);

async fn send(
    method: &str,
    url: String,
    headers: &[(&str, &str)],
    body: impl Into<String>,
) -> Answer {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let agent = ureq::Agent::from(agent);
    spawn_blocking(move || {
        let mut answer = agent.run(request).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
        (answer.status().as_u16(), format!("{:?}", answer.headers()), body)
    })
    .await
    .unwrap()
}

async fn token(url: &str, wish: Value) -> String {
    let (status, _, body) = send("POST", format!("{url}/local/token"), &[], wish.to_string()).await;
    assert_eq!(status, 200, "{body}");
    body.get("access_token").unwrap().as_str().unwrap().to_owned()
}

async fn ask(url: &str, path: &str, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    send("GET", format!("{url}{path}"), &[("authorization", &bearer)], "").await
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn whoever_has_a_token_is_handed_on_as_its_claims() {
    let url = served(&args()).await;
    let wish = json!({
        "email": "Ada@example.com", "name": "Ada", "scope": "operator decisions",
        "amr": ["pwd", "otp"], "auth_time": 1_795_262_400,
    });
    let (status, _, context) = ask(&url, "/echo/a%7Cb", &token(&url, wish).await).await;
    assert_eq!(status, 200);
    let claim = |name: &str| at(&context, &format!("/authorizer/jwt/claims/{name}")).clone();
    assert_eq!(claim("iss"), json!(url));
    assert_eq!(claim("aud"), "rolecall");
    assert_eq!(claim("sub"), "local|ada@example.com");
    assert_eq!(claim("email"), "Ada@example.com");
    assert_eq!(claim("email_verified"), "true");
    assert_eq!(claim("amr"), "[pwd otp]");
    assert_eq!(claim("auth_time"), "1795262400");
    assert_eq!(*at(&context, "/authorizer/jwt/scopes"), json!(["operator", "decisions"]));
    assert_eq!(*at(&context, "/routeKey"), "GET /echo/{name}");
    assert_eq!(*at(&context, "/http/path"), "/echo/a%7Cb");
    assert_eq!(*at(&context, "/http/protocol"), "HTTP/1.1");
    assert_eq!(*at(&context, "/http/sourceIp"), "127.0.0.1");
    assert!(at(&context, "/timeEpoch").as_i64().unwrap() > 1_700_000_000_000);
    assert_eq!(at(&context, "/requestId").as_str().unwrap().len(), 26);
}

#[tokio::test]
async fn whoever_has_no_good_token_is_told_what_to_do() {
    let url = served(&args()).await;
    let echo = format!("{url}/echo/x");
    let (status, headers, problem) =
        send("GET", echo.clone(), &[("x-request-id", "mine")], "").await;
    assert_eq!(status, 401);
    assert!(headers.contains(r#""www-authenticate": "Bearer""#), "{headers}");
    assert!(headers.contains("application/problem+json"), "{headers}");
    assert!(headers.contains(r#""x-request-id": "mine""#), "{headers}");
    assert_eq!(
        problem,
        json!({
            "type": "/problems/unauthenticated", "title": "Who are you?", "status": 401,
            "detail": "Send `Authorization: Bearer <token>`, once.", "instance": "mine",
        })
    );

    let good = token(&url, json!({ "email": "ada@example.com" })).await;
    let expired = token(&url, json!({ "email": "ada@example.com", "expires_in": -1 })).await;
    let other = token(&served(&args()).await, json!({ "email": "ada@example.com" })).await;
    let cut = good.get(..good.len() - 4).unwrap();
    for bad in [cut, &expired, &other, ""] {
        let (status, headers, problem) = ask(&url, "/echo/x", bad).await;
        assert_eq!(status, 401);
        assert!(headers.contains("invalid_token"), "{headers}");
        assert!(at(&problem, "/detail").as_str().unwrap().starts_with("Get a new token: "));
    }

    let bearer = format!("Bearer {good}");
    let twice = [("authorization", bearer.as_str()), ("authorization", &bearer)];
    assert_eq!(send("GET", echo, &twice, "").await.0, 401);
}

#[tokio::test]
async fn the_contract_can_be_read_without_a_token() {
    let url = served(&args()).await;
    let get = async |path: &str| send("GET", format!("{url}{path}"), &[], "").await;
    let (status, headers, document) = get("/openapi.yaml").await;
    assert_eq!(status, 200);
    assert!(headers.contains("application/yaml"), "{headers}");
    assert!(document.as_str().unwrap().contains("\nopenapi: 3.1.0\n"));
    let (status, _, page) = get("/docs").await;
    assert_eq!(status, 200);
    assert!(page.as_str().unwrap().contains("/openapi.yaml"), "{page}");
    for part in ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"] {
        assert!(page.as_str().unwrap().contains(part), "{page}");
        assert_eq!(get(part).await.0, 200);
    }
    // Nothing beside it is open.
    for path in ["/docs2", "/openapi.yaml/x", "/"] {
        assert_eq!(get(path).await.0, 401, "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_answered_and_nobody_else_notices() {
    let url = served(&args()).await;
    let token = token(&url, json!({ "email": "ada@example.com" })).await;
    let (status, _, problem) = ask(&url, "/panic", &token).await;
    assert_eq!((status, at(&problem, "/type")), (500, &json!("/problems/internal")));
    assert_eq!(ask(&url, "/echo/x", &token).await.0, 200);
}

#[tokio::test]
async fn more_than_ten_megabytes_are_refused_before_they_are_sent() {
    let url = served(&args()).await;
    let token = token(&url, json!({ "email": "ada@example.com" })).await;
    let answer = spawn_blocking(move || {
        let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let head = format!(
            "POST /echo/x HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 10000001\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("/problems/body-too-large"), "{answer}");
}

#[tokio::test]
async fn a_wish_that_is_not_understood_is_not_granted() {
    let url = format!("{}/local/token", served(&args()).await);
    for (wish, expected) in [
        (r#"{"email": "ada@example.com", "admin": true}"#, 422),
        (r#"{"email": "ada@example.com", "email_verified": "yes"}"#, 422),
        ("{}", 422),
        ("email=ada", 400),
        ("", 400),
    ] {
        let (status, headers, _) = send("POST", url.clone(), &[], wish).await;
        assert_eq!(status, expected, "{wish}");
        assert!(headers.contains("application/problem+json"), "{headers}");
    }
}

#[tokio::test]
async fn another_issuers_tokens_are_checked_with_the_keys_it_publishes() {
    let issuer = served(&args()).await;
    let url = served(&Args { issuer: Some(issuer.clone()), ..args() }).await;
    let token = token(&issuer, json!({ "email": "ada@example.com" })).await;
    assert_eq!(ask(&url, "/echo/x", &token).await.0, 200);
    assert_eq!(ask(&url, "/local/jwks.json", "").await.0, 404);

    let nobody = Args { issuer: Some("http://127.0.0.1:1".to_owned()), ..args() };
    let error = Server::open(&nobody, stub).await.unwrap_err().to_string();
    assert!(error.contains("http://127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn the_table_is_created_once_with_its_indexes_and_expiry() {
    let server = Server::open(&args(), stub).await.unwrap();
    let client = server.engine.client();
    create_table(&client, TABLE).await.unwrap();
    let table = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let indexes = table.global_secondary_indexes.unwrap_or_default();
    let mut indexes: Vec<_> = indexes.into_iter().filter_map(|index| index.index_name).collect();
    indexes.sort();
    let all = ["due", "group", "group_prefix", "group_since", "identity", "tree", "tree_prefix"];
    let all: Vec<_> =
        shared::store::keys::BRANCHES.into_iter().chain(all).chain(["tree_since"]).collect();
    assert_eq!(indexes, all);
    let stream = table.stream_specification.and_then(|stream| stream.stream_view_type);
    assert_eq!(stream, Some(StreamViewType::NewImage));
    stream_table(&client, TABLE).await.unwrap();
    let ttl = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let ttl = ttl.time_to_live_description.and_then(|ttl| ttl.attribute_name);
    assert_eq!(ttl.as_deref(), Some("ttl"));
}

#[tokio::test]
async fn a_server_told_to_stop_lets_go_of_everything() {
    let data = directory("stop");
    let args = Args { data: Some(data.clone()), ..args() };
    let server = Server::open(&args, stub).await.unwrap();
    let (url, client) = (server.url.clone(), server.engine.client());
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    put(&client, "kept").await;
    let before = ask(&url, "/local/jwks.json", "").await;
    drop(stop);
    running.await.unwrap().unwrap();
    let log = data.join("table.sqlite-wal"); // Gone once the file is closed.
    while log.exists() {
        tokio::task::yield_now().await;
    }

    let listen = url.strip_prefix("http://").unwrap().parse().unwrap();
    let server = Server::open(&Args { listen, ..args }, stub).await.unwrap();
    assert!(has(&server.engine.client(), "kept").await);
    tokio::spawn(server.run(pending()));
    assert_eq!(ask(&url, "/local/jwks.json", "").await.2, before.2);
}

/// The engine's own statement, as of the version that is pinned: another one may ask otherwise.
#[tokio::test]
async fn no_write_looks_through_all_that_the_stream_has_shown() {
    let data = directory("stream");
    let server = Server::open(&Args { data: Some(data.clone()), ..args() }, stub).await.unwrap();
    server.run(async {}).await.unwrap();
    let engine = Storage::new(data.join("table.sqlite").to_str().unwrap()).unwrap();
    let last = "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                FROM _stream_records WHERE table_name = 'rolecall'";
    let plan: String = engine.conn().query_row(last, [], |row| row.get(3)).unwrap();
    assert!(plan.contains("SEARCH") && plan.contains("INDEX stream_order"), "{plan}");
}

#[tokio::test]
async fn a_table_of_an_earlier_version_is_refused_before_a_request_fails() {
    let data = directory("earlier");
    let args = Args { data: Some(data.clone()), ..args() };
    let server = Server::open(&args, stub).await.unwrap();
    let lesser = DeleteGlobalSecondaryIndexAction::builder().index_name("group_prefix").build();
    let lesser = GlobalSecondaryIndexUpdate::builder().delete(lesser.unwrap()).build();
    let client = server.engine.client();
    let update = client.update_table().table_name(TABLE).global_secondary_index_updates(lesser);
    update.send().await.unwrap();
    server.run(async {}).await.unwrap();
    let error = Server::open(&args, stub).await.unwrap_err().to_string();
    assert!(error.contains("move it away") && error.contains("earlier"), "{error}");
}

async fn put(client: &Client, pk: &str) {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let put = client.put_item().table_name(TABLE).item("pk", key(pk)).item("sk", key("-"));
    put.send().await.unwrap();
}

async fn has(client: &Client, pk: &str) -> bool {
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let get = client.get_item().table_name(TABLE).key("pk", key(pk)).key("sk", key("-"));
    get.send().await.unwrap().item.is_some()
}

fn rolecall(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A running server, which does not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok(); // SIGKILL
        self.0.wait().ok();
    }
}

/// Starts it, and reads where API and engine are.
fn started(args: &[&str]) -> (Process, String, String) {
    let mut child = Process(rolecall(args).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut url = |name: &str| {
        let line = lines.find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let urls = (url("API"), url("engine"));
    lines.find(|line| line.contains("/v1/me"));
    (child, urls.0, urls.1)
}

fn ended(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = rolecall(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn what_was_acknowledged_survives_the_process_being_killed() {
    let data = directory("killed");
    let data = data.to_str().unwrap();
    let (child, url, engine) = started(&["--listen", "127.0.0.1:0", "--data", data]);
    let token = token(&url, json!({ "email": "ada@example.com" })).await;
    for number in 0..20 {
        put(&client(&engine), &number.to_string()).await;
    }
    drop(child);

    let listen = url.strip_prefix("http://").unwrap();
    let (mut child, url, engine) = started(&["--listen", listen, "--data", data]);
    for number in 0..20 {
        assert!(has(&client(&engine), &number.to_string()).await, "{number} is lost");
    }
    // The token is still good: the path, not the caller, is unknown.
    assert_eq!(ask(&url, "/no/such/path", &token).await.0, 404);
    let (code, message) = ended(&["--listen", listen, "--memory"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("is in use"), "{message}");

    let terminated = Command::new("kill").arg(child.0.id().to_string()).status().unwrap();
    assert!(terminated.success());
    assert!(child.0.wait().unwrap().success());
}

/// The mails to an address, the newest first, once there are so many of them.
async fn mails(url: &str, to: &str, at_least: usize) -> Vec<Value> {
    let json = [("accept", "application/json")];
    for _ in 0..100 {
        let list = send("GET", format!("{url}/local/mailbox?to={to}"), &json, "").await.2;
        let mails = at(&list, "/items").as_array().unwrap().clone();
        if mails.len() >= at_least {
            return mails;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no mail for {to}");
}

async fn post(url: &str, path: &str, email: &str, body: Value) -> Value {
    let bearer = format!("Bearer {}", token(url, json!({ "email": email })).await);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let (status, _, answer) =
        send("POST", format!("{url}{path}"), &headers, body.to_string()).await;
    assert!((200..300).contains(&status), "{status} {answer}");
    answer
}

/// Ada founds Acme and invites Bob; answers the path of the organization.
async fn invited(url: &str) -> String {
    let name = json!({ "name": "Acme" });
    let acme = post(url, "/v1/organizations", "ada@example.com", name).await;
    let acme = format!("/v1/organizations/{}", at(&acme, "/id").as_str().unwrap());
    let offer = json!({ "email": "bob@example.com", "role_id": "user" });
    post(url, &format!("{acme}/invitations"), "ada@example.com", offer).await;
    acme
}

/// Invite, read the mail, follow its link, accept.
#[tokio::test]
async fn an_invitee_finds_the_mail_and_follows_its_link() {
    let server = Server::open(&args(), local::router).await.unwrap();
    let url = server.url.clone();
    tokio::spawn(server.run(pending()));
    invited(&url).await;
    let mail = mails(&url, "Bob@example.com", 1).await.remove(0);
    assert_eq!(at(&mail, "/subject"), "You are invited to Acme");
    let text = at(&mail, "/text").as_str().unwrap();
    let link = text.lines().find(|line| line.starts_with("http")).unwrap();
    let path = link.strip_prefix(&format!("{url}/local/portal")).unwrap();
    let (status, _, page) = send("GET", link.to_owned(), &[], "").await;
    assert!(status == 200 && page.as_str().unwrap().contains("/accept"), "{page}");
    let accept = format!("/v1{path}/accept");
    let member = post(&url, &accept, "bob@example.com", json!({})).await;
    assert_eq!(at(&member, "/role_id"), "user");

    let (status, headers, list) = send("GET", format!("{url}/local/mailbox"), &[], "").await;
    assert!(status == 200 && headers.contains("text/html"), "{headers}");
    assert!(list.as_str().unwrap().contains("/local/mailbox/0"), "{list}");
    let mail = send("GET", format!("{url}/local/mailbox/0"), &[], "").await.2;
    assert!(mail.as_str().unwrap().contains("<iframe sandbox="), "{mail}");
    for (path, expected) in [("/7", 404), ("?from=ada", 400), ("es", 401)] {
        let answer = send("GET", format!("{url}/local/mailbox{path}"), &[], "").await;
        assert_eq!(answer.0, expected, "{path}");
    }
}

/// What was committed is told, whenever the process is killed; and mail that was sent is not sent
/// again.
#[tokio::test]
async fn mail_survives_the_process_being_killed() {
    let data = directory("mail");
    let (mut acme, mut url) = (String::new(), String::from("http://127.0.0.1:0"));
    for round in 0..4 {
        let listen = url.strip_prefix("http://").unwrap().to_owned();
        let (child, now, _) = started(&["--listen", &listen, "--data", data.to_str().unwrap()]);
        url = now;
        if round == 0 {
            acme = invited(&url).await;
        } else {
            let offer = json!({ "email": format!("cy{round}@example.com"), "role_id": "user" });
            post(&url, &format!("{acme}/invitations"), "ada@example.com", offer).await;
        }
        // At once, or when the stream was just looked at.
        tokio::time::sleep(Duration::from_millis(70 * round)).await;
        drop(child);
    }
    let listen = url.strip_prefix("http://").unwrap();
    let (mut child, url, _) = started(&["--listen", listen, "--data", data.to_str().unwrap()]);
    for invitee in ["bob", "cy1", "cy2", "cy3"] {
        // One that was sent and not marked when the process was killed comes twice, and no more.
        let mails = mails(&url, &format!("{invitee}@example.com"), 1).await;
        assert!(mails.len() <= 2, "{mails:?}");
    }
    // A stop tells what is left before it ends.
    let offer = json!({ "email": "dee@example.com", "role_id": "user" });
    post(&url, &format!("{acme}/invitations"), "ada@example.com", offer).await;
    Command::new("kill").arg(child.0.id().to_string()).status().unwrap();
    assert!(child.0.wait().unwrap().success());
    let kept = fs::read_to_string(data.join("mailbox.jsonl")).unwrap();
    assert!(kept.contains(r#""to":"dee@example.com""#), "{kept}");
    let events = fs::read_to_string(data.join(EVENTS)).unwrap();
    let told = |action: &str| events.lines().filter(|line| line.contains(action)).count();
    assert!(told(r#""detail-type":"organization.created""#) >= 1, "{events}");
    assert!(told(r#""detail-type":"invitation.created""#) >= 5, "{events}");
}

#[test]
fn an_unknown_argument_is_refused() {
    let (code, message) = ended(&["--port", "80"]);
    assert_eq!(code, Some(2));
    assert!(message.contains("there is no --port") && message.contains("--listen"), "{message}");
}
