//! The Lambda function `publish`, which the table's stream invokes.

use aws_lambda_events::dynamodb;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use publish::EventBridge;
use serde::Serialize;
use shared::{
    lambda::{now, required, sdk},
    log,
    metrics::collected,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let client = aws_sdk_eventbridge::Client::new(&sdk("EVENTBRIDGE")?);
    let bus = &EventBridge::new(client, required("EVENT_BUS")?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<dynamodb::Event>| {
        let LambdaEvent { payload, context } = event;
        let records = payload.records.len();
        let (failures, metrics) = collected(publish::handle(payload, bus)).await;
        let finished = failures.batch_item_failures.is_empty();
        log::run("batch", &context.request_id, now()?, &Batch { records, finished }, metrics);
        Ok::<_, Error>(failures)
    }))
    .await
}

/// The result of a batch, for the log.
#[derive(Serialize)]
struct Batch {
    records: usize,
    finished: bool,
}
