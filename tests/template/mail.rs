//! The way of an event: the stream, the bus, the queue of mails, SES and its reports.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::metrics::Metric;

use super::{
    list,
    permissions::{is_about_the_table, statements},
    resource, resources, template,
};

fn arn(name: &str) -> Value {
    json!({ "Fn::GetAtt": format!("{name}.Arn") })
}

#[expect(clippy::needless_pass_by_value, reason = "most arguments are made for it")]
fn allow(action: Value, resource: Value) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

/// The statements of a function's policy that are not about the table.
fn other_statements(function: &str) -> Vec<Value> {
    let statements = statements(&resource(function)).into_iter();
    statements.filter(|statement| !is_about_the_table(statement)).collect()
}

#[test]
fn publish_may_only_publish_and_read_the_stream() {
    let stream = json!({ "Fn::GetAtt": "Table.StreamArn" });
    let read = ["DescribeStream", "GetRecords", "GetShardIterator"];
    let expected = [
        allow(json!(read.map(|it| format!("dynamodb:{it}"))), stream),
        allow(json!("dynamodb:ListStreams"), json!({ "Fn::Sub": "${Table.Arn}/stream/*" })),
        allow(json!("events:PutEvents"), arn("Bus")),
        allow(json!("sqs:SendMessage"), arn("FailedPublications")),
    ];
    assert_eq!(other_statements("Publish"), expected);
    assert_eq!(statements(&resource("Publish")).len(), expected.len(), "it has no table access");
}

#[test]
fn mail_may_only_send_and_receive_from_its_queues() {
    let ses = |kind: &str| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:ses:${{AWS::Region}}:${{AWS::AccountId}}:{kind}") });
    let mut send = allow(
        json!("ses:SendEmail"),
        json!([ses("identity/*"), ses("configuration-set/${MailConfiguration}")]),
    );
    // In the sandbox, SES also checks the identity of the recipient, so the resource cannot be that of the sender alone.
    // The condition limits the sender to one address.
    send["Condition"] =
        json!({ "StringEqualsIgnoreCase": { "ses:FromAddress": { "Ref": "MailFrom" } } });
    let receive = ["DeleteMessage", "GetQueueAttributes", "ReceiveMessage"];
    let receive = receive.map(|it| format!("sqs:{it}"));
    let expected = [send, allow(json!(receive), json!([arn("Mails"), arn("MailReports")]))];
    assert_eq!(other_statements("Mail"), expected);
}

