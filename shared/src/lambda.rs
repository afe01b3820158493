//! The Lambda runtime: configuration from environment variables, logging, AWS clients, and serving
//! a router.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

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
use jiff::Timestamp;
use lambda_http::{
    Adapter, Context, Error, LambdaEvent, lambda_runtime, request::LambdaRequest, tower::ServiceExt,
};
use serde::Deserialize;

use crate::{
    domain::Budgets,
    http::{
        App, BasePath, Deployment, EmailsVerified, TokenClaims, TrustedProxy, complete, is_scope,
        serve_below,
    },
    log,
    store::Store,
};

/// The certificate authorities of AWS's public endpoints. Parsing the system's more than one hundred
/// roots takes longer than a request.
const ROOTS: [&str; 5] = [
    include_str!("roots/amazon_root_ca_1.pem"),
    include_str!("roots/amazon_root_ca_2.pem"),
    include_str!("roots/amazon_root_ca_3.pem"),
    include_str!("roots/amazon_root_ca_4.pem"),
    include_str!("roots/starfield_services_root_ca_g2.pem"),
];

/// Starts the log and runs a function until Lambda stops the process. Logs why it does not run: the
/// runtime would write the error as a text, which no query of the log finds.
///
/// # Errors
///
/// Those of `function`.
pub async fn run(function: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    log::start(std::io::stdout);
    let result = function.await;
    if let Err(cause) = &result {
        let function = setting("AWS_LAMBDA_FUNCTION_NAME");
        tracing::error!(function, %cause, "the function does not run");
    }
    result
}

/// Serves a function's router until Lambda stops the process.
///
/// # Errors
///
/// A missing or invalid environment variable, or a failure of the Lambda runtime.
pub async fn serve(router: Router<App>) -> Result<(), Error> {
    let app = app().await?;
    let mut router = complete(router, app);
    if let Some(base) = base_path()? {
        router = serve_below(base, router);
    }
    lambda_runtime::run(Adapter::from(router).map_request(sanitize)).await
}

/// Builds a function's state from environment variables.
///
/// It reads one item of the table, so that the connection exists before the first request:
/// initialization has more CPU than a request.
///
/// # Errors
///
/// A missing or invalid environment variable. A table that cannot be reached is only logged.
pub async fn app() -> Result<App, Error> {
    let TableClient { client, name } = table()?;
    let store = Store::new(client, name);
    // The table may be available again by the first request.
    if let Err(cause) = store.open().await {
        tracing::error!(%cause, "the table cannot be reached");
    }
    Ok(App { store, deployment: deployment()?, claims: token_claims()? })
}

/// Reads `SELF_SERVICE` (`on` or `off`), `PUBLIC_URL`, `ENDPOINT_DOMAIN`, `MAX_PENDING`, the budgets
/// and the trusted proxy.
///
/// # Errors
///
/// A variable with an invalid value.
pub fn deployment() -> Result<Deployment, Error> {
    let defaults = Deployment::default();
    let self_service = match setting("SELF_SERVICE").as_deref() {
        None => defaults.self_service,
        Some("on") => true,
        Some("off") => false,
        Some(_) => return Err("SELF_SERVICE must be `on` or `off`".into()),
    };
    let max_pending = number("MAX_PENDING", defaults.max_pending)?;
    let own = defaults.budgets;
    let budgets = Budgets {
        sending_interval_seconds: number("SENDING_INTERVAL", own.sending_interval_seconds)?,
        sendings_per_invitation: number("SENDINGS_PER_INVITATION", own.sendings_per_invitation)?,
        invitations_per_address: number("INVITATIONS_PER_ADDRESS", own.invitations_per_address)?,
        invitations_on_first_day: number("INVITATIONS_FIRST_DAY", own.invitations_on_first_day)?,
        invitations_per_day: number("INVITATIONS_PER_DAY", own.invitations_per_day)?,
        organizations_per_person: number("ORGANIZATIONS_PER_PERSON", own.organizations_per_person)?,
        join_requests_per_person: number("JOIN_REQUESTS_PER_PERSON", own.join_requests_per_person)?,
    };
    // Leaked once a process, so that `Deployment` is `Copy`.
    let leaked = |name| setting(name).map(|value| &*value.leak());
    Ok(Deployment {
        self_service,
        max_pending,
        budgets,
        public_url: leaked("PUBLIC_URL"),
        endpoint_domain: leaked("ENDPOINT_DOMAIN"),
        trusted_proxy: trusted_proxy(setting)?.map(|proxy| &*Box::leak(Box::new(proxy))),
    })
}

