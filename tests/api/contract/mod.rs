//! `docs/openapi.yaml`, held to what the functions do: every answer that a story gets is read by it. It never asks
//! anything itself.

mod document;
mod given;
mod reading;

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Uri, header::CONTENT_TYPE},
};
use http_body_util::BodyExt;
use reading::Reading;
use serde_json::{Value, json};

use crate::test_app::Answer;
pub use document::CONTRACT;

/// What was asked.
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Asked {
    /// Notes a request, and hands it on.
    pub async fn note(request: Request<Body>) -> (Self, Request<Body>) {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let (method, uri, headers) =
            (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
        let asked = Self { method, uri, headers, body: body.to_vec() };
        (asked, Request::from_parts(parts, Body::from(body)))
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.uri)
    }
}

/// Insists that the document allows this answer to this request.
pub fn check(asked: &Asked, answer: &Answer) {
    if asked.method == Method::HEAD {
        return;
    }
    let problems = match CONTRACT.operation(asked.method.as_str(), asked.uri.path()) {
        Some(operation) => disagreements(&operation, asked, answer),
        None => outside(answer),
    };
    assert!(
        problems.is_empty(),
        "docs/openapi.yaml does not allow this answer to {}:\n{}\n\n{answer}",
        asked.name(),
        problems.join("\n")
    );
}

/// Where the document has no operation, there is nothing but problems that it knows.
fn outside(answer: &Answer) -> Vec<String> {
    let known = format!("/components/schemas/{}", answer.problem());
    if !answer.status.is_client_error() || CONTRACT.document.pointer(&known).is_none() {
        return vec!["it has no such operation".to_owned()];
    }
    CONTRACT.violations(&json!({ "$ref": format!("#{known}") }), &answer.body)
}

fn disagreements(operation: &Value, asked: &Asked, answer: &Answer) -> Vec<String> {
    let status = answer.status.as_str();
    let Some(response) = operation["responses"].get(status) else {
        return vec![format!("it does not say {status}")];
    };
    let response = CONTRACT.resolved(response);
    let mut wrong = in_headers(response, answer);
    wrong.extend(in_content(response, answer));
    if answer.status.is_success() {
        wrong.extend(in_request(operation, asked));
    }
    wrong
}

fn in_headers(response: &Value, answer: &Answer) -> Vec<String> {
    let headers = response["headers"].as_object().into_iter().flatten();
    let wrong = headers.flat_map(|(name, header)| {
        let header = CONTRACT.resolved(header);
        match answer.headers.get(name) {
            Some(value) => {
                let value = Reading::of(&header["schema"]).one(value.to_str().unwrap());
                CONTRACT.violations(&header["schema"], &value)
            }
            None if header["required"] == true => vec![format!("the header {name} is missing")],
            None => vec![],
        }
    });
    wrong.collect()
}

fn in_content(response: &Value, answer: &Answer) -> Vec<String> {
    let kind = answer.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
    match (response["content"].as_object(), kind) {
        (None, None) if answer.text.is_empty() => vec![],
        (Some(content), Some(kind)) if content.contains_key(kind) => {
            match content[kind].get("schema") {
                Some(schema) if kind.ends_with("json") => CONTRACT.violations(schema, &answer.body),
                _ => vec![],
            }
        }
        _ => vec![format!("the content is {kind:?}")],
    }
}

/// What the document refuses was answered with a success.
fn in_request(operation: &Value, asked: &Asked) -> Vec<String> {
    let mut wrong = in_body(operation, asked);
    let parameters = CONTRACT.parameters(operation);
    let path = CONTRACT.path_of(asked.method.as_str(), asked.uri.path()).unwrap_or_default();
    let query = reading::pairs(asked.uri.query().unwrap_or_default());
    let known = |name: &str| parameters.iter().any(|it| it["in"] == "query" && it["name"] == name);
    for (name, _) in query.iter().filter(|(name, _)| !known(name)) {
        wrong.push(format!("the parameter {name} is unknown"));
    }
    for parameter in parameters {
        let name = parameter["name"].as_str().unwrap();
        let given: Vec<String> = match parameter["in"].as_str() {
            Some("query") => query
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
                .collect(),
            Some("path") => reading::in_path(&path, asked.uri.path(), name).into_iter().collect(),
            _ => {
                let headers = asked.headers.get_all(name).iter();
                headers.map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
            }
        };
        if given.is_empty() {
            if parameter["required"] == true {
                wrong.push(format!("the parameter {name} is missing"));
            }
            continue;
        }
        let value = Reading::of(&parameter["schema"]).all(&given);
        let about = |why| format!("the parameter {name}: {why}");
        wrong.extend(CONTRACT.violations(&parameter["schema"], &value).into_iter().map(about));
    }
    wrong
}

fn in_body(operation: &Value, asked: &Asked) -> Vec<String> {
    let body = CONTRACT.resolved(&operation["requestBody"]);
    let text = asked.body.trim_ascii();
    if text.is_empty() {
        return if body["required"] == true { vec!["the body is missing".into()] } else { vec![] };
    }
    let value: Value = serde_json::from_slice(text).unwrap();
    let schema = body.pointer("/content/application~1json/schema");
    match schema {
        Some(schema) => CONTRACT.violations(schema, &reading::normalized(value)),
        None if value == json!({}) => vec![],
        None => vec!["it has no body".to_owned()],
    }
}
