//! Notify: its permissions, its stream and its settings.

use serde_json::{Value, json};

use super::{
    permissions::{is_about_the_table, statements},
    resource, resources, template,
};

#[test]
fn notify_may_only_send_publish_and_read_the_stream() {
    let arn = |name: &str| json!({ "Fn::GetAtt": name });
    let ses = |kind: &str| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:ses:${{AWS::Region}}:${{AWS::AccountId}}:{kind}") });
    let allow = |action: Value, resource: Value| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let mut mail = allow(
        json!("ses:SendEmail"),
        json!([
            ses("identity/${MailIdentity}"),
            { "Fn::If": ["HasConfigurationSet", ses("configuration-set/${MailConfigurationSet}"), { "Ref": "AWS::NoValue" }] },
        ]),
    );
    mail["Condition"] = json!({ "StringEquals": { "ses:FromAddress": { "Ref": "MailFrom" } } });
    let read = ["DescribeStream", "GetRecords", "GetShardIterator"];
    let expected = [
        allow(json!(read.map(|it| format!("dynamodb:{it}"))), arn("Table.StreamArn")),
        allow(json!("dynamodb:ListStreams"), json!({ "Fn::Sub": "${Table.Arn}/stream/*" })),
        allow(json!("events:PutEvents"), arn("Bus.Arn")),
        mail,
        allow(json!("sqs:SendMessage"), arn("Undelivered.Arn")),
    ];
    let statements = statements(&resource("Notify"));
    let others: Vec<_> =
        statements.into_iter().filter(|statement| !is_about_the_table(statement)).collect();
    assert_eq!(others, expected);
}

/// The filter excludes the marks that notify writes itself.
#[test]
fn stream_delivers_new_events_in_order_and_queues_failures() {
    assert_eq!(
        resource("Table")["Properties"]["StreamSpecification"],
        json!({ "StreamViewType": "NEW_IMAGE" })
    );
    let mappings = resources("AWS::Lambda::EventSourceMapping");
    assert_eq!(mappings.len(), 1);
    let mut mapping = mappings["NewEvents"]["Properties"].clone();
    let pattern = mapping["FilterCriteria"]["Filters"][0]["Pattern"].take();
    let pattern: Value = serde_json::from_str(pattern.as_str().expect("a pattern")).expect("JSON");
    let event_keys = json!({ "pk": { "S": [{ "prefix": "EVENTS#" }] } });
    assert_eq!(pattern, json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": event_keys } }));
    let undelivered = json!({ "Fn::GetAtt": "Undelivered.Arn" });
    let expected = json!({
        "FunctionName": { "Ref": "Notify" },
        "EventSourceArn": { "Fn::GetAtt": "Table.StreamArn" },
        "StartingPosition": "TRIM_HORIZON",
        "FilterCriteria": { "Filters": [{ "Pattern": null }] },
        "BatchSize": 100,
        "ParallelizationFactor": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": true,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": 21_600,
        "DestinationConfig": { "OnFailure": { "Destination": undelivered } },
    });
    assert_eq!(mapping, expected);
}

/// The deployer must set all of them.
#[test]
fn portal_and_sender_of_mails_are_configured() {
    let variables = &resource("Notify")["Properties"]["Environment"]["Variables"];
    let expected = json!({
        "EVENT_BUS": { "Ref": "Bus" },
        "MAIL_CONFIGURATION_SET": { "Ref": "MailConfigurationSet" },
        "MAIL_FROM": { "Ref": "MailFrom" },
        "PORTAL_URL": { "Ref": "PortalUrl" },
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
    let notify = resource("Notify");
    let own = &notify["Properties"];
    let schedule = &own["Events"]["Digests"]["Properties"];
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    let input: Value = serde_json::from_str(schedule["Input"].as_str().expect("a time")).unwrap();
    assert_eq!(input, json!({ "time": "<aws.scheduler.scheduled-time>" }));
    // The next run does what this one did not, so neither is tried again.
    assert_eq!(schedule["RetryPolicy"]["MaximumRetryAttempts"], 0);
    assert_eq!(own["EventInvokeConfig"]["MaximumRetryAttempts"], 0);
}
