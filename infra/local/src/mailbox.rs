//! Everybody's mail in one box, for anybody to read; it sends nothing on.

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

/// Where the mailbox is.
pub(crate) const MAILBOX: &str = "/local/mailbox";
/// Where links in mails lead to: a portal would be there.
pub(crate) const PORTAL: &str = "/local/portal";

/// A mail as it arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) at: Timestamp,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// The box.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    mails: Vec<Mail>,
    file: Option<File>,
}

/// What may be asked of the list.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    to: Option<String>,
}

impl Mailbox {
    /// The mails kept in `directory`, or none yet.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, Error> {
        let file = directory.map(|directory| directory.join("mailbox.jsonl"));
        let kept = file.as_deref().map(fs::read_to_string).and_then(Result::ok).unwrap_or_default();
        // A line that was cut short when the process was killed was never acknowledged.
        let mails = kept.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let file = file.as_deref().map(appending).transpose()?;
        Ok(Self(Arc::new(Mutex::new(Kept { mails, file }))))
    }

    /// Takes a mail in.
    pub(crate) fn take(&self, mail: Mail) -> io::Result<()> {
        let mut kept = self.kept();
        if let Some(file) = &mut kept.file {
            // A line of its own, even after one that was cut short.
            file.write_all(format!("\n{}\n", json!(mail)).as_bytes())?;
        }
        kept.mails.push(mail);
        Ok(())
    }

    /// Its pages.
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route(MAILBOX, get(list))
            .route(&format!("{MAILBOX}/{{nth}}"), get(one))
            .route(&format!("{PORTAL}/{{*path}}"), get(portal))
            .with_state(self.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Needs no token: it is a page to look at, and nobody's but the developer's.
pub(crate) fn is_open(path: &str) -> bool {
    let within = |root: &str| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within(MAILBOX) || within(PORTAL)
}

/// All mails, or those to one address; the newest first.
async fn list(
    State(mailbox): State<Mailbox>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let query = uri.query().unwrap_or_default();
    let Ok(Wanted { to }) = serde_html_form::from_str(query) else {
        let hint = "the mailbox knows one parameter: ?to=ada@example.com\n";
        return (StatusCode::BAD_REQUEST, hint).into_response();
    };
    let mails = mailbox.kept().mails.clone();
    let wanted = |mail: &Mail| to.as_ref().is_none_or(|to| mail.to.eq_ignore_ascii_case(to));
    let found = mails.iter().enumerate().rev().filter(|(_, mail)| wanted(mail));
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

/// One mail: its headers, its text, and its HTML where no script of it runs.
async fn one(State(mailbox): State<Mailbox>, InPath(nth): InPath<usize>) -> Response {
    let Some(mail) = mailbox.kept().mails.get(nth).cloned() else {
        return (StatusCode::NOT_FOUND, "there is no such mail\n").into_response();
    };
    let Mail { at, from, to, subject, text, html } = mail;
    let [from, to, subject, text, html] = [from, to, subject, text, html].map(|it| escape(&it));
    page(
        &subject,
        &format!(
            "<p><a href=\"{MAILBOX}\">Mailbox</a></p>\n<p>{at:.0}<br>from {from}<br>to {to}</p>\n\
             <iframe sandbox=\"allow-popups allow-top-navigation-by-user-activation\" srcdoc=\"\
             <base target=_top>{html}\" style=\"width: 100%; height: 24em\"></iframe>\n<pre>{text}</pre>"
        ),
    )
}

/// What stands where the portal would be.
async fn portal(InPath(path): InPath<String>) -> Response {
    let path = escape(&path);
    let mut body = String::from("<p>Here the portal would show what the mail is about.</p>");
    if path.contains("/invitations/") {
        let _ = write!(
            body,
            "<p>With the token of the invitee it asks <code>GET /v1/{path}/mine</code>, and then \
             <code>POST /v1/{path}/accept</code> or <code>…/decline</code>.</p>"
        );
    }
    page("The portal", &body)
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

/// A file that only ever grows.
pub(crate) fn appending(file: &Path) -> Result<File, Error> {
    let opened = File::options().create(true).append(true).open(file);
    opened.map_err(|cause| format!("{}: {cause}", file.display()).into())
}
