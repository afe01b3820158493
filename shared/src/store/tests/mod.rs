//! Tests of the store that need no table.

mod acceptance;
mod commit;
mod idempotency;
mod table;
mod tombstones;
mod transaction;
mod user_counts;

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::HttpResponse,
};

use super::{
    Error, Key, Store, WRITTEN_SCHEMA,
    step::{Step, Unmet},
    transaction::Transaction,
};
use crate::{
    domain::Refusal,
    fixtures::{context, person},
};

fn store() -> Store {
    let config = Config::builder().behavior_version(BehaviorVersion::latest()).build();
    Store::new(Client::from_conf(config), "table")
}

/// A store over a simulated DynamoDB.
pub(super) fn store_over(table: impl HttpConnector + 'static) -> Store {
    let connector = SharedHttpConnector::new(table);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()));
    Store::new(Client::from_conf(config.build()), "table")
}

pub(super) fn answer(status: u16, body: &serde_json::Value) -> HttpConnectorFuture {
    let response = HttpResponse::new(status.try_into().unwrap(), body.to_string().into());
    HttpConnectorFuture::ready(Ok(response))
}

/// The steps of a transaction of Ann, with those that count.
fn steps(add: impl FnOnce(Transaction<'_>) -> Transaction<'_>) -> Vec<Step> {
    let (store, context) = (store(), context(&person("ann")));
    add(store.transaction(&context)).with_counter_updates().steps
}

/// The only element.
fn only<T>(all: Vec<T>) -> T {
    let [one] = <[T; 1]>::try_from(all).ok().unwrap();
    one
}

fn refusal(unmet: impl Into<Unmet>) -> Refusal {
    match unmet.into() {
        Unmet::Failed(Error::Refused(refusal)) => refusal,
        unmet => panic!("{unmet:?}"),
    }
}

/// A step as DynamoDB gets it, with values in place of their names.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    key: Key,
    update: String,
    condition: String,
}

fn sent(step: Step) -> Sent {
    let key = step.key.clone();
    let (item, _) = step.build("table").unwrap();
    let (mut update, condition, values) = if let Some(update) = item.update() {
        let text = update.update_expression().to_owned();
        (text, update.condition_expression(), update.expression_attribute_values())
    } else if let Some(put) = item.put() {
        (String::new(), put.condition_expression(), put.expression_attribute_values())
    } else if let Some(check) = item.condition_check() {
        let condition = Some(check.condition_expression());
        (String::new(), condition, check.expression_attribute_values())
    } else {
        let delete = item.delete().unwrap();
        (String::new(), delete.condition_expression(), delete.expression_attribute_values())
    };
    let mut condition = condition.unwrap_or_default().to_owned();
    let mut values: Vec<_> = values.into_iter().flatten().collect();
    // The longest first, because a name can begin with another.
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in values {
        let value = match value {
            AttributeValue::N(number) => number.clone(),
            AttributeValue::S(text) => text.clone(),
            AttributeValue::Bool(on) => on.to_string(),
            other => panic!("{other:?}"),
        };
        update = update.replace(name, &value);
        condition = condition.replace(name, &value);
    }
    // Every update gives the item that it may create a schema.
    let stamped = format!("#schema = if_not_exists(#schema, {WRITTEN_SCHEMA})");
    for stamp in [format!("SET {stamped} "), format!(", {stamped}")] {
        update = update.replace(&stamp, "");
    }
    let update = if update == format!("SET {stamped}") { String::new() } else { update };
    Sent { key, update, condition }
}
