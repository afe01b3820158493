//! The facts about a sign-in that the security rules use (ORG3).

use std::net::IpAddr;

use jiff::SignedDuration;

/// How and from where the caller of a request signed in. A fact that the token or the network does
/// not provide counts as not satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnContext {
    /// Whether the sign-in used more than one factor.
    pub multi_factor: Result<bool, MissingClaim>,
    /// The time since the sign-in.
    pub sign_in_age: Result<SignedDuration, MissingClaim>,
    /// The IP address that the request comes from.
    pub source_ip: Option<IpAddr>,
}

/// The token lacks the claim with this name, or its value is not valid. The person cannot change
/// that: the identity provider must add the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MissingClaim(pub &'static str);

/// Whether these authentication methods (the token's `amr` claim) are more than one factor.
///
/// They are if one of them is `mfa`, or if two of them are factors of different kinds. A password
/// and a PIN are one factor.
pub fn is_multi_factor(methods: &[String]) -> bool {
    let mut factors = methods.iter().filter_map(|method| factor(method));
    let first = factors.next();
    methods.iter().any(|method| method == "mfa") || factors.any(|other| Some(other) != first)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Factor {
    /// The person knows a secret.
    Knowledge,
    /// The person has a device.
    Possession,
    /// A property of the person's body.
    Inherence,
}

/// The kind of factor that a method of RFC 8176 proves.
///
/// These methods prove none: `geo` (location), `rba` (risk score), `user` (presence test), `mca`
/// (number of channels), `wia` (sign-in to another system).
fn factor(method: &str) -> Option<Factor> {
    match method {
        "kba" | "pin" | "pwd" => Some(Factor::Knowledge),
        "hwk" | "otp" | "pop" | "sc" | "sms" | "swk" | "tel" => Some(Factor::Possession),
        "face" | "fpt" | "iris" | "retina" | "vbm" => Some(Factor::Inherence),
        _ => None,
    }
}
