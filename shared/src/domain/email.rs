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
    /// Parses an address and normalizes it (INV3): trimmed, in lower case, the domain in ASCII
    /// (IDNA 2008). Dots and plus-tags stay. No character that is not ASCII becomes an ASCII one.
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
#[path = "tests/email.rs"]
mod tests;
