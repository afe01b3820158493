//! The schedule of the clean-up and its failures.

use serde_json::{Value, json};

use super::resource;

#[test]
fn cleanup_runs_on_a_schedule_and_its_failures_are_queued() {
    let cleanup = resource("Cleanup");
    let own = &cleanup["Properties"];
    assert_eq!(own["ReservedConcurrentExecutions"], 1);
    let hourly = &own["Events"]["Hourly"]["Properties"];
    assert_eq!(hourly["ScheduleExpression"], "rate(1 hour)");
    let input: Value =
        serde_json::from_str(hourly["Input"].as_str().expect("the input has the time"))
            .expect("in JSON");
    assert_eq!(input, json!({ "time": "<aws.scheduler.scheduled-time>" }));
    assert_eq!(hourly["OmitName"], true);
    assert!(hourly["RetryPolicy"]["MaximumRetryAttempts"].as_u64() > Some(0));
    // A call that does not arrive, and a call that fails.
    let queue = json!({ "Fn::GetAtt": "FailedCleanups.Arn" });
    assert_eq!(hourly["DeadLetterConfig"]["Arn"], queue);
    assert_eq!(own["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"], queue);
    assert_eq!(resource("FailedCleanups")["Type"], "AWS::SQS::Queue");
}
