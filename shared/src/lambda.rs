//! Running a router as a Lambda function. It knows the environment that Lambda sets, and no rule of
//! ours.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider,
    retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::{
    Client, Config,
    config::{SharedCredentialsProvider, SharedHttpClient},
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use axum::{Router, http::header::HOST};
use lambda_http::{
    Adapter, Error, LambdaEvent, lambda_runtime, request::LambdaRequest, tower::ServiceExt,
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::MakeWriter,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use crate::{
    http::{App, Limits, complete},
    store::Store,
};

/// Every public endpoint of AWS has a certificate from one of these. Parsing the system's hundred
/// and more takes longer than a whole request.
const ROOTS: [&str; 5] = [
    include_str!("roots/amazon_root_ca_1.pem"),
    include_str!("roots/amazon_root_ca_2.pem"),
    include_str!("roots/amazon_root_ca_3.pem"),
    include_str!("roots/amazon_root_ca_4.pem"),
    include_str!("roots/starfield_services_root_ca_g2.pem"),
];

/// Serves a function's router until Lambda has had enough.
///
/// Something small is read from the table first: the connection then exists before the first
/// request, and initialization has more CPU than requests have.
pub async fn serve(router: Router<App>) -> Result<(), Error> {
    let app = app().await?;
    let router = complete(router, app);
    lambda_runtime::run(Adapter::from(router).map_request(guard)).await
}

/// What a function reaches, as the environment tells it; with the log started and the connection
/// to the table open.
pub async fn app() -> Result<App, Error> {
    log();
    let (client, name) = table()?;
    let store = Store::new(client, name);
    // A table that cannot be reached now may be by the time somebody asks.
    if let Err(cause) = store.open().await {
        tracing::error!(%cause, "the table cannot be reached");
    }
    Ok(App { store, limits: limits()? })
}

/// What this deployment allows: `SELF_SERVICE` (`on`, `off`) and `MAX_PENDING`.
fn limits() -> Result<Limits, Error> {
    let Limits { self_service, max_pending } = Limits::default();
    let self_service = match setting("SELF_SERVICE").as_deref() {
        None => self_service,
        Some("on") => true,
        Some("off") => false,
        Some(_) => return Err("SELF_SERVICE is neither `on` nor `off`".into()),
    };
    let max_pending = match setting("MAX_PENDING") {
        None => max_pending,
        Some(number) => number.parse().map_err(|_| "MAX_PENDING is not a number")?,
    };
    Ok(Limits { self_service, max_pending })
}

/// Starts the log: one JSON object a line, from `info` on unless `RUST_LOG` says otherwise.
pub fn log() {
    log_to(std::io::stdout);
}

pub(crate) fn log_to(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let wanted = std::env::var("RUST_LOG").ok().and_then(|wanted| wanted.parse::<Targets>().ok());
    let filter = wanted.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(writer)
        .without_time(); // CloudWatch stamps every line.
    // Fails only if there is a log already, which will do.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

/// A client for the database, and the name of the table, as the environment tells them.
pub fn table() -> Result<(Client, String), Error> {
    let name = setting("TABLE_NAME").ok_or("TABLE_NAME is not set: it names the DynamoDB table")?;
    Ok((Client::from_conf(Config::from(&configuration(setting, "DYNAMODB")?)), name))
}

/// What the environment says of `name`, if it says anything.
#[must_use]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What the client of another service is made of, for the one function that needs it: the others
/// do not link its SDK. `service` is its name in `AWS_ENDPOINT_URL_…`.
pub fn sdk(service: &str) -> Result<SdkConfig, Error> {
    configuration(setting, service)
}

/// The SDK's own way to a configuration looks into files, asks other services, and costs more than
/// a request.
fn configuration(env: impl Fn(&str) -> Option<String>, service: &str) -> Result<SdkConfig, Error> {
    let need = |name: &str| env(name).ok_or_else(|| format!("{name} is not set: Lambda sets it"));
    let own = env(&format!("AWS_ENDPOINT_URL_{service}"));
    let endpoint = own.or_else(|| env("AWS_ENDPOINT_URL"));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(4));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(need("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(http_client(endpoint.as_deref())?)
        .timeout_config(timeouts.build())
        .retry_config(RetryConfig::standard().with_max_attempts(3));
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

/// TLS with Amazon's roots; without TLS only for an endpoint that asks for it, which is a local
/// engine's.
fn http_client(endpoint: Option<&str>) -> Result<SharedHttpClient, Error> {
    if endpoint.is_some_and(|url| url.starts_with("http://")) {
        return Ok(Builder::new().build_http());
    }
    let roots = ROOTS.into_iter().fold(TrustStore::empty(), TrustStore::with_pem_certificate);
    let tls = TlsContext::builder().with_trust_store(roots).build()?;
    Ok(Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https())
}

/// Takes out of an event what `lambda_http` would panic over when it builds a URL: a `Host` that is
/// none, and characters that no URL has (the gateway decodes paths). Without any host, nothing can
/// build a link from a forged one either.
fn guard(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove(HOST);
        request.request_context.domain_name = None;
        let path = escaped(request.raw_path.as_deref().unwrap_or_default(), "");
        request.raw_path = Some(if path.starts_with('/') { path } else { format!("/{path}") });
        request.raw_query_string =
            request.raw_query_string.take().map(|query| escaped(&query, "?"));
    }
    event
}

/// `text` with everything percent-encoded that may not stand in a path, except what is already
/// encoded, and `also`.
fn escaped(text: &str, also: &str) -> String {
    let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"%-._~!$&'()*+,;=:@/".contains(&byte);
    let escape = |byte: u8| {
        if stands(byte) || also.as_bytes().contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::SdkError;
    use axum::{body::Body, extract::OriginalUri, routing::get};
    use lambda_http::Context;
    use serde_json::{Value, json};

    use super::*;

    async fn uri_of(host: &str, path: &str, query: &str) -> String {
        let event: LambdaRequest = serde_json::from_value(json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": { "host": host, "x-forwarded-proto": "https" },
            "requestContext": {
                "stage": "$default",
                "domainName": "also bad",
                "http": { "method": "GET", "path": path },
            },
        }))
        .unwrap();
        let request =
            lambda_http::Request::from(guard(LambdaEvent::new(event, Context::default())).payload);
        let echo = get(async |OriginalUri(uri): OriginalUri| uri.to_string());
        let answer = Router::new().fallback(echo).oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 4096).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_host_that_is_none_reaches_nobody() {
        for host in ["", "a b", "evil.example:99999", "[::1", "evil.example/%2e", "ex\u{e4}mple"] {
            assert_eq!(uri_of(host, "/v1/me", "").await, "/v1/me", "{host:?}");
        }
    }

    #[tokio::test]
    async fn a_decoded_path_stays_a_path() {
        let uri = uri_of("h", "/v1/members/a?b#c|d\\e \u{fc}\n\"<>[]", "").await;
        assert_eq!(uri, "/v1/members/a%3Fb%23c%7Cd%5Ce%20%C3%BC%0A%22%3C%3E%5B%5D");
        assert_eq!(uri_of("h", "@evil.example:99999", "").await, "/@evil.example:99999");
        assert_eq!(uri_of("h", "", "").await, "/");
    }

    #[tokio::test]
    async fn an_encoded_path_is_not_encoded_again() {
        assert_eq!(
            uri_of("h", "/v1/members/auth0%7C1", "q=a%20b").await,
            "/v1/members/auth0%7C1?q=a%20b"
        );
    }

    #[tokio::test]
    async fn a_query_may_hold_anything() {
        assert_eq!(
            uri_of("h", "/v1/me", "q=\"a b\"<\u{fc}#&r=?").await,
            "/v1/me?q=%22a%20b%22%3C%C3%BC%23&r=?"
        );
    }

    fn environment(pairs: Value) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.get(name)?.as_str().map(str::to_owned)
    }

    #[test]
    fn a_configuration_needs_only_what_lambda_sets() {
        let lambda = json!({ "AWS_REGION": "eu-central-1" });
        let config = configuration(environment(lambda), "DYNAMODB").unwrap();
        assert_eq!(config.region().map(Region::as_ref), Some("eu-central-1"));
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = configuration(environment(json!({})), "S3").unwrap_err();
        assert_eq!(error.to_string(), "AWS_REGION is not set: Lambda sets it");
    }

    /// The first connection reads the roots, and panics over one that is no certificate.
    #[tokio::test]
    async fn the_roots_are_certificates() {
        let here = json!({
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_DYNAMODB": "https://127.0.0.1:1",
        });
        let config = Config::from(&configuration(environment(here), "DYNAMODB").unwrap());
        let config = config.to_builder();
        let client = Client::from_conf(config.retry_config(RetryConfig::disabled()).build());
        let error = client.list_tables().send().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    }
}
