//! Sending mail by SES, and the meaning of its errors.

use aws_sdk_sesv2::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader},
};
use shared::domain::OutgoingMail;

use super::{Portal, compose, template::MailContent};
use crate::MailError;

/// Sends mail by SES from one address.
#[derive(Clone, Debug)]
pub struct Mailer {
    client: Client,
    from: String,
    configuration_set: Option<String>,
    portal: Portal,
}

/// The result of sending a mail.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// SES accepted the mail.
    Accepted,
    /// SES will never accept this mail.
    Rejected(String),
}

impl Mailer {
    /// A mailer that sends from this address, with links to `portal`.
    pub fn new(client: Client, from: impl Into<String>, portal: Portal) -> Self {
        Self { client, from: from.into(), configuration_set: None, portal }
    }

    /// Sets the SES configuration set.
    pub fn with_configuration_set(self, configuration_set: Option<String>) -> Self {
        Self { configuration_set, ..self }
    }

    /// Sends a mail.
    ///
    /// # Errors
    ///
    /// [`MailError::Service`] if SES fails or the account cannot send now; [`MailError::Event`] if the
    /// mail cannot be built.
    pub(crate) async fn send(&self, mail: &OutgoingMail) -> Result<Delivery, MailError> {
        let MailContent { subject, text, html } = compose(mail, &self.portal);
        let message = Message::builder()
            .subject(content(&subject)?)
            .body(Body::builder().text(content(&text)?).html(content(&html)?).build())
            .headers(auto_submitted()?);
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(mail.to.as_str()).build())
            .content(EmailContent::builder().simple(message.build()).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Delivery::Accepted),
            Err(error) => self.classify(error),
        }
    }

    /// Separates mails that SES rejects for good from failures of the account, the network or the
    /// service, which a retry can overcome.
    fn classify(&self, error: SdkError<SendEmailError>) -> Result<Delivery, MailError> {
        use SendEmailError as E;
        let code = match error.as_service_error() {
            Some(E::BadRequestException(_)) => "BadRequestException",
            // SES uses the same error for a sender address that is not verified.
            Some(E::MessageRejected(cause)) if !self.blames_sender(cause.message()) => {
                "MessageRejected"
            }
            // SES's messages contain the recipient's address, which must not be logged.
            Some(other) => {
                let code = other.meta().code().unwrap_or("an unknown error");
                return Err(MailError::Service(code.to_owned()));
            }
            None => return Err(MailError::Service(DisplayErrorContext(error).to_string())),
        };
        Ok(Delivery::Rejected(code.to_owned()))
    }

    fn blames_sender(&self, message: Option<&str>) -> bool {
        message.is_some_and(|message| message.contains(&self.from))
    }
}

fn content(text: &str) -> Result<Content, MailError> {
    Content::builder().data(text).charset("UTF-8").build().map_err(defect)
}

/// Prevents automatic replies (RFC 3834).
fn auto_submitted() -> Result<MessageHeader, MailError> {
    MessageHeader::builder().name("Auto-Submitted").value("auto-generated").build().map_err(defect)
}

fn defect(cause: impl std::error::Error) -> MailError {
    MailError::Event(cause.to_string())
}
