//! The Lambda function `mail`, which two queues and a schedule invoke.

use std::{sync::Arc, time::Duration};

use lambda_http::{Error, LambdaEvent, lambda_runtime, service_fn};
use mail::{BatchFailures, Brand, MAX_CALL, MailService, MailSummary, Messages, Portal, Ses};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{Email, RequestContext},
    lambda::{ScheduledRun, ends_within, now, required, sdk, setting},
    log,
    metrics::collected,
};

/// The time before Lambda's deadline at which no further mail is begun. It is enough for two calls
/// of SES, and for those of the table before and after them.
const RESERVE: Duration = MAX_CALL.saturating_mul(2).saturating_add(Duration::from_secs(10));

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    shared::lambda::run(serve()).await
}

async fn serve() -> Result<(), Error> {
    let store = shared::lambda::app().await?.store;
    let portal = Portal::parse(&required("PORTAL_URL")?)?;
    let [product, logo, support] = ["PRODUCT_NAME", "LOGO_URL", "SUPPORT_ADDRESS"].map(setting);
    let brand = Brand::parse(product.as_deref(), logo.as_deref(), support.as_deref())?;
    let service = &MailService { store, transport: Arc::new(ses()?), portal, brand };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Invocation>| {
        Box::pin(run(service, event)).await
    }))
    .await
}

async fn run(service: &MailService, event: LambdaEvent<Invocation>) -> Result<MailReport, Error> {
    let LambdaEvent { payload, context: lambda } = event;
    let out_of_time = || ends_within(RESERVE, &lambda);
    let request_id = &lambda.request_id;
    match payload {
        Invocation::Queue(batch) => {
            let now = now()?;
            let context = RequestContext::without_actor(now, request_id, 0);
            let handled = mail::handle(service, &batch, &context, out_of_time);
            let (failures, metrics) = collected(handled).await;
            let waiting = failures.batch_item_failures.len();
            let done = MessageBatch { messages: batch.messages.len(), waiting };
            log::run("batch", request_id, now, &done, metrics);
            Ok(MailReport::Queue(failures))
        }
        Invocation::Schedule(ScheduledRun { time }) => {
            let context = RequestContext::without_actor(time, request_id, 0);
            // Boxed: the future is large.
            let sent = Box::pin(mail::send_due(service, &context, out_of_time));
            let (summary, metrics) = collected(sent).await;
            let summary = summary?;
            log::run("schedule", request_id, time, &summary, metrics);
            Ok(MailReport::Schedule(summary))
        }
    }
}

/// The result of a batch, for the log.
#[derive(Serialize)]
struct MessageBatch {
    messages: usize,
    waiting: usize,
}

/// What invokes the function: a queue or the schedule.
#[derive(Deserialize)]
#[serde(untagged)]
enum Invocation {
    Schedule(ScheduledRun),
    Queue(Messages),
}

/// The answer to either.
#[derive(Serialize)]
#[serde(untagged)]
enum MailReport {
    Schedule(MailSummary),
    Queue(BatchFailures),
}

fn ses() -> Result<Ses, Error> {
    let from =
        Email::parse(&required("MAIL_FROM")?).map_err(|error| format!("MAIL_FROM {error}"))?;
    let config = aws_sdk_sesv2::config::Builder::from(&sdk("SESV2")?);
    Ok(Ses::connect(config, from, setting("MAIL_CONFIGURATION_SET")))
}
