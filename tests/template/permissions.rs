//! The permissions of the functions on the table and the bucket.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{functions, list, resource};

const READS: [&str; 4] = ["BatchGetItem", "GetItem", "Query", "Scan"];
const WRITES: [&str; 4] = ["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"];

/// The statements of a function's own policy.
pub(super) fn statements(function: &Value) -> Vec<Value> {
    let policies = list(&function["Properties"]["Policies"]);
    policies
        .iter()
        .filter(|policy| policy.get("Statement").is_some())
        .flat_map(|policy| list(&policy["Statement"]))
        .collect()
}

/// Whether a statement allows actions on the table or its indexes. The stream does not count.
pub(super) fn is_about_the_table(statement: &Value) -> bool {
    let text = statement.to_string();
    text.contains("\"dynamodb:") && !text.contains("Streams\"") && !text.contains("StreamArn")
}

fn is_about_the_bucket(statement: &Value) -> bool {
    statement.to_string().contains("\"s3:")
}

/// The permissions of a function as pairs of action and resource: `("Query", "index/tree")`, `("GetItem", "table")`,
/// `("PutObject", "exports")`.
fn permissions(function: &Value) -> BTreeSet<(String, String)> {
    let pairs = |statement: Value| {
        let resources: Vec<_> = list(&statement["Resource"]).iter().map(resource_name).collect();
        let actions: Vec<_> = list(&statement["Action"]).iter().map(action_name).collect();
        actions.into_iter().flat_map(move |action| {
            resources.clone().into_iter().map(move |resource| (action.clone(), resource))
        })
    };
    statements(function)
        .into_iter()
        .filter(|statement| is_about_the_table(statement) || is_about_the_bucket(statement))
        .flat_map(pairs)
        .collect()
}

fn resource_name(resource: &Value) -> String {
    match resource["Fn::Sub"].as_str() {
        Some("${Exports.Arn}/*") => "exports".to_owned(),
        Some(index) => {
            index.strip_prefix("${Table.Arn}/").expect("an index of the table").to_owned()
        }
        None if *resource == json!({ "Fn::GetAtt": "Table.Arn" }) => "table".to_owned(),
        None => panic!("{resource} is neither the table nor an index of it"),
    }
}

fn action_name(action: &Value) -> String {
    action
        .as_str()
        .and_then(|name| name.strip_prefix("dynamodb:").or_else(|| name.strip_prefix("s3:")))
        .expect("an action on the table or the bucket")
        .to_owned()
}

#[test]
fn every_function_has_the_deny_policy_and_one_of_its_own() {
    for (name, function) in functions() {
        let policies = list(&function["Properties"]["Policies"]);
        assert_eq!(policies.first(), Some(&json!({ "Ref": "EventsAreImmutable" })), "{name}");
        assert_eq!(policies.len(), 2, "{name}");
    }
}

#[test]
fn functions_write_only_in_transactions() {
    let in_transactions = json!({ "ForAnyValue:StringEquals": { "dynamodb:EnclosingOperation": "TransactWriteItems" } });
    for (name, function) in functions() {
        for statement in statements(&function) {
            assert_eq!(statement["Effect"], "Allow");
            if is_about_the_bucket(&statement) {
                assert_eq!(name, "members", "only the export uses the bucket");
                continue;
            }
            if !is_about_the_table(&statement) {
                assert!(
                    ["mail", "publish"].contains(&&*name),
                    "only mail and publish use other services"
                );
                continue;
            }
            let actions = list(&statement["Action"]);
            let writes = actions.iter().any(|action| !READS.contains(&&*action_name(action)));
            let mut condition = if writes { in_transactions.clone() } else { Value::Null };
            if writes && name == "mail" {
                condition["ForAllValues:StringLike"] =
                    json!({ "dynamodb:LeadingKeys": "DELIVERY#*" });
            }
            assert_eq!(statement["Condition"], condition, "{name}: {actions:?}");
        }
    }
}

