//! How somebody signed in, as far as a rule asks (ORG3). It never looks at a token.

use std::net::IpAddr;

use jiff::SignedDuration;

/// How a person comes before a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They ask, signed in like this.
    Asking(Session),
    /// Somebody else asks about them, so there is no sign-in of theirs to be judged.
    AskedAbout,
}

/// What a token and the network say of a sign-in. What they do not say counts as unmet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Was there more than one factor?
    pub multi_factor: bool,
    /// How long ago.
    pub age: Option<SignedDuration>,
    /// From where the request came.
    pub from: Option<IpAddr>,
}

/// What somebody proves themselves by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Factor {
    /// Something they know.
    Knowledge,
    /// Something they have.
    Possession,
    /// Something they are.
    Inherence,
}

/// The methods of RFC 8176 that are a factor. Not among them: where somebody is (`geo`), how risky
/// they look (`rba`), that somebody was there (`user`), by how many channels they were asked
/// (`mca`), and that another system had let them in (`wia`).
fn factor(method: &str) -> Option<Factor> {
    match method {
        "kba" | "pin" | "pwd" => Some(Factor::Knowledge),
        "hwk" | "otp" | "pop" | "sc" | "sms" | "swk" | "tel" => Some(Factor::Possession),
        "face" | "fpt" | "iris" | "retina" | "vbm" => Some(Factor::Inherence),
        _ => None,
    }
}

/// Do these authentication methods (`amr`) make more than one factor? They do if they say so
/// (`mfa`), or if two of them are factors of different kinds: two passwords are one.
#[must_use]
pub fn multi_factor(methods: &[String]) -> bool {
    let mut factors = methods.iter().filter_map(|method| factor(method));
    let first = factors.next();
    methods.iter().any(|method| method == "mfa") || factors.any(|other| Some(other) != first)
}
