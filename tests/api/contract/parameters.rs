//! Parses parameters and bodies of requests into the values that schemas describe.

use axum::{extract::Query, http::Uri};
use serde_json::{Map, Value, json};

/// The type of a parameter or a header.
pub enum ParameterType {
    Integer,
    Text,
    Array,
}

impl ParameterType {
    pub fn of(schema: &Value) -> Self {
        match schema["type"].as_str() {
            Some("integer") => Self::Integer,
            Some("array") => Self::Array,
            _ => Self::Text,
        }
    }

    /// The value of a text.
    pub fn parse(&self, text: &str) -> Value {
        match self {
            Self::Integer => text.parse::<i64>().map_or_else(|_| json!(text), |it| json!(it)),
            Self::Text | Self::Array => json!(text),
        }
    }

    /// The value of all occurrences of a parameter.
    pub fn parse_all(&self, texts: &[String]) -> Value {
        match (self, texts) {
            (Self::Integer | Self::Text, [text]) => self.parse(text),
            _ => json!(texts),
        }
    }
}

/// The names and values of a query, decoded.
pub fn query(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).unwrap().0
}

/// The decoded segment of `path` at `{name}` in `template`.
pub fn in_path(template: &str, path: &str, name: &str) -> Option<String> {
    let parameter = format!("{{{name}}}");
    let mut segments = template.split('/').zip(path.split('/'));
    segments.find(|(template, _)| *template == parameter).map(|(_, segment)| decode(segment))
}

/// Decodes percent-encoding.
fn decode(text: &str) -> String {
    let uri: Uri = format!("/?text={}", text.replace('+', "%2B")).parse().unwrap();
    query(&uri).remove(0).1
}

/// A body with trimmed and single-spaced texts. The document bounds the length of texts in this form.
pub fn trimmed(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let lines =
                text.split('\n').map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            json!(lines.collect::<Vec<_>>().join("\n").trim())
        }
        Value::Array(items) => items.into_iter().map(trimmed).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, trimmed(value)));
            members.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
