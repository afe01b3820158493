//! The local server: all functions in one process, behind a stand-in for API Gateway.
//!
//! It brings a DynamoDB engine, a token issuer, and stand-ins for SES, `EventBridge` and S3. It holds no rule of the
//! product, and no deployed function depends on it. A request passes [`server`], [`gateway`] and one of the [`ROUTES`].

use std::{convert::Infallible, time::Duration};

use aws_sdk_dynamodb::Client;
use axum::Router;
use jiff::Timestamp;
use mail::MailService;
use shared::{
    domain::RequestContext,
    http::{App, BasePath, Deployment, TokenClaims, complete},
    store::Store,
};

use args::Args;
use engine::Engine;
pub use routes::{FUNCTIONS, Function, ROUTES, routers};

mod answer;
pub mod args;
pub mod authzen_fixtures;
mod bucket;
mod connections;
mod console;
mod data;
pub mod demo;
pub mod engine;
mod fake_aws;
pub mod gateway;
mod gateway_context;
pub mod issuer;
mod mailbox;
mod outbox;
pub mod reference;
mod routes;
pub mod server;
mod stream;
pub mod table;

/// The name of the table.
pub const TABLE: &str = "rolecall";

/// The file in the data directory with the events of the event bus, each a line of JSON.
pub const EVENTS_FILE: &str = "events.jsonl";

/// All functions over the table that `client` reaches, of a default deployment.
pub fn router(client: Client) -> Router {
    complete(routers(), app(client))
}

/// All functions with the options in `args`, of this deployment.
pub fn router_for(args: &Args, deployment: Deployment, client: Client) -> Router {
    let base_path = args.base_path.map_or("", BasePath::as_str);
    let url: &'static str = format!("http://{}{base_path}", server::reachable(args.listen)).leak();
    let App { store, .. } = app(client);
    let deployment = Deployment { public_url: Some(url), ..deployment };
    let router = complete(routers(), App { store, deployment, claims: args.claims });
    if args.certification { authzen_fixtures::with_fixtures(router) } else { router }
}

/// The state of the functions: a store over `client`, and the defaults.
pub fn app(client: Client) -> App {
    let (deployment, claims) = (Deployment::default(), TokenClaims::default());
    App { store: Store::new(client, TABLE), deployment, claims }
}

/// Runs the clean-up and sends the mail that is due, as the deployed schedules do, and deletes expired items, as DynamoDB does.
/// Logs a failure.
pub async fn housekeeping(engine: &Engine, mail: &MailService) {
    let store = &mail.store;
    #[expect(clippy::disallowed_methods, reason = "stands in for the scheduler")]
    let clock = Timestamp::now;
    let now = clock();
    match cleanup::run(store, now, clock, "local clean-up", || false).await {
        Ok(summary) => tracing::info!(?summary, "clean-up"),
        Err(cause) => tracing::error!(%cause, "clean-up failed"),
    }
    // Boxed: the future is large, and rarely runs.
    let context = RequestContext::without_actor(now, "local due mail", 0);
    let due = Box::pin(mail::send_due(mail, &context, || false));
    match due.await {
        Ok(summary) => tracing::info!(?summary, "due mail"),
        Err(cause) => tracing::error!(%cause, "due mail failed"),
    }
    engine.delete_expired().await;
}

/// Runs `work` once a minute until the future is dropped.
pub async fn every_minute<F: Future<Output = ()>>(work: impl Fn() -> F) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        work().await;
    }
}
