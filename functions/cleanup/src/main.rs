//! The Lambda function `cleanup`, which the schedule invokes.

use std::time::SystemTime;

use cleanup::{ScheduledRun, Summary};
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use shared::{log, metrics::collected};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let store = &app.store;
    lambda_runtime::run(service_fn(
        async |event: LambdaEvent<ScheduledRun>| -> Result<Summary, Error> {
            let LambdaEvent { payload: ScheduledRun { time }, context } = event;
            #[expect(
                clippy::disallowed_methods,
                reason = "Lambda's deadline is a time of the system clock"
            )]
            let enough = || SystemTime::now() + cleanup::RESERVE >= context.deadline();
            let run = cleanup::run(store, time, &context.request_id, enough);
            let (summary, metrics) = collected(run).await;
            let summary = summary?;
            log::run("clean-up", &context.request_id, time, &summary, metrics);
            Ok(summary)
        },
    ))
    .await
}