/// Reads `VIEWER_ADDRESS_HEADER` and `PROXY_SECRET_HASHES`. Either both are set or neither is.
fn trusted_proxy(env: impl Fn(&str) -> Option<String>) -> Result<Option<TrustedProxy>, Error> {
    match (env("VIEWER_ADDRESS_HEADER"), env("PROXY_SECRET_HASHES")) {
        (None, None) => Ok(None),
        (Some(header), Some(hashes)) => {
            let proxy = TrustedProxy::new(&header, &hashes);
            let wrong =
                |wrong| format!("VIEWER_ADDRESS_HEADER or PROXY_SECRET_HASHES is invalid: {wrong}");
            Ok(Some(proxy.map_err(wrong)?))
        }
        _ => Err("VIEWER_ADDRESS_HEADER and PROXY_SECRET_HASHES must be set together".into()),
    }
}

/// Reads `BASE_PATH`, the path below which a custom domain serves the API.
///
/// # Errors
///
/// The variable is not a path.
pub fn base_path() -> Result<Option<BasePath>, Error> {
    let parse =
        |text: String| text.parse().map_err(|_| format!("BASE_PATH is not a base path: {text:?}"));
    Ok(setting("BASE_PATH").map(parse).transpose()?)
}

/// Reads the names of claims and scopes: `SCOPE_CLAIM`, `OPERATOR_SCOPE`, `DECISIONS_SCOPE`,
/// `EMAIL_CLAIM`, `EMAIL_VERIFIED_CLAIM`, `EMAILS_VERIFIED` (`claim` or `always`), `NAME_CLAIM`,
/// `AMR_CLAIM` and `AUTH_TIME_CLAIM`.
///
/// # Errors
///
/// A variable with an invalid value, or names that cannot be used together.
pub fn token_claims() -> Result<TokenClaims, Error> {
    token_claims_of(setting)
}

/// The same from other variables than those of the process.
///
/// # Errors
///
/// As above.
pub fn token_claims_of(env: impl Fn(&str) -> Option<String>) -> Result<TokenClaims, Error> {
    let own = TokenClaims::default();
    let name = |variable: &str, default: &'static str| -> Result<&'static str, Error> {
        match env(variable) {
            None => Ok(default),
            // Leaked once a process, so that `TokenClaims` is `Copy`.
            Some(name) if is_scope(&name) => Ok(name.leak()),
            Some(_) => Err(format!(
                "{variable} must be one name of printable ASCII characters without spaces, \" and \\"
            )
            .into()),
        }
    };
    let emails_verified = match env("EMAILS_VERIFIED").as_deref() {
        None => own.emails_verified,
        Some("claim") => EmailsVerified::Claim,
        Some("always") => EmailsVerified::Always,
        Some(_) => return Err("EMAILS_VERIFIED must be `claim` or `always`".into()),
    };
    let claims = TokenClaims {
        scope: name("SCOPE_CLAIM", own.scope)?,
        operator_scope: name("OPERATOR_SCOPE", own.operator_scope)?,
        decisions_scope: name("DECISIONS_SCOPE", own.decisions_scope)?,
        email: name("EMAIL_CLAIM", own.email)?,
        email_verified: name("EMAIL_VERIFIED_CLAIM", own.email_verified)?,
        emails_verified,
        name: name("NAME_CLAIM", own.name)?,
        amr: name("AMR_CLAIM", own.amr)?,
        auth_time: name("AUTH_TIME_CLAIM", own.auth_time)?,
    };
    Ok(claims.check()?)
}

/// A number from an environment variable, or its default.
fn number<T: FromStr>(name: &str, default: T) -> Result<T, Error> {
    let text = setting(name);
    let number =
        text.map(|text| text.parse().map_err(|_| format!("{name} must be a whole number")));
    Ok(number.transpose()?.unwrap_or(default))
}

/// The event of a schedule.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ScheduledRun {
    /// The time of the run. What is due by then is done.
    pub time: Timestamp,
}

/// The present time, for runs that no request and no schedule gives one.
///
/// # Errors
///
/// The system clock shows a time that no [`Timestamp`] can be.
pub fn now() -> Result<Timestamp, Error> {
    Ok(Timestamp::try_from(clock())?)
}

/// Whether Lambda ends this run within `reserve`.
pub fn ends_within(reserve: Duration, context: &Context) -> bool {
    clock() + reserve >= context.deadline()
}

#[expect(clippy::disallowed_methods, reason = "Lambda states deadlines as times of this clock")]
fn clock() -> SystemTime {
    SystemTime::now()
}

/// The DynamoDB table of this deployment.
struct TableClient {
    client: Client,
    name: String,
}

