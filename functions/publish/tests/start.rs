//! What a function logs that cannot start.

use std::process::Command;

use serde_json::{Value, json};

/// Lambda passes a line that is a JSON object on as it is, so the saved query *failures and errors*
/// finds its level.
#[test]
fn failed_start_is_logged_with_its_cause() {
    let mut function = Command::new(env!("CARGO_BIN_EXE_publish"));
    function.env_clear().env("AWS_REGION", "eu-central-1").env("AWS_LAMBDA_FUNCTION_NAME", "p-1");
    let ended = function.output().unwrap();
    assert!(!ended.status.success());
    let log = String::from_utf8(ended.stdout).unwrap();
    let line: Value = serde_json::from_str(log.trim()).unwrap();
    let expected = json!({
        "level": "ERROR",
        "target": "shared::lambda",
        "function": "p-1",
        "message": "the function does not run",
        "cause": "EVENT_BUS is not set: template.yaml sets it",
    });
    assert_eq!(line, expected);
}
