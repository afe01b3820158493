//! The fixtures of AuthZEN's certification scenario (Authorization API 1.0): two users, two records and three actions.
//! Only the local server has them, with `--authzen-fixtures`; no deployed function contains them.
//!
//! The function `access` still validates and authorizes every request, and denies each action on a record, which is no
//! resource type of its own. This layer then replaces its denials by the scenario's decisions.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header::CONTENT_LENGTH},
    middleware::{Next, from_fn},
    response::Response,
};
use serde::Serialize;
use serde_json::{Value, json};

const ROUTES: &str = "/access/v1/";
const USER: &str = "user";
const RECORD: &str = "record";
const USERS: [&str; 2] = ["alice", "bob"];
const RECORDS: [&str; 2] = ["record-1", "record-2"];
const ACTIONS: [&str; 3] = ["read", "write", "delete"];

/// The member that says when a batch ends, and its value for deciding all items.
const SEMANTIC: &str = "/options/evaluations_semantic";
const EXECUTE_ALL: &str = "execute_all";

const TOKEN: &str = "/page/token";
const MAX_LIMIT: usize = 100;

/// Puts the fixtures in front of a router that serves the function `access`.
pub fn with_fixtures(router: Router) -> Router {
    router.layer(from_fn(replace_decisions))
}

async fn replace_decisions(request: Request, next: Next) -> Response {
    let Some(route) = request.uri().path().strip_prefix(ROUTES).map(str::to_owned) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    // The gateway has read and bounded the body.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Some(asked) = serde_json::from_slice(&body).ok().filter(is_about_records) else {
        return next.run(Request::from_parts(parts, Body::from(body))).await;
    };
    let body = match forwarded(&asked) {
        Some(changed) => changed.to_string().into(),
        None => body,
    };
    parts.headers.remove(CONTENT_LENGTH);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let denied = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let denied = serde_json::from_slice(&denied).unwrap_or_default();
    let decided = match route.strip_prefix("search/") {
        Some(searched) => search(searched, &asked),
        None => decisions(&asked, denied).to_string(),
    };
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(decided))
}

/// Whether a resource of the request is a record.
fn is_about_records(asked: &Value) -> bool {
    let is_record = |part: &Value| text(part, "/resource/type") == Some(RECORD);
    is_record(asked) || items(asked).is_some_and(|items| items.iter().any(is_record))
}

/// The request as the function can handle it. All items of a batch are decided, so that a denial of
/// a record ends none. A token of a fixture's page is removed. `None` if the request need not
/// change.
fn forwarded(asked: &Value) -> Option<Value> {
    let mut changed = asked.clone();
    if let Some("deny_on_first_deny" | "permit_on_first_permit") = text(asked, SEMANTIC) {
        *changed.pointer_mut(SEMANTIC)? = json!(EXECUTE_ALL);
    } else if PageToken::parse(asked).is_some() {
        *changed.pointer_mut(TOKEN)? = Value::Null;
    } else {
        return None;
    }
    Some(changed)
}

/// The function's response to one or several evaluations, with each decision about a record replaced.
fn decisions(asked: &Value, mut response: Value) -> Value {
    let single = json!({});
    let Some(decided) = response.get_mut("evaluations").and_then(Value::as_array_mut) else {
        replace(&mut response, asked, &single);
        return response;
    };
    for (decision, item) in decided.iter_mut().zip(items(asked).into_iter().flatten()) {
        replace(decision, asked, item);
    }
    let ends = match text(asked, SEMANTIC) {
        Some("deny_on_first_deny") => Some(false),
        Some("permit_on_first_permit") => Some(true),
        _ => None,
    };
    let is_last = |decision: &Value| decision.get("decision").and_then(Value::as_bool) == ends;
    if let Some(last) = decided.iter().position(is_last) {
        decided.truncate(last + 1);
    }
    response
}

/// Replaces a decision if its evaluation is complete and about a record.
fn replace(decision: &mut Value, defaults: &Value, item: &Value) {
    let part = |name| item.get(name).filter(|part| !part.is_null()).or(defaults.get(name));
    let parts = (part("subject"), part("action"), part("resource"));
    let (Some(subject), Some(action), Some(resource)) = parts else { return };
    let is_complete = [(subject, "/type"), (subject, "/id"), (action, "/name"), (resource, "/id")]
        .into_iter()
        .all(|(part, pointer)| text(part, pointer).is_some());
    if !item.is_object() || !is_complete || text(resource, "/type") != Some(RECORD) {
        return;
    }
    if let Some(decision) = decision.get_mut("decision") {
        *decision = json!(is_granted(subject, action, resource));
    }
    if let Some(context) = decision.get_mut("context") {
        let reason = "This is a fixture of AuthZEN's certification scenario.";
        *context = json!({ "code": "fixture", "reason": reason });
    }
}

