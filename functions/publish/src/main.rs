//! The Lambda function `publish`, which the table's stream and `infra/replay` invoke.

use aws_lambda_events::dynamodb;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use publish::{BatchFailures, EventBridge, Replay, Replayed};
use serde::Serialize;
use serde_json::Value;
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
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| run(bus, event).await)).await
}

async fn run(bus: &EventBridge, event: LambdaEvent<Value>) -> Result<PublishReport, Error> {
    let LambdaEvent { mut payload, context } = event;
    let request_id = &context.request_id;
    if let Some(request) = payload.get_mut("replay") {
        let request: Replay = serde_json::from_value(request.take())?;
        let now = now()?;
        let (replayed, metrics) = collected(publish::replay(request, bus, now)).await;
        log::run("replay", request_id, now, &replayed, metrics);
        return Ok(PublishReport::Replay(replayed));
    }
    let batch: dynamodb::Event = serde_json::from_value(payload)?;
    let records = batch.records.len();
    let (failures, metrics) = collected(publish::handle(batch, bus)).await;
    let finished = failures.batch_item_failures.is_empty();
    log::run("batch", request_id, now()?, &StreamBatch { records, finished }, metrics);
    Ok(PublishReport::Batch(failures))
}

/// The answer to the stream, or to a replay.
#[derive(Serialize)]
#[serde(untagged)]
enum PublishReport {
    Batch(BatchFailures),
    Replay(Replayed),
}

/// The result of a batch, for the log.
#[derive(Serialize)]
struct StreamBatch {
    records: usize,
    finished: bool,
}
