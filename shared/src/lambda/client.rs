//! The clients of AWS services. They trust only Amazon's certificate authorities.

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
use lambda_http::Error;

use super::setting;
use crate::store::Store;

/// The table of this deployment.
///
/// # Errors
///
/// `TABLE_NAME` is not set, or the client cannot be built.
pub(super) fn table() -> Result<Store, Error> {
    let name = setting("TABLE_NAME").ok_or("TABLE_NAME is not set: it names the DynamoDB table")?;
    Ok(Store::new(Client::from_conf(Config::from(&sdk("DYNAMODB")?)), name))
}

/// The SDK configuration of a client for one AWS service, named as in `AWS_ENDPOINT_URL_<service>`.
///
/// # Errors
///
/// `AWS_REGION` is not set, or TLS cannot be set up.
pub fn sdk(service: &str) -> Result<SdkConfig, Error> {
    configuration(service, setting)
}

/// Builds the configuration from the variables that Lambda sets. The SDK's own loader also reads
/// files and calls other services, which costs more than a request.
fn configuration(service: &str, env: impl Fn(&str) -> Option<String>) -> Result<SdkConfig, Error> {
    let required =
        |name: &str| env(name).ok_or_else(|| format!("{name} is not set: Lambda sets it"));
    let endpoint = env(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| env("AWS_ENDPOINT_URL"));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(4));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .http_client(http_client(endpoint.as_deref())?)
        .timeout_config(timeouts.build())
        .retry_config(RetryConfig::standard().with_max_attempts(3));
    config.set_endpoint_url(endpoint);
    Ok(config.build())
}

/// An HTTP client that trusts Amazon's roots. It omits TLS only for an `http://` endpoint, which a
/// local engine has.
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

/// The certificate authorities of AWS's public endpoints. Parsing the system's more than one
/// hundred roots takes longer than a request.
const ROOTS: [&str; 5] = [
    include_str!("../roots/amazon_root_ca_1.pem"),
    include_str!("../roots/amazon_root_ca_2.pem"),
    include_str!("../roots/amazon_root_ca_3.pem"),
    include_str!("../roots/amazon_root_ca_4.pem"),
    include_str!("../roots/starfield_services_root_ca_g2.pem"),
];

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::SdkError;
    use serde_json::{Value, json};

    use super::*;

    fn environment(pairs: Value) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.get(name)?.as_str().map(str::to_owned)
    }

    #[test]
    fn configuration_needs_only_the_variables_of_lambda() {
        let lambda = json!({ "AWS_REGION": "eu-central-1" });
        let config = configuration("DYNAMODB", environment(lambda)).unwrap();
        assert_eq!(config.region().map(Region::as_ref), Some("eu-central-1"));
    }

    #[test]
    fn missing_variable_is_named() {
        let error = configuration("DYNAMODB", environment(json!({}))).unwrap_err();
        assert_eq!(error.to_string(), "AWS_REGION is not set: Lambda sets it");
    }

    /// The first connection parses the roots, and panics if one is not a certificate.
    #[tokio::test]
    async fn every_root_is_a_certificate() {
        let here = json!({
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_DYNAMODB": "https://127.0.0.1:1",
        });
        let config = configuration("DYNAMODB", environment(here)).unwrap().into_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        let client = Client::from_conf(Config::from(&config));
        let error = client.list_tables().send().await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    }
}
