//! Creates the table with the keys and indexes of `template.yaml`.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    Client, Error,
    error::BuildError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
        TimeToLiveSpecification, TimeToLiveStatus,
    },
};

use shared::store::Index;

/// Creates the table `name` if it does not exist, and enables its `ttl`.
///
/// # Errors
///
/// The engine refuses a call or cannot be reached.
pub async fn create_table(client: &Client, name: &str) -> Result<(), Error> {
    let mut table = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys("pk", "sk")?));
    let attributes = Index::ALL.into_iter().flat_map(|index| [index.hash(), index.range()]);
    for name in attributes.chain(["pk", "sk"]).collect::<BTreeSet<_>>() {
        let is_number = name == Index::ByDue.range();
        let kind = if is_number { ScalarAttributeType::N } else { ScalarAttributeType::S };
        table = table.attribute_definitions(
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?,
        );
    }
    for index in Index::ALL {
        table = table.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(index.name())
                .set_key_schema(Some(keys(index.hash(), index.range())?))
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()?,
        );
    }
    match table.send().await.map_err(Error::from) {
        Ok(_) | Err(Error::ResourceInUseException(_)) => enable_ttl(client, name).await,
        Err(error) => Err(error),
    }
}

/// Whether the table has every index. A table of an earlier version may lack some, and queries of those would fail.
///
/// # Errors
///
/// The engine refuses the call or cannot be reached.
pub async fn is_current(client: &Client, name: &str) -> Result<bool, Error> {
    let table = client.describe_table().table_name(name).send().await?.table;
    let existing = table.and_then(|table| table.global_secondary_indexes).unwrap_or_default();
    let names: Vec<_> = existing.iter().filter_map(|index| index.index_name.as_deref()).collect();
    Ok(Index::ALL.into_iter().all(|index| names.contains(&index.name())))
}

fn keys(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![key(hash, KeyType::Hash)?, key(range, KeyType::Range)?])
}

/// A separate step, so that it also completes a table whose creation was interrupted.
async fn enable_ttl(client: &Client, name: &str) -> Result<(), Error> {
    let response = client.describe_time_to_live().table_name(name).send().await?;
    let description = response.time_to_live_description;
    let status = description.and_then(|description| description.time_to_live_status);
    if status == Some(TimeToLiveStatus::Enabled) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build()?;
    client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await?;
    Ok(())
}

/// Enables the stream of the table if it has none. Tests that read no stream skip this step.
///
/// # Errors
///
/// The engine refuses a call or cannot be reached.
pub async fn enable_stream(client: &Client, name: &str) -> Result<(), Error> {
    let table = client.describe_table().table_name(name).send().await?.table;
    if table.and_then(|table| table.stream_specification).is_some_and(|it| it.stream_enabled) {
        return Ok(());
    }
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewImage)
        .build()?;
    client.update_table().table_name(name).stream_specification(stream).send().await?;
    Ok(())
}
