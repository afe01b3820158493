//! The calls of each function to the database and the bucket while it serves every route. The IAM policies of
//! template.yaml allow these and no more (`tests/template` compares).

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::Client;
use axum::http::Method;
use local::ROUTES;
use serde_json::{Value, json};

use crate::{
    cost::Survey,
    export::{EVERYTHING, ExportStore},
    fault_layer::{Call, Layer},
    printed::assert_printed,
    test_app::{ADA, TestApp, ample},
};

const PAGE: &str = "\
# Calls by function

The calls that each function makes to the table, its indexes and the bucket `exports`. A test serves every route, records
the calls, and prints this page. `template.yaml` allows each function exactly these calls, and writes only in transactions.

";

#[tokio::test]
async fn calls_of_each_function_match_the_page() {
    let below = TestApp::new().await;
    let (layer, client) = Layer::under(&below.client);
    let mut app = TestApp::over(client, None, ample()).await;
    let within = app.router.clone();
    let shelf = ExportStore::add_to(&mut app, EVERYTHING).await;
    let seen = Arc::new(Mutex::new(BTreeMap::<String, BTreeSet<String>>::new()));
    let (asked, calls) = (Arc::clone(&app.last_request), Arc::clone(&seen));
    layer.plan(move |call| {
        let function = function(&asked.lock().unwrap());
        calls.lock().unwrap().entry(function).or_default().extend(permissions(call));
        None
    });
    let org = app.create_tree(ADA, "Acme").await;
    let path = format!("{org}/member-exports");
    let link = app.post(ADA, &path, json!({})).await.expect(200);
    // The bucket lets a link do what the function that signed it may do.
    shelf.fetch(link.body["url"].as_str().unwrap(), Duration::ZERO).await.expect(200);
    for method in shelf.requests.lock().unwrap().iter() {
        let action = if method == Method::PUT { "PutObject" } else { "GetObject" };
        let mut calls = seen.lock().unwrap();
        calls.entry("members".to_owned()).or_default().insert(format!("{action} on exports"));
    }
    app.router = within;
    Survey::of(&app, org, 3).await.measure_all().await;
    app.set_last_request("migrate".to_owned());
    outdate_an_item(&below.client, &app.table).await;
    assert_eq!(app.store.migrate("test", || false).await.unwrap().migrated, 1);

    let mut page = PAGE.to_owned();
    for (function, permissions) in seen.lock().unwrap().iter() {
        let permissions: Vec<_> = permissions.iter().cloned().collect();
        writeln!(page, "- **{function}**: {}", permissions.join(", ")).unwrap();
    }
    assert_printed("../tests/snapshots/permissions.md", &page);
}

/// Makes an item one of the first schema.
async fn outdate_an_item(client: &Client, table: &str) {
    let items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
    let mut item = items.into_iter().find(|it| it["sk"].as_s().unwrap() == "ORG").unwrap();
    item.remove("schema").unwrap();
    client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

/// The function that serves a request, or that runs by itself.
fn function(request: &str) -> String {
    let Some((method, path)) = request.split_once(' ') else { return request.to_owned() };
    let fits = |pattern: &str| {
        let (pattern, path) = (pattern.split('/'), path.split('/'));
        pattern.clone().count() == path.clone().count()
            && pattern.zip(path).all(|(part, given)| part.starts_with('{') || part == given)
    };
    let route = ROUTES.iter().find(|(other, pattern, _)| *other == method && fits(pattern));
    route.unwrap_or_else(|| panic!("{request} has no route")).2.to_owned()
}

/// The IAM permissions that a call needs.
fn permissions(call: &Call<'_>) -> Vec<String> {
    match call.name {
        "TransactWriteItems" => {
            let items = call.body["TransactItems"].as_array().into_iter().flatten();
            let kinds = items.flat_map(|item| item.as_object().unwrap().keys());
            kinds.map(|kind| format!("{kind}Item on table")).collect()
        }
        "Query" => match call.body.get("IndexName").and_then(Value::as_str) {
            Some(index) => vec![format!("Query on index/{index}")],
            None => vec!["Query on table".to_owned()],
        },
        other => vec![format!("{other} on table")],
    }
}
