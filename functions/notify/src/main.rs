//! The Lambda function `notify`: what the table's stream invokes.

use std::time::{Duration, SystemTime};

use aws_lambda_events::dynamodb;
use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use notify::{Bus, Outbox, Portal, Post, Unfinished};
use shared::lambda::{sdk, setting};

/// How much time is kept for one mail and for answering.
const RESERVE: Duration = Duration::from_secs(15);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = shared::lambda::app().await?;
    let outbox = Outbox { store: app.store, bus: bus()?, post: post()? };
    let outbox = &outbox;
    lambda_runtime::run(service_fn(
        async |event: LambdaEvent<dynamodb::Event>| -> Result<Unfinished, Error> {
            let LambdaEvent { payload, context } = event;
            #[expect(
                clippy::disallowed_methods,
                reason = "Lambda's deadline is a time of its clock"
            )]
            let enough = || SystemTime::now() + RESERVE >= context.deadline();
            let records = payload.records.len();
            let unfinished = notify::handle(payload, outbox, enough).await;
            tracing::info!(
                request_id = context.request_id,
                records,
                finished = unfinished.batch_item_failures.is_empty(),
                "told"
            );
            Ok(unfinished)
        },
    ))
    .await
}

fn bus() -> Result<Bus, Error> {
    Ok(Bus::new(aws_sdk_eventbridge::Client::new(&sdk("EVENTBRIDGE")?), need("EVENT_BUS")?))
}

fn post() -> Result<Post, Error> {
    let portal = Portal::parse(&need("PORTAL_URL")?)?;
    let client = aws_sdk_sesv2::Client::new(&sdk("SESV2")?);
    Ok(Post::new(client, need("MAIL_FROM")?, portal).by(setting("MAIL_CONFIGURATION_SET")))
}

fn need(name: &str) -> Result<String, Error> {
    Ok(setting(name).ok_or_else(|| format!("{name} is not set: template.yaml sets it"))?)
}
