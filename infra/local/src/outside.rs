//! The two services that notify calls, played: SES puts mail into a mailbox, `EventBridge` writes events
//! into a file. Both take what a caller may send and nothing that they would refuse on AWS is noticed.

use std::{
    fmt::Write as _,
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use lambda_http::Error;
use notify::{Bus, Outbox, Portal, Post};
use serde_json::{Value, json};
use shared::store::Store;
use tokio::net::TcpListener;
use ulid::Ulid;

use crate::{
    EVENTS,
    mailbox::{Mail, Mailbox, PORTAL, appending},
};

/// Who mail is from.
const FROM: &str = "no-reply@rolecall.example";
/// What the bus is called.
const BUS: &str = "rolecall";

/// SES and `EventBridge`, at an address of their own.
#[derive(Debug)]
pub(crate) struct Outside {
    url: String,
    pub(crate) mailbox: Mailbox,
}

#[derive(Clone)]
struct Played {
    mailbox: Mailbox,
    events: Option<Arc<Mutex<File>>>,
}

impl Outside {
    /// Plays them on `listener`, with what they keep in `directory`, or else in memory.
    pub(crate) fn start(listener: TcpListener, directory: Option<&Path>) -> Result<Self, Error> {
        let url = format!("http://{}", listener.local_addr()?);
        let mailbox = Mailbox::open(directory)?;
        let events = directory.map(|directory| appending(&directory.join(EVENTS))).transpose()?;
        let events = events.map(|file| Arc::new(Mutex::new(file)));
        let played = Played { mailbox: mailbox.clone(), events };
        let router = Router::new()
            .route("/v2/email/outbound-emails", post(send_email))
            .route("/", post(put_events))
            .with_state(played);
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { url, mailbox })
    }

    /// What notify reaches here. `api` is where links lead to.
    pub(crate) fn outbox(&self, store: Store, api: &str) -> Result<Outbox, Error> {
        let credentials = || Credentials::new("local", "local", None, None, "local");
        let http = || aws_smithy_http_client::Builder::new().build_http();
        let region = || Region::from_static("eu-central-1");
        let ses = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .endpoint_url(&self.url)
            .http_client(http())
            .region(region());
        let bus = aws_sdk_eventbridge::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials())
            .endpoint_url(&self.url)
            .http_client(http())
            .region(region());
        let portal = Portal::parse(&format!("{api}{PORTAL}"))?;
        let ses = aws_sdk_sesv2::Client::from_conf(ses.build());
        let bus = aws_sdk_eventbridge::Client::from_conf(bus.build());
        Ok(Outbox { store, bus: Bus::new(bus, BUS), post: Post::new(ses, FROM, portal) })
    }
}

/// `SendEmail` of SES, version 2.
async fn send_email(State(played): State<Played>, body: Bytes) -> Response {
    let Ok(asked) = serde_json::from_slice::<Value>(&body) else { return refused() };
    let text = |pointer: &str| asked.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mail = Mail {
        at: now(),
        from: text("/FromEmailAddress").to_owned(),
        to: text("/Destination/ToAddresses/0").to_owned(),
        subject: text("/Content/Simple/Subject/Data").to_owned(),
        text: text("/Content/Simple/Body/Text/Data").to_owned(),
        html: text("/Content/Simple/Body/Html/Data").to_owned(),
    };
    match played.mailbox.take(mail) {
        Ok(()) => told(&json!({ "MessageId": Ulid::from_parts(0, rand::random()).to_string() })),
        Err(error) => failed(&error),
    }
}

/// `PutEvents` of `EventBridge`.
async fn put_events(State(played): State<Played>, headers: HeaderMap, body: Bytes) -> Response {
    let asked = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let entries = asked.get("Entries").and_then(Value::as_array);
    let (Some("AWSEvents.PutEvents"), Some(entries)) = (target, entries) else {
        return refused();
    };
    let mut lines = String::new();
    for entry in entries {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let line = json!({
            "source": text("Source"),
            "detail-type": text("DetailType"),
            "detail": serde_json::from_str(text("Detail")).unwrap_or(Value::Null),
        });
        let _ = writeln!(lines, "{line}");
    }
    if let Some(file) = &played.events {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(lines.as_bytes()) {
            return failed(&error);
        }
    }
    let taken: Vec<_> = entries.iter().map(|_| json!({ "EventId": "local" })).collect();
    told(&json!({ "FailedEntryCount": 0, "Entries": taken }))
}

fn told(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn refused() -> Response {
    StatusCode::BAD_REQUEST.into_response()
}

fn failed(error: &std::io::Error) -> Response {
    eprintln!("what was sent cannot be kept: {error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[expect(clippy::disallowed_methods, reason = "we are the mail service here")]
fn now() -> Timestamp {
    Timestamp::now()
}
