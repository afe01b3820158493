//! Free text: names, descriptions and comments.

use super::*;

/// All characters, except the ideographs and unassigned planes that normalize to themselves.
pub(in crate::domain) fn every_character_of_interest() -> impl Iterator<Item = char> {
    let compatibility_ideographs = '\u{2F800}'..='\u{2FA1F}';
    let last = '\u{E0000}'..='\u{E0FFF}';
    ('\0'..='\u{33FF}').chain('\u{A000}'..='\u{1FFFF}').chain(compatibility_ideographs).chain(last)
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
    for (with, without) in
        [("نرم\u{200C}افزار", "نرمافزار"), ("ශ්\u{200D}රී ලංකා", "ශ්රී ලංකා"), ("Ada ❤\u{FE0F}", "ada ❤")]
    {
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
