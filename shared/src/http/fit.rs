//! Fitting what was read to the type that a handler asks for, or pointing at the place that does
//! not fit. It never repeats more of the input than a person would read.

use serde::{Deserialize, Deserializer};
use serde_path_to_error::{Path, Segment};

use super::FieldError;

const LONGEST: usize = 200;

/// `input` as a `T`.
pub(super) fn fit<'de, T, D>(input: D) -> Result<T, FieldError>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    serde_path_to_error::deserialize(input).map_err(|error| {
        let mut pointer = pointer(error.path());
        let detail = error.into_inner().to_string();
        // serde blames the object for what is missing in it; people look for the member.
        let missing =
            detail.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        pointer.extend(missing.into_iter().flat_map(|name| ["/", name]));
        FieldError { pointer: shorten(pointer), detail: shorten(detail) }
    })
}

fn pointer(path: &Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    });
    segments.collect()
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}
