//! The Lambda function `notify`, which the table's stream and a schedule invoke.

use std::time::{Duration, SystemTime};

use aws_lambda_events::dynamodb;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use notify::{BatchFailures, Bus, Mailer, Outbox, Portal, ScheduledRun, Summary};
use serde::{Deserialize, Serialize};
use shared::lambda::{sdk, setting};

/// The time before Lambda's deadline at which no further mail is begun.
const RESERVE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let outbox = Outbox { store: app.store, bus: bus()?, mailer: mailer()? };
    let outbox = &outbox;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Invocation>| {
        let LambdaEvent { payload, context } = event;
        #[expect(
            clippy::disallowed_methods,
            reason = "Lambda's deadline is a time of the system clock"
        )]
        let out_of_time = || SystemTime::now() + RESERVE >= context.deadline();
        let request_id = &context.request_id;
        match payload {
            Invocation::Stream(batch) => {
                let records = batch.records.len();
                let failures = notify::handle(batch, outbox, out_of_time).await;
                let finished = failures.batch_item_failures.is_empty();
                tracing::info!(request_id, records, finished, "batch");
                Ok(Report::Stream(failures))
            }
            Invocation::Schedule(ScheduledRun { time }) => {
                let summary = notify::send_digests(outbox, time, request_id, out_of_time).await?;
                tracing::info!(request_id, ?summary, "digests");
                Ok::<_, Error>(Report::Schedule(summary))
            }
        }
    }))
    .await
}

/// What invokes the function: the table's stream or the schedule.
#[derive(Deserialize)]
#[serde(untagged)]
enum Invocation {
    Schedule(ScheduledRun),
    Stream(dynamodb::Event),
}

/// The answer to either.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Schedule(Summary),
    Stream(BatchFailures),
}

fn bus() -> Result<Bus, Error> {
    Ok(Bus::new(aws_sdk_eventbridge::Client::new(&sdk("EVENTBRIDGE")?), required("EVENT_BUS")?))
}

fn mailer() -> Result<Mailer, Error> {
    let portal = Portal::parse(&required("PORTAL_URL")?)?;
    let client = aws_sdk_sesv2::Client::new(&sdk("SESV2")?);
    Ok(Mailer::new(client, required("MAIL_FROM")?, portal)
        .with_configuration_set(setting("MAIL_CONFIGURATION_SET")))
}

fn required(name: &str) -> Result<String, Error> {
    Ok(setting(name).ok_or_else(|| format!("{name} is not set: template.yaml sets it"))?)
}
