//! The function `mail`: sends mail about some history events, and records the outcome of the mails
//! of invitations.
//!
//! A rule of the event bus puts the key of each such event on a queue. The mails are selected by
//! the state of the table at that moment. A mail that cannot be sent now stays on the queue. A mark
//! in the table records each mail that is done, so that a message which is delivered again sends
//! nothing again. SES's reports about mails come from a queue of their own.
//!
//! A schedule sends digests, and the mails before invitations and access end.

mod about_invitations;
mod about_members;
mod about_organizations;
mod about_services;
mod access_reminders;
mod brand;
mod compose;
mod failure;
mod feedback;
mod invitation_reminders;
mod offboarding;
mod portal;
mod queue;
mod scheduled;
mod selection;
mod sending;
#[cfg(feature = "aws")]
mod ses;
mod template;
mod texts;
mod transport;

use std::sync::Arc;

use shared::{domain::RequestContext, metrics::Metric, store::Store};

pub use brand::{Brand, MAX_PRODUCT_NAME};
pub use failure::{ErrorResponse, SendFailure, WaitCause};
pub use portal::Portal;
pub use queue::{BatchFailures, EventKey, ItemFailure, Message, MessageAttributes, Messages};
pub use scheduled::{MailSummary, send_due};
#[cfg(feature = "aws")]
pub use ses::{MAX_CALL, Ses};
pub use template::{MAX_SUBJECT_VALUE, MAX_VALUE, MailContent};
pub use transport::{
    ComposedMail, INVITATION_TAG, ORGANIZATION_TAG, SENDING_TAG, SendFuture, Transport,
};

use queue::Task;

/// What the function needs to send mail.
#[derive(Clone, Debug)]
pub struct MailService {
    /// The table.
    pub store: Store,
    /// The mail service.
    pub transport: Arc<dyn Transport>,
    /// The portal that links lead to.
    pub portal: Portal,
    /// How mails present the product.
    pub brand: Brand,
}

/// The actions of the events that cause mail. The rule of the event bus names the same.
pub const MAILED_ACTIONS: [&str; 19] = [
    "critical_alert_user.added",
    "invitation.accepted",
    "invitation.created",
    "invitation.resent",
    "invitation.revoked",
    "join_request.approved",
    "join_request.cancelled",
    "join_request.created",
    "join_request.declined",
    "member.expired",
    "member.left",
    "member.reconnected",
    "member.removed",
    "member.role_changed",
    "organization.resumed",
    "organization.suspended",
    "security.updated",
    "super_admin.appointed",
    "super_admin.transferred",
];

/// Why a message waits.
#[derive(Debug)]
pub(crate) enum WaitReason {
    /// The mail service did not take it.
    Unsent { cause: WaitCause, code: String },
    /// The mail has ended, but the service did not answer. The batch waits for the service; this
    /// message then finds the mark of the mail.
    Unanswered,
    /// The table cannot be reached, or this version cannot read the message or an item.
    Table(shared::store::Error),
    /// Another run is sending it.
    Held,
    /// The run ends before a further mail could be sent.
    OutOfTime,
}

impl WaitReason {
    fn stops_batch(&self) -> bool {
        match self {
            Self::Unsent { cause, .. } => cause.stops_batch(),
            Self::Table(cause) => matches!(cause, shared::store::Error::Unavailable(_)),
            Self::Held => false,
            Self::OutOfTime | Self::Unanswered => true,
        }
    }

    /// Logs why a message waits.
    fn log(&self) {
        match self {
            Self::Unsent { cause, code } if cause.blocks_account() => tracing::error!(
                code,
                "mail waits: the SES account or its configuration does not allow it"
            ),
            Self::Unsent { cause, code } => tracing::warn!(?cause, code, "mail waits"),
            Self::Table(cause @ shared::store::Error::Unavailable(_)) => {
                tracing::warn!(%cause, "mail waits for the table");
            }
            Self::Table(cause) => {
                tracing::warn!(%cause, "mail waits: this version cannot read the message or an item");
            }
            Self::Held => tracing::info!("another run is sending this mail"),
            Self::OutOfTime => tracing::info!("the next run sends the rest"),
            Self::Unanswered => {
                tracing::info!("the next run continues after the mail without an answer");
            }
        }
    }
}

impl From<shared::store::Error> for WaitReason {
    fn from(error: shared::store::Error) -> Self {
        Self::Table(error)
    }
}

/// Processes a batch of messages at the time of `context`. Returns the messages that the queue must
/// deliver again. It begins no further one once `out_of_time` returns true.
pub async fn handle(
    service: &MailService,
    batch: &Messages,
    context: &RequestContext,
    out_of_time: impl Fn() -> bool,
) -> BatchFailures {
    let mut failures = BatchFailures::default();
    let mut stopped = false;
    let mut oldest = 0;
    for message in &batch.messages {
        if !stopped && !out_of_time() {
            // Boxed: the future is large.
            let Err(waits) = Box::pin(service.process(message, context, &out_of_time)).await else {
                continue;
            };
            waits.log();
            stopped = waits.stops_batch();
        }
        oldest = oldest.max(message.age(context.at));
        failures.add(message);
    }
    if oldest > 0 {
        Metric::MailAge.add(seconds(oldest));
    }
    failures
}

#[expect(clippy::cast_precision_loss, reason = "a queue keeps no message for longer than days")]
fn seconds(age: i64) -> f64 {
    age as f64
}

impl MailService {
    async fn process(
        &self,
        message: &Message,
        context: &RequestContext,
        out_of_time: &impl Fn() -> bool,
    ) -> Result<(), WaitReason> {
        let task = serde_json::from_str(&message.body).map_err(|cause| {
            WaitReason::Table(shared::store::Error::Broken(format!("unreadable message: {cause}")))
        })?;
        match task {
            Task::Mails(key) => self.send_mails_of(key, context, out_of_time).await,
            Task::BusEvent { detail } => {
                self.send_mails_of(detail.key(), context, out_of_time).await
            }
            Task::Feedback(feedback) => Ok(self.record_outcome(context, &feedback).await?),
        }
    }
}
