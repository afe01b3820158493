//! Stand-ins for the two AWS services that notify calls: SES delivers into the mailbox, `EventBridge` appends to a
//! file. They check less than AWS does.

use std::{
    fmt::Write as _,
    fs::File,
    future::pending,
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

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
use notify::{Bus, Mailer, Outbox, Portal};
use serde_json::{Value, json};
use shared::store::Store;
use tokio::net::TcpListener;
use ulid::Ulid;

use crate::{
    EVENTS_FILE, connections,
    data::open_for_append,
    engine::sdk_config,
    mailbox::{Mail, Mailbox, PORTAL},
};

/// The sender of mails.
const FROM: &str = "no-reply@rolecall.example";
/// The name of the event bus.
const BUS: &str = "rolecall";

/// SES and `EventBridge` at one address.
#[derive(Debug)]
pub(crate) struct FakeAws {
    url: String,
    pub(crate) mailbox: Mailbox,
}

/// The state of the handlers.
#[derive(Clone)]
struct Sinks {
    mailbox: Mailbox,
    events: Option<Arc<Mutex<File>>>,
}

impl FakeAws {
    /// Serves both on `listener`. Mails and events are written to `directory`; without one, mails stay in memory and
    /// events are dropped.
    ///
    /// # Errors
    ///
    /// A file in `directory` cannot be opened.
    pub(crate) fn start(listener: TcpListener, directory: Option<&Path>) -> Result<Self, Error> {
        let url = format!("http://{}", listener.local_addr()?);
        let mailbox = Mailbox::open(directory)?;
        let events =
            directory.map(|directory| open_for_append(&directory.join(EVENTS_FILE))).transpose()?;
        let events = events.map(|file| Arc::new(Mutex::new(file)));
        let sinks = Sinks { mailbox: mailbox.clone(), events };
        let router = Router::new()
            .route("/v2/email/outbound-emails", post(send_email))
            .route("/", post(put_events))
            .with_state(sinks);
        tokio::spawn(connections::serve(listener, router, pending()));
        Ok(Self { url, mailbox })
    }

    /// The outbox of notify, with clients for these services. Links in mails begin with the URL `api`.
    pub(crate) fn outbox(&self, store: Store, api: &str) -> Outbox {
        let config = sdk_config(&self.url);
        let portal = Portal::of_local_server(&format!("{api}{PORTAL}"));
        let ses = aws_sdk_sesv2::Client::new(&config);
        let bus = aws_sdk_eventbridge::Client::new(&config);
        Outbox { store, bus: Bus::new(bus, BUS), mailer: Mailer::new(ses, FROM, portal) }
    }
}

/// `SendEmail` of SES (API version 2).
async fn send_email(State(sinks): State<Sinks>, body: Bytes) -> Response {
    let Ok(call) = serde_json::from_slice::<Value>(&body) else { return bad_request() };
    let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mail = Mail {
        at: now(),
        from: text("/FromEmailAddress").to_owned(),
        to: text("/Destination/ToAddresses/0").to_owned(),
        subject: text("/Content/Simple/Subject/Data").to_owned(),
        text: text("/Content/Simple/Body/Text/Data").to_owned(),
        html: text("/Content/Simple/Body/Html/Data").to_owned(),
    };
    match sinks.mailbox.deliver(mail) {
        Ok(()) => {
            json_response(&json!({ "MessageId": Ulid::from_parts(0, rand::random()).to_string() }))
        }
        Err(error) => server_error(&error),
    }
}

/// `PutEvents` of `EventBridge`.
async fn put_events(State(sinks): State<Sinks>, headers: HeaderMap, body: Bytes) -> Response {
    let call = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let entries = call.get("Entries").and_then(Value::as_array);
    let (Some("AWSEvents.PutEvents"), Some(entries)) = (target, entries) else {
        return bad_request();
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
    if let Some(file) = &sinks.events {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = file.write_all(lines.as_bytes()) {
            return server_error(&error);
        }
    }
    let results: Vec<_> = entries.iter().map(|_| json!({ "EventId": "local" })).collect();
    json_response(&json!({ "FailedEntryCount": 0, "Entries": results }))
}

fn json_response(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

fn bad_request() -> Response {
    StatusCode::BAD_REQUEST.into_response()
}

fn server_error(error: &std::io::Error) -> Response {
    eprintln!("a mail or event cannot be written: {error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[expect(clippy::disallowed_methods, reason = "stands in for SES")]
fn now() -> Timestamp {
    Timestamp::now()
}
