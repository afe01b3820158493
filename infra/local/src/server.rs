//! Puts the parts together: engine, stream reader, fake AWS, bucket, issuer and gateway.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
};

use authorizer::{Keys, Verifier};
use aws_sdk_dynamodb::Client;
use axum::{Extension, Router};
use lambda_http::Error;
use members::{ExportBucket, ExportConfig, ExportLimits};
use shared::http::serve_below;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    TABLE, app, args::Args, bucket::Bucket, connections, console, data::DataDirectory, demo,
    engine::Engine, every_minute, fake_aws::FakeAws, gateway, housekeeping, issuer::Issuer,
    outbox::Outbox, reference, stream::Stream, table,
};

/// A server that has opened its ports. Connections wait until [`Server::run`].
#[derive(Debug)]
pub struct Server {
    /// The URL of the API.
    pub url: String,
    /// The DynamoDB engine.
    pub engine: Engine,
    listener: TcpListener,
    router: Router,
    stream: Stream,
    /// Locked as long as the server runs.
    data: Option<DataDirectory>,
}

impl Server {
    /// Opens the ports and files that `args` name. `compose` makes the router of the functions from a client for the
    /// table.
    ///
    /// # Errors
    ///
    /// A port or file cannot be opened, another server uses the data directory, its data is damaged or of an earlier
    /// version, the issuer in `args` publishes no keys, or the
    /// demonstration is refused.
    pub async fn open(args: &Args, compose: impl FnOnce(Client) -> Router) -> Result<Self, Error> {
        let listener = bind(args.listen, "--listen").await?;
        let engine_listener = bind(args.engine, "--engine").await?;
        let fake_aws_listener = bind(args.fake_aws, "--fake-aws").await?;
        let url = format!("http://{}", reachable(listener.local_addr()?));
        let locked = args.data.as_deref().map(DataDirectory::open).transpose()?;
        let data = locked.as_ref().map(DataDirectory::path);
        let engine = Engine::start(engine_listener, data)?;
        prepare_table(&engine.client(), data).await?;
        let store = app(engine.client()).store;
        store.migrate("start of the local server", || false).await?;
        let fake_aws = FakeAws::open(data)?;
        fake_aws.serve(fake_aws_listener);
        let outbox = Outbox::new(&fake_aws, store, &url, args.brand.clone());
        let stream = Stream::open(outbox, data)?;
        let bucket = Bucket::new(&url, gateway::now);
        let exports = Some(ExportBucket::new(bucket.clone()));
        let exports = ExportConfig { bounds: ExportLimits::default(), bucket: exports };
        let functions = compose(engine.client()).layer(Extension(exports));
        let pages =
            fake_aws.mailbox.router().merge(reference::router()).merge(console::router(args));
        let (tokens, verifier) = token_verifier(args, &url).await?;
        let guarded = gateway::guard(functions.merge(pages).merge(tokens), verifier);
        let guarded = console::answer_unknown_pages(guarded, args);
        let mut router = bucket.router().fallback_service(guarded);
        if let Some(base_path) = args.base_path {
            router = serve_below(base_path, router);
        }
        let router = gateway::allow_local_origins(router);
        if args.demo {
            demo::fill(&router).await?;
        }
        if let Some(locked) = &locked {
            locked.mark_complete()?;
        }
        Ok(Self { url, engine, listener, router, stream, data: locked })
    }

    /// Serves until `stop` completes, then finishes the requests in progress and passes on the rest of the stream.
    ///
    /// # Errors
    ///
    /// The engine does not stop.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        let (stopping, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let serving = tokio::spawn(connections::serve(self.listener, self.router, stopped));
        let (engine, mut stream) = (self.engine, self.stream);
        let mail = stream.mail();
        let (ending, ended) = oneshot::channel();
        let until_stop = async {
            stop.await;
            // The receiver is gone only if the stream is no longer followed.
            let _ = ending.send(());
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(until_stop, stream.follow(&engine, ended)) } => {}
            never = every_minute(|| housekeeping(&engine, &mail)) => match never {},
        }
        drop(stopping);
        serving.await?;
        stream.drain(&engine).await;
        engine.stop().await?;
        drop(self.data);
        Ok(())
    }
}

/// Creates the table and its stream if they do not exist.
async fn prepare_table(client: &Client, data: Option<&Path>) -> Result<(), Error> {
    table::create_table(client, TABLE).await?;
    if !table::is_current(client, TABLE).await? {
        let data = data.unwrap_or(Path::new("memory")).display();
        let message = "holds a table of an earlier version, which lacks indexes: move the directory \
                       away or remove it, then start again";
        return Err(format!("{data} {message}").into());
    }
    Ok(table::enable_stream(client, TABLE).await?)
}

/// The verifier of tokens and, for the built-in issuer, its routes.
async fn token_verifier(args: &Args, url: &str) -> Result<(Router, Verifier), Error> {
    if let Some(issuer) = args.issuer.clone() {
        let discovered = issuer.clone();
        let keys = tokio::task::spawn_blocking(move || Keys::discover(&discovered)).await??;
        return Ok((Router::new(), Verifier::new(&issuer, &args.audiences, keys)?));
    }
    let audience = args.audiences.first().map_or("", String::as_str);
    let issuer = Issuer::open(url, audience, args.claims, args.data.as_deref())?;
    let keys = Keys::from_jwks(&issuer.jwks().to_string())?;
    Ok((issuer.router(), Verifier::new(url, &args.audiences, keys)?))
}

async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("{address} is in use: end the program that listens there, or set {option}")
                .into()
        }
        _ => format!("{option} {address}: {error}").into(),
    })
}

/// The address at which a client on this machine reaches a listener on `address`.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
