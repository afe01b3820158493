//! Text that people write and other people read: names, descriptions, comments. It never judges
//! what the text says.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left once white space is trimmed.
    #[error("it is empty: write at least one character that can be seen")]
    Empty,
    /// It has more characters than this.
    #[error("it is too long: shorten it to {0} characters")]
    TooLong(usize),
    /// It has a character that nobody can see.
    #[error("it contains the invisible character U+{:04X}: remove it", u32::from(*.0))]
    Invisible(char),
}

/// The name of an organization or a role.
///
/// A request's text goes through [`Name::parse`]; deserializing is for names already stored, and
/// checks nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// A name of 1 to `max_chars` characters, in NFC, with white space trimmed and every run of it
    /// made one space.
    pub fn parse(text: &str, max_chars: usize) -> Result<Self, TextError> {
        let name = collapsed(&text.nfc().collect::<String>());
        if name.is_empty() {
            return Err(TextError::Empty);
        }
        checked(name, max_chars).map(Self)
    }

    /// The name as people see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is compared: two names that fold alike are the same name (ROLE2).
    #[must_use]
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// A text as it is compared and searched.
#[must_use]
pub fn fold(text: &str) -> String {
    // Compatibility forms first: some hide capitals or spaces. Again afterwards, since a
    // lower-cased text need not be in normal form.
    let lower = text.nfkc().collect::<String>().to_lowercase();
    collapsed(&lower).nfkc().collect()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A description or other free text: like a [`Name`], but it may be empty and have lines.
pub fn clean_text(text: &str, max_chars: usize) -> Result<String, TextError> {
    let text = text.nfc().collect::<String>();
    let lines: Vec<_> = text.split('\n').map(collapsed).collect();
    checked(lines.join("\n").trim().to_owned(), max_chars)
}

/// White space trimmed, and every run of it made one space.
fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text`, if every character can be seen and there are not too many.
fn checked(text: String, max_chars: usize) -> Result<String, TextError> {
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong(max_chars));
    }
    match text.chars().find(|&c| c != '\n' && is_invisible(c)) {
        Some(c) => Err(TextError::Invisible(c)),
        None => Ok(text),
    }
}

/// Is `c` something that a reader cannot see, or cannot know the look of?
///
/// These are Unicode's control, format and private-use characters, whatever else it says may be
/// ignored in display (`Default_Ignorable_Code_Point`), and the blanks that are not white space.
/// With them, texts that look the same can differ, and text can read in another order than it is
/// stored in. White space is not judged here, control characters aside.
#[must_use]
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

    /// Every character, save the ideographs and unassigned planes that normalize to themselves:
    /// they are nine in ten and would teach nothing.
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
    fn white_space_around_and_inside_a_name_is_made_plain() {
        assert_eq!(name("  Night \t\n\u{3000} Shift\u{2028}").unwrap(), "Night Shift");
    }

    #[test]
    fn a_name_has_one_spelling_however_its_accents_were_typed() {
        assert_eq!(name("Cafe\u{301}").unwrap(), "Caf\u{E9}");
    }

    #[test]
    fn a_name_of_nothing_but_space_is_empty() {
        assert_eq!(name(" \u{A0}\t"), Err(TextError::Empty));
    }

    #[test]
    fn length_is_counted_in_characters_after_cleaning() {
        assert_eq!(Name::parse("  日本  ", 2).unwrap().as_str(), "日本");
        assert_eq!(Name::parse("日本語", 2), Err(TextError::TooLong(2)));
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        let unseen = "\0\u{1B}\u{7F}\u{AD}\u{61C}\u{200B}\u{200D}\u{202E}\u{2066}\u{2800}\u{3164}\
                      \u{E000}\u{FE0F}\u{FEFF}\u{E0041}";
        for c in unseen.chars() {
            let text = format!("Ad{c}min");
            assert_eq!(name(&text), Err(TextError::Invisible(c)), "{text:?}");
            assert_eq!(clean_text(&text, 64), Err(TextError::Invisible(c)), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        let refused = name("a\u{200B}b").unwrap_err();
        insta::assert_snapshot!(refused, @"it contains the invisible character U+200B: remove it");
    }

    #[test]
    fn names_that_look_or_sound_the_same_fold_alike() {
        let plain = Name::parse("mdf admin", 64).unwrap().folded();
        for like in ["MDF Admin", " MDF\u{A0} Admin ", "ＭＤＦ　ａｄｍｉｎ", "𝐌𝐃𝐅 𝐀𝐝𝐦𝐢𝐧"]
        {
            assert_eq!(Name::parse(like, 64).unwrap().folded(), plain, "{like}");
        }
    }

    #[test]
    fn folding_and_cleaning_twice_change_nothing_for_any_character() {
        for c in every_character_of_interest() {
            let Ok(name) = Name::parse(&format!("A{c}\u{301} {c}B"), 64) else { continue };
            assert_eq!(Name::parse(name.as_str(), 64), Ok(name.clone()), "{c:?}");
            let folded = name.folded();
            assert_eq!(Name(folded.clone()).folded(), folded, "{c:?}");
        }
    }

    #[test]
    fn free_text_may_be_empty_and_keeps_its_lines() {
        assert_eq!(clean_text(" \r\n ", 10).unwrap(), "");
        assert_eq!(clean_text("one  line \r\n\r\n another\n", 20).unwrap(), "one line\n\nanother");
        assert_eq!(clean_text("123", 2), Err(TextError::TooLong(2)));
    }

    #[test]
    fn a_name_is_stored_as_the_text_it_is() {
        let name = Name::parse("Night Shift", 64).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""Night Shift""#);
        assert_eq!(serde_json::from_str::<Name>(r#""Night Shift""#).unwrap(), name);
    }
}
