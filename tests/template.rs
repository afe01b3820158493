//! What `template.yaml` must say, as far as no linter asks: the shape of every function, route, permission and item of
//! the deployed stack. It reads the source, and deploys nothing; `infra/rehearsal` does.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what is not there fails the test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use shared::domain::MAX_DEPTH;

/// The template as JSON, its short tags written out: `!Ref Table` is `{"Ref": "Table"}`.
fn template() -> Value {
    let text = fs::read_to_string("../template.yaml").expect("template.yaml is there");
    let documents = Yaml::load_from_str(&text).expect("template.yaml is YAML");
    json_of(documents.first().expect("template.yaml is not empty"))
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(json_of).collect(),
        Yaml::Mapping(members) => {
            let key = |yaml: &Yaml| yaml.as_str().expect("a key is a string").to_owned();
            members
                .iter()
                .map(|(name, value)| (key(name), json_of(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Yaml::Tagged(tag, inner) => match tag.suffix.as_str() {
            "Ref" => json!({ "Ref": json_of(inner) }),
            name => json!({ format!("Fn::{name}"): json_of(inner) }),
        },
        other => panic!("CloudFormation reads no {other:?}"),
    }
}

/// The resources of a type, by name.
fn resources(of_type: &str) -> BTreeMap<String, Value> {
    let template = template();
    let all = template["Resources"].as_object().expect("there are resources");
    all.iter()
        .filter(|(_, it)| it["Type"] == of_type)
        .map(|(name, it)| (name.clone(), it.clone()))
        .collect()
}

fn resource(name: &str) -> Value {
    template()["Resources"][name].clone()
}

/// The functions by the name of their package.
fn functions() -> BTreeMap<String, Value> {
    resources("AWS::Serverless::Function")
        .into_iter()
        .map(|(name, it)| (name.to_lowercase(), it))
        .collect()
}

/// Each event of each function, with the function's name.
fn events() -> Vec<(String, Value)> {
    let of = |(function, it): (String, Value)| {
        // The stream calls notify, by a mapping of its own.
        let events = it["Properties"]["Events"].as_object().cloned();
        let events = events.or_else(|| (function == "notify").then(Map::new));
        let events = events.expect("something calls the function");
        events.into_iter().map(move |(_, event)| (function.clone(), event))
    };
    functions().into_iter().flat_map(of).collect()
}

/// Each route (`GET /v1/me`) with its function and the scopes it asks for.
fn routes() -> Vec<(String, String, Vec<Value>)> {
    let route = |(function, event): (String, Value)| {
        let properties = &event["Properties"];
        let key = match (properties["Method"].as_str(), properties["Path"].as_str()) {
            (Some(method), Some(path)) => format!("{method} {path}"),
            (None, None) => "$default".to_owned(),
            half => panic!("{half:?} is half a route"),
        };
        let scopes =
            properties["Auth"]["AuthorizationScopes"].as_array().cloned().unwrap_or_default();
        (key, function, scopes)
    };
    events().into_iter().filter(|(_, event)| event["Type"] == "HttpApi").map(route).collect()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// The statements of a function's own policy.
fn statements(function: &Value) -> Vec<Value> {
    let policies = list(&function["Properties"]["Policies"]);
    policies
        .iter()
        .filter(|policy| policy.get("Statement").is_some())
        .flat_map(|it| list(&it["Statement"]))
        .collect()
}

/// Is it about the table or its indexes, and not about something else or the stream?
fn about_the_table(statement: &Value) -> bool {
    let text = statement.to_string();
    text.contains("\"dynamodb:") && !text.contains("Streams\"") && !text.contains("StreamArn")
}

/// What a function may do, as `(action, where)`: `("Query", "index/tree")`, `("GetItem", "table")`,
/// `("PutObject", "exports")`.
fn permissions(function: &Value) -> BTreeSet<(String, String)> {
    let place = |resource: &Value| match resource["Fn::Sub"].as_str() {
        Some("${Exports.Arn}/*") => "exports".to_owned(),
        Some(index) => {
            index.strip_prefix("${Table.Arn}/").expect("an index of the table").to_owned()
        }
        None if *resource == json!({ "Fn::GetAtt": "Table.Arn" }) => "table".to_owned(),
        None => panic!("{resource} is neither the table nor an index of it"),
    };
    let action = |action: &Value| {
        action
            .as_str()
            .and_then(|it| it.strip_prefix("dynamodb:").or_else(|| it.strip_prefix("s3:")))
            .expect("an action on the table or the bucket")
            .to_owned()
    };
    let of = |statement: Value| {
        let places: Vec<_> = list(&statement["Resource"]).iter().map(place).collect();
        let actions: Vec<_> = list(&statement["Action"]).iter().map(action).collect();
        actions
            .into_iter()
            .flat_map(move |action| places.clone().into_iter().map(move |it| (action.clone(), it)))
    };
    let counts = |it: &Value| about_the_table(it) || it.to_string().contains("\"s3:");
    statements(function).into_iter().filter(counts).flat_map(of).collect()
}

#[test]
fn the_functions_are_the_packages() {
    let directory = fs::read_dir("../functions").expect("functions/ is there");
    let packages: BTreeSet<_> = directory
        .map(|entry| entry.expect("functions/ can be read").path())
        .filter(|path| path.join("Cargo.toml").exists())
        .filter_map(|path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned))
        .collect();
    assert_eq!(functions().into_keys().collect::<BTreeSet<_>>(), packages);
    for (name, function) in functions() {
        let code = function["Properties"]["CodeUri"].as_str().expect("a function has code");
        assert_eq!(code, format!("functions/{name}"));
        assert!(Path::new("..").join(code).join("src/main.rs").exists(), "{name} has no main");
        let metadata =
            json!({ "BuildMethod": "rust-cargolambda", "BuildProperties": { "Binary": name } });
        assert_eq!(function["Metadata"], metadata);
    }
}

#[test]
fn every_function_runs_alike() {
    let template = template();
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Handler"], "bootstrap");
    assert_eq!(globals["Architectures"], json!([{ "Ref": "Architecture" }]));
    assert_eq!(template["Parameters"]["Architecture"]["Default"], "arm64");
    assert_eq!(globals["Tracing"], "Active");
    assert_eq!(globals["LoggingConfig"]["LogGroup"], json!({ "Ref": "FunctionLog" }));
    assert_eq!(globals["Environment"]["Variables"]["TABLE_NAME"], json!({ "Ref": "Table" }));
    assert!(globals["Timeout"].as_u64() < Some(29), "the API gives up after 29 seconds");
    for (name, function) in functions() {
        let own = &function["Properties"];
        for common in ["Runtime", "Handler", "Architectures", "Tracing", "LoggingConfig", "Role"] {
            assert!(own.get(common).is_none(), "{name} has a {common} of its own");
        }
        assert!(
            name == "members" || own.get("MemorySize").is_none(),
            "{name} has a memory of its own"
        );
        assert!(
            ["cleanup", "members", "notify"].contains(&&*name) || own.get("Timeout").is_none(),
            "{name} has a time-out of its own"
        );
        assert!(
            own["Environment"]["Variables"].get("TABLE_NAME").is_none(),
            "{name} has another table"
        );
    }
}

#[test]
fn no_function_can_be_told_that_it_is_not_deployed() {
    let text = fs::read_to_string("../template.yaml").expect("template.yaml is there");
    for local in ["AWS_SAM_LOCAL", "AWS_ENDPOINT_URL", "AWS_LAMBDA_RUNTIME_API"] {
        assert!(!text.contains(local), "{local} is for `infra/sam-local` alone");
    }
}

/// The one path for which nobody needs a token: it tells where decisions are made.
const OPEN: &str = "/.well-known/authzen-configuration";

/// Real organizations are all that a deployment decides about, unless somebody changes the function.
#[test]
fn no_deployment_serves_the_fixtures_of_a_certification() {
    let text = fs::read_to_string("../template.yaml").expect("template.yaml is there");
    assert!(!text.contains("AUTHZEN_FIXTURES"));
}

#[test]
fn no_route_is_open_but_the_one_that_says_where_decisions_are_made() {
    let auth = &resource("Api")["Properties"]["Auth"];
    assert_eq!(auth["DefaultAuthorizer"], "Token");
    let token = json!({
        "IdentitySource": "$request.header.Authorization",
        "JwtConfiguration": { "issuer": { "Ref": "Issuer" }, "audience": [{ "Ref": "Audience" }] },
    });
    assert_eq!(auth["Authorizers"], json!({ "Token": token }));
    for parameter in ["Issuer", "Audience"] {
        let parameter = &template()["Parameters"][parameter];
        assert!(
            parameter.get("Default").is_none(),
            "whose tokens are accepted is said by whoever deploys"
        );
        assert!(parameter.get("AllowedPattern").is_some(), "and cannot be left empty");
    }
    for (function, event) in events() {
        if event["Type"] == "HttpApi" {
            assert_eq!(
                event["Properties"]["ApiId"],
                json!({ "Ref": "Api" }),
                "{function} is behind another API"
            );
            let mut auth = event["Properties"]["Auth"].as_object().cloned().unwrap_or_default();
            if event["Properties"]["Path"] == OPEN {
                assert_eq!(auth.remove("Authorizer"), Some(json!("NONE")));
            }
            assert!(
                auth.keys().all(|it| it == "AuthorizationScopes"),
                "{function} has its own idea of {auth:?}"
            );
        }
    }
}

#[test]
fn only_operators_pass_where_operators_work() {
    for (route, _, scopes) in routes() {
        let wanted =
            if route.contains(" /v1/operator/") { vec![json!("operator")] } else { vec![] };
        assert_eq!(scopes, wanted, "{route}");
    }
}

#[test]
fn there_is_no_way_around_the_gateway() {
    let globals = template()["Globals"].as_object().cloned().expect("there are globals");
    assert_eq!(globals.keys().collect::<Vec<_>>(), ["Function"]);
    for own in ["AutoPublishAlias", "Events", "FunctionUrlConfig", "Policies", "Role"] {
        assert!(
            globals["Function"].get(own).is_none(),
            "{own} belongs to a function, where it is read"
        );
    }
    for (name, function) in functions() {
        assert!(
            function["Properties"].get("FunctionUrlConfig").is_none(),
            "{name} has a URL of its own"
        );
        assert!(
            function["Properties"].get("AutoPublishAlias").is_none(),
            "{name} can be called by an alias"
        );
    }
    for (name, event) in events() {
        let kind = if name == "cleanup" { "ScheduleV2" } else { "HttpApi" };
        assert_eq!(event["Type"], kind, "{name}");
    }
    for forbidden in [
        "AWS::Lambda::Url",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Function",
        "AWS::ApiGatewayV2::Route",
    ] {
        assert!(resources(forbidden).is_empty(), "a {forbidden} escapes these tests");
    }
    assert_eq!(resources("AWS::Serverless::HttpApi").len(), 1);
}

#[test]
fn every_route_is_there_once() {
    let routes = routes();
    let keys: BTreeSet<_> = routes.iter().map(|(key, ..)| key).collect();
    assert_eq!(keys.len(), routes.len());
    for (key, ..) in &routes {
        let Some((method, path)) = key.split_once(' ') else {
            assert_eq!(key, "$default");
            continue;
        };
        assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method), "{key}");
        assert!(path.starts_with('/') && !path.ends_with('/') && !path.contains("//"), "{key}");
    }
}

/// `$default` besides: what no route matches is answered by a function, with a problem document.
#[test]
fn the_routes_are_those_of_the_routers() {
    let told: BTreeSet<_> =
        routes().into_iter().map(|(key, function, _)| (key, function)).collect();
    let served = local::ROUTES
        .iter()
        .map(|(method, path, function)| (format!("{method} {path}"), (*function).to_owned()));
    let served: BTreeSet<_> =
        served.chain([("$default".to_owned(), "access".to_owned())]).collect();
    assert_eq!(told, served);
}

/// Each route stands in the README too.
#[test]
fn the_readme_has_every_route() {
    let readme = include_str!("../README.md").replace("`GET …`", "`GET /v1/organizations/{org}`");
    let readme = readme.replace("`PATCH …`", "`PATCH /v1/organizations/{org}`");
    for (method, path, _) in local::ROUTES {
        let short = path.replace("/v1/organizations/{org}/", "…/");
        let named = [format!("`{method} {path}`"), format!("`{method} {short}`")];
        assert!(
            named.iter().any(|route| readme.contains(route)),
            "README.md lacks {method} {path}"
        );
    }
}

#[test]
fn a_function_may_do_little() {
    const READS: [&str; 3] = ["BatchGetItem", "GetItem", "Query"];
    const WRITES: [&str; 4] = ["ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"];
    let in_transactions = json!({ "ForAnyValue:StringEquals": { "dynamodb:EnclosingOperation": "TransactWriteItems" } });
    for (name, function) in functions() {
        let policies = list(&function["Properties"]["Policies"]);
        assert_eq!(
            policies.first(),
            Some(&json!({ "Ref": "EventsStay" })),
            "{name} could alter events"
        );
        assert_eq!(policies.len(), 2, "{name} has a policy that nobody reads here");
        for statement in statements(&function) {
            assert_eq!(statement["Effect"], "Allow");
            if statement.to_string().contains("\"s3:") {
                assert_eq!(name, "members", "only the export leaves files");
                continue;
            }
            if !about_the_table(&statement) {
                assert_eq!(name, "notify", "{name} may do more than ask the table");
                continue;
            }
            let actions = list(&statement["Action"]);
            let writes = actions
                .iter()
                .any(|it| !READS.iter().any(|read| *it == format!("dynamodb:{read}")));
            let mut condition = if writes { in_transactions.clone() } else { Value::Null };
            if writes && name == "notify" {
                condition["ForAllValues:StringLike"] = json!({ "dynamodb:LeadingKeys": "TOLD#*" });
            }
            assert_eq!(statement["Condition"], condition, "{name}: {actions:?}");
        }
        for (action, place) in permissions(&function) {
            if place == "exports" {
                assert!(["GetObject", "PutObject"].contains(&&*action), "{name} may {action}");
                continue;
            }
            assert!(READS.contains(&&*action) || WRITES.contains(&&*action), "{name} may {action}");
            assert!(
                place == "table" || action == "Query",
                "{name}: an index is only queried, not {action}"
            );
        }
    }
}

/// `docs/permissions.md` is printed from the calls that each function was seen to make.
#[test]
fn a_function_may_do_what_it_does_and_no_more() {
    let seen = include_str!("../docs/permissions.md").lines().filter_map(|line| {
        let (function, permissions) = line.strip_prefix("- **")?.split_once("**: ")?;
        let pair = |permission: &str| {
            let (action, place) = permission.split_once(" on ").expect("an action on a place");
            (action.to_owned(), place.to_owned())
        };
        Some((function.to_owned(), permissions.split(", ").map(pair).collect::<BTreeSet<_>>()))
    });
    let seen: BTreeMap<_, _> = seen.collect();
    let allowed: BTreeMap<_, _> =
        functions().into_iter().map(|(name, function)| (name, permissions(&function))).collect();
    assert_eq!(seen, allowed);
}

#[test]
fn those_who_only_read_cannot_write() {
    for (name, function) in functions() {
        let writes = permissions(&function).iter().any(|(action, _)| action == "PutItem");
        assert_eq!(writes, !["access", "events"].contains(&&*name), "{name}");
    }
}

#[test]
fn what_happened_stays() {
    let policy = resource("EventsStay");
    let statements = list(&policy["Properties"]["PolicyDocument"]["Statement"]);
    let on_the_table = json!({ "Fn::GetAtt": "Table.Arn" });
    let alter = json!({
        "Effect": "Deny",
        "Action": ["dynamodb:DeleteItem", "dynamodb:UpdateItem"],
        "Resource": on_the_table,
        "Condition": { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": "EVENTS#*" } },
    });
    let around = json!({
        "Effect": "Deny",
        "Action": ["dynamodb:BatchWriteItem", "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"],
        "Resource": on_the_table,
    });
    assert_eq!(statements, [alter, around]);
    for other in ["AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"] {
        assert!(resources(other).is_empty(), "a {other} escapes these tests");
    }
    assert_eq!(resources("AWS::IAM::ManagedPolicy").len(), 1);
}

#[test]
fn the_table_outlives_its_stack_and_its_mistakes() {
    let table = resource("Table");
    assert_eq!(table["DeletionPolicy"], "Retain");
    assert_eq!(table["UpdateReplacePolicy"], "Retain");
    let properties = &table["Properties"];
    assert_eq!(properties["DeletionProtectionEnabled"], true);
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(
        properties["TimeToLiveSpecification"],
        json!({ "AttributeName": "ttl", "Enabled": true })
    );
    assert!(properties.get("TableName").is_none(), "a table with a name cannot be replaced");
    assert!(
        properties.get("LocalSecondaryIndexes").is_none(),
        "an organization must be able to split"
    );
}

/// U4: what is in it names people.
#[test]
fn exported_files_are_nobody_elses_and_do_not_stay() {
    let members = &resource("Members")["Properties"];
    let variables = &members["Environment"]["Variables"];
    assert_eq!(variables["EXPORT_BUCKET"], json!({ "Ref": "Exports" }));
    assert_eq!(variables["EXPORT_INLINE"], json!({ "Ref": "ExportInline" }));
    assert!(members["Timeout"].as_u64() < Some(29), "the API gives up after 29 seconds");
    let most = template()["Parameters"]["ExportInline"]["MaxValue"].as_u64().expect("a bound");
    assert!(most * 4 / 3 < 6 * 1024 * 1024 - 64 * 1024, "an answer has 6 MB");
    for (name, function) in functions() {
        let named = function["Properties"]["Environment"].to_string().contains("Exports");
        assert_eq!(named, name == "members", "{name}");
    }

    let buckets = resources("AWS::S3::Bucket");
    assert_eq!(buckets.keys().collect::<Vec<_>>(), ["Exports"]);
    let bucket = &buckets["Exports"];
    assert_eq!(
        (&bucket["DeletionPolicy"], &bucket["UpdateReplacePolicy"]),
        (&json!("Retain"), &json!("Retain"))
    );
    let own = &bucket["Properties"];
    assert!(own.get("BucketName").is_none(), "the name is another account's already");
    assert!(own.get("VersioningConfiguration").is_none(), "what is gone is gone");
    let blocked =
        own["PublicAccessBlockConfiguration"].as_object().cloned().expect("it is private");
    assert_eq!((blocked.len(), blocked.values().all(|on| *on == true)), (4, true));
    let owner = &own["OwnershipControls"]["Rules"][0]["ObjectOwnership"];
    assert_eq!(*owner, "BucketOwnerEnforced");
    let rule = &own["LifecycleConfiguration"]["Rules"][0];
    assert_eq!((&rule["Status"], &rule["ExpirationInDays"]), (&json!("Enabled"), &json!(1)));
    assert!(rule.get("Prefix").is_none() && rule.get("TagFilters").is_none(), "some would stay");
    let encryption = &own["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");

    let policies = resources("AWS::S3::BucketPolicy");
    assert_eq!(policies.keys().collect::<Vec<_>>(), ["ExportsPolicy"]);
    let policy = &policies["ExportsPolicy"];
    assert_eq!(policy["DeletionPolicy"], "Retain");
    assert_eq!(policy["Properties"]["Bucket"], json!({ "Ref": "Exports" }));
    let denied = json!({
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [{ "Fn::GetAtt": "Exports.Arn" }, { "Fn::Sub": "${Exports.Arn}/*" }],
        "Condition": { "Bool": { "aws:SecureTransport": false } },
    });
    assert_eq!(list(&policy["Properties"]["PolicyDocument"]["Statement"]), [denied]);
}

#[test]
fn the_table_has_its_keys_and_indexes() {
    let table = resource("Table");
    let properties = &table["Properties"];
    let types: BTreeMap<_, _> = list(&properties["AttributeDefinitions"])
        .iter()
        .map(|it| (it["AttributeName"].to_string(), it["AttributeType"].to_string()))
        .collect();
    let keys = |schema: &Value| -> Vec<String> {
        let name = |key: &Value| {
            format!(
                "{} {} {}",
                key["KeyType"],
                key["AttributeName"],
                types[&key["AttributeName"].to_string()]
            )
        };
        list(schema).iter().map(|key| name(key).replace('"', "")).collect()
    };
    assert_eq!(keys(&properties["KeySchema"]), ["HASH pk S", "RANGE sk S"]);
    let indexes: BTreeMap<_, _> = list(&properties["GlobalSecondaryIndexes"])
        .iter()
        .map(|index| {
            assert_eq!(index["Projection"]["ProjectionType"], "ALL");
            (index["IndexName"].to_string().replace('"', ""), keys(&index["KeySchema"]))
        })
        .collect();
    let index = |name: &str, hash: &str, range: &str| {
        (name.to_owned(), vec![format!("HASH {hash}"), format!("RANGE {range}")])
    };
    let branch = |depth| {
        let name = format!("branch_{depth}");
        index(&name, &format!("{name} S"), "prefix S")
    };
    let mut wanted = BTreeMap::from([
        index("due", "due S", "expires_at N"),
        index("group", "group S", "place S"),
        index("group_prefix", "group S", "prefix S"),
        index("group_since", "group S", "since S"),
        index("identity", "identity S", "pk S"),
        index("tree", "tree S", "place S"),
        index("tree_prefix", "tree S", "prefix S"),
        index("tree_since", "tree S", "since S"),
    ]);
    wanted.extend((1..=MAX_DEPTH).map(branch));
    assert_eq!(indexes, wanted);
}

/// Whether the scheduler understands it: `rate(1 hour)`, `rate(5 minutes)`, or a `cron(…)` of six fields.
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
fn a_schedule_is_known_when_seen() {
    for good in
        ["rate(1 hour)", "rate(5 minutes)", "cron(0 * * * ? *)", "cron(15 10 ? * MON-FRI *)"]
    {
        assert!(is_schedule(good), "{good}");
    }
    for bad in [
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(0 hours)",
        "cron(0 * * * *)",
        "cron(0 * * * * *)",
        "hourly",
    ] {
        assert!(!is_schedule(bad), "{bad}");
    }
}

#[test]
fn the_cleanup_is_called_and_its_failures_are_kept() {
    let cleanup = resource("Cleanup");
    let own = &cleanup["Properties"];
    assert_eq!(own["ReservedConcurrentExecutions"], 1);
    let hourly = &own["Events"]["Hourly"]["Properties"];
    assert!(is_schedule(hourly["ScheduleExpression"].as_str().expect("it is scheduled")));
    let input: Value = serde_json::from_str(hourly["Input"].as_str().expect("it is told the time"))
        .expect("in JSON");
    assert_eq!(input, json!({ "time": "<aws.scheduler.scheduled-time>" }));
    assert_eq!(hourly["OmitName"], true);
    assert!(hourly["RetryPolicy"]["MaximumRetryAttempts"].as_u64() > Some(0));
    // Two ways to fail: the call may not arrive, and what was called may fail.
    let queue = json!({ "Fn::GetAtt": "FailedCleanups.Arn" });
    assert_eq!(hourly["DeadLetterConfig"]["Arn"], queue);
    assert_eq!(own["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"], queue);
    assert_eq!(resource("FailedCleanups")["Type"], "AWS::SQS::Queue");
}

#[test]
fn notify_may_send_and_publish_and_read_the_stream_and_no_more() {
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
    let wanted = [
        allow(json!(read.map(|it| format!("dynamodb:{it}"))), arn("Table.StreamArn")),
        allow(json!("dynamodb:ListStreams"), json!({ "Fn::Sub": "${Table.Arn}/stream/*" })),
        allow(json!("events:PutEvents"), arn("Bus.Arn")),
        mail,
        allow(json!("sqs:SendMessage"), arn("Untold.Arn")),
    ];
    let statements = statements(&resource("Notify"));
    let others: Vec<_> = statements.into_iter().filter(|it| !about_the_table(it)).collect();
    assert_eq!(others, wanted);
}

/// What is new in a history, and nothing else: the marks that notify writes would come back to it.
#[test]
fn the_stream_leads_to_notify_in_order_and_keeps_what_is_given_up() {
    assert_eq!(
        resource("Table")["Properties"]["StreamSpecification"],
        json!({ "StreamViewType": "NEW_IMAGE" })
    );
    let mappings = resources("AWS::Lambda::EventSourceMapping");
    assert_eq!(mappings.len(), 1);
    let mut news = mappings["News"]["Properties"].clone();
    let pattern = news["FilterCriteria"]["Filters"][0]["Pattern"].take();
    let pattern: Value = serde_json::from_str(pattern.as_str().expect("a pattern")).expect("JSON");
    let history = json!({ "pk": { "S": [{ "prefix": "EVENTS#" }] } });
    assert_eq!(pattern, json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": history } }));
    let untold = json!({ "Fn::GetAtt": "Untold.Arn" });
    let wanted = json!({
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
        "DestinationConfig": { "OnFailure": { "Destination": untold } },
    });
    assert_eq!(news, wanted);
}

/// Links are made of the configuration, which cannot be left out.
#[test]
fn mail_says_where_the_portal_is_and_who_it_is_from() {
    let variables = &resource("Notify")["Properties"]["Environment"]["Variables"];
    let wanted = json!({
        "EVENT_BUS": { "Ref": "Bus" },
        "MAIL_CONFIGURATION_SET": { "Ref": "MailConfigurationSet" },
        "MAIL_FROM": { "Ref": "MailFrom" },
        "PORTAL_URL": { "Ref": "PortalUrl" },
    });
    assert_eq!(*variables, wanted);
    for parameter in ["PortalUrl", "MailFrom", "MailIdentity"] {
        let parameter = &template()["Parameters"][parameter];
        assert!(parameter.get("Default").is_none() && parameter.get("AllowedPattern").is_some());
    }
}

#[test]
fn somebody_is_told() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let told = json!({ "Fn::If": ["TellsOfAlarms", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    for (name, alarm) in &alarms {
        assert_eq!(alarm["Properties"]["AlarmActions"], told, "{name}");
    }
    let wanted = [
        "CallersThrottled",
        "CleanupErrors",
        "CleanupFailed",
        "CleanupSilent",
        "FunctionErrors",
        "FunctionThrottles",
        "NotifyErrors",
        "NotifyFailed",
        "NotifyLate",
        "ServerErrors",
        "TableThrottles",
    ];
    assert_eq!(alarms.keys().collect::<Vec<_>>(), wanted);

    let behind_the_api: BTreeSet<_> = resources("AWS::Serverless::Function")
        .into_keys()
        .filter(|name| name != "Cleanup" && name != "Notify")
        .collect();
    for (alarm, metric) in [("FunctionErrors", "Errors"), ("FunctionThrottles", "Throttles")] {
        let metrics = list(&alarms[alarm]["Properties"]["Metrics"]);
        let added: Vec<_> = metrics
            .iter()
            .map(|it| &it["MetricStat"]["Metric"])
            .filter(|it| !it.is_null())
            .collect();
        assert!(added.len() <= 10, "an alarm adds up ten metrics at most");
        let watched: BTreeSet<_> = added
            .iter()
            .filter(|it| it["MetricName"] == metric)
            .flat_map(|it| list(&it["Dimensions"]))
            .filter_map(|dimension| dimension["Value"]["Ref"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(watched, behind_the_api, "{alarm}");
    }
}

#[test]
fn logs_end_and_tell_no_secrets() {
    let logs = resources("AWS::Logs::LogGroup");
    assert_eq!(logs.keys().collect::<Vec<_>>(), ["AccessLog", "FunctionLog"]);
    for (name, log) in logs {
        assert_eq!(
            log["Properties"]["RetentionInDays"],
            json!({ "Ref": "LogRetention" }),
            "{name}"
        );
    }
    let api = resource("Api");
    let format =
        api["Properties"]["AccessLogSettings"]["Format"].as_str().expect("accesses are logged");
    let line: BTreeMap<String, String> = serde_json::from_str(format).expect("as JSON");
    let logged: BTreeSet<_> = line.into_values().collect();
    let harmless = [
        "$context.authorizer.error",
        "$context.identity.sourceIp",
        "$context.integrationErrorMessage",
        "$context.integrationLatency",
        "$context.requestId",
        "$context.requestTime",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.routeKey",
        "$context.status",
    ];
    assert_eq!(logged, harmless.map(str::to_owned).into());
}

#[test]
fn the_api_is_throttled() {
    let settings = &resource("Api")["Properties"]["DefaultRouteSettings"];
    for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
        assert_eq!(settings[limit], json!({ "Ref": "RequestsPerSecond" }), "{limit}");
    }
}
