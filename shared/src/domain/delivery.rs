//! Whether the mail of an invitation was sent, and whether it came back.
//!
//! An invitation is sent when it is created, and again each time that it is resent. These sendings
//! are numbered. The delivery has no part in the version of the invitation: a bounce is not an
//! edit, so it must not make an `If-Match` fail.

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

/// One sending of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The invitation.
    pub invitation: InvitationId,
    /// 1 for the first sending, 2 for the second. It is the value of [`Invitation::send_count`]
    /// after the sending.
    pub number: u32,
}

/// The stored delivery of an invitation: that of the latest sending which the mail service handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The [`Sending::number`] of this sending.
    #[serde(rename = "sending")]
    pub sending_number: u32,
    /// Its delivery. Never [`Delivery::Waiting`].
    pub delivery: Delivery,
}

impl Invitation {
    /// The last sending.
    pub fn sending(&self) -> Sending {
        Sending { invitation: self.id, number: self.send_count }
    }

    /// The delivery of the last sending. The record of an earlier sending does not count.
    pub fn delivery(&self, record: Option<DeliveryRecord>) -> Delivery {
        let of_last = record.filter(|record| record.sending_number == self.send_count);
        of_last.map_or(Delivery::Waiting, |record| record.delivery)
    }
}
