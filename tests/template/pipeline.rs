//! The example of a pipeline in `infra/pipeline`.

use serde_json::Value;

use super::{list, parsed};

fn roles() -> Value {
    parsed(include_str!("../../infra/pipeline/oidc.yaml"))
}

/// The resources of the statements of a role that contain the name of the stack.
fn named_after_the_stack(role: &Value) -> Vec<String> {
    let policies = list(&role["Properties"]["Policies"]);
    let statements = policies.iter().flat_map(|it| list(&it["PolicyDocument"]["Statement"]));
    let resources = statements.flat_map(|statement| list(&statement["Resource"]));
    let patterns = resources.filter_map(|it| it["Fn::Sub"].as_str().map(str::to_owned));
    patterns.filter(|pattern| pattern.contains("${StackName}")).collect()
}

/// `rolecall-d*` would match `rolecall-dev`, and `rolecall-*` too. So each pattern ends the name with a separator, and a
/// name has exactly one hyphen.
#[test]
fn pipeline_cannot_change_a_stack_whose_name_begins_like_its_own() {
    let roles = roles();
    let mut checked = 0;
    for role in ["DeployRole", "ExecutionRole"] {
        for pattern in named_after_the_stack(&roles["Resources"][role]) {
            for after in pattern.split("${StackName}").skip(1) {
                assert!(after.is_empty() || after.starts_with(['-', '/', ':']), "{pattern}");
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked} patterns were found");
    let name = &roles["Parameters"]["StackName"]["AllowedPattern"];
    assert_eq!(*name, "^[A-Za-z][A-Za-z0-9]{0,19}-[A-Za-z0-9]{1,10}$");
}

#[test]
fn pipeline_builds_with_the_version_of_rust_that_the_workspace_names() {
    let version = include_str!("../../Cargo.toml").split("rust-version = \"").nth(1);
    let version = version.and_then(|rest| rest.split('"').next()).expect("a version");
    let pin = format!("RUSTUP_TOOLCHAIN: \"{version}.");
    assert!(include_str!("../../infra/pipeline/github.yml").contains(&pin), "{pin}");
}
