//! A stand-in for S3: exported files in memory, and links that this process signs. Files expire after a day.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use members::{FileStore, StoreFuture, XLSX, attachment};
use serde::Deserialize;
use sha2::{Digest, Sha256};

const PATH: &str = "/local/s3/exports";
/// The lifetime of a file, as in the lifecycle rule of the deployed bucket.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// The bucket. Clones share the files.
#[derive(Clone)]
pub(crate) struct Bucket {
    url: String,
    clock: fn() -> Timestamp,
    /// Known to this process alone, so that no other one can sign a link.
    secret: u128,
    files: Arc<Mutex<HashMap<String, StoredFile>>>,
}

#[derive(Clone)]
struct StoredFile {
    name: String,
    bytes: Bytes,
    at: Timestamp,
}

/// The signature of a link.
#[derive(Deserialize)]
struct Signature {
    /// When the link expires, in seconds.
    expires: i64,
    signature: String,
}

impl Bucket {
    /// An empty bucket of the server at `url`.
    pub(crate) fn new(url: &str, clock: fn() -> Timestamp) -> Self {
        let url = format!("{url}{PATH}");
        Self { url, clock, secret: rand::random(), files: Arc::default() }
    }

    /// The route of links. It is not behind the gateway, because a link needs no token.
    pub(crate) fn router(self) -> Router {
        Router::new().route(&format!("{PATH}/{{key}}"), get(download)).with_state(self)
    }

    fn signature(&self, key: &str, expires: i64) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{:032x}|{key}|{expires}", self.secret)))
    }

    fn file(&self, key: &str) -> Option<StoredFile> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.clock)();
        files.retain(|_, file| now.duration_since(file.at) < LIFETIME);
        files.get(key).cloned()
    }
}

impl FileStore for Bucket {
    fn save<'a>(&'a self, key: &'a str, name: &'a str, file: Vec<u8>) -> StoreFuture<'a, ()> {
        let file = StoredFile { name: name.to_owned(), bytes: file.into(), at: (self.clock)() };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(key.to_owned(), file);
        Box::pin(async { Ok(()) })
    }

    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        let file = self.file(key).map(|file| file.bytes.to_vec());
        Box::pin(async { Ok(file) })
    }

    fn link<'a>(
        &'a self,
        key: &'a str,
        from: Timestamp,
        lifetime: Duration,
    ) -> StoreFuture<'a, String> {
        let expires = from.saturating_add(lifetime).unwrap_or(Timestamp::MAX).as_second();
        let signature = self.signature(key, expires);
        let link = format!("{}/{key}?expires={expires}&signature={signature}", self.url);
        Box::pin(async { Ok(link) })
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("url", &self.url).finish_non_exhaustive()
    }
}

async fn download(
    State(bucket): State<Bucket>,
    Path(key): Path<String>,
    link: Result<Query<Signature>, QueryRejection>,
) -> Response {
    let Ok(Query(Signature { expires, signature })) = link else {
        return refuse("A file needs the whole link, with its signature.");
    };
    if bucket.signature(&key, expires) != signature {
        return refuse("The signature of the link is wrong.");
    }
    if expires <= (bucket.clock)().as_second() {
        return refuse("The link has expired. Export again for a new one.");
    }
    let Some(file) = bucket.file(&key) else { return refuse("The file has been deleted.") };
    let headers = [
        (CONTENT_TYPE, XLSX.to_owned()),
        (CONTENT_DISPOSITION, attachment(&file.name)),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, file.bytes).into_response()
}

fn refuse(message: &'static str) -> Response {
    (StatusCode::FORBIDDEN, message).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};
    use tower::ServiceExt;

    use super::*;

    fn noon() -> Timestamp {
        Timestamp::from_second(1_795_262_400).unwrap()
    }

    #[tokio::test]
    async fn file_needs_a_whole_link_that_has_not_expired() {
        let bucket = Bucket::new("", noon);
        bucket.save("a.xlsx", "users.xlsx", b"PK".to_vec()).await.unwrap();
        let link = |from| bucket.link("a.xlsx", from, Duration::from_mins(5));
        let good = link(noon()).await.unwrap();
        let late = link(noon() - SignedDuration::from_mins(5)).await.unwrap();
        let longer = late.replacen("expires=1", "expires=2", 1);
        let other = good.replacen("a.xlsx", "b.xlsx", 1);
        let bare = good.split('?').next().unwrap().to_owned();
        for (link, status) in [(good, 200), (late, 403), (longer, 403), (other, 403), (bare, 403)] {
            let request = Request::get(&link).body(Body::empty()).unwrap();
            let answer = bucket.clone().router().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{link}");
        }
        assert_eq!(bucket.load("a.xlsx").await.unwrap().as_deref(), Some(&b"PK"[..]));
    }
}
