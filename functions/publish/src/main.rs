//! The Lambda function `publish`, which the table's stream invokes.

use aws_lambda_events::dynamodb;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use publish::EventBridge;
use shared::lambda::{required, sdk, start_log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    start_log();
    let client = aws_sdk_eventbridge::Client::new(&sdk("EVENTBRIDGE")?);
    let bus = &EventBridge::new(client, required("EVENT_BUS")?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<dynamodb::Event>| {
        let LambdaEvent { payload, context } = event;
        let (request_id, records) = (&context.request_id, payload.records.len());
        let failures = publish::handle(payload, bus).await;
        let finished = failures.batch_item_failures.is_empty();
        tracing::info!(request_id, records, finished, "batch");
        Ok::<_, Error>(failures)
    }))
    .await
}
