//! Engine, bucket, issuer and gateway put together; what is served through them is the caller's.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use authorizer::{Keys, Verifier};
use aws_sdk_dynamodb::Client;
use axum::{Extension, Router};
use lambda_http::Error;
use members::{Bounds, Depot, Exports};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use crate::{
    TABLE, app,
    args::Args,
    bucket::{self, Bucket},
    engine::Engine,
    every_minute, gateway, housekeeping,
    issuer::Issuer,
    outside::Outside,
    reference,
    stream::Stream,
    table,
};

/// How long requests under way may take once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that is ready: connections to it wait until it runs.
#[derive(Debug)]
pub struct Server {
    /// Where the API is.
    pub url: String,
    /// Where the table is.
    pub engine: Engine,
    listener: TcpListener,
    router: Router,
    stream: Stream,
}

impl Server {
    /// Opens everything that `args` name, and puts the gateway before what `compose` makes of a client for the table.
    pub async fn open(args: &Args, compose: impl FnOnce(Client) -> Router) -> Result<Self, Error> {
        let listener = bind(args.listen, "--listen").await?;
        let engine = bind(args.engine, "--engine").await?;
        let outside = bind(args.outside, "--outside").await?;
        let url = format!("http://{}", reachable(listener.local_addr()?));
        let data = args.data.as_deref();
        if let Some(data) = data {
            fs::create_dir_all(data).map_err(|cause| format!("{}: {cause}", data.display()))?;
        }
        let engine = Engine::start(engine, data)?;
        table::create_table(&engine.client(), TABLE).await?;
        if !table::is_current(&engine.client(), TABLE).await? {
            let data = data.unwrap_or(Path::new("memory")).display();
            let told = "holds a table of an earlier version, which lacks indexes: move it away, \
                        or remove it, and start again";
            return Err(format!("{data} {told}").into());
        }
        table::stream(&engine.client(), TABLE).await?;
        let outside = Outside::start(outside, data)?;
        let outbox = outside.outbox(app(engine.client()).store, &url)?;
        let stream = Stream::open(outbox, data)?;
        let pages = outside.mailbox.router().merge(reference::router());
        let depot = Some(Depot::new(bucket::config(&url), bucket::NAME));
        let exports = Exports { bounds: Bounds::default(), depot };
        let mut router = compose(engine.client()).layer(Extension(exports)).merge(pages);
        let (issuer, keys) = if let Some(url) = args.issuer.clone() {
            let asked = url.clone();
            (url, tokio::task::spawn_blocking(move || Keys::discover(&asked)).await??)
        } else {
            let issuer = Issuer::open(&url, &args.audience, data)?;
            let keys = Keys::from_jwks(&issuer.jwks().to_string())?;
            router = router.merge(issuer.router());
            (url.clone(), keys)
        };
        let verifier = Verifier::new(&issuer, &args.audience, keys)?;
        let bucket = Bucket::new(&url, gateway::now).router();
        let router = bucket.fallback_service(gateway::guard(router, verifier));
        Ok(Self { url, engine, listener, router, stream })
    }

    /// Serves until `stop` happens; then finishes what is under way.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let (stopping, stopped) = oneshot::channel::<()>();
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(self.listener, service)
            .with_graceful_shutdown(async { stopped.await.unwrap_or_default() });
        let serving = tokio::spawn(serving.into_future());
        let (engine, mut stream) = (self.engine, self.stream);
        tokio::select! {
            () = stop => {}
            never = every_minute(|| housekeeping(&engine)) => match never {},
            never = stream.follow(&engine) => match never {},
        }
        drop(stopping);
        if let Ok(served) = timeout(PATIENCE, serving).await {
            served??;
        }
        stream.drain(&engine).await;
        engine.stop().await
    }
}

async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use: end what listens there, or choose another with {option}")
                .into()
        }
        _ => format!("{option} {address}: {error}").into(),
    })
}

/// An address at which a client on this machine finds what listens on `address`.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
