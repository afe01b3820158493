//! `template.yaml`: every function, route, permission and resource of the stack is as it must be. Linters check the
//! syntax, and `infra/rehearsal` deploys the template.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "an unexpected template fails the test"
)]

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value};

use self::yaml::parse_yaml;

mod cleanup;
mod deploying;
mod exports;
mod functions;
mod gradual;
mod logs;
mod mail;
mod monitoring;
mod monthly_costs;
mod permissions;
mod pipeline;
#[path = "../../shared/src/printed.rs"]
mod printed;
mod routes;
mod runbook;
mod table;
mod user_pool;
#[path = "../yaml.rs"]
mod yaml;

/// The template as JSON.
fn template() -> Value {
    parse_yaml(&fs::read_to_string("../template.yaml").expect("template.yaml can be read"))
}

/// The resources of a type, by name.
fn resources(of_type: &str) -> BTreeMap<String, Value> {
    let template = template();
    let all = template["Resources"].as_object().expect("there are resources");
    all.iter()
        .filter(|(_, it)| it["Type"] == of_type)
        .map(|(name, it)| (name.clone(), it.clone()))
        .collect()
}

fn resource(name: &str) -> Value {
    template()["Resources"][name].clone()
}

/// The functions by the names of their packages.
fn functions() -> BTreeMap<String, Value> {
    resources("AWS::Serverless::Function")
        .into_iter()
        .map(|(name, function)| (name.to_lowercase(), function))
        .collect()
}

/// Each event of each function, with the function's name.
fn events() -> Vec<(String, Value)> {
    let events_of = |(name, function): (String, Value)| {
        let events = function["Properties"]["Events"].as_object().cloned();
        // An event source mapping calls publish, and an operator of AWS calls migrate.
        let events = events.or_else(|| ["migrate", "publish"].contains(&&*name).then(Map::new));
        let events = events.expect("something calls the function");
        events.into_iter().map(move |(_, event)| (name.clone(), event))
    };
    functions().into_iter().flat_map(events_of).collect()
}

/// The items of a list, or the value itself if it is none.
fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}
