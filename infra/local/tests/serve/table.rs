//! The table: creation, indexes, stream, restart.

use std::{
    fs::{self, File},
    future::pending,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use aws_sdk_dynamodb::types::{
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, StreamViewType,
};
use dynoxide::storage::Storage;
use local::{
    TABLE,
    args::Args,
    server::Server,
    table::{create_table, enable_stream},
};
use tokio::sync::oneshot;

use super::{args, directory, get_with, has_item, put_item, stub};

#[tokio::test]
async fn table_has_its_indexes_stream_and_ttl_and_is_created_once() {
    let server = Server::open(&args(), stub).await.unwrap();
    let client = server.engine.client();
    create_table(&client, TABLE).await.unwrap();
    let table = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let indexes = table.global_secondary_indexes.unwrap_or_default();
    let mut indexes: Vec<_> = indexes.into_iter().filter_map(|index| index.index_name).collect();
    indexes.sort();
    let mut all = shared::store::Index::ALL.map(shared::store::Index::name);
    all.sort_unstable();
    assert_eq!(indexes, all);
    let stream = table.stream_specification.and_then(|stream| stream.stream_view_type);
    assert_eq!(stream, Some(StreamViewType::NewImage));
    enable_stream(&client, TABLE).await.unwrap();
    let ttl = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let ttl = ttl.time_to_live_description.and_then(|ttl| ttl.attribute_name);
    assert_eq!(ttl.as_deref(), Some("ttl"));
}

#[tokio::test]
async fn stopped_server_releases_its_port_and_files() {
    let data = directory("stop");
    let args = Args { data: Some(data.clone()), ..args() };
    let server = Server::open(&args, stub).await.unwrap();
    let (url, client) = (server.url.clone(), server.engine.client());
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    put_item(&client, "kept").await;
    let keys = get_with(&url, "/local/jwks.json", "").await.body;
    drop(stop);
    running.await.unwrap().unwrap();
    // SQLite removes its log when the file is closed.
    let log = data.join("table.sqlite-wal");
    while log.exists() {
        tokio::task::yield_now().await;
    }

    let listen = url.strip_prefix("http://").unwrap().parse().unwrap();
    let server = Server::open(&Args { listen, ..args }, stub).await.unwrap();
    assert!(has_item(&server.engine.client(), "kept").await);
    tokio::spawn(server.run(pending()));
    assert_eq!(get_with(&url, "/local/jwks.json", "").await.body, keys);
}

/// The query is the one of the pinned engine version.
#[tokio::test]
async fn write_finds_the_last_stream_record_through_an_index() {
    let data = directory("stream");
    let server = Server::open(&Args { data: Some(data.clone()), ..args() }, stub).await.unwrap();
    server.run(async {}).await.unwrap();
    let engine = Storage::new(data.join("table.sqlite").to_str().unwrap()).unwrap();
    let query = "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                FROM _stream_records WHERE table_name = 'rolecall'";
    let plan: String = engine.conn().query_row(query, [], |row| row.get(3)).unwrap();
    assert!(plan.contains("SEARCH") && plan.contains("INDEX stream_order"), "{plan}");
}

#[tokio::test]
async fn second_server_on_a_data_directory_is_refused() {
    let args = Args { data: Some(directory("locked")), ..args() };
    let first = Server::open(&args, stub).await.unwrap();
    let error = Server::open(&args, stub).await.unwrap_err().to_string();
    assert!(error.contains("in use by another server"), "{error}");
    first.run(async {}).await.unwrap();
    Server::open(&args, stub).await.unwrap();
}

/// Damages a data directory.
type Damage<'a> = &'a dyn Fn(&Path);

#[tokio::test]
async fn damaged_or_earlier_data_is_refused_at_start() {
    let write = |name: &'static str, content: &'static [u8]| {
        move |data: &Path| fs::write(data.join(name), content).unwrap()
    };
    let truncate = |data: &Path| {
        let file = File::options().write(true).open(data.join("table.sqlite")).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    };
    let remove = |name: &'static str| move |data: &Path| fs::remove_file(data.join(name)).unwrap();
    let cases: [(&str, Damage, &str); 6] = [
        ("emptied", &write("table.sqlite", b""), "empty database file"),
        ("truncated", &truncate, "damaged"),
        ("overwritten", &write("table.sqlite", b"not a database, but long enough"), "damaged"),
        ("removed", &remove("table.sqlite"), "no readable database file"),
        ("of an earlier version", &remove("format"), "of an earlier version"),
        ("of a later version", &write("format", b"99"), "of a later version (\"99\""),
    ];
    for (name, damage, message) in cases {
        let data = directory(name);
        let args = Args { data: Some(data.clone()), ..args() };
        Server::open(&args, stub).await.unwrap().run(async {}).await.unwrap();
        damage(&data);
        let before = fs::read(data.join("table.sqlite")).ok();
        let error = Server::open(&args, stub).await.unwrap_err().to_string();
        assert!(error.contains(message) && error.contains("remove it"), "{name}: {error}");
        assert_eq!(fs::read(data.join("table.sqlite")).ok(), before, "{name}");
    }
}

#[tokio::test]
async fn data_of_an_earlier_schema_is_migrated_at_start() {
    let data = directory("earlier-schema");
    let args = Args { data: Some(data.clone()), ..args() };
    let server = Server::open(&args, stub).await.unwrap();
    put_item(&server.engine.client(), "old").await; // It has no schema version.
    server.run(async {}).await.unwrap();
    fs::write(data.join("format"), "1").unwrap();

    let server = Server::open(&args, stub).await.unwrap();
    let items = server.engine.client().scan().table_name(local::TABLE).send().await.unwrap().items;
    let versions = items.unwrap().into_iter().map(|item| item["schema"].as_n().unwrap().clone());
    let current = shared::store::WRITTEN_SCHEMA.to_string();
    assert!(versions.clone().count() >= 1 && versions.clone().all(|version| version == current));
    assert_eq!(fs::read_to_string(data.join("format")).unwrap(), current);
}

#[tokio::test]
async fn data_is_readable_by_its_owner_only() {
    let data = directory("private");
    let server = Server::open(&Args { data: Some(data.clone()), ..args() }, stub).await.unwrap();
    put_item(&server.engine.client(), "secret").await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn table_that_lacks_an_index_is_refused_at_start() {
    let data = directory("earlier");
    let args = Args { data: Some(data.clone()), ..args() };
    let server = Server::open(&args, stub).await.unwrap();
    let action = DeleteGlobalSecondaryIndexAction::builder().index_name("by_email").build();
    let removal = GlobalSecondaryIndexUpdate::builder().delete(action.unwrap()).build();
    let client = server.engine.client();
    let update = client.update_table().table_name(TABLE).global_secondary_index_updates(removal);
    update.send().await.unwrap();
    server.run(async {}).await.unwrap();
    let error = Server::open(&args, stub).await.unwrap_err().to_string();
    assert!(error.contains("move the directory away") && error.contains("earlier"), "{error}");
}
