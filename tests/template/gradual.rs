//! The template of a gradual deployment, which `infra/gradual/derive.py` derives.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{list, template};

const RUNBOOK: &str = include_str!("../../docs/runbook.md");

const DERIVE: &str = "import json, sys
sys.path.append('../infra/gradual')
from derive import derive
json.dump(derive(json.load(sys.stdin)), sys.stdout)";

/// The derived template; `None` without Python, which nothing else here needs.
fn gradual() -> Option<Value> {
    let mut python = Command::new("python3");
    let pipes = python.args(["-Bc", DERIVE]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut derived) = pipes.spawn() else {
        println!("skipped: the gradual template needs python3, which is not installed");
        return None;
    };
    let input = derived.stdin.take().expect("a pipe");
    { input }.write_all(template().to_string().as_bytes()).expect("it can be written");
    let output = derived.wait_with_output().expect("derive.py ends");
    Some(serde_json::from_slice(&output.stdout).expect("derive.py prints JSON"))
}

/// The functions that an alias calls, with what they prefer.
fn preferences(gradual: &Value) -> BTreeMap<String, Value> {
    let resources = gradual["Resources"].as_object().expect("there are resources");
    let preferred = resources.iter().filter_map(|(name, it)| {
        let preference = it["Properties"].get("DeploymentPreference")?;
        Some((name.clone(), preference.clone()))
    });
    preferred.collect()
}

/// While a bad version fails, the deployment of its correction must not roll back at once.
#[test]
fn rollback_counts_errors_of_the_new_version_only() {
    let Some(gradual) = gradual() else { return };
    let errors = list(&gradual["Resources"]["FunctionErrors"]["Properties"]["Metrics"]);
    let watched: Vec<_> = errors.iter().filter_map(|it| it.get("MetricStat")).collect();
    let functions = preferences(&gradual);
    assert_eq!(watched.len(), functions.len());
    // The alarm of failed requests watches one more.
    let costs = format!("add {} metrics of alarms", watched.len() + 1);
    assert!(include_str!("../../docs/monthly-costs.md").contains(&costs), "{costs}");
    for function in functions.keys() {
        let metric = json!({
            "Namespace": "AWS/Lambda",
            "MetricName": "Errors",
            "Dimensions": [
                { "Name": "FunctionName", "Value": { "Ref": function } },
                { "Name": "Resource", "Value": { "Fn::Sub": format!("${{{function}}}:live") } },
                { "Name": "ExecutedVersion", "Value": { "Fn::GetAtt": [function, "Version.Version"] } },
            ],
        });
        assert!(watched.iter().any(|it| it["Metric"] == metric), "{function}");
    }
}

/// The log line of a request has the member `release`, which is the variable `RELEASE`.
#[test]
fn rollback_counts_failed_requests_of_the_new_release_only() {
    let Some(gradual) = gradual() else { return };
    let release = json!({ "Ref": "Release" });
    assert_eq!(gradual["Globals"]["Function"]["Environment"]["Variables"]["RELEASE"], release);
    let filter = &gradual["Resources"]["FailuresByRelease"]["Properties"];
    assert_eq!(filter["LogGroupName"], json!({ "Ref": "FunctionLog" }));
    assert_eq!(filter["FilterPattern"], r#"{ $.status >= 500 && $.release = "*" }"#);
    let [counted] = &*list(&filter["MetricTransformations"]) else { panic!("one metric") };
    assert_eq!(counted["Dimensions"], json!([{ "Key": "release", "Value": "$.release" }]));
    let alarm = &gradual["Resources"]["FailedRequests"]["Properties"];
    assert_eq!(alarm["MetricName"], counted["MetricName"]);
    assert_eq!(alarm["Namespace"], counted["MetricNamespace"]);
    assert_eq!(alarm["Dimensions"], json!([{ "Name": "release", "Value": release }]));
}

/// On a quiet API, the new version rarely gets two requests in a minute.
#[test]
fn deployer_chooses_how_many_failures_are_tolerated() {
    let Some(gradual) = gradual() else { return };
    for alarm in ["FunctionErrors", "FailedRequests"] {
        let own = &gradual["Resources"][alarm]["Properties"];
        assert_eq!(own["Threshold"], json!({ "Ref": "ToleratedFailures" }), "{alarm}");
        assert_eq!(own["ComparisonOperator"], "GreaterThanThreshold", "{alarm}");
    }
    assert_eq!(gradual["Parameters"]["ToleratedFailures"]["Default"], 1);
}

/// The pipeline may create roles only with its boundary.
#[test]
fn role_that_moves_the_aliases_has_the_permissions_boundary() {
    let Some(gradual) = gradual() else { return };
    for (function, preference) in preferences(&gradual) {
        assert_eq!(
            preference["Role"],
            json!({ "Fn::GetAtt": ["TrafficRole", "Arn"] }),
            "{function}"
        );
    }
    let boundary = &gradual["Resources"]["TrafficRole"]["Properties"]["PermissionsBoundary"];
    assert_eq!(*boundary, gradual["Globals"]["Function"]["PermissionsBoundary"]);
}

/// CloudWatch keeps the state of an alarm that changes. A new alarm begins without a state.
#[test]
fn each_release_has_rollback_alarms_of_its_own() {
    let Some(gradual) = gradual() else { return };
    for (function, preference) in preferences(&gradual) {
        let alarms = json!([{ "Ref": "FunctionErrors" }, { "Ref": "FailedRequests" }]);
        assert_eq!(preference["Alarms"], alarms, "{function}");
    }
    for alarm in ["FunctionErrors", "FailedRequests"] {
        let name = format!("${{AWS::StackName}}-{alarm}-${{Release}}");
        let properties = &gradual["Resources"][alarm]["Properties"];
        assert_eq!(properties["AlarmName"], json!({ "Fn::Sub": name }));
        assert_eq!(properties["TreatMissingData"], "notBreaching");
        // The section of both in the runbook names them.
        let description = properties["AlarmDescription"].as_str().expect("a text");
        assert!(description.ends_with("See docs/runbook.md#a-rollback-by-codedeploy."));
        let (_, section) =
            RUNBOOK.split_once("\n### A rollback by CodeDeploy\n").expect("the section");
        let section = section.split("\n#").next().expect("a text");
        assert!(section.contains(&format!("`<stack>-{alarm}-<release>`")), "{alarm}");
    }
    assert!(gradual["Parameters"]["Release"].get("Default").is_none());
}
