//! The example of a pipeline in `infra/pipeline`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{functions, list, parse_yaml, resources};

fn roles() -> Value {
    parse_yaml(include_str!("../../infra/pipeline/oidc.yaml"))
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
    assert_eq!(*name, "^[a-z][a-z0-9]{0,19}-[a-z0-9]{1,10}$");
}

#[test]
fn pipeline_builds_with_the_version_of_rust_that_the_workspace_names() {
    let version = include_str!("../../Cargo.toml").split("rust-version = \"").nth(1);
    let version = version.and_then(|rest| rest.split('"').next()).expect("a version");
    let pin = format!("RUSTUP_TOOLCHAIN: \"{version}.");
    assert!(include_str!("../../infra/pipeline/github.yml").contains(&pin), "{pin}");
}

/// A quiet API needs a longer look at the new version than the default gives.
#[test]
fn traffic_of_prod_is_a_variable_of_its_environment() {
    let variable = "TRAFFIC: ${{ vars.TRAFFIC || 'Canary10Percent5Minutes' }} #";
    assert!(include_str!("../../infra/pipeline/github.yml").contains(variable));
}

/// A gradual deployment can take longer than an hour, which is the default of a session.
#[test]
fn session_of_the_pipeline_lasts_as_long_as_its_role_allows() {
    let seconds = &roles()["Resources"]["DeployRole"]["Properties"]["MaxSessionDuration"];
    let seconds = format!("role-duration-seconds: {seconds}\n");
    let pipeline = include_str!("../../infra/pipeline/github.yml");
    assert_eq!(pipeline.matches("role-to-assume: ").count(), 2);
    assert_eq!(pipeline.matches(&seconds).count(), 2, "{seconds}");
}

/// GitHub puts the ids into the tokens of newer repositories. A token without them could be of another owner later.
#[test]
fn pipeline_accepts_tokens_of_one_repository_and_environment() {
    let roles = roles();
    let assume = &roles["Resources"]["DeployRole"]["Properties"]["AssumeRolePolicyDocument"];
    let condition = &assume["Statement"][0]["Condition"];
    assert_eq!(condition.as_object().map(serde_json::Map::len), Some(1), "{condition}");
    let subject = &condition["StringEquals"]["token.actions.githubusercontent.com:sub"]["Fn::If"];
    assert_eq!(subject[0], "TokensHaveIds");
    let with_ids = "repo:${Owner}@${OwnerId}/${Name}@${RepositoryId}:environment:${Environment}";
    assert_eq!(subject[1]["Fn::Sub"][0], with_ids);
    assert_eq!(subject[2]["Fn::Sub"], "repo:${Repository}:environment:${Environment}");
    for id in ["OwnerId", "RepositoryId"] {
        assert_eq!(roles["Parameters"][id]["AllowedPattern"], "^[0-9]*$", "{id}");
    }
}

