//! Alarms and logs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{list, resource, resources, template};

#[test]
fn every_alarm_notifies_the_topic() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let topic = json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    for (name, alarm) in &alarms {
        assert_eq!(alarm["Properties"]["AlarmActions"], topic, "{name}");
    }
    let expected = [
        "CallersThrottled",
        "CleanupErrors",
        "CleanupFailed",
        "CleanupSilent",
        "FunctionErrors",
        "FunctionThrottles",
        "MailBlocked",
        "MailErrors",
        "MailFailed",
        "MailLate",
        "MailWaits",
        "PublishErrors",
        "PublishFailed",
        "PublishLate",
        "ServerErrors",
        "TableThrottles",
    ];
    assert_eq!(alarms.keys().collect::<Vec<_>>(), expected);
}

#[test]
fn function_alarms_cover_every_function_of_the_api() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let functions: BTreeSet<_> = resources("AWS::Serverless::Function")
        .into_keys()
        .filter(|name| !["Cleanup", "Mail", "Migrate", "Publish"].contains(&name.as_str()))
        .collect();
    for (alarm, metric_name) in [("FunctionErrors", "Errors"), ("FunctionThrottles", "Throttles")] {
        let metrics = list(&alarms[alarm]["Properties"]["Metrics"]);
        let summed: Vec<_> = metrics
            .iter()
            .map(|metric| &metric["MetricStat"]["Metric"])
            .filter(|metric| !metric.is_null())
            .collect();
        assert!(summed.len() <= 10, "an alarm sums at most ten metrics");
        let watched: BTreeSet<_> = summed
            .iter()
            .filter(|metric| metric["MetricName"] == metric_name)
            .flat_map(|metric| list(&metric["Dimensions"]))
            .filter_map(|dimension| dimension["Value"]["Ref"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(watched, functions, "{alarm}");
    }
}

#[test]
fn logs_have_a_retention() {
    let logs = resources("AWS::Logs::LogGroup");
    assert_eq!(logs.keys().collect::<Vec<_>>(), ["AccessLog", "FunctionLog"]);
    for (name, log) in logs {
        let retention = &log["Properties"]["RetentionInDays"];
        assert_eq!(*retention, json!({ "Ref": "LogRetention" }), "{name}");
    }
}

/// The last part of a stack's id is a random UUID, so digests of two stacks cannot be compared.
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
