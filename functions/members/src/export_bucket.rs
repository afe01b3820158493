//! Where a file is left that is too large for an answer, and the link by which it is fetched.

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
use serde::Serialize;

use crate::sheet::XLSX;

/// How long a link works. The credentials that sign it may end earlier, and the link with them.
const LINK: Duration = Duration::from_mins(5);
/// How long one try may take, and all of them: a call to the table is quicker.
const TRY: Duration = Duration::from_secs(4);
const TRIES: Duration = Duration::from_secs(6);

/// A bucket of ours that nobody can read, and that forgets by itself.
#[derive(Clone, Debug)]
pub struct ExportBucket {
    client: Client,
    bucket: String,
}

/// A file that was left in the depot, which nobody can find without a link.
#[derive(Debug)]
pub(crate) struct StoredObject(String);

/// How a file is fetched.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    /// Where; whoever has it needs nothing else.
    pub(crate) url: String,
    /// Until when.
    pub(crate) expires_at: Timestamp,
}

/// The depot cannot be reached, or refuses.
#[derive(Debug)]
pub(crate) struct BucketUnavailable(String);

impl ExportBucket {
    /// The depot in `bucket`.
    #[must_use]
    pub fn new(config: Builder, bucket: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(TRY)
            .operation_timeout(TRIES);
        // The signature covers the file's digest: another checksum would tell nothing new.
        let config = config
            .timeout_config(timeouts.build())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Self { client: Client::from_conf(config.build()), bucket: bucket.into() }
    }

    /// Leaves a file that will be called `name` by whoever fetches it.
    pub(crate) async fn leave(
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

    /// A link to a file, from now on.
    pub(crate) async fn link(
        &self,
        StoredObject(key): StoredObject,
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
        tracing::error!(%cause, "the depot is not available");
        Self::unavailable(1)
    }
}

/// How a file is offered for saving. Names of ours are plain ASCII without quotation marks.
pub(crate) fn attachment(name: &str) -> String {
    format!("attachment; filename=\"{name}\"")
}
