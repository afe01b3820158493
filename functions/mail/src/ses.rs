//! Sending by SES.

use std::{error::Error, iter::successors, time::Duration};

use aws_sdk_sesv2::{
    Client,
    config::{
        Builder,
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction, RetryConfig},
        timeout::TimeoutConfig,
    },
    error::{BuildError, ConnectorError, DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use hyper_util::client::legacy::Error as ClientError;
use shared::domain::Email;

use crate::{
    failure::{ErrorResponse, SendFailure, WaitCause},
    template::MailContent,
    transport::{ComposedMail, SendFuture, Transport},
};

/// The longest time of one call, with its attempts.
pub const MAX_CALL: Duration = Duration::from_secs(12);
/// How long SES may take to answer. `SendEmail` is not idempotent, so this is much longer than a
/// slow answer takes.
const MAX_ANSWER: Duration = Duration::from_secs(10);

/// SES, with one sender address.
#[derive(Clone, Debug)]
pub struct Ses {
    client: Client,
    /// Well-formed, so that an error about a malformed address is about the recipient.
    from: Email,
    configuration_set: Option<String>,
}

impl Ses {
    /// SES with this sender address, over a client that repeats no call which SES may have carried
    /// out.
    pub fn connect(config: Builder, from: Email, configuration_set: Option<String>) -> Self {
        Self::new(client(config, MAX_ANSWER), from, configuration_set)
    }

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
                SendFailure::from_response(
                    ErrorResponse { code, message, status },
                    self.from.as_str(),
                )
            }
            // A response that is no error of SES, for example of a proxy.
            (None, Some(status)) => {
                let response = ErrorResponse { code: "unreadable response", message: "", status };
                SendFailure::from_response(response, self.from.as_str())
            }
            (_, None) => {
                let is_unanswered = match &error {
                    SdkError::TimeoutError(_) => true,
                    SdkError::DispatchFailure(failure) => {
                        failure.as_connector_error().is_some_and(was_connected)
                    }
                    _ => false,
                };
                let code = DisplayErrorContext(error).to_string();
                if is_unanswered {
                    SendFailure::Unanswered { code }
                } else {
                    SendFailure::unreachable(&code)
                }
            }
        }
    }
}

fn client(config: Builder, max_answer: Duration) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(max_answer)
        .operation_timeout(MAX_CALL);
    let config = config
        .timeout_config(timeouts.build())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .retry_classifier(RefusedOnly);
    Client::from_conf(config.build())
}

/// Allows the SDK's retries only if SES got no request or refused it, such as for its rate.
#[derive(Debug)]
struct RefusedOnly;

impl ClassifyRetry for RefusedOnly {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let has_failed = context.response().is_some_and(|it| it.status().as_u16() >= 500);
        if has_failed
            || error.is_timeout_error()
            || error.is_response_error()
            || error.as_connector_error().is_some_and(was_connected)
        {
            return RetryAction::RetryForbidden;
        }
        RetryAction::NoActionIndicated
    }

    fn name(&self) -> &'static str {
        "Refused requests only"
    }
}

/// Whether a connection existed before it failed, so that SES may have got the request. Only the
/// time-out of a connection that is being made is a time-out of the connector.
fn was_connected(failure: &ConnectorError) -> bool {
    let causes = successors(failure.source(), |&cause| cause.source());
    let mut clients = causes.filter_map(<dyn Error>::downcast_ref::<ClientError>);
    !failure.is_timeout() && !failure.is_user() && !clients.any(ClientError::is_connect)
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

#[cfg(test)]
#[path = "ses/tests.rs"]
mod tests;
