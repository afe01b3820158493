//! Deserialization of bodies and queries. An error points at the field and says how to correct it;
//! it repeats at most 200 characters of the input.

use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};

use super::FieldError;

/// The longest pointer and the longest detail of an error, in characters.
const MAX_LENGTH: usize = 200;

/// Deserializes `input` as a `T`.
///
/// # Errors
///
/// The first field that does not match `T`, with an instruction how to correct it.
pub(super) fn parse<'de, T, D>(input: D) -> Result<T, FieldError>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    serde_path_to_error::deserialize(input).map_err(|error| {
        let mut pointer = json_pointer(error.path());
        let message = error.into_inner().to_string();
        // serde reports a missing field at the object around it.
        let missing =
            message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        pointer.extend(missing.into_iter().flat_map(|name| ["/", name]));
        FieldError { pointer: shorten(pointer), detail: shorten(instruction(message)) }
    })
}

fn json_pointer(path: &Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    segments.collect()
}

/// Rewrites serde's own messages as instructions. Messages of our types are instructions already.
fn instruction(message: String) -> String {
    let is = |kind: &str| message.starts_with(kind);
    if is("missing field `") {
        return "is required".to_owned();
    }
    // The input stands before the last `expected`, and the type after it.
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    if is("unknown field `") {
        return expected.map_or_else(
            || "is unknown: this takes no fields".to_owned(),
            |fields| format!("is unknown: use {fields}"),
        );
    }
    let is_wrong = is("unknown variant `") || is("invalid type: ") || is("invalid value: ");
    match expected {
        Some(expected) if is_wrong => format!("must be {}", type_name(expected)),
        _ => message,
    }
}

/// JSON's name of a type that serde expects.
fn type_name(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a sequence" => "an array",
        "a map" => "an object",
        "unit" => "`null`",
        "variant identifier" | "string or map" | "map with a single key" => "a string",
        name if name.starts_with("struct ") => "an object",
        other => other,
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}
