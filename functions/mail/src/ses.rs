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
/// How long SES may take to answer. `SendEmail` is not idempotent, so this is much longer than a slow
/// answer takes.
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
    /// SES with this sender address, over a client that repeats no call which SES may have carried out.
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

/// Whether a connection existed before it failed, so that SES may have got the request. Only the time-out
/// of a connection that is being made is a time-out of the connector.
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
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use aws_sdk_sesv2::config::{
        BehaviorVersion, Credentials, Region, SharedHttpClient, http::HttpRequest,
        http::HttpResponse,
    };
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };

    use super::*;

    /// The time-out of these tests.
    const MAX_ANSWER_HERE: Duration = Duration::from_secs(1);

    /// SES with these answers, one after the other, and the number of calls.
    #[derive(Clone, Debug)]
    struct Fake {
        answers: Vec<FakeAnswer>,
        calls: Arc<AtomicUsize>,
    }

    #[derive(Clone, Copy, Debug)]
    enum FakeAnswer {
        /// The status and the error code, after a time in percent of the time-out.
        After(u32, u16, &'static str),
        Unreachable,
        Broken,
    }

    impl HttpConnector for Fake {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let nth = self.calls.fetch_add(1, Relaxed);
            let answer = self.answers.get(nth).copied().expect("no further call");
            HttpConnectorFuture::new(async move {
                let (percent, status, code) = match answer {
                    FakeAnswer::After(percent, status, code) => (percent, status, code),
                    FakeAnswer::Unreachable => {
                        return Err(ConnectorError::timeout("injected".into()));
                    }
                    FakeAnswer::Broken => return Err(ConnectorError::io("injected".into())),
                };
                tokio::time::sleep(MAX_ANSWER_HERE.saturating_mul(percent) / 100).await;
                let body = r#"{"MessageId": "m-1"}"#;
                let mut answer = HttpResponse::new(status.try_into().unwrap(), body.into());
                if !code.is_empty() {
                    answer.headers_mut().insert("x-amzn-errortype", code);
                }
                Ok(answer)
            })
        }
    }

    /// Sends a mail. Returns the result and the number of calls.
    async fn send(answers: &[FakeAnswer]) -> (Result<(), SendFailure>, usize) {
        let fake = Fake { answers: answers.to_vec(), calls: Arc::default() };
        let connector = SharedHttpConnector::new(fake.clone());
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(SharedHttpClient::new(http_client_fn(move |_, _| connector.clone())))
            .region(Region::from_static("eu-central-1"));
        let from = Email::parse("no-reply@rolecall.example").unwrap();
        let content = MailContent {
            subject: "Subject".to_owned(),
            text: "Text".to_owned(),
            html: "<p>Text</p>".to_owned(),
        };
        let to = Email::parse("bob@example.com").unwrap();
        let mail = ComposedMail { to, content, tags: vec![] };
        let result = Ses::new(client(config, MAX_ANSWER_HERE), from, None).send(&mail).await;
        (result, fake.calls.load(Relaxed))
    }

    #[tokio::test]
    async fn slow_answer_is_awaited() {
        assert_eq!(send(&[FakeAnswer::After(30, 200, "")]).await, (Ok(()), 1));
    }

    /// A repeated call could be a second mail.
    #[tokio::test]
    async fn call_that_may_have_sent_the_mail_is_not_repeated() {
        for answer in [FakeAnswer::After(300, 200, ""), FakeAnswer::Broken] {
            let (result, calls) = send(&[answer]).await;
            assert!(matches!(result, Err(SendFailure::Unanswered { .. })), "{answer:?} {result:?}");
            assert_eq!(calls, 1, "{answer:?}");
        }
        let (result, calls) =
            send(&[FakeAnswer::After(0, 500, "InternalServiceErrorException")]).await;
        assert!(matches!(result, Err(SendFailure::Waits { .. })), "{result:?}");
        assert_eq!(calls, 1);
    }

    #[tokio::test]
    async fn call_that_sent_no_mail_is_repeated() {
        let throttled = FakeAnswer::After(0, 429, "TooManyRequestsException");
        for refused in [throttled, FakeAnswer::Unreachable] {
            let answers = [refused, refused, FakeAnswer::After(0, 200, "")];
            assert_eq!(send(&answers).await, (Ok(()), 3), "{refused:?}");
        }
        let (result, calls) = send(&[FakeAnswer::Unreachable; 3]).await;
        assert!(matches!(result, Err(SendFailure::Waits { .. })), "{result:?}");
        assert_eq!(calls, 3);
    }

    /// No one listens on the port, so the real client makes no connection.
    #[tokio::test]
    async fn refused_connection_is_no_call() {
        let config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::from_static("eu-central-1"));
        let client = Client::from_conf(config.retry_config(RetryConfig::disabled()).build());
        let error = client.get_account().send().await.unwrap_err();
        let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
        assert!(!was_connected(failure.as_connector_error().unwrap()));
    }
}
