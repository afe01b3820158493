//! The table outlives the versions of the code: items of each earlier schema are read, and migrated.
//!
//! `tests/tables` has a table of each schema, as the code of that time has written it.

use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::{Value, json};
use shared::store::{Migration, READABLE_SCHEMA, WRITTEN_SCHEMA};

use crate::{
    helpers::each,
    invariants,
    test_app::{DAY, Identity, TestApp, ample, identity, member_id},
};

type Item = HashMap<String, AttributeValue>;

/// The table of each earlier schema.
pub const TABLES: [&str; WRITTEN_SCHEMA as usize - 1] =
    [include_str!("../tables/schema-1.jsonl"), include_str!("../tables/schema-2.jsonl")];

/// The people in the tables.
const ADA: Identity = identity("ada", "ada@acme.example");
const CY: Identity = identity("cy", "cy@acme.example");

fn item(line: &str) -> Item {
    let attributes: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
    attributes.into_iter().map(|(name, value)| (name, attribute(&value))).collect()
}

/// A value in DynamoDB's JSON.
fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(number)) => AttributeValue::N(number.clone()),
        ("BOOL", Value::Bool(value)) => AttributeValue::Bool(*value),
        ("NULL", _) => AttributeValue::Null(true),
        ("SS", Value::Array(texts)) => {
            let texts = texts.iter().map(|text| text.as_str().unwrap().to_owned());
            AttributeValue::Ss(texts.collect())
        }
        ("L", Value::Array(items)) => AttributeValue::L(items.iter().map(attribute).collect()),
        ("M", Value::Object(members)) => {
            let members = members.iter().map(|(name, value)| (name.clone(), attribute(value)));
            AttributeValue::M(members.collect())
        }
        other => panic!("{other:?} is no value of DynamoDB"),
    }
}

