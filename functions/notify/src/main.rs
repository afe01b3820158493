//! The Lambda function `notify`, which the table's stream invokes.

use std::time::{Duration, SystemTime};

use aws_lambda_events::dynamodb;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use notify::{BatchFailures, Bus, Mailer, Outbox, Portal};
use shared::lambda::{sdk, setting};

/// The time before Lambda's deadline at which no further mail is begun.
const RESERVE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let outbox = Outbox { store: app.store, bus: bus()?, mailer: mailer()? };
    let outbox = &outbox;
    lambda_runtime::run(service_fn(
        async |event: LambdaEvent<dynamodb::Event>| -> Result<BatchFailures, Error> {
            let LambdaEvent { payload, context } = event;
            #[expect(
                clippy::disallowed_methods,
                reason = "Lambda's deadline is a time of the system clock"
            )]
            let out_of_time = || SystemTime::now() + RESERVE >= context.deadline();
            let records = payload.records.len();
            let failures = notify::handle(payload, outbox, out_of_time).await;
            tracing::info!(
                request_id = context.request_id,
                records,
                finished = failures.batch_item_failures.is_empty(),
                "batch"
            );
            Ok(failures)
        },
    ))
    .await
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
