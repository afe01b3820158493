//! The Lambda function `migrate`, invoked by hand after a deployment that changes the schema of
//! items.
//!
//! It rewrites the items of earlier versions. It stops before its time is up, and continues there
//! the next time; the answer says whether it has finished.

use std::time::Duration;

use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use serde::de::IgnoredAny;
use shared::{
    lambda::{ends_within, now},
    log,
    metrics::collected,
    store::Migration,
};

/// The time before Lambda's deadline at which a run ends.
const RESERVE: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let store = &app.store;
    lambda_runtime::run(service_fn(
        async |event: LambdaEvent<IgnoredAny>| -> Result<Migration, Error> {
            let context = event.context;
            let out_of_time = || ends_within(RESERVE, &context);
            // Boxed: the future is large.
            let run = Box::pin(store.migrate(&context.request_id, out_of_time));
            let (done, metrics) = collected(run).await;
            let done = done?;
            log::run("migration", &context.request_id, now()?, &done, metrics);
            Ok(done)
        },
    ))
    .await
}
