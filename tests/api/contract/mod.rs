//! `docs/openapi.yaml` compared with the product.
//!
//! [`check`] compares every response in the tests with the document, and records the documented outcomes that it sees.

mod agreement;
mod common_outcomes;
mod document;
mod generators;
mod outcome_record;
mod parameters;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, Uri, header::CONTENT_TYPE},
};
use http_body_util::BodyExt;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::test_app::Answer;
use document::{CONTRACT, Contract, Operation};
use parameters::ParameterType;

/// A request of a test.
pub struct ObservedRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl ObservedRequest {
    /// Reads a request, and returns an equal one to send.
    pub async fn read(request: Request<Body>) -> (Self, Request<Body>) {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let observed = Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
            body: body.to_vec(),
        };
        (observed, Request::from_parts(parts, Body::from(body)))
    }
}

impl ObservedRequest {
    /// Whether the method has no effect (RFC 9110, 9.2.1).
    pub fn is_safe(&self) -> bool {
        [Method::GET, Method::HEAD, Method::OPTIONS].contains(&self.method)
    }
}

/// Asserts that the document allows `answer` as the response to `request`.
pub fn check(request: &ObservedRequest, answer: &Answer) {
    let ObservedRequest { method, uri, .. } = request;
    if method == Method::HEAD {
        return;
    }
    let operation = CONTRACT.operation(method.as_str(), uri.path());
    let violations = match &operation {
        Some(operation) => response_violations(operation, request, answer),
        None => unrouted_violations(answer),
    };
    assert!(
        violations.is_empty(),
        "docs/openapi.yaml does not allow this response to {method} {uri}:\n{}\n\n{answer}",
        violations.join("\n")
    );
    if let Some(operation) = operation {
        outcome_record::add(&operation.name, &outcome(answer));
    }
}

/// The slug of a problem, or the status.
fn outcome(answer: &Answer) -> String {
    match answer.problem() {
        "" => answer.status.as_str().to_owned(),
        slug => slug.to_owned(),
    }
}

/// A request without an operation gets a documented problem.
fn unrouted_violations(answer: &Answer) -> Vec<String> {
    let pointer = format!("/components/schemas/{}", answer.problem());
    if !answer.status.is_client_error() || CONTRACT.0.pointer(&pointer).is_none() {
        return vec!["there is no such operation".to_owned()];
    }
    CONTRACT.violations(&json!({ "$ref": format!("#{pointer}") }), &answer.body)
}

fn response_violations(
    operation: &Operation<'_>,
    request: &ObservedRequest,
    answer: &Answer,
) -> Vec<String> {
    let status = answer.status.as_str();
    let Some(response) = operation.definition["responses"].get(status) else {
        return vec![format!("the operation has no status {status}")];
    };
    let response = CONTRACT.resolve(response);
    let mut violations = header_violations(response, answer);
    violations.extend(content_violations(response, answer));
    // A request that succeeds is one that the document allows.
    if answer.status.is_success() {
        violations.extend(body_violations(operation, request));
        violations.extend(parameter_violations(operation, request));
    }
    violations
}

/// The headers that a response has only if the document says so.
const SPECIFIC_HEADERS: [&str; 6] =
    ["allow", "content-disposition", "etag", "location", "retry-after", "www-authenticate"];

fn header_violations(response: &Value, answer: &Answer) -> Vec<String> {
    let is_undocumented = |name: &&str| {
        answer.headers.contains_key(*name) && response["headers"].get(*name).is_none()
    };
    let undocumented = SPECIFIC_HEADERS.into_iter().filter(is_undocumented);
    let undocumented = undocumented.map(|name| format!("the header {name} is not documented"));
    let headers = response["headers"].as_object().into_iter().flatten();
    let violations = headers.flat_map(|(name, header)| {
        let header = CONTRACT.resolve(header);
        match answer.headers.get(name) {
            Some(value) => {
                let value = ParameterType::of(&header["schema"]).parse(value.to_str().unwrap());
                CONTRACT.violations(&header["schema"], &value)
            }
            None if header["required"] == true => vec![format!("the header {name} is missing")],
            None => vec![],
        }
    });
    violations.chain(undocumented).collect()
}

fn content_violations(response: &Value, answer: &Answer) -> Vec<String> {
    let content_type = answer.headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap());
    match (response["content"].as_object(), content_type) {
        (None, None) if answer.text.is_empty() => vec![],
        (Some(content), Some(content_type)) if content.contains_key(content_type) => {
            match content[content_type].get("schema") {
                Some(schema) if content_type.ends_with("json") => {
                    CONTRACT.violations(schema, &answer.body)
                }
                _ => vec![],
            }
        }
        _ => vec![format!("the content type is {content_type:?}")],
    }
}