/// A run that waits for the approval of prod would otherwise keep a correction, and a return to the last good run, waiting.
#[test]
fn each_environment_has_a_queue_of_deployments_of_its_own() {
    let pipeline = parse_yaml(include_str!("../../infra/pipeline/github.yml"));
    assert!(pipeline.get("concurrency").is_none());
    let jobs = pipeline["jobs"].as_object().expect("jobs");
    let deploying = jobs.iter().filter(|(_, job)| job.get("environment").is_some());
    let mut checked = 0;
    for (name, job) in deploying {
        let queue = json!({ "group": format!("deploy-{name}"), "cancel-in-progress": false });
        assert_eq!(job["concurrency"], queue, "{name}");
        assert_eq!(job["environment"], **name, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 2);
}

/// The statements of a policy that allow something, also those on a condition of the template.
fn allowing(statements: &Value) -> Vec<Value> {
    let statements = list(statements).into_iter().flat_map(|it| match &it["Fn::If"][1] {
        Value::Null => vec![it],
        conditional => vec![conditional.clone()],
    });
    statements.filter(|it| it["Effect"] == "Allow").collect()
}

/// The actions that the statements of a policy allow.
fn allowed(statements: &Value) -> BTreeSet<String> {
    let actions = allowing(statements).into_iter().flat_map(|it| list(&it["Action"]));
    actions.map(|it| it.as_str().expect("an action").to_owned()).collect()
}

/// The resources on which statements allow an action: ARNs without their partition, or the names of parameters.
fn resources_with(statements: &[Value], action: &str) -> BTreeSet<String> {
    let covers = |pattern: &Value| {
        let pattern = pattern.as_str().expect("an action");
        pattern.strip_suffix('*').map_or(pattern == action, |start| action.starts_with(start))
    };
    let allowing = statements.iter().filter(|it| list(&it["Action"]).iter().any(covers));
    let resources = allowing.flat_map(|it| list(&it["Resource"]));
    let texts = resources.map(|it| {
        let text = it["Fn::Sub"].as_str().or(it["Ref"].as_str()).or(it.as_str());
        text.expect("a resource").trim_start_matches("arn:${AWS::Partition}:").to_owned()
    });
    texts.collect()
}

/// A role can do only what its policies and the boundary both allow.
#[test]
fn boundary_of_the_pipeline_allows_what_the_functions_need() {
    let boundary = &roles()["Resources"]["Boundary"]["Properties"]["PolicyDocument"]["Statement"];
    let limit = allowed(boundary);
    let of_functions = functions().into_values().flat_map(|it| list(&it["Properties"]["Policies"]));
    let own = of_functions.map(|policy| allowed(&policy["Statement"]));
    let managed = resources("AWS::IAM::ManagedPolicy").into_values();
    let managed = managed.map(|it| allowed(&it["Properties"]["PolicyDocument"]["Statement"]));
    let needed: BTreeSet<_> = own.chain(managed).flatten().collect();
    assert!(needed.len() > 15, "{needed:?}");
    assert_eq!(needed.difference(&limit).collect::<Vec<_>>(), [""; 0]);
    assert!(!limit.iter().any(|it| it.contains('*') || it.starts_with("iam:")), "{limit:?}");
}

/// A person who deploys by hand needs the permissions of the role of the pipeline.
#[test]
fn guide_lists_the_permissions_on_the_key_that_the_pipeline_has() {
    let guide = include_str!("../../docs/guides/deployer.md");
    let (_, list) = guide.split_once("The identity that deploys also needs ").expect("the list");
    let (list, _) = list.split_once(" on it.").expect("its end");
    let documented: BTreeSet<_> = list.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let roles = roles();
    let policies = super::list(&roles["Resources"]["ExecutionRole"]["Properties"]["Policies"]);
    let actions = policies.iter().map(|it| allowed(&it["PolicyDocument"]["Statement"]));
    let of_key = actions.flatten().filter(|it| it.starts_with("kms:"));
    assert_eq!(documented, of_key.collect());
}

/// Each command names the parameters that its environment needs.
#[test]
fn commands_of_the_pipeline_name_the_pool_of_dev() {
    let page = include_str!("../../infra/pipeline/README.md");
    let commands = page.split("aws cloudformation deploy ").skip(1);
    let commands: Vec<_> = commands.filter_map(|it| it.split("```").next()).collect();
    let [dev, prod] = &*commands else { panic!("{commands:?}") };
    assert!(dev.contains("Environment=dev") && dev.contains("UserPoolArn="), "{dev}");
    assert!(prod.contains("Environment=prod") && !prod.contains("UserPoolArn="), "{prod}");
}

/// Actions that the handlers of CloudFormation need by the schemas of their types, also if nothing in the template names
/// them, on the resources of the stack.
const READ_AND_TAGGED: &[(&str, &[&str])] = &[
    ("apigateway:${AWS::Region}::/apis/*", &["apigateway:TagResource", "apigateway:UntagResource"]),
    (
        "apigateway:${AWS::Region}::/domainnames/*",
        &["apigateway:TagResource", "apigateway:UntagResource"],
    ),
    (
        "cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:${StackName}-*",
        &["cloudwatch:TagResource", "cloudwatch:UntagResource"],
    ),
    ("iam::${AWS::AccountId}:policy/${StackName}-*", &["iam:ListEntitiesForPolicy"]),
    (
        "KmsKeyArn",
        &[
            "kms:Encrypt",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
    ),
    (
        "lambda:${AWS::Region}:${AWS::AccountId}:function:${StackName}-*",
        &["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"],
    ),
    // The ARN of a mapping has an id, and not the name of the stack.
    (
        "lambda:${AWS::Region}:${AWS::AccountId}:event-source-mapping:*",
        &["lambda:ListTags", "lambda:TagResource", "lambda:UntagResource"],
    ),
    (
        "s3:::${StackName}-*",
        &["s3:ListBucket", "s3:ListTagsForResource", "s3:TagResource", "s3:UntagResource"],
    ),
    ("*", &["ses:DescribeConfigurationSet"]),
];

#[test]
fn execution_role_allows_what_cloudformation_needs_to_read_and_tag() {
    let roles = roles();
    let policies = list(&roles["Resources"]["ExecutionRole"]["Properties"]["Policies"]);
    let tags = &roles["Resources"]["TagsOfTheApi"]["Properties"];
    assert_eq!(tags["RoleName"], json!({ "Ref": "ExecutionRole" }));
    let policies = policies.iter().chain([tags]);
    let statements = policies.flat_map(|it| allowing(&it["PolicyDocument"]["Statement"]));
    let statements: Vec<_> = statements.collect();
    for (resource, actions) in READ_AND_TAGGED {
        for action in *actions {
            let found = resources_with(&statements, action);
            let is_allowed = found.contains(*resource) || found.contains("*");
            assert!(is_allowed, "{action} on {resource}: {found:?}");
        }
    }
}

#[test]
fn every_role_of_the_stack_has_the_boundary() {
    let boundary = json!({
        "Fn::If": ["HasPermissionsBoundary", { "Ref": "PermissionsBoundary" }, { "Ref": "AWS::NoValue" }],
    });
    let template = super::template();
    assert_eq!(template["Globals"]["Function"]["PermissionsBoundary"], boundary);
    for (name, event) in super::events().iter().filter(|(_, it)| it["Type"] == "ScheduleV2") {
        assert_eq!(event["Properties"]["PermissionsBoundary"], boundary, "{name}");
    }
    assert!(resources("AWS::IAM::Role").is_empty());
    let pipeline = include_str!("../../infra/pipeline/github.yml");
    assert_eq!(pipeline.matches("\"PermissionsBoundary=$BOUNDARY\"").count(), 2);
}

/// Otherwise, a change of the template could give a function the rights of an administrator.
#[test]
fn pipeline_creates_and_extends_roles_only_within_the_boundary() {
    let roles = roles();
    let policies = list(&roles["Resources"]["ExecutionRole"]["Properties"]["Policies"]);
    let statements = list(&policies[0]["PolicyDocument"]["Statement"]);
    let extending = [
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:PutRolePermissionsBoundary",
    ];
    let mut found = 0;
    for statement in statements.iter().filter(|it| it["Effect"] == "Allow") {
        for action in list(&statement["Action"]) {
            let action = action.as_str().expect("an action");
            assert_ne!(action, "iam:DeleteRolePermissionsBoundary");
            if extending.contains(&action) {
                let limit = &statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
                assert_eq!(*limit, json!({ "Ref": "Boundary" }), "{action}");
                found += 1;
            }
        }
    }
    assert_eq!(found, extending.len());
    let denied = statements.iter().find(|it| it["Sid"] == "NotThePipeline").expect("a statement");
    assert!(denied["Resource"].to_string().contains(":policy/${AWS::StackName}-*"));
}
