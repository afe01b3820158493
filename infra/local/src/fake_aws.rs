//! Stand-ins for SES and `EventBridge`: mail goes into the mailbox, events go into a file. The local server uses them in
//! process. Functions in other processes reach them by HTTP. They check less than AWS does.

use std::{
    fmt::Write as _,
    fs::File,
    future::pending,
    io::{self, Write as _},
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
use serde_json::{Value, json};
use tokio::net::TcpListener;
use ulid::Ulid;

use crate::{
    EVENTS_FILE, connections,
    data::open_for_append,
    mailbox::{Mail, Mailbox},
};

/// The mailbox and the file of events.
#[derive(Clone, Debug)]
pub(crate) struct FakeAws {
    pub(crate) mailbox: Mailbox,
    events: Option<Arc<Mutex<File>>>,
}

impl FakeAws {
    /// Mails and events are written to `directory`; without one, mails stay in memory and events are dropped.
    ///
    /// # Errors
    ///
    /// A file in `directory` cannot be opened.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, Error> {
        let events =
            directory.map(|directory| open_for_append(&directory.join(EVENTS_FILE))).transpose()?;
        let events = events.map(|file| Arc::new(Mutex::new(file)));
        Ok(Self { mailbox: Mailbox::open(directory)?, events })
    }

    /// Serves the API of both services on `listener`.
    pub(crate) fn serve(&self, listener: TcpListener) {
        let router = Router::new()
            .route("/v2/email/outbound-emails", post(send_email))
            .route("/", post(put_events))
            .with_state(self.clone());
        tokio::spawn(connections::serve(listener, router, pending()));
    }

    /// Appends events to the file, one a line.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn append(&self, events: &[LocalEvent<'_>]) -> io::Result<()> {
        let Some(file) = &self.events else { return Ok(()) };
        let mut lines = String::new();
        for LocalEvent { source, detail_type, detail } in events {
            let detail: Value = serde_json::from_str(detail).unwrap_or_default();
            let line = json!({ "source": source, "detail-type": detail_type, "detail": detail });
            let _ = writeln!(lines, "{line}");
        }
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes())
    }
}

/// An event for the file.
pub(crate) struct LocalEvent<'a> {
    pub(crate) source: &'a str,
    pub(crate) detail_type: &'a str,
    /// JSON.
    pub(crate) detail: &'a str,
}

/// `SendEmail` of SES (API version 2).
async fn send_email(State(services): State<FakeAws>, body: Bytes) -> Response {
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
    match services.mailbox.deliver(mail) {
        Ok(()) => {
            json_response(&json!({ "MessageId": Ulid::from_parts(0, rand::random()).to_string() }))
        }
        Err(error) => server_error(&error),
    }
}

/// `PutEvents` of `EventBridge`.
async fn put_events(State(services): State<FakeAws>, headers: HeaderMap, body: Bytes) -> Response {
    let call = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let entries = call.get("Entries").and_then(Value::as_array);
    let (Some("AWSEvents.PutEvents"), Some(entries)) = (target, entries) else {
        return bad_request();
    };
    let event = |entry| LocalEvent {
        source: text(entry, "Source"),
        detail_type: text(entry, "DetailType"),
        detail: text(entry, "Detail"),
    };
    let events: Vec<_> = entries.iter().map(event).collect();
    if let Err(error) = services.append(&events) {
        return server_error(&error);
    }
    let results: Vec<_> = entries.iter().map(|_| json!({ "EventId": "local" })).collect();
    json_response(&json!({ "FailedEntryCount": 0, "Entries": results }))
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
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

#[expect(clippy::disallowed_methods, reason = "stands in for AWS")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