fn body_violations(operation: &Operation<'_>, request: &ObservedRequest) -> Vec<String> {
    let body = CONTRACT.resolve(&operation.definition["requestBody"]);
    let text = request.body.trim_ascii();
    if text.is_empty() {
        let required = body["required"] == true;
        return required.then(|| "the body is missing".to_owned()).into_iter().collect();
    }
    if request
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/csv"))
    {
        let is_known = body.pointer("/content/text~1csv").is_some();
        return (!is_known).then(|| "the operation takes no file".to_owned()).into_iter().collect();
    }
    let value: Value = serde_json::from_slice(text).unwrap();
    match body.pointer("/content/application~1json/schema") {
        Some(schema) => {
            let violations = CONTRACT.violations(schema, &parameters::trimmed(value)).into_iter();
            violations.filter(|violation| !is_denied_in_place(operation, violation)).collect()
        }
        None if value == json!({}) => vec![],
        None => vec!["the operation has no body".to_owned()],
    }
}

/// AuthZEN: a malformed question of several is denied in its place, and a malformed `explain` counts as absent. The
/// document describes well-formed ones.
fn is_denied_in_place(operation: &Operation<'_>, violation: &str) -> bool {
    let places = ["/evaluations/", "/context/explain"];
    operation.name.contains(" /access/") && places.iter().any(|place| violation.starts_with(place))
}

fn parameter_violations(operation: &Operation<'_>, request: &ObservedRequest) -> Vec<String> {
    let parameters = CONTRACT.parameters(operation);
    let mut found = Vec::new();
    for (name, _) in parameters::query(&request.uri) {
        if !parameters.iter().any(|it| it["in"] == "query" && it["name"] == name) {
            found.push(format!("the parameter {name} is unknown"));
        }
    }
    for parameter in parameters {
        let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
        let values = parameter_values(operation, request, parameter);
        if !values.is_empty() {
            let value = ParameterType::of(schema).parse_all(&values);
            let violations = CONTRACT.violations(schema, &value).into_iter();
            found.extend(violations.map(|violation| format!("the parameter {name}: {violation}")));
        } else if parameter["required"] == true {
            found.push(format!("the parameter {name} is missing"));
        }
    }
    found
}

/// The values of a parameter in a request.
fn parameter_values(
    operation: &Operation<'_>,
    request: &ObservedRequest,
    parameter: &Value,
) -> Vec<String> {
    let name = parameter["name"].as_str().unwrap();
    match parameter["in"].as_str() {
        Some("query") => {
            let query = parameters::query(&request.uri).into_iter();
            query.filter(|(key, _)| key == name).map(|(_, value)| value).collect()
        }
        Some("path") => {
            let (_, template) = operation.name.split_once(' ').unwrap();
            parameters::in_path(template, request.uri.path(), name).into_iter().collect()
        }
        _ => {
            let headers = request.headers.get_all(name).iter();
            headers.map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
        }
    }
}

impl Contract {
    /// The operation that serves a request. A literal segment of a template wins over a parameter.
    fn operation(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let matches = |template: &str| {
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template.zip(path).all(|(template, segment)| {
                    template == segment || (template.starts_with('{') && !segment.is_empty())
                })
        };
        let templates = self.0["paths"].as_object().unwrap().iter();
        let matching = templates.filter(|(template, _)| matches(template));
        let (template, item) = matching.min_by_key(|(path, _)| path.matches('{').count())?;
        let definition = item.get(method.to_lowercase())?;
        Some(Operation { name: format!("{method} {template}"), definition })
    }

    fn parameters<'a>(&'a self, operation: &Operation<'a>) -> Vec<&'a Value> {
        let parameters = operation.definition["parameters"].as_array().into_iter().flatten();
        parameters.map(|parameter| self.resolve(parameter)).collect()
    }

    /// The violations of `schema` in `value`.
    fn violations(&self, schema: &Value, value: &Value) -> Vec<String> {
        let describe =
            |error: jsonschema::ValidationError| format!("{}: {error}", error.instance_path());
        self.validator(schema).iter_errors(value).map(describe).collect()
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
            LazyLock::new(Mutex::default);
        let key = schema.to_string();
        if let Some(validator) = VALIDATORS.lock().unwrap().get(&key) {
            return validator.clone();
        }
        let mut document = schema.clone();
        document["components"] = self.0["components"].clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        let validator = options.build(&document).unwrap_or_else(|why| panic!("{why}: {schema}"));
        let validator = Arc::new(validator);
        VALIDATORS.lock().unwrap().insert(key, validator.clone());
        validator
    }
}
