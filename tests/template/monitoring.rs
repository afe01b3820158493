//! Alarms, the dashboard and the saved queries: each names only what exists, and each alarm has its page.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::metrics::Metric;

use super::{list, resource, resources, template};

/// The metrics that AWS services write by themselves and that the template uses, from their user guides.
const AWS_METRICS: [(&str, &str, &[&str]); 5] = [
    ("AWS/ApiGateway", "4xx 5xx Count DataProcessed IntegrationLatency Latency", &["ApiId"]),
    (
        "AWS/DynamoDB",
        "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits ReadThrottleEvents WriteThrottleEvents",
        &["TableName"],
    ),
    (
        "AWS/Lambda",
        "ConcurrentExecutions Duration Errors Invocations IteratorAge Throttles",
        &["FunctionName"],
    ),
    (
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesVisible NumberOfMessagesSent",
        &["QueueName"],
    ),
    ("AWS/SES", "Reputation.BounceRate Reputation.ComplaintRate", &[]),
];

/// Metrics of what happens in an API that works. No error counts them.
const ACTIVITY: [&str; 7] = [
    "Count",
    "Invocations",
    "NumberOfMessagesSent",
    "digest_runs",
    "events_recorded",
    "invitation.created",
    "invitation.resent",
];

/// Metrics of `AWS/Lambda` that also exist for the account as a whole.
const OF_THE_ACCOUNT: [&str; 2] = ["ConcurrentExecutions", "Throttles"];

/// The metrics of the namespace of the stack that have no dimension: those of log lines, and those of metric filters.
fn own_metrics() -> BTreeSet<String> {
    let filters = resources("AWS::Logs::MetricFilter");
    let filtered = filters.values().flat_map(|filter| {
        list(&filter["Properties"]["MetricTransformations"]).into_iter().map(|metric| {
            assert_eq!(metric["MetricNamespace"], json!({ "Ref": "AWS::StackName" }));
            metric["MetricName"].as_str().expect("a name").to_owned()
        })
    });
    let logged = Metric::all().filter(|metric| *metric != Metric::Refusals);
    logged.map(|metric| metric.name().to_owned()).chain(filtered).collect()
}

/// Asserts that AWS or the code writes a metric with these dimensions.
fn assert_written(namespace: &str, name: &str, dimensions: &[String]) {
    if namespace == "stack" && name == Metric::Refusals.name() {
        assert_eq!(dimensions, ["problem"]);
        return;
    }
    if namespace == "stack" {
        assert!(own_metrics().contains(name), "no code writes {name}");
        assert!(dimensions.is_empty(), "{name} has no dimension");
        return;
    }
    let service = AWS_METRICS.iter().find(|(service, ..)| *service == namespace);
    let (_, names, expected) = service.unwrap_or_else(|| panic!("{namespace} is unknown"));
    assert!(names.split(' ').any(|it| it == name), "{namespace} has no {name}");
    let of_account = dimensions.is_empty() && OF_THE_ACCOUNT.contains(&name);
    assert!(of_account || dimensions == *expected, "{namespace} {name}: {dimensions:?}");
}

fn alarms() -> BTreeMap<String, Value> {
    resources("AWS::CloudWatch::Alarm")
}

/// The metrics of an alarm: namespace, name, statistic, dimensions.
fn metrics_of(alarm: &Value) -> Vec<(String, Value)> {
    let own = &alarm["Properties"];
    let stats = own["Metrics"].as_array().cloned().unwrap_or_default();
    let math = stats.iter().filter(|metric| metric.get("MetricStat").is_some()).map(|metric| {
        assert_eq!(metric["ReturnData"], false);
        (
            metric["MetricStat"]["Stat"].as_str().unwrap().to_owned(),
            metric["MetricStat"]["Metric"].clone(),
        )
    });
    let single =
        own.get("MetricName").map(|_| (own["Statistic"].as_str().unwrap().to_owned(), own.clone()));
    math.chain(single).collect()
}

