//! E-mail addresses, in the one form in which they are compared and stored (INV3). It never finds
//! out whether anybody reads the mail.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::is_invisible;

/// An e-mail address in normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Why an address was refused. None of these repeats the address: it may end in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// It is longer than mail can carry.
    #[error("the address is too long: use at most 254 bytes, of which 64 before the @")]
    TooLong,
    /// It has no `@`, or several.
    #[error("an address has exactly one @: write it like name@example.com")]
    NotOneAt,
    /// Nothing is before the `@`.
    #[error("nothing is before the @: write the address like name@example.com")]
    NoLocalPart,
    /// It has a character that does not belong into an address.
    #[error("the address contains the character U+{:04X}: remove it", u32::from(*.0))]
    Forbidden(char),
    /// It has a character that becomes another one elsewhere.
    #[error(
        "the address contains the character U+{:04X}, which only looks like another: type the \
         plain one",
        u32::from(*.0)
    )]
    Lookalike(char),
    /// What is after the `@` is no domain.
    #[error("what is after the @ is not a domain name: write it like example.com")]
    Domain,
}

/// An address that fits is not longer than this before it is normalized, either.
const MAX_RAW_BYTES: usize = 4 * MAX_BYTES;
const MAX_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;

impl Email {
    /// Reads an address and normalizes it (INV3).
    ///
    /// 1. It is trimmed, and not absurdly long.
    /// 2. Every character can be seen, is no white space, and is what it looks like.
    /// 3. It has one `@`, something before it, and a domain of several labels after it.
    /// 4. The part before is in lower case and NFC, with no punctuation that mail headers use.
    /// 5. The domain is in ASCII (IDNA), and all of it fits.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > MAX_RAW_BYTES {
            return Err(EmailError::TooLong);
        }
        text.chars().try_for_each(check)?;
        let (local, domain) = text.split_once('@').ok_or(EmailError::NotOneAt)?;
        if domain.contains('@') {
            return Err(EmailError::NotOneAt);
        }

        let local: String = local.nfc().collect::<String>().to_lowercase().nfc().collect();
        // Normalizing must not have made a character that would have been refused.
        local.chars().try_for_each(check)?;
        if let Some(c) = local.chars().find(|c| r#",;:<>"()[]\@"#.contains(*c)) {
            return Err(EmailError::Forbidden(c));
        }
        if local.is_empty() {
            return Err(EmailError::NoLocalPart);
        }

        // Strict: labels of 1 to 63 letters, digits and inner hyphens, and no root dot.
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::Domain)?;
        if !domain.contains('.') {
            return Err(EmailError::Domain);
        }

        let address = format!("{local}@{domain}");
        if local.len() > MAX_LOCAL_BYTES || address.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(Self(address))
    }

    /// The beginning of an address, as it would stand in a normalized one.
    #[must_use]
    pub fn prefix(text: &str) -> String {
        text.trim().nfc().collect::<String>().to_lowercase().nfc().collect()
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is after the `@`, in ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Refuses what is unseen, and what software that applies NFKC would turn into punctuation that
/// means something in an address: a full-width `@` passes for a letter here and for `@` there.
fn check(c: char) -> Result<(), EmailError> {
    if c.is_ascii() {
        return if c.is_ascii_graphic() { Ok(()) } else { Err(EmailError::Forbidden(c)) };
    }
    if c.is_whitespace() || is_invisible(c) {
        return Err(EmailError::Forbidden(c));
    }
    if [c].into_iter().nfkc().any(|plain| r#"@.,;:<>"()[]\`"#.contains(plain)) {
        return Err(EmailError::Lookalike(c));
    }
    Ok(())
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::tests::every_character_of_interest;

    fn parse(text: &str) -> Result<String, EmailError> {
        Email::parse(text).map(String::from)
    }

    #[test]
    fn an_address_is_trimmed_and_lower_cased() {
        assert_eq!(parse(" Ada@Example.COM\n").unwrap(), "ada@example.com");
    }

    #[test]
    fn dots_and_plus_tags_stay() {
        assert_eq!(parse("a.d.a+x@gmail.com").unwrap(), "a.d.a+x@gmail.com");
    }

    #[test]
    fn an_accent_has_one_spelling_however_it_was_typed() {
        assert_eq!(parse("JOSE\u{301}@example.com"), parse("jos\u{E9}@example.com"));
    }

    #[test]
    fn a_domain_of_any_script_becomes_ascii() {
        let email = Email::parse("ada@BÜCHER.example").unwrap();
        assert_eq!(email.domain(), "xn--bcher-kva.example");
        assert_eq!(parse("ada@xn--bcher-kva.example").unwrap(), email.as_str());
    }

    #[test]
    fn a_full_width_at_sign_is_not_an_at_sign() {
        assert_eq!(parse("ada＠example.com"), Err(EmailError::Lookalike('＠')));
        assert_eq!(parse("ada＠evil.com@example.com"), Err(EmailError::Lookalike('＠')));
    }

    #[test]
    fn what_only_looks_like_punctuation_is_refused() {
        for c in "﹫．，；：＜＞＂（）［］＼｀\u{37E}\u{1FEF}…⒈".chars() {
            assert_eq!(parse(&format!("a{c}b@example.com")), Err(EmailError::Lookalike(c)));
            assert_eq!(parse(&format!("ab@exam{c}ple.com")), Err(EmailError::Lookalike(c)));
        }
    }

    #[test]
    fn an_address_has_exactly_one_at_sign() {
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
    fn what_cannot_be_seen_is_refused() {
        for c in "\0\r\n\t \u{A0}\u{AD}\u{200B}\u{202E}\u{2028}\u{3000}\u{FEFF}\u{E0041}".chars() {
            assert_eq!(parse(&format!("a{c}b@example.com")), Err(EmailError::Forbidden(c)));
            assert_eq!(parse(&format!("ab@exam{c}ple.com")), Err(EmailError::Forbidden(c)));
        }
    }

    #[test]
    fn a_domain_has_labels_and_no_root_dot() {
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
            &long,
        ] {
            assert_eq!(parse(&format!("ada@{domain}")), Err(EmailError::Domain), "{domain}");
        }
    }

    #[test]
    fn an_address_fits_into_254_bytes_and_64_before_the_at() {
        let labels = "a".repeat(62) + "." + &"b".repeat(62) + "." + &"c".repeat(60) + ".d";
        let local = "x".repeat(64);
        assert_eq!(parse(&format!("{local}@{labels}e")).unwrap().len(), 254);
        assert_eq!(parse(&format!("{local}@{labels}ef")), Err(EmailError::TooLong));
        assert_eq!(parse(&format!("{local}x@example.com")), Err(EmailError::TooLong));
        assert_eq!(parse(&"x".repeat(10_000)), Err(EmailError::TooLong));
    }

    #[test]
    fn normalizing_twice_changes_nothing_for_any_character() {
        for c in every_character_of_interest() {
            for text in [format!("A{c}\u{301}b@example.com"), format!("a@b{c}c.example")] {
                let Ok(email) = Email::parse(&text) else { continue };
                assert_eq!(Email::parse(email.as_str()), Ok(email.clone()), "{text:?}");
                assert!(email.domain().is_ascii(), "{text:?}");
                let elsewhere: String = email.as_str().nfkc().collect();
                assert_eq!(elsewhere.matches('@').count(), 1, "{text:?}");
            }
        }
    }

    #[test]
    fn an_address_is_a_string_on_the_wire_and_is_checked_on_the_way_in() {
        let email: Email = serde_json::from_str(r#""Ada@Example.com""#).unwrap();
        assert_eq!(serde_json::to_string(&email).unwrap(), r#""ada@example.com""#);
        let refused = serde_json::from_str::<Email>(r#""ada""#).unwrap_err();
        assert_eq!(refused.to_string(), EmailError::NotOneAt.to_string());
    }
}
