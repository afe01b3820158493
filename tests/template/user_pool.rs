//! The optional user pool in `infra/cognito`.

use serde_json::{Value, json};

use super::{list, parse_yaml};

fn pool() -> Value {
    parse_yaml(include_str!("../../infra/cognito/template.yaml"))
}

/// Without the function, Cognito issues no token, and nobody can sign in.
#[test]
fn failures_of_the_pre_token_function_have_an_alarm() {
    let alarm = &pool()["Resources"]["PreTokenErrors"]["Properties"];
    let watched: Vec<_> = list(&alarm["Metrics"])
        .into_iter()
        .filter_map(|it| it.get("MetricStat").cloned())
        .collect();
    let metric = |name: &str| {
        json!({
            "Namespace": "AWS/Lambda",
            "MetricName": name,
            "Dimensions": [{ "Name": "FunctionName", "Value": { "Ref": "PreToken" } }],
        })
    };
    let metrics: Vec<_> = watched.iter().map(|it| it["Metric"].clone()).collect();
    assert_eq!(metrics, [metric("Errors"), metric("Throttles")]);
    let topic = json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    assert_eq!((&alarm["AlarmActions"], &alarm["OKActions"]), (&topic, &topic));
    assert!(alarm["DatapointsToAlarm"].as_u64() >= Some(2), "one period fires it");
    let page = include_str!("../../infra/cognito/README.md");
    assert!(page.contains("\n## Alarm\n") && page.contains("`PreTokenErrors`"));
}

/// The shell runs a command with an empty variable, and the mistake shows late.
#[test]
fn page_of_the_user_pool_sets_variables_before_it_uses_them() {
    let page = include_str!("../../infra/cognito/README.md");
    let definition = page.find("\noutput() {").expect("the function");
    assert!(page.find("$(output ").is_some_and(|used| definition < used));
    for name in ["pool", "client", "sign_in_url"] {
        let set = page.find(&format!("\n{name}=$(output ")).expect("it is set");
        let used = page.find(&format!("${name}")).expect("it is used");
        assert!(set < used, "{name}");
    }
}

#[test]
fn page_of_the_user_pool_lists_every_parameter() {
    let page = include_str!("../../infra/cognito/README.md");
    let parameters = pool()["Parameters"].as_object().cloned().expect("there are parameters");
    for name in parameters.keys() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
