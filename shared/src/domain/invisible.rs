//! Characters that a reader cannot see, and the places where scripts and emoji need them.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{ExtendedPictographic, JoiningType},
};
use unicode_normalization::char::canonical_combining_class;

/// ZERO WIDTH NON-JOINER: keeps two letters apart that would join, as Persian writes it.
const NON_JOINER: char = '\u{200C}';
/// ZERO WIDTH JOINER: joins emoji to one picture, and consonants in scripts such as Sinhala.
const JOINER: char = '\u{200D}';
/// Selects the text form of an emoji.
const TEXT_FORM: char = '\u{FE0E}';
/// Selects the colored form of an emoji.
const EMOJI_FORM: char = '\u{FE0F}';
/// Encloses the digit before it in a key.
const KEYCAP: char = '\u{20E3}';
/// The combining class of viramas, which suppress the vowel of a consonant.
const VIRAMA: u8 = 9;
/// The base of the flags that are written with tags: a black flag.
const FLAG: char = '\u{1F3F4}';
/// The tags of the flags in use: England, Scotland and Wales.
const FLAG_TAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

/// Whether a reader cannot see `c`, or cannot know how it looks.
///
/// These are the control, format and private-use characters of Unicode, all characters with the
/// property `Default_Ignorable_Code_Point`, and the blanks that are not white space. With such
/// characters, different texts can look the same, and text can display in another order than it is
/// stored. White space other than control characters is not included.
pub(super) fn is_invisible(c: char) -> bool {
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

/// Whether [`fold`](super::fold) drops `c`: texts that differ in it alone can look the same.
pub(super) fn is_joiner_or_form(c: char) -> bool {
    matches!(c, NON_JOINER | JOINER | TEXT_FORM | EMOJI_FORM)
}

/// The first invisible character of `text` that its script or emoji does not need. Line breaks
/// count as visible.
pub(super) fn first_invisible(text: &str) -> Option<char> {
    if text.is_ascii() {
        return text.chars().find(|&c| c != '\n' && is_invisible(c));
    }
    let chars: Vec<char> = text.chars().collect();
    let refused = |(at, &c): (usize, &char)| (!is_legible(&chars, at, c)).then_some(c);
    chars.iter().enumerate().find_map(refused)
}

/// `text` without the invisible characters that its script or emoji does not need. Line breaks
/// stay.
pub fn without_invisible(text: &str) -> String {
    if first_invisible(text).is_none() {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let legible = |&(at, &c): &(usize, &char)| is_legible(&chars, at, c);
    chars.iter().enumerate().filter(legible).map(|(_, &c)| c).collect()
}

fn is_legible(chars: &[char], at: usize, c: char) -> bool {
    if c == '\n' || !is_invisible(c) {
        return true;
    }
    let (before, rest) = chars.split_at(at);
    let after = rest.get(1..).unwrap_or_default();
    match c {
        NON_JOINER => follows_virama(before, after) || separates_joining_letters(before, after),
        JOINER => follows_virama(before, after) || joins_emoji(before, after),
        TEXT_FORM => ends_with_pictograph(before),
        EMOJI_FORM => ends_with_pictograph(before) || is_in_keycap(before, after),
        '\u{E0020}'..='\u{E007F}' => is_in_flag(before, rest),
        _ => false,
    }
}

/// After a virama and before a letter (RFC 5892, appendix A.1 and A.2). The RFC also accepts a
/// joiner at the end, where it joins nothing.
fn follows_virama(before: &[char], after: &[char]) -> bool {
    before.last().is_some_and(|&c| canonical_combining_class(c) == VIRAMA)
        && after.first().is_some_and(|c| c.is_alphabetic() && !c.is_ascii())
}

/// Between two letters that would join (RFC 5892, appendix A.1).
fn separates_joining_letters(before: &[char], after: &[char]) -> bool {
    let types = CodePointMapData::<JoiningType>::new();
    let joining = |c: &char| Some(types.get(*c)).filter(|kind| *kind != JoiningType::Transparent);
    let left = before.iter().rev().find_map(joining);
    let right = after.iter().find_map(joining);
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// Between two emoji, of which the first can have a form or a skin tone (UTS 51, section 1.4.3).
fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let is_styled = matches!(before, [.., EMOJI_FORM | '\u{1F3FB}'..='\u{1F3FF}']);
    let (first, _) = before.split_at(before.len() - usize::from(is_styled));
    ends_with_pictograph(first) && after.first().is_some_and(|&c| is_pictograph(c))
}

fn ends_with_pictograph(before: &[char]) -> bool {
    before.last().is_some_and(|&c| is_pictograph(c))
}

fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Between a digit, `#` or `*` and the key around it.
fn is_in_keycap(before: &[char], after: &[char]) -> bool {
    matches!(before, [.., '0'..='9' | '#' | '*']) && matches!(after, [KEYCAP, ..])
}

/// In a complete flag that is written with tags. `rest` begins with a tag.
fn is_in_flag(before: &[char], rest: &[char]) -> bool {
    let is_tag = |c: &char| matches!(c, '\u{E0020}'..='\u{E007F}');
    let Some(base) = before.iter().rposition(|c| !is_tag(c)) else { return false };
    let sequence = before.iter().skip(base).chain(rest.iter().take_while(|c| is_tag(c)));
    let sequence: Vec<char> = sequence.copied().collect();
    let is_sequence_of = |flag: &&str| {
        let letters = flag.bytes().map(|letter| char::from_u32(0xE0000 + u32::from(letter)));
        let whole = [Some(FLAG)].into_iter().chain(letters).chain([Some('\u{E007F}')]);
        whole.eq(sequence.iter().copied().map(Some))
    };
    FLAG_TAGS.iter().any(is_sequence_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joiner_is_accepted_where_a_script_or_an_emoji_needs_it() {
        for (case, text) in [
            ("Sinhala, after a virama", "ශ්\u{200D}රී ලංකා"),
            ("Persian, between joining letters", "نرم\u{200C}افزار"),
            ("Persian, beside a vowel mark", "نرمِ\u{200C}افزار"),
            ("Hindi, after a virama", "क्\u{200C}ष"),
            ("heart in its emoji form", "Ada ❤\u{FE0F}"),
            ("heart in its text form", "Ada ❤\u{FE0E}"),
            ("rainbow flag", "🏳\u{FE0F}\u{200D}🌈 Team"),
            ("scientist with a skin tone", "👩🏽\u{200D}🔬"),
            ("family", "👨\u{200D}👩\u{200D}👧"),
            ("keycap", "Team 1\u{FE0F}\u{20E3}"),
            ("national flag", "🇨🇭"),
            ("flag of Scotland", "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}"),
        ] {
            assert_eq!(first_invisible(text), None, "{case}");
            assert_eq!(without_invisible(text), text, "{case}");
        }
    }

    #[test]
    fn joiner_is_refused_where_it_changes_nothing_that_a_reader_sees() {
        for (case, text, without) in [
            ("in Latin text", "Ad\u{200D}min", "Admin"),
            ("between Latin letters", "Ad\u{200C}min", "Admin"),
            ("at the beginning", "\u{200D}ශ", "ශ"),
            ("at the end", "නිමල්\u{200D}", "නිමල්"),
            ("between words", "නිමල්\u{200D} නිමල්", "නිමල් නිමල්"),
            ("doubled after a virama", "ශ්\u{200D}\u{200D}රී", "ශ්රී"),
            ("doubled between letters", "نرم\u{200C}\u{200C}افزار", "نرمافزار"),
            ("between letters that do not join", "دا\u{200C}د", "داد"),
            ("after one emoji", "👩\u{200D}", "👩"),
            ("form of a letter", "A\u{FE0F}da", "Ada"),
            ("form of a digit", "1\u{FE0F}", "1"),
            ("form twice", "❤\u{FE0F}\u{FE0F}", "❤\u{FE0F}"),
            ("tags without a flag", "Ada\u{E0067}\u{E007F}", "Ada"),
            ("tags of no flag", "🏴\u{E0067}\u{E007F}", "🏴"),
            ("override of the direction", "Ada\u{202E}", "Ada"),
        ] {
            assert!(first_invisible(text).is_some(), "{case}");
            assert_eq!(without_invisible(text), without, "{case}");
            assert_eq!(first_invisible(without), None, "{case}");
        }
    }
}
