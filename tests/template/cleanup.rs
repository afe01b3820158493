//! The schedule of the clean-up and its failures.

use serde_json::{Value, json};

use super::resource;

#[test]
fn cleanup_runs_on_a_schedule_and_its_failures_are_queued() {
    let cleanup = resource("Cleanup");
    let own = &cleanup["Properties"];
    let schedule = &own["Events"]["Schedule"]["Properties"];
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    let input: Value =
        serde_json::from_str(schedule["Input"].as_str().expect("the input has the time"))
            .expect("in JSON");
    assert_eq!(input, json!({ "time": "<aws.scheduler.scheduled-time>" }));
    assert_eq!(schedule["OmitName"], true);
    assert!(schedule["RetryPolicy"]["MaximumRetryAttempts"].as_u64() > Some(0));
    // A call that does not arrive, and a call that fails.
    let queue = json!({ "Fn::GetAtt": "FailedCleanups.Arn" });
    assert_eq!(schedule["DeadLetterConfig"]["Arn"], queue);
    assert_eq!(own["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"], queue);
    assert_eq!(resource("FailedCleanups")["Type"], "AWS::SQS::Queue");
}

/// The alarm fires after several runs that did not happen.
#[test]
fn silence_of_the_cleanup_is_noticed_within_an_hour() {
    let alarm = &resource("CleanupSilent")["Properties"];
    let seconds = |name: &str| alarm[name].as_u64().expect("a number");
    let silence = seconds("Period") * seconds("EvaluationPeriods");
    assert!((900..=3_600).contains(&silence), "{silence}");
    assert_eq!(alarm["TreatMissingData"], "breaching");
}
