//! How the mail of an invitation fares: whether it was sent, and whether it came back.
//!
//! The state is kept beside the invitation and is no part of its version: a mail that bounces is no
//! change that a person made, and must not make an `If-Match` fail.

use serde::{Deserialize, Serialize};

use super::{Invitation, InvitationId};

/// The delivery of the last sending of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The mail service has not accepted the mail yet.
    Waiting,
    /// The mail service accepted the mail, and it did not come back.
    Sent,
    /// The mail cannot be delivered to the address.
    Bounced,
    /// The mail service does not send to the address, because an earlier mail to it bounced or was
    /// reported as spam.
    Suppressed,
}

/// One of the sendings of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The invitation.
    pub invitation: InvitationId,
    /// The number of the sending, from 1. It equals the invitation's `send_count` at that time.
    pub number: u32,
}

/// What is known of the latest sending that the mail service has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The number of the sending.
    pub sending: u32,
    /// Its delivery. Never [`Delivery::Waiting`].
    pub delivery: Delivery,
}

impl Invitation {
    /// The last sending.
    pub fn sending(&self) -> Sending {
        Sending { invitation: self.id, number: self.send_count }
    }

    /// The delivery of the last sending. What is known of an earlier one does not count.
    pub fn delivery(&self, known: Option<DeliveryRecord>) -> Delivery {
        let of_last = known.filter(|known| known.sending == self.send_count);
        of_last.map_or(Delivery::Waiting, |known| known.delivery)
    }
}