/// The filter excludes everything that is not a new event, such as the marks of mails.
#[test]
fn stream_delivers_new_events_in_order_and_queues_failures() {
    assert_eq!(
        resource("Table")["Properties"]["StreamSpecification"],
        json!({ "StreamViewType": "NEW_IMAGE" })
    );
    let mappings = resources("AWS::Lambda::EventSourceMapping");
    let names: Vec<_> = mappings.keys().collect();
    assert_eq!(names, ["NewEvents", "NewMailReports", "NewMails"]);
    let mut mapping = mappings["NewEvents"]["Properties"].clone();
    let pattern = mapping["FilterCriteria"]["Filters"][0]["Pattern"].take();
    let pattern: Value = serde_json::from_str(pattern.as_str().expect("a pattern")).expect("JSON");
    let event_keys = json!({ "pk": { "S": [{ "prefix": "EVENTS#" }] } });
    assert_eq!(pattern, json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": event_keys } }));
    let expected = json!({
        "FunctionName": { "Ref": "Publish" },
        "EventSourceArn": { "Fn::GetAtt": "Table.StreamArn" },
        "StartingPosition": "TRIM_HORIZON",
        "FilterCriteria": { "Filters": [{ "Pattern": null }] },
        "BatchSize": 100,
        "ParallelizationFactor": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": true,
        "MaximumRetryAttempts": -1,
        // The stream keeps records for 24 hours. Lambda needs time to queue those that it gives up.
        "MaximumRecordAgeInSeconds": 79_200,
        "DestinationConfig": { "OnFailure": { "Destination": arn("FailedPublications") } },
    });
    assert_eq!(mapping, expected);
}

/// A rule that misses an action sends no mail about it; one that names others calls the function for nothing.
#[test]
fn rule_puts_the_keys_of_events_with_mail_on_the_queue() {
    let rule = resource("MailRule")["Properties"].clone();
    assert_eq!(rule["EventBusName"], json!({ "Ref": "Bus" }));
    let pattern = json!({
        "source": ["rolecall"],
        "detail-type": ::mail::MAILED_ACTIONS,
        "replay-name": [{ "exists": false }],
        "detail": { "replayed": [{ "exists": false }] },
    });
    assert_eq!(rule["EventPattern"], pattern);
    let target = json!([{
        "Id": "mails",
        "Arn": arn("Mails"),
        "InputTransformer": {
            "InputPathsMap": { "organization": "$.detail.organization_id", "event": "$.detail.id" },
            "InputTemplate": r#"{"organization_id":<organization>,"event_id":<event>}"#,
        },
        "DeadLetterConfig": { "Arn": arn("FailedMails") },
    }]);
    assert_eq!(rule["Targets"], target, "the queue gets no address");
}

#[test]
fn ses_reports_what_becomes_of_mail() {
    let destination = resource("MailReportsOfSes")["Properties"].clone();
    assert_eq!(destination["ConfigurationSetName"], json!({ "Ref": "MailConfiguration" }));
    let destination = &destination["EventDestination"];
    assert_eq!(destination["MatchingEventTypes"], json!(["BOUNCE", "COMPLAINT", "REJECT"]));
    let bus = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default";
    assert_eq!(destination["EventBridgeDestination"]["EventBusArn"], json!({ "Fn::Sub": bus }));
    let rule = resource("MailReportRule")["Properties"].clone();
    assert!(rule.get("EventBusName").is_none(), "SES publishes to the default bus only");
    let tags = json!({ "ses:configuration-set": [{ "Ref": "MailConfiguration" }] });
    let pattern = json!({
        "source": ["aws.ses"],
        "detail-type": ["Email Bounced", "Email Complaint Received", "Email Rejected"],
        "detail": { "mail": { "tags": tags } },
    });
    assert_eq!(rule["EventPattern"], pattern);
    let target = json!([{
        "Id": "reports",
        "Arn": arn("MailReports"),
        "DeadLetterConfig": { "Arn": arn("FailedMails") },
    }]);
    assert_eq!(rule["Targets"], target);
}

/// EventBridge alone may write to the queues, and only for the rule of each, or for the bus.
#[test]
fn queues_accept_messages_of_their_rules_alone() {
    let policies = resources("AWS::SQS::QueuePolicy");
    let allowing = policies.values().filter(|policy| {
        let statements = list(&policy["Properties"]["PolicyDocument"]["Statement"]);
        statements.iter().any(|statement| statement["Effect"] == "Allow")
    });
    assert_eq!(allowing.count(), 4);
    for (queue, rules) in [
        ("Mails", json!(arn("MailRule"))),
        ("MailReports", json!(arn("MailReportRule"))),
        ("FailedMails", json!([arn("MailRule"), arn("MailReportRule")])),
        ("FailedEncryptions", json!(arn("Bus"))),
    ] {
        let policy = &policies[&format!("{queue}Policy")]["Properties"];
        assert_eq!(policy["Queues"], json!([{ "Ref": queue }]));
        let statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": "events.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": arn(queue),
            "Condition": { "ArnEquals": { "aws:SourceArn": rules } },
        });
        assert_eq!(policy["PolicyDocument"]["Statement"][0], statement, "{queue}");
    }
}

#[test]
fn queues_refuse_requests_without_tls() {
    let policies = resources("AWS::SQS::QueuePolicy");
    let queues = resources("AWS::SQS::Queue");
    assert_eq!(policies.len(), queues.len());
    for queue in queues.keys() {
        let policy = &policies[&format!("{queue}Policy")]["Properties"];
        assert_eq!(policy["Queues"], json!([{ "Ref": queue }]));
        let deny = json!({
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": arn(queue),
            "Condition": { "Bool": { "aws:SecureTransport": false } },
        });
        let statements = list(&policy["PolicyDocument"]["Statement"]);
        assert_eq!(statements.last(), Some(&deny), "{queue}");
    }
}

#[test]
fn mail_is_delivered_over_tls_unless_the_deployer_decides_otherwise() {
    let template = template();
    assert_eq!(template["Parameters"]["MailTls"]["Default"], "required");
    let needs_tls = json!({ "Fn::Equals": [{ "Ref": "MailTls" }, "required"] });
    assert_eq!(template["Conditions"]["MailNeedsTls"], needs_tls);
    let policy = &resource("MailConfiguration")["Properties"]["DeliveryOptions"]["TlsPolicy"];
    assert_eq!(*policy, json!({ "Fn::If": ["MailNeedsTls", "REQUIRE", "OPTIONAL"] }));
}