/// Writes items as they are.
async fn load(app: &TestApp, items: &[Item]) {
    for batch in items.chunks(25) {
        let put = |item: &Item| {
            let put = PutRequest::builder().set_item(Some(item.clone())).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let batch = batch.iter().map(put).collect();
        app.client.batch_write_item().request_items(&app.table, batch).send().await.unwrap();
    }
}

/// The items of a table in `TABLES`, and the path of the organization Acme.
async fn load_table(app: &TestApp, table: &str) -> (Vec<Item>, String) {
    let items: Vec<_> = table.lines().map(item).collect();
    load(app, &items).await;
    app.wait(8 * DAY); // The tables are from the 28th.
    let text = |item: &Item, name: &str| item.get(name).and_then(|it| it.as_s().ok()).cloned();
    let is_acme = |item: &&Item| {
        text(item, "sk").as_deref() == Some("ORG") && text(item, "name").as_deref() == Some("Acme")
    };
    let acme = text(items.iter().find(is_acme).unwrap(), "pk").unwrap();
    (items, format!("/v1/organizations/{}", acme.replace("ORG#", "org_")))
}

async fn migrate(app: &TestApp) -> Migration {
    app.store.migrate("migration-1", || false).await.unwrap()
}

fn is_event(item: &Item) -> bool {
    item["pk"].as_s().unwrap().starts_with("EVENTS#")
}

/// The number of items that a migration has to rewrite.
fn outdated(items: &[Item]) -> usize {
    let current = AttributeValue::N(WRITTEN_SCHEMA.to_string());
    items.iter().filter(|it| !is_event(it) && it.get("schema") != Some(&current)).count()
}

/// What people see of an organization.
async fn shown(app: &TestApp, acme: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["", "/members", "/invitations", "/roles", "/events?limit=100", "/domains"] {
        all.push(app.get(ADA, &format!("{acme}{path}")).await.expect(200).body);
    }
    for path in ["/join-requests", "/critical-alert-users", "/partners", "/sub-organizations"] {
        all.push(app.get(ADA, &format!("{acme}{path}")).await.expect(200).body);
    }
    all.push(app.get(CY, &format!("{acme}/permissions")).await.expect(200).body);
    all
}

#[tokio::test]
async fn table_of_each_schema_shows_the_same_before_and_after_its_migration() {
    for table in TABLES {
        let app = TestApp::new().await;
        let (items, acme) = load_table(&app, table).await;
        invariants::check(&app).await;
        let before = shown(&app, &acme).await;
        assert_eq!(each(before[1]["items"].as_array().unwrap(), "email").len(), 4);

        let outdated = outdated(&items);
        assert!(outdated > 20, "the table has few items");
        let migrated = u64::try_from(outdated).unwrap();
        assert_eq!(migrate(&app).await, Migration { migrated, finished: true });
        assert_eq!(shown(&app, &acme).await, before);
        invariants::check(&app).await;
        let after = invariants::scan(&app).await;
        assert_eq!(self::outdated(&after), 0);
        for event in items.iter().filter(|it| is_event(it)) {
            assert!(after.contains(event), "an event has changed");
        }
        assert_eq!(migrate(&app).await, Migration { migrated: 0, finished: true });
    }
}

/// Changes work before, during and after.
#[tokio::test]
async fn change_at_any_point_of_a_migration_is_kept() {
    for after in [0, 1, 2, 3, 6, 12, 24, 36, 48] {
        let (app, layer) = TestApp::with_fault_layer(ample()).await;
        let (items, acme) = load_table(&app, TABLES[0]).await;
        let member = member_id(&acme, CY.sub);
        let expired = items.iter().find(|it| !is_event(it) && it.contains_key("ttl")).unwrap();
        let expired = ["pk", "sk"].map(|name| (name.to_owned(), expired[name].clone()));
        let change = async {
            // As time to live does.
            let deletion = app.client.delete_item().table_name(&app.table);
            deletion.set_key(Some(expired.clone().into())).send().await.unwrap();
            let body = json!({ "role_id": "user" });
            app.patch(ADA, &format!("{acme}/members/{member}"), body).await.expect(200);
            let body = json!({ "email": "new@acme.example", "role_id": "user" });
            app.post(ADA, &format!("{acme}/invitations"), body).await.expect(201);
        };
        let order = [vec![0; after], vec![1; 16]].concat();
        let (done, (), _) = layer.interleave(&order, migrate(&app), change).await;
        assert!(done.finished);
        let member = app.get(ADA, &format!("{acme}/members/{member}")).await.expect(200);
        assert_eq!(member.body["role_id"], "user", "after {after} calls");
        let items = invariants::scan(&app).await;
        let is_gone = |it: &Item| expired.iter().any(|(name, value)| it[name] != *value);
        assert!(items.iter().all(is_gone), "after {after} calls, a part of an item is back");
        invariants::check(&app).await;
        migrate(&app).await;
        assert_eq!(outdated(&invariants::scan(&app).await), 0, "after {after} calls");
    }
}

#[tokio::test]
async fn migration_continues_where_it_stopped() {
    let app = TestApp::new().await;
    let key = |nth: usize| AttributeValue::S(format!("{nth:04}"));
    let items = (0..2_500).map(|nth| {
        let pk = AttributeValue::S("OLD".to_owned());
        HashMap::from([("pk".to_owned(), pk), ("sk".to_owned(), key(nth))])
    });
    load(&app, &items.collect::<Vec<_>>()).await;
    let mut runs = Vec::new();
    while runs.len() < 5 {
        let asked = Cell::new(0);
        let one_page = || asked.replace(asked.get() + 1) > 0;
        let run = app.store.migrate("migration-1", one_page).await.unwrap();
        runs.push(run.migrated);
        if run.finished {
            break;
        }
    }
    assert_eq!(runs, [1_000, 2_000, 2_500], "each run continues the one before");
    let schemas: BTreeSet<_> = invariants::scan(&app)
        .await
        .iter()
        .map(|item| item["schema"].as_n().unwrap().clone())
        .collect();
    assert_eq!(schemas, BTreeSet::from([WRITTEN_SCHEMA.to_string()]));
}

/// Code that was rolled back must not misread what later code has written.
#[tokio::test]
async fn item_of_a_later_schema_is_an_error() {
    let (app, acme) = TestApp::with_acme().await;
    let current = AttributeValue::N(WRITTEN_SCHEMA.to_string());
    assert!(invariants::scan(&app).await.iter().all(|item| item["schema"] == current));
    let mut items = invariants::scan(&app).await.into_iter();
    let mut organization = items.find(|it| it["sk"].as_s().unwrap() == "ORG").unwrap();
    let later = AttributeValue::N((READABLE_SCHEMA + 1).to_string());
    organization.insert("schema".to_owned(), later);
    load(&app, &[organization]).await;
    app.get(ADA, &acme).await.refuses(500, "internal");
    assert!(app.store.migrate("migration-1", || false).await.is_ok(), "it has nothing to rewrite");
}
