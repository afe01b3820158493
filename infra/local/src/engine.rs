//! The engine under the table, inside this process; whoever uses it does so through its address, never directly.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use aws_lambda_events::dynamodb;
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region},
};
use dynoxide::{
    Database,
    actions::{get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest},
    server::serve_with_shutdown,
    storage::Storage,
    streams::{shard_id, stream_arn},
};
use lambda_http::Error;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

/// The engine keeps what a stream has shown for ever, and looks for the last of it with every write:
/// with this it does not look through all of it.
const STREAM_ORDER: &str = "CREATE INDEX IF NOT EXISTS stream_order ON _stream_records \
                            (table_name, CAST(sequence_number AS INTEGER))";
const PATIENCE: Duration = Duration::from_secs(5);

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    /// Where it is served.
    pub address: SocketAddr,
    database: Opaque,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), String>>,
}

/// The engine's own type says nothing about itself.
struct Opaque(Database);

impl std::fmt::Debug for Opaque {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Database")
    }
}

impl Engine {
    /// Serves the tables kept in `directory`, or new ones in memory, on `listener`.
    pub fn start(listener: TcpListener, directory: Option<&Path>) -> Result<Self, Error> {
        let address = listener.local_addr()?;
        let file = match directory {
            None => format!("file:{}?mode=memory&cache=shared", address.port()),
            Some(directory) => {
                let file = directory.join("table.sqlite");
                file.to_str().ok_or("the data directory's name is not UTF-8")?.to_owned()
            }
        };
        let database = Database::new(&file).map_err(|cause| format!("{file}: {cause}"))?;
        Storage::new(&file)?.conn().execute_batch(STREAM_ORDER)?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap_or_default() };
        let serving = tokio::spawn(serve_with_shutdown(listener, database.clone(), stopped));
        Ok(Self { address, database: Opaque(database), stop, serving })
    }

    /// A client for it.
    #[must_use]
    pub fn client(&self) -> Client {
        client(&format!("http://{}", self.address))
    }

    /// Deletes what has expired; the engine does not do so by itself.
    pub async fn sweep(&self) {
        let database = self.database.0.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => eprintln!("what has expired stays: {error}"),
            Err(error) => eprintln!("what has expired stays: {error}"),
        }
    }

    /// What the stream of a table holds after a position, from its beginning if there is none: as
    /// much as one look shows, as Lambda is handed it.
    pub async fn records(
        &self,
        table: &'static str,
        after: Option<String>,
    ) -> Result<dynamodb::Event, Error> {
        let database = self.database.0.clone();
        let kind = if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let from = GetShardIteratorRequest {
            stream_arn: stream_arn(table, ""),
            shard_id: shard_id(table),
            shard_iterator_type: kind.to_owned(),
            sequence_number: after,
        };
        let look = move || {
            let from = database.get_shard_iterator(from)?.shard_iterator.unwrap_or_default();
            database.get_records(GetRecordsRequest { shard_iterator: from, limit: None })
        };
        let found = tokio::task::spawn_blocking(look).await??;
        Ok(serde_json::from_value(serde_json::to_value(found)?)?)
    }

    /// Finishes what it is doing, and closes its files.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.database);
        drop(self.stop);
        let late = io::Error::new(io::ErrorKind::TimedOut, "the engine is still busy");
        Ok(timeout(PATIENCE, self.serving).await.map_err(|_| late)???)
    }
}

/// A client for the engine at `url`, which asks for no secrets and speaks no TLS.
#[must_use]
pub fn client(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("eu-central-1"))
        .build();
    Client::from_conf(config)
}
