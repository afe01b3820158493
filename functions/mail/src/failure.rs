//! The meaning of SES's errors: whether a mail ends, or waits and why.
//!
//! SES reports one condition under several codes, and several conditions under one code, so the
//! text counts too. The codes are those of `SendEmail` in version 2 of the API, and those that the
//! service documents for sending in general. Sources: the API reference of `SendEmail`, "Amazon SES
//! email sending errors" and "Errors related to the sending quotas" in the developer guide.

use shared::domain::Delivery;

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// The recipient can never get this mail. It ends.
    Recipient {
        /// [`Delivery::Bounced`] or [`Delivery::Suppressed`].
        delivery: Delivery,
        /// The error code.
        code: String,
    },
    /// The mail waits, and is tried again.
    Waits {
        /// What it waits for.
        cause: WaitCause,
        /// The error code and, without addresses, the message.
        code: String,
    },
    /// The call reached the mail service, which did not answer in time. The mail may have been
    /// sent.
    Unanswered {
        /// The failure of the connection.
        code: String,
    },
}

/// What a mail waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitCause {
    /// The account or its configuration allows no mail, until its owner changes that.
    Account,
    /// The account is in the SES sandbox, which sends to verified addresses only, until its owner
    /// changes that.
    Sandbox,
    /// The service or the network fails, or the account sends too fast. A later try can succeed.
    Service,
    /// An error that this version does not know. It may concern this mail alone.
    Unknown,
}

impl WaitCause {
    /// Whether the owner of the account must act before mail is sent.
    pub(crate) fn blocks_account(self) -> bool {
        matches!(self, Self::Account | Self::Sandbox)
    }

    /// Whether other mails fail too, so that trying them now is useless.
    pub(crate) fn stops_batch(self) -> bool {
        matches!(self, Self::Account | Self::Service)
    }
}

/// An error response of SES.
#[derive(Clone, Copy, Debug)]
pub struct ErrorResponse<'a> {
    /// The error code; empty if the response has none.
    pub code: &'a str,
    /// The message; empty if the response has none.
    pub message: &'a str,
    /// The HTTP status.
    pub status: u16,
}

/// The beginnings of messages about an address that is malformed.
const MALFORMED: [&str; 12] = [
    "domain contains",
    "domain ends",
    "domain starts",
    "illegal address",
    "illegal character",
    "illegal whitespace",
    "invalid domain name",
    "local address",
    "missing domain",
    "missing final '@domain'",
    "missing local name",
    "user name is missing",
];

impl SendFailure {
    /// The failure that a response means for a mail from the address `sender`. From the narrowest
    /// meaning to the widest: the recipient, the message, then the code and the status alone.
    pub fn from_response(response: ErrorResponse<'_>, sender: &str) -> Self {
        let ErrorResponse { code, message, status } = response;
        let text = message.to_ascii_lowercase();
        // Clients know some codes with this end and some without.
        let name = code.trim_end_matches("Exception");
        if let Some(delivery) = end_for_recipient(name, &text) {
            return Self::Recipient { delivery, code: code.to_owned() };
        }
        let cause = cause_by_message(&text, sender).unwrap_or_else(|| cause_by_code(name, status));
        Self::Waits { cause, code: format!("{code}: {}", without_addresses(message)) }
    }

    /// The failure of a call that did not reach the service.
    pub fn unreachable(cause: &str) -> Self {
        Self::Waits { cause: WaitCause::Service, code: cause.to_owned() }
    }
}

/// The delivery of a mail that its recipient can never get, by a code without `Exception` and a
/// message in lower case.
fn end_for_recipient(name: &str, message: &str) -> Option<Delivery> {
    let about_input = ["BadRequest", "InvalidParameterValue", "Validation"].contains(&name);
    if about_input && MALFORMED.iter().any(|start| message.starts_with(start)) {
        return Some(Delivery::Bounced);
    }
    let suppressed = ["suppression list", "blacklisted"].iter().any(|part| message.contains(part));
    suppressed.then_some(Delivery::Suppressed)
}

/// What a message says when the account or its configuration set cannot send, under whichever code.
const ACCOUNT_CANNOT_SEND: [&str; 5] = [
    "daily message quota",
    "sending quota",
    "sending paused",
    "sending suspended",
    "sending is disabled",
];

/// The cause by a message in lower case; `None` if the message names none.
fn cause_by_message(message: &str, sender: &str) -> Option<WaitCause> {
    let has = |part: &str| message.contains(part);
    if has("address is not verified") {
        let is_sender = names_sender(message, sender);
        Some(if is_sender { WaitCause::Account } else { WaitCause::Sandbox })
    } else if ACCOUNT_CANNOT_SEND.into_iter().any(has) {
        Some(WaitCause::Account)
    } else if has("maximum sending rate") {
        Some(WaitCause::Service)
    } else {
        None
    }
}

/// The cause by a code without `Exception`, else by the status.
fn cause_by_code(name: &str, status: u16) -> WaitCause {
    match name {
        "AccessDenied"
        | "AccountSendingPaused"
        | "AccountSuspended"
        | "ConfigurationSetDoesNotExist"
        | "ConfigurationSetSendingPaused"
        | "LimitExceeded"
        | "MailFromDomainNotVerified"
        | "NotFound"
        | "SendingPaused" => WaitCause::Account,
        "ConcurrentModification"
        | "Conflict"
        | "RequestExpired"
        | "RequestTimeout"
        | "Throttling"
        | "TooManyRequests" => WaitCause::Service,
        _ => match status {
            401 | 403 => WaitCause::Account,
            429 | 500.. => WaitCause::Service,
            _ => WaitCause::Unknown,
        },
    }
}

/// Whether a message names the sender: its address, or its domain as an identity.
fn names_sender(message: &str, sender: &str) -> bool {
    let sender = sender.to_ascii_lowercase();
    let domain = sender.split_once('@').map_or("", |(_, domain)| domain);
    let mut words = message.split(|c: char| c.is_whitespace() || ",<>:".contains(c));
    words.any(|word| word == sender || word == domain)
}

/// The message without addresses: those of recipients must not be logged.
fn without_addresses(message: &str) -> String {
    let words = message.split_whitespace();
    let words = words.map(|word| if word.contains('@') { "(address)" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "failure/tests.rs"]
mod tests;