#[test]
fn queues_outlast_their_retries() {
    let queues = resources("AWS::SQS::Queue");
    let number = |queue: &Value, name: &str| queue["Properties"][name].as_u64().expect("a number");
    let timeout = resource("Mail")["Properties"]["Timeout"].as_u64().expect("a number");
    let mut dead_letter_queues = BTreeSet::new();
    for (name, queue) in &queues {
        let redrive = &queue["Properties"]["RedrivePolicy"];
        if redrive.is_null() {
            assert_eq!(number(queue, "MessageRetentionPeriod"), 14 * 86_400, "{name}");
            dead_letter_queues.insert(name.as_str());
            continue;
        }
        let visibility = number(queue, "VisibilityTimeout");
        assert!(visibility >= 6 * timeout, "{name}: AWS recommends six times the time-out");
        let tries = redrive["maxReceiveCount"].as_u64().expect("a number");
        assert!(tries <= 1000, "{name}: SQS accepts no more");
        // A message whose retention ends is deleted, not moved.
        let tried = tries * visibility;
        assert!(tried + 86_400 <= number(queue, "MessageRetentionPeriod"), "{name}");
        assert_eq!(redrive["deadLetterTargetArn"], arn("FailedMails"), "{name}");
    }
    let expected = ["FailedCleanups", "FailedEncryptions", "FailedMails", "FailedPublications"];
    assert_eq!(dead_letter_queues, expected.into());
}

#[test]
fn queues_are_received_in_part_and_slowly() {
    for (mapping, queue) in [("NewMails", "Mails"), ("NewMailReports", "MailReports")] {
        let expected = json!({
            "FunctionName": { "Ref": "Mail" },
            "EventSourceArn": arn(queue),
            "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": { "MaximumConcurrency": 2 },
        });
        assert_eq!(resource(mapping)["Properties"], expected, "{mapping}");
    }
}

/// With a key of the deployer, the bus would lose each event that it cannot encrypt or decrypt. That key cannot encrypt the
/// queue of these events.
#[test]
fn bus_keeps_events_that_it_cannot_encrypt() {
    let queue = json!({ "Arn": arn("FailedEncryptions") });
    let expected = json!({ "Fn::If": ["HasKey", queue, { "Ref": "AWS::NoValue" }] });
    assert_eq!(resource("Bus")["Properties"]["DeadLetterConfig"], expected);
    let queue = resource("FailedEncryptions")["Properties"].clone();
    assert_eq!(queue["SqsManagedSseEnabled"], true);
    assert!(queue.get("KmsMasterKeyId").is_none());
    let alarm = &resource("EncryptionFailed")["Properties"];
    assert_eq!(alarm["Dimensions"][0]["Value"]["Fn::GetAtt"], "FailedEncryptions.QueueName");
}

#[test]
fn bus_has_an_archive() {
    let archive = resource("Archive")["Properties"].clone();
    assert_eq!(archive["SourceArn"], arn("Bus"));
    assert_eq!(archive["EventPattern"], json!({ "source": ["rolecall"] }));
    assert_eq!(archive["RetentionDays"], json!({ "Ref": "ArchiveRetention" }));
}

/// The deployer must set all of them.
#[test]
fn portal_and_sender_of_mails_are_configured() {
    let variables = &resource("Mail")["Properties"]["Environment"]["Variables"];
    let expected = json!({
        "LOGO_URL": { "Ref": "LogoUrl" },
        "MAIL_CONFIGURATION_SET": { "Ref": "MailConfiguration" },
        "MAIL_FROM": { "Ref": "MailFrom" },
        "PORTAL_URL": { "Ref": "PortalUrl" },
        "PRODUCT_NAME": { "Ref": "ProductName" },
        "SUPPORT_ADDRESS": { "Ref": "SupportAddress" },
    });
    assert_eq!(*variables, expected);
    for name in ["PortalUrl", "MailFrom", "MailIdentity"] {
        let parameter = &template()["Parameters"][name];
        assert!(parameter.get("Default").is_none(), "{name} has a default");
        assert!(parameter.get("AllowedPattern").is_some(), "{name} can be empty");
    }
}

#[test]
fn digests_are_sent_on_a_schedule_that_repeats_what_failed() {
    let mail = resource("Mail");
    let own = &mail["Properties"];
    let schedule = &own["Events"]["Digests"]["Properties"];
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    let input: Value = serde_json::from_str(schedule["Input"].as_str().expect("a time")).unwrap();
    assert_eq!(input, json!({ "time": "<aws.scheduler.scheduled-time>" }));
    // The next run does what this one did not, so neither is tried again.
    assert_eq!(schedule["RetryPolicy"]["MaximumRetryAttempts"], 0);
    assert_eq!(own["EventInvokeConfig"]["MaximumRetryAttempts"], 0);
}

/// Tries are six minutes apart, so each period of 15 minutes sees one.
#[test]
fn alarms_see_each_try_of_a_waiting_mail() {
    for (alarm, metric) in [
        ("MailBlocked", Metric::MailsBlocked),
        ("MailUnconfirmed", Metric::MailsUnconfirmed),
        ("MailWaits", Metric::MailAge),
    ] {
        let own = resource(alarm)["Properties"].clone();
        assert_eq!(own["MetricName"], metric.name(), "{alarm}");
        assert_eq!(own["Statistic"], "Maximum", "{alarm}");
        assert_eq!(own["Period"], 900, "{alarm}");
    }
}