#[test]
fn every_alarm_notifies_the_topic_when_it_begins_and_when_it_ends() {
    let topic = json!({ "Fn::If": ["HasAlarmTopic", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    for (name, alarm) in alarms() {
        assert_eq!(alarm["Properties"]["AlarmActions"], topic, "{name}");
        assert_eq!(alarm["Properties"]["OKActions"], topic, "{name}");
        assert_ne!(alarm["Properties"]["TreatMissingData"], Value::Null, "{name}");
    }
}

#[test]
fn every_alarm_watches_metrics_that_exist() {
    for (name, alarm) in alarms() {
        let metrics = metrics_of(&alarm);
        assert!(!metrics.is_empty(), "{name}");
        for (_, metric) in metrics {
            let namespace = match metric["Namespace"].as_str() {
                Some(service) => service.to_owned(),
                None if metric["Namespace"] == json!({ "Ref": "AWS::StackName" }) => {
                    "stack".to_owned()
                }
                None => panic!("{name}: {metric}"),
            };
            let dimensions: Vec<String> = metric["Dimensions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|dimension| dimension["Name"].as_str().unwrap().to_owned())
                .collect();
            assert_written(&namespace, metric["MetricName"].as_str().unwrap(), &dimensions);
        }
    }
}

/// A queue of what failed for good, and a late or silent schedule, are states. Counts of errors are events: a single
/// one must not fire an alarm.
#[test]
fn one_stray_error_fires_no_alarm() {
    for (name, alarm) in alarms() {
        let own = &alarm["Properties"];
        let counts_events = metrics_of(&alarm).iter().any(|(stat, metric)| {
            let name = metric["MetricName"].as_str().unwrap();
            stat == "Sum" && !ACTIVITY.contains(&name)
        });
        if !counts_events {
            continue;
        }
        let periods = own["EvaluationPeriods"].as_u64().unwrap();
        let breaching = own.get("DatapointsToAlarm").map_or(periods, |it| it.as_u64().unwrap());
        let least_of_hour = own["Metrics"][0]["Expression"].as_str().filter(|expression| {
            own["Metrics"][1]["MetricStat"]["Period"] == 3600 && expression.contains("failed >= 3 ")
        });
        assert!(breaching >= 2 || least_of_hour.is_some(), "{name}: one period fires it");
        let has_rate =
            own["Metrics"][0]["Expression"].as_str().is_some_and(|it| it.contains("/ all"));
        assert!(has_rate || own["Threshold"].as_f64() >= Some(5.0), "{name}: a few errors fire it");
    }
}

/// The expressions of the alarms, evaluated on numbers of requests and failures.
#[test]
fn rates_count_only_enough_failures() {
    let expression = |name: &str| {
        let alarm = resource(name);
        alarm["Properties"]["Metrics"][0]["Expression"].as_str().unwrap().to_owned()
    };
    assert_eq!(expression("ServerErrors"), "IF(failed >= 5, 100 * failed / all, 0)");
    let of_hour = "IF((failed >= 3 AND failed / all > 0.5) OR (failed >= 12 AND failed / all > 0.01), \
        100 * failed / all, 0)";
    assert_eq!(expression("ServerErrorsPersist"), of_hour);
    assert_eq!(expression("TokensRefused"), "IF(refused >= 20, 100 * refused / all, 0)");
    assert_eq!(expression("TokensRefusedPersist"), "IF(refused >= 5, 100 * refused / all, 0)");
    assert_eq!(expression("SlowRequests"), "IF(all >= 1000, p99, p90)");
    let with_expression = |alarm: &Value| alarm["Properties"]["Metrics"].is_array();
    for (name, alarm) in alarms().into_iter().filter(|(_, alarm)| with_expression(alarm)) {
        let metrics = list(&alarm["Properties"]["Metrics"]);
        let ids: BTreeSet<_> =
            metrics.iter().map(|metric| metric["Id"].as_str().unwrap()).collect();
        let used = expression(&name);
        let used = used.split(|c: char| !c.is_ascii_alphanumeric());
        let used = used.filter(|word| word.starts_with(char::is_lowercase));
        for word in used {
            assert!(ids.contains(word), "{name}: {word} is no metric");
        }
    }
}

/// An event at the end of a period is published in the next one. The next one then has an invocation, so successive
/// periods cannot all lack one while the stream is read. Writes that record no event, such as the marks of mails, do
/// not count. The metric of a rule needs its name and says nothing of the queue, so the alarm of mail counts messages.
#[test]
fn alarms_of_silence_need_events_without_a_reaction_in_three_periods() {
    let silent_publish = "IF(recorded > 0 AND FILL(invoked, 0) < 1, recorded, 0)";
    let silent_rule = "IF(FILL(created, 0) + FILL(resent, 0) > 0 AND FILL(queued, 0) < 1, \
        FILL(created, 0) + FILL(resent, 0), 0)";
    let published = ["events_recorded", "Invocations"].as_slice();
    let queued = ["invitation.created", "invitation.resent", "NumberOfMessagesSent"].as_slice();
    for (name, expression, metrics, period, periods) in [
        ("PublishSilent", silent_publish, published, 600, 3),
        ("PublishSilentPersists", silent_publish, published, 3600, 24),
        ("MailRuleSilent", silent_rule, queued, 3600, 24),
    ] {
        let alarm = resource(name);
        let own = &alarm["Properties"];
        assert_eq!(own["Metrics"][0]["Expression"], expression, "{name}");
        let [threshold, evaluated, breaching] =
            ["Threshold", "EvaluationPeriods", "DatapointsToAlarm"].map(|it| &own[it]);
        assert_eq!(json!([threshold, evaluated, breaching]), json!([0, periods, 3]), "{name}");
        let watched = metrics_of(&alarm);
        let names: Vec<_> = watched.iter().map(|(_, metric)| &metric["MetricName"]).collect();
        assert_eq!(names, metrics, "{name}");
        assert!(watched.iter().all(|(stat, _)| stat == "Sum"), "{name}");
        let stats = list(&own["Metrics"]).into_iter().skip(1);
        assert!(stats.into_iter().all(|it| it["MetricStat"]["Period"] == period), "{name}");
    }
    let invoked = &metrics_of(&resource("PublishSilent"))[1].1;
    assert_eq!(invoked["Dimensions"][0]["Value"], json!({ "Ref": "Publish" }));
    let pattern = list(&resource("MailRule")["Properties"]["EventPattern"]["detail-type"]);
    for name in ["invitation.created", "invitation.resent"] {
        assert!(pattern.contains(&json!(name)), "{name} causes no mail");
    }
}

#[test]
fn every_alarm_has_a_section_of_the_runbook_and_no_section_lacks_its_alarm() {
    let runbook = include_str!("../../docs/runbook.md");
    let (_, alarms_part) = runbook.split_once("\n## Alarms\n").expect("a chapter of alarms");
    let alarms_part = alarms_part.split("\n## ").next().unwrap();
    let sections: BTreeMap<_, _> = alarms_part
        .split("\n### ")
        .skip(1)
        .map(|section| {
            let (title, text) = section.split_once('\n').unwrap();
            (title.trim().to_owned(), text)
        })
        .collect();
    let names: BTreeSet<_> = alarms().into_keys().collect();
    assert_eq!(sections.keys().cloned().collect::<BTreeSet<_>>(), names);
    for (name, text) in sections {
        for part in ["**Means.**", "**Look.**", "**Do.**", "**Escalate.**"] {
            assert!(text.contains(part), "{name} lacks {part}");
        }
        let description =
            resource(&name)["Properties"]["AlarmDescription"].as_str().unwrap().to_owned();
        let link = format!("docs/runbook.md#{}", name.to_lowercase());
        assert!(description.contains(&link), "{name}: {description}");
    }
}

/// The runbook names saved queries by their titles.
#[test]
fn runbook_names_every_saved_query() {
    let runbook = include_str!("../../docs/runbook.md");
    for (name, query) in resources("AWS::Logs::QueryDefinition") {
        let title = query["Properties"]["Name"]["Fn::Sub"].as_str().unwrap();
        let title = title.strip_prefix("${AWS::StackName}/").expect("a folder for each stack");
        assert!(runbook.contains(&format!("*{title}*")), "{name}: {title}");
        let groups = list(&query["Properties"]["LogGroupNames"]);
        for group in groups {
            let logs = ["FunctionLog", "AccessLog"].map(|log| json!({ "Ref": log }));
            assert!(logs.contains(&group), "{name}");
        }
    }
}

/// The engineer on call searches the log for these texts.
#[test]
fn runbook_quotes_messages_as_the_code_logs_them() {
    let runbook =
        include_str!("../../docs/runbook.md").split_whitespace().collect::<Vec<_>>().join(" ");
    // Some of them are warnings.
    let failures = resource("FailuresQuery")["Properties"]["QueryString"].clone();
    assert!(failures.as_str().unwrap().contains(r#"level in ["ERROR", "WARN"]"#), "{failures}");
    for (message, file) in [
        ("PutEvents failed", "publish/src/eventbridge.rs"),
        ("PutEvents rejected entries", "publish/src/eventbridge.rs"),
        ("history event is damaged", "publish/src/lib.rs"),
        ("mail waits", "mail/src/lib.rs"),
        ("SES reported a mail", "mail/src/feedback.rs"),
        ("mail ended", "mail/src/sending.rs"),
        ("a due item failed", "cleanup/src/lib.rs"),
        ("the function does not run", "../shared/src/lambda/mod.rs"),
    ] {
        assert!(runbook.contains(&format!("`{message}`")), "the runbook lacks {message}");
        let code = std::fs::read_to_string(format!("../functions/{file}")).expect("it can be read");
        assert!(code.contains(&format!("\"{message}\"")), "{file} does not log {message}");
    }
}

/// The fields that lines of the function log and of the access log have.
fn logged_fields() -> BTreeSet<String> {
    let api = resource("Api");
    let format = api["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap().to_owned();
    let access: BTreeMap<String, String> = serde_json::from_str(&format).unwrap();
    // The members of the line of a request and of other lines; Lambda's own lines; fields that Insights adds.
    let members = "@timestamp @logStream level target message cause error organization span.request_id span.client_request_id span.requestId requestId request_id client_request_id \
        function release viewer_ip method route status problem caller org duration_ms round_trips code codes sequence_number type record.requestId record.status \
        record.errorType record.metrics.durationMs record.metrics.maxMemoryUsedMB";
    let members = members.split_whitespace().map(str::to_owned);
    let metrics = Metric::all().map(|metric| metric.name().to_owned());
    members.chain(metrics).chain(access.into_keys()).collect()
}

#[test]
fn saved_queries_use_only_fields_that_are_logged() {
    let fields = logged_fields();
    for (name, query) in resources("AWS::Logs::QueryDefinition") {
        let text = query["Properties"]["QueryString"].as_str().unwrap().to_owned();
        for line in text.lines() {
            let words = line.trim_start_matches("| ");
            let (command, arguments) = words.split_once(' ').unwrap();
            assert!(
                ["fields", "filter", "stats", "sort", "limit"].contains(&command),
                "{name}: {line}"
            );
            // Literals are no fields.
            let outside: String = arguments.split('"').step_by(2).collect::<Vec<_>>().join(" ");
            for word in outside.split(|c: char| !(c.is_alphanumeric() || "@._".contains(c))) {
                let is_field = word.contains(['.', '_']) || word.starts_with('@');
                let known = fields.contains(word) || text.contains(&format!(" as {word}"));
                assert!(known || !is_field, "{name}: {word} is not logged");
            }
        }
    }
}

/// The lines that Lambda writes, and those of errors outside of a request, have no `function`.
#[test]
fn queries_about_failures_show_the_function_of_each_line() {
    for name in ["FailuresQuery", "InvocationQuery"] {
        let text = resource(name)["Properties"]["QueryString"].as_str().unwrap().to_owned();
        let fields = text.lines().next().unwrap().strip_prefix("fields ").expect("the fields");
        let fields: Vec<_> = fields.split(", ").collect();
        for field in ["@logStream", "target", "message", "cause", "error"] {
            assert!(fields.contains(&field), "{name} lacks {field}");
        }
        // The runbook reads the organization there.
        if name == "FailuresQuery" {
            assert!(fields.contains(&"organization"), "{name} lacks the organization");
            // During a gradual deployment, it tells the new version from the old one.
            assert!(fields.contains(&"release"), "{name} lacks the release");
        }
    }
}

/// A problem shows the client's id if there is one. API Gateway's own responses have its id only, in `apigw-requestid`.
#[test]
fn request_is_found_by_the_id_of_the_client_and_by_that_of_api_gateway() {
    let api = resource("Api");
    let format = api["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap().to_owned();
    assert!(format.contains(r#""request_id":"$context.requestId""#), "{format}");
    let query = resource("RequestQuery")["Properties"]["QueryString"].clone();
    let filter = query.as_str().unwrap().lines().find(|line| line.contains("| filter")).unwrap();
    for field in ["request_id", "client_request_id", "span.request_id", "span.client_request_id"] {
        assert!(filter.contains(&format!(" {field} = \"REQUEST_ID\"")), "{filter}");
    }
    // A forged token has the `sub` of its victim. Only the address tells the two apart.
    for address in ["source_ip", "viewer_ip"] {
        assert!(query.as_str().unwrap().contains(&format!(" {address},")), "{query}");
    }
}

/// Complaints about invitations and about other mails, such as digests, need different answers.
#[test]
fn returned_mails_of_invitations_are_counted_apart() {
    let query = resource("ReturnedMailQuery")["Properties"]["QueryString"].clone();
    assert!(query.as_str().unwrap().contains("count(invitation) as of_invitations"), "{query}");
    let code = include_str!("../../functions/mail/src/feedback.rs");
    assert!(code.contains("info!(organization, invitation, report = event_type, kind, \"SES"));
}

/// A metric of a widget with its namespace, name and dimensions, after the shorthand `...` is expanded.
fn dashboard_metrics(widget: &Value) -> Vec<Vec<Value>> {
    let mut previous: Vec<Value> = vec![];
    let mut found = vec![];
    for entry in list(&widget["properties"]["metrics"]) {
        let mut parts = list(&entry);
        if parts[0].is_object() {
            continue; // An expression.
        }
        if parts.last().is_some_and(Value::is_object) {
            parts.pop();
        }
        if parts[0] == "..." {
            let rest = parts.split_off(1);
            let kept = previous.len() - rest.len();
            parts = previous[..kept].iter().cloned().chain(rest).collect();
        }
        previous.clone_from(&parts);
        found.push(parts);
    }
    found
}

fn dashboard() -> (String, Value) {
    let dashboards = resources("AWS::CloudWatch::Dashboard");
    assert_eq!(dashboards.keys().collect::<Vec<_>>(), ["Dashboard"]);
    let body = &dashboards["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"];
    let text = body.as_str().expect("a text with references").to_owned();
    let json = serde_json::from_str(&text).expect("the dashboard is JSON");
    (text, json)
}

#[test]
fn dashboard_shows_only_metrics_that_exist() {
    let (_, dashboard) = dashboard();
    let mut shown = BTreeSet::new();
    for widget in list(&dashboard["widgets"]) {
        if widget["type"] != "metric" {
            continue;
        }
        assert_eq!(widget["properties"]["region"], "${AWS::Region}");
        for parts in dashboard_metrics(&widget) {
            let text: Vec<_> = parts.iter().map(|part| part.as_str().unwrap()).collect();
            let namespace = if text[0] == "${AWS::StackName}" { "stack" } else { text[0] };
            let dimensions: Vec<_> =
                text[2..].iter().step_by(2).map(|name| (*name).to_owned()).collect();
            assert_written(namespace, text[1], &dimensions);
            shown.insert(text[1].to_owned());
        }
    }
    let hidden: Vec<_> = own_metrics().into_iter().filter(|name| !shown.contains(name)).collect();
    assert_eq!(hidden, [""; 0], "metrics without a widget");
}

#[test]
fn dashboard_searches_the_refusals_by_problem() {
    let (text, _) = dashboard();
    let search = r#"SEARCH('{\"${AWS::StackName}\",problem} MetricName=\"refusals\"', 'Sum', 300)"#;
    assert!(text.contains(search));
}

#[test]
fn dashboard_shows_every_alarm_function_and_queue() {
    let (text, dashboard) = dashboard();
    let alarm_widget = list(&dashboard["widgets"]).into_iter().find(|it| it["type"] == "alarm");
    let shown: BTreeSet<_> = list(&alarm_widget.unwrap()["properties"]["alarms"])
        .iter()
        .map(|alarm| alarm.as_str().unwrap().to_owned())
        .collect();
    let expected = alarms().into_keys().map(|name| format!("${{{name}.Arn}}")).collect();
    assert_eq!(shown, expected);
    for name in resources("AWS::Serverless::Function").keys() {
        assert!(text.contains(&format!("\"${{{name}}}\"")), "{name} is not on the dashboard");
    }
    for name in resources("AWS::SQS::Queue").keys() {
        assert!(
            text.contains(&format!("\"${{{name}.QueueName}}\"")),
            "{name} is not on the dashboard"
        );
    }
}

/// A reference to a missing resource fails only when the stack is deployed.
#[test]
fn dashboard_refers_only_to_resources_of_the_template() {
    let (text, _) = dashboard();
    let template = template();
    let names = template["Resources"].as_object().unwrap();
    for reference in text.split("${").skip(1) {
        let name = reference.split(['}', '.']).next().unwrap();
        let known = names.contains_key(name) || ["AWS::Region", "AWS::StackName"].contains(&name);
        assert!(known, "{name}");
    }
}

#[test]
fn widgets_do_not_overlap() {
    let (_, dashboard) = dashboard();
    let mut taken = BTreeSet::new();
    for widget in list(&dashboard["widgets"]) {
        let number = |name: &str| widget[name].as_u64().unwrap();
        assert!(number("x") + number("width") <= 24, "{widget}");
        for x in number("x")..number("x") + number("width") {
            for y in number("y")..number("y") + number("height") {
                assert!(taken.insert((x, y)), "{}", widget["properties"]["title"]);
            }
        }
    }
}

/// Every function writes its metrics to the namespace that the alarms and the dashboard read.
#[test]
fn functions_write_to_the_namespace_of_the_stack() {
    let globals = &template()["Globals"]["Function"];
    let variables = &globals["Environment"]["Variables"];
    assert_eq!(variables["METRICS_NAMESPACE"], json!({ "Ref": "AWS::StackName" }));
    assert_eq!(globals["LoggingConfig"]["LogFormat"], "JSON");
}

/// API Gateway's own 429 has no time of a function. A function's 429 is a refusal and not throttling (INV14).
#[test]
fn throttled_requests_are_counted_without_refusals_of_functions() {
    let filter = resource("ThrottledRequests");
    let pattern = r#"{ $.status = "429" && $.function_ms = "-" }"#;
    assert_eq!(filter["Properties"]["FilterPattern"], pattern);
    assert_eq!(filter["Properties"]["LogGroupName"], json!({ "Ref": "AccessLog" }));
}

/// Whether a metric filter counts a line of the access log. Its pattern compares members with texts, of which an asterisk
/// at the beginning or end stands for any text.
fn counts(filter: &str, route: &str, status: &str) -> bool {
    let filter = resource(filter);
    assert_eq!(filter["Properties"]["LogGroupName"], json!({ "Ref": "AccessLog" }));
    let pattern = filter["Properties"]["FilterPattern"].as_str().expect("a pattern").to_owned();
    let terms = pattern.trim_start_matches("{ ").trim_end_matches(" }").split(" && ");
    let mut results = terms.map(|term| {
        let (member, rest) = term.split_once(' ').expect("a member");
        let (operator, text) = rest.split_once(' ').expect("an operator");
        let value = match member {
            "$.route" => route,
            "$.status" => status,
            other => panic!("{other}"),
        };
        let text = text.trim_matches('"');
        let equal = match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (Some(end), _) => value.ends_with(end),
            (None, Some(begin)) => value.starts_with(begin),
            (None, None) => value == text,
        };
        match operator {
            "=" => equal,
            "!=" => !equal,
            other => panic!("{other}"),
        }
    });
    results.all(|it| it)
}

/// Everybody's token is refused if the issuer or the audience is wrong. Requests that need no token would hide it: those of
/// scanners for paths that are no route, the preflights of browsers, and uptime checks that call the metadata.
#[test]
fn refused_tokens_are_compared_with_the_requests_that_need_a_token() {
    for route in
        ["GET /v1/me", "POST /access/v1/evaluation", "PUT /v1/organizations/{org}/security"]
    {
        assert!(counts("RoutedRequests", route, "401") && counts("RoutedRequests", route, "200"));
        assert!(counts("UnauthorizedRequests", route, "401"), "{route}");
        assert!(!counts("UnauthorizedRequests", route, "403"), "{route}");
    }
    let open = ["$default", "OPTIONS /{proxy+}", "GET /.well-known/authzen-configuration"];
    for (route, status) in open.into_iter().flat_map(|it| [(it, "200"), (it, "401")]) {
        assert!(!counts("RoutedRequests", route, status), "{route}");
        assert!(!counts("UnauthorizedRequests", route, status), "{route}");
    }
    for (name, period, periods, threshold) in
        [("TokensRefused", 300, 3, 50), ("TokensRefusedPersist", 3600, 2, 90)]
    {
        let alarm = resource(name);
        let own = &alarm["Properties"];
        let watched: Vec<_> =
            metrics_of(&alarm).into_iter().map(|(_, it)| it["MetricName"].clone()).collect();
        assert_eq!(watched, ["unauthorized_requests", "routed_requests"]);
        for metric in list(&own["Metrics"]).iter().skip(1) {
            assert_eq!(metric["MetricStat"]["Period"], period, "{name}");
        }
        assert_eq!(
            (&own["Threshold"], &own["EvaluationPeriods"]),
            (&json!(threshold), &json!(periods))
        );
        assert_eq!(own["DatapointsToAlarm"], periods, "{name}: one period fires it");
    }
}

/// A problem without a page would be no problem of the service, so the alarm could not fire.
#[test]
fn alarm_of_the_proxy_watches_a_problem_that_exists() {
    let alarm = resource("ProxyRefused");
    let problem = &alarm["Properties"]["Dimensions"][0]["Value"];
    let page = format!("\n## {}\n", problem.as_str().unwrap());
    assert!(include_str!("../../docs/problems.md").contains(&page), "{page}");
}

/// The function is also invoked by its queues, so its invocations say nothing about the schedule.
#[test]
fn alarm_of_silent_digests_counts_runs_of_the_schedule_that_ended() {
    let filter = resource("DigestRuns");
    assert_eq!(filter["Properties"]["FilterPattern"], r#"{ $.message = "schedule" }"#);
    assert_eq!(filter["Properties"]["LogGroupName"], json!({ "Ref": "FunctionLog" }));
    assert!(include_str!("../../functions/mail/src/main.rs").contains(r#"log::run("schedule","#));
    let schedule = &resource("Mail")["Properties"]["Events"]["Digests"]["Properties"];
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    let own = &resource("DigestsSilent")["Properties"];
    assert_eq!((&own["Period"], &own["EvaluationPeriods"]), (&json!(600), &json!(3)));
    assert_eq!(own["TreatMissingData"], "breaching");
}

/// Each route of the API would have six metrics of its own.
#[test]
fn no_route_has_metrics_of_its_own() {
    let api = resource("Api");
    let settings = &api["Properties"]["DefaultRouteSettings"];
    assert_eq!(settings["DetailedMetricsEnabled"], false);
    let routes = api["Properties"]["RouteSettings"].as_object().cloned().unwrap();
    assert!(routes.values().all(|route| route.get("DetailedMetricsEnabled").is_none()));
}

/// Decision record 36: without calls to DynamoDB in it, a trace shows less than the log.
#[test]
fn no_function_is_traced() {
    let text = include_str!("../../template.yaml");
    assert!(!text.contains("Tracing") && !text.to_lowercase().contains("xray"));
}
