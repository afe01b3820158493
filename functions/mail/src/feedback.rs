//! Reports of SES about mails that it accepted: "Contents of event data" in its developer guide.

use std::collections::HashMap;

use serde::Deserialize;
use shared::{
    domain::{Delivery, RequestContext, Sending},
    metrics::Metric,
    store::Error,
};

use crate::{
    MailService,
    transport::{INVITATION_TAG, ORGANIZATION_TAG, SENDING_TAG},
};

/// A report, as the default event bus passes it on.
#[derive(Debug, Deserialize)]
pub(crate) struct Feedback {
    detail: Detail,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    event_type: String,
    mail: ReportedMail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Debug, Deserialize)]
struct ReportedMail {
    tags: Option<HashMap<String, Vec<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bounce {
    #[serde(rename = "bounceType")]
    kind: Option<String>,
    #[serde(rename = "bounceSubType")]
    sub_kind: Option<String>,
    #[serde(rename = "bouncedRecipients")]
    recipients: Option<Vec<BouncedRecipient>>,
}

#[derive(Debug, Deserialize)]
struct BouncedRecipient {
    /// From a delivery status notification (RFC 3464), in any case; absent from an automatic reply.
    action: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_sub_type: Option<String>,
}

/// The sub-types of mails that SES accepted, but did not send.
const SUPPRESSED: [&str; 3] = ["OnAccountSuppressionList", "Suppressed", "UnsubscribedRecipient"];

impl MailService {
    /// Logs a report, and records the outcome of the mail of an invitation. Reports about other
    /// mails change nothing.
    pub(crate) async fn record_outcome(
        &self,
        context: &RequestContext,
        feedback: &Feedback,
    ) -> Result<(), Error> {
        let Detail { mail, .. } = &feedback.detail;
        feedback.log();
        let (Some(sending), Some(delivery)) = (mail.sending(), feedback.delivery()) else {
            return Ok(());
        };
        self.store.record_delivery(context, sending, delivery).await
    }
}

impl Feedback {
    /// Writes a line about a mail that came back or was marked as spam, and counts it. An automatic
    /// reply is neither.
    fn log(&self) {
        let Detail { event_type, mail, bounce, .. } = &self.detail;
        let metric = match event_type.as_str() {
            "Complaint" => Metric::MailsComplained,
            "Bounce" | "Reject" if self.delivery().is_some() => Metric::MailsBounced,
            _ => return,
        };
        metric.add(1.0);
        let (organization, invitation) = (mail.tag(ORGANIZATION_TAG), mail.tag(INVITATION_TAG));
        let kind = bounce.as_ref().and_then(|it| it.kind.as_deref());
        tracing::info!(organization, invitation, report = event_type, kind, "SES reported a mail");
    }

    /// What the report says of the delivery; `None` if it changes nothing.
    fn delivery(&self) -> Option<Delivery> {
        let Detail { event_type, bounce, complaint, .. } = &self.detail;
        match event_type.as_str() {
            "Bounce" => bounce.as_ref().and_then(Bounce::delivery),
            // A person who complains got the mail. SES also reports a mail as a complaint that it
            // did not send, because the person complained about an earlier one.
            "Complaint" => {
                let sub_type = complaint.as_ref()?.complaint_sub_type.as_deref()?;
                SUPPRESSED.contains(&sub_type).then_some(Delivery::Suppressed)
            }
            "Reject" => Some(Delivery::Bounced),
            _ => None,
        }
    }
}

impl Bounce {
    fn delivery(&self) -> Option<Delivery> {
        let kinds = (self.kind.as_deref(), self.sub_kind.as_deref());
        if kinds.1.is_some_and(|it| SUPPRESSED.contains(&it)) {
            return Some(Delivery::Suppressed);
        }
        // SES reports an automatic reply, such as an out-of-office note, as a bounce of this type.
        let general = kinds == (Some("Transient"), Some("General"));
        let failed = |it: &BouncedRecipient| {
            it.action.as_ref().is_some_and(|action| action.eq_ignore_ascii_case("failed"))
        };
        let is_reply = general && !self.recipients.iter().flatten().any(failed);
        (!is_reply).then_some(Delivery::Bounced)
    }
}

impl ReportedMail {
    /// The sending that the tags name.
    fn sending(&self) -> Option<Sending> {
        let invitation = self.tag(INVITATION_TAG)?.parse().ok()?;
        Some(Sending { invitation, number: self.tag(SENDING_TAG)?.parse().ok()? })
    }

    fn tag(&self, name: &str) -> Option<&str> {
        self.tags.as_ref()?.get(name)?.first().map(String::as_str)
    }
}
