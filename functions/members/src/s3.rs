//! The bucket of S3. The local server and its build do without, because the client takes minutes to
//! compile.

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

use crate::{
    export_bucket::{BucketUnavailable, FileStore, StoreFuture, attachment},
    sheet::XLSX,
};

/// The timeouts of one attempt and of the whole upload, which takes longer than a call to the
/// table.
const TRY: Duration = Duration::from_secs(4);
const TRIES: Duration = Duration::from_secs(6);

/// A bucket of S3.
#[derive(Debug)]
pub struct S3 {
    client: Client,
    bucket: String,
}

impl S3 {
    /// The bucket with this name.
    pub fn new(config: Builder, bucket: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(TRY)
            .operation_timeout(TRIES);
        // The signature covers the hash of the file, so another checksum is not needed.
        let config = config
            .timeout_config(timeouts.build())
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        Self { client: Client::from_conf(config.build()), bucket: bucket.into() }
    }
}

impl FileStore for S3 {
    fn save<'a>(&'a self, key: &'a str, name: &'a str, file: Vec<u8>) -> StoreFuture<'a, ()> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(XLSX)
            .content_disposition(attachment(name))
            .cache_control("no-store")
            .body(ByteStream::from(file));
        Box::pin(async { put.send().await.map(drop).map_err(unavailable) })
    }

    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let got = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
                Ok(got) => got,
                // S3 answers 403 for a missing file, because the function may not list the bucket.
                Err(error) => {
                    let status = error.raw_response().map(|response| response.status().as_u16());
                    let is_missing = matches!(status, Some(403 | 404));
                    return if is_missing { Ok(None) } else { Err(unavailable(error)) };
                }
            };
            let file = got.body.collect().await.map_err(unavailable)?;
            Ok(Some(file.to_vec()))
        })
    }

    fn link<'a>(
        &'a self,
        key: &'a str,
        from: Timestamp,
        lifetime: Duration,
    ) -> StoreFuture<'a, String> {
        Box::pin(async move {
            let signed = PresigningConfig::builder()
                .start_time(from.into())
                .expires_in(lifetime)
                .build()
                .map_err(unavailable)?;
            let get = self.client.get_object().bucket(&self.bucket).key(key);
            let link = get.presigned(signed).await.map_err(unavailable)?;
            Ok(link.uri().to_owned())
        })
    }
}

fn unavailable(error: impl std::error::Error) -> BucketUnavailable {
    BucketUnavailable(aws_sdk_s3::error::DisplayErrorContext(error).to_string())
}
