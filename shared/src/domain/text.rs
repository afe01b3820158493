//! Normalization and checks of free text: names, descriptions and comments.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::invisible::{first_invisible, is_joiner_or_form, without_invisible};

/// The longest name of a person, in characters.
pub const MAX_PERSON_NAME: usize = 200;
/// The longest folded form of a name, in bytes. With the path of an organization, it fits a sort key
/// of DynamoDB, which has at most 1,024 bytes.
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

/// The text in NFC. ASCII needs no Unicode tables: every request has a name.
fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Whether a mail program could make a link of the folded text.
fn has_web_address(folded: &str) -> bool {
    let is_in = |text: &str| text.contains("://") || text.contains("www.");
    is_in(folded) || !folded.is_ascii() && is_in(&plain(folded))
}

/// The folded text, in which characters that look like those of web addresses are replaced by these.
pub(super) fn plain(folded: &str) -> String {
    let mut plain = String::with_capacity(folded.len());
    for c in folded.chars() {
        plain.push_str(match c {
            // Ideographic full stop, which browsers read as a dot; middle dot, Arabic and Syriac dots.
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
        assert_eq!(name("  Night \t\u{3000} Shift\n\u{2028}").unwrap(), "Night Shift");
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
    fn joiner_is_kept_and_makes_no_other_name() {
        for (with, without) in [
            ("نرم\u{200C}افزار", "نرمافزار"),
            ("ශ්\u{200D}රී ලංකා", "ශ්රී ලංකා"),
            ("Ada ❤\u{FE0F}", "ada ❤"),
        ] {
            assert_eq!(name(with).unwrap(), with);
            assert_eq!(fold(with), without);
            assert_eq!(clean_text(with, 64).unwrap(), with);
        }
    }

    #[test]
    fn web_address_is_refused_in_every_spelling() {
        for text in [
            "Your account is locked - verify at https://evil.example",
            "WWW.evil.example",
            "x://y",
            "https：//evil.example",
            "ｗｗｗ．evil.example",
            "www。evil.example",
            "https:\u{2215}\u{2215}evil.example",
            "https\u{2236}//evil.example",
            "http:/\u{200B}/evil.example",
            "https:\u{2AFD}evil.example",
            "https:\u{2571}\u{2571}evil.example",
            "https:/\u{338}/evil.example",
            "https\u{589}//evil.example",
            "\u{51D}\u{51D}\u{51D}.evil.example",
            "www\u{B7}evil.example",
        ] {
            assert!(name(text).is_err(), "{text}");
        }
        for text in ["A/B: C", "Booking.com", "Www", "AT&T // Labs"] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn line_break_is_refused_inside_a_name_and_trimmed_around_it() {
        for c in ['\n', '\r', '\u{85}', '\u{2028}'] {
            assert_eq!(name(&format!("Night{c}Shift")), Err(TextError::Invisible(c)), "{c:?}");
            assert_eq!(name(&format!("{c}Night Shift{c}")).as_deref(), Ok("Night Shift"), "{c:?}");
        }
        let cleaned = Name::cleaned("Ada\n\tLovelace", 64).unwrap();
        assert_eq!(cleaned.as_str(), "Ada Lovelace");
    }

    #[test]
    fn name_whose_folded_form_is_too_long_is_refused() {
        assert_eq!(name(&"\u{FDFA}".repeat(31)), Err(TextError::FoldedTooLong));
        // Thai and cuneiform letters need the most bytes of those that people write.
        for letter in ["\u{E33}", "\u{12000}", "\u{FDF2}", "\u{BDE}"] {
            assert!(name(&letter.repeat(64)).is_ok(), "{letter}");
        }
    }

    #[test]
    fn cleaned_name_keeps_what_a_reader_may_see() {
        for (text, cleaned) in [
            ("Ada ❤\u{FE0F}", Some("Ada ❤\u{FE0F}")),
            ("Ada\0 \u{202E}Lovelace", Some("Ada Lovelace")),
            ("Ada\u{200D}\u{200D}", Some("Ada")),
            ("Ada https://evil.example", Some("Ada https:evil.example")),
            ("Ada www.evil.example", Some("Ada wwwevilexample")),
            ("Ada ｗｗｗ．evil．example", Some("Ada ｗｗｗevilexample")),
            (" \u{200B}\n", None),
            ("://", Some(":")),
        ] {
            let name = Name::cleaned(text, 64);
            assert_eq!(name.as_ref().map(Name::as_str), cleaned, "{text:?}");
        }
        let long = Name::cleaned(&"x".repeat(3000), 200).unwrap();
        assert_eq!(long.as_str().len(), 200);
        assert_eq!(Name::cleaned(&"\u{FDFA}".repeat(200), 200).unwrap().folded().len(), 759);
        // The cut ends a family of emoji.
        let cut = Name::cleaned(&"👨\u{200D}👩".repeat(9), 2).unwrap();
        assert_eq!(cut.as_str(), "👨");
    }

    #[test]
    fn every_cleaned_name_is_a_name() {
        for c in every_character_of_interest() {
            let text = format!("w{c}w.{c}:/{c}/ک{c}ک");
            let cleaned = Name::cleaned(&text, 64).unwrap();
            assert_eq!(Name::parse(cleaned.as_str(), 64).as_ref(), Ok(&cleaned), "{c:?}");
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