#[test]
fn functions_have_only_known_actions() {
    for (name, function) in functions() {
        for (action, resource) in permissions(&function) {
            let known = match resource.as_str() {
                "exports" => ["GetObject", "PutObject"].contains(&&*action),
                "table" if action == "Scan" => name == "migrate",
                "table" => READS.contains(&&*action) || WRITES.contains(&&*action),
                _ => action == "Query",
            };
            assert!(known, "{name}: {action} on {resource}");
        }
    }
}

/// `tests/snapshots/permissions.md` is printed from the calls that the API tests observe.
#[test]
fn permissions_are_exactly_the_observed_calls() {
    let page = include_str!("../snapshots/permissions.md").lines();
    let observed = page.filter_map(|line| {
        let (function, permissions) = line.strip_prefix("- **")?.split_once("**: ")?;
        let pair = |permission: &str| {
            let (action, resource) =
                permission.split_once(" on ").expect("an action on a resource");
            (action.to_owned(), resource.to_owned())
        };
        Some((function.to_owned(), permissions.split(", ").map(pair).collect::<BTreeSet<_>>()))
    });
    let observed: BTreeMap<_, _> = observed.collect();
    let allowed = functions().into_iter().map(|(name, function)| (name, permissions(&function)));
    // Publish has none.
    let allowed: BTreeMap<_, _> = allowed.filter(|(_, allowed)| !allowed.is_empty()).collect();
    assert_eq!(observed, allowed);
}

#[test]
fn access_events_and_publish_cannot_write() {
    for (name, function) in functions() {
        let writes = permissions(&function).iter().any(|(action, _)| action == "PutItem");
        assert_eq!(writes, !["access", "events", "publish"].contains(&&*name), "{name}");
    }
}

#[test]
fn events_cannot_be_changed_or_deleted() {
    let policy = resource("EventsAreImmutable");
    let statements = list(&policy["Properties"]["PolicyDocument"]["Statement"]);
    let table = json!({ "Fn::GetAtt": "Table.Arn" });
    let change = json!({
        "Effect": "Deny",
        "Action": ["dynamodb:DeleteItem", "dynamodb:UpdateItem"],
        "Resource": table,
        "Condition": { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": "EVENTS#*" } },
    });
    let bypass = json!({
        "Effect": "Deny",
        "Action": ["dynamodb:BatchWriteItem", "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"],
        "Resource": table,
    });
    assert_eq!(statements, [change, bypass]);
}

/// The policy of the table covers every caller in the account, such as an administrator.
#[test]
fn only_the_break_glass_role_can_change_events() {
    let policy = resource("Table")["Properties"]["ResourcePolicy"]["PolicyDocument"].clone();
    let statements = list(&policy["Statement"]);
    let nobody = json!({ "Fn::Sub": "arn:${AWS::Partition}:iam::000000000000:role/nobody" });
    let exempt = json!({ "Fn::If": ["HasBreakGlassRole", { "Ref": "BreakGlassRole" }, nobody] });
    let others = json!({ "aws:PrincipalArn": exempt });
    let of_events = json!({ "dynamodb:LeadingKeys": "EVENTS#*" });
    let expected = [
        (
            json!(["dynamodb:DeleteItem", "dynamodb:UpdateItem"]),
            json!({ "ForAnyValue:StringLike": of_events, "ArnNotEquals": others }),
        ),
        (
            json!("dynamodb:PutItem"),
            json!({
                "ForAnyValue:StringLike": of_events,
                "StringNotEquals": { "dynamodb:EnclosingOperation": "TransactWriteItems" },
                "ArnNotEquals": others,
            }),
        ),
        (
            json!([
                "dynamodb:BatchWriteItem",
                "dynamodb:PartiQLDelete",
                "dynamodb:PartiQLInsert",
                "dynamodb:PartiQLUpdate"
            ]),
            json!({ "ArnNotEquals": others }),
        ),
    ];
    assert_eq!(statements.len(), expected.len());
    for (mut statement, (action, condition)) in statements.into_iter().zip(expected) {
        statement.as_object_mut().expect("a statement").remove("Sid");
        let denied = json!({
            "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*", "Condition": condition,
        });
        assert_eq!(statement, denied);
    }
}
