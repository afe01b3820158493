//! The shape of the functions, and the absence of other ways to call them.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::{Value, json};

use super::{events, functions, resources, template};

#[test]
fn every_package_is_a_function() {
    let directory = fs::read_dir("../functions").expect("functions/ can be read");
    let packages: BTreeSet<_> = directory
        .map(|entry| entry.expect("functions/ can be read").path())
        .filter(|path| path.join("Cargo.toml").exists())
        .filter_map(|path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned))
        .collect();
    assert_eq!(functions().into_keys().collect::<BTreeSet<_>>(), packages);
    for (name, function) in functions() {
        let code = function["Properties"]["CodeUri"].as_str().expect("a function has code");
        assert_eq!(code, format!("functions/{name}"));
        assert!(Path::new("..").join(code).join("src/main.rs").exists(), "{name} has no main");
        let metadata =
            json!({ "BuildMethod": "rust-cargolambda", "BuildProperties": { "Binary": name } });
        assert_eq!(function["Metadata"], metadata);
    }
}

/// Otherwise, the log has the error as a text, without a level that a query finds.
#[test]
fn every_function_logs_why_it_does_not_start() {
    for name in functions().into_keys() {
        let main = fs::read_to_string(format!("../functions/{name}/src/main.rs")).expect("a main");
        let (_, body) = main.split_once("async fn main() -> ").expect("a main");
        let (_, body) = body.split_once("{\n").expect("a body");
        let runs = body.trim_start();
        assert!(runs.starts_with("shared::lambda::run(") || runs.starts_with("run("), "{name}");
    }
}

#[test]
fn global_settings_suit_every_function() {
    let template = template();
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Handler"], "bootstrap");
    assert_eq!(globals["Architectures"], json!([{ "Ref": "Architecture" }]));
    assert_eq!(template["Parameters"]["Architecture"]["Default"], "arm64");
    assert_eq!(globals["LoggingConfig"]["LogGroup"], json!({ "Ref": "FunctionLog" }));
    assert_eq!(globals["Environment"]["Variables"]["TABLE_NAME"], json!({ "Ref": "Table" }));
    assert!(globals["Timeout"].as_u64() < Some(29), "the API times out after 29 seconds");
}

#[test]
fn functions_override_no_global_setting_without_need() {
    for (name, function) in functions() {
        let own = &function["Properties"];
        for common in ["Runtime", "Handler", "Architectures", "Tracing", "LoggingConfig", "Role"] {
            assert!(own.get(common).is_none(), "{name} overrides {common}");
        }
        assert!(
            name == "members" || own.get("MemorySize").is_none(),
            "{name} overrides MemorySize"
        );
        assert!(
            ["cleanup", "mail", "members", "migrate", "publish"].contains(&&*name)
                || own.get("Timeout").is_none(),
            "{name} overrides Timeout"
        );
        let variables = &own["Environment"]["Variables"];
        assert!(variables.get("TABLE_NAME").is_none(), "{name} overrides TABLE_NAME");
    }
}

#[test]
fn template_sets_no_variable_for_local_use() {
    let text = fs::read_to_string("../template.yaml").expect("template.yaml can be read");
    let variables =
        ["AWS_SAM_LOCAL", "AWS_ENDPOINT_URL", "AWS_LAMBDA_RUNTIME_API", "AUTHZEN_FIXTURES"];
    for variable in variables {
        assert!(!text.contains(variable), "{variable} is for local use only");
    }
}

#[test]
fn functions_are_called_only_by_the_api_and_the_schedules() {
    for (name, function) in functions() {
        let own = &function["Properties"];
        assert!(own.get("FunctionUrlConfig").is_none(), "{name} has a function URL");
        assert!(own.get("AutoPublishAlias").is_none(), "{name} has an alias");
        // An account with the quota of 10 cannot reserve any: 10 must remain unreserved.
        assert!(own.get("ReservedConcurrentExecutions").is_none(), "{name} reserves concurrency");
    }
    for (name, event) in events() {
        let scheduled = ["cleanup", "mail"].contains(&name.as_str());
        let event_type = if scheduled { "ScheduleV2" } else { "HttpApi" };
        assert_eq!(event["Type"], event_type, "{name}");
    }
    assert_eq!(resources("AWS::Serverless::HttpApi").len(), 1);
}

/// These tests read only the resources that they know, so others could bypass them.
#[test]
fn no_resource_bypasses_these_tests() {
    let globals = template()["Globals"].as_object().cloned().expect("there are globals");
    assert_eq!(globals.keys().collect::<Vec<_>>(), ["Function"]);
    for own in ["AutoPublishAlias", "Events", "FunctionUrlConfig", "Policies", "Role"] {
        assert_eq!(globals["Function"].get(own), None::<&Value>, "{own} is a global setting");
    }
    for unexpected in [
        "AWS::Lambda::Url",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Function",
        "AWS::ApiGatewayV2::Route",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::IAM::RolePolicy",
    ] {
        assert!(resources(unexpected).is_empty(), "the template has an {unexpected}");
    }
    // Another test compares the policies for the key.
    let policies: Vec<_> = resources("AWS::IAM::ManagedPolicy").into_keys().collect();
    assert_eq!(policies, ["BucketKey", "EventsAreImmutable", "QueueKey", "TableKey"]);
}
