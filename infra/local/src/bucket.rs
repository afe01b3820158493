//! The little of S3 that the functions use, for files too large for an answer: one bucket, put into and fetched from by
//! signed links. Files are in memory, and gone after a day.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Builder, Config, Credentials, Region},
    presigning::PresigningConfig,
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Request, State},
    http::{
        HeaderMap, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// What the bucket is called.
pub const NAME: &str = "exports";

const PATH: &str = "/local/s3";
/// How long a file is kept, as the deployed bucket's lifecycle has it.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// No function makes larger ones.
const LARGEST: usize = 256 * 1024 * 1024;

/// How to reach the bucket that is served at `url`.
#[must_use]
pub fn config(url: &str) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(format!("{url}{PATH}/"))
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("eu-central-1"))
}

/// A bucket.
pub struct Bucket {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Signs links as whoever made them did, so that they can be compared.
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
    /// An empty bucket, to be served at `url`.
    pub fn new(url: &str, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let client = Client::from_conf(config(url).build());
        Self { clock: Box::new(clock), client, files: Mutex::default() }
    }

    /// Its routes. They stand beside the gateway, not behind it: S3 knows nothing of its tokens.
    pub fn router(self) -> Router {
        let route = format!("{PATH}/{NAME}/{{key}}");
        Router::new().route(&route, get(fetch).put(put)).with_state(Arc::new(self))
    }

    /// Is this a link that was signed here, and still works?
    async fn admits(&self, key: &str, uri: &Uri) -> Result<(), &'static str> {
        const MISSING: &str = "Query-string authentication requires the X-Amz parameters";
        let signed = parameter(uri, "X-Amz-Date").and_then(time).ok_or(MISSING)?;
        let lasts = parameter(uri, "X-Amz-Expires").and_then(|lasts| lasts.parse().ok());
        let lasts = Duration::from_secs(lasts.ok_or(MISSING)?);
        if signed.saturating_add(lasts).is_ok_and(|end| end <= (self.clock)()) {
            return Err("Request has expired");
        }
        let mine = PresigningConfig::builder().start_time(signed.into()).expires_in(lasts);
        let mine = mine.build().map_err(|_| "X-Amz-Expires must be less than a week")?;
        let mine = self.client.get_object().bucket(NAME).key(key).presigned(mine).await;
        let mine = mine.ok().and_then(|mine| mine.uri().parse::<Uri>().ok());
        let signature = |uri: &Uri| parameter(uri, "X-Amz-Signature").map(str::to_owned);
        match (mine.as_ref().and_then(signature), signature(uri)) {
            (Some(mine), Some(theirs)) if mine == theirs => Ok(()),
            _ => Err("The request signature we calculated does not match the one you provided"),
        }
    }
}

async fn put(
    State(bucket): State<Arc<Bucket>>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST).await else {
        return refusal(StatusCode::BAD_REQUEST, "EntityTooLarge", "The body is too large");
    };
    let mut headers = HeaderMap::new();
    for name in [CONTENT_TYPE, CONTENT_DISPOSITION, CACHE_CONTROL] {
        if let Some(value) = parts.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let at = (bucket.clock)();
    let mut files = bucket.files.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|_, file| at.duration_since(file.at) < KEPT);
    files.insert(key, File { headers, bytes, at });
    StatusCode::OK.into_response()
}

async fn fetch(
    State(bucket): State<Arc<Bucket>>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    if let Err(message) = bucket.admits(&key, request.uri()).await {
        return refusal(StatusCode::FORBIDDEN, "AccessDenied", message);
    }
    let file = bucket.files.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    match file {
        Some(File { headers, bytes, .. }) => (headers, Body::from(bytes)).into_response(),
        // Whoever may not list a bucket is not told what is missing in it.
        None => refusal(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"),
    }
}

fn parameter<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, it)| it)
}

/// As S3 writes it: `20261121T120000Z`.
fn time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}
