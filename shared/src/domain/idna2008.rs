//! Domains with letters beyond ASCII (IDNA 2008, RFC 5891 to 5893).
//!
//! The crate `idna` implements UTS 46, which maps and accepts more: symbols, emoji, and letters
//! such as the Kelvin sign that become ASCII. This module accepts a domain only if the crate
//! changes nothing but its case, and each character is allowed by RFC 5892.

use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, Script},
};
use unicode_normalization::UnicodeNormalization;

/// The domain in ASCII and lower case: labels of 1 to 63 bytes, without a root dot. `None` if it is
/// no domain.
pub(super) fn to_ascii(domain: &str) -> Option<String> {
    if domain.chars().any(becomes_ascii) {
        return None;
    }
    let normal: String = domain.nfc().collect();
    let ascii = idna::domain_to_ascii_strict(&normal).ok()?;
    let (unicode, valid) = idna::domain_to_unicode(&ascii);
    valid.ok()?;
    let same = normal.split('.').count() == unicode.split('.').count()
        && normal.split('.').zip(unicode.split('.')).all(|(given, read)| is_same(given, read));
    (same && unicode.split('.').all(is_u_label)).then_some(ascii)
}

/// Whether a character that is not ASCII is ASCII, or contains it, in lower case or in NFC.
fn becomes_ascii(c: char) -> bool {
    !c.is_ascii() && c.to_lowercase().chain([c].into_iter().nfc()).any(|other| other.is_ascii())
}

/// Whether reading changed nothing but the case of a label. Labels in their ASCII form are decoded,
/// and the letters of some scripts are capitals in normal form.
fn is_same(given: &str, read: &str) -> bool {
    let lower = || given.chars().flat_map(char::to_lowercase).nfc();
    given.is_ascii() || given == read || lower().eq(read.chars())
}

/// Whether each character of a label is allowed (RFC 5892). The crate `idna` has checked joiners,
/// direction, hyphens and length.
fn is_u_label(label: &str) -> bool {
    let chars: Vec<char> = label.chars().collect();
    chars.iter().enumerate().all(|(at, &c)| is_allowed(c) || is_allowed_in(&chars, at, c))
}

/// RFC 5892, section 3: letters, marks and digits, without the blocks and characters that the RFC
/// excludes. Characters that normalization changes do not get here.
fn is_allowed(c: char) -> bool {
    use GeneralCategory as G;
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '-';
    }
    match c {
        // Section 2.6: exceptions.
        'ß' | 'ς' | '\u{6FD}' | '\u{6FE}' | '\u{F0B}' | '\u{3007}' => true,
        '\u{640}' | '\u{7FA}' | '\u{302E}' | '\u{302F}' | '\u{3031}'..='\u{3035}' | '\u{303B}'
        // Section 2.5: marks for symbols and music. Section 2.9: old Hangul letters.
        | '\u{20D0}'..='\u{20FF}'
        | '\u{1D100}'..='\u{1D24F}'
        | '\u{1100}'..='\u{11FF}'
        | '\u{A960}'..='\u{A97C}'
        | '\u{D7B0}'..='\u{D7FB}'
        // Appendix A.8, A.9: these digits depend on the label.
        | '\u{660}'..='\u{669}'
        | '\u{6F0}'..='\u{6F9}' => false,
        _ => matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            G::LowercaseLetter
                | G::UppercaseLetter
                | G::OtherLetter
                | G::ModifierLetter
                | G::NonspacingMark
                | G::SpacingMark
                | G::DecimalNumber
        ),
    }
}

/// RFC 5892, appendix A: characters that are allowed in some labels.
fn is_allowed_in(label: &[char], at: usize, c: char) -> bool {
    let (before, rest) = label.split_at(at);
    let after = rest.get(1..).unwrap_or_default();
    let script = |c: &char| CodePointMapData::<Script>::new().get(*c);
    let is_japanese =
        |c: &char| matches!(script(c), Script::Hiragana | Script::Katakana | Script::Han);
    match c {
        // The crate has checked the joiners.
        '\u{200C}' | '\u{200D}' => true,
        '\u{B7}' => before.last() == Some(&'l') && after.first() == Some(&'l'),
        '\u{375}' => after.first().is_some_and(|next| script(next) == Script::Greek),
        '\u{5F3}' | '\u{5F4}' => before.last().is_some_and(|last| script(last) == Script::Hebrew),
        '\u{30FB}' => label.iter().any(is_japanese),
        '\u{660}'..='\u{669}' => !label.iter().any(|c| matches!(c, '\u{6F0}'..='\u{6F9}')),
        '\u{6F0}'..='\u{6F9}' => !label.iter().any(|c| matches!(c, '\u{660}'..='\u{669}')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::tests::every_character_of_interest;

    #[test]
    fn letters_marks_and_digits_of_every_script_are_converted() {
        for (domain, ascii) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("XN--Bcher-KVA.example", "xn--bcher-kva.example"),
            ("straße.example", "xn--strae-oqa.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("ශ්\u{200D}රී.example", "xn--10cl1a0b660p.example"),
            ("paral·lel.example", "xn--parallel-koa.example"),
            ("ナ・ギ.example", "xn--ockvcvh.example"),
            ("उदाहरण.example", "xn--p1b6ci4b4b3a.example"),
        ] {
            assert_eq!(to_ascii(domain).as_deref(), Some(ascii), "{domain}");
        }
    }

    #[test]
    fn symbols_and_foreign_forms_are_refused() {
        for (case, domain) in [
            ("symbol", "★.example"),
            ("symbol in its ASCII form", "xn--p3h.example"),
            ("emoji", "i❤.example"),
            ("emoji in its ASCII form", "xn--i-7iq.example"),
            ("quotation mark", "example.com’"),
            ("Kelvin sign", "example.\u{212A}om"),
            ("dotted capital I", "\u{130}.example"),
            ("long s", "\u{17F}.example"),
            ("full width", "ｅｘａｍｐｌｅ.com"),
            ("full-width dot", "example．com"),
            ("ideographic dot", "example。com"),
            ("ligature", "ﬁ.example"),
            ("digit in a circle", "①.example"),
            ("superscript", "x².example"),
            ("roman numeral", "Ⅷ.example"),
            ("invisible", "exam\u{AD}ple.com"),
            ("joiner in Latin text", "a\u{200D}b.example"),
            ("middle dot elsewhere", "a·b.example"),
            ("katakana dot alone", "a・b.example"),
            ("two kinds of Arabic digits", "ا\u{660}\u{6F0}.example"),
            ("tatweel", "ا\u{640}ب.example"),
            ("unassigned", "a\u{378}.example"),
        ] {
            assert_eq!(to_ascii(domain), None, "{case}");
        }
    }

    #[test]
    fn no_character_becomes_ascii() {
        for c in every_character_of_interest().filter(|c| !c.is_ascii()) {
            let domain = format!("a{c}b.example");
            let Some(ascii) = to_ascii(&domain) else { continue };
            assert!(ascii.starts_with("xn--"), "{c:?} in {domain} became {ascii}");
            assert_eq!(to_ascii(&ascii), Some(ascii.clone()), "{c:?}");
        }
    }
}
