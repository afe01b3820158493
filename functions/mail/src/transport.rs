//! The seam to the mail service: a deployment sends by SES, the local server into its mailbox.

use std::{fmt, pin::Pin};

use shared::domain::{Email, OutgoingMail};

use crate::{Brand, Portal, compose::compose, failure::SendFailure, template::MailContent};

/// A mail service.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Hands a mail over.
    fn send<'a>(&'a self, mail: &'a ComposedMail) -> SendFuture<'a>;
}

/// The result of [`Transport::send`].
pub type SendFuture<'a> = Pin<Box<dyn Future<Output = Result<(), SendFailure>> + Send + 'a>>;

/// A mail that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposedMail {
    /// The address of the recipient.
    pub to: Email,
    /// The subject and the bodies.
    pub content: MailContent,
    /// Names and values that the mail service repeats in its reports about the mail.
    pub tags: Vec<(&'static str, String)>,
}

/// The tag with the id of the organization.
pub const ORGANIZATION_TAG: &str = "organization";
/// The tag with the id of the invitation that was sent.
pub const INVITATION_TAG: &str = "invitation";
/// The tag with the number of the sending of that invitation.
pub const SENDING_TAG: &str = "sending";

impl ComposedMail {
    pub(crate) fn of(mail: &OutgoingMail, portal: &Portal, brand: &Brand) -> Self {
        let mut tags = vec![(ORGANIZATION_TAG, mail.org.to_string())];
        if let Some(sending) = mail.sending() {
            tags.push((INVITATION_TAG, sending.invitation.to_string()));
            tags.push((SENDING_TAG, sending.number.to_string()));
        }
        Self { to: mail.to.clone(), content: compose(mail, portal, brand), tags }
    }
}
