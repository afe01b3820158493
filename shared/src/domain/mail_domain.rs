//! Mail domains: the part of an e-mail address after the `@`. An organization can approve them
//! (ORG2).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Email;

/// A domain in ASCII (IDNA) and lower case, with several labels and without a root dot. A domain
/// does not include its subdomains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailDomain(String);

impl MailDomain {
    /// Parses a domain with the rules of [`Email::parse`]. `None` if it is invalid, or has white
    /// space around it.
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() != text {
            return None;
        }
        Email::parse(&format!("x@{text}")).ok().map(|email| Self::of(&email))
    }

    /// The domain of an address.
    pub fn of(email: &Email) -> Self {
        Self(email.domain().to_owned())
    }

    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the domain belongs to a public mail provider, where anyone can register an address.
    pub fn is_public(&self) -> bool {
        public_domains().any(|domain| domain == self.as_str())
    }
}

impl fmt::Display for MailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Domains of public mail providers. An address there proves no relation to an organization. The
/// list need not be complete, because a user manager decides about each join request.
fn public_domains() -> impl Iterator<Item = &'static str> {
    PUBLIC.lines().filter(|line| !line.starts_with('#'))
}

/// A domain a line. The lines that begin with `#` name the packages that the list comes from;
/// `infra/public-mail-domains/refresh` writes it.
const PUBLIC: &str = include_str!("public_mail_domains.txt");

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<String> {
        MailDomain::parse(text).map(|domain| domain.to_string())
    }

    #[test]
    fn domain_is_normalized() {
        assert_eq!(parse("Example.COM").as_deref(), Some("example.com"));
        assert_eq!(parse("BÜCHER.example"), parse("xn--bcher-kva.example"));
        let of_address = MailDomain::of(&Email::parse("ada@bücher.example").unwrap());
        assert_eq!(MailDomain::parse("bücher.example"), Some(of_address));
    }

    #[test]
    fn invalid_domain_is_not_parsed() {
        for text in [
            "",
            "example",
            "example.com.",
            ".example.com",
            "example..com",
            "*.example.com",
            "@example.com",
            "ada@example.com",
            "example.com/x",
            "exam ple.com",
            "example\u{ff0e}com",
            "-a.com",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn public_providers_are_listed_in_normal_form() {
        for domain in public_domains() {
            assert_eq!(parse(domain).as_deref(), Some(domain));
        }
        assert!(public_domains().is_sorted_by(|one, other| one < other), "sorted and unique");
    }

    #[test]
    fn list_names_its_sources() {
        let sources: Vec<_> = PUBLIC.lines().filter(|line| line.contains("(npm)")).collect();
        assert_eq!(sources.len(), 2);
        for source in sources {
            assert!(source.ends_with(" license") && source.contains(", 20"), "{source}");
        }
    }

    #[test]
    fn domains_where_everyone_can_get_an_address_are_public() {
        for domain in [
            "GMail.com",
            "privaterelay.appleid.com",
            "icloud.com",
            "att.net",
            "o2.pl",
            "yandex.ru",
            "proton.me",
            "gmx.ch",
            "web.de",
            "orange.fr",
            "libero.it",
            "naver.com",
            "qq.com",
            "duck.com",
            "mailinator.com",
        ] {
            assert!(MailDomain::parse(domain).unwrap().is_public(), "{domain}");
        }
        for domain in ["gmail.com.example", "example.com", "bt.com", "mail.gmail.com"] {
            assert!(!MailDomain::parse(domain).unwrap().is_public(), "{domain}");
        }
    }
}
