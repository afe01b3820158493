//! API Gateway's stand-in on a laptop, over a table and an issuer of its own; it knows no rule of the product, and
//! no deployed function knows it.

use std::{convert::Infallible, time::Duration};

use aws_sdk_dynamodb::Client;
use axum::Router;
use jiff::Timestamp;
use shared::{
    http::{App, Limits, complete},
    store::Store,
};

use args::Args;
use engine::Engine;
pub use routes::{FUNCTIONS, Function, ROUTES, routers};

mod answer;
pub mod args;
pub mod bucket;
pub mod engine;
pub mod gateway;
pub mod issuer;
mod mailbox;
mod outside;
pub mod reference;
mod routes;
pub mod server;
mod stream;
pub mod table;
mod told;

/// The table that everything is kept in.
pub const TABLE: &str = "rolecall";

/// The file, among the data, to which the event bus adds what it is told.
pub const EVENTS: &str = "events.jsonl";

/// The whole API over the table that `client` reaches.
pub fn router(client: Client) -> Router {
    complete(routers(), app(client))
}

/// The same as `args` tell.
pub fn router_for(args: &Args, client: Client) -> Router {
    let url: &'static str = format!("http://{}", server::reachable(args.listen)).leak();
    let App { store, limits } = app(client);
    let certification = args.certification;
    let limits = Limits { public_url: Some(url), certification, ..limits };
    complete(routers(), App { store, limits })
}

/// What the functions reach here.
#[must_use]
pub fn app(client: Client) -> App {
    App { store: Store::new(client, TABLE), limits: Limits::default() }
}

/// What happens by itself: what a deployment's schedule does, and what its table would do.
pub async fn housekeeping(engine: &Engine) {
    let store = app(engine.client()).store;
    #[expect(clippy::disallowed_methods, reason = "we are the schedule here")]
    let now = Timestamp::now();
    match cleanup::run(&store, now, "local clean-up", || false).await {
        Ok(summary) => tracing::info!(?summary, "clean-up"),
        Err(cause) => tracing::error!(%cause, "the clean-up failed"),
    }
    engine.sweep().await;
}

/// Does `work` once a minute, for as long as it is polled.
pub async fn every_minute<F: Future<Output = ()>>(work: impl Fn() -> F) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_mins(1)).await;
        work().await;
    }
}
