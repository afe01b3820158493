//! The metrics in log lines, checked by the rules of the embedded metric format.

use std::collections::BTreeSet;

use axum::{Router, http::StatusCode, response::IntoResponse, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{authorized, get, log, send};
use crate::{
    domain::Refusal,
    http::{
        ApiError, Problem,
        access_log::{LogSettings, conventions_with},
    },
    log::run,
    metrics::{Metric, Metrics, Namespace, collected},
};

/// Units of `MetricDatum` in the API reference of CloudWatch, as far as they can occur here.
const UNITS: [&str; 4] = ["Count", "Milliseconds", "None", "Seconds"];

/// Checks a line by the rules of the specification. Returns each metric as `dimensions name`.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
fn metrics_of(line: &str) -> BTreeSet<String> {
    assert!(line.len() < 256 * 1024);
    let root: Value = serde_json::from_str(line).expect("the line is one JSON object");
    let metadata = root["_aws"].as_object().expect("metadata");
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
    assert!(metadata["Timestamp"].is_i64(), "milliseconds since 1970");
    let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
    let mut found = BTreeSet::new();
    for directive in directives {
        let members: Vec<_> = directive.as_object().unwrap().keys().collect();
        assert_eq!(members, ["Dimensions", "Metrics", "Namespace"]);
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!((1..=255).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let members = metric.as_object().unwrap().keys();
            assert!(members.into_iter().all(|key| key == "Name" || key == "Unit"), "{metric}");
            let name = metric["Name"].as_str().unwrap();
            assert!((1..=255).contains(&name.len()));
            assert!(UNITS.contains(&metric["Unit"].as_str().unwrap()));
            assert!(root[name].is_number(), "the target of {name} is a number at the root");
            for set in sets {
                let set = set.as_array().unwrap();
                assert!(set.len() <= 30);
                for dimension in set {
                    let target = root[dimension.as_str().unwrap()].as_str().unwrap();
                    assert!((1..=1024).contains(&target.len()));
                }
                let is_new = found.insert(format!("{} {name}", json!(set)));
                assert!(is_new, "{name} would be counted twice");
            }
        }
    }
    found
}

fn router(namespace: Option<&str>) -> Router {
    let router = Router::new()
        .route("/quiet", routing::get(async || "done"))
        .route("/busy", routing::get(busy))
        .route("/broken", routing::get(async || Problem::internal("cause")))
        .route("/bare", routing::get(async || StatusCode::IM_A_TEAPOT))
        .route(
            "/refused/{org}",
            routing::get(async || ApiError::from(Refusal::NoSuchOrganization).into_response()),
        );
    let namespace = Namespace::new(namespace.map(str::to_owned));
    let release = Some("r41".to_owned());
    let salt = "salt".to_owned();
    conventions_with(router, LogSettings { function: None, release, salt, namespace })
}

/// Adds every metric that a handler can add.
async fn busy() -> &'static str {
    Metric::all().filter(|metric| !is_of_the_response(*metric)).for_each(|metric| metric.add(1.5));
    "done"
}

/// Whether the conventions add the metric, from the response and its cost.
fn is_of_the_response(metric: Metric) -> bool {
    use Metric::{Failures, ReadUnits, Refusals, Requests, WriteUnits};
    [Requests, Failures, Refusals, ReadUnits, WriteUnits].contains(&metric)
}

/// The last line of a request by a caller whose `sub`, address and organization are known.
async fn line(router: Router, target: &str) -> String {
    log::taken();
    let claims = json!({ "sub": "auth0|42", "email": "ann@corp.example" });
    send(router, authorized(get(target), &json!({ "jwt": { "claims": claims } }))).await;
    log::taken().lines().last().expect("a line").to_owned()
}

async fn metrics(target: &str) -> Vec<String> {
    metrics_of(&line(router(Some("rolecall")), target).await).into_iter().collect()
}

