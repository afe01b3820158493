use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use aws_sdk_sesv2::config::{
    BehaviorVersion, Credentials, Region, SharedHttpClient, http::HttpRequest, http::HttpResponse,
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
    let (result, calls) = send(&[FakeAnswer::After(0, 500, "InternalServiceErrorException")]).await;
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
