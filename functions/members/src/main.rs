//! The Lambda function `members`, with the bucket for large exports.

use aws_sdk_s3::config::Builder;
use axum::Extension;
use members::{ExportBucket, ExportConfig, ExportLimits, S3};
use shared::lambda::{run, sdk, serve, setting};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    run(async { serve(members::router().layer(Extension(exports()?))).await }).await
}

/// The configuration of exports from the environment: `EXPORT_BUCKET`, and `EXPORT_INLINE`, which
/// lowers the maximum number of bytes in a response.
///
/// # Errors
///
/// `EXPORT_INLINE` is not a number, or the AWS configuration cannot be read.
fn exports() -> Result<ExportConfig, lambda_http::Error> {
    let mut bounds = ExportLimits::default();
    if let Some(bytes) = setting("EXPORT_INLINE") {
        let bytes: usize = bytes.parse().map_err(|_| "EXPORT_INLINE is not a number")?;
        bounds.inline = bounds.inline.min(bytes);
    }
    let Some(bucket) = setting("EXPORT_BUCKET") else {
        return Ok(ExportConfig { bounds, bucket: None });
    };
    let config = sdk("S3")?;
    // AWS has a host name for each bucket. A local engine has one for all buckets.
    let elsewhere = config.endpoint_url().is_some();
    let config = Builder::from(&config).force_path_style(elsewhere);
    Ok(ExportConfig { bounds, bucket: Some(ExportBucket::new(S3::new(config, bucket))) })
}
