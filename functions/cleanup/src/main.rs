//! The Lambda function `cleanup`, which the schedule invokes.

use cleanup::{CleanupSummary, RESERVE};
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use shared::{
    lambda::{self, ScheduledRun, ends_within},
    log,
    metrics::collected,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let store = &app.store;
    lambda_runtime::run(service_fn(
        async |event: LambdaEvent<ScheduledRun>| -> Result<CleanupSummary, Error> {
            let LambdaEvent { payload: ScheduledRun { time }, context } = event;
            let out_of_time = || ends_within(RESERVE, &context);
            let clock = || lambda::now().unwrap_or(time);
            let run = cleanup::run(store, time, clock, &context.request_id, out_of_time);
            let (summary, metrics) = collected(run).await;
            let summary = summary?;
            log::run("clean-up", &context.request_id, time, &summary, metrics);
            Ok(summary)
        },
    ))
    .await
}
