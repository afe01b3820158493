//! The Lambda function `migrate`, invoked by hand after a deployment that changes the schema of items.
//!
//! It rewrites the items of earlier versions. It stops before its time is up, and continues there the
//! next time; the answer says whether it has finished.

use std::time::{Duration, SystemTime};

use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use serde::de::IgnoredAny;
use shared::store::Migration;

/// The time before Lambda's deadline at which a run ends.
const RESERVE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let store = &app.store;
    lambda_runtime::run(service_fn(
        async |event: LambdaEvent<IgnoredAny>| -> Result<Migration, Error> {
            let context = event.context;
            #[expect(
                clippy::disallowed_methods,
                reason = "Lambda's deadline is a time of the system clock"
            )]
            let enough = || SystemTime::now() + RESERVE >= context.deadline();
            let done = store.migrate(&context.request_id, enough).await?;
            tracing::info!(
                request_id = context.request_id,
                migrated = done.migrated,
                finished = done.finished,
                "migration"
            );
            Ok(done)
        },
    ))
    .await
}
