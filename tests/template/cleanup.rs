//! The schedule of the clean-up and its failures.

use serde_json::{Value, json};

use super::resource;

#[test]
fn cleanup_runs_on_a_schedule_and_its_failures_are_queued() {
    let cleanup = resource("Cleanup");
    let own = &cleanup["Properties"];
    assert_eq!(own["ReservedConcurrentExecutions"], 1);
    let hourly = &own["Events"]["Hourly"]["Properties"];
    assert!(is_schedule(hourly["ScheduleExpression"].as_str().expect("it is scheduled")));
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

/// Whether the scheduler accepts it: `rate(1 hour)`, `rate(5 minutes)`, or a `cron(…)` of six fields.
fn is_schedule(expression: &str) -> bool {
    let inside = |name: &str| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    if let Some(rate) = inside("rate") {
        return match rate.split_once(' ') {
            Some(("1", unit)) => ["minute", "hour", "day"].contains(&unit),
            Some((count, unit)) => {
                count.parse::<u32>().is_ok_and(|it| it > 1)
                    && ["minutes", "hours", "days"].contains(&unit)
            }
            None => false,
        };
    }
    let Some(fields) = inside("cron") else { return false };
    let fields: Vec<_> = fields.split(' ').collect();
    let [.., day_of_month, _, day_of_week, _] = fields.as_slice() else { return false };
    fields.len() == 6 && (*day_of_month == "?") != (*day_of_week == "?")
}

#[test]
fn schedule_expressions_are_recognized() {
    for valid in
        ["rate(1 hour)", "rate(5 minutes)", "cron(0 * * * ? *)", "cron(15 10 ? * MON-FRI *)"]
    {
        assert!(is_schedule(valid), "{valid}");
    }
    for invalid in [
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(0 hours)",
        "cron(0 * * * *)",
        "cron(0 * * * * *)",
        "hourly",
    ] {
        assert!(!is_schedule(invalid), "{invalid}");
    }
}
