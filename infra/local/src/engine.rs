//! The embedded DynamoDB engine, served over HTTP. The functions reach it through a client, as they reach DynamoDB.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_lambda_events::dynamodb;
use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
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

use crate::data::table_file;

/// The engine never trims a stream, and each write looks up the last sequence number. This index makes the lookup a
/// search instead of a scan over all records.
const STREAM_ORDER: &str = "CREATE INDEX IF NOT EXISTS stream_order ON _stream_records \
                            (table_name, CAST(sequence_number AS INTEGER))";
/// How long the engine may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    /// The address of the engine.
    pub address: SocketAddr,
    database: Opaque,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), String>>,
}

/// Implements `Debug` for the engine's type, which does not.
struct Opaque(Database);

impl std::fmt::Debug for Opaque {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Database")
    }
}

impl Engine {
    /// Serves the tables stored in `directory`, or new ones in memory, on `listener`.
    ///
    /// # Errors
    ///
    /// The database file cannot be opened, or is damaged.
    pub fn start(listener: TcpListener, directory: Option<&Path>) -> Result<Self, Error> {
        let address = listener.local_addr()?;
        let file = match directory {
            None => format!("file:{}?mode=memory&cache=shared", address.port()),
            Some(directory) => {
                let file = table_file(directory);
                file.to_str().ok_or("the name of the data directory is not UTF-8")?.to_owned()
            }
        };
        let database = open_database(&file).map_err(|cause| {
            format!(
                "the database file {file} is damaged ({cause}): move the data directory away or remove it, then start again"
            )
        })?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async { stopped.await.unwrap_or_default() };
        let serving = tokio::spawn(serve_with_shutdown(listener, database.clone(), stopped));
        Ok(Self { address, database: Opaque(database), stop, serving })
    }

    /// A client for the engine.
    pub fn client(&self) -> Client {
        client(&format!("http://{}", self.address))
    }

    /// Deletes the items whose `ttl` has passed. The engine does not delete them by itself.
    pub async fn delete_expired(&self) {
        let database = self.database.0.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => eprintln!("expired items cannot be deleted: {error}"),
            Err(error) => eprintln!("expired items cannot be deleted: {error}"),
        }
    }

    /// One page of the stream records of `table`, as the event that Lambda passes to a function. It
    /// begins after the sequence number `after`, or with the first record.
    ///
    /// # Errors
    ///
    /// The stream cannot be read.
    pub async fn records(
        &self,
        table: &'static str,
        after: Option<String>,
    ) -> Result<dynamodb::Event, Error> {
        let database = self.database.0.clone();
        let start = if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" };
        let request = GetShardIteratorRequest {
            stream_arn: stream_arn(table, ""),
            shard_id: shard_id(table),
            shard_iterator_type: start.to_owned(),
            sequence_number: after,
        };
        let read = move || {
            let iterator = database.get_shard_iterator(request)?.shard_iterator;
            let shard_iterator = iterator.unwrap_or_default();
            database.get_records(GetRecordsRequest { shard_iterator, limit: None })
        };
        let records = tokio::task::spawn_blocking(read).await??;
        Ok(serde_json::from_value(serde_json::to_value(records)?)?)
    }

    /// Finishes the calls in progress and closes the files.
    ///
    /// # Errors
    ///
    /// The engine does not stop within 5 seconds.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.database);
        drop(self.stop);
        let busy = io::Error::new(io::ErrorKind::TimedOut, "the engine is still busy");
        Ok(timeout(STOP_TIMEOUT, self.serving).await.map_err(|_| busy)???)
    }
}

/// Opens the database and checks its pages.
fn open_database(file: &str) -> Result<Database, Error> {
    let database = Database::new(file)?;
    let storage = Storage::new(file)?;
    let found: String = storage.conn().query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(found.into());
    }
    storage.conn().execute_batch(STREAM_ORDER)?;
    Ok(database)
}

/// A client of the engine at `url`.
pub fn client(url: &str) -> Client {
    Client::new(&sdk_config(url))
}

/// The configuration of a client of a local service at `url`.
pub fn sdk_config(url: &str) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("eu-central-1"))
        .build()
}
