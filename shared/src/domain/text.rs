//! Normalization and checks of free text: names, descriptions and comments.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::invisible::{first_invisible, is_joiner_or_form, without_invisible};

/// The longest name of a person, in characters.
pub const MAX_PERSON_NAME: usize = 200;
/// The longest folded form of a name, in bytes. With the path of an organization, it fits a sort
/// key of DynamoDB, which has at most 1,024 bytes.
pub const MAX_FOLDED_BYTES: usize = 768;

/// Why a text is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text has no character other than white space.
    #[error("it is empty: enter at least one visible character")]
    Empty,
    /// The text has more than this number of characters.
    #[error("it is too long: shorten it to {0} characters")]
    TooLong(usize),
    /// The text has a character that stands for many others, so that its folded form is too long.
    #[error(
        "it has characters that stand for whole words, such as U+FDFA, and is longer than {MAX_FOLDED_BYTES} bytes with these words: write them in letters, and shorten it"
    )]
    FoldedTooLong,
    /// The text contains an invisible character.
    #[error("it contains the invisible character U+{:04X}: remove it", u32::from(*.0))]
    Invisible(char),
    /// The name contains the beginning of a web address, which mail programs turn into a link.
    #[error("it contains a web address: remove `://` and `www.`")]
    WebAddress,
}

/// The name of an organization, a role or a person.
///
/// [`Name::parse`] checks text from a request. Deserialization is for stored names and checks
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Normalizes a name to NFC, trims it and replaces each run of white space by one space.
    ///
    /// # Errors
    /// - [`TextError::Empty`] or [`TextError::TooLong`] unless the result has 1 to `max_chars`
    ///   characters.
    /// - [`TextError::Invisible`] if it contains an invisible character that neither its script nor
    ///   an emoji needs.
    /// - [`TextError::WebAddress`] if it contains `://` or `www.`, in these or similar characters.
    /// - [`TextError::FoldedTooLong`] if its folded form has more than 768 bytes.
    pub fn parse(text: &str, max_chars: usize) -> Result<Self, TextError> {
        let text = nfc(text);
        // A tab is a space, but a line break inside a name is a control character.
        let is_line_break =
            |c: &char| matches!(c, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        if let Some(c) = text.trim().chars().find(is_line_break) {
            return Err(TextError::Invisible(c));
        }
        let name = single_spaced(&text);
        if name.is_empty() {
            return Err(TextError::Empty);
        }
        let name = check(name, max_chars)?;
        let folded = fold(&name);
        if has_web_address(&folded) {
            return Err(TextError::WebAddress);
        }
        if folded.len() > MAX_FOLDED_BYTES { Err(TextError::FoldedTooLong) } else { Ok(Self(name)) }
    }

    /// The name without what [`Name::parse`] refuses, for a name that the caller cannot correct. It
    /// is cut to `max_chars` characters, and has no invisible characters and no slashes or dots of
    /// a web address. `None` if nothing is left.
    pub fn cleaned(text: &str, max_chars: usize) -> Option<Self> {
        if let Ok(name) = Self::parse(text, max_chars) {
            return Some(name);
        }
        let mut name = single_spaced(&without_invisible(&single_spaced(&nfc(text))));
        for (beginning, punctuation) in [("://", '/'), ("www.", '.')] {
            if plain(&fold(&name)).contains(beginning) {
                name.retain(|c| !plain(&fold(&c.to_string())).contains(punctuation));
            }
        }
        let mut name: String = name.chars().take(max_chars).collect();
        while fold(&name).len() > MAX_FOLDED_BYTES {
            name.pop();
        }
        // The cut can leave a joiner at the end.
        Self::parse(&without_invisible(&name), max_chars).ok()
    }

    /// The name as it is displayed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared: names with equal folded forms are the same name (ROLE2).
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// Folds a text for comparison and search: NFKC, lower case, single spaces, no joiners and no forms
/// of emoji.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return single_spaced(&text.to_ascii_lowercase());
    }
    // Some compatibility characters contain capitals or spaces, so NFKC comes first. Lower-casing
    // can leave normal form, so NFKC follows again.
    let visible = text.chars().filter(|&c| !is_joiner_or_form(c));
    let lower = visible.nfkc().collect::<String>().to_lowercase();
    single_spaced(&lower).nfkc().collect()
}

/// The folded text, in which characters that look like those of web addresses are replaced by
/// these.
pub(super) fn plain(folded: &str) -> String {
    let mut plain = String::with_capacity(folded.len());
    for c in folded.chars() {
        plain.push_str(match c {
            // Ideographic full stop, which browsers read as a dot; middle dot, Arabic and Syriac
            // dots.
            '\u{3002}' | '\u{B7}' | '\u{660}' | '\u{6F0}' | '\u{701}' | '\u{702}' => ".",
            // Fraction, division and big slash, a box drawing line, a Japanese repeat mark.
            '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{2571}' | '\u{3033}' => "/",
            '\u{2AFD}' => "//",
            // Ratio, and letters and ends of sentences that look like a colon.
            '\u{2236}' | '\u{A789}' | '\u{2F8}' | '\u{589}' | '\u{5C3}' => ":",
            '\u{51D}' => "w",            // Cyrillic.
            '\u{334}'..='\u{338}' => "", // An overlay does not hide a slash.
            other => {
                plain.push(other);
                continue;
            }
        });
    }
    plain
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Normalizes a description or comment. Unlike a [`Name`], it can be empty and have several lines.
///
/// # Errors
/// - [`TextError::TooLong`] if the result has more than `max_chars` characters.
/// - [`TextError::Invisible`] if it contains an invisible character.
pub fn clean_text(text: &str, max_chars: usize) -> Result<String, TextError> {
    let text = nfc(text);
    let lines: Vec<_> = text.split('\n').map(single_spaced).collect();
    check(lines.join("\n").trim().to_owned(), max_chars)
}

/// Trims the text and replaces each run of white space by one space.
fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks the number of characters, and that all of them are visible or needed.
fn check(text: String, max_chars: usize) -> Result<String, TextError> {
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong(max_chars));
    }
    match first_invisible(&text) {
        Some(c) => Err(TextError::Invisible(c)),
        None => Ok(text),
    }
}

/// The text in NFC. ASCII needs no Unicode tables: every request has a name.
fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Whether a mail program could make a link of the folded text.
fn has_web_address(folded: &str) -> bool {
    let is_in = |text: &str| text.contains("://") || text.contains("www.");
    is_in(folded) || !folded.is_ascii() && is_in(&plain(folded))
}

#[cfg(test)]
#[path = "tests/text.rs"]
pub(super) mod tests;
