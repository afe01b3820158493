//! A stand-in for S3: one bucket in memory for exported files. A link must be signed and must not have expired. It does not
//! check the signatures of headers, which the SDK makes. Files expire after a day.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_s3::{
    Client,
    config::{Builder, Credentials},
    presigning::PresigningConfig,
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Request, State},
    http::{
        HeaderMap, StatusCode, Uri,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use local::engine::sdk_config;

/// The name of the bucket.
pub const NAME: &str = "exports";

const PATH: &str = "/s3";
/// The lifetime of a file, as in the lifecycle rule of the deployed bucket.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
/// The largest file, in bytes.
const MAX_FILE: usize = 256 * 1024 * 1024;

/// The client configuration for the bucket that the server at `url` serves.
pub fn config(url: &str) -> Builder {
    let config = Builder::from(&sdk_config(&format!("{url}{PATH}/"))).force_path_style(true);
    config.credentials_provider(Credentials::new("local", "a secret", None, None, "local"))
}

/// The bucket.
pub struct Bucket {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Signs a link again to verify its signature.
    client: Client,
    files: Mutex<HashMap<String, File>>,
}

#[derive(Clone)]
struct File {
    headers: HeaderMap,
    bytes: Bytes,
    at: Timestamp,
}

impl Bucket {
    /// An empty bucket for the server at `url`.
    pub fn new(url: &str, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let client = Client::from_conf(config(url).build());
        Self { clock: Box::new(clock), client, files: Mutex::default() }
    }

    /// The routes of the bucket. They are not behind the gateway, because S3 accepts signed links, not tokens.
    pub fn router(self) -> Router {
        let route = format!("{PATH}/{NAME}/{{key}}");
        Router::new().route(&route, get(fetch).put(put)).with_state(Arc::new(self))
    }

    /// Checks that the link to `key` has a valid signature and has not expired.
    ///
    /// # Errors
    ///
    /// The message of S3.
    async fn check_link(&self, key: &str, uri: &Uri) -> Result<(), &'static str> {
        const NO_SIGNATURE: &str = "Query-string authentication requires the X-Amz parameters";
        let signed = parameter(uri, "X-Amz-Date").and_then(time).ok_or(NO_SIGNATURE)?;
        let seconds = parameter(uri, "X-Amz-Expires").and_then(|seconds| seconds.parse().ok());
        let lifetime = Duration::from_secs(seconds.ok_or(NO_SIGNATURE)?);
        if signed.saturating_add(lifetime).is_ok_and(|end| end <= (self.clock)()) {
            return Err("Request has expired");
        }
        let config = PresigningConfig::builder().start_time(signed.into()).expires_in(lifetime);
        let config = config.build().map_err(|_| "X-Amz-Expires must be less than a week")?;
        let link = self.client.get_object().bucket(NAME).key(key).presigned(config).await;
        let link = link.ok().and_then(|link| link.uri().parse::<Uri>().ok());
        let signature = |uri: &Uri| parameter(uri, "X-Amz-Signature").map(str::to_owned);
        match (link.as_ref().and_then(signature), signature(uri)) {
            (Some(expected), Some(given)) if expected == given => Ok(()),
            _ => Err("The request signature we calculated does not match the one you provided"),
        }
    }
}

/// `PutObject`.
async fn put(
    State(bucket): State<Arc<Bucket>>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_FILE).await else {
        return s3_error(StatusCode::BAD_REQUEST, "EntityTooLarge", "The body is too large");
    };
    let mut headers = HeaderMap::new();
    for name in [CONTENT_TYPE, CONTENT_DISPOSITION, CACHE_CONTROL] {
        if let Some(value) = parts.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let at = (bucket.clock)();
    let mut files = bucket.files.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|_, file| at.duration_since(file.at) < LIFETIME);
    files.insert(key, File { headers, bytes, at });
    StatusCode::OK.into_response()
}

/// `GetObject` by the SDK, or through a signed link.
async fn fetch(
    State(bucket): State<Arc<Bucket>>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    if !request.headers().contains_key(AUTHORIZATION)
        && let Err(message) = bucket.check_link(&key, request.uri()).await
    {
        return access_denied(message);
    }
    let file = bucket.files.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    match file {
        Some(File { headers, bytes, .. }) => (headers, Body::from(bytes)).into_response(),
        // S3 does not reveal a missing file to a caller that may not list the bucket.
        None => access_denied("Access Denied"),
    }
}

/// The value of a query parameter, still encoded.
fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, it)| it)
}

/// Parses a time such as `20261121T120000Z`.
fn time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn access_denied(message: &str) -> Response {
    s3_error(StatusCode::FORBIDDEN, "AccessDenied", message)
}

/// An error document of S3.
fn s3_error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}
