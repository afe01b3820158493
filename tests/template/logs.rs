//! Logs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{resource, resources, template};

#[test]
fn logs_have_a_retention() {
    let logs = resources("AWS::Logs::LogGroup");
    assert_eq!(logs.keys().collect::<Vec<_>>(), ["AccessLog", "FunctionLog"]);
    for (name, log) in logs {
        let retention = &log["Properties"]["RetentionInDays"];
        assert_eq!(*retention, json!({ "Ref": "LogRetention" }), "{name}");
        // A group that was kept would keep a stack of the same name from being created.
        let name_of_stack = log["Properties"]["LogGroupName"]["Fn::Sub"].as_str().expect("a name");
        assert!(name_of_stack.contains("${AWS::StackName}"), "{name}");
        assert!(log.get("DeletionPolicy").is_none(), "{name}");
    }
}

/// The last part of a stack's id is a random UUID, so hashes of two stacks cannot be compared.
#[test]
fn digests_of_callers_are_salted_with_the_id_of_the_stack() {
    let variables = &template()["Globals"]["Function"]["Environment"]["Variables"];
    let parts = json!({ "Fn::Split": ["/", { "Ref": "AWS::StackId" }] });
    assert_eq!(variables["LOG_SALT"], json!({ "Fn::Select": [2, parts] }));
}

#[test]
fn access_log_has_only_these_fields() {
    let api = resource("Api");
    let format = &api["Properties"]["AccessLogSettings"]["Format"];
    let line: BTreeMap<String, String> =
        serde_json::from_str(format.as_str().expect("a format")).expect("a JSON object");
    let logged: BTreeSet<_> = line.into_values().collect();
    let expected = [
        "$context.authorizer.error",
        "$context.awsEndpointRequestId",
        "$context.identity.sourceIp",
        "$context.integrationErrorMessage",
        "$context.integrationLatency",
        "$context.requestId",
        "$context.requestTime",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.routeKey",
        "$context.status",
    ];
    assert_eq!(logged, expected.map(str::to_owned).into());
}