#[tokio::test]
async fn metrics_of_a_request_are_a_document_of_the_embedded_metric_format() {
    assert_eq!(metrics("/quiet").await, ["[] requests"]);
    assert_eq!(metrics("/broken").await, ["[] failures", "[] requests"]);
    assert_eq!(metrics("/refused/org_01").await, [r#"["problem"] refusals"#, "[] requests"]);
    assert_eq!(metrics("/nowhere").await, [r#"["problem"] refusals"#, "[] requests"]);
    let all = metrics("/busy").await;
    assert_eq!(all.len(), Metric::all().filter(|metric| !is_of_the_response(*metric)).count() + 1);
    assert!(all.iter().all(|metric| metric.starts_with("[] ")));
}

#[tokio::test]
async fn metrics_have_the_time_of_the_request_and_the_configured_namespace() {
    let line = line(router(Some("stack-7")), "/busy").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["_aws"]["Timestamp"], 1_700_000_000_123_i64);
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "stack-7");
    assert_eq!((&line["requests"], &line["conflicts"]), (&json!(1), &json!(1.5)));
}

/// The bill for the log grows with each byte of this line (`docs/monthly-costs.md`).
#[tokio::test]
async fn line_of_a_usual_request_has_at_most_700_bytes() {
    let usual = async || {
        Metric::DatabaseTime.add(2.5);
        Metric::ReadUnits.add(2.5);
        "done"
    };
    let path = "/v1/organizations/{org}/members";
    let router = Router::new().route(path, routing::get(usual));
    let (function, namespace) = ("rolecall-Members-AbCdEfGhIjKl", "rolecall-production");
    let settings = LogSettings {
        function: Some(function.to_owned()),
        release: Some("r41".to_owned()),
        salt: "salt".to_owned(),
        namespace: Namespace::new(Some(namespace.to_owned())),
    };
    let target = "/v1/organizations/org_01ARZ3NDEKTSV4RRFFQ69G5FAV/members";
    let line = line(conventions_with(router, settings), target).await;
    assert!(line.len() <= 700, "{} bytes: {line}", line.len());
}

/// A dimension has one value for each problem of the API, whatever the request contains.
#[tokio::test]
async fn no_address_caller_or_organization_is_a_dimension() {
    for target in ["/refused/org_01ARZ3NDEKTSV4RRFFQ69G5FAV", "/nowhere/ann@corp.example"] {
        let line = line(router(Some("rolecall")), target).await;
        let root: Value = serde_json::from_str(&line).unwrap();
        let directives = root["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        let dimensions: BTreeSet<_> = directives
            .iter()
            .flat_map(|directive| directive["Dimensions"].as_array().unwrap())
            .flat_map(|set| set.as_array().unwrap())
            .map(|dimension| root[dimension.as_str().unwrap()].as_str().unwrap())
            .collect();
        let expected =
            if target.starts_with("/refused") { "no-such-organization" } else { "no-such-route" };
        assert_eq!(dimensions, BTreeSet::from([expected]));
        assert!(!line.contains("corp.example") && !line.contains("auth0|42"), "{line}");
    }
}

/// A refusal without a problem would have no value for its dimension, and CloudWatch would drop it.
#[tokio::test]
async fn response_without_a_problem_is_no_refusal() {
    assert_eq!(metrics("/bare").await, ["[] requests"]);
}

/// A gradual deployment counts the failures of its own release.
#[tokio::test]
async fn line_of_a_failure_names_the_release_that_answered() {
    let line = line(router(None), "/broken").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["status"], &line["release"]), (&json!(500), &json!("r41")));
}

#[tokio::test]
async fn without_a_namespace_or_a_time_cloudwatch_extracts_nothing() {
    let unnamed = line(router(None), "/refused/org_01").await;
    let unnamed: Value = serde_json::from_str(&unnamed).unwrap();
    assert_eq!((&unnamed["_aws"], &unnamed["refusals"]), (&Value::Null, &json!(1)));
    log::taken();
    send(router(Some("rolecall")), get("/quiet").body(axum::body::Body::empty()).unwrap()).await;
    let untimed: Value = serde_json::from_str(log::taken().trim()).unwrap();
    assert_eq!((&untimed["_aws"], &untimed["requests"]), (&Value::Null, &json!(1)));
}

#[tokio::test]
async fn concurrent_work_adds_to_its_own_metrics() {
    let add = async |value: f64| {
        Metric::Conflicts.add(value);
        tokio::task::yield_now().await;
        Metric::Conflicts.add(value);
    };
    let (((), one), ((), other)) = tokio::join!(collected(add(1.0)), collected(add(10.0)));
    let conflicts = |metrics: Metrics| serde_json::to_value(metrics).unwrap()["conflicts"].clone();
    assert_eq!((conflicts(one), conflicts(other)), (json!(2), json!(20)));
    Metric::Conflicts.add(1.0); // Outside of any work: ignored.
}

#[tokio::test]
async fn run_leaves_one_line_with_its_result() {
    log::start();
    log::taken();
    let ((), metrics) = collected(async { Metric::DueAge.add(0.0) }).await;
    let at = Timestamp::from_second(1_700_000_000).unwrap();
    run("clean-up", "run-1", at, &json!({ "expired": 3 }), metrics);
    let line: Value = serde_json::from_str(log::taken().trim()).unwrap();
    let expected = json!({
        "level": "INFO", "message": "clean-up", "request_id": "run-1", "expired": 3,
        "due_age_seconds": 0,
    });
    assert_eq!(line, expected);
}

#[test]
fn names_of_metrics_are_distinct_and_no_other_member_of_the_line() {
    let names: Vec<_> = Metric::all().map(Metric::name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let members = [
        "_aws",
        "level",
        "message",
        "request_id",
        "client_request_id",
        "function",
        "release",
        "method",
        "route",
        "status",
        "problem",
        "caller",
        "org",
        "duration_ms",
        "round_trips",
        "expired",
        "failed",
        "skipped",
        "more",
        "roles_deleted",
        "records",
        "finished",
        "sent",
        "empty",
    ];
    assert!(names.iter().all(|name| !members.contains(name)), "{names:?}");
}
