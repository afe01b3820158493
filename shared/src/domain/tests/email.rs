//! Addresses in normal form: INV3.

use super::*;
use crate::domain::text::tests::every_character_of_interest;

fn parse(text: &str) -> Result<String, EmailError> {
    Email::parse(text).map(String::from)
}

#[test]
fn address_is_trimmed_and_lower_cased() {
    assert_eq!(parse(" Ada@Example.COM\n").unwrap(), "ada@example.com");
}

#[test]
fn dots_and_plus_tags_stay() {
    assert_eq!(parse("a.d.a+x@gmail.com").unwrap(), "a.d.a+x@gmail.com");
}

#[test]
fn address_stands_without_a_name() {
    for text in ["Ada <ada@example.com>", "<ada@example.com>", "\"L, A\" <ada@example.com> "] {
        assert_eq!(parse(text), Err(EmailError::WithName), "{text}");
    }
}

#[test]
fn sign_in_name_of_a_guest_is_no_address() {
    for mark in ["#EXT#", "#ext#"] {
        let text = format!("ada_example.com{mark}@acme.onmicrosoft.com");
        assert_eq!(parse(&text), Err(EmailError::GuestSignInName));
    }
    assert!(parse("a#ext#b@example.com").is_ok());
}

#[test]
fn local_part_is_ascii() {
    for c in "é\u{212A}\u{17F}\u{130}ﬁ①ｋ²".chars() {
        assert_eq!(parse(&format!("a{c}b@example.com")), Err(EmailError::LocalNotAscii(c)));
    }
    let refused = parse("jos\u{E9}@example.com").unwrap_err();
    insta::assert_snapshot!(refused, @"the address contains “é” (U+00E9) before the @, and mail can carry only ASCII there: use an address in ASCII letters");
}

#[test]
fn no_character_becomes_another_address() {
    for c in every_character_of_interest().filter(|c| !c.is_ascii() && !c.is_whitespace()) {
        assert!(parse(&format!("a{c}@example.com")).is_err(), "{c:?}");
        if let Ok(email) = parse(&format!("a@exam{c}ple.com")) {
            assert!(email.starts_with("a@xn--exa"), "{c:?}: {email}");
        }
    }
}

#[test]
fn plain_domains_are_read_like_every_domain() {
    let long = "a".repeat(63);
    for domain in [
        "example.com",
        "EXAMPLE.Com",
        "a.b",
        "a-b.c1",
        "1.2",
        "xn--bcher-kva.example",
        "localhost",
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "-a.b",
        "a-.b",
        "a--b.c",
        "ab--c.d",
        "a_b.c",
        "a b.c",
        "a/b.c",
        &format!("{long}.com"),
        &format!("{long}a.com"),
        &[&*long; 4].join("."),
    ] {
        assert_eq!(ascii_domain(domain), idna2008::to_ascii(domain), "{domain}");
    }
}

#[test]
fn domain_is_converted_to_ascii() {
    let email = Email::parse("ada@BÜCHER.example").unwrap();
    assert_eq!(email.domain(), "xn--bcher-kva.example");
    assert_eq!(parse("ada@xn--bcher-kva.example").unwrap(), email.as_str());
}

#[test]
fn full_width_at_sign_is_refused() {
    assert_eq!(parse("ada＠example.com"), Err(EmailError::Lookalike('＠')));
    assert_eq!(parse("ada＠evil.com@example.com"), Err(EmailError::Lookalike('＠')));
}

#[test]
fn lookalike_of_punctuation_is_refused() {
    for c in "﹫．，；：＜＞＂（）［］＼｀\u{37E}\u{1FEF}…⒈".chars() {
        assert_eq!(parse(&format!("a{c}b@example.com")), Err(EmailError::Lookalike(c)));
        assert_eq!(parse(&format!("ab@exam{c}ple.com")), Err(EmailError::Lookalike(c)));
    }
}

#[test]
fn address_has_exactly_one_at_sign() {
    for text in ["", "ada", "ada@example.com@evil.com", "@@example.com"] {
        assert_eq!(parse(text), Err(EmailError::NotOneAt), "{text}");
    }
    assert_eq!(parse("@example.com"), Err(EmailError::NoLocalPart));
}

#[test]
fn punctuation_of_mail_headers_is_refused() {
    for c in r#",;:<>"()[]\"#.chars() {
        assert_eq!(parse(&format!("a{c}b@example.com")), Err(EmailError::Forbidden(c)));
        assert_eq!(parse(&format!("ab@exam{c}ple.com")), Err(EmailError::Domain));
    }
}

#[test]
fn invisible_character_is_refused() {
    for c in "\0\r\n\t \u{A0}\u{AD}\u{200B}\u{202E}\u{2028}\u{3000}\u{FEFF}\u{E0041}".chars() {
        assert_eq!(parse(&format!("a{c}b@example.com")), Err(EmailError::Forbidden(c)));
        assert_eq!(parse(&format!("ab@exam{c}ple.com")), Err(EmailError::Forbidden(c)));
    }
}

#[test]
fn domain_has_several_labels_and_no_root_dot() {
    let long = format!("{}.com", "a".repeat(64));
    for domain in [
        "",
        "localhost",
        "a..com",
        ".com",
        "com.",
        "a.com.",
        "-a.com",
        "a_b.com",
        "xn--a.com",
        "127.0.0.1",
        "a.123",
        &long,
    ] {
        assert_eq!(parse(&format!("ada@{domain}")), Err(EmailError::Domain), "{domain}");
    }
}

#[test]
fn address_has_at_most_254_bytes_and_64_before_the_at_sign() {
    let labels = "a".repeat(62) + "." + &"b".repeat(62) + "." + &"c".repeat(60) + ".d";
    let local = "x".repeat(64);
    assert_eq!(parse(&format!("{local}@{labels}e")).unwrap().len(), 254);
    assert_eq!(parse(&format!("{local}@{labels}ef")), Err(EmailError::TooLong));
    assert_eq!(parse(&format!("{local}x@example.com")), Err(EmailError::TooLong));
    assert_eq!(parse(&"x".repeat(10_000)), Err(EmailError::TooLong));
}

#[test]
fn normalizing_is_idempotent_for_every_character() {
    for c in every_character_of_interest() {
        for text in [format!("A{c}b@example.com"), format!("a@b{c}c.example")] {
            let Ok(email) = Email::parse(&text) else { continue };
            assert_eq!(Email::parse(email.as_str()), Ok(email.clone()), "{text:?}");
            assert!(email.as_str().is_ascii(), "{text:?}");
        }
    }
}

#[test]
fn address_serializes_as_a_string_and_is_checked_when_deserialized() {
    let email: Email = serde_json::from_str(r#""Ada@Example.com""#).unwrap();
    assert_eq!(serde_json::to_string(&email).unwrap(), r#""ada@example.com""#);
    let refused = serde_json::from_str::<Email>(r#""ada""#).unwrap_err();
    assert_eq!(refused.to_string(), EmailError::NotOneAt.to_string());
}
