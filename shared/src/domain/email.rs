//! E-mail addresses in their normal form, which is compared and stored (INV3).

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{character, idna2008, invisible::is_invisible};

/// An e-mail address in normal form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// Why an address is invalid. The texts never repeat the address, because logs can contain them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// The address is too long (RFC 5321, section 4.5.3.1).
    #[error("the address is too long: use at most 254 bytes, and at most 64 before the @")]
    TooLong,
    /// The address has no `@` or several.
    #[error("an address has exactly one @: enter it like name@example.com")]
    NotOneAt,
    /// The address has no local part.
    #[error("the part before the @ is missing: enter the address like name@example.com")]
    NoLocalPart,
    /// The address contains a character that is not allowed.
    #[error("the address contains {}: remove it", character::in_words(*.0))]
    Forbidden(char),
    /// The address follows a name, as mail programs show it.
    #[error("enter the address alone, without the name")]
    WithName,
    /// The text is the user principal name of a guest in Entra ID, which is no mailbox.
    #[error(
        "#EXT# marks the sign-in name of a guest, not an address: enter the guest's own address"
    )]
    GuestSignInName,
    /// The local part contains a character that is not ASCII.
    #[error(
        "the address contains {} before the @, and mail can carry only ASCII there: use an address in \
         ASCII letters",
        character::in_words(*.0)
    )]
    LocalNotAscii(char),
    /// The address contains a character that other software normalizes to punctuation.
    #[error(
        "the address contains {}, which looks like a punctuation mark: enter the plain mark instead",
        character::in_words(*.0)
    )]
    Lookalike(char),
    /// The part after the `@` is not a domain name.
    #[error(
        "the part after the @ is not a domain name: enter it like example.com, in letters, digits \
         and hyphens"
    )]
    Domain,
}

/// An address that is longer than this before normalization is too long after it, too.
const MAX_RAW_BYTES: usize = 4 * MAX_EMAIL;
/// The most bytes of an address (RFC 5321, section 4.5.3.1).
pub const MAX_EMAIL: usize = 254;
/// The most bytes before the `@`.
pub const MAX_EMAIL_LOCAL: usize = 64;
const MAX_DOMAIN_BYTES: usize = 253;

impl Email {
    /// Parses an address and normalizes it (INV3): trimmed, in lower case, the domain in ASCII (IDNA
    /// 2008). Dots and plus-tags stay. No character that is not ASCII becomes an ASCII one.
    ///
    /// # Errors
    /// - [`EmailError::TooLong`] for more than 254 bytes, or more than 64 before the `@`.
    /// - [`EmailError::WithName`] for `Name <address>`.
    /// - [`EmailError::Forbidden`] for a control, white-space or invisible character, or for
    ///   punctuation of mail headers before the `@`.
    /// - [`EmailError::Lookalike`] for a character that NFKC turns into punctuation.
    /// - [`EmailError::LocalNotAscii`] for another character before the `@` that is not ASCII.
    /// - [`EmailError::NotOneAt`], [`EmailError::NoLocalPart`] or [`EmailError::Domain`] for an
    ///   address that is not `local@domain` with a domain of several labels.
    /// - [`EmailError::GuestSignInName`] for `…#EXT#@…`.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        if text.len() > MAX_RAW_BYTES {
            return Err(EmailError::TooLong);
        }
        if text.ends_with('>') && text.contains('<') {
            return Err(EmailError::WithName);
        }
        text.chars().try_for_each(check_character)?;
        let (local, domain) = text.split_once('@').ok_or(EmailError::NotOneAt)?;
        if domain.contains('@') {
            return Err(EmailError::NotOneAt);
        }
        if let Some(c) = local.chars().find(|c| !c.is_ascii()) {
            return Err(EmailError::LocalNotAscii(c));
        }
        if let Some(c) = local.chars().find(|c| r#",;:<>"()[]\@"#.contains(*c)) {
            return Err(EmailError::Forbidden(c));
        }
        if local.is_empty() {
            return Err(EmailError::NoLocalPart);
        }
        let local = local.to_ascii_lowercase();
        if local.ends_with("#ext#") {
            return Err(EmailError::GuestSignInName);
        }

        let domain = ascii_domain(domain).ok_or(EmailError::Domain)?;
        // No top-level domain consists of digits: these are IP addresses (RFC 3696, section 2).
        let top = domain.rsplit_once('.').map(|(_, top)| top);
        if top.is_none_or(|top| top.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(EmailError::Domain);
        }

        let address = format!("{local}@{domain}");
        if local.len() > MAX_EMAIL_LOCAL || address.len() > MAX_EMAIL {
            return Err(EmailError::TooLong);
        }
        Ok(Self(address))
    }

    /// Normalizes the beginning of an address for a search. Letters that are not ASCII stay as they
    /// are, because no address contains them.
    pub fn prefix(text: &str) -> String {
        text.trim().to_ascii_lowercase()
    }

    /// The address in normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the `@`, in ASCII.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// The domain in ASCII (IDNA 2008): labels of 1 to 63 letters, digits and inner hyphens, without a
/// root dot. `None` if it is no domain. A domain that is plain ASCII needs no Unicode tables: every
/// request reads addresses.
fn ascii_domain(domain: &str) -> Option<String> {
    let is_plain = |label: &str| {
        let hyphens = label.starts_with('-') || label.ends_with('-') || label.contains("--");
        let characters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && characters && !hyphens
    };
    if domain.len() <= MAX_DOMAIN_BYTES && domain.split('.').all(is_plain) {
        return Some(domain.to_ascii_lowercase());
    }
    idna2008::to_ascii(domain)
}

/// Refuses invisible characters, and characters that NFKC turns into punctuation of addresses. For
/// example, other software could read a full-width `@` as the separator.
fn check_character(c: char) -> Result<(), EmailError> {
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
}