fn table() -> Result<TableClient, Error> {
    let name = setting("TABLE_NAME").ok_or("TABLE_NAME is not set: it names the DynamoDB table")?;
    Ok(TableClient { client: Client::from_conf(Config::from(&sdk("DYNAMODB")?)), name })
}

/// The value of an environment variable. An empty one counts as not set.
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The value of an environment variable that the template sets.
///
/// # Errors
///
/// The variable is not set.
pub fn required(name: &str) -> Result<String, Error> {
    Ok(setting(name).ok_or_else(|| format!("{name} is not set: template.yaml sets it"))?)
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

/// Removes from an event everything that makes `lambda_http` panic when it builds a URL: an invalid
/// `Host`, and characters that a URL must encode. API Gateway decodes paths.
///
/// The host is always removed, so that no link can be built from a forged one.
fn sanitize(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove(HOST);
        request.request_context.domain_name = None;
        let path = percent_encode(request.raw_path.as_deref().unwrap_or_default(), "");
        request.raw_path = Some(if path.starts_with('/') { path } else { format!("/{path}") });
        request.raw_query_string =
            request.raw_query_string.take().map(|query| percent_encode(&query, "?"));
    }
    event
}

/// Percent-encodes every byte that a path must not contain. It keeps `%`, because it introduces an
/// encoded byte, and the bytes of `keep`.
fn percent_encode(text: &str, keep: &str) -> String {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"%-._~!$&'()*+,;=:@/".contains(&byte);
    let encode = |byte: u8| {
        if is_allowed(byte) || keep.as_bytes().contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::SdkError;
    use axum::{
        body::Body,
        extract::OriginalUri,
        http::{Uri, header::LOCATION},
        routing::get,
    };
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
        let request = lambda_http::Request::from(
            sanitize(LambdaEvent::new(event, Context::default())).payload,
        );
        let echo = get(async |OriginalUri(uri): OriginalUri| uri.to_string());
        let answer = Router::new().fallback(echo).oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 4096).await.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn host_is_removed_from_the_uri() {
        for host in ["", "a b", "evil.example:99999", "[::1", "evil.example/%2e", "ex\u{e4}mple"] {
            assert_eq!(uri_of(host, "/v1/me", "").await, "/v1/me", "{host:?}");
        }
    }

    #[tokio::test]
    async fn decoded_path_is_encoded_again() {
        let uri = uri_of("h", "/v1/members/a?b#c|d\\e \u{fc}\n\"<>[]", "").await;
        assert_eq!(uri, "/v1/members/a%3Fb%23c%7Cd%5Ce%20%C3%BC%0A%22%3C%3E%5B%5D");
        assert_eq!(uri_of("h", "@evil.example:99999", "").await, "/@evil.example:99999");
        assert_eq!(uri_of("h", "", "").await, "/");
    }

    #[tokio::test]
    async fn encoded_path_is_not_encoded_twice() {
        assert_eq!(
            uri_of("h", "/v1/members/auth0%7C1", "q=a%20b").await,
            "/v1/members/auth0%7C1?q=a%20b"
        );
    }

    #[tokio::test]
    async fn query_with_invalid_characters_is_encoded() {
        assert_eq!(
            uri_of("h", "/v1/me", "q=\"a b\"<\u{fc}#&r=?").await,
            "/v1/me?q=%22a%20b%22%3C%C3%BC%23&r=?"
        );
    }

    /// The path that the router sees, and the `Location` that the client gets, below a base path.
    async fn below(base: &str, path: &str) -> (String, String) {
        let event: LambdaRequest = serde_json::from_value(json!({
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "limit=5",
            "headers": {},
            "requestContext": { "stage": "$default", "http": { "method": "GET", "path": path } },
        }))
        .unwrap();
        let request = lambda_http::Request::from(
            sanitize(LambdaEvent::new(event, Context::default())).payload,
        );
        let echo = get(async |uri: Uri| ([(LOCATION, uri.path().to_owned())], uri.to_string()));
        let router = serve_below(base.parse().unwrap(), Router::new().fallback(echo));
        let answer = router.oneshot(request).await.unwrap();
        let location = answer.headers()[LOCATION].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(Body::new(answer.into_body()), 4096).await.unwrap();
        (String::from_utf8(body.to_vec()).unwrap(), location)
    }

    #[tokio::test]
    async fn base_path_is_removed_from_the_path_and_added_to_the_location() {
        for (base, path, seen, location) in [
            ("team", "/team/v1/me", "/v1/me?limit=5", "/team/v1/me"),
            ("/a/b/", "/a/b/v1/me", "/v1/me?limit=5", "/a/b/v1/me"),
            ("team", "/team", "/?limit=5", "/team/"),
            ("team", "/team/", "/?limit=5", "/team/"),
            ("team", "/team/a?b", "/a%3Fb?limit=5", "/team/a%3Fb"),
            // Once only, and only a whole segment.
            ("team", "/team/team/v1/me", "/team/v1/me?limit=5", "/team/team/v1/me"),
            ("team", "/teams/v1/me", "/teams/v1/me?limit=5", "/teams/v1/me"),
            ("team", "/TEAM/v1/me", "/TEAM/v1/me?limit=5", "/TEAM/v1/me"),
            // At the endpoint of the API itself.
            ("team", "/v1/me", "/v1/me?limit=5", "/v1/me"),
        ] {
            let expected = (seen.to_owned(), location.to_owned());
            assert_eq!(below(base, path).await, expected, "{path} below {base}");
        }
    }

    #[test]
    fn base_path_differs_from_the_paths_of_the_api() {
        for text in ["team", "/team/", "a/b-c/D_1", "v2", "v1-api"] {
            assert!(text.parse::<BasePath>().is_ok(), "{text:?}");
        }
        for text in
            ["", "/", "v1", "/v1/x", "access", ".well-known", "a//b", "a b", "a/{b}", "\u{e4}"]
        {
            assert!(text.parse::<BasePath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn trusted_proxy_needs_both_settings() {
        let hashes = "0".repeat(64);
        let read = |pairs| trusted_proxy(environment(pairs));
        assert_eq!(read(json!({})).unwrap(), None);
        let both = json!({ "VIEWER_ADDRESS_HEADER": "X-Real-IP", "PROXY_SECRET_HASHES": hashes });
        assert_eq!(read(both).unwrap(), TrustedProxy::new("X-Real-IP", &hashes).ok());
        for wrong in [
            json!({ "VIEWER_ADDRESS_HEADER": "X-Real-IP" }),
            json!({ "PROXY_SECRET_HASHES": hashes }),
            json!({ "VIEWER_ADDRESS_HEADER": "a b", "PROXY_SECRET_HASHES": hashes }),
            json!({ "VIEWER_ADDRESS_HEADER": "X-Real-IP", "PROXY_SECRET_HASHES": "secret" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

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

    #[test]
    fn claims_have_the_names_of_openid_connect_by_default() {
        assert_eq!(token_claims_of(environment(json!({}))).unwrap(), TokenClaims::default());
    }

    #[test]
    fn each_variable_names_a_claim_or_scope() {
        let variables = json!({
            "SCOPE_CLAIM": "permissions", "OPERATOR_SCOPE": "rolecall/operator",
            "DECISIONS_SCOPE": "rolecall/decisions", "EMAIL_CLAIM": "https://portal.example/email",
            "EMAIL_VERIFIED_CLAIM": "xms_edov", "EMAILS_VERIFIED": "always", "NAME_CLAIM": "nick",
            "AMR_CLAIM": "methods", "AUTH_TIME_CLAIM": "since",
        });
        let expected = TokenClaims {
            scope: "permissions",
            operator_scope: "rolecall/operator",
            decisions_scope: "rolecall/decisions",
            email: "https://portal.example/email",
            email_verified: "xms_edov",
            emails_verified: EmailsVerified::Always,
            name: "nick",
            amr: "methods",
            auth_time: "since",
        };
        assert_eq!(token_claims_of(environment(variables)).unwrap(), expected);
    }

    #[test]
    fn invalid_names_of_claims_stop_the_process() {
        let personal = "must not be `sub`, nor the claim of the address or of the name";
        let one_name = " must be one name of printable ASCII characters without spaces, \" and \\";
        for (variable, value, message) in [
            ("SCOPE_CLAIM", "scope scp", format!("SCOPE_CLAIM{one_name}")),
            ("EMAIL_CLAIM", "e\u{2d}\u{e4}", format!("EMAIL_CLAIM{one_name}")),
            ("OPERATOR_SCOPE", "a\tb", format!("OPERATOR_SCOPE{one_name}")),
            (
                "OPERATOR_SCOPE",
                "decisions",
                "the operator scope and the decisions scope must differ".into(),
            ),
            ("SCOPE_CLAIM", "name", format!("the claim of the scopes {personal}")),
            ("SCOPE_CLAIM", "sub", format!("the claim of the scopes {personal}")),
            (
                "EMAIL_VERIFIED_CLAIM",
                "name",
                format!("the claim that verifies the address {personal}"),
            ),
            ("EMAILS_VERIFIED", "true", "EMAILS_VERIFIED must be `claim` or `always`".into()),
        ] {
            let error = token_claims_of(environment(json!({ variable: value }))).unwrap_err();
            assert_eq!(error.to_string(), message, "{variable}={value:?}");
        }
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
