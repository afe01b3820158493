//! The Lambda runtime: serves a router, or runs a scheduled function.

mod client;
mod event;
mod settings;

use std::time::{Duration, SystemTime};

use axum::Router;
use jiff::Timestamp;
use lambda_http::{Adapter, Context, Error, lambda_runtime, tower::ServiceExt};
use serde::Deserialize;

pub use client::sdk;
pub use settings::{base_path, deployment, required, setting, token_claims, token_claims_of};

use crate::{
    http::{App, complete, serve_below},
    log,
};

/// Starts the log and runs a function until Lambda stops the process. Logs why it does not run: the
/// runtime would write the error as a text, which no query of the log finds.
///
/// # Errors
///
/// Those of `function`.
pub async fn run(function: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    log::start(std::io::stdout);
    let result = function.await;
    if let Err(cause) = &result {
        let function = setting("AWS_LAMBDA_FUNCTION_NAME");
        tracing::error!(function, %cause, "the function does not run");
    }
    result
}

/// Serves a function's router until Lambda stops the process.
///
/// # Errors
///
/// A missing or invalid environment variable, or a failure of the Lambda runtime.
pub async fn serve(router: Router<App>) -> Result<(), Error> {
    let app = app().await?;
    let mut router = complete(router, app);
    if let Some(base) = base_path()? {
        router = serve_below(base, router);
    }
    lambda_runtime::run(Adapter::from(router).map_request(event::sanitize)).await
}

/// Builds a function's state from environment variables.
///
/// It reads one item of the table, so that the connection exists before the first request:
/// initialization has more CPU than a request.
///
/// # Errors
///
/// A missing or invalid environment variable. A table that cannot be reached is only logged.
pub async fn app() -> Result<App, Error> {
    let store = client::table()?;
    // The table may be available again by the first request.
    if let Err(cause) = store.open().await {
        tracing::error!(%cause, "the table cannot be reached");
    }
    Ok(App { store, deployment: deployment()?, claims: token_claims()? })
}

/// The event of a schedule.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ScheduledRun {
    /// The time of the run. What is due by then is done.
    pub time: Timestamp,
}

/// The present time, for runs that no request and no schedule gives one.
///
/// # Errors
///
/// The system clock shows a time that no [`Timestamp`] can be.
pub fn now() -> Result<Timestamp, Error> {
    Ok(Timestamp::try_from(clock())?)
}

/// Whether Lambda ends this run within `reserve`.
pub fn ends_within(reserve: Duration, context: &Context) -> bool {
    clock() + reserve >= context.deadline()
}

#[expect(clippy::disallowed_methods, reason = "Lambda states deadlines as times of this clock")]
fn clock() -> SystemTime {
    SystemTime::now()
}
