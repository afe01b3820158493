//! The table's shape, as the deployment template has it; what the items mean is the store's business.

use aws_sdk_dynamodb::{
    Client, Error,
    error::BuildError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
    },
};

const STRINGS: [&str; 9] =
    ["pk", "sk", "tree", "group", "place", "since", "prefix", "identity", "due"];
const NUMBERS: [&str; 1] = ["expires_at"];
/// Name, hash key, range key.
const INDEXES: [[&str; 3]; 7] = [
    ["tree", "tree", "place"],
    ["tree_since", "tree", "since"],
    ["tree_prefix", "tree", "prefix"],
    ["group", "group", "place"],
    ["group_since", "group", "since"],
    ["identity", "identity", "pk"],
    ["due", "due", "expires_at"],
];

/// Creates the table `name`, unless it is there.
pub async fn create_table(client: &Client, name: &str) -> Result<(), Error> {
    let mut table = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys("pk", "sk")?));
    for (names, kind) in
        [(&STRINGS[..], ScalarAttributeType::S), (&NUMBERS, ScalarAttributeType::N)]
    {
        for name in names {
            table = table.attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name(*name)
                    .attribute_type(kind.clone())
                    .build()?,
            );
        }
    }
    for [name, hash, range] in INDEXES {
        table = table.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .set_key_schema(Some(keys(hash, range)?))
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()?,
        );
    }
    match table.send().await.map_err(Error::from) {
        Ok(_) | Err(Error::ResourceInUseException(_)) => expire(client, name).await,
        Err(error) => Err(error),
    }
}

fn keys(hash: &str, range: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![key(hash, KeyType::Hash)?, key(range, KeyType::Range)?])
}

/// A separate step, so that a table whose creation was cut short gets it, too.
async fn expire(client: &Client, name: &str) -> Result<(), Error> {
    let now = client.describe_time_to_live().table_name(name).send().await?;
    let now = now.time_to_live_description.and_then(|now| now.time_to_live_status);
    if now == Some(TimeToLiveStatus::Enabled) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder().attribute_name("ttl").enabled(true).build()?;
    client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await?;
    Ok(())
}
