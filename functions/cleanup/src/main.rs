//! The Lambda function `cleanup`, which the schedule invokes.

use std::time::SystemTime;

use cleanup::{ScheduledRun, Summary};
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};

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
            let summary = cleanup::run(store, time, &context.request_id, enough).await?;
            tracing::info!(
                request_id = context.request_id,
                expired = summary.expired,
                roles_deleted = summary.roles_deleted,
                skipped = summary.skipped,
                failed = summary.failed,
                more = summary.more,
                "clean-up"
            );
            Ok(summary)
        },
    ))
    .await
}
