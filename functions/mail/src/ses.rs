//! Sending by SES.

use aws_sdk_sesv2::{
    Client,
    error::{BuildError, DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use shared::domain::Email;

use crate::{
    failure::{ErrorResponse, SendFailure, WaitCause},
    template::MailContent,
    transport::{ComposedMail, SendFuture, Transport},
};

/// SES, with one sender address.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
    /// Well-formed, so that an error about a malformed address is about the recipient.
    from: Email,
    configuration_set: Option<String>,
}

impl Ses {
    /// SES with this sender address. The configuration set reports what becomes of a mail.
    pub fn new(client: Client, from: Email, configuration_set: Option<String>) -> Self {
        Self { client, from, configuration_set }
    }

    async fn send_email(&self, mail: &ComposedMail) -> Result<(), SendFailure> {
        let (content, tags) = message(mail).map_err(|cause| defect(&cause))?;
        self.client
            .send_email()
            .from_email_address(self.from.as_str())
            .destination(Destination::builder().to_addresses(mail.to.as_str()).build())
            .content(content)
            .set_email_tags(Some(tags))
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await
            .map(drop)
            .map_err(|error| self.failure(error))
    }

    fn failure(&self, error: SdkError<SendEmailError>) -> SendFailure {
        let status = error.raw_response().map(|response| response.status().as_u16());
        match (error.as_service_error(), status) {
            (Some(known), Some(status)) => {
                let code = known.code().unwrap_or_default();
                let message = known.message().unwrap_or_default();
                SendFailure::of(ErrorResponse { code, message, status }, self.from.as_str())
            }
            // A response that is no error of SES, for example of a proxy.
            (None, Some(status)) => {
                let response = ErrorResponse { code: "unreadable response", message: "", status };
                SendFailure::of(response, self.from.as_str())
            }
            (_, None) => SendFailure::unreachable(&DisplayErrorContext(error).to_string()),
        }
    }
}

impl Transport for Ses {
    fn send<'a>(&'a self, mail: &'a ComposedMail) -> SendFuture<'a> {
        Box::pin(self.send_email(mail))
    }
}

/// The content and the tags of a mail.
fn message(mail: &ComposedMail) -> Result<(EmailContent, Vec<MessageTag>), BuildError> {
    let MailContent { subject, text, html } = &mail.content;
    let message = Message::builder()
        .subject(content(subject)?)
        .body(Body::builder().text(content(text)?).html(content(html)?).build())
        .headers(auto_submitted()?);
    let tag =
        |(name, value): &(&str, String)| MessageTag::builder().name(*name).value(value).build();
    let tags = mail.tags.iter().map(tag).collect::<Result<_, _>>()?;
    Ok((EmailContent::builder().simple(message.build()).build(), tags))
}

fn content(text: &str) -> Result<Content, BuildError> {
    Content::builder().data(text).charset("UTF-8").build()
}

/// Prevents automatic replies (RFC 3834).
fn auto_submitted() -> Result<MessageHeader, BuildError> {
    MessageHeader::builder().name("Auto-Submitted").value("auto-generated").build()
}

fn defect(cause: &BuildError) -> SendFailure {
    SendFailure::Waits { cause: WaitCause::Unknown, code: cause.to_string() }
}
