//! The bucket for files that are too large for a response, and the links to them.

use std::{fmt::Debug, pin::Pin, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The time to live of a link. The link ends earlier if the credentials that sign it do.
const LINK: Duration = Duration::from_mins(5);

/// What a [`FileStore`] does: a future, so that any store can be behind it.
pub type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, BucketUnavailable>> + Send + 'a>>;

/// Keeps files for a day. Only a link gives access to one.
pub trait FileStore: Debug + Send + Sync {
    /// Stores a file at `key`, to be downloaded as `name`.
    fn save<'a>(&'a self, key: &'a str, name: &'a str, file: Vec<u8>) -> Stored<'a, ()>;

    /// The file at `key`. `None` if it has been deleted.
    fn load<'a>(&'a self, key: &'a str) -> Stored<'a, Option<Vec<u8>>>;

    /// A URL that gives access to the file at `key` for this long, without credentials.
    fn link<'a>(&'a self, key: &'a str, from: Timestamp, lifetime: Duration) -> Stored<'a, String>;
}

/// The bucket cannot be reached or refuses the request. Contains the cause.
#[derive(Debug)]
pub struct BucketUnavailable(pub String);

/// A private bucket whose lifecycle rule deletes the files.
#[derive(Clone, Debug)]
pub struct ExportBucket(Arc<dyn FileStore>);

/// The key of a stored file. It is random, so only the link gives access.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredObject(String);

/// A link to a stored file.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    /// The signed URL. It needs no further credentials.
    pub(crate) url: String,
    /// The time when the link expires.
    pub(crate) expires_at: Timestamp,
}

impl ExportBucket {
    /// The bucket of a store.
    pub fn new(files: impl FileStore + 'static) -> Self {
        Self(Arc::new(files))
    }

    /// Stores a file, to be downloaded as `name`.
    ///
    /// # Errors
    ///
    /// [`BucketUnavailable`] if the upload fails.
    pub(crate) async fn store(
        &self,
        file: Vec<u8>,
        name: &str,
    ) -> Result<StoredObject, BucketUnavailable> {
        let key = format!("{:032x}.xlsx", rand::random::<u128>());
        self.0.save(&key, name, file).await?;
        Ok(StoredObject(key))
    }

    /// A stored file. `None` if the bucket has deleted it.
    ///
    /// # Errors
    ///
    /// [`BucketUnavailable`] if the bucket cannot be reached.
    pub(crate) async fn fetch(
        &self,
        StoredObject(key): &StoredObject,
    ) -> Result<Option<Vec<u8>>, BucketUnavailable> {
        self.0.load(key).await
    }

    /// A link to a stored file, valid from `now` on.
    ///
    /// # Errors
    ///
    /// [`BucketUnavailable`] if the link cannot be signed.
    pub(crate) async fn link(
        &self,
        StoredObject(key): &StoredObject,
        now: Timestamp,
    ) -> Result<Link, BucketUnavailable> {
        let url = self.0.link(key, now, LINK).await?;
        Ok(Link { url, expires_at: now.saturating_add(LINK).unwrap_or(Timestamp::MAX) })
    }
}

impl From<BucketUnavailable> for shared::http::Problem {
    fn from(BucketUnavailable(cause): BucketUnavailable) -> Self {
        tracing::error!(%cause, "the bucket of exports is not available");
        Self::unavailable(1)
    }
}

/// The `Content-Disposition` of a download. File names are plain ASCII without quotation marks.
pub fn attachment(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}
