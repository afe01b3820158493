//! Sending mail by SES, and what its answers mean.

use aws_sdk_sesv2::{
    Client,
    error::{DisplayErrorContext, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader},
};
use shared::domain::Letter;

use super::{Mail, Portal};
use crate::Stop;

/// Where mail is taken, and who it is from.
#[derive(Clone, Debug)]
pub struct Post {
    client: Client,
    from: String,
    configuration_set: Option<String>,
    portal: Portal,
}

/// How sending ended.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It is on its way.
    Accepted,
    /// This mail is refused, today and tomorrow.
    Never(String),
}

impl Post {
    /// Mail from this address, with links to `portal`.
    #[must_use]
    pub fn new(client: Client, from: impl Into<String>, portal: Portal) -> Self {
        Self { client, from: from.into(), configuration_set: None, portal }
    }

    /// The same, by a configuration set of SES.
    #[must_use]
    pub fn by(self, configuration_set: Option<String>) -> Self {
        Self { configuration_set, ..self }
    }

    /// Sends a letter.
    pub(crate) async fn send(&self, letter: &Letter) -> Result<Sent, Stop> {
        let Mail { to, parts } = Mail::of(letter, &self.portal);
        let message = Message::builder()
            .subject(content(&parts.subject)?)
            .body(Body::builder().text(content(&parts.text)?).html(content(&parts.html)?).build())
            .headers(automatic()?);
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to.as_str()).build())
            .content(EmailContent::builder().simple(message.build()).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Sent::Accepted),
            Err(error) => self.verdict(error),
        }
    }

    /// A mail that SES will never take ends here. Anything else is the account's state, the
    /// network's or the moment's: it passes, or somebody repairs it.
    fn verdict(&self, error: SdkError<SendEmailError>) -> Result<Sent, Stop> {
        use SendEmailError as E;
        let refused = match error.as_service_error() {
            Some(E::BadRequestException(_)) => "BadRequestException",
            // The same name stands for a sender who is not verified yet.
            Some(E::MessageRejected(cause)) if !self.blames_sender(cause.message()) => {
                "MessageRejected"
            }
            // SES names the addressee in its messages; the log must not.
            Some(other) => {
                let code = other.meta().code().unwrap_or("an unknown error");
                return Err(Stop::Everywhere(code.to_owned()));
            }
            None => return Err(Stop::Everywhere(DisplayErrorContext(error).to_string())),
        };
        Ok(Sent::Never(refused.to_owned()))
    }

    fn blames_sender(&self, message: Option<&str>) -> bool {
        message.is_some_and(|message| message.contains(&self.from))
    }
}

fn content(text: &str) -> Result<Content, Stop> {
    Content::builder().data(text).charset("UTF-8").build().map_err(defect)
}

/// So that no machine answers.
fn automatic() -> Result<MessageHeader, Stop> {
    MessageHeader::builder().name("Auto-Submitted").value("auto-generated").build().map_err(defect)
}

fn defect(cause: impl std::error::Error) -> Stop {
    Stop::Here(cause.to_string())
}
