//! From the text of a parameter to the value that a schema speaks of.

use serde_json::{Map, Value, json};

/// What a parameter's text is read as.
pub enum Reading {
    Integer,
    Text,
    Many,
}

impl Reading {
    pub fn of(schema: &Value) -> Self {
        match schema["type"].as_str() {
            Some("integer") => Self::Integer,
            Some("array") => Self::Many,
            _ => Self::Text,
        }
    }

    /// One value.
    pub fn one(&self, text: &str) -> Value {
        match self {
            Self::Integer => text.parse::<i64>().map_or_else(|_| json!(text), |it| json!(it)),
            Self::Text | Self::Many => json!(text),
        }
    }

    /// All values of one name.
    pub fn all(&self, texts: &[String]) -> Value {
        match (self, texts) {
            (Self::Many, _) => json!(texts),
            (_, [text]) => self.one(text),
            _ => json!(texts),
        }
    }
}

/// The pairs of a query.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decoded(name), decoded(&value.replace('+', " ")))).collect()
}

/// What stands in `path` where `template` has `{name}`.
pub fn in_path(template: &str, path: &str, name: &str) -> Option<String> {
    let place = format!("{{{name}}}");
    let (_, part) = template.split('/').zip(path.split('/')).find(|(part, _)| *part == place)?;
    Some(decoded(part))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let escaped = || u8::from_str_radix(std::str::from_utf8(more.get(..2)?).ok()?, 16).ok();
        let (byte, used) = match (*first == b'%').then(escaped).flatten() {
            Some(byte) => (byte, 2),
            None => (*first, 0),
        };
        bytes.push(byte);
        rest = &more[used..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A body as its texts are read: the bounds of the document count what is left of white space.
pub fn normalized(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let lines =
                text.split('\n').map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            json!(lines.collect::<Vec<_>>().join("\n").trim())
        }
        Value::Array(items) => items.into_iter().map(normalized).collect(),
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, normalized(value)));
            members.collect::<Map<_, _>>().into()
        }
        other => other,
    }
}
