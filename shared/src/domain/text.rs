//! Normalization and checks of free text: names, descriptions and comments.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Why a text is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The text has no character other than white space.
    #[error("it is empty: enter at least one visible character")]
    Empty,
    /// The text has more than this number of characters.
    #[error("it is too long: shorten it to {0} characters")]
    TooLong(usize),
    /// The text contains an invisible character.
    #[error("it contains the invisible character U+{:04X}: remove it", u32::from(*.0))]
    Invisible(char),
}

/// The name of an organization or a role.
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
    /// - [`TextError::Invisible`] if it contains an invisible character.
    pub fn parse(text: &str, max_chars: usize) -> Result<Self, TextError> {
        let name = single_spaced(&text.nfc().collect::<String>());
        if name.is_empty() {
            return Err(TextError::Empty);
        }
        check(name, max_chars).map(Self)
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

/// Folds a text for comparison and search: NFKC, lower case, single spaces.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return single_spaced(&text.to_ascii_lowercase());
    }
    // Some compatibility characters contain capitals or spaces, so NFKC comes first. Lower-casing
    // can leave normal form, so NFKC follows again.
    let lower = text.nfkc().collect::<String>().to_lowercase();
    single_spaced(&lower).nfkc().collect()
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
    let text = text.nfc().collect::<String>();
    let lines: Vec<_> = text.split('\n').map(single_spaced).collect();
    check(lines.join("\n").trim().to_owned(), max_chars)
}

/// Trims the text and replaces each run of white space by one space.
fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks the number of characters, and that all of them are visible.
fn check(text: String, max_chars: usize) -> Result<String, TextError> {
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong(max_chars));
    }
    match text.chars().find(|&c| c != '\n' && is_invisible(c)) {
        Some(c) => Err(TextError::Invisible(c)),
        None => Ok(text),
    }
}

/// Whether a reader cannot see `c`, or cannot know how it looks.
///
/// These are the control, format and private-use characters of Unicode, all characters with the
/// property `Default_Ignorable_Code_Point`, and the blanks that are not white space. With such
/// characters, different texts can look the same, and text can display in another order than it is
/// stored. White space other than control characters is not included.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' // Control.
        | '\u{AD}' // Soft hyphen.
        | '\u{34F}' // Combining grapheme joiner.
        | '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{890}'..='\u{891}' | '\u{8E2}' // Arabic marks.
        | '\u{70F}' // Syriac abbreviation mark.
        | '\u{61C}' // Arabic letter mark: bidi.
        | '\u{115F}'..='\u{1160}' | '\u{3164}' | '\u{FFA0}' // Hangul fillers.
        | '\u{17B4}'..='\u{17B5}' // Khmer inherent vowels.
        | '\u{180B}'..='\u{180F}' // Mongolian selectors and vowel separator.
        | '\u{200B}'..='\u{200F}' // Zero-width spaces and joiners, and the bidi marks.
        | '\u{2028}'..='\u{202E}' // Line and paragraph separators, bidi embeddings and overrides.
        | '\u{2060}'..='\u{206F}' // Word joiner, invisible operators, bidi isolates.
        | '\u{2800}' // Blank Braille pattern.
        | '\u{E000}'..='\u{F8FF}' // Private use.
        | '\u{FE00}'..='\u{FE0F}' // Variation selectors.
        | '\u{FEFF}' // Zero-width no-break space.
        | '\u{FFF0}'..='\u{FFFC}' // Interlinear annotation, object replacement.
        | '\u{110BD}' | '\u{110CD}' // Kaithi number signs.
        | '\u{13430}'..='\u{1343F}' // Egyptian hieroglyph controls.
        | '\u{1BCA0}'..='\u{1BCA3}' // Shorthand controls.
        | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}' // Musical null note head and controls.
        | '\u{E0000}'..='\u{E0FFF}' // Tags and more variation selectors.
        | '\u{F0000}'..='\u{10FFFF}' // Private use.
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// All characters, except the ideographs and unassigned planes that normalize to themselves.
    pub(in crate::domain) fn every_character_of_interest() -> impl Iterator<Item = char> {
        let compatibility_ideographs = '\u{2F800}'..='\u{2FA1F}';
        let last = '\u{E0000}'..='\u{E0FFF}';
        ('\0'..='\u{33FF}')
            .chain('\u{A000}'..='\u{1FFFF}')
            .chain(compatibility_ideographs)
            .chain(last)
    }

    fn name(text: &str) -> Result<String, TextError> {
        Name::parse(text, 64).map(|name| name.to_string())
    }

    #[test]
    fn name_is_trimmed_and_single_spaced() {
        assert_eq!(name("  Night \t\n\u{3000} Shift\u{2028}").unwrap(), "Night Shift");
    }

    #[test]
    fn name_is_normalized_to_nfc() {
        assert_eq!(name("Cafe\u{301}").unwrap(), "Caf\u{E9}");
    }

    #[test]
    fn name_of_white_space_is_empty() {
        assert_eq!(name(" \u{A0}\t"), Err(TextError::Empty));
    }

    #[test]
    fn length_counts_characters_after_normalization() {
        assert_eq!(Name::parse("  日本  ", 2).unwrap().as_str(), "日本");
        assert_eq!(Name::parse("日本語", 2), Err(TextError::TooLong(2)));
    }

    #[test]
    fn invisible_character_is_refused() {
        let invisible = "\0\u{1B}\u{7F}\u{AD}\u{61C}\u{200B}\u{200D}\u{202E}\u{2066}\u{2800}\u{3164}\
                      \u{E000}\u{FE0F}\u{FEFF}\u{E0041}";
        for c in invisible.chars() {
            let text = format!("Ad{c}min");
            assert_eq!(name(&text), Err(TextError::Invisible(c)), "{text:?}");
            assert_eq!(clean_text(&text, 64), Err(TextError::Invisible(c)), "{text:?}");
        }
    }

    #[test]
    fn error_text_names_the_character_to_remove() {
        let refused = name("a\u{200B}b").unwrap_err();
        insta::assert_snapshot!(refused, @"it contains the invisible character U+200B: remove it");
    }

    #[test]
    fn names_that_look_the_same_fold_to_the_same_text() {
        let plain = Name::parse("mdf admin", 64).unwrap().folded();
        for like in ["MDF Admin", " MDF\u{A0} Admin ", "ＭＤＦ　ａｄｍｉｎ", "𝐌𝐃𝐅 𝐀𝐝𝐦𝐢𝐧"]
        {
            assert_eq!(Name::parse(like, 64).unwrap().folded(), plain, "{like}");
        }
    }

    #[test]
    fn normalizing_and_folding_are_idempotent() {
        for c in every_character_of_interest() {
            let Ok(name) = Name::parse(&format!("A{c}\u{301} {c}B"), 64) else { continue };
            assert_eq!(Name::parse(name.as_str(), 64), Ok(name.clone()), "{c:?}");
            let folded = name.folded();
            assert_eq!(Name(folded.clone()).folded(), folded, "{c:?}");
        }
    }

    #[test]
    fn free_text_can_be_empty_and_keeps_its_lines() {
        assert_eq!(clean_text(" \r\n ", 10).unwrap(), "");
        assert_eq!(clean_text("one  line \r\n\r\n another\n", 20).unwrap(), "one line\n\nanother");
        assert_eq!(clean_text("123", 2), Err(TextError::TooLong(2)));
    }

    #[test]
    fn name_serializes_as_its_text() {
        let name = Name::parse("Night Shift", 64).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""Night Shift""#);
        assert_eq!(serde_json::from_str::<Name>(r#""Night Shift""#).unwrap(), name);
    }
}
