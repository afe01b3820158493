//! The bucket for files that are too large for a response, and the links to them.

use std::time::Duration;

use aws_sdk_s3::{
    Client,
    config::{
        Builder, RequestChecksumCalculation, ResponseChecksumValidation, timeout::TimeoutConfig,
    },
    presigning::PresigningConfig,
    primitives::ByteStream,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sheet::XLSX;

/// The time to live of a link. The link ends earlier if the credentials that sign it do.
const LINK: Duration = Duration::from_mins(5);
/// The timeouts of one attempt and of the whole upload, which takes longer than a call to the
/// table.
const TRY: Duration = Duration::from_secs(4);
const TRIES: Duration = Duration::from_secs(6);

/// A private bucket whose lifecycle rule deletes the files.
#[derive(Clone, Debug)]
pub struct ExportBucket {
    client: Client,
    bucket: String,
}

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

/// The bucket cannot be reached or refuses the request. Contains the cause.
#[derive(Debug)]
pub(crate) struct BucketUnavailable(String);

impl ExportBucket {
    /// The bucket with this name.
    pub fn new(config: Builder, bucket: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(TRY)
            .operation_timeout(TRIES);
        // The signature covers the digest of the file, so another checksum is not needed.
        let config = config
            .timeout_config(timeouts.build())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Self { client: Client::from_conf(config.build()), bucket: bucket.into() }
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
        let put = self.client.put_object().bucket(&self.bucket).key(&key);
        let put = put.content_type(XLSX).content_disposition(attachment(name));
        let put = put.cache_control("no-store").body(ByteStream::from(file));
        put.send().await.map_err(BucketUnavailable::because)?;
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
        let got = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(got) => got,
            // S3 answers 403 for a missing file, because the function may not list the bucket.
            Err(error) => {
                let status = error.raw_response().map(|response| response.status().as_u16());
                let is_missing = matches!(status, Some(403 | 404));
                return if is_missing { Ok(None) } else { Err(BucketUnavailable::because(error)) };
            }
        };
        let file = got.body.collect().await.map_err(BucketUnavailable::because)?;
        Ok(Some(file.to_vec()))
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
        let signed = PresigningConfig::builder().start_time(now.into()).expires_in(LINK);
        let signed = signed.build().map_err(BucketUnavailable::because)?;
        let get = self.client.get_object().bucket(&self.bucket).key(key);
        let url = get.presigned(signed).await.map_err(BucketUnavailable::because)?.uri().to_owned();
        Ok(Link { url, expires_at: now.saturating_add(LINK).unwrap_or(Timestamp::MAX) })
    }
}

impl BucketUnavailable {
    fn because(error: impl std::error::Error) -> Self {
        Self(aws_sdk_s3::error::DisplayErrorContext(error).to_string())
    }
}

impl From<BucketUnavailable> for shared::http::Problem {
    fn from(BucketUnavailable(cause): BucketUnavailable) -> Self {
        tracing::error!(%cause, "the bucket of exports is not available");
        Self::unavailable(1)
    }
}

/// The `Content-Disposition` of a download. File names are plain ASCII without quotation marks.
pub(crate) fn attachment(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}
