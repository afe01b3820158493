//! The table: protection, keys and indexes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{list, resource, template};

#[test]
fn table_is_retained_protected_and_backed_up() {
    let table = resource("Table");
    // A failed creation of the stack deletes the new, empty table.
    assert_eq!(table["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(table["UpdateReplacePolicy"], "Retain");
    let properties = &table["Properties"];
    let protected = json!({ "Fn::If": ["IsProtected", true, false] });
    assert_eq!(properties["DeletionProtectionEnabled"], protected);
    assert_eq!(template()["Parameters"]["DeletionProtection"]["Default"], "on");
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(
        properties["TimeToLiveSpecification"],
        json!({ "AttributeName": "ttl", "Enabled": true })
    );
    assert!(properties.get("TableName").is_none(), "a table with a name cannot be replaced");
    assert!(
        properties.get("LocalSecondaryIndexes").is_none(),
        "a local index limits an item collection to 10 GB"
    );
}

#[test]
fn table_has_its_keys_and_indexes() {
    let table = resource("Table");
    let properties = &table["Properties"];
    assert_eq!(key_schema(properties, &properties["KeySchema"]), ["HASH pk S", "RANGE sk S"]);
    let indexes: BTreeMap<_, _> = list(&properties["GlobalSecondaryIndexes"])
        .iter()
        .map(|index| {
            assert_eq!(index["Projection"]["ProjectionType"], "ALL");
            let name = index["IndexName"].as_str().expect("an index has a name").to_owned();
            (name, key_schema(properties, &index["KeySchema"]))
        })
        .collect();
    let index = |name: &str, hash: &str, range: &str| {
        (name.to_owned(), vec![format!("HASH {hash}"), format!("RANGE {range}")])
    };
    let expected = BTreeMap::from([
        index("by_due", "due S", "expires_at N"),
        index("by_email", "tree S", "email_org S"),
        index("by_identity", "identity S", "pk S"),
        index("by_path", "tree S", "path S"),
        index("by_role", "group S", "path S"),
        index("by_time", "tree S", "time S"),
    ]);
    assert_eq!(indexes, expected);
}

/// The keys of a schema with their types: `HASH pk S`.
fn key_schema(table: &Value, schema: &Value) -> Vec<String> {
    let definitions = list(&table["AttributeDefinitions"]);
    let key = |key: &Value| {
        let name = &key["AttributeName"];
        let definition = definitions.iter().find(|it| it["AttributeName"] == *name);
        let attribute_type = &definition.expect("a key attribute is defined")["AttributeType"];
        format!("{} {name} {attribute_type}", key["KeyType"]).replace('"', "")
    };
    list(schema).iter().map(key).collect()
}
