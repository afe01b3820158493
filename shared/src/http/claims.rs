//! Reads the claims of a token. Identity providers differ in the names and forms of claims;
//! [`TokenClaims`] holds those of this deployment's issuer.

use std::collections::HashMap;

use axum::extract::FromRef;

use super::App;
use crate::domain::{Email, EmailError, EmailFault, MissingClaim};

/// The names of claims and scopes in the tokens of the issuer. The default is that of OpenID
/// Connect and RFC 8176.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenClaims {
    /// The claim with the scopes: a text (RFC 6749, section 3.3) or a list.
    pub scope: &'static str,
    /// The scope of platform operators (OP1).
    pub operator_scope: &'static str,
    /// The scope of services that ask for decisions about other people (ORG6).
    pub decisions_scope: &'static str,
    /// The claim with the e-mail address. The first item of a list counts.
    pub email: &'static str,
    /// The claim that says whether the address is verified. Only `true` and `1` count (INV4).
    pub email_verified: &'static str,
    /// What counts if a token lacks the claim `email_verified`.
    pub emails_verified: EmailsVerified,
    /// The claim with the name that other people see.
    pub name: &'static str,
    /// The claim with the authentication methods (ORG3).
    pub amr: &'static str,
    /// The claim with the time of the sign-in, in seconds since the epoch (ORG3).
    pub auth_time: &'static str,
}

/// Which addresses count as verified (INV4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailsVerified {
    /// Those that the token says are verified.
    Claim,
    /// Also those of a token that does not say it. A token that says `false` stays unverified.
    Always,
}

impl Default for TokenClaims {
    fn default() -> Self {
        Self {
            scope: "scope",
            operator_scope: "operator",
            decisions_scope: "decisions",
            email: "email",
            email_verified: "email_verified",
            emails_verified: EmailsVerified::Claim,
            name: "name",
            amr: "amr",
            auth_time: "auth_time",
        }
    }
}

/// Why names of claims and scopes cannot be used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenClaimsError {
    /// Every service that asks for decisions would be an operator.
    #[error("the operator scope and the decisions scope must differ")]
    SameScopes,
    /// A person who chooses their name or address would choose their scopes.
    #[error(
        "the claim of the scopes must not be `sub`, nor the claim of the address or of the name"
    )]
    ScopeIsPersonal,
    /// A person named `true` or `1` would have a verified address.
    #[error(
        "the claim that verifies the address must not be `sub`, nor the claim of the address or of the name"
    )]
    VerificationIsPersonal,
}

impl TokenClaims {
    /// Checks that the names can be used together.
    ///
    /// # Errors
    ///
    /// The reason why not.
    pub fn check(self) -> Result<Self, TokenClaimsError> {
        if self.operator_scope == self.decisions_scope {
            return Err(TokenClaimsError::SameScopes);
        }
        let personal = ["sub", self.email, self.name];
        if personal.contains(&self.scope) {
            return Err(TokenClaimsError::ScopeIsPersonal);
        }
        if personal.contains(&self.email_verified) {
            return Err(TokenClaimsError::VerificationIsPersonal);
        }
        Ok(self)
    }
}

impl FromRef<App> for TokenClaims {
    fn from_ref(app: &App) -> Self {
        app.claims
    }
}

/// The claims of one token, each a text as API Gateway writes it.
pub(super) struct Token<'a> {
    /// The names of the claims.
    pub names: TokenClaims,
    /// The texts of the claims.
    pub claims: &'a HashMap<String, String>,
}

impl<'a> Token<'a> {
    /// The text of a claim.
    pub(super) fn claim(&self, name: &str) -> Option<&'a str> {
        self.claims.get(name).map(String::as_str)
    }

    /// The verified address.
    ///
    /// # Errors
    ///
    /// Why the token has no address that counts.
    pub(super) fn email(&self) -> Result<Email, EmailFault> {
        let names = self.names;
        let missing = EmailFault::Missing(MissingClaim(names.email));
        let address = self.claim(names.email).filter(|text| !matches!(*text, "" | "[]"));
        let address = address.ok_or(missing)?;
        let is_verified = match self.claim(names.email_verified) {
            Some(verified) => says_verified(verified),
            None if names.emails_verified == EmailsVerified::Always => true,
            None => {
                return Err(EmailFault::VerificationUnknown(MissingClaim(names.email_verified)));
            }
        };
        if !is_verified {
            return Err(EmailFault::NotVerified { claim: names.email_verified });
        }
        first_address(address)
    }

    /// The address, verified or not.
    pub(super) fn address(&self) -> Option<Email> {
        self.claim(self.names.email).and_then(|claim| first_address(claim).ok())
    }

    /// The scopes.
    pub(super) fn scopes(&self) -> Vec<String> {
        self.claim(self.names.scope).map(list).unwrap_or_default()
    }

    /// The authentication methods.
    pub(super) fn amr(&self) -> Vec<String> {
        self.claim(self.names.amr).map(list).unwrap_or_default()
    }

    /// The time of the sign-in, in seconds since the epoch. It may have a fraction (RFC 7519,
    /// section 2).
    pub(super) fn auth_time(&self) -> Option<i64> {
        let claim = self.claim(self.names.auth_time)?;
        let (seconds, fraction) = claim.split_once('.').unwrap_or((claim, ""));
        fraction.bytes().all(|byte| byte.is_ascii_digit()).then(|| seconds.parse().ok())?
    }
}

/// Whether the text of the claim means that the address is verified. Entra ID sends `xms_edov` as
/// `true` or as `1`. The issuer writes the claim, so a person cannot choose between the two.
fn says_verified(text: &str) -> bool {
    matches!(text, "true" | "1")
}

/// The address of a claim: its text, or the first item of a list.
///
/// The gateway does not mark where an item of a list ends, so each item of a list must be an
/// address. An address never begins with a bracket.
fn first_address(claim: &str) -> Result<Email, EmailFault> {
    let items = claim.strip_prefix('[').and_then(|claim| claim.strip_suffix(']'));
    let parsed = match items {
        Some(items) => items.split(' ').map(Email::parse).collect::<Result<Vec<_>, _>>(),
        None => Email::parse(claim).map(|address| vec![address]),
    };
    let addresses = parsed.map_err(EmailFault::Unusable)?;
    addresses.into_iter().next().ok_or(EmailFault::Unusable(EmailError::NotOneAt))
}

/// The items of a claim: separated by single spaces (RFC 6749, section 3.3), or a JSON array, which
/// the gateway writes as `[a b]`. A claim of another form has no items. An item that is no scope
/// token, such as the name of a group in another script, is left out: it can be none of those that
/// are looked for.
fn list(claim: &str) -> Vec<String> {
    let inner = claim.strip_prefix('[').and_then(|claim| claim.strip_suffix(']'));
    let is_list = match inner {
        // A bracket within the array would be another array or an object.
        Some(inner) => !inner.contains(['[', ']']),
        None => !claim.starts_with('[') && !claim.ends_with(']'),
    };
    // An object as JSON has both characters.
    if !is_list || (claim.contains('{') && claim.contains('"')) {
        return Vec::new();
    }
    let items = inner.unwrap_or(claim).split(' ').filter(|item| is_scope(item));
    items.map(str::to_owned).collect()
}

/// Whether the text can be a scope (RFC 6749, section 3.3).
pub(crate) fn is_scope(text: &str) -> bool {
    let is_scope_byte = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    !text.is_empty() && text.bytes().all(is_scope_byte)
}
