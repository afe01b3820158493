//! The mailbox of the local server: it keeps every mail, shows all of them without a token, and forwards none.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{OriginalUri, Path as InPath, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use lambda_http::Error;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::data::open_for_append;

/// The path of the mailbox.
pub(crate) const MAILBOX: &str = "/local/mailbox";

/// A mail as it was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) at: Timestamp,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// The mails of all recipients, in order of arrival.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(Arc<Mutex<Mails>>);

#[derive(Debug)]
struct Mails {
    mails: Vec<Mail>,
    /// Receives each mail as a line of JSON.
    file: Option<File>,
}

/// The query of the list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListMailsQuery {
    /// Only mails to this address, compared without case.
    to: Option<String>,
}

impl Mailbox {
    /// A mailbox with the mails that `directory` has; without a directory, an empty one in memory.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, Error> {
        let file = directory.map(|directory| directory.join("mailbox.jsonl"));
        let text = file.as_deref().map(fs::read_to_string).and_then(Result::ok).unwrap_or_default();
        // A process that was killed may leave an incomplete line. SES did not acknowledge that mail.
        let mails = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let file = file.as_deref().map(open_for_append).transpose()?;
        Ok(Self(Arc::new(Mutex::new(Mails { mails, file }))))
    }

    /// Adds a mail.
    ///
    /// # Errors
    ///
    /// The file cannot be written. The mail is not added.
    pub(crate) fn deliver(&self, mail: Mail) -> io::Result<()> {
        let mut inbox = self.lock();
        if let Some(file) = &mut inbox.file {
            // The leading line break ends a line that may be incomplete.
            file.write_all(format!("\n{}\n", json!(mail)).as_bytes())?;
        }
        inbox.mails.push(mail);
        Ok(())
    }

    /// The pages of the mailbox.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route(MAILBOX, get(list))
            .route(&format!("{MAILBOX}/{{nth}}"), get(show))
            .with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Mails> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `path` belongs to the mailbox. Its paths need no token.
pub(crate) fn is_at(path: &str) -> bool {
    path.strip_prefix(MAILBOX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// All mails or those to one address, newest first, as HTML or, if the client accepts it, as JSON.
async fn list(
    State(mailbox): State<Mailbox>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let Ok(ListMailsQuery { to }) = serde_html_form::from_str(query) else {
        let hint = "the mailbox has one parameter: ?to=ada@example.com\n";
        return (StatusCode::BAD_REQUEST, hint).into_response();
    };
    let mails = mailbox.lock().mails.clone();
    let matches = |mail: &Mail| to.as_ref().is_none_or(|to| mail.to.eq_ignore_ascii_case(to));
    let found = mails.iter().enumerate().rev().filter(|(_, mail)| matches(mail));
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        let items: Vec<_> = found.map(|(_, mail)| mail).collect();
        let body = json!({ "items": items }).to_string();
        return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    let mut rows = String::new();
    for (nth, Mail { at, to, subject, .. }) in found {
        let (to, subject) = (escape(to), escape(subject));
        let link = format!("<a href=\"{MAILBOX}/{nth}\">{subject}</a>");
        let _ = writeln!(rows, "<tr><td>{at:.0}</td><td>{to}</td><td>{link}</td></tr>");
    }
    let head = "<tr><th>at</th><th>to</th><th>subject</th></tr>";
    page("Mailbox", &format!("<table cellpadding=\"6\">{head}\n{rows}</table>"))
}

/// One mail: its headers, text and HTML. The sandbox of the frame runs no scripts.
async fn show(State(mailbox): State<Mailbox>, InPath(nth): InPath<usize>) -> Response {
    let Some(mail) = mailbox.lock().mails.get(nth).cloned() else {
        return (StatusCode::NOT_FOUND, "there is no such mail\n").into_response();
    };
    let Mail { at, from, to, subject, text, html } = mail;
    let [from, to, subject, text, html] = [from, to, subject, text, html].map(|it| escape(&it));
    page(
        &subject,
        &format!(
            "<p><a href=\"{MAILBOX}\">Mailbox</a></p>\n<p>{at:.0}<br>from {from}<br>to {to}</p>\n\
             <iframe sandbox=\"allow-popups allow-top-navigation-by-user-activation\" srcdoc=\"\
             <base target=_top>{html}\" style=\"width: 100%; height: 46em\"></iframe>\n<pre>{text}</pre>"
        ),
    )
}

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <body style=\"font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto\">\
         <h1>{title}</h1>\n{body}\n"
    );
    ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}