/// The policy of the scenario:
///
/// 1. Each user may read each record.
/// 2. Alice may write a record that is not archived; an admin may write an archived one.
/// 3. Alice may delete softly.
fn is_granted(subject: &Value, action: &Value, resource: &Value) -> bool {
    let is_known = text(subject, "/type") == Some(USER)
        && text(subject, "/id").is_some_and(|id| USERS.contains(&id))
        && text(resource, "/id").is_some_and(|id| RECORDS.contains(&id));
    let is_alice = text(subject, "/id") == Some("alice");
    let is_archived = has_property(resource, "status", "archived");
    is_known
        && match text(action, "/name") {
            Some("read") => true,
            Some("write") if is_archived => has_property(subject, "role", "admin"),
            Some("write") => is_alice,
            Some("delete") => is_alice && action.pointer("/properties/soft") == Some(&json!(true)),
            _ => false,
        }
}

/// Whether an entity has the property: as the request sets it, else as the scenario stores it.
fn has_property(entity: &Value, name: &str, value: &str) -> bool {
    if let Some(given) = entity.pointer(&format!("/properties/{name}")) {
        return given == value;
    }
    let stored = match (text(entity, "/id"), name) {
        (Some("bob"), "role") => Some("admin"),
        (Some("record-1"), "status") => Some("active"),
        (Some("record-2"), "status") => Some("archived"),
        _ => None,
    };
    stored == Some(value)
}

#[derive(Serialize)]
struct SearchResults {
    results: Vec<FoundRecord>,
    page: ResultPage,
}

#[derive(Serialize)]
struct ResultPage {
    next_token: String,
}

/// A found entity or action, with the members in the specification's order.
#[derive(Serialize)]
#[serde(untagged)]
enum FoundRecord {
    Entity { r#type: &'static str, id: &'static str },
    Action { name: &'static str },
}

/// A page of the subjects, resources or actions (`searched`) that the policy grants.
fn search(searched: &str, asked: &Value) -> String {
    let part = |name| asked.get(name).cloned().unwrap_or_default();
    let (subject, action, resource) = (part("subject"), part("action"), part("resource"));
    let entity = |kind: &str, id: &str| json!({ "type": kind, "id": id });
    let found: Vec<FoundRecord> = match searched {
        "subject" if text(&subject, "/type") == Some(USER) => USERS
            .into_iter()
            .filter(|id| is_granted(&entity(USER, id), &action, &resource))
            .map(|id| FoundRecord::Entity { r#type: USER, id })
            .collect(),
        "resource" => RECORDS
            .into_iter()
            .filter(|id| is_granted(&subject, &action, &entity(RECORD, id)))
            .map(|id| FoundRecord::Entity { r#type: RECORD, id })
            .collect(),
        "action" => ACTIONS
            .into_iter()
            .filter(|name| is_granted(&subject, &json!({ "name": name }), &resource))
            .map(|name| FoundRecord::Action { name })
            .collect(),
        _ => vec![],
    };
    let PageToken { limit, offset, search } =
        PageToken::parse(asked).unwrap_or_else(|| PageToken::first(asked));
    let next = PageToken { limit, offset: offset + limit, search };
    let next_token = if next.offset < found.len() { next.to_string() } else { String::new() };
    let results = found.into_iter().skip(offset).take(limit).collect();
    serde_json::to_string(&SearchResults { results, page: ResultPage { next_token } })
        .unwrap_or_default()
}

/// A page token: it continues one search with one limit.
struct PageToken {
    limit: usize,
    offset: usize,
    /// A hash of everything in the request except the page.
    search: u64,
}

impl PageToken {
    /// The token of the request, if the fixtures issued it for this search and limit.
    fn parse(asked: &Value) -> Option<Self> {
        let text = text(asked, TOKEN)?;
        let first = Self::first(asked);
        let limits = match asked.pointer("/page/limit") {
            None | Some(Value::Null) => 0..=MAX_LIMIT,
            Some(_) => first.limit..=first.limit,
        };
        let offset = text.rsplit_once('-')?.1.parse().ok()?;
        let mut tokens = limits.map(|limit| Self { limit, offset, ..first });
        tokens.find(|token| token.to_string() == text)
    }

    /// The position of the first page.
    fn first(asked: &Value) -> Self {
        let limit = asked.pointer("/page/limit").and_then(Value::as_u64);
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_LIMIT);
        let mut search = asked.clone();
        if let Some(members) = search.as_object_mut() {
            members.remove("page");
        }
        let mut hasher = DefaultHasher::new();
        search.to_string().hash(&mut hasher);
        Self { limit: limit.min(MAX_LIMIT), offset: 0, search: hasher.finish() }
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, offset, search } = self;
        write!(formatter, "fixtures-{search:x}-{limit}-{offset}")
    }
}

fn items(asked: &Value) -> Option<&Vec<Value>> {
    asked.get("evaluations")?.as_array()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}
